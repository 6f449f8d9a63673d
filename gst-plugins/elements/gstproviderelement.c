/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstproviderelement.h"

#include "providerfallback.h"
#include "providers/textfile.h"

#include <string.h>

#define DEFAULT_FALLBACK_AFTER 1500

enum
{
  PROP_0,
  PROP_BASE_URL,
  PROP_API_KEY_ENV,
  PROP_MAX_CONCURRENT,
  PROP_CONNECT_TIMEOUT,
  PROP_FIRST_BYTE_TIMEOUT,
  PROP_TOTAL_TIMEOUT,
  PROP_FALLBACK,
  PROP_FALLBACK_AFTER
};

typedef struct
{
  /* Under the object lock: */
  GHashTable *settings;         /* name to GValue, of those that were set */
  ProviderList *made;           /* by open */

  /* On the loop: */
  ProviderList *list;           /* from start to stop */
  gboolean refreshed;           /* in this run */
  guint n_reading;              /* workers that read texts which are missing */
  GQueue waiting;               /* of GstMiniObject, for them or the provider */
} GstProviderElementPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstProviderElement, gst_provider_element,
    GST_TYPE_LOOP_ELEMENT);

#define PRIV(self) ((GstProviderElementPrivate *) \
    gst_provider_element_get_instance_private (self))

/* Settings */

static GQuark
number_quark (void)
{
  return g_quark_from_static_string ("gst-provider-element-number");
}

static gboolean
is_setting (GParamSpec * pspec)
{
  return G_IS_PARAM_SPEC_STRING (pspec)
      || g_param_spec_get_qdata (pspec, number_quark ());
}

void
gst_provider_element_class_install_number (GstProviderElementClass * klass,
    guint id, GParamSpec * pspec)
{
  pspec->flags |= G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY
      | G_PARAM_STATIC_STRINGS;
  g_param_spec_set_qdata (pspec, number_quark (), GINT_TO_POINTER (TRUE));
  g_object_class_install_property (G_OBJECT_CLASS (klass), id, pspec);
}

void
gst_provider_element_class_install_text (GstProviderElementClass * klass,
    guint id, const gchar * name, const gchar * nick, const gchar * blurb,
    const gchar * value)
{
  g_object_class_install_property (G_OBJECT_CLASS (klass), id,
      g_param_spec_string (name, nick, blurb, value,
          G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY
          | G_PARAM_STATIC_STRINGS));
}

gboolean
gst_provider_element_set_setting (GstProviderElement * self,
    const GValue * value, GParamSpec * pspec)
{
  GValue *copy;

  if (!is_setting (pspec))
    return FALSE;
  copy = g_new0 (GValue, 1);
  g_value_init (copy, pspec->value_type);
  g_value_copy (value, copy);
  GST_OBJECT_LOCK (self);
  g_hash_table_insert (PRIV (self)->settings, (gpointer) pspec->name, copy);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

gboolean
gst_provider_element_get_setting (GstProviderElement * self, GValue * value,
    GParamSpec * pspec)
{
  const GValue *set;

  if (!is_setting (pspec))
    return FALSE;
  GST_OBJECT_LOCK (self);
  set = g_hash_table_lookup (PRIV (self)->settings, pspec->name);
  if (set)
    g_value_copy (set, value);
  else
    g_param_value_set_default (pspec, value);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

gchar *
gst_provider_element_dup_text (GstProviderElement * self, const gchar * name)
{
  gchar *text;

  g_object_get (self, name, &text, NULL);
  return text;
}

gboolean
gst_provider_element_has_variables (GstProviderElement * self)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (self), &n);
  gboolean found = FALSE;

  for (guint i = 0; i < n && !found; i++) {
    GValue value = G_VALUE_INIT;
    const gchar *text;

    if (!g_type_is_a (specs[i]->owner_type, GST_TYPE_PROVIDER_ELEMENT)
        || !G_IS_PARAM_SPEC_STRING (specs[i]))
      continue;
    g_value_init (&value, specs[i]->value_type);
    if (gst_provider_element_get_setting (self, &value, specs[i])) {
      text = g_value_get_string (&value);
      found = text && strstr (text, "%{");
    }
    g_value_unset (&value);
  }
  g_free (specs);
  return found;
}

