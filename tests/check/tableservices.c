/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tableservices.h"

#include <json-glib/json-glib.h>

#include "mock/peer.h"
#include "tablesound.h"

#define TONE_MS 160

static const TableProvider *
provider_of (TableServices * self)
{
  return self->cell->provider;
}

static const TableCase *
row_of (TableServices * self)
{
  return self->cell->row;
}

const gchar *
table_kind_get_name (TableKind kind)
{
  static const gchar *const names[] = { "stt", "llm", "tts" };

  return names[kind];
}

const gchar *
table_get_said (guint n)
{
  static const gchar *const said[] = { "first", "second", "third" };

  return said[MIN (n, TABLE_MAX_TURNS - 1)];
}

/* The emulators */

static const gchar *
reply_to_first (TableServices * self)
{
  const gchar *text = row_of (self)->text[TABLE_LLM];

  if (provider_of (self)->kind == TABLE_LLM && text)
    return text;
  text = row_of (self)->text[TABLE_TTS];
  if (provider_of (self)->kind == TABLE_TTS && text)
    return text;
  return "Alpha one is here. Alpha two is there.";
}

/* Rules for later turns come first: words that were not answered come again
 * with the next. */
static gchar *
config_text (TableServices * self)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "{\"keys\": [\"%s%s\"], \"llm\": {\"replies\": "
      "[{\"when\": \"third\", \"say\": \"Charlie one is here. Charlie two "
      "is there.\"}, {\"when\": \"second\", \"say\": \"Bravo one is here. "
      "Bravo two is there.\"}, {\"when\": \"first\", \"say\": \"%s\"}, "
      "\"What?\"]},\n",
      self->cell->key, row_of (self)->wrong_key ? "-other" : "",
      reply_to_first (self));
  g_string_append (text, "\"tts\": {\"chunk_ms\": 40}}\n");
  return g_string_free (text, FALSE);
}

/* Which tone stands for which words. */
static void
add_sounds (ParleyEmulatorSettings * settings)
{
  static const struct
  {
    const gchar *words;
    gchar letter;
    guint ms;
  } sounds[] = {
    {"Greeting", 'G', TONE_MS}, {"Alpha one", 'a', TONE_MS},
    {"Alpha two", 'b', TONE_MS}, {"Bravo one", 'c', TONE_MS},
    {"Bravo two", 'd', TONE_MS}, {"Charlie one", 'e', TONE_MS},
    {"Charlie two", 'f', TONE_MS}, {"Sorry", 's', TONE_MS},
    {"Nothing", 'x', 0}, {"yankee", 'y', TONE_MS}, {"and on", 'x', TONE_MS}
  };

  for (guint i = 0; i < G_N_ELEMENTS (sounds); i++) {
    ParleyEmulatorSound *sound = g_new0 (ParleyEmulatorSound, 1);

    sound->when = g_strdup (sounds[i].words);
    sound->mulaw = table_sound_new (sounds[i].letter, sounds[i].ms);
    g_ptr_array_add (settings->sounds, sound);
  }
}

static ParleyEmulator *
emulator_at (TableServices * self, guint16 port)
{
  g_autoptr (GError) error = NULL;
  ParleyEmulatorSettings *settings =
      parley_emulator_settings_new (self->config, &error);
  ParleyEmulator *emulator;

  if (!settings)
    g_error ("%s: %s", self->config, error->message);
  add_sounds (settings);
  emulator = parley_emulator_new (settings);
  if (!parley_emulator_listen (emulator, "127.0.0.1", port, &error))
    g_error ("%s", error->message);
  return emulator;
}

/* @port 0: one that no emulator had. */
static ParleyEmulator *
emulator_new (TableServices * self, guint16 port)
{
  ParleyEmulator *emulator = emulator_at (self, port);

  if (port || parley_mock_take_port (parley_emulator_get_port (emulator)))
    return emulator;
  parley_emulator_free (emulator);
  return emulator_new (self, 0);
}

