/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providerlist.h"

#include "fallbacktext.h"
#include "providers/cloud.h"

#include <gst/gst.h>
#include <string.h>

/* Settings of one service or engine: a fallback has them from its entry or not
 * at all. */
static const gchar *const own_settings[] = {
  "base-url", "api-key-env", "max-concurrent", "connect-timeout",
  "first-byte-timeout", "total-timeout", "model", "voice", "encoding",
  "transport", "stability", "similarity", "eot-threshold",
  "eager-eot-threshold", "eot-timeout", NULL
};

typedef struct
{
  gchar *name;
  gpointer provider;
} Member;

struct _ProviderList
{
  gatomicrefcount refs;
  GArray *members;              /* of Member */
};

typedef struct
{
  GObject *element;
  ParleyProviderKind kind;
  ParleyLoop *loop;
  ParleyExpandFunc expand;
  gpointer data;
} Maker;

static void
member_clear (gpointer data)
{
  Member *member = data;

  g_free (member->name);
  g_clear_object (&member->provider);
}

/* Settings of a fallback */

static void
set_expanded (const Maker * maker, gpointer provider, GParamSpec * spec,
    GValue * value)
{
  if (maker->expand && G_VALUE_HOLDS_STRING (value)
      && g_value_get_string (value))
    g_value_take_string (value, maker->expand (g_value_get_string (value),
            maker->data));
  g_object_set_property (provider, spec->name, value);
}

static gboolean
is_inherited (const Maker * maker, GParamSpec * spec)
{
  GParamSpec *source = g_object_class_find_property (G_OBJECT_GET_CLASS
      (maker->element), spec->name);

  return source && source->value_type == spec->value_type
      && (spec->flags & G_PARAM_WRITABLE)
      && !(spec->flags & G_PARAM_CONSTRUCT_ONLY)
      && !g_strv_contains (own_settings, spec->name);
}

static void
inherit (const Maker * maker, gpointer provider)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (provider), &n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (!is_inherited (maker, specs[i]))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (maker->element, specs[i]->name, &value);
    set_expanded (maker, provider, specs[i], &value);
    g_value_unset (&value);
  }
  g_free (specs);
}

static gchar *
setting_names (gpointer provider)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (provider), &n);
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    if (!(specs[i]->flags & G_PARAM_CONSTRUCT_ONLY))
      g_string_append_printf (names, "%s%s", names->len ? ", " : "",
          specs[i]->name);
  g_free (specs);
  return g_string_free (names, FALSE);
}

static GParamSpec *
find_setting (gpointer provider, const gchar * name)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (provider), name);

  return spec && !(spec->flags & G_PARAM_CONSTRUCT_ONLY) ? spec : NULL;
}

static gboolean
parse_value (GParamSpec * spec, const gchar * text, GValue * value)
{
  guint64 number;

  if (G_VALUE_HOLDS_STRING (value)) {
    g_value_set_string (value, text);
    return TRUE;
  }
  if (!G_VALUE_HOLDS_UINT (value))
    return gst_value_deserialize (value, text)
        && !g_param_value_validate (spec, value);
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &number, NULL))
    return FALSE;
  g_value_set_uint (value, number);
  return !g_param_value_validate (spec, value);
}

static gboolean
set_own (const Maker * maker, gpointer provider, const FallbackEntry * entry,
    guint i, GError ** error)
{
  const gchar *name = g_ptr_array_index (entry->names, i);
  const gchar *text = g_ptr_array_index (entry->values, i);
  GParamSpec *spec = find_setting (provider, name);
  GValue value = G_VALUE_INIT;
  gboolean ok;

  if (!spec) {
    gchar *names = setting_names (provider);

    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "fallback: %s has no setting “%s”; it has: %s", entry->provider,
        name, names);
    g_free (names);
    return FALSE;
  }
  g_value_init (&value, spec->value_type);
  ok = parse_value (spec, text, &value);
  if (ok)
    set_expanded (maker, provider, spec, &value);
  else
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "fallback: %s=%s of %s is no %s that it can be", name, text,
        entry->provider, G_VALUE_HOLDS_UINT (&value) ? "whole number"
        : "number");
  g_value_unset (&value);
  return ok;
}

static gpointer
make_fallback (const Maker * maker, const FallbackEntry * entry,
    GError ** error)
{
  gpointer provider = parley_provider_new (maker->kind, entry->provider,
      maker->loop, NULL, NULL, NULL, error);

  if (!provider)
    return NULL;
  inherit (maker, provider);
  for (guint i = 0; i < entry->names->len; i++)
    if (!set_own (maker, provider, entry, i, error)) {
      g_object_unref (provider);
      return NULL;
    }
  return provider;
}

/* Making them */

/* Takes @name, @provider and @error. FALSE with @fatal: the text is wrong. */
static gboolean
take_member (ProviderList * self, gchar * name, gpointer provider,
    GError * error, GPtrArray * problems, GError ** fatal)
{
  Member member = { name, provider };

  if (provider) {
    g_array_append_val (self->members, member);
    return TRUE;
  }
  g_free (name);
  if (!g_error_matches (error, PARLEY_PROVIDER_ERROR,
          PARLEY_PROVIDER_ERROR_MISSING)) {
    g_propagate_error (fatal, error);
    return FALSE;
  }
  g_ptr_array_add (problems, g_strdup (error->message));
  g_error_free (error);
  return TRUE;
}