/* Texts in files */

/* The file that the property names; NULL: none. Transfer full. */
static gchar *
file_of (GstProviderElement * self, const gchar * name, gboolean is_text)
{
  gchar *value = gst_provider_element_dup_text (self, name);
  gchar *path = NULL;

  if (value && !is_text && *value)
    path = g_strdup (value);
  else if (value && is_text && *value == '@')
    path = g_strdup (value + 1);
  g_free (value);
  return path;
}

static void
add_files (GstProviderElement * self, const gchar * const *names,
    gboolean are_texts, GPtrArray * paths, guint * n_missing)
{
  for (; names && *names; names++) {
    gchar *path = file_of (self, *names, are_texts), *text = NULL;

    if (!path)
      continue;
    if (!parley_text_file_peek (path, &text, NULL))
      ++ * n_missing;
    g_ptr_array_add (paths, path);
    g_free (text);
  }
}

/* The files they name; @n_missing: how many of them were never read. */
static GPtrArray *
files_of (GstProviderElement * self, guint * n_missing)
{
  GstProviderElementClass *klass = GST_PROVIDER_ELEMENT_GET_CLASS (self);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  *n_missing = 0;
  add_files (self, klass->file_texts, TRUE, paths, n_missing);
  add_files (self, klass->files, FALSE, paths, n_missing);
  return paths;
}

gchar *
gst_provider_element_dup_file_text (GstProviderElement * self,
    const gchar * name)
{
  gchar *value = gst_provider_element_dup_text (self, name), *text;
  GError *error = NULL;

  if (!value || value[0] != '@')
    return value;
  parley_text_file_peek (value + 1, &text, &error);
  if (error)
    GST_ELEMENT_WARNING (self, RESOURCE, NOT_FOUND,
        ("The text file of a property was not read: %s.", error->message),
        (NULL));
  g_clear_error (&error);
  g_free (value);
  return text;
}

/* What waits for files */

static gboolean
is_reading (GstProviderElement * self)
{
  GstProviderElementPrivate *priv = PRIV (self);
  guint n = priv->list ? provider_list_get_length (priv->list) : 0;

  for (guint i = 0; i < n; i++)
    if (!parley_provider_is_ready_in_loop (provider_list_get (priv->list, i)))
      return TRUE;
  return priv->n_reading > 0;
}

gboolean
gst_provider_element_wait_in_loop (GstProviderElement * self,
    GstMiniObject * item)
{
  if (!is_reading (self))
    return FALSE;
  g_queue_push_tail (&PRIV (self)->waiting, item);
  return TRUE;
}

static void
go_on (GstProviderElement * self)
{
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);
  GstLoopElement *element = GST_LOOP_ELEMENT (self);
  gpointer item;

  /* A run that has ended forgets what waits when it stops. */
  while (gst_loop_element_is_running_in_loop (element) && !is_reading (self)
      && (item = g_queue_pop_head (&PRIV (self)->waiting))) {
    if (GST_IS_BUFFER (item))
      klass->buffer (element, item);
    else
      klass->event (element, item);
  }
}

static void
forget_waiting (GstProviderElement * self)
{
  g_queue_clear_full (&PRIV (self)->waiting,
      (GDestroyNotify) gst_mini_object_unref);
}

static void
on_ready (gpointer provider, GError * error, GstProviderElement * self)
{
  if (error && provider_list_get_length (PRIV (self)->list) == 1) {
    gst_loop_element_post_error (GST_LOOP_ELEMENT (self), error);
    return;
  }
  /* It fails what it is asked: the others go on. */
  if (error)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS, ("%s.", error->message),
        (NULL));
  go_on (self);
}

static void
on_usage (gpointer provider, const gchar * unit, gdouble amount,
    GstProviderElement * self)
{
  gst_provider_element_post_usage_in_loop (self, provider, unit, amount);
}

