/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/stock.h"

#include <string.h>

#include "pipelinefile.h"

/* Enough for a burst of calls within the time it takes to make more. */
#define N_SPARE 8

struct _ParleyStock
{
  gatomicrefcount refs;
  ParleyPipelineFile *file;
  GPtrArray *prototypes;        /* of GstElement; constant */
  gboolean has_source;
  gchar *script;
  GMutex lock;                  /* guards the rest */
  GPtrArray *failures;          /* what prototypes said; NULL for nothing */
  GQueue spare;                 /* of GstElement, in NULL */
  guint n_coming;
};

ParleyStock *
parley_stock_ref (ParleyStock * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
end_pipeline (gpointer data)
{
  gst_element_set_state (data, GST_STATE_NULL);
  gst_object_unref (data);
}

void
parley_stock_unref (ParleyStock * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->prototypes);
  g_ptr_array_unref (self->failures);
  g_queue_clear_full (&self->spare, gst_object_unref);
  g_mutex_clear (&self->lock);
  parley_pipeline_file_free (self->file);
  g_free (self->script);
  g_free (self);
}

const gchar *
parley_stock_get_path (ParleyStock * self)
{
  return self->file->path;
}

gboolean
parley_stock_has_source (ParleyStock * self)
{
  return self->has_source;
}

const gchar *
parley_stock_get_script (ParleyStock * self)
{
  return self->script;
}

/* Walking over elements */

typedef void (*ElementFunc) (GstElement * element, gpointer data);

static void
for_each_element (GstElement * pipeline, ElementFunc func, gpointer data)
{
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));
  GValue item = G_VALUE_INIT;

  /* Nobody else knows the pipeline yet: it cannot change meanwhile. */
  while (gst_iterator_next (all, &item) == GST_ITERATOR_OK) {
    func (g_value_get_object (&item), data);
    g_value_reset (&item);
  }
  g_value_unset (&item);
  gst_iterator_free (all);
}

static const gchar *
factory_name (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory ? GST_OBJECT_NAME (factory) : "";
}

static gboolean
is_ours (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *plugin = factory
      ? gst_plugin_feature_get_plugin_name (GST_PLUGIN_FEATURE (factory))
      : NULL;

  return g_strcmp0 (plugin, "parley") == 0;
}

/* Call variables in other people's elements */

/* A caller may call itself anything: no value leaves its folder. */
static gchar *
as_file_name (gchar * value)
{
  for (gchar * c = value; *c; c++)
    if (*c == '/' || *c == '\\' || g_ascii_iscntrl (*c)
        || (*c == '.' && (c == value || c[-1] == '.')))
      *c = '_';
  return value;
}

static gchar *
expand_for_file (ParleyCall * call, const gchar * text)
{
  GString *out = g_string_new (NULL);
  const gchar *open, *close;

  while ((open = strstr (text, "%{")) && (close = strchr (open, '}'))) {
    g_autofree gchar *variable = g_strndup (open, close + 1 - open);
    g_autofree gchar *value = as_file_name (parley_call_expand (call,
            variable));

    g_string_append_len (out, text, open - text);
    g_string_append (out, value);
    text = close + 1;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

static void
expand_properties (GstElement * element, gpointer data)
{
  guint n;
  g_autofree GParamSpec **specs = NULL;

  if (is_ours (element))
    return;
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *text = NULL;
    g_autofree gchar *expanded = NULL;

    if (specs[i]->value_type != G_TYPE_STRING
        || (specs[i]->flags & G_PARAM_READWRITE) != G_PARAM_READWRITE
        || (specs[i]->flags & G_PARAM_CONSTRUCT_ONLY))
      continue;
    g_object_get (element, specs[i]->name, &text, NULL);
    if (!text || !strstr (text, "%{") || strcmp (specs[i]->name, "name") == 0)
      continue;
    expanded = expand_for_file (data, text);
    g_object_set (element, specs[i]->name, expanded, NULL);
  }
}

/* Prototypes */

/* READY opens the files and devices of sources and sinks: the prototype leaves
 * those to the calls, unless they are Parley's. */
static void
leave_out_foreign_ends (GstElement * element, gpointer data)
{
  gboolean end = GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK)
      || GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE);

  if (end && !is_ours (element) && !GST_IS_BIN (element))
    gst_element_set_locked_state (element, TRUE);
}

static void
note_element (GstElement * element, gpointer data)
{
  ParleyStock *self = data;
  const gchar *name = factory_name (element);
  g_autofree gchar *provider = NULL;

  if (strcmp (name, "twiliosrc") == 0)
    self->has_source = TRUE;
  if (strcmp (name, "llmchat") != 0 || self->script)
    return;
  g_object_get (element, "provider", &provider, NULL);
  if (g_strcmp0 (provider, "script") == 0)
    g_object_get (element, "script", &self->script, NULL);
}

/* What the elements said of a failure: "element: what happened", or NULL.
 * Transfer full. */
