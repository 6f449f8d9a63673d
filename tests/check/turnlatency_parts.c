/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../gst-plugins/tracers/residence.h"
#include "../../gst-plugins/tracers/tracefile.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "net/jsoncheck.h"

/* The parts of the tracer that need no pipeline: times are arguments. */

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME (20 * GST_MSECOND)

/* Durations */

static void
test_durations_exact (void)
{
  Durations durations = { 0 };

  g_assert_cmpint (durations_get_percentile (&durations, 50), ==, 0);
  for (gint64 us = 1; us <= 10; us++)
    durations_add (&durations, us);
  durations_add (&durations, -5);
  g_assert_cmpuint (durations.count, ==, 11);
  g_assert_cmpint (durations_get_percentile (&durations, 50), ==, 5);
  g_assert_cmpint (durations_get_percentile (&durations, 0), ==, 0);
  g_assert_cmpint (durations_get_percentile (&durations, 100), ==, 10);
}

/* Over the whole range, at most 7 % off. */
static void
test_durations_near (void)
{
  for (gint64 us = 1; us < 100 * G_TIME_SPAN_SECOND; us = us * 1.37 + 1) {
    Durations durations = { 0 };
    gint64 p50;

    durations_add (&durations, us);
    durations_add (&durations, us);
    durations_add (&durations, us * 100);
    p50 = durations_get_percentile (&durations, 50);
    g_assert_cmpfloat (ABS (p50 - us), <=, us * 0.07);
    g_assert_cmpint (durations_get_percentile (&durations, 100), >=, p50);
  }
}

static void
test_durations_huge (void)
{
  Durations one = { 0 }, other = { 0 };

  durations_add (&one, G_MAXINT64);
  durations_add (&other, 3);
  durations_merge (&other, &one);
  g_assert_cmpuint (other.count, ==, 2);
  g_assert_cmpint (other.max, ==, G_MAXINT64);
  g_assert_cmpint (durations_get_percentile (&other, 50), ==, 3);
}

/* Residence */

typedef struct
{
  Residence *residence;
  GArray *stays;                /* of ResidenceStay */
} Fixture;

static void
on_stay (const ResidenceStay * stay, gpointer user_data)
{
  Fixture *self = user_data;

  g_array_append_vals (self->stays, stay, 1);
}

static void
set_up (Fixture * self, gconstpointer kind)
{
  self->stays = g_array_new (FALSE, FALSE, sizeof (ResidenceStay));
  self->residence = residence_new (GPOINTER_TO_UINT (kind), on_stay, self);
}

static void
tear_down (Fixture * self, gconstpointer kind)
{
  residence_free (self->residence);
  g_array_unref (self->stays);
}

static const ResidenceStay *
stay_at (Fixture * self, guint index)
{
  g_assert_cmpuint (index, <, self->stays->len);
  return &g_array_index (self->stays, ResidenceStay, index);
}

/* The one stay, ended now. */
static const ResidenceStay *
only_stay (Fixture * self)
{
  residence_close (self->residence);
  g_assert_cmpuint (self->stays->len, ==, 1);
  return stay_at (self, 0);
}

static ResidenceData
data_of (guint id, guint turn, guint64 epoch, GstClockTime pts)
{
  return (ResidenceData) {
  .id = GUINT_TO_POINTER (id),.turn = turn,.epoch = epoch,.pts = pts,.marked =
        TRUE};
}

static ResidenceData
unmarked (guint id, GstClockTime pts)
{
  return (ResidenceData) {
  .id = GUINT_TO_POINTER (id),.pts = pts};
}

static ResidenceData
of_medium (ResidenceData data, const gchar * medium)
{
  data.medium = g_quark_from_string (medium);
  return data;
}

static void
enter (Fixture * self, ResidenceData data, gint64 now)
{
  residence_enter (self->residence, &data, now);
}

static ResidenceData
leave (Fixture * self, ResidenceData data, gint64 now)
{
  residence_leave (self->residence, &data, now);
  return data;
}

static void
wait_for (Fixture * self, guint turn, guint64 epoch, const gchar * peer,
    gint64 begin, gint64 end)
{
  ResidenceWait wait = { g_intern_string (peer), begin, end };

  residence_add_wait (self->residence, turn, epoch, &wait, end);
}

