/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deepgram's Flux, /v2/listen: it takes turns by itself. */
#include <string.h>

#include "emulator/listening.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"

#define DEFAULT_TIMEOUT 5000    /* ms */

typedef struct
{
  ParleyExchange *exchange;     /* borrowed */
  ParleyListening *listening;
  gchar *id;                    /* of the request */
  guint sequence;
  guint turn;
  gchar *so_far;                /* of the turn, NULL: none is open; owned */
  guint start;                  /* ms */
  guint silence_ms;             /* that ends a turn */
} Flux;

static void
flux_free (gpointer data)
{
  Flux *self = data;

  g_clear_pointer (&self->listening, parley_listening_free);
  g_free (self->id);
  g_free (self->so_far);
  g_free (self);
}

static void
send_turn (Flux * self, const gchar * event, const gchar * text, guint start,
    guint now, gdouble confidence)
{
  gdouble from = start / 1000.0, to = now / 1000.0;
  g_autofree gchar *words = parley_deepgram_words (text, from, to);
  g_autofree gchar *json = parley_wire_json ("{'type':'TurnInfo',"
      "'request_id':%q,'sequence_id':%d,'event':%q,'turn_index':%d,"
      "'audio_window_start':%f,'audio_window_end':%f,'transcript':%q,"
      "'words':%s,'end_of_turn_confidence':%f}", self->id,
      (gint) self->sequence++, event, (gint) self->turn, from, to, text,
      words, confidence);

  parley_exchange_send_text (self->exchange, "turn", json);
}

static void
keep (Flux * self, const gchar * text)
{
  g_free (self->so_far);
  self->so_far = g_strdup (text);
}

/* The words of a turn are not known as soon as it is. */
static void
on_heard (ParleyExchange * exchange, guint now, gpointer data)
{
  Flux *self = data;

  if (self->so_far == NULL)
    send_turn (self, "Update", "", now, now, 0.0);
  else if (*self->so_far)
    send_turn (self, "Update", self->so_far, self->start, now, 0.1);
}

static void
on_started (ParleyExchange * exchange, guint at, gpointer data)
{
  Flux *self = data;

  self->start = at;
  keep (self, "");
  send_turn (self, "StartOfTurn", "", at,
      parley_listening_get_now (self->listening), 0.01);
}

static void
on_partial (ParleyExchange * exchange, const gchar * text, guint start,
    guint now, gpointer data)
{
  Flux *self = data;

  keep (self, text);
  send_turn (self, "Update", text, start, now, 0.1);
}

static void
on_eager (ParleyExchange * exchange, const gchar * text, guint start,
    guint now, gpointer data)
{
  Flux *self = data;

  keep (self, text);
  send_turn (self, "EagerEndOfTurn", text, start, now, 0.5);
}

static void
on_resumed (ParleyExchange * exchange, gpointer data)
{
  Flux *self = data;

  send_turn (self, "TurnResumed", self->so_far, self->start,
      parley_listening_get_now (self->listening), 0.1);
}

static void
on_final (ParleyExchange * exchange, const gchar * text, guint start,
    guint end, ParleyListeningEnd why, gpointer data)
{
  Flux *self = data;
  g_autofree gchar *json = NULL;

  if (text == NULL) {
    json = parley_wire_json ("{'type':'Error','sequence_id':%d,"
        "'code':'INTERNAL_SERVER_ERROR','description':'The server had an "
        "error.'}", (gint) self->sequence++);
    parley_exchange_send_text (exchange, "error", json);
    parley_exchange_close (exchange, 1011, NULL);
    return;
  }
  /* What was forced without a turn is none. */
  if (start == end)
    return;
  g_clear_pointer (&self->so_far, g_free);
  /* The silence that ended it was heard too. */
  if (why == PARLEY_LISTENING_SILENCE)
    end += self->silence_ms;
  send_turn (self, "EndOfTurn", text, start, end, 0.9);
  self->turn++;
}

static void
on_ended (ParleyExchange * exchange, gpointer data)
{
  parley_exchange_close (exchange, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static const ParleyListeningFuncs listening_funcs = {
  on_heard, on_started, on_partial, on_eager, on_resumed, on_final, on_ended
};

static void
on_open (ParleyExchange * exchange)
{
  Flux *self = parley_exchange_get_data (exchange);
  g_autofree gchar *json = parley_wire_json ("{'type':'Connected',"
      "'request_id':%q,'sequence_id':%d}", self->id,
      (gint) self->sequence++);

  parley_exchange_send_text (exchange, "connected", json);
}

static void
on_binary (ParleyExchange * exchange, const guint8 * bytes, gsize len)
{
  Flux *self = parley_exchange_get_data (exchange);

  parley_listening_sound (self->listening, bytes, len);
}

static void
on_text (ParleyExchange * exchange, const gchar * text, gsize len)
{
  Flux *self = parley_exchange_get_data (exchange);
  const gchar *wrong;
  g_autoptr (JsonNode) root = parley_wire_json_parse (text, len, &wrong);
  const gchar *type = root == NULL ? NULL
      : parley_wire_string (json_node_get_object (root), "type");
  g_autofree gchar *json = NULL;

  if (g_strcmp0 (type, "CloseStream") == 0) {
    parley_listening_end (self->listening);
  } else if (g_strcmp0 (type, "ForceEndTurn") == 0) {
    parley_listening_finalize (self->listening);
  } else if (g_strcmp0 (type, "Configure") == 0) {
    json = parley_wire_json ("{'type':'ConfigureSuccess','request_id':%q,"
        "'sequence_id':%d}", self->id, (gint) self->sequence++);
    parley_exchange_send_text (exchange, "configured", json);
  } else {
    json = parley_wire_json ("{'type':'Error','sequence_id':%d,"
        "'code':'UNPARSABLE_CLIENT_MESSAGE','description':%q}",
        (gint) self->sequence++, wrong != NULL ? wrong : "unknown type");
    parley_exchange_send_text (exchange, "error", json);
    parley_exchange_close (exchange, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
        NULL);
  }
}

static const ParleyExchangeHandler handler = { on_open, on_text, on_binary };

/* However unsure the service is, so much silence is an end. */
static guint
read_timeout (ParleyExchange * exchange)
{
  const gchar *text = parley_exchange_query (exchange, "eot_timeout_ms");
  guint64 ms = DEFAULT_TIMEOUT;

  if (text != NULL)
    g_ascii_string_to_unsigned (text, 10, 500, 60000, &ms, NULL);
  return ms;
}

static void
handle (ParleyExchange * exchange)
{
  ParleySoundFormat format;
  ParleyEmulatorSettings *settings = parley_exchange_settings (exchange);
  gboolean eager =
      parley_exchange_query (exchange, "eager_eot_threshold") != NULL;
  Flux *self;

  if (!parley_deepgram_read_format (exchange, &format))
    return;
  self = g_new0 (Flux, 1);
  self->exchange = exchange;
  self->id = g_strdup_printf ("%08x-emulated",
      parley_exchange_number (exchange));
  self->silence_ms = MIN (settings->silence_ms, read_timeout (exchange));
  self->listening = parley_listening_new (exchange, &format, NULL,
      self->silence_ms, eager ? settings->eager_ms : 0, &listening_funcs, self);
  parley_exchange_set_data (exchange, self, flux_free);
  parley_exchange_set_header (exchange, "dg-request-id", self->id);
  parley_exchange_upgrade (exchange, &handler);
}

const ParleyProtocol parley_flux_protocols[] = {
  {"deepgram-flux", "GET", "/v2/listen", TRUE, parley_deepgram_key,
      parley_deepgram_refuse, handle},
  {NULL}
};
