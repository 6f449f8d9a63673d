/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script.h"
#include "providers/registry.h"

#include <string.h>

/* Answers from a script, as a language model would: in pieces, later, on the
 * loop. No network; the file is read by warm(), or by a worker for it. */

#define WORDS_PER_DELTA 4

enum
{
  PROP_0,
  PROP_SCRIPT,
};

/* An answer under way, or to come once the script was read. The table of the
 * provider and each piece that waits on the loop hold it; @self is NULL once it
 * is cancelled. */
typedef struct
{
  gatomicrefcount ref_count;
  ParleyLlmScript *self;
  guint id;
  GPtrArray *messages;          /* NULL: begun */
  ParleyScriptAnswer *answer;
  GError *error;                /* instead of the answer */
  const gchar *rest;            /* of the answer's text */
} Job;

struct _ParleyLlmScript
{
  ParleyLlmProvider parent;

  gchar *path;
  ParleyScript *script;
  GHashTable *jobs;             /* id → Job */
};

G_DEFINE_TYPE (ParleyLlmScript, parley_llm_script, PARLEY_TYPE_LLM_PROVIDER);

static void
job_unref (Job * job)
{
  if (!g_atomic_ref_count_dec (&job->ref_count))
    return;
  g_clear_pointer (&job->messages, g_ptr_array_unref);
  if (job->answer)
    parley_script_answer_free (job->answer);
  g_clear_error (&job->error);
  g_free (job);
}

static void
job_cancel (gpointer data)
{
  Job *job = data;

  job->self = NULL;
  job_unref (job);
}

/* The next few words with the blanks behind them. */
static gchar *
take_words (const gchar ** rest)
{
  const gchar *start = *rest, *p = start;
  guint n;

  for (n = 0; n < WORDS_PER_DELTA; n++) {
    p += strcspn (p, " ");
    p += strspn (p, " ");
  }
  *rest = p;
  return g_strndup (start, p - start);
}

/* Nothing of @job is answered after this. */
static void
job_end (Job * job)
{
  if (g_hash_table_lookup (job->self->jobs, GUINT_TO_POINTER (job->id)) == job)
    g_hash_table_remove (job->self->jobs, GUINT_TO_POINTER (job->id));
}

static void
call_tool (ParleyLlmProvider * provider, const Job * job)
{
  gchar *id = g_strdup_printf ("call_%u", job->id);

  parley_llm_provider_tool_call_in_loop (provider, job->id, id,
      job->answer->tool, job->answer->arguments);
  g_free (id);
}

static void
job_step (gpointer data, gpointer user_data)
{
  Job *job = data;
  ParleyLlmProvider *provider;

  if (!job->self) {
    job_unref (job);
    return;
  }
  provider = g_object_ref (PARLEY_LLM_PROVIDER (job->self));
  if (job->error) {
    job_end (job);
    parley_llm_provider_failed_in_loop (provider, job->id, job->error);
    job_unref (job);
  } else if (*job->rest) {
    gchar *delta = take_words (&job->rest);

    parley_llm_provider_delta_in_loop (provider, job->id, delta);
    g_free (delta);
    parley_loop_invoke (parley_provider_get_loop (PARLEY_PROVIDER (provider)),
        job_step, job, NULL);
  } else {
    job_end (job);
    if (job->answer->tool)
      call_tool (provider, job);
    parley_llm_provider_done_in_loop (provider, job->id, job->answer->hang_up);
    job_unref (job);
  }
  g_object_unref (provider);
}

/* @error: there is no script for it. */
static void
job_begin (Job * job, const GError * error)
{
  GPtrArray *messages = g_steal_pointer (&job->messages);

  if (error) {
    job->error = g_error_copy (error);
  } else {
    job->answer = parley_script_answer (job->self->script, messages);
    job->rest = job->answer->text;
  }
  g_ptr_array_unref (messages);
  g_atomic_ref_count_inc (&job->ref_count);
  parley_loop_invoke (parley_provider_get_loop (PARLEY_PROVIDER (job->self)),
      job_step, job, NULL);
}

/* Reading the script in a worker. */
typedef struct
{
  ParleyLlmScript *self;
  gchar *path;
  ParleyScript *script;
  GError *error;
} Reading;

static void
read_script (gpointer data)
{
  Reading *reading = data;

  reading->script = parley_script_load (reading->path, &reading->error);
}

