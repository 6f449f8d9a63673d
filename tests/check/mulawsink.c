/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sinkrig.h"

#include <math.h>

#include "net/clock.h"
#include "speech/g711.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* Playing */

static void
first_frames_at_once (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  rig_expect_wire (f, "ffffff");
  rig_expect_upstream (f, "begin1 ");
}

static void
pace_is_that_of_time (SinkRig * f, gconstpointer data)
{
  gint64 begin = parley_clock_now ();

  rig_push (f, 0, 0, 1, 3000);
  for (guint i = 0; i < 1400; i++) {
    gint64 gone = parley_clock_now () - begin;
    gint64 ahead = (gint64) f->audio->len * 125 - gone;

    g_assert_cmpint (ahead, <=, 120 * MS);
    g_assert_cmpint (ahead, >=, 80 * MS);
    rig_wait_ms (f, 2);
  }
}

static void
lead_is_a_property (SinkRig * f, gconstpointer data)
{
  g_object_set (f->sink, "lead", 500, NULL);
  rig_push (f, 0, 0, 1, 1000);
  g_assert_cmpuint (f->audio->len, ==, 25 * 160);
}

static void
nothing_while_silent (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_wait_ms (f, 60);
  rig_far_echo (f, "e1:0:40:0");
  rig_expect_wire (f, "ff e1:0:40:0 ");
  rig_wait_ms (f, 5000);
  rig_expect_wire (f, "");
  g_assert_cmpuint (rig_stat (f, "underruns"), ==, 0);
}

static void
marks_and_what_was_heard (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_push (f, 1, 1, 2, 700);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_wait_ms (f, 700);
  rig_expect_wire (f, "ff e1:0:40:0 fffffffffffffffffffffffff e1:1:540:0 "
      "ffffffffff e1:1:740:0 ");
  rig_far_echo (f, "e1:0:40:0");
  rig_far_echo (f, "e1:1:540:0");
  rig_far_echo (f, "e1:1:740:0");
  rig_expect_upstream (f,
      "begin1 heard1/0/40b heard1/1/540b heard1/1/740bd end1 ");
}

static void
last_frame_is_padded (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 25);
  rig_expect_wire (f, "f");
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_expect_wire (f, "f e1:0:25:0 ");
  g_assert_cmpuint (rig_count (f, 0xff), ==, 120);
}

static void
withheld_until_release (SinkRig * f, gconstpointer data)
{
  rig_push (f, 1, 0, 1, 40);
  rig_wait_ms (f, 500);
  rig_expect_wire (f, "");
  rig_release (f, 1);
  rig_expect_wire (f, "ff");
}

static void
audio_without_meta (SinkRig * f, gconstpointer data)
{
  rig_push (f, 0, 0, 1, 30);
  rig_wait_ms (f, 100);
  rig_expect_wire (f, "ff e0:0:30:0 ");
  rig_far_echo (f, "e0:0:30:0");
  rig_expect_upstream (f, "begin0 heard0/0/30bd end0 ");
}

static void
reply_without_audio (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_expect_upstream (f, "heard1/0/0d ");
  rig_expect_wire (f, "");
}

static void
pause_and_unpause (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_push (f, 1, 1, 2, 40);
  rig_far_echo (f, "e1:0:40:0");
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_expect_wire (f, "ff e1:0:40:0 ffC");
  rig_expect_upstream (f, "begin1 heard1/0/40b heard1/0/40ba ");
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "");
  rig_send_event (f, parley_event_new_unpause (1));
  rig_expect_wire (f, "ff");
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_expect_wire (f, " e1:1:80:1 ");
  g_assert_cmpuint (rig_count (f, 2), ==, 4 * 160);
}

