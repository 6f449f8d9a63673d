/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "net/call.h"
#include "net/loop.h"
#include "turn/timeline.h"

G_BEGIN_DECLS

/* What the elements that live on a loop share: finding the loop and the call,
 * the hand-over from other threads, pushing, and going up and down. It has no
 * thread of its own and never waits on the loop.
 *
 * The loop comes from the context "parley.call" of the pipeline, else from
 * "parley.loop"; the first element that finds neither offers the latter.
 *
 * The sink pad, where there is one, hands buffers, serialized events and our
 * out-of-band events to the loop. On the loop they go straight through. Another
 * thread puts them into the inbox, and waits once that holds 2 s of buffers; if
 * drop_oldest is set and upstream is live the oldest buffers go instead, with a
 * warning once a second. */

#define GST_TYPE_LOOP_ELEMENT (gst_loop_element_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstLoopElement, gst_loop_element, GST, LOOP_ELEMENT,
    GstElement)

struct _GstLoopElementClass
{
  GstElementClass parent_class;

  gboolean drop_oldest;
  gboolean is_player;           /* answers pause with heard, as mulawsink */
  /* Of timelines that reach the sink pad; the next one is when the loop takes
   * them. 0: none. */
  ParleyMilestone arrival;

  /* NULL→READY: check the settings, begin to warm. The loop is known. Any
   * thread; waits for nothing. FALSE: an error was posted. */
  gboolean (*open) (GstLoopElement * self);
  /* READY→NULL: any thread. */
  void (*close) (GstLoopElement * self);

  /* All others on the loop. start comes before anything else of a run, stop
   * after everything; a run is PAUSED and above. */
  void (*start) (GstLoopElement * self);
  void (*stop) (GstLoopElement * self);
  /* A buffer or a serialized or parley/ out-of-band event at the sink pad;
   * transfer full. event must push on what it does not know with
   * gst_loop_element_push_event(). */
  GstFlowReturn (*buffer) (GstLoopElement * self, GstBuffer * buffer);
  gboolean (*event) (GstLoopElement * self, GstEvent * event);
  /* After FLUSH_STOP came at the sink pad: nothing of before matters. */
  void (*flush) (GstLoopElement * self);
  /* A parley/ event from downstream at the source pad; transfer full; to be
   * pushed on upstream with gst_loop_element_push_upstream(). */
  gboolean (*upstream) (GstLoopElement * self, GstEvent * event);
};

/* For the subclass's init: its pads, made from the templates "sink" and "src"
 * as far as the class has them. */
void gst_loop_element_add_pads (GstLoopElement * self);
/* Borrowed; NULL without such a pad. */
GstPad *gst_loop_element_get_sink_pad (GstLoopElement * self);
GstPad *gst_loop_element_get_src_pad (GstLoopElement * self);

/* From READY on; borrowed. */
ParleyLoop *gst_loop_element_get_loop (GstLoopElement * self);
/* From start to stop; borrowed; NULL when the pipeline has no call. */
ParleyCall *gst_loop_element_get_call_in_loop (GstLoopElement * self);
/* The call in the element's context, asking the pipeline for it; transfer
 * full, NULL for none. Any thread, not on data flow. */
ParleyCall *gst_loop_element_ask_call (GstLoopElement * self);
/* The same without asking; any thread. */
ParleyCall *gst_loop_element_dup_call (GstLoopElement * self);
/* Offers @call to the pipeline, until the next one or NULL is offered. */
void gst_loop_element_offer_call (GstLoopElement * self, ParleyCall * call);
GstContext *gst_loop_context_new_call (ParleyCall * call);

/* Push from the loop: the source pad's stream lock is held meanwhile, so that
 * deactivation waits for it; the time counts for loop-stall. The first buffer
 * of a run that downstream cannot take is posted as an error. Transfer full. */
GstFlowReturn gst_loop_element_push_in_loop (GstLoopElement * self,
    GstBuffer * buffer);
gboolean gst_loop_element_push_event_in_loop (GstLoopElement * self,
    GstEvent * event);
gboolean gst_loop_element_push_upstream_in_loop (GstLoopElement * self,
    GstEvent * event);

/* Whether something downstream plays replies and tells what was heard. */
gboolean gst_loop_element_has_player_in_loop (GstLoopElement * self);

/* Whether upstream is live, by a latency query; any thread. */
gboolean gst_loop_element_is_live (GstLoopElement * self);

/* While held, nothing leaves the inbox; on-loop callers are not held up. */
void gst_loop_element_hold_in_loop (GstLoopElement * self, gboolean hold);

/* What waits in the inbox now: buffers and events, and the buffers' time. Any
 * thread. Also as properties, named as those of queue. */
void gst_loop_element_get_level (GstLoopElement * self, guint * items,
    GstClockTime * time);
void gst_loop_element_install_levels (GObjectClass * klass);

/* Whether the run goes on: what a timer or a provider brings later is of no use
 * to anybody. */
gboolean gst_loop_element_is_running_in_loop (GstLoopElement * self);

/* @func (self) on the loop, later, unless the run has ended by then; nothing
 * before the first READY. */
typedef void (*GstLoopElementFunc) (GstLoopElement * self);
void gst_loop_element_invoke (GstLoopElement * self, GstLoopElementFunc func);

/* The milestone of @item's timeline, if it has one: it reached the sink pad,
 * or the loop took it. */
void gst_loop_element_stamp (GstLoopElement * self, GstMiniObject * item,
    gboolean taken);
/* Posts "parley-wait" for each stage after @first and up to @last that the
 * element spent waiting for others: turn (uint), epoch (uint64), peer (string,
 * the stage), begin and end (int64, µs of the monotonic clock). */
void gst_loop_element_post_waits_in_loop (GstLoopElement * self,
    ParleyTimeline * timeline, guint64 epoch, ParleyMilestone first,
    ParleyMilestone last);

/* The present running time; GST_CLOCK_TIME_NONE unless PLAYING with a clock. */
GstClockTime gst_loop_element_running_time (GstLoopElement * self);

/* Posts @error as the one error of this fault, domain and code after its kind
 * (PARLEY_PROVIDER_ERROR, PARLEY_CALL_ERROR). */
void gst_loop_element_post_error (GstLoopElement * self, const GError * error);
/* A property text with %{call.from} and the like replaced; transfer full, NULL
 * for NULL. */
gchar *gst_loop_element_expand_in_loop (GstLoopElement * self,
    const gchar * text);

G_END_DECLS