static gchar *
take_complaint (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) cause = NULL;
  gchar *complaint = NULL;

  gst_object_unref (bus);
  if (!message)
    return NULL;
  gst_message_parse_error (message, &cause, NULL);
  complaint = g_strdup_printf ("%s: %s", GST_MESSAGE_SRC_NAME (message),
      cause->message);
  gst_message_unref (message);
  return g_strdelimit (complaint, "\r\n", ' ');
}

static void
take_error (ParleyStock * self, GstElement * pipeline, GError ** error)
{
  g_autofree gchar *complaint = take_complaint (pipeline);

  g_set_error (error, PARLEY_PIPELINE_FILE_ERROR,
      PARLEY_PIPELINE_FILE_ERROR_PARSE, "%s: %s", self->file->path,
      complaint ? complaint : "pipeline: it does not go to READY");
}

static void
note_complaint_unlocked (ParleyStock * self, guint index)
{
  gchar *complaint = take_complaint (g_ptr_array_index (self->prototypes,
          index));

  if (!complaint)
    return;
  g_free (self->failures->pdata[index]);
  self->failures->pdata[index] = complaint;
}

void
parley_stock_add_problems (ParleyStock * self, GPtrArray * problems)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->prototypes->len; i++) {
    GstState state = GST_STATE_NULL;
    const gchar *complaint;

    note_complaint_unlocked (self, i);
    complaint = self->failures->pdata[i];
    gst_element_get_state (g_ptr_array_index (self->prototypes, i), &state,
        NULL, 0);
    if (state < GST_STATE_READY || complaint)
      g_ptr_array_add (problems, g_strdup_printf ("the pipeline of %s is not "
              "ready on loop %u: %s; mend what it names and send SIGHUP",
              self->file->path, i, complaint ? complaint
              : "it does not go to READY"));
  }
  g_mutex_unlock (&self->lock);
}

static void
give_call (GstElement * pipeline, ParleyCall * call)
{
  GstContext *context = gst_context_new ("parley.call", FALSE);

  gst_structure_set (gst_context_writable_structure (context), "call",
      PARLEY_TYPE_CALL, call, NULL);
  gst_element_set_context (pipeline, context);
  gst_context_unref (context);
}

static gboolean
add_prototype (ParleyStock * self, ParleyLoop * loop, GError ** error)
{
  GstElement *pipeline = parley_pipeline_file_build (self->file, error);
  ParleyCall *call;

  if (!pipeline)
    return FALSE;
  if (self->prototypes->len == 0)
    for_each_element (pipeline, note_element, self);
  for_each_element (pipeline, leave_out_foreign_ends, NULL);
  call = parley_call_new (loop);
  give_call (pipeline, call);
  g_object_unref (call);
  g_ptr_array_add (self->prototypes, pipeline);
  if (gst_element_set_state (pipeline, GST_STATE_READY)
      != GST_STATE_CHANGE_FAILURE)
    return TRUE;
  take_error (self, pipeline, error);
  return FALSE;
}

/* Spare pipelines */

static void
make_spare (gpointer data)
{
  ParleyStock *self = data;
  GstElement *pipeline = parley_pipeline_file_build (self->file, NULL);

  g_mutex_lock (&self->lock);
  self->n_coming--;
  if (pipeline)
    g_queue_push_tail (&self->spare, pipeline);
  g_mutex_unlock (&self->lock);
}

static void
spare_made (gpointer data)
{
  parley_stock_unref (data);
}

static void
refill (ParleyStock * self, ParleyLoop * loop)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = N_SPARE - MIN (N_SPARE, self->spare.length + self->n_coming);
  self->n_coming += n;
  g_mutex_unlock (&self->lock);
  while (n-- > 0)
    parley_work_submit (loop, make_spare, spare_made, parley_stock_ref (self));
}

GstElement *
parley_stock_take (ParleyStock * self, ParleyCall * call, GError ** error)
{
  GstElement *pipeline;

  g_mutex_lock (&self->lock);
  pipeline = g_queue_pop_head (&self->spare);
  g_mutex_unlock (&self->lock);
  refill (self, parley_call_get_loop (call));
  if (!pipeline)
    pipeline = parley_pipeline_file_build (self->file, error);
  if (!pipeline)
    return NULL;
  if (strstr (self->file->launch, "%{"))
    for_each_element (pipeline, expand_properties, call);
  give_call (pipeline, call);
  return pipeline;
}

ParleyStock *
parley_stock_new (const gchar * path, GError ** error)
{
  g_autoptr (ParleyStock) self = NULL;
  ParleyPipelineFile *file = parley_pipeline_file_load (path, error);

  if (!file)
    return NULL;
  self = g_new0 (ParleyStock, 1);
  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->file = file;
  self->prototypes = g_ptr_array_new_with_free_func (end_pipeline);
  self->failures = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_set_size (self->failures, parley_loop_pool_get_size ());
  for (guint i = 0; i < parley_loop_pool_get_size (); i++)
    if (!add_prototype (self, parley_loop_pool_get (i), error))
      return NULL;
  refill (self, parley_loop_pool_get (0));
  return g_steal_pointer (&self);
}
