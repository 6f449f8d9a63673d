/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/provider.h"

#include <string.h>

enum
{
  PROP_0,
  PROP_LOOP
};

static guint signal_ready;
static guint signal_usage;

typedef struct
{
  ParleyLoop *loop;
  gboolean reading;             /* on the loop */
} ParleyProviderPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ParleyProvider, parley_provider,
    G_TYPE_OBJECT);

G_DEFINE_QUARK (parley - provider - error, parley_provider_error);

static void
parley_provider_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyProviderPrivate *priv =
      parley_provider_get_instance_private (PARLEY_PROVIDER (object));

  if (prop_id == PROP_LOOP)
    priv->loop = g_value_dup_object (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
parley_provider_finalize (GObject * object)
{
  ParleyProviderPrivate *priv =
      parley_provider_get_instance_private (PARLEY_PROVIDER (object));

  g_clear_object (&priv->loop);
  G_OBJECT_CLASS (parley_provider_parent_class)->finalize (object);
}

static void
parley_provider_init (ParleyProvider * self)
{
}

static void
parley_provider_class_init (ParleyProviderClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = parley_provider_set_property;
  object_class->finalize = parley_provider_finalize;
  g_object_class_install_property (object_class, PROP_LOOP,
      g_param_spec_object ("loop", "Loop", "The loop the provider lives on",
          PARLEY_TYPE_LOOP, G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY
          | G_PARAM_STATIC_STRINGS));
  signal_ready = g_signal_new ("ready", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  signal_usage = g_signal_new ("usage", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
      G_TYPE_DOUBLE);
}

gboolean
parley_provider_warm (ParleyProvider * self, GError ** error)
{
  ParleyProviderClass *klass = PARLEY_PROVIDER_GET_CLASS (self);

  return klass->warm ? klass->warm (self, error) : TRUE;
}

ParleyLoop *
parley_provider_get_loop (ParleyProvider * self)
{
  ParleyProviderPrivate *priv = parley_provider_get_instance_private (self);

  return priv->loop;
}

gboolean
parley_provider_is_ready_in_loop (ParleyProvider * self)
{
  ParleyProviderPrivate *priv = parley_provider_get_instance_private (self);

  return !priv->reading;
}

void
parley_provider_set_ready_in_loop (ParleyProvider * self, gboolean ready,
    const GError * error)
{
  ParleyProviderPrivate *priv = parley_provider_get_instance_private (self);

  priv->reading = !ready;
  if (ready)
    g_signal_emit (self, signal_ready, 0, error);
}

void
parley_provider_usage_in_loop (ParleyProvider * self, const gchar * unit,
    gdouble amount)
{
  g_signal_emit (self, signal_usage, 0, unit, amount);
}

static void
add_setting (GString * label, ParleyProvider * self, const gchar * name)
{
  GParamSpec *pspec = g_object_class_find_property
      (G_OBJECT_GET_CLASS (self), name);
  gchar *value = NULL;

  if (!pspec || !(pspec->flags & G_PARAM_READABLE)
      || !G_IS_PARAM_SPEC_STRING (pspec))
    return;
  g_object_get (self, name, &value, NULL);
  g_string_append_printf (label, "/%s", value ? value : "");
  g_free (value);
}

gchar *
parley_provider_label (ParleyProvider * self, const gchar * settings)
{
  GString *label = g_string_new_len (settings, strcspn (settings, " \n"));

  add_setting (label, self, "voice");
  add_setting (label, self, "model");
  return g_string_free (label, FALSE);
}
