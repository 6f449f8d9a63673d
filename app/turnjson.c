/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turnjson.h"

#include <math.h>
#include <string.h>

#include "jsontext.h"
#include "net/jsoncheck.h"

/* A turn has at most so many stages and names so long. */
#define MAX_STAGES 64
#define MAX_NAME 64
#define MAX_CALL 128
/* A day; no answer takes that long. */
#define MAX_MS (24 * 3600 * 1000.0)
/* Names are kept for ever: so many that were not known before, in all. */
#define MAX_NEW_NAMES 500

G_DEFINE_QUARK (parley - turn - json - error - quark, parley_turn_json_error);

void
parley_logged_turn_free (ParleyLoggedTurn * turn)
{
  g_free (turn->call);
  g_clear_pointer (&turn->report, parley_turn_report_free);
  g_free (turn);
}

gint64
parley_turn_get_total (const ParleyTurnReport * report)
{
  gint64 total = 0;

  for (guint i = 0; i < report->stages->len; i++)
    total += g_array_index (report->stages, ParleyStage, i).us;
  return total;
}

gint64
parley_turn_get_stage (const ParleyTurnReport * report, const gchar * name)
{
  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (strcmp (stage->name, name) == 0)
      return stage->us;
  }
  return 0;
}

gint64
parley_turn_get_first_frame (const ParleyTurnReport * report)
{
  return report->begin + report->sent_us
      - parley_turn_get_stage (report, parley_stage_get_name (PARLEY_AT_SOUND));
}

/* Writing */

static JsonObject *
stage_to_object (const ParleyStage * stage)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", stage->name);
  json_object_set_string_member (object, "owner",
      parley_owner_to_string (stage->owner));
  return object;
}

static JsonArray *
short_stages_to_array (const ParleyTurnReport * report)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);
    JsonObject *object = stage_to_object (stage);

    parley_json_set_ms (object, "ms", stage->us);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonArray *
whole_stages_to_array (const ParleyTurnReport * report)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);
    JsonObject *object = stage_to_object (stage);

    json_object_set_string_member (object, "element", stage->element);
    if (stage->provider)
      json_object_set_string_member (object, "provider", stage->provider);
    parley_json_set_ms (object, "ms", stage->us);
    json_array_add_object_element (array, object);
  }
  return array;
}

static gchar *
time_to_text (gint64 time)
{
  g_autoptr (GDateTime) whole = g_date_time_new_from_unix_utc
      (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact = g_date_time_add (whole, time % G_USEC_PER_SEC);

  return g_date_time_format_iso8601 (exact);
}

static void
set_ends (JsonObject * object, const ParleyTurnReport * report)
{
  parley_json_set_ms (object, "sent_ms", report->sent_us);
  if (report->heard_us >= 0)
    parley_json_set_ms (object, "heard_ms", report->heard_us);
  else
    json_object_set_null_member (object, "heard_ms");
}

void
parley_turn_set_summary (JsonObject * object, const ParleyTurnReport * report)
{
  static const gchar *const names[] = {
    "stages", "total_ms", "sent_ms", "heard_ms"
  };

  for (guint i = 0; !report && i < G_N_ELEMENTS (names); i++)
    json_object_set_null_member (object, names[i]);
  if (!report)
    return;
  json_object_set_array_member (object, "stages",
      short_stages_to_array (report));
  parley_json_set_ms (object, "total_ms", parley_turn_get_total (report));
  set_ends (object, report);
}

static void
set_times (JsonObject * object, const ParleyTurnReport * report)
{
  set_ends (object, report);
  parley_json_set_ms (object, "total_ms", parley_turn_get_total (report));
  json_object_set_boolean_member (object, "cached", report->cached);
  json_object_set_boolean_member (object, "speculated", report->speculated);
  if (report->reason)
    json_object_set_string_member (object, "reason", report->reason);
  if (GST_CLOCK_TIME_IS_VALID (report->speech_end))
    parley_json_set_ms (object, "speech_end_ms",
        GST_TIME_AS_USECONDS (report->speech_end));
  else
    json_object_set_null_member (object, "speech_end_ms");
  json_object_set_int_member (object, "sound_ms", report->sound_ms);
  json_object_set_int_member (object, "begin_us", report->begin);
  json_object_set_int_member (object, "sent_us",
      parley_turn_get_first_frame (report));
}

JsonNode *
parley_turn_to_json (const gchar * call, const ParleyTurnReport * report,
    gint64 time)
{
  g_autofree gchar *date = time_to_text (time);
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "call", call);
  json_object_set_int_member (object, "turn", report->turn);
  json_object_set_int_member (object, "take", report->take);
  json_object_set_int_member (object, "epoch", report->epoch);
  json_object_set_string_member (object, "time", date);
  set_times (object, report);
  json_object_set_array_member (object, "stages",
      whole_stages_to_array (report));
  json_node_take_object (node, object);
  return node;
}