static void
pause_in_a_passage (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_send_event (f, parley_event_new_passage (1, TRUE));
  rig_push (f, 1, 0, 1, 60);
  rig_send_event (f, parley_event_new_passage (1, FALSE));
  rig_push (f, 1, 1, 2, 400);
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_expect_wire (f, "fff e1:0:60:0 fff");
  rig_expect_upstream (f, "begin1 heard1/0/0bs ");
  rig_wait_ms (f, 200);
  rig_expect_wire (f, "");
  rig_far_echo (f, "e1:0:60:0");
  rig_expect_wire (f, "C");
  rig_expect_upstream (f, "heard1/0/60ba ");
  rig_send_event (f, parley_event_new_unpause (1));
  rig_expect_wire (f, "ffffff");
  rig_send_event (f, parley_event_new_pause (1, TRUE));
  rig_expect_wire (f, "C");
}

/* Who waits for the end of a passage is told. */
static void
call_ends_in_a_passage (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_send_event (f, parley_event_new_passage (1, TRUE));
  rig_push (f, 1, 0, 1, 400);
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_expect_upstream (f, "begin1 heard1/0/0bs ");
  parley_call_end (f->call);
  rig_settle (f);
  rig_expect_upstream (f, "heard1/0/0a ");
  g_assert_cmpuint (rig_take_eos (f), !=, 0);
}

static void
echoes_of_before_a_clear (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_far_echo (f, "e1:0:40:0");
  rig_expect_upstream (f, "begin1 heard1/0/0ba ");
  rig_send_event (f, parley_event_new_unpause (1));
  rig_expect_wire (f, "ff e1:0:40:0 Cff e1:0:40:1 ");
  rig_far_echo (f, "e1:0:40:0");
  rig_expect_upstream (f, "");
  rig_far_echo (f, "e1:0:40:1");
  rig_expect_upstream (f, "heard1/0/40bd end1 ");
}

static void
interrupt_drops (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  rig_send_event (f, parley_event_new_interrupt (1));
  rig_expect_wire (f, "ffffffC");
  rig_push (f, 1, 0, 1, 400);
  rig_wait_ms (f, 500);
  rig_expect_wire (f, "");
  rig_release (f, 2);
  rig_push (f, 2, 0, 2, 20);
  rig_expect_wire (f, "f");
  g_assert_cmpuint (rig_stat (f, "bytes-dropped"), ==, 6400);
}

/* Upstream answers what it hears while the sink is at it. */
static GstPadProbeReturn
interrupt_at_once (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstEvent *event = gst_pad_probe_info_get_event (info);
  gboolean playing;
  guint64 epoch;

  if (parley_event_parse_playing (event, &epoch, &playing) && playing)
    gst_pad_push_event (pad, parley_event_new_interrupt (epoch));
  return GST_PAD_PROBE_OK;
}

static void
event_from_within_a_report (SinkRig * f, gconstpointer data)
{
  gst_pad_add_probe (f->harness->srcpad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
      interrupt_at_once, NULL, NULL);
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  rig_wait_ms (f, 100);
  rig_expect_wire (f, "fC");
}

/* Input */

static void
push_tone_24k (SinkRig * f, guint64 epoch, guint samples)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, samples * 2, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint i = 0; i < samples; i++)
    ((gint16 *) map.data)[i] = 10000 * sin (2 * G_PI * 1000 * i / 24000);
  gst_buffer_unmap (buffer, &map);
  parley_buffer_add_turn_meta (buffer)->epoch = epoch;
  g_assert_cmpint (gst_harness_push (f->harness, buffer), ==, GST_FLOW_OK);
  rig_settle (f);
}

static void
samples_at_24k (SinkRig * f, gconstpointer data)
{
  gint16 pcm[800];
  gint peak = 0;

  gst_harness_set_src_caps_str (f->harness, "audio/x-raw,format=S16LE,"
      "layout=interleaved,rate=24000,channels=1");
  rig_release (f, 1);
  push_tone_24k (f, 1, 2400);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_expect_wire (f, "fffff e1:0:100:0 ");
  parley_mulaw_decode (f->audio->data, pcm, 800);
  for (guint i = 0; i < 800; i++)
    peak = MAX (peak, pcm[i]);
  g_assert_cmpint (peak, >, 9400);
  g_assert_cmpint (peak, <, 10600);
}