static void
assert_stay (const ResidenceStay * stay, guint turn, guint64 epoch,
    gint64 begin, gint64 end)
{
  g_assert_cmpuint (stay->turn, ==, turn);
  g_assert_cmpuint (stay->epoch, ==, epoch);
  g_assert_cmpint (stay->begin, ==, begin);
  g_assert_cmpint (stay->end, ==, end);
}

/* The longest of a turn counts; those of the first and last are told too. */
static void
test_longest (Fixture * self, gconstpointer kind)
{
  const ResidenceStay *stay;

  for (guint i = 0; i < 10; i++) {
    gint64 now = i * 100 * MS, held = i == 4 ? 50 * MS : (3 + i) * MS;

    enter (self, data_of (i + 1, 2, 0, i * FRAME), now);
    leave (self, data_of (i + 1, 2, 0, i * FRAME), now + held);
  }
  stay = only_stay (self);
  assert_stay (stay, 2, 0, 400 * MS, 450 * MS);
  g_assert_cmpint (stay->first, ==, 3 * MS);
  g_assert_cmpint (stay->last, ==, 12 * MS);
  g_assert_cmpuint (stay->count, ==, 10);
  g_assert_false (stay->inferred);
  g_assert_cmpint (stay->waiting, ==, 0);
}

/* A queue: two turns in it at once, and made-writable copies come out. */
static void
test_several_inside (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 6; i++)
    enter (self, data_of (i + 1, i < 3 ? 1 : 2, 0, i * FRAME), i * MS);
  for (guint i = 0; i < 6; i++)
    leave (self, data_of (i + 100, i < 3 ? 1 : 2, 0, i * FRAME),
        (i < 3 ? 10 + i : 20 + i) * MS);
  residence_close (self->residence);
  g_assert_cmpuint (self->stays->len, ==, 2);
  assert_stay (stay_at (self, 0), 1, 0, 0, 10 * MS);
  assert_stay (stay_at (self, 1), 2, 0, 3 * MS, 23 * MS);
  g_assert_cmpuint (residence_get_n_inside (self->residence), ==, 0);
}

/* Three become one: it is as old as its first sample. */
static void
test_joined (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 6; i++) {
    enter (self, unmarked (i + 1, i * FRAME), i * MS);
    if (i % 3 == 2)
      leave (self, unmarked (50 + i, (i - 2) * FRAME), i * MS + 1);
  }
  g_assert_cmpuint (self->stays->len, ==, 2);
  assert_stay (stay_at (self, 0), 0, 0, 0, 2 * MS + 1);
  assert_stay (stay_at (self, 1), 0, 0, 3 * MS, 5 * MS + 1);
}

/* One becomes three, the first of which counts. */
static void
test_split (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 6; i++) {
    if (i % 3 == 0)
      enter (self, data_of (i + 1, 5, 0, i * FRAME), i * MS);
    leave (self, data_of (50 + i, 5, 0, i * FRAME), (i + 2) * MS);
  }
  g_assert_cmpuint (only_stay (self)->count, ==, 2);
  assert_stay (stay_at (self, 0), 5, 0, 0, 2 * MS);
}

/* Text of audio: from the last that was heard to the text. */
static void
test_other_medium (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 20; i++)
    enter (self, of_medium (data_of (i + 1, 3, 0, i * FRAME), "audio"), i * MS);
  enter (self, of_medium (data_of (90, 4, 0, 30 * FRAME), "audio"), 25 * MS);
  leave (self, of_medium (data_of (99, 3, 0, 0), "text"), 30 * MS);
  residence_close (self->residence);
  assert_stay (stay_at (self, 0), 3, 0, 19 * MS, 30 * MS);
  /* What came later, of the next turn, is still inside. */
  leave (self, of_medium (data_of (99, 4, 0, 0), "text"), 40 * MS);
  residence_close (self->residence);
  assert_stay (stay_at (self, 1), 4, 0, 25 * MS, 40 * MS);
}

/* The turn goes in, its reply comes out. */
static void
test_reply (Fixture * self, gconstpointer kind)
{
  enter (self, data_of (1, 7, 0, 0), MS);
  leave (self, data_of (2, 7, 31, GST_SECOND), 5 * MS);
  leave (self, data_of (3, 7, 31, 2 * GST_SECOND), 50 * MS);
  assert_stay (only_stay (self), 7, 31, MS, 5 * MS);
}

