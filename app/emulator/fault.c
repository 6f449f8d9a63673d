/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/fault.h"

#include <string.h>

#include "emulator/wirejson.h"

#define KNOWN "protocol, fault, nth, count, probability, seed, status, " \
    "retry_after, after, bytes, every_ms"
#define MAX_RULES 1000
#define NOISE_SEED 1

typedef struct
{
  gchar *protocol;              /* or its beginning; NULL: any */
  ParleyFault fault;
  guint nth;                    /* the first request that it meets, from 1 */
  guint count;                  /* how many; 0: all that follow */
  gdouble probability;
  GRand *random;                /* NULL: always */
  guint seen;
} Rule;

struct _ParleyFaults
{
  GPtrArray *rules;             /* of Rule */
  GRand *noise;
};

static const ParleyFault kinds[] = {
  {PARLEY_FAULT_REFUSE, "refuse"},
  {PARLEY_FAULT_STATUS, "401", 401},
  {PARLEY_FAULT_STATUS, "429", 429},
  {PARLEY_FAULT_STATUS, "500", 500},
  {PARLEY_FAULT_STATUS, "status", 503},
  {PARLEY_FAULT_HANG, "hang"},
  {PARLEY_FAULT_HANG, "hang-middle",.after = 1},
  {PARLEY_FAULT_DROP, "drop",.after = 1},
  {PARLEY_FAULT_GARBAGE, "garbage"},
  {PARLEY_FAULT_DRIP, "drip",.bytes = 16,.every = 10000},
  {PARLEY_FAULT_CUT, "cut",.bytes = 64,.every = 1000},
};

static void
rule_free (gpointer data)
{
  Rule *rule = data;

  g_free (rule->protocol);
  g_clear_pointer (&rule->random, g_rand_free);
  g_free (rule);
}

ParleyFaults *
parley_faults_new (void)
{
  ParleyFaults *self = g_new0 (ParleyFaults, 1);

  self->rules = g_ptr_array_new_with_free_func (rule_free);
  self->noise = g_rand_new_with_seed (NOISE_SEED);
  return self;
}

void
parley_faults_free (ParleyFaults * self)
{
  g_ptr_array_unref (self->rules);
  g_rand_free (self->noise);
  g_free (self);
}

static const ParleyFault *
find_kind (const gchar * name)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].name, name) == 0)
      return &kinds[i];
  return NULL;
}

static gchar *
name_kinds (void)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_string_append_printf (out, "%s%s", i > 0 ? ", " : "", kinds[i].name);
  return g_string_free (out, FALSE);
}

/* A whole number member within bounds. */
static gboolean
read_uint (JsonObject * object, const gchar * name, guint min, guint max,
    guint * value, gchar ** wrong)
{
  gdouble number;

  if (!json_object_has_member (object, name))
    return TRUE;
  number = parley_wire_number (object, name, -1.0);
  if (number < min || number > max || number != (guint) number) {
    *wrong = g_strdup_printf ("\"%s\" must be a whole number from %u to %u",
        name, min, max);
    return FALSE;
  }
  *value = number;
  return TRUE;
}

static gchar *
check_members (JsonObject * object)
{
  g_autoptr (GList) names = json_object_get_members (object);
  g_auto (GStrv) known = g_strsplit (KNOWN, ", ", -1);

  for (GList * l = names; l != NULL; l = l->next)
    if (!g_strv_contains ((const gchar * const *) known, l->data))
      return g_strdup_printf ("unknown key \"%s\"; known are " KNOWN,
          (const gchar *) l->data);
  if (json_object_has_member (object, "protocol")
      && parley_wire_string (object, "protocol") == NULL)
    return g_strdup ("\"protocol\" must be a text");
  return NULL;
}