/* Reading */

/* The first thing wrong is kept; what is read after it does not count. */
typedef struct
{
  JsonObject *object;
  GError **error;
  gboolean failed;
} Reader;

static void
refuse (Reader * self, const gchar * name, const gchar * what)
{
  if (!self->failed)
    g_set_error (self->error, PARLEY_TURN_JSON_ERROR, 0,
        "not the report of a turn: \"%s\" %s", name, what);
  self->failed = TRUE;
}

/* NULL: not there, or null. */
static JsonNode *
member (Reader * self, const gchar * name)
{
  JsonNode *node = json_object_get_member (self->object, name);

  return node && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static gboolean
is_of (JsonNode * node, GType type)
{
  return node && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == type;
}

static gint64
read_count (Reader * self, const gchar * name, gint64 max)
{
  JsonNode *node = member (self, name);
  gint64 value = is_of (node, G_TYPE_INT64) ? json_node_get_int (node) : -1;

  if (value < 0 || value > max) {
    refuse (self, name, "is no whole number in its range");
    return 0;
  }
  return value;
}

/* Milliseconds as microseconds; what is not there is -1 if it is @optional. */
static gint64
read_ms (Reader * self, const gchar * name, gboolean optional)
{
  JsonNode *node = member (self, name);
  gdouble ms = is_of (node, G_TYPE_INT64) || is_of (node, G_TYPE_DOUBLE)
      ? json_node_get_double (node) : NAN;

  if (!node && optional)
    return -1;
  if (!(ms >= 0 && ms <= MAX_MS)) {
    refuse (self, name, "is no time in milliseconds");
    return 0;
  }
  return llround (ms * 1000);
}

static gboolean
read_flag (Reader * self, const gchar * name)
{
  JsonNode *node = member (self, name);

  if (is_of (node, G_TYPE_BOOLEAN))
    return json_node_get_boolean (node);
  refuse (self, name, "is neither true nor false");
  return FALSE;
}

static const gchar *
read_text (Reader * self, const gchar * name, gsize max, gboolean optional)
{
  JsonNode *node = member (self, name);
  const gchar *text = is_of (node, G_TYPE_STRING)
      ? json_node_get_string (node) : NULL;

  if (!node && optional)
    return NULL;
  if (!text || !*text || strlen (text) > max) {
    refuse (self, name, "is no text, or empty, or too long");
    return NULL;
  }
  for (const gchar * c = text; *c; c = g_utf8_next_char (c))
    if (!g_unichar_isprint (g_utf8_get_char (c)))
      refuse (self, name, "has characters that cannot be printed");
  return text;
}

static const gchar *
read_name (Reader * self, const gchar * name, gboolean optional)
{
  static gint n_new = 0;
  const gchar *text = read_text (self, name, MAX_NAME, optional);

  if (!text || self->failed)
    return NULL;
  if (!g_quark_try_string (text)
      && g_atomic_int_add (&n_new, 1) >= MAX_NEW_NAMES) {
    refuse (self, name, "is one of too many different names");
    return NULL;
  }
  return g_intern_string (text);
}

static gint64
read_date (Reader * self, const gchar * name)
{
  const gchar *text = read_text (self, name, MAX_NAME, FALSE);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) date = text ? g_date_time_new_from_iso8601 (text, utc)
      : NULL;

  if (date)
    return g_date_time_to_unix (date) * G_USEC_PER_SEC
        + g_date_time_get_microsecond (date);
  refuse (self, name, "is no date of ISO 8601");
  return 0;
}