typedef struct
{
  GstProviderElement *self;
  GPtrArray *paths;
  gboolean awaited;
} Reading;

static void
read_texts (gpointer data)
{
  Reading *reading = data;

  for (guint i = 0; i < reading->paths->len; i++)
    parley_text_file_load (g_ptr_array_index (reading->paths, i));
}

static void
texts_read (gpointer data)
{
  Reading *reading = data;

  if (reading->awaited) {
    PRIV (reading->self)->n_reading--;
    go_on (reading->self);
  }
  g_ptr_array_unref (reading->paths);
  gst_object_unref (reading->self);
  g_free (reading);
}

/* Reads the files of the texts, here or, on the loop, in a worker. Those that
 * were read before are looked at again only if @again. */
static void
prepare_texts (GstProviderElement * self, gboolean again)
{
  ParleyLoop *loop = gst_loop_element_get_loop (GST_LOOP_ELEMENT (self));
  guint n_missing;
  Reading reading = { self, files_of (self, &n_missing), n_missing > 0 };

  if (reading.paths->len == 0 || (!again && n_missing == 0)) {
    g_ptr_array_unref (reading.paths);
  } else if (parley_loop_is_current (loop)) {
    PRIV (self)->n_reading += reading.awaited;
    gst_object_ref (self);
    parley_work_submit (loop, read_texts, texts_read,
        g_memdup2 (&reading, sizeof reading));
  } else {
    read_texts (&reading);
    g_ptr_array_unref (reading.paths);
  }
}

/* The providers */

static gchar *
expand_for_call (const gchar * text, gpointer data)
{
  return parley_call_expand (data, text);
}

/* NULL: an error was posted. */
static ProviderList *
make_list (GstProviderElement * self)
{
  GstLoopElement *element = GST_LOOP_ELEMENT (self);
  ParleyCall *call = gst_loop_element_dup_call (element);
  gboolean started = call && parley_call_get_start (call);
  GPtrArray *problems = g_ptr_array_new_with_free_func (g_free);
  GError *error = NULL;
  ProviderList *list;

  list = provider_list_new (G_OBJECT (self),
      GST_PROVIDER_ELEMENT_GET_CLASS (self)->kind,
      gst_loop_element_get_loop (element), started ? expand_for_call : NULL,
      call, problems, &error);
  if (!list)
    gst_loop_element_post_error (element, error);
  for (guint i = 0; list && i < problems->len; i++)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("%s. It is left out: %s is asked first.",
            (gchar *) g_ptr_array_index (problems, i),
            provider_list_get_name (list, 0)), (NULL));
  g_clear_error (&error);
  g_ptr_array_unref (problems);
  g_clear_object (&call);
  return list;
}

static void
unref_in_loop (gpointer data, gpointer user_data)
{
  provider_list_unref (data);
}

/* Takes @list. The loop may still be at work with the one before: it is let go
 * there. */
static void
keep_made (GstProviderElement * self, ProviderList * list)
{
  ProviderList *old;

  GST_OBJECT_LOCK (self);
  old = PRIV (self)->made;
  PRIV (self)->made = list;
  GST_OBJECT_UNLOCK (self);
  if (old)
    parley_loop_invoke (gst_loop_element_get_loop (GST_LOOP_ELEMENT (self)),
        unref_in_loop, old, NULL);
}

static ProviderList *
ref_made (GstProviderElement * self)
{
  ProviderList *list;

  GST_OBJECT_LOCK (self);
  list = PRIV (self)->made ? provider_list_ref (PRIV (self)->made) : NULL;
  GST_OBJECT_UNLOCK (self);
  return list;
}

gpointer
gst_provider_element_dup (GstProviderElement * self)
{
  gpointer provider = NULL;

  GST_OBJECT_LOCK (self);
  if (PRIV (self)->made)
    provider = g_object_ref (provider_list_get (PRIV (self)->made, 0));
  GST_OBJECT_UNLOCK (self);
  return provider;
}