static void
emulator_end (TableServices * self, ParleyEmulator * emulator)
{
  g_autofree gchar *json =
      parley_records_to_json (parley_emulator_get_records (emulator), 0);

  g_string_append (self->cell->records, json);
  parley_emulator_free (emulator);
}

static void
drop_looked_at (TableServices * self)
{
  if (self->looked_at)
    emulator_end (self, g_steal_pointer (&self->looked_at));
}

static void
set_said (ParleyEmulator * emulator, const gchar * text)
{
  GPtrArray *texts = parley_emulator_get_settings (emulator)->transcripts;
  ParleyEmulatorTranscript *transcript = g_new0 (ParleyEmulatorTranscript, 1);

  g_ptr_array_set_size (texts, 0);
  transcript->text = g_strdup (text);
  g_ptr_array_add (texts, transcript);
}

/* What any utterance from now on will have been. */
static void
set_words (TableServices * self)
{
  const gchar *text = table_get_said (MAX (self->turn, 1) - 1);

  if (self->turn == 1 && provider_of (self)->kind == TABLE_STT
      && row_of (self)->text[TABLE_STT])
    text = row_of (self)->text[TABLE_STT];
  set_said (self->others, text);
  if (self->looked_at)
    set_said (self->looked_at, text);
}

static void
open_looked_at (TableServices * self)
{
  g_clear_pointer (&self->hole, table_hole_free);
  if (!self->looked_at)
    self->looked_at = emulator_new (self, self->port);
  self->port = parley_emulator_get_port (self->looked_at);
  set_words (self);
}

void
table_services_restart (TableServices * self)
{
  drop_looked_at (self);
  open_looked_at (self);
}

static void
set_delay (TableServices * self, guint ms)
{
  ParleyEmulatorSettings *settings =
      parley_emulator_get_settings (self->looked_at);
  ParleyDelay *delays[] = { &settings->stt_final, &settings->llm_first_token,
    &settings->tts_first_audio
  };

  delays[provider_of (self)->kind]->median = ms * G_TIME_SPAN_MILLISECOND;
}

static void
add_fault (TableServices * self)
{
  g_autofree gchar *text = g_strdup_printf ("{'protocol':'%s',%s}",
      provider_of (self)->protocol, row_of (self)->fault);
  g_autoptr (JsonNode) node = NULL;
  gchar *wrong;

  g_strdelimit (text, "'", '"');
  node = json_from_string (text, NULL);
  wrong =
      parley_faults_add (parley_emulator_get_settings (self->looked_at)->faults,
      json_node_get_object (node));
  if (wrong)
    g_error ("%s: %s", text, wrong);
}

/* The place at the breaker */

static ParleyBreaker *
breaker_of (TableServices * self)
{
  g_autofree gchar *name = g_strdup_printf ("%s-%s", provider_of (self)->name,
      table_kind_get_name (provider_of (self)->kind));
  g_autofree gchar *host = g_strdup_printf ("127.0.0.1:%u", self->port);

  return parley_breaker_get (name, host);
}

static void
ignore_entered (ParleyBreakerTicket * ticket, const GError * error,
    gpointer data)
{
}

static void
take_place (TableServices * self)
{
  parley_breaker_set_max_concurrent (breaker_of (self), 1);
  self->place = parley_breaker_enter_in_loop (breaker_of (self),
      parley_emulator_get_loop (self->others), G_MAXINT64, ignore_entered,
      NULL);
}

static void
give_place (TableServices * self)
{
  if (!self->place)
    return;
  parley_breaker_cancel (g_steal_pointer (&self->place));
  parley_breaker_set_max_concurrent (breaker_of (self), 0);
}

static void
breaker_stats (TableServices * self, ParleyBreakerStats * stats)
{
  parley_breaker_get_stats (breaker_of (self), stats);
}

/* What happens to the first turn, and what makes it good again */