static gboolean
make_all (ProviderList * self, const Maker * maker, GPtrArray * entries,
    GPtrArray * problems, GError ** fatal)
{
  GError *error = NULL;
  gchar *name;
  gpointer provider;

  g_object_get (maker->element, "provider", &name, NULL);
  provider = parley_provider_new (maker->kind, name, maker->loop,
      maker->element, maker->expand, maker->data, &error);
  if (!take_member (self, name, provider, error, problems, fatal))
    return FALSE;
  for (guint i = 0; i < entries->len; i++) {
    const FallbackEntry *entry = g_ptr_array_index (entries, i);

    error = NULL;
    provider = make_fallback (maker, entry, &error);
    if (!take_member (self, g_strdup (entry->provider), provider, error,
            problems, fatal))
      return FALSE;
  }
  return TRUE;
}

/* The last one first: it alone may take all the time it needs, which those
 * before it must know from the beginning. */
static void
warm_all (ProviderList * self, GPtrArray * problems, GError ** first)
{
  gboolean is_last = TRUE;

  for (guint i = self->members->len; i > 0; i--) {
    gpointer provider = provider_list_get (self, i - 1);
    GError *error = NULL;

    if (is_last && find_setting (provider, "fallback-after"))
      g_object_set (provider, "fallback-after", 0, NULL);
    if (parley_provider_warm (provider, &error)) {
      is_last = FALSE;
      continue;
    }
    g_ptr_array_add (problems, g_strdup (error->message));
    g_clear_error (first);
    *first = error;
    g_array_remove_index (self->members, i - 1);
  }
}

/* FALSE: none is left; @error tells why of each. */
static gboolean
is_usable (ProviderList * self, GPtrArray * problems, GError ** error)
{
  GError *first = NULL;

  warm_all (self, problems, &first);
  if (self->members->len > 0) {
    g_clear_error (&first);
    return TRUE;
  }
  if (!first)
    first = g_error_new_literal (PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_MISSING, g_ptr_array_index (problems, 0));
  for (guint i = 0; i < problems->len; i++)
    if (!strstr (first->message, g_ptr_array_index (problems, i)))
      g_prefix_error (&first, "%s; ",
          (const gchar *) g_ptr_array_index (problems, i));
  g_propagate_error (error, first);
  return FALSE;
}

ProviderList *
provider_list_new (GObject * element, ParleyProviderKind kind,
    ParleyLoop * loop, ParleyExpandFunc expand, gpointer data,
    GPtrArray * problems, GError ** error)
{
  Maker maker = { element, kind, loop, expand, data };
  ProviderList *self = g_new0 (ProviderList, 1);
  gchar *text;
  GPtrArray *entries;

  g_atomic_ref_count_init (&self->refs);
  self->members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_array_set_clear_func (self->members, member_clear);
  g_object_get (element, "fallback", &text, NULL);
  entries = fallback_text_parse (text, error);
  g_free (text);
  if (!entries || !make_all (self, &maker, entries, problems, error)
      || !is_usable (self, problems, error))
    g_clear_pointer (&self, provider_list_unref);
  g_clear_pointer (&entries, g_ptr_array_unref);
  return self;
}

ProviderList *
provider_list_ref (ProviderList * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
provider_list_unref (gpointer list)
{
  ProviderList *self = list;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_array_unref (self->members);
  g_free (self);
}

/* Reading */

guint
provider_list_get_length (ProviderList * self)
{
  return self->members->len;
}

gpointer
provider_list_get (ProviderList * self, guint n)
{
  return g_array_index (self->members, Member, n).provider;
}

guint
provider_list_find (ProviderList * self, gpointer provider)
{
  for (guint i = 0; i < self->members->len; i++)
    if (provider_list_get (self, i) == provider)
      return i;
  return G_MAXUINT;
}

const gchar *
provider_list_get_name (ProviderList * self, guint n)
{
  return g_array_index (self->members, Member, n).name;
}

/* Choosing */

/* What runs on this machine is always up. */
static gboolean
is_up (ProviderList * self, guint n, gboolean * is_probe, const gchar ** reason)
{
  ParleyCloud *cloud = parley_cloud_of (provider_list_get (self, n));

  *is_probe = FALSE;
  *reason = NULL;
  return !cloud || parley_cloud_is_up_in_loop (cloud, is_probe, reason);
}

/* @probes: those that would be probes are up too. */
static guint
find_up (ProviderList * self, guint from, gboolean probes)
{
  gboolean is_probe;
  const gchar *reason;

  for (guint i = from; i < self->members->len; i++)
    if (is_up (self, i, &is_probe, &reason) && (probes || !is_probe))
      return i;
  return G_MAXUINT;
}

guint
provider_list_choose_in_loop (ProviderList * self, gpointer * probe,
    const gchar ** reason)
{
  guint chosen = find_up (self, 0, FALSE);
  gboolean is_probe;

  if (chosen == G_MAXUINT)
    chosen = find_up (self, 0, TRUE);
  if (chosen == G_MAXUINT)
    chosen = 0;
  *reason = NULL;
  if (chosen > 0 && is_up (self, 0, &is_probe, reason))
    *reason = "open";
  if (!probe)
    return chosen;
  *probe = NULL;
  for (guint i = 0; i < chosen && !*probe; i++) {
    const gchar *why;

    if (is_up (self, i, &is_probe, &why) && is_probe)
      *probe = provider_list_get (self, i);
  }
  return chosen;
}

/* Late is better than nobody. */
static guint
find_busy (ProviderList * self, guint from)
{
  gboolean is_probe;
  const gchar *reason;

  for (guint i = from; i < self->members->len; i++) {
    is_up (self, i, &is_probe, &reason);
    if (g_strcmp0 (reason, "busy") == 0)
      return i;
  }
  return G_MAXUINT;
}

guint
provider_list_next_in_loop (ProviderList * self, guint n)
{
  guint next = find_up (self, n + 1, TRUE);

  return next == G_MAXUINT ? find_busy (self, n + 1) : next;
}