ProviderList *
gst_provider_element_get_list_in_loop (GstProviderElement * self)
{
  return PRIV (self)->list;
}

gpointer
gst_provider_element_get_in_loop (GstProviderElement * self)
{
  return provider_list_get (PRIV (self)->list, 0);
}

/* Takes @list. */
static void
connect_list (GstProviderElement * self, ProviderList * list)
{
  GstProviderElementClass *klass = GST_PROVIDER_ELEMENT_GET_CLASS (self);

  PRIV (self)->list = list;
  for (guint i = 0; i < provider_list_get_length (list); i++) {
    gpointer provider = provider_list_get (list, i);

    g_signal_connect (provider, "ready", G_CALLBACK (on_ready), self);
    g_signal_connect (provider, "usage", G_CALLBACK (on_usage), self);
    if (klass->connect)
      klass->connect (self, provider);
  }
}

static void
drop_list (GstProviderElement * self)
{
  GstProviderElementClass *klass = GST_PROVIDER_ELEMENT_GET_CLASS (self);
  ProviderList *list = g_steal_pointer (&PRIV (self)->list);

  for (guint i = 0; i < provider_list_get_length (list); i++) {
    gpointer provider = provider_list_get (list, i);

    g_signal_handlers_disconnect_by_data (provider, self);
    if (klass->cancel)
      klass->cancel (self, provider);
  }
  provider_list_unref (list);
}

void
gst_provider_element_refresh_in_loop (GstProviderElement * self)
{
  ProviderList *fresh;

  if (PRIV (self)->refreshed || !gst_provider_element_has_variables (self))
    return;
  PRIV (self)->refreshed = TRUE;
  fresh = make_list (self);
  if (!fresh)
    return;
  drop_list (self);
  keep_made (self, provider_list_ref (fresh));
  connect_list (self, fresh);
}

/* States */

static gboolean
gst_provider_element_open (GstLoopElement * element)
{
  GstProviderElement *self = GST_PROVIDER_ELEMENT (element);
  ProviderList *list = make_list (self);

  keep_made (self, list);
  if (list)
    prepare_texts (self, TRUE);
  return list != NULL;
}

/* The providers of a run that is over, unless the element was opened anew. */
static void
let_go_in_loop (gpointer data, gpointer list)
{
  GstProviderElement *self = data;
  gboolean is_made;

  GST_OBJECT_LOCK (self);
  is_made = PRIV (self)->made == list;
  if (is_made)
    PRIV (self)->made = NULL;
  GST_OBJECT_UNLOCK (self);
  if (is_made)
    provider_list_unref (list);
  provider_list_unref (list);
  gst_object_unref (self);
}

/* On the loop, which may just begin a run that is to end at once: in NULL
 * nothing is kept warm. */
static void
gst_provider_element_close (GstLoopElement * element)
{
  ProviderList *list = ref_made (GST_PROVIDER_ELEMENT (element));

  if (list)
    parley_loop_invoke (gst_loop_element_get_loop (element), let_go_in_loop,
        gst_object_ref (element), list);
}

static void
gst_provider_element_start (GstLoopElement * element)
{
  GstProviderElement *self = GST_PROVIDER_ELEMENT (element);

  PRIV (self)->refreshed = FALSE;
  /* Set since READY, perhaps. */
  prepare_texts (self, FALSE);
  connect_list (self, ref_made (self));
}

static void
gst_provider_element_stop (GstLoopElement * element)
{
  drop_list (GST_PROVIDER_ELEMENT (element));
  forget_waiting (GST_PROVIDER_ELEMENT (element));
}

/* What begins the stream outlives a flush. */
static void
gst_provider_element_flush (GstLoopElement * element)
{
  GQueue *waiting = &PRIV (GST_PROVIDER_ELEMENT (element))->waiting;

  for (GList * i = waiting->head, *next; i; i = next) {
    next = i->next;
    if (GST_IS_EVENT (i->data)
        && (GST_EVENT_TYPE (i->data) == GST_EVENT_STREAM_START
            || GST_EVENT_TYPE (i->data) == GST_EVENT_CAPS))
      continue;
    gst_mini_object_unref (i->data);
    g_queue_delete_link (waiting, i);
  }
}