void
table_services_arrange (TableServices * self)
{
  const TableCase *row = row_of (self);
  ParleyBreakerStats stats;

  if (row->point == TABLE_WAITING || row->point == TABLE_CONNECTING) {
    drop_looked_at (self);
    if (row->point == TABLE_CONNECTING)
      self->hole = table_hole_new (self->port);
    else
      take_place (self);
  } else if ((row->fault || row->late_ms) && provider_of (self)->websocket) {
    /* Rules are for connections to come; what came before is of no interest. */
    table_services_restart (self);
  }
  if (row->fault)
    add_fault (self);
  if (row->late_ms)
    set_delay (self, row->late_ms);
  breaker_stats (self, &stats);
  self->cancelled = stats.cancelled;
}

/* A websocket keeps the fault that it met at its beginning. */
void
table_services_relieve (TableServices * self)
{
  if (row_of (self)->fault && provider_of (self)->websocket)
    drop_looked_at (self);
  open_looked_at (self);
  give_place (self);
  parley_faults_clear (parley_emulator_get_settings (self->looked_at)->faults);
  set_delay (self, 0);
}

/* What the emulator has to tell of a request of the first turn. */
static gboolean
is_request (TableServices * self, JsonObject * one, gboolean answered)
{
  JsonObject *sent = json_object_get_object_member (one, "departures");
  JsonObject *came = json_object_get_object_member (one, "arrivals");

  if (!g_str_equal (json_object_get_string_member (one, "protocol"),
          provider_of (self)->protocol)
      || !json_object_get_null_member (one, "end")
      || json_object_get_null_member (one, "fault")
      != (row_of (self)->fault == NULL))
    return FALSE;
  if (!row_of (self)->late_ms)
    return (json_object_get_int_member (sent, "count") > 0) == answered;
  return provider_of (self)->websocket
      ? json_object_get_int_member (came, "count") > 0
      : json_object_has_member (one, "complete_us");
}

static gboolean
has_request (TableServices * self, gboolean answered)
{
  g_autofree gchar *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonArray *all;
  gboolean has = FALSE;

  if (!self->looked_at)
    return FALSE;
  text = parley_records_to_json (parley_emulator_get_records
      (self->looked_at), 0);
  node = json_from_string (text, NULL);
  all = json_object_get_array_member (json_node_get_object (node), "requests");
  for (guint i = 0; i < json_array_get_length (all) && !has; i++)
    has = is_request (self, json_array_get_object_element (all, i), answered);
  return has;
}

gboolean
table_services_has_reached (TableServices * self, TablePoint point)
{
  ParleyBreakerStats stats;

  breaker_stats (self, &stats);
  switch (point) {
    case TABLE_WAITING:
      return stats.waiting > 0;
    case TABLE_CONNECTING:
      return stats.in_flight > 0 && table_port_is_dialled (self->port);
    case TABLE_SENT:
      return has_request (self, FALSE);
    case TABLE_MIDDLE:
      return has_request (self, TRUE);
    default:
      return FALSE;
  }
}

gboolean
table_services_has_cancelled (TableServices * self)
{
  ParleyBreakerStats stats;

  breaker_stats (self, &stats);
  return stats.cancelled > self->cancelled;
}

gboolean
table_services_is_closed (TableServices * self)
{
  return self->hole || self->place;
}

/* Begin and end */

void
table_services_set_turn (TableServices * self, guint turn)
{
  self->turn = turn;
  set_words (self);
}

void
table_services_begin (TableServices * self, TableCell * cell,
    const gchar * path)
{
  g_autofree gchar *text = NULL;

  self->cell = cell;
  self->config = g_strdup (path);
  text = config_text (self);
  if (!g_file_set_contents (path, text, -1, NULL))
    g_error ("cannot write %s", path);
  self->others = emulator_new (self, 0);
  /* They take any key. */
  g_strfreev (parley_emulator_get_settings (self->others)->keys);
  parley_emulator_get_settings (self->others)->keys = NULL;
  open_looked_at (self);
}

void
table_services_end (TableServices * self)
{
  give_place (self);
  g_clear_pointer (&self->hole, table_hole_free);
  drop_looked_at (self);
  emulator_end (self, self->others);
  g_free (self->config);
}
