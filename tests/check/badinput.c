/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A service that gets every kind of bad input. Each ends its own call at most,
 * with one line in the log; a call beside it goes on, and a fresh one hears
 * the greeting. */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "caller.h"
#include "mock/coreplugins.h"
#include "mock/peer.h"
#include "net/twiliomessage.h"
#include "server/service.h"

#define SID "MZ00000000000000000000000000000007"
#define TEXT 0x81
#define BINARY 0x82
#define CLOSE 0x88
#define PING 0x89

static ParleyService *service;
static SoupSession *session;
static guint16 port;
static ParleyMockPeer *bystander;
static guint n_bystander_chunks;
static GMutex log_lock;
static GString *log_text;

static gboolean
on_tick (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* libsoup logs each frame, GIO each connection. */
static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * message,
    gpointer data)
{
}

/* The log, from all threads */

static void
keep_log (const gchar * text)
{
  g_mutex_lock (&log_lock);
  g_string_append (log_text, text);
  fputs (text, stderr);
  g_mutex_unlock (&log_lock);
}

static guint
count_in_log (const gchar * text)
{
  guint n = 0;

  g_mutex_lock (&log_lock);
  for (const gchar * at = log_text->str; (at = strstr (at, text)); at++)
    n++;
  g_mutex_unlock (&log_lock);
  return n;
}

static void
forget_log (void)
{
  g_mutex_lock (&log_lock);
  g_string_truncate (log_text, 0);
  g_mutex_unlock (&log_lock);
}

/* Calls */

static void
send_start (ParleyMockPeer * peer, const gchar * to)
{
  g_autoptr (GHashTable) parameters =
      g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) text = g_string_new (NULL);

  g_hash_table_insert (parameters, (gpointer) "To", (gpointer) to);
  parley_twilio_build_connected (text);
  parley_mock_peer_text (peer, text->str);
  g_string_truncate (text, 0);
  parley_twilio_build_start (text, SID, "AC1", "CA-bad", parameters);
  parley_mock_peer_text (peer, text->str);
}

static ParleyMockPeer *
upgraded (void)
{
  ParleyMockPeer *peer = parley_mock_peer_new (port);

  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", NULL, NULL), ==,
      101);
  return peer;
}

static ParleyMockPeer *
dial (const gchar * to)
{
  ParleyMockPeer *peer = upgraded ();

  send_start (peer, to);
  parley_mock_wait (count_in_log ("call began") == 1);
  return peer;
}

static void
send_media (ParleyMockPeer * peer, guint chunk)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint8 audio[160];

  memset (audio, 0x10, sizeof audio);
  parley_twilio_build_inbound_media (text, SID, chunk + 1, chunk,
      (chunk - 1) * 20, audio, sizeof audio);
  parley_mock_peer_text (peer, text->str);
}

static gboolean
has_media (ParleyMockPeer * peer)
{
  g_autoptr (GString) payload = g_string_new (NULL);
  gboolean found = FALSE;

  while (!found && parley_mock_peer_take_frame (peer, payload) >= 0) {
    found = strstr (payload->str, "\"media\"") != NULL;
    g_string_truncate (payload, 0);
  }
  return found;
}

/* What it says comes back to it. */
static void
assert_bystander_is_well (void)
{
  while (has_media (bystander));
  for (guint i = 0; i < 10; i++)
    send_media (bystander, ++n_bystander_chunks);
  parley_mock_wait (has_media (bystander));
  g_assert_false (bystander->gone);
}

typedef struct
{
  gboolean heard;
  gboolean done;
} Fresh;

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Fresh *fresh = data;

  if (event != PARLEY_CALLER_HEARS)
    return;
  fresh->heard = TRUE;
  parley_caller_hang_up (caller);
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  ((Fresh *) data)->done = TRUE;
}

static void
assert_fresh_call_is_greeted (void)
{
  g_autofree gchar *url = g_strdup_printf ("ws://127.0.0.1:%u/media", port);
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;
  Fresh fresh = { FALSE };
  ParleyCaller *caller;

  config.url = url;
  caller = parley_caller_new (&config, session, on_event, on_done, &fresh);
  parley_caller_start (caller);
  parley_mock_wait (fresh.done);
  g_assert_true (fresh.heard);
  parley_caller_free (caller);
}

static void
assert_all_else_is_well (void)
{
  assert_bystander_is_well ();
  assert_fresh_call_is_greeted ();
  parley_mock_wait (parley_service_get_calls (service) == 1);
}

/* One frame of bad input */

typedef struct
{
  const gchar *name;
  const gchar *said;            /* in the log's line; NULL: it is ignored */
  gboolean before_start;
  guint8 first;                 /* of the frame */
  const gchar *data;
  gsize len;
} Bad;