/* A turn begins in the element: what went in has no turn yet. */
static void
test_turn_begins (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 10; i++)
    enter (self, data_of (i + 1, 0, 0, i * FRAME), i * MS);
  for (guint i = 5; i < 10; i++)
    leave (self, data_of (i + 50, 1, 0, i * FRAME), 10 * MS);
  assert_stay (only_stay (self), 1, 0, 5 * MS, 10 * MS);
  g_assert_false (stay_at (self, 0)->inferred);
}

/* Metas are dropped: by PTS, and what is split inherits. */
static void
test_inferred (Fixture * self, gconstpointer kind)
{
  ResidenceData first, second;

  enter (self, data_of (1, 6, 9, 0), 0);
  enter (self, data_of (2, 6, 9, 2 * FRAME), MS);
  first = leave (self, unmarked (11, 0), 7 * MS);
  second = leave (self, unmarked (12, FRAME), 8 * MS);
  g_assert_true (first.inferred && second.inferred);
  g_assert_cmpuint (first.turn, ==, 6);
  g_assert_cmpuint (second.epoch, ==, 9);
  assert_stay (only_stay (self), 6, 9, 0, 7 * MS);
  g_assert_true (stay_at (self, 0)->inferred);
}

/* Without any times: first in, first out. */
static void
test_fifo (Fixture * self, gconstpointer kind)
{
  for (guint i = 0; i < 4; i++)
    enter (self, unmarked (i + 1, GST_CLOCK_TIME_NONE), i * MS);
  for (guint i = 0; i < 4; i++)
    leave (self, unmarked (i + 50, GST_CLOCK_TIME_NONE), (10 + 2 * i) * MS);
  g_assert_cmpuint (self->stays->len, ==, 4);
  for (guint i = 0; i < 4; i++)
    assert_stay (stay_at (self, i), 0, 0, i * MS, (10 + 2 * i) * MS);
}

/* Two streams in one element, each at its own time. */
static void
test_streams (Fixture * self, gconstpointer kind)
{
  enter (self, unmarked (1, 0), 0);
  enter (self, unmarked (2, 0), MS);
  enter (self, unmarked (3, FRAME), 2 * MS);
  leave (self, unmarked (3, FRAME), 5 * MS);
  leave (self, unmarked (2, 0), 7 * MS);
  leave (self, unmarked (1, 0), 9 * MS);
  assert_stay (stay_at (self, 0), 0, 0, 2 * MS, 5 * MS);
  assert_stay (stay_at (self, 1), 0, 0, MS, 7 * MS);
  assert_stay (stay_at (self, 2), 0, 0, 0, 9 * MS);
}

/* Waits may overlap each other and the ends; what they cover is no own time. */
static void
test_waits (Fixture * self, gconstpointer kind)
{
  ResidenceSums sums;
  const ResidenceStay *stay;

  enter (self, data_of (1, 2, 0, 0), 100 * MS);
  wait_for (self, 2, 0, "provider", 50 * MS, 120 * MS);
  wait_for (self, 2, 0, "provider", 130 * MS, 160 * MS);
  wait_for (self, 2, 0, "turn-end", 150 * MS, 170 * MS);
  wait_for (self, 3, 0, "provider", 170 * MS, 180 * MS);
  leave (self, data_of (2, 2, 0, 0), 200 * MS);
  wait_for (self, 2, 0, "late", 195 * MS, 300 * MS);
  g_assert_true (residence_get_sums (self->residence, TRUE, &sums));
  g_assert_cmpuint (sums.residence.count, ==, 2);
  residence_close (self->residence);
  stay = stay_at (self, 0);
  assert_stay (stay, 2, 0, 100 * MS, 200 * MS);
  g_assert_cmpint (stay->waiting, ==, 65 * MS);
  g_assert_cmpuint (stay->n_waits, ==, 4);
  g_assert_cmpstr (stay->waits[2].peer, ==, "turn-end");
  residence_get_sums (self->residence, TRUE, &sums);
  g_assert_cmpint (sums.residence.max, ==, 100 * MS);
  g_assert_cmpint (sums.own.max, ==, 35 * MS);
}