static void
void_samples_in_the_filter (SinkRig * f, gconstpointer data)
{
  gst_harness_set_src_caps_str (f->harness, "audio/x-raw,format=S16LE,"
      "layout=interleaved,rate=24000,channels=1");
  push_tone_24k (f, 1, 2400);
  rig_send_event (f, parley_event_new_interrupt (1));
  rig_release (f, 2);
  push_tone_24k (f, 2, 2400);
  rig_send_event (f, parley_event_new_reply_end (2));
  rig_expect_wire (f, "fffff e2:0:100:0 ");
  g_assert_cmpuint (rig_stat (f, "bytes-dropped"), ==, 800);
}

static void
caps_refused (SinkRig * f, gconstpointer data)
{
  static const gchar *const refused[] = {
    "audio/x-mulaw,rate=16000,channels=1", "audio/x-mulaw,rate=8000,channels=2",
    "audio/x-raw,format=S16LE,layout=interleaved,rate=96000,channels=1",
    "audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=1",
    "audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=2",
    "audio/x-alaw,rate=8000,channels=1"
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    GstCaps *caps = gst_caps_from_string (refused[i]);
    gst_harness_push_event (f->harness, gst_event_new_caps (caps));
    g_assert_cmpint (rig_push (f, 0, 0, 1, 20), ==, GST_FLOW_NOT_NEGOTIATED);
    gst_caps_unref (caps);
  }
}

static void
buffer_before_caps (SinkRig * f, gconstpointer data)
{
  GstPad *pad = gst_element_get_static_pad (f->sink, "sink");
  GstSegment segment;

  gst_element_set_state (f->sink, GST_STATE_READY);
  gst_element_set_state (f->sink, GST_STATE_PLAYING);
  rig_settle (f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("again"));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  g_assert_cmpint (gst_pad_chain (pad, rig_make_buffer (1, 20)), ==,
      GST_FLOW_NOT_NEGOTIATED);
  gst_object_unref (pad);
}

static gpointer
push_from_thread (gpointer data)
{
  SinkRig *f = data;

  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (gst_harness_push (f->harness, rig_make_buffer (1, 20)), ==,
        GST_FLOW_OK);
  gst_harness_push_event (f->harness, gst_event_new_eos ());
  return NULL;
}

static void
another_thread_pushes (SinkRig * f, gconstpointer data)
{
  GThread *thread = g_thread_new ("pusher", push_from_thread, f);

  while (f->audio->len < 100 * 160)
    parley_clock_advance (20 * MS, f->context);
  g_thread_join (thread);
  rig_wait_ms (f, 100);
  rig_far_echo (f, "e0:0:2000:0");
  g_assert_cmpuint (rig_take_eos (f), !=, 0);
}

typedef struct
{
  SinkRig *f;
  gint pushed;
} Flood;

static gpointer
push_a_minute (gpointer data)
{
  Flood *flood = data;

  for (guint i = 0; i < 60; i++) {
    gst_harness_push (flood->f->harness, rig_make_buffer (1, 1000));
    g_atomic_int_inc (&flood->pushed);
  }
  return NULL;
}

static void
another_thread_waits (SinkRig * f, gconstpointer data)
{
  Flood flood = { f, 0 };
  GThread *thread = g_thread_new ("pusher", push_a_minute, &flood);

  while (g_atomic_int_get (&flood.pushed) < 32)
    rig_settle (f);
  rig_settle (f);
  g_assert_cmpint (g_atomic_int_get (&flood.pushed), <=, 33);
  while (f->audio->len < 60 * 8000)
    rig_wait_ms (f, 100);
  g_thread_join (thread);
}