#define MEDIA(fields) \
    "{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{" fields "}}"
#define START(format) \
    "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"" SID "\"," \
    "\"start\":{\"streamSid\":\"" SID "\",\"callSid\":\"CA-bad\"," \
    "\"accountSid\":\"AC1\",\"tracks\":[\"inbound\"],\"mediaFormat\":{" \
    format "}}}"
#define SOUND "\"chunk\":\"1\",\"timestamp\":\"0\",\"payload\":"
#define BYTES(text) text, sizeof text - 1

static const Bad bad[] = {
  {"malformed-json", "JSON", FALSE, TEXT, BYTES ("{\"event\":\"media\"")},
  {"malformed-before-start", "JSON", TRUE, TEXT, BYTES ("{\"event\":")},
  {"nul-bytes", "JSON", FALSE, TEXT, BYTES ("{\"event\":\"a\0b\"}\0\0")},
  {"not-utf8", "protocol", FALSE, TEXT, BYTES ("{\"event\":\"\xff\xfe\"}")},
  {"bad-base64", "base64", FALSE, TEXT, BYTES (MEDIA (SOUND "\"!!!!\""))},
  {"payload-is-number", "payload", FALSE, TEXT, BYTES (MEDIA (SOUND "7"))},
  {"wrong-encoding", "audio/l16", TRUE, TEXT,
      BYTES (START ("\"encoding\":\"audio/l16\",\"sampleRate\":8000,"
                "\"channels\":1"))},
  {"wrong-rate", "16000", TRUE, TEXT,
      BYTES (START ("\"encoding\":\"audio/x-mulaw\",\"sampleRate\":16000,"
                "\"channels\":1"))},
  {"binary-frame", "binary", FALSE, BINARY, BYTES ("\x01\x02")},
  {"unknown-opcode", "protocol", FALSE, 0x8b, BYTES ("x")},
  {"huge-numbers", "64 bits", FALSE, TEXT,
      BYTES ("{\"event\":\"media\",\"sequenceNumber\":\"1e999\","
            "\"streamSid\":\"" SID "\",\"media\":{"
            "\"chunk\":\"99999999999999999999999\",\"timestamp\":"
            "\"-99999999999999999999\",\"payload\":\"/////w==\"}}")},
  {"wrong-stream", NULL, FALSE, TEXT,
      BYTES ("{\"event\":\"media\",\"streamSid\":\"MZother\",\"media\":{"
            SOUND "\"/////w==\"}}")},
  {"mark-without-name", "name", FALSE, TEXT,
      BYTES ("{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{}}")},
  {"bad-digit", "not a key", FALSE, TEXT,
      BYTES ("{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"dtmf\":{"
            "\"digit\":\"xyzzy\"}}")},
  {"media-before-start", NULL, TRUE, TEXT, BYTES (MEDIA (SOUND "\"/w==\""))},
  {"double-start", NULL, FALSE, TEXT,
      BYTES (START ("\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,"
                "\"channels\":1"))},
};

/* A close frame came, or the end without one. */
static gboolean
is_closed (ParleyMockPeer * peer)
{
  g_autoptr (GString) payload = g_string_new (NULL);
  gint opcode = 0;

  while (opcode != 8 && opcode >= 0)
    opcode = parley_mock_peer_take_frame (peer, payload);
  return opcode == 8 || peer->gone;
}

static void
assert_one_line (void)
{
  g_assert_cmpuint (count_in_log ("CA-bad: call ended")
      + count_in_log ("before its start message"), ==, 1);
  g_assert_cmpuint (count_in_log ("CA-bad: error of "), ==, 0);
}

static void
await_end (ParleyMockPeer * peer, const gchar * said)
{
  parley_mock_wait (is_closed (peer));
  parley_mock_wait (parley_service_get_calls (service) == 1);
  assert_one_line ();
  if (said && !strstr (log_text->str, said))
    g_error ("the log should say “%s”: %s", said, log_text->str);
}