static void
take_script (ParleyLlmScript * self, ParleyScript * script,
    const GError * error)
{
  GHashTableIter jobs;
  gpointer job;

  self->script = script;
  g_hash_table_iter_init (&jobs, self->jobs);
  while (g_hash_table_iter_next (&jobs, NULL, &job))
    if (((Job *) job)->messages)
      job_begin (job, error);
  parley_provider_set_ready_in_loop (PARLEY_PROVIDER (self), TRUE, error);
}

/* One that was not missed is for the next call. */
static void
script_read (gpointer data)
{
  Reading *reading = data;
  ParleyLlmScript *self = reading->self;

  if (!parley_provider_is_ready_in_loop (PARLEY_PROVIDER (self))
      && g_strcmp0 (reading->path, self->path) == 0)
    take_script (self, g_steal_pointer (&reading->script), reading->error);
  g_clear_pointer (&reading->script, parley_script_unref);
  g_clear_error (&reading->error);
  g_free (reading->path);
  g_object_unref (self);
  g_free (reading);
}

static void
warm_in_loop (ParleyLlmScript * self)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->self = g_object_ref (self);
  reading->path = g_strdup (self->path);
  self->script = parley_script_peek (self->path);
  if (!self->script)
    parley_provider_set_ready_in_loop (PARLEY_PROVIDER (self), FALSE, NULL);
  parley_work_submit (parley_provider_get_loop (PARLEY_PROVIDER (self)),
      read_script, script_read, reading);
}

static gboolean
parley_llm_script_warm (ParleyProvider * provider, GError ** error)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);

  if (!self->path || !*self->path) {
    g_set_error_literal (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS,
        "No script is set: set the property script to a JSON file");
    return FALSE;
  }
  g_clear_pointer (&self->script, parley_script_unref);
  if (!parley_loop_is_current (parley_provider_get_loop (provider)))
    return (self->script = parley_script_load (self->path, error)) != NULL;
  warm_in_loop (self);
  return TRUE;
}

static void
parley_llm_script_request (ParleyLlmProvider * provider, guint id,
    GPtrArray * messages)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);
  Job *job = g_new0 (Job, 1);
  GError *error = NULL;

  g_atomic_ref_count_init (&job->ref_count);
  job->self = self;
  job->id = id;
  job->messages = g_ptr_array_ref (messages);
  g_hash_table_replace (self->jobs, GUINT_TO_POINTER (id), job);
  if (!self->script
      && parley_provider_is_ready_in_loop (PARLEY_PROVIDER (self)))
    parley_llm_script_warm (PARLEY_PROVIDER (self), &error);
  if (self->script || error)
    job_begin (job, error);
  g_clear_error (&error);
}

static void
parley_llm_script_cancel (ParleyLlmProvider * provider, guint id)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);

  g_hash_table_remove (self->jobs, GUINT_TO_POINTER (id));
}

static gchar *
parley_llm_script_greeting (ParleyLlmProvider * provider)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);

  return self->script ? g_strdup (parley_script_get_greeting (self->script))
      : NULL;
}

static void
parley_llm_script_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (object);

  switch (id) {
    case PROP_SCRIPT:
      g_free (self->path);
      self->path = g_value_dup_string (value);
      g_clear_pointer (&self->script, parley_script_unref);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
parley_llm_script_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (object);

  switch (id) {
    case PROP_SCRIPT:
      g_value_set_string (value, self->path);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
parley_llm_script_finalize (GObject * object)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (object);

  g_hash_table_unref (self->jobs);
  g_clear_pointer (&self->script, parley_script_unref);
  g_free (self->path);
  G_OBJECT_CLASS (parley_llm_script_parent_class)->finalize (object);
}

static void
parley_llm_script_init (ParleyLlmScript * self)
{
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, job_cancel);
}

static void
parley_llm_script_class_init (ParleyLlmScriptClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyLlmProviderClass *provider_class = PARLEY_LLM_PROVIDER_CLASS (klass);

  object_class->set_property = parley_llm_script_set_property;
  object_class->get_property = parley_llm_script_get_property;
  object_class->finalize = parley_llm_script_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_llm_script_warm;
  provider_class->request = parley_llm_script_request;
  provider_class->cancel = parley_llm_script_cancel;
  provider_class->greeting = parley_llm_script_greeting;

  g_object_class_install_property (object_class, PROP_SCRIPT,
      g_param_spec_string ("script", "Script",
          "Path of the JSON conversation script", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}