static void
read_stage (Reader * outer, GArray * stages, JsonNode * node)
{
  Reader self = { NULL, outer->error, outer->failed };
  ParleyStage stage = { NULL };
  const gchar *owner;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    refuse (outer, "stages", "holds something else than stages");
    return;
  }
  self.object = json_node_get_object (node);
  stage.name = read_name (&self, "name", FALSE);
  stage.element = read_name (&self, "element", FALSE);
  stage.provider = read_name (&self, "provider", TRUE);
  stage.us = read_ms (&self, "ms", FALSE);
  owner = read_text (&self, "owner", MAX_NAME, FALSE);
  if (!self.failed && !parley_owner_from_string (owner, &stage.owner))
    refuse (&self, "owner", "is none of setting, provider, parley, network");
  g_array_append_val (stages, stage);
  outer->failed = self.failed;
}

static void
read_stages (Reader * self, GArray * stages)
{
  JsonNode *node = member (self, "stages");
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node)
      ? json_node_get_array (node) : NULL;

  if (!array || json_array_get_length (array) > MAX_STAGES) {
    refuse (self, "stages", "is no list of stages, or too long");
    return;
  }
  for (guint i = 0; i < json_array_get_length (array) && !self->failed; i++)
    read_stage (self, stages, json_array_get_element (array, i));
}

static void
read_times (Reader * self, ParleyTurnReport * report)
{
  gint64 speech_end = read_ms (self, "speech_end_ms", TRUE);

  report->begin = read_count (self, "begin_us", G_MAXINT64 / 4);
  report->speech_end = speech_end >= 0
      ? (GstClockTime) speech_end *GST_USECOND : GST_CLOCK_TIME_NONE;
  report->sound_ms = read_count (self, "sound_ms", MAX_MS);
  report->sent_us = read_ms (self, "sent_ms", FALSE);
  report->heard_us = read_ms (self, "heard_ms", TRUE);
  report->cached = read_flag (self, "cached");
  report->speculated = read_flag (self, "speculated");
  report->reason = read_name (self, "reason", TRUE);
}

/* Whoever adds up the stages must get what the caller waited. */
static void
check_sum (Reader * self, const ParleyTurnReport * report)
{
  gint64 total = read_ms (self, "total_ms", FALSE);
  gint64 end = report->heard_us >= 0 ? report->heard_us : report->sent_us;

  if (total != parley_turn_get_total (report) || total != end)
    refuse (self, "total_ms", "is not the sum of the stages");
}

ParleyLoggedTurn *
parley_turn_from_json (JsonNode * node, GError ** error)
{
  g_autoptr (ParleyLoggedTurn) turn = g_new0 (ParleyLoggedTurn, 1);
  ParleyTurnReport *report = g_new0 (ParleyTurnReport, 1);
  Reader self = { NULL, error };

  turn->report = report;
  report->stages = g_array_new (FALSE, TRUE, sizeof (ParleyStage));
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    refuse (&self, "{", "is missing");
    return NULL;
  }
  self.object = json_node_get_object (node);
  turn->call = g_strdup (read_text (&self, "call", MAX_CALL, FALSE));
  turn->time = read_date (&self, "time");
  report->turn = read_count (&self, "turn", G_MAXUINT32);
  report->take = read_count (&self, "take", G_MAXUINT32);
  report->epoch = read_count (&self, "epoch", G_MAXINT64);
  read_times (&self, report);
  read_stages (&self, report->stages);
  check_sum (&self, report);
  return self.failed ? NULL : g_steal_pointer (&turn);
}

ParleyLoggedTurn *
parley_turn_from_text (const gchar * text, gsize len, GError ** error)
{
  const gchar *wrong = parley_json_check (text, len, 8);
  g_autofree gchar *copy = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (wrong) {
    g_set_error (error, PARLEY_TURN_JSON_ERROR, 0,
        "not the report of a turn: %s", wrong);
    return NULL;
  }
  copy = g_strndup (text, len);
  node = json_from_string (copy, error);
  return node ? parley_turn_from_json (node, error) : NULL;
}