static void
test_bad (gconstpointer data)
{
  const Bad *b = data;
  ParleyMockPeer *peer;

  forget_log ();
  peer = b->before_start ? upgraded () : dial ("agent");

  parley_mock_peer_frame (peer, b->first, b->data, b->len);
  if (!b->said) {
    if (b->before_start)
      send_start (peer, "echo");
    parley_mock_wait (count_in_log ("call began") == 1);
    for (guint i = 1; i <= 10; i++)
      send_media (peer, i);
    parley_mock_wait (has_media (peer));
    parley_mock_peer_frame (peer, CLOSE, "\x03\xe8", 2);
  }
  await_end (peer, b->said);
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

/* More than a frame */

static void
test_deep_nesting (void)
{
  g_autofree gchar *nested = g_strnfill (50000, '[');
  ParleyMockPeer *peer;

  forget_log ();
  peer = dial ("agent");
  parley_mock_peer_text (peer, nested);
  await_end (peer, "JSON");
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

/* Frames of @size bytes until the call is over. */
static void
flood (guint8 first, guint8 next, gsize size)
{
  g_autofree gchar *data = g_strnfill (size, 'x');
  ParleyMockPeer *peer;

  forget_log ();
  peer = dial ("agent");
  parley_mock_peer_frame (peer, first, data, size);
  for (guint i = 0; i < 100000 && !peer->gone; i++) {
    if (!parley_mock_peer_frame (peer, next, data, size))
      break;
    while (g_main_context_iteration (NULL, FALSE));
  }
  parley_mock_wait (parley_service_get_calls (service) == 1);
  assert_one_line ();
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

static void
test_oversize_frame (void)
{
  flood (TEXT, TEXT, 1024 * 1024);
}

static void
test_endless_fragments (void)
{
  flood (0x01, 0x00, 1000);
}

static void
test_ping_flood (void)
{
  flood (PING, PING, 125);
}

static void
test_bad_close_codes (void)
{
  static const gchar *codes[] = { "\x03\xed", "\x00\x07", "\xff\xff", "\x03" };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    ParleyMockPeer *peer;

    forget_log ();
    peer = dial ("agent");
    parley_mock_peer_frame (peer, CLOSE, codes[i], strlen (codes[i])
        + (codes[i][0] == 0 ? 2 : 0));
    await_end (peer, NULL);
    parley_mock_peer_free (peer);
  }
  assert_all_else_is_well ();
}

static void
test_reset_at_each_stage (void)
{
  for (guint stage = 0; stage < 7; stage++) {
    ParleyMockPeer *peer;

    forget_log ();
    peer = stage < 2 ? parley_mock_peer_new (port)
        : stage < 4 ? upgraded () : dial ("agent");
    if (stage == 1)
      parley_mock_peer_print (peer, "GET /media HTTP/1.1\r\nUpgr");
    if (stage == 3)
      send_start (peer, "agent");
    if (stage == 5)
      parley_mock_peer_write (peer, "\x81\xfe\x01\x00", 4);
    if (stage == 6)
      parley_mock_wait (has_media (peer));
    parley_mock_peer_abort (peer);
  }
  assert_all_else_is_well ();
}

/* Its own voice comes back to it, and it takes none of it. */
static void
test_never_reads (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree guint8 *audio = g_malloc0 (8000);
  ParleyMockPeer *peer = parley_mock_peer_new_narrow (port, 4096);
  gboolean due = FALSE;
  guint n = 0, at = 0, tick;

  forget_log ();
  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", NULL, NULL), ==,
      101);
  send_start (peer, "echo");
  parley_mock_peer_stop_reading (peer);
  parley_mock_wait (count_in_log ("call began") == 1);
  tick = g_timeout_add (20, on_tick, &due);
  while (count_in_log ("call ended") == 0) {
    /* First as much as fills the buffers, then as a telephone does. */
    gsize len = n++ < 15 ? 8000 : 160;

    parley_twilio_build_inbound_media (text, SID, n + 1, n, at, audio, len);
    at += len / 8;
    parley_mock_peer_text (peer, text->str);
    g_string_truncate (text, 0);
    due = FALSE;
    while (!due)
      g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (tick);
  g_assert_cmpuint (count_in_log ("read nothing"), ==, 1);
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

/* Not websockets */

static void
test_garbage (void)
{
  static const gchar *garbage[] = {
    "hello\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "GET\r\n\r\n", "GET /media HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n",
    ("POST /twiml HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "zz\r\n"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++) {
    ParleyMockPeer *peer = parley_mock_peer_new (port);

    parley_mock_peer_print (peer, garbage[i]);
    parley_mock_wait (peer->gone || peer->in->len > 0);
    parley_mock_peer_free (peer);
  }
  assert_all_else_is_well ();
}

/* The server hangs up by itself, and answers others meanwhile. */
static void
test_half_headers (void)
{
  ParleyMockPeer *peer = parley_mock_peer_new (port);

  parley_mock_peer_print (peer, "GET /media HTTP/1.1\r\nHost: a\r\nUpg");
  assert_all_else_is_well ();
  parley_mock_wait (peer->gone);
  parley_mock_peer_free (peer);
}

static void
test_pipelining (void)
{
  ParleyMockPeer *peer = parley_mock_peer_new (port);

  parley_mock_peer_print (peer, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  g_assert_cmpuint (parley_mock_peer_response (peer, NULL, NULL), ==, 200);
  g_assert_cmpuint (parley_mock_peer_response (peer, NULL, NULL), ==, 404);
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

static void
test_huge_headers (void)
{
  ParleyMockPeer *peer = parley_mock_peer_new (port);
  g_autofree gchar *line = g_strnfill (1000, 'a');

  parley_mock_peer_print (peer, "GET /media HTTP/1.1\r\nHost: a\r\n");
  for (guint i = 0; i < 10000 && !peer->gone; i++) {
    g_autofree gchar *header = g_strdup_printf ("X-%u: %s\r\n", i, line);

    if (!parley_mock_peer_print (peer, header))
      break;
    while (g_main_context_iteration (NULL, FALSE));
  }
  parley_mock_wait (peer->gone);
  parley_mock_peer_free (peer);
  assert_all_else_is_well ();
}

static void
append_text_frame (GByteArray * packet, GString * text)
{
  const guint8 head[] = { TEXT, 0x80 | 126, text->len >> 8, text->len & 0xff };
  const guint8 mask[4] = { 0 };

  g_byte_array_append (packet, head, sizeof head);
  g_byte_array_append (packet, mask, sizeof mask);
  g_byte_array_append (packet, (guint8 *) text->str, text->len);
  g_string_truncate (text, 0);
}

/* Media right behind the start, in the same packet, is heard too. */
static void
test_burst (void)
{
  g_autoptr (GHashTable) parameters =
      g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  ParleyMockPeer *peer = upgraded ();
  guint8 audio[160];

  forget_log ();
  memset (audio, 0x10, sizeof audio);
  g_hash_table_insert (parameters, (gpointer) "To", (gpointer) "echo");
  parley_twilio_build_start (text, SID, "AC1", "CA-burst", parameters);
  append_text_frame (packet, text);
  parley_twilio_build_inbound_media (text, SID, 2, 1, 0, audio, sizeof audio);
  append_text_frame (packet, text);
  parley_mock_peer_write (peer, packet->data, packet->len);
  parley_mock_wait (has_media (peer));
  parley_mock_peer_free (peer);
  parley_mock_wait (count_in_log ("call ended") == 1);
}

static void
add_tests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *path = g_strconcat ("/badinput/", bad[i].name, NULL);

    g_test_add_data_func (path, &bad[i], test_bad);
  }
  g_test_add_func ("/badinput/deep-nesting", test_deep_nesting);
  g_test_add_func ("/badinput/oversize-frame", test_oversize_frame);
  g_test_add_func ("/badinput/endless-fragments", test_endless_fragments);
  g_test_add_func ("/badinput/ping-flood", test_ping_flood);
  g_test_add_func ("/badinput/bad-close-codes", test_bad_close_codes);
  g_test_add_func ("/badinput/reset-at-each-stage", test_reset_at_each_stage);
  g_test_add_func ("/badinput/never-reads", test_never_reads);
  g_test_add_func ("/badinput/garbage", test_garbage);
  g_test_add_func ("/badinput/half-headers", test_half_headers);
  g_test_add_func ("/badinput/pipelining", test_pipelining);
  g_test_add_func ("/badinput/huge-headers", test_huge_headers);
  g_test_add_func ("/badinput/not-bad-but-in-one-packet", test_burst);
}

static void
serve (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("parley-bad-XXXXXX", NULL);
  g_autofree gchar *agent = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "local.pipeline", NULL);
  g_autofree gchar *echo = g_build_filename (dir, "echo.pipeline", NULL);
  g_autoptr (GHashTable) routes = g_hash_table_new (g_str_hash, g_str_equal);
  ParleyServiceConfig config = { agent, routes, "127.0.0.1" };
  GError *error = NULL;

  g_assert_true (g_file_set_contents (echo, "twiliosrc ! mulawsink", -1, NULL));
  g_hash_table_insert (routes, (gpointer) "echo", echo);
  config.max_calls = 100;
  service = parley_service_new (&config, &error);
  g_assert_no_error (error);
  g_remove (echo);
  g_rmdir (dir);
  port = parley_service_get_port (service);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  log_text = g_string_new (NULL);
  g_set_printerr_handler (keep_log);
  serve ();
  session = parley_caller_session_new ();
  bystander = dial ("echo");
  add_tests ();
  status = g_test_run ();
  parley_mock_peer_free (bystander);
  parley_service_free (service);
  g_object_unref (session);
  g_set_printerr_handler (NULL);
  g_string_free (log_text, TRUE);
  return status;
}
