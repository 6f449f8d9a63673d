/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/check/gstharness.h>

#include "mock/callpair.h"
#include "mock/providers.h"
#include "net/call.h"
#include "net/clock.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

#define MS G_TIME_SPAN_MILLISECOND
#define TEXT "text/x-raw,format=utf8"
#define MULAW "audio/x-mulaw,rate=8000,channels=1"

/* An element on a loop that the test thread iterates, time stepped by hand, and
 * a trace of all that leaves its source pad, in order:
 *
 * buffers: 1/2"text" for turn 1, take 2; e1.0"text" for epoch 1, sentence 0;
 * e1.0:40ms for sound, with ! for DISCONT; - instead of the numbers: no meta;
 * events: pause1, unpause1, release1, interrupt1, end1 (reply-end), start1/1,
 * resume1/1, guess1/1"text", empty1/1, empty1/1"why", key0/1, seg, gap, eos;
 * { and } for the start and stop of a flush, )} when it resets the time.
 *
 * Epochs count from 1 in each rig. */
typedef struct
{
  GMainContext *context;
  ParleyLoop *loop;
  CallPair pair;
  gboolean has_call;
  GstElement *element;
  GstHarness *harness;
  GstBus *bus;
  GString *trace;
  guint64 epochs;               /* drawn before this rig */
  gint has_player;              /* downstream answers that it plays */
  gint not_live;                /* upstream answers that it is not live */
  void (*on_buffer) (gpointer rig);     /* in the push; or NULL */
} Rig;

/* Properties as in a launch line; with more than one element it is a bin. It is
 * not started: rig_start(). */
void rig_init (Rig * rig, const gchar * launch);
/* To PLAYING, with these caps at the sink pad (NULL: no stream yet). */
void rig_start (Rig * rig, const gchar * caps);
/* Nothing may be left. */
void rig_clear (Rig * rig);

/* A call in the element's context, before rig_start(): it has not started. */
void rig_give_call (Rig * rig);

void rig_settle (Rig * rig);
void rig_wait_ms (Rig * rig, guint ms);
/* Iterates until *flag. */
void rig_until (Rig * rig, gint * flag);

/* Clears the trace. */
void rig_expect (Rig * rig, const gchar * trace);
void rig_expect_log (Rig * rig, const gchar * log);

GstFlowReturn rig_push_text (Rig * rig, guint turn, guint64 epoch,
    guint sequence, const gchar * text);
GstBuffer *rig_audio (guint turn, guint take, GstClockTime pts, guint ms);
GstFlowReturn rig_push_audio (Rig * rig, guint turn, guint take, guint ms);
void rig_event (Rig * rig, GstEvent * event);
/* From downstream. */
void rig_upstream (Rig * rig, GstEvent * event);
void rig_flush (Rig * rig);
void rig_state (Rig * rig, GstState state);

/* The oldest element message @name, or warning or error if that is "warning"
 * or "error"; older others are dropped. NULL: there is none. */
GstMessage *rig_take_message (Rig * rig, const gchar * name);
/* One such error or warning, nothing more of its kind. */
void rig_expect_fault (Rig * rig, GstMessageType type, GQuark domain,
    gint code, const gchar * part);
void rig_expect_no_message (Rig * rig, const gchar * name);

/* Each property: set and read back, ranges hold, and a blurb with the unit of
 * what is a time; none yields the value of an environment variable. */
void rig_check_properties (const gchar * factory);