static gchar *
read_when (Rule * rule, JsonObject * object)
{
  gchar *wrong = NULL;
  guint seed = 1;

  rule->nth = 1;
  rule->count = json_object_has_member (object, "nth") ? 1 : 0;
  rule->probability = parley_wire_number (object, "probability", 1.0);
  if (rule->probability <= 0.0 || rule->probability > 1.0)
    return g_strdup ("\"probability\" must be over 0 and at most 1");
  if (!read_uint (object, "nth", 1, G_MAXINT, &rule->nth, &wrong)
      || !read_uint (object, "count", 0, G_MAXINT, &rule->count, &wrong)
      || !read_uint (object, "seed", 0, G_MAXINT, &seed, &wrong))
    return wrong;
  if (rule->probability < 1.0)
    rule->random = g_rand_new_with_seed (seed);
  return NULL;
}

static gchar *
read_fault (ParleyFault * fault, JsonObject * object)
{
  guint bytes = fault->bytes, every = fault->every / 1000, seconds = G_MAXUINT;
  gchar *wrong = NULL;

  if (!read_uint (object, "status", 400, 599, &fault->status, &wrong)
      || !read_uint (object, "retry_after", 0, 86400, &seconds, &wrong)
      || !read_uint (object, "after", 0, G_MAXINT, &fault->after, &wrong)
      || !read_uint (object, "bytes", 1, G_MAXINT - 1, &bytes, &wrong)
      || !read_uint (object, "every_ms", 0, 60000, &every, &wrong))
    return wrong;
  fault->retry_after = seconds == G_MAXUINT ? -1 : (gint) seconds;
  fault->bytes = bytes;
  fault->every = every * G_TIME_SPAN_MILLISECOND;
  return NULL;
}

gchar *
parley_faults_add (ParleyFaults * self, JsonObject * object)
{
  const gchar *protocol = parley_wire_string (object, "protocol");
  const gchar *name = parley_wire_string (object, "fault");
  const ParleyFault *kind = find_kind (name);
  gchar *wrong = check_members (object);
  Rule *rule;

  if (wrong != NULL)
    return wrong;
  if (kind == NULL) {
    g_autofree gchar *list = name_kinds ();

    return g_strdup_printf ("\"fault\" must be one of %s", list);
  }
  if (self->rules->len >= MAX_RULES)
    return g_strdup_printf ("there are %d rules already", MAX_RULES);
  rule = g_new0 (Rule, 1);
  rule->fault = *kind;
  if (g_strcmp0 (protocol, "any") != 0)
    rule->protocol = g_strdup (protocol);
  wrong = read_when (rule, object);
  if (wrong == NULL)
    wrong = read_fault (&rule->fault, object);
  if (wrong != NULL)
    rule_free (rule);
  else
    g_ptr_array_add (self->rules, rule);
  return wrong;
}

void
parley_faults_clear (ParleyFaults * self)
{
  g_ptr_array_set_size (self->rules, 0);
}

guint
parley_faults_get_n_rules (ParleyFaults * self)
{
  return self->rules->len;
}

/* Counts the request. "any" is of requests only. */
static gboolean
rule_applies (Rule * rule, const gchar * protocol)
{
  if (rule->protocol != NULL ? !g_str_has_prefix (protocol, rule->protocol)
      : g_str_equal (protocol, PARLEY_FAULT_CONNECTION))
    return FALSE;
  rule->seen++;
  if (rule->seen < rule->nth
      || (rule->count > 0 && rule->seen - rule->nth >= rule->count))
    return FALSE;
  return rule->random == NULL
      || g_rand_double (rule->random) < rule->probability;
}

ParleyFault
parley_faults_draw (ParleyFaults * self, const gchar * protocol)
{
  ParleyFault fault = {.retry_after = -1 };

  for (guint i = 0; i < self->rules->len; i++) {
    Rule *rule = g_ptr_array_index (self->rules, i);

    if (rule_applies (rule, protocol) && fault.kind == PARLEY_FAULT_NONE)
      fault = rule->fault;
  }
  return fault;
}

GRand *
parley_faults_get_random (ParleyFaults * self)
{
  return self->noise;
}