static void
flush_drops (SinkRig * f, gconstpointer data)
{
  rig_push (f, 0, 0, 1, 400);
  rig_send_event (f, gst_event_new_flush_start ());
  rig_send_event (f, gst_event_new_flush_stop (FALSE));
  rig_wait_ms (f, 500);
  rig_expect_wire (f, "ffffffC");
}

static void
flush_keeps_replies (SinkRig * f, gconstpointer data)
{
  GstSegment segment;

  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 200);
  rig_send_event (f, gst_event_new_flush_start ());
  rig_send_event (f, gst_event_new_flush_stop (FALSE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send_event (f, gst_event_new_segment (&segment));
  rig_wait_ms (f, 500);
  rig_expect_wire (f, "ffffffffff e1:0:200:0 ");
}

/* Ends */

static guint32
send_eos (SinkRig * f)
{
  GstEvent *event = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (event);

  rig_send_event (f, event);
  return seqnum;
}

static void
eos_after_the_last_mark (SinkRig * f, gconstpointer data)
{
  guint32 seqnum;

  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 200);
  rig_send_event (f, parley_event_new_reply_end (1));
  seqnum = send_eos (f);
  rig_wait_ms (f, 300);
  g_assert_cmpuint (rig_take_eos (f), ==, 0);
  g_assert_false (f->far_closed);
  rig_far_echo (f, "e1:0:200:0");
  g_assert_cmpuint (rig_take_eos (f), ==, seqnum);
  g_assert_true (f->far_closed);
  g_assert_cmpint (soup_websocket_connection_get_close_code (f->far), ==,
      SOUP_WEBSOCKET_CLOSE_NORMAL);
  rig_wait_ms (f, 10000);
  g_assert_cmpuint (rig_take_eos (f), ==, 0);
}

static void
eos_with_nothing_pending (SinkRig * f, gconstpointer data)
{
  guint32 seqnum;

  rig_push (f, 7, 0, 1, 200);
  seqnum = send_eos (f);
  g_assert_cmpuint (rig_take_eos (f), ==, seqnum);
  g_assert_true (f->far_closed);
}

static void
eos_is_bounded (SinkRig * f, gconstpointer data)
{
  guint32 seqnum;

  rig_push (f, 0, 0, 1, 1000);
  seqnum = send_eos (f);
  rig_wait_ms (f, 5900);
  g_assert_cmpuint (rig_take_eos (f), ==, 0);
  rig_wait_ms (f, 100);
  g_assert_cmpuint (rig_take_eos (f), ==, seqnum);
  g_assert_true (f->far_closed);
}

static void
socket_goes (SinkRig * f, gconstpointer data)
{
  GstBuffer *buffer = rig_make_buffer (1, 20);

  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  soup_websocket_connection_close (f->far, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  rig_settle (f);
  g_assert_cmpuint (rig_take_eos (f), !=, 0);
  g_assert_cmpint (gst_harness_push (f->harness, buffer), ==, GST_FLOW_EOS);
  rig_wait_ms (f, 1000);
  send_eos (f);
  g_assert_cmpuint (rig_take_eos (f), ==, 0);
}

/* A peer that reads nothing: more than the call allows lies in a socket. */
static void
peer_reads_nothing_for_a_while (SinkRig * f, gconstpointer data)
{
  gint fds[2];
  guint8 junk[4096] = { 0 };
  GSocket *reader;

  rig_make_pair (fds);
  f->out = g_socket_new_from_fd (fds[0], NULL);
  reader = g_socket_new_from_fd (fds[1], NULL);
  g_socket_set_blocking (f->out, FALSE);
  while (g_socket_send (f->out, (gchar *) junk, sizeof junk, NULL, NULL) > 0);
  rig_setup (f, data);
  rig_push (f, 0, 0, 1, 400);
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "");
  g_socket_set_blocking (reader, FALSE);
  while (g_socket_receive (reader, (gchar *) junk, sizeof junk, NULL, NULL)
      > 0);
  rig_wait_ms (f, 20);
  rig_expect_wire (f, "ffffff");
  g_object_unref (reader);
  g_clear_object (&f->out);
}