static void
gst_provider_element_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  if (!gst_provider_element_set_setting (GST_PROVIDER_ELEMENT (object), value,
          pspec))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
gst_provider_element_get_property (GObject * object, guint prop_id,
    GValue * value, GParamSpec * pspec)
{
  if (!gst_provider_element_get_setting (GST_PROVIDER_ELEMENT (object), value,
          pspec))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
gst_provider_element_finalize (GObject * object)
{
  GstProviderElementPrivate *priv = PRIV (GST_PROVIDER_ELEMENT (object));

  g_clear_pointer (&priv->made, provider_list_unref);
  g_hash_table_unref (priv->settings);
  G_OBJECT_CLASS (gst_provider_element_parent_class)->finalize (object);
}

static void
value_free (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

static void
gst_provider_element_init (GstProviderElement * self)
{
  PRIV (self)->settings = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      value_free);
  g_queue_init (&PRIV (self)->waiting);
}

static GParamSpec *
timeout_spec (const gchar * name, const gchar * nick, const gchar * blurb)
{
  return g_param_spec_uint (name, nick, blurb, 0, 600000, 0, 0);
}

static void
install_properties (GstProviderElementClass * klass)
{
  gst_provider_element_class_install_text (klass, PROP_BASE_URL,
      "base-url", "Base URL",
      "Address of the service, https:// or http://, such as that of a server "
      "of one's own; call variables work (NULL = the provider's own)", NULL);
  gst_provider_element_class_install_text (klass, PROP_API_KEY_ENV,
      "api-key-env", "API key variable",
      "Name of the environment variable that holds the key (NULL = the "
      "provider's usual one; with a base-url of one's own, none)", NULL);
  gst_provider_element_class_install_number (klass, PROP_MAX_CONCURRENT,
      g_param_spec_uint ("max-concurrent", "Max concurrent",
          "Requests to the service at once, of the whole process; the others "
          "wait in order (0 = the provider's default)", 0, 10000, 0, 0));
  gst_provider_element_class_install_number (klass, PROP_CONNECT_TIMEOUT,
      timeout_spec ("connect-timeout", "Connect timeout",
          "How long connecting to the service may take, in milliseconds (0 = "
          "the operation's default)"));
  gst_provider_element_class_install_number (klass, PROP_FIRST_BYTE_TIMEOUT,
      timeout_spec ("first-byte-timeout", "First byte timeout",
          "How long the service may take until its answer begins, all tries "
          "together, in milliseconds (0 = the operation's default)"));
  gst_provider_element_class_install_number (klass, PROP_TOTAL_TIMEOUT,
      timeout_spec ("total-timeout", "Total timeout",
          "How long the service may take for its whole answer, in "
          "milliseconds (0 = the operation's default)"));
  gst_provider_element_class_install_text (klass, PROP_FALLBACK,
      "fallback", "Fallback",
      "Providers that go on within the turn when the first cannot, with "
      "settings of their own: \"NAME,NAME(setting=value setting='a b')\"; "
      "call variables work (NULL = none)", NULL);
  gst_provider_element_class_install_number (klass, PROP_FALLBACK_AFTER,
      g_param_spec_uint ("fallback-after", "Fallback after",
          "How long a service with a fallback behind it may take until its "
          "answer begins, in milliseconds (0 = as long as without one)", 0,
          600000, DEFAULT_FALLBACK_AFTER, 0));
}

static void
gst_provider_element_class_init (GstProviderElementClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);

  object_class->set_property = gst_provider_element_set_property;
  object_class->get_property = gst_provider_element_get_property;
  object_class->finalize = gst_provider_element_finalize;
  install_properties (klass);
  loop_class->open = gst_provider_element_open;
  loop_class->close = gst_provider_element_close;
  loop_class->start = gst_provider_element_start;
  loop_class->stop = gst_provider_element_stop;
  loop_class->flush = gst_provider_element_flush;
}
