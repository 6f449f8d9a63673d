/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script.h"
#include "providers/registry.h"

#include <string.h>

/* Answers from a script, as a language model would: in pieces, later, on the
 * loop. No thread, no network; the file is read by warm(). */

#define WORDS_PER_DELTA 4

enum
{
  PROP_0,
  PROP_SCRIPT,
};

/* An answer under way. The table of the provider and each piece that waits on
 * the loop hold it; @self is NULL once it is cancelled. */
typedef struct
{
  gatomicrefcount ref_count;
  ParleyLlmScript *self;
  guint id;
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
    parley_llm_provider_done_in_loop (provider, job->id, job->answer->hang_up);
    job_unref (job);
  }
  g_object_unref (provider);
}

static gboolean
parley_llm_script_warm (ParleyProvider * provider, GError ** error)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);
  ParleyScript *script;

  if (!self->path || !*self->path) {
    g_set_error_literal (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS,
        "No script is set: set the property script to a JSON file");
    return FALSE;
  }
  script = parley_script_load (self->path, error);
  if (!script)
    return FALSE;
  g_clear_pointer (&self->script, parley_script_unref);
  self->script = script;
  return TRUE;
}

static void
parley_llm_script_request (ParleyLlmProvider * provider, guint id,
    GPtrArray * messages)
{
  ParleyLlmScript *self = PARLEY_LLM_SCRIPT (provider);
  Job *job = g_new0 (Job, 1);

  g_atomic_ref_count_init (&job->ref_count);
  job->self = self;
  job->id = id;
  if (self->script
      || parley_llm_script_warm (PARLEY_PROVIDER (self), &job->error)) {
    job->answer = parley_script_answer (self->script, messages);
    job->rest = job->answer->text;
  }
  g_atomic_ref_count_inc (&job->ref_count);
  g_hash_table_replace (self->jobs, GUINT_TO_POINTER (id), job);
  parley_loop_invoke (parley_provider_get_loop (PARLEY_PROVIDER (provider)),
      job_step, job, NULL);
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