/* All that is known of a turn is what was waited for. */
static void
test_waits_alone (Fixture * self, gconstpointer kind)
{
  wait_for (self, 0, 4, "provider", 10 * MS, 30 * MS);
  wait_for (self, 0, 4, "provider", 35 * MS, 40 * MS);
  assert_stay (only_stay (self), 0, 4, 10 * MS, 40 * MS);
  g_assert_cmpint (stay_at (self, 0)->waiting, ==, 25 * MS);
  g_assert_true (stay_at (self, 0)->inferred);
}

static void
test_many_waits (Fixture * self, gconstpointer kind)
{
  enter (self, data_of (1, 2, 0, 0), 0);
  for (guint i = 0; i < 1000; i++)
    wait_for (self, 2, 0, "provider", i * MS, i * MS + 100);
  leave (self, data_of (1, 2, 0, 0), 1000 * MS);
  g_assert_cmpuint (only_stay (self)->n_waits, ==, RESIDENCE_MAX_WAITS);
  g_assert_cmpint (stay_at (self, 0)->waiting, ==, RESIDENCE_MAX_WAITS * 100);
}

/* A sink that gave back control at once, and said later what it waited for. */
static void
test_sink (Fixture * self, gconstpointer kind)
{
  enter (self, data_of (1, 1, 8, 0), 100 * MS);
  leave (self, data_of (1, 1, 8, 0), 100 * MS + 20);
  wait_for (self, 1, 8, "release", 100 * MS + 5, 400 * MS);
  assert_stay (only_stay (self), 1, 8, 100 * MS, 400 * MS);
  g_assert_cmpint (stay_at (self, 0)->waiting, ==, 300 * MS - 5);
}

static void
test_source (Fixture * self, gconstpointer kind)
{
  ResidenceData data = data_of (1, 0, 0, 0);
  ResidenceSums sums;

  leave (self, data, 5 * MS);
  g_assert_false (residence_get_sums (self->residence, FALSE, &sums));
  data.arrived = 7 * MS;
  leave (self, data, 9 * MS);
  g_assert_true (residence_get_sums (self->residence, FALSE, &sums));
  g_assert_cmpuint (sums.residence.count, ==, 1);
  g_assert_cmpint (sums.residence.max, ==, 2 * MS);
  /* It is a part of a call. */
  g_assert_cmpuint (self->stays->len, ==, 0);
}

/* Nothing leaves: what is inside is bounded, and the newest is known. */
static void
test_bounded (Fixture * self, gconstpointer kind)
{
  guint max = GPOINTER_TO_UINT (kind) & RESIDENCE_QUEUE ? 2048 : 128;
  ResidenceData out;

  for (guint i = 0; i < 10000; i++)
    enter (self, data_of (i + 1, i / 100 + 1, 0, i * FRAME), i * MS);
  g_assert_cmpuint (residence_get_n_inside (self->residence), ==, max);
  out = leave (self, data_of (10000, 100, 0, 9999 * FRAME), 10010 * MS);
  g_assert_cmpuint (out.turn, ==, 100);
  residence_close (self->residence);
  assert_stay (stay_at (self, self->stays->len - 1), 100, 0, 9999 * MS,
      10010 * MS);
  residence_forget (self->residence);
  g_assert_cmpuint (residence_get_n_inside (self->residence), ==, 0);
}

/* A fifth turn ends the one that was touched first. */
static void
test_turns_bounded (Fixture * self, gconstpointer kind)
{
  for (guint turn = 1; turn <= 6; turn++) {
    enter (self, data_of (turn, turn, 0, 0), turn * MS);
    leave (self, data_of (turn, turn, 0, 0), turn * MS + 100);
  }
  g_assert_cmpuint (self->stays->len, ==, 2);
  g_assert_cmpuint (stay_at (self, 0)->turn, ==, 1);
  g_assert_cmpuint (stay_at (self, 1)->turn, ==, 2);
}

/* It ends by itself once nothing more comes; not while it is still inside. */
static void
test_idle (Fixture * self, gconstpointer kind)
{
  enter (self, data_of (1, 1, 0, 0), 0);
  leave (self, data_of (1, 1, 0, 0), MS);
  enter (self, data_of (2, 2, 0, FRAME), 2 * MS);
  enter (self, data_of (3, 0, 0, GST_SECOND), 5000 * MS);
  g_assert_cmpuint (self->stays->len, ==, 1);
  g_assert_cmpuint (stay_at (self, 0)->turn, ==, 1);
  leave (self, data_of (2, 2, 0, FRAME), 5001 * MS);
  residence_close (self->residence);
  assert_stay (stay_at (self, 1), 2, 0, 2 * MS, 5001 * MS);
}

