/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "callrig.h"
#include "net/clock.h"

/* Bad input ends its call with one clear error, and a fresh call answers. */

typedef struct
{
  const gchar *name;
  guint8 first;                 /* of the frame; 0: @data is raw bytes */
  const gchar *data;
} Bad;

static const Bad bad[] = {
  {"malformed-json", 0x81, "{\"event\":\"media\""},
  {"not-json", 0x81, "hello"},
  {"empty-text", 0x81, ""},
  {"array", 0x81, "[]"},
  {"no-event", 0x81, "{}"},
  {"media-without-payload", 0x81,
      "{\"event\":\"media\",\"streamSid\":\"" RIG_SID "\",\"media\":{}}"},
  {"bad-base64", 0x81, "{\"event\":\"media\",\"streamSid\":\"" RIG_SID "\","
        "\"media\":{\"chunk\":\"1\",\"timestamp\":\"0\",\"payload\":\"***\"}}"},
  {"wrong-encoding", 0x81, "{\"event\":\"start\",\"streamSid\":\"" RIG_SID "\","
        "\"start\":{\"streamSid\":\"" RIG_SID "\",\"callSid\":\"CA1\","
        "\"accountSid\":\"AC1\",\"tracks\":[\"inbound\"],"
        "\"mediaFormat\":{\"encoding\":\"audio/opus\",\"sampleRate\":48000,"
        "\"channels\":2}}}"},
  {"binary-frame", 0x82, "{\"event\":\"connected\"}"},
  {"not-utf8", 0x81, "{\"event\":\"\xff\xfe\"}"},
  {"reserved-bits", 0xf1, "{}"},
  {"unknown-opcode", 0x8b, "{}"},
  {"continuation-of-nothing", 0x80, "{}"},
  {"fragmented-ping", 0x09, "x"},
  {"garbage-bytes", 0, "GET / HTTP/1.1\r\nHost: here\r\n\r\n"},
};

static void
test_bad (CallRig * self, gconstpointer data)
{
  const Bad *b = data;

  for (guint started = 0; started < 2; started++) {
    rig_dial (self);
    if (started)
      rig_send_start (self);
    g_string_truncate (self->log, 0);
    if (b->first)
      parley_mock_peer_frame (self->peer, b->first, b->data, strlen (b->data));
    else
      parley_mock_peer_print (self->peer, b->data);
    parley_mock_wait (self->ended);
    /* More of it changes nothing. */
    if (b->first)
      parley_mock_peer_frame (self->peer, b->first, b->data, strlen (b->data));
    parley_mock_peer_stop_reading (self->peer);
    rig_drop_peer (self);
    assert_told (self, "ended:protocol");
    self->ended = 0;
  }
  assert_fresh_call_works (self);
}

/* Sends what @next sends until the call ends. */
static void
flood (CallRig * self, guint8 first, gsize size, gsize limit)
{
  gchar *block = g_malloc0 (size);
  gsize sent = 0;

  memset (block, 'x', size);
  rig_start_call (self);
  while (!self->ended && sent < limit) {
    if (!parley_mock_peer_frame (self->peer, first, block, size))
      break;
    first &= 0xf0 | (first & 8 ? 0xf : 0);      /* fragments go on as 0 */
    sent += size;
    while (g_main_context_iteration (NULL, FALSE));
  }
  parley_mock_wait (self->ended);
  assert_told (self, "ended:protocol");
  g_assert_cmpuint (sent, <=, 4 * PARLEY_TWILIO_MAX_MESSAGE);
  g_free (block);
  assert_fresh_call_works (self);
}

static void
test_oversize_frame (CallRig * self, gconstpointer data)
{
  flood (self, 0x81, PARLEY_TWILIO_MAX_MESSAGE + 1, PARLEY_TWILIO_MAX_MESSAGE);
}

static void
test_endless_fragments (CallRig * self, gconstpointer data)
{
  flood (self, 0x01, 1000, 64 * 1024 * 1024);
}

static void
test_endless_empty_fragments (CallRig * self, gconstpointer data)
{
  flood (self, 0x01, 1, 64 * 1024 * 1024);
}

static void
test_ping_flood (CallRig * self, gconstpointer data)
{
  flood (self, 0x89, 125, 64 * 1024 * 1024);
}

/* A frame that announces more than can be. */
static void
test_announced_length (CallRig * self, gconstpointer data)
{
  rig_start_call (self);
  parley_mock_peer_write (self->peer,
      "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  parley_mock_wait (self->ended);
  assert_told (self, "ended:protocol");
  assert_fresh_call_works (self);
}

/* Large but allowed, in fragments and with pings between: a message. */
static void
test_fragments_and_pings (CallRig * self, gconstpointer data)
{
  GString *message = g_string_new (NULL);
  guint8 *audio = g_malloc0 (40000);
  gsize at = 0;

  rig_start_call (self);
  for (guint round = 0; round < 10; round++) {
    parley_twilio_build_inbound_media (message, RIG_SID, 2, 1, 0, audio, 40000);
    for (at = 0; at < message->len; at += 1000) {
      gsize len = MIN (message->len - at, 1000);
      parley_mock_peer_frame (self->peer, (at ? 0 : 1)
          | (at + len == message->len ? PARLEY_MOCK_FIN : 0),
          message->str + at, len);
      parley_mock_peer_frame (self->peer, PARLEY_MOCK_FIN | 9, "p", 1);
    }
    parley_mock_wait (self->log->len);
    assert_told (self, "media40000");
    g_string_truncate (message, 0);
  }
  g_free (audio);
  g_string_free (message, TRUE);
}

/* Pings do not count as a sign that messages get through, and a peer that reads
 * none of the answers cannot have them pile up. */
static void
test_pings_unread (CallRig * self, gconstpointer data)
{
  gchar ping[125] = { 0 };
  gsize sent = 0;

  rig_dial_stuck (self, 4096);
  parley_clock_set_real ();
  while (!self->ended && sent < 16 * 1024 * 1024) {
    if (!parley_mock_peer_frame (self->peer, PARLEY_MOCK_FIN | 9, ping,
            sizeof ping))
      break;
    sent += sizeof ping;
    while (g_main_context_iteration (NULL, FALSE));
    if (sent % 12500 == 0)
      rig_send_dtmf (self, '1');
  }
  parley_mock_wait (self->ended);
  g_assert_true (g_str_has_suffix (self->log->str, "ended:protocol"));
  g_assert_cmpuint (sent, <, 2 * 1024 * 1024);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rig_quiet ();
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    gchar *name = g_strconcat ("bad/", bad[i].name, NULL);
    rig_add (name, &bad[i], test_bad);
    g_free (name);
  }
  rig_add ("bad/oversize-frame", NULL, test_oversize_frame);
  rig_add ("bad/endless-fragments", NULL, test_endless_fragments);
  rig_add ("bad/endless-small-fragments", NULL, test_endless_empty_fragments);
  rig_add ("bad/ping-flood", NULL, test_ping_flood);
  rig_add ("bad/pings-unread", NULL, test_pings_unread);
  rig_add ("bad/announced-length", NULL, test_announced_length);
  rig_add ("fragments-and-pings", NULL, test_fragments_and_pings);
  return g_test_run ();
}
