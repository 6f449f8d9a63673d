/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a frame takes there and back: N callers at once, each sends a frame
 * of 20 ms in real time and looks for it in what comes back. Every frame is
 * numbered, in mu-law codes that an echo returns unchanged.
 *
 * bench-echo URL CALLS SECONDS prints {"calls","frames","lost","p50_us",
 * "p99_us","max_us"}. */

#include <libsoup/soup.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "net/twiliomessage.h"

#define FRAME 160
#define SID "MZ00000000000000000000000000000001"
/* Before this many frames a call is still being set up. */
#define WARM_UP 50

typedef struct
{
  SoupWebsocketConnection *socket;
  GSource *timer;
  gint64 next;                  /* due, µs */
  guint32 sent;
  GArray *sent_at;              /* of gint64, by frame */
  GByteArray *heard;            /* not looked at yet */
} Caller;

static GMainLoop *loop;
static GArray *trips;           /* of gint64, µs */
static guint frames, n_closed;
static gint64 stop_at;

/* A frame is its number, six bits a byte, over and over: any stretch of a frame
 * that begins with a whole number tells it. Codes stay clear of silence. */
static void
number_frame (guint8 * frame, guint32 number)
{
  for (guint i = 0; i < FRAME; i += 4) {
    frame[i] = 0xc0;
    frame[i + 1] = 0x40 | ((number >> 12) & 0x3f);
    frame[i + 2] = 0x40 | ((number >> 6) & 0x3f);
    frame[i + 3] = 0x40 | (number & 0x3f);
  }
}

static void
send (Caller * self, GString * text)
{
  soup_websocket_connection_send_text (self->socket, text->str);
  g_string_free (text, TRUE);
}

static gboolean
send_frame (gpointer data)
{
  Caller *self = data;
  GString *text = g_string_new (NULL);
  guint8 frame[FRAME];
  gint64 now = parley_clock_now ();

  if (now >= stop_at) {
    soup_websocket_connection_close (self->socket, 1000, NULL);
    return G_SOURCE_REMOVE;
  }
  number_frame (frame, self->sent);
  parley_twilio_build_inbound_media (text, SID, self->sent + 2,
      self->sent + 1, self->sent * 20, frame, FRAME);
  g_array_append_val (self->sent_at, now);
  send (self, text);
  self->sent++;
  if (self->sent > WARM_UP)
    frames++;
  self->next += 20000;
  parley_timer_set_due (self->timer, self->next);
  return G_SOURCE_CONTINUE;
}

static void
note_frame (Caller * self, guint32 number, gint64 now)
{
  gint64 trip;

  if (number >= self->sent || number < WARM_UP)
    return;
  trip = now - g_array_index (self->sent_at, gint64, number);
  g_array_append_val (trips, trip);
}

/* Frames may come back cut anywhere; the mark says where a number begins. */
static void
look_at (Caller * self, const guint8 * audio, gsize len, gint64 now)
{
  guint32 last = G_MAXUINT32;

  g_byte_array_append (self->heard, audio, len);
  while (self->heard->len >= 4) {
    const guint8 *p = self->heard->data;
    guint32 number;

    if (p[0] != 0xc0) {
      g_byte_array_remove_range (self->heard, 0, 1);
      continue;
    }
    number = (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    if (number != last && self->heard->len >= FRAME) {
      note_frame (self, number, now);
      last = number;
    }
    g_byte_array_remove_range (self->heard, 0, MIN (FRAME, self->heard->len));
  }
}

static void
on_message (SoupWebsocketConnection * socket, gint type, GBytes * bytes,
    Caller * self)
{
  ParleyTwilioMessage message;
  gint64 now = parley_clock_now ();
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  if (!parley_twilio_parse_outbound (json, len, SID, &message, NULL))
    return;
  if (message.type == PARLEY_TWILIO_MEDIA)
    look_at (self, message.payload, message.payload_len, now);
  parley_twilio_message_clear (&message);
}

static void
on_closed (SoupWebsocketConnection * socket, guint * n_calls)
{
  if (++n_closed == *n_calls)
    g_main_loop_quit (loop);
}

static guint n_calls;

static void
connected (GObject * session, GAsyncResult * result, gpointer data)
{
  Caller *self = data;
  GError *error = NULL;
  GString *text = g_string_new (NULL);

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION
      (session), result, &error);
  if (!self->socket)
    g_error ("no call: %s", error->message);
  soup_websocket_connection_set_max_incoming_payload_size (self->socket, 0);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), &n_calls);
  parley_twilio_build_connected (text);
  send (self, text);
  text = g_string_new (NULL);
  parley_twilio_build_start (text, SID, "AC1", "CA1", NULL);
  send (self, text);
  self->next = parley_clock_now () + g_random_int_range (0, 20000);
  self->timer = parley_timer_new (self->next);
  g_source_set_callback (self->timer, send_frame, self, NULL);
  g_source_attach (self->timer, NULL);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gint64
percentile (guint percent)
{
  if (trips->len == 0)
    return -1;
  return g_array_index (trips, gint64, (trips->len - 1) * percent / 100);
}

gint
main (gint argc, gchar ** argv)
{
  SoupSession *session = soup_session_new_with_options ("max-conns", 10000,
      "max-conns-per-host", 10000, "timeout", 0, NULL);

  if (argc != 4) {
    g_printerr ("usage: bench-echo URL CALLS SECONDS\n");
    return 2;
  }
  n_calls = atoi (argv[2]);
  stop_at = parley_clock_now () + atoi (argv[3]) * G_TIME_SPAN_SECOND;
  loop = g_main_loop_new (NULL, FALSE);
  trips = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < n_calls; i++) {
    Caller *caller = g_new0 (Caller, 1);
    SoupMessage *message = soup_message_new ("GET", argv[1]);

    caller->sent_at = g_array_new (FALSE, FALSE, sizeof (gint64));
    caller->heard = g_byte_array_new ();
    soup_session_websocket_connect_async (session, message, NULL, NULL,
        G_PRIORITY_DEFAULT, NULL, connected, caller);
    g_object_unref (message);
  }
  g_main_loop_run (loop);
  g_array_sort (trips, compare);
  g_print ("{\"calls\":%u,\"frames\":%u,\"lost\":%d,\"p50_us\":%"
      G_GINT64_FORMAT ",\"p99_us\":%" G_GINT64_FORMAT ",\"max_us\":%"
      G_GINT64_FORMAT "}\n", n_calls, frames, (gint) frames - (gint) trips->len,
      percentile (50), percentile (99), percentile (100));
  return 0;
}