static void
test_levels (Fixture * self, gconstpointer kind)
{
  ResidenceLevel levels[] = { {3, 60 * MS}, {9, 180 * MS}, {1, 20 * MS} };
  ResidenceLevel max, last;

  g_assert_false (residence_get_level (self->residence, &max, &last));
  for (guint i = 0; i < 3; i++) {
    enter (self, data_of (i + 1, 1, 0, i * FRAME), i * MS);
    residence_note_level (self->residence, 1, 0, &levels[i], i * MS);
    leave (self, data_of (i + 1, 1, 0, i * FRAME), i * MS + 5);
  }
  g_assert_true (residence_get_level (self->residence, &max, &last));
  g_assert_cmpuint (max.buffers, ==, 9);
  g_assert_cmpuint (last.time, ==, 20 * MS);
  g_assert_cmpuint (only_stay (self)->level_max.time, ==, 180 * MS);
  g_assert_cmpuint (stay_at (self, 0)->level_last.buffers, ==, 1);
}

/* The trace file */

typedef struct
{
  gchar *path;
  TraceFile *file;
} FileFixture;

static void
set_up_file (FileFixture * self, gconstpointer data)
{
  gint fd = g_file_open_tmp ("trace-XXXXXX.json", &self->path, NULL);

  g_close (fd, NULL);
  self->file = trace_file_new (self->path, NULL);
  g_assert_nonnull (self->file);
}

static void
tear_down_file (FileFixture * self, gconstpointer data)
{
  g_clear_pointer (&self->file, trace_file_close);
  g_unlink (self->path);
  g_free (self->path);
}

/* The file's events; it must be whole at this moment. */
static JsonParser *
read_events (FileFixture * self)
{
  JsonParser *parser = json_parser_new ();
  gchar *text;
  gsize length;

  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  g_assert_null (parley_json_check (text, length, 64));
  g_assert_true (json_parser_load_from_data (parser, text, length, NULL));
  g_free (text);
  return parser;
}

static JsonObject *
event_at (JsonParser * parser, guint index)
{
  JsonArray *events = json_node_get_array (json_parser_get_root (parser));

  g_assert_cmpuint (index, <, json_array_get_length (events));
  return json_array_get_object_element (events, index);
}

/* What the format requires of each kind of event. */
static void
test_file_fields (FileFixture * self, gconstpointer data)
{
  TraceTrack track = {.id = 1,.name = "queue \"0\"\n\xff" };
  guint thread = trace_file_get_lane (self->file, &track, 100, 200);
  JsonParser *parser;
  JsonObject *event;

  trace_file_add_complete (self->file, thread, "turn 1", "residence", 100, 200,
      "\"own_us\":7");
  trace_file_add_instant (self->file, thread, "loop-stall", "loop", 150, "");
  trace_file_flush (self->file);
  parser = read_events (self);

  event = event_at (parser, 0);
  g_assert_cmpstr (json_object_get_string_member (event, "ph"), ==, "M");
  g_assert_cmpstr (json_object_get_string_member (event, "name"), ==,
      "process_name");
  event = event_at (parser, 1);
  g_assert_cmpstr (json_object_get_string_member (event, "name"), ==,
      "thread_name");
  g_assert_cmpint (json_object_get_int_member (event, "tid"), ==, thread);
  event = json_object_get_object_member (event, "args");
  g_assert_cmpstr (json_object_get_string_member (event, "name"), ==,
      "queue \"0\"\n\357\277\275");

  event = event_at (parser, 2);
  g_assert_cmpstr (json_object_get_string_member (event, "ph"), ==, "X");
  g_assert_cmpstr (json_object_get_string_member (event, "name"), ==, "turn 1");
  g_assert_cmpstr (json_object_get_string_member (event, "cat"), ==,
      "residence");
  g_assert_cmpint (json_object_get_int_member (event, "ts"), ==, 100);
  g_assert_cmpint (json_object_get_int_member (event, "dur"), ==, 100);
  g_assert_cmpint (json_object_get_int_member (event, "tid"), ==, thread);
  g_assert_true (json_object_has_member (event, "pid"));
  event = json_object_get_object_member (event, "args");
  g_assert_cmpint (json_object_get_int_member (event, "own_us"), ==, 7);

  event = event_at (parser, 3);
  g_assert_cmpstr (json_object_get_string_member (event, "ph"), ==, "i");
  g_assert_cmpstr (json_object_get_string_member (event, "s"), ==, "t");
  g_assert_cmpint (json_object_get_int_member (event, "ts"), ==, 150);
  g_object_unref (parser);
}