static void
setup_nothing (SinkRig * f, gconstpointer data)
{
}

/* States */

static void
before_start_it_waits (SinkRig * f, gconstpointer data)
{
  rig_push (f, 0, 0, 1, 400);
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "");
  rig_far_start (f);
  rig_expect_wire (f, "ffffff");
}

static void
paused_queues (SinkRig * f, gconstpointer data)
{
  g_assert_cmpint (gst_element_set_state (f->sink, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  rig_settle (f);
  rig_push (f, 0, 0, 1, 200);
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "");
  send_eos (f);
  g_assert_cmpuint (rig_take_eos (f), ==, 0);
  gst_element_set_state (f->sink, GST_STATE_PLAYING);
  rig_settle (f);
  rig_expect_wire (f, "ffffff");
  rig_wait_ms (f, 100);
  rig_expect_wire (f, "ffff e0:0:200:0 ");
  rig_far_echo (f, "e0:0:200:0");
  g_assert_cmpuint (rig_take_eos (f), !=, 0);
}

static void
paused_in_the_middle (SinkRig * f, gconstpointer data)
{
  rig_push (f, 0, 0, 1, 400);
  gst_element_set_state (f->sink, GST_STATE_PAUSED);
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "ffffff");
  gst_element_set_state (f->sink, GST_STATE_PLAYING);
  rig_settle (f);
  rig_expect_wire (f, "ffffff");
}

static void
two_runs (SinkRig * f, gconstpointer data)
{
  rig_push (f, 0, 0, 1, 400);
  rig_send_event (f, parley_event_new_interrupt (3));
  gst_element_set_state (f->sink, GST_STATE_READY);
  rig_wait_ms (f, 1000);
  rig_expect_wire (f, "ffffff");
  /* It lasts for one run. */
  rig_give_context (f);
  gst_element_set_state (f->sink, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (f->harness, MULAW);
  rig_settle (f);
  g_assert_cmpuint (rig_stat (f, "frames-sent"), ==, 0);
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_expect_wire (f, "ff e1:0:40:0 ");
}

static void
torn_down_with_data (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  rig_push (f, 0, 0, 1, 400);
  send_eos (f);
}

static void
counts (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 40);
  rig_wait_ms (f, 200);
  rig_far_echo (f, "e1:0:40:0");
  rig_push (f, 1, 0, 1, 40);
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_send_event (f, parley_event_new_interrupt (1));
  g_assert_cmpuint (rig_stat (f, "frames-sent"), ==, 4);
  g_assert_cmpuint (rig_stat (f, "clears"), ==, 1);
  g_assert_cmpuint (rig_stat (f, "marks-sent"), ==, 1);
  g_assert_cmpuint (rig_stat (f, "marks-echoed"), ==, 1);
  g_assert_cmpuint (rig_stat (f, "underruns"), ==, 1);
  g_assert_cmpuint (rig_stat (f, "bytes-dropped"), ==, 320);
}

