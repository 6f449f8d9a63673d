/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/check/gstharness.h>

#include "net/call.h"

#define MS G_TIME_SPAN_MILLISECOND
#define MULAW "audio/x-mulaw,rate=8000,channels=1"

/* A sink on a loop that the test iterates, a call, and the far end of its
 * socket, which notes what comes: f a frame, C a clear, and the names of
 * marks. */
typedef struct
{
  GMainContext *context;
  ParleyLoop *loop;
  ParleyCall *call;
  SoupWebsocketConnection *far;
  GSocket *out;                 /* that the call believes it writes to */
  gboolean far_closed;
  GstHarness *harness;
  GstElement *sink;
  GstBus *bus;
  GString *wire;
  GByteArray *audio;
  GString *upstream;
} SinkRig;

/* For g_test_add(): with a call that has started, with one that has not, with
 * none; and the end of all, where nothing may be left. */
void rig_setup (SinkRig * f, gconstpointer data);
void rig_setup_not_started (SinkRig * f, gconstpointer data);
void rig_setup_without_call (SinkRig * f, gconstpointer data);
void rig_teardown (SinkRig * f, gconstpointer data);

/* The loop until it is idle; the clock on by so much. */
void rig_settle (SinkRig * f);
void rig_wait_ms (SinkRig * f, guint ms);

/* What the far end sends. */
void rig_far_start (SinkRig * f);
void rig_far_echo (SinkRig * f, const gchar * name);

/* Two connected sockets. */
void rig_make_pair (gint fds[2]);

/* The element's call, for its next run. */
void rig_give_context (SinkRig * f);

/* @ms of mu-law whose bytes are all @value; epoch 0 goes without a meta. */
GstBuffer *rig_make_buffer (guint8 value, guint ms);
GstFlowReturn rig_push (SinkRig * f, guint64 epoch, guint sequence,
    guint8 value, guint ms);

/* Events from upstream. */
void rig_send_event (SinkRig * f, GstEvent * event);
void rig_release (SinkRig * f, guint64 epoch);

/* Compares what came since the last time: on the wire; upstream, as begin1,
 * end1 and heard<epoch>/<sentence>/<ms> with b, d, a: begun, done, answer. */
void rig_expect_wire (SinkRig * f, const gchar * expected);
void rig_expect_upstream (SinkRig * f, const gchar * expected);

/* Samples of that value that came. */
guint rig_count (SinkRig * f, guint8 value);

/* Takes the EOS message and returns its number; 0: there is none. */
guint32 rig_take_eos (SinkRig * f);

/* One of the property stats. */
guint64 rig_stat (SinkRig * f, const gchar * name);