/* After each write, and after the end. */
static void
test_file_whole (FileFixture * self, gconstpointer data)
{
  JsonParser *parser;

  g_object_unref (read_events (self));
  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < 1000; i++)
      trace_file_add_complete (self->file, 8, "turn", "residence", i, i + 1,
          "");
    trace_file_flush (self->file);
    g_object_unref (read_events (self));
  }
  trace_file_add_complete (self->file, 8, "last", "residence", 0, 1, "");
  g_clear_pointer (&self->file, trace_file_close);
  parser = read_events (self);
  g_assert_cmpstr (json_object_get_string_member (event_at (parser, 3001),
          "name"), ==, "last");
  g_object_unref (parser);
}

/* Events that overlap get threads of their own, the others share one. */
static void
test_file_lanes (FileFixture * self, gconstpointer data)
{
  TraceTrack track = {.id = 3,.name = "queue0" };
  guint first = trace_file_get_lane (self->file, &track, 0, 100);
  guint second = trace_file_get_lane (self->file, &track, 50, 120);

  g_assert_cmpuint (first, !=, second);
  g_assert_cmpuint (trace_file_get_lane (self->file, &track, 100, 110), ==,
      first);
  g_assert_cmpuint (trace_file_get_lane (self->file, &track, 120, 130), ==,
      first);
  for (guint i = 0; i < 50; i++)
    g_assert_cmpuint (trace_file_get_lane (self->file, &track, 0, 500) /
        TRACE_LANES, ==, 3);
}

static void
test_file_refused (void)
{
  GError *error = NULL;

  g_assert_null (trace_file_new ("/nonexistent/trace.json", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/nonexistent/trace.json"));
  g_error_free (error);
}

int
main (int argc, char *argv[])
{
  const struct
  {
    const gchar *name;
    void (*func) (Fixture *, gconstpointer);
    ResidenceKind kind;
  } cases[] = {
    {"/residence/longest", test_longest},
    {"/residence/several-inside", test_several_inside, RESIDENCE_QUEUE},
    {"/residence/joined", test_joined},
    {"/residence/split", test_split},
    {"/residence/other-medium", test_other_medium},
    {"/residence/reply", test_reply},
    {"/residence/turn-begins", test_turn_begins},
    {"/residence/inferred", test_inferred},
    {"/residence/fifo", test_fifo},
    {"/residence/streams", test_streams, RESIDENCE_QUEUE},
    {"/residence/waits", test_waits},
    {"/residence/waits-alone", test_waits_alone},
    {"/residence/many-waits", test_many_waits},
    {"/residence/sink", test_sink, RESIDENCE_SINK},
    {"/residence/source", test_source, RESIDENCE_SOURCE},
    {"/residence/bounded", test_bounded},
    {"/residence/bounded-queue", test_bounded, RESIDENCE_QUEUE},
    {"/residence/turns-bounded", test_turns_bounded},
    {"/residence/idle", test_idle},
    {"/residence/levels", test_levels},
  };
  const struct
  {
    const gchar *name;
    void (*func) (FileFixture *, gconstpointer);
  } files[] = {
    {"/tracefile/fields", test_file_fields},
    {"/tracefile/whole", test_file_whole},
    {"/tracefile/lanes", test_file_lanes},
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/durations/exact", test_durations_exact);
  g_test_add_func ("/durations/near", test_durations_near);
  g_test_add_func ("/durations/huge", test_durations_huge);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, GUINT_TO_POINTER (cases[i].kind),
        set_up, cases[i].func, tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    g_test_add (files[i].name, FileFixture, NULL, set_up_file, files[i].func,
        tear_down_file);
  g_test_add_func ("/tracefile/refused", test_file_refused);
  return g_test_run ();
}