static void
playing_is_told_to_the_application (SinkRig * f, gconstpointer data)
{
  GstMessage *message;
  guint64 epoch;

  rig_push (f, 0, 0, 1, 40);
  message = gst_bus_pop_filtered (f->bus, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (message);
  g_assert_true (gst_message_has_name (message, "mulawsink-playing"));
  g_assert_true (gst_structure_get (gst_message_get_structure (message),
          "epoch", G_TYPE_UINT64, &epoch, NULL));
  g_assert_cmpuint (epoch, ==, 0);
  gst_message_unref (message);
}

static void
without_a_call (SinkRig * f, gconstpointer data)
{
  rig_release (f, 1);
  rig_push (f, 1, 0, 1, 400);
  rig_send_event (f, parley_event_new_reply_end (1));
  rig_wait_ms (f, 380);
  rig_expect_upstream (f, "begin1 ");
  rig_send_event (f, parley_event_new_pause (1, FALSE));
  rig_expect_upstream (f, "heard1/0/0ba ");
  rig_wait_ms (f, 1000);
  rig_send_event (f, parley_event_new_unpause (1));
  rig_wait_ms (f, 420);
  rig_expect_upstream (f, "heard1/0/400bd end1 ");
  g_assert_cmpuint (send_eos (f), ==, rig_take_eos (f));
}

/* Up and down while a thread pushes, on a loop of the pool and in real time. */
static void
stress_of_states (void)
{
  GstHarness *harness = gst_harness_new ("mulawsink");
  GstCaps *caps = gst_caps_from_string (MULAW);
  GstBuffer *buffer = rig_make_buffer (1, 20);
  GstHarnessThread *thread;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  thread = gst_harness_stress_push_buffer_start (harness, caps, &segment,
      buffer);
  for (guint i = 0; i < 200; i++) {
    gst_element_set_state (harness->element, GST_STATE_READY);
    gst_element_set_state (harness->element, GST_STATE_PLAYING);
  }
  gst_element_set_state (harness->element, GST_STATE_NULL);
  gst_harness_stress_thread_stop (thread);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_harness_teardown (harness);
}

#define ADD_SETUP(name, setup_func, func) \
    g_test_add ("/mulawsink/" name, SinkRig, NULL, setup_func, func, \
        rig_teardown)
#define ADD(name, func) ADD_SETUP (name, rig_setup, func)

static void
add_playing (void)
{
  ADD ("first-frames-at-once", first_frames_at_once);
  ADD ("pace", pace_is_that_of_time);
  ADD ("lead", lead_is_a_property);
  ADD ("nothing-while-silent", nothing_while_silent);
  ADD ("marks", marks_and_what_was_heard);
  ADD ("padding", last_frame_is_padded);
  ADD ("withheld-until-release", withheld_until_release);
  ADD ("audio-without-meta", audio_without_meta);
  ADD ("reply-without-audio", reply_without_audio);
  ADD ("pause-and-unpause", pause_and_unpause);
  ADD ("pause-in-a-passage", pause_in_a_passage);
  ADD ("call-ends-in-a-passage", call_ends_in_a_passage);
  ADD ("echoes-of-before-a-clear", echoes_of_before_a_clear);
  ADD ("interrupt", interrupt_drops);
  ADD ("event-from-within-a-report", event_from_within_a_report);
}

static void
add_input (void)
{
  ADD ("samples-at-24k", samples_at_24k);
  ADD ("void-samples-in-the-filter", void_samples_in_the_filter);
  ADD ("caps-refused", caps_refused);
  ADD ("buffer-before-caps", buffer_before_caps);
  ADD ("another-thread-pushes", another_thread_pushes);
  ADD ("another-thread-waits", another_thread_waits);
  ADD ("flush", flush_drops);
  ADD ("flush-keeps-replies", flush_keeps_replies);
}

static void
add_ends_and_states (void)
{
  ADD ("eos-after-the-last-mark", eos_after_the_last_mark);
  ADD ("eos-with-nothing-pending", eos_with_nothing_pending);
  ADD ("eos-is-bounded", eos_is_bounded);
  ADD ("socket-goes", socket_goes);
  ADD_SETUP ("peer-reads-nothing", setup_nothing,
      peer_reads_nothing_for_a_while);
  ADD_SETUP ("before-start", rig_setup_not_started, before_start_it_waits);
  ADD ("paused-queues", paused_queues);
  ADD ("paused-in-the-middle", paused_in_the_middle);
  ADD ("two-runs", two_runs);
  ADD ("torn-down-with-data", torn_down_with_data);
  ADD ("stats", counts);
  ADD ("playing-message", playing_is_told_to_the_application);
  ADD_SETUP ("without-a-call", rig_setup_without_call, without_a_call);
  g_test_add_func ("/mulawsink/stress", stress_of_states);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  add_playing ();
  add_input ();
  add_ends_and_states ();
  return g_test_run ();
}
