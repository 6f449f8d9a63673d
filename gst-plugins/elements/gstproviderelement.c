/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstproviderelement.h"

#include <string.h>

typedef struct
{
  /* Under the object lock: */
  GHashTable *texts;            /* name to value, of those that were set */
  gpointer made;                /* by open */

  gpointer provider;            /* on the loop, from start to stop */
} GstProviderElementPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstProviderElement, gst_provider_element,
    GST_TYPE_LOOP_ELEMENT);

#define PRIV(self) ((GstProviderElementPrivate *) \
    gst_provider_element_get_instance_private (self))

/* Texts */

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
gst_provider_element_set_text (GstProviderElement * self, const GValue * value,
    GParamSpec * pspec)
{
  if (!G_IS_PARAM_SPEC_STRING (pspec))
    return FALSE;
  GST_OBJECT_LOCK (self);
  g_hash_table_insert (PRIV (self)->texts, (gpointer) pspec->name,
      g_value_dup_string (value));
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

gboolean
gst_provider_element_get_text (GstProviderElement * self, GValue * value,
    GParamSpec * pspec)
{
  gpointer text;

  if (!G_IS_PARAM_SPEC_STRING (pspec))
    return FALSE;
  GST_OBJECT_LOCK (self);
  if (g_hash_table_lookup_extended (PRIV (self)->texts, pspec->name, NULL,
          &text))
    g_value_set_string (value, text);
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

static gboolean
has_variables (GstProviderElement * self)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (self), &n);
  gboolean found = FALSE;

  for (guint i = 0; i < n && !found; i++) {
    GValue value = G_VALUE_INIT;
    const gchar *text;

    if (!g_type_is_a (specs[i]->owner_type, GST_TYPE_PROVIDER_ELEMENT))
      continue;
    g_value_init (&value, specs[i]->value_type);
    if (gst_provider_element_get_text (self, &value, specs[i])) {
      text = g_value_get_string (&value);
      found = text && strstr (text, "%{");
    }
    g_value_unset (&value);
  }
  g_free (specs);
  return found;
}

/* The provider */

static gchar *
expand_for_call (const gchar * text, gpointer data)
{
  return parley_call_expand (data, text);
}

/* NULL: an error was posted. */
static gpointer
make_provider (GstProviderElement * self)
{
  GstLoopElement *element = GST_LOOP_ELEMENT (self);
  ParleyCall *call = gst_loop_element_dup_call (element);
  gboolean started = call && parley_call_get_start (call);
  gchar *name = gst_provider_element_dup_text (self, "provider");
  GError *error = NULL;
  gpointer provider;

  provider = parley_provider_new (GST_PROVIDER_ELEMENT_GET_CLASS (self)->kind,
      name, gst_loop_element_get_loop (element), G_OBJECT (self),
      started ? expand_for_call : NULL, call, &error);
  if (provider && !parley_provider_warm (provider, &error))
    g_clear_object (&provider);
  if (!provider) {
    gst_loop_element_post_error (element, error);
    g_error_free (error);
  }
  g_free (name);
  g_clear_object (&call);
  return provider;
}

static void
unref_in_loop (gpointer data, gpointer user_data)
{
  g_object_unref (data);
}

/* Takes @provider. The loop may still be at work with the one before: it is let
 * go there. */
static void
keep_made (GstProviderElement * self, gpointer provider)
{
  gpointer old;

  GST_OBJECT_LOCK (self);
  old = PRIV (self)->made;
  PRIV (self)->made = provider;
  GST_OBJECT_UNLOCK (self);
  if (old)
    parley_loop_invoke (gst_loop_element_get_loop (GST_LOOP_ELEMENT (self)),
        unref_in_loop, old, NULL);
}

gpointer
gst_provider_element_dup (GstProviderElement * self)
{
  gpointer provider;

  GST_OBJECT_LOCK (self);
  provider = PRIV (self)->made;
  if (provider)
    g_object_ref (provider);
  GST_OBJECT_UNLOCK (self);
  return provider;
}

gpointer
gst_provider_element_get_in_loop (GstProviderElement * self)
{
  return PRIV (self)->provider;
}

static void
connect_provider (GstProviderElement * self, gpointer provider)
{
  GstProviderElementClass *klass = GST_PROVIDER_ELEMENT_GET_CLASS (self);

  PRIV (self)->provider = provider;
  if (klass->connect)
    klass->connect (self, provider);
}

static void
drop_provider (GstProviderElement * self)
{
  GstProviderElementClass *klass = GST_PROVIDER_ELEMENT_GET_CLASS (self);
  gpointer provider = g_steal_pointer (&PRIV (self)->provider);

  g_signal_handlers_disconnect_by_data (provider, self);
  if (klass->cancel)
    klass->cancel (self, provider);
  g_object_unref (provider);
}

void
gst_provider_element_refresh_in_loop (GstProviderElement * self)
{
  gpointer fresh;

  if (!has_variables (self))
    return;
  fresh = make_provider (self);
  if (!fresh)
    return;
  drop_provider (self);
  keep_made (self, g_object_ref (fresh));
  connect_provider (self, fresh);
}

/* States */

static gboolean
gst_provider_element_open (GstLoopElement * element)
{
  GstProviderElement *self = GST_PROVIDER_ELEMENT (element);
  gpointer provider = make_provider (self);

  keep_made (self, provider);
  return provider != NULL;
}

static void
gst_provider_element_start (GstLoopElement * element)
{
  GstProviderElement *self = GST_PROVIDER_ELEMENT (element);

  connect_provider (self, gst_provider_element_dup (self));
}

static void
gst_provider_element_stop (GstLoopElement * element)
{
  drop_provider (GST_PROVIDER_ELEMENT (element));
}

static void
gst_provider_element_finalize (GObject * object)
{
  GstProviderElementPrivate *priv = PRIV (GST_PROVIDER_ELEMENT (object));

  g_clear_object (&priv->made);
  g_hash_table_unref (priv->texts);
  G_OBJECT_CLASS (gst_provider_element_parent_class)->finalize (object);
}

static void
gst_provider_element_init (GstProviderElement * self)
{
  PRIV (self)->texts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      g_free);
}

static void
gst_provider_element_class_init (GstProviderElementClass * klass)
{
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_provider_element_finalize;
  loop_class->open = gst_provider_element_open;
  loop_class->start = gst_provider_element_start;
  loop_class->stop = gst_provider_element_stop;
}
