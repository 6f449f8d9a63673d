/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstloopelement.h"

#include "net/clock.h"
#include "turn/notices.h"
#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_STATIC (loop_element_debug);
#define GST_CAT_DEFAULT loop_element_debug

#define CONTEXT_CALL "parley.call"
#define CONTEXT_LOOP "parley.loop"
#define QUERY_PLAYER "parley/player"

#define INBOX_LIMIT (2 * GST_SECOND)
/* What a buffer without a duration (text) counts for in the inbox. */
#define INBOX_UNTIMED (20 * GST_MSECOND)
/* How many items one dispatch of the inbox takes, so that others on the loop
 * get their turn. */
#define INBOX_BATCH 32
#define WARN_INTERVAL_US G_TIME_SPAN_SECOND

typedef struct
{
  GstPad *sinkpad;
  GstPad *srcpad;
  ParleyLoop *loop;             /* from the first READY on */

  /* Odd while PAUSED or above; atomic. The loop follows it in sync_run(). */
  gint run;

  GMutex lock;
  GCond cond;
  /* Under lock: */
  GQueue inbox;                 /* of GstMiniObject: buffers and events */
  GstClockTime inbox_time;      /* of the buffers in it */
  gboolean flushing;
  gboolean flushed;             /* the subclass does not know yet */
  gboolean scheduled;
  gboolean held;
  gint64 warned;
  GstFlowReturn flow;           /* of the last push */

  /* On the loop: */
  gint applied_run;
  guint pushing;                /* depth of our pushes */
  gboolean flow_failed;         /* an error of this run was posted */
  ParleyCall *call;
} GstLoopElementPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstLoopElement, gst_loop_element,
    GST_TYPE_ELEMENT, G_ADD_PRIVATE (GstLoopElement);
    GST_DEBUG_CATEGORY_INIT (loop_element_debug, "parleyloop", 0,
        "Parley elements on their loop"));

#define PRIV(self) \
    ((GstLoopElementPrivate *) gst_loop_element_get_instance_private (self))

/* Contexts */

static gpointer
context_object (GstElement * element, const gchar * type, const gchar * field,
    GType object_type)
{
  GstContext *context = gst_element_get_context (element, type);
  gpointer object = NULL;

  if (context) {
    gst_structure_get (gst_context_get_structure (context), field,
        object_type, &object, NULL);
    gst_context_unref (context);
  }
  return object;
}

static void
ask_context (GstLoopElement * self, const gchar * type)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_need_context (GST_OBJECT (self), type));
}

ParleyCall *
gst_loop_element_dup_call (GstLoopElement * self)
{
  return context_object (GST_ELEMENT (self), CONTEXT_CALL, "call",
      PARLEY_TYPE_CALL);
}

ParleyCall *
gst_loop_element_ask_call (GstLoopElement * self)
{
  ask_context (self, CONTEXT_CALL);
  return gst_loop_element_dup_call (self);
}

static void
offer (GstLoopElement * self, GstContext * context)
{
  gst_element_set_context (GST_ELEMENT (self), context);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_have_context (GST_OBJECT (self), context));
}

void
gst_loop_element_offer_call (GstLoopElement * self, ParleyCall * call)
{
  offer (self, gst_loop_context_new_call (call));
}

static ParleyLoop *
find_loop (GstLoopElement * self)
{
  ParleyCall *call = gst_loop_element_ask_call (self);
  ParleyLoop *loop;
  GstContext *context;

  if (call) {
    loop = parley_loop_hold (parley_call_get_loop (call));
    g_object_unref (call);
    return loop;
  }
  ask_context (self, CONTEXT_LOOP);
  loop = context_object (GST_ELEMENT (self), CONTEXT_LOOP, "loop",
      PARLEY_TYPE_LOOP);
  if (loop) {
    ParleyLoop *held = parley_loop_hold (loop);
    g_object_unref (loop);
    return held;
  }
  loop = parley_loop_acquire ();
  context = gst_context_new (CONTEXT_LOOP, TRUE);
  gst_structure_set (gst_context_writable_structure (context), "loop",
      PARLEY_TYPE_LOOP, loop, NULL);
  offer (self, context);
  return loop;
}

/* The loop is kept in NULL: the end of the last run may still be on its way. */
static void
take_loop (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  ParleyLoop *old = priv->loop;

  g_atomic_pointer_set (&priv->loop, find_loop (self));
  if (old)
    parley_loop_release (old);
}

/* Going up and down, on the loop */

static void
begin_run (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);

  priv->call = gst_loop_element_dup_call (self);
  priv->flow_failed = FALSE;
  if (klass->start)
    klass->start (self);
}

static void
end_run (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);

  if (klass->stop)
    klass->stop (self);
  g_clear_object (&priv->call);
}

/* TRUE once: the stream was flushed since the last time. */
static gboolean
take_flushed (GstLoopElementPrivate * priv)
{
  gboolean flushed;

  g_mutex_lock (&priv->lock);
  flushed = priv->flushed;
  priv->flushed = FALSE;
  g_mutex_unlock (&priv->lock);
  return flushed;
}

/* Brings the loop's side to the run that the state changes asked for, and past
 * the last flush. Whatever enters an element on its loop comes through here
 * first, since a socket may be served before the callback that was posted by
 * the state change. Inside a push of the element nothing ends: its caller still
 * works with what stop and flush free. */
static gboolean
sync_run (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);
  gint wanted;

  g_assert (parley_loop_is_current (priv->loop));
  if (priv->pushing)
    return gst_loop_element_is_running_in_loop (self);
  while ((wanted = g_atomic_int_get (&priv->run)) != priv->applied_run) {
    gboolean was_running = priv->applied_run & 1;

    priv->applied_run = wanted;
    if (was_running)
      end_run (self);
    if (wanted & 1)
      begin_run (self);
  }
  if ((wanted & 1) && take_flushed (priv) && klass->flush)
    klass->flush (self);
  return wanted & 1;
}

gboolean
gst_loop_element_is_running_in_loop (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  gint wanted = g_atomic_int_get (&priv->run);

  return (wanted & 1) && wanted == priv->applied_run;
}

static void
sync_posted (gpointer data, gpointer user_data)
{
  GstLoopElement *self = data;

  if (g_atomic_pointer_get (&PRIV (self)->loop) == user_data)
    sync_run (self);
  g_object_unref (user_data);
  gst_object_unref (self);
}

/* After a state change. On the loop at once: what comes right behind a call's
 * start, in the same read from the socket, must find the element at work. */
static void
sync_soon (GstLoopElement * self)
{
  ParleyLoop *loop = PRIV (self)->loop;

  if (parley_loop_is_current (loop) && !PRIV (self)->pushing)
    sync_run (self);
  else
    parley_loop_invoke (loop, sync_posted, gst_object_ref (self),
        g_object_ref (loop));
}

/* The inbox */

static void
inbox_clear_unlocked (GstLoopElementPrivate * priv)
{
  GstMiniObject *item;

  while ((item = g_queue_pop_head (&priv->inbox)))
    gst_mini_object_unref (item);
  priv->inbox_time = 0;
  g_cond_broadcast (&priv->cond);
}

static void
inbox_set_flushing (GstLoopElement * self, gboolean flushing, gboolean flushed)
{
  GstLoopElementPrivate *priv = PRIV (self);

  g_mutex_lock (&priv->lock);
  priv->flushed = flushed;
  priv->flushing = flushing;
  priv->flow = flushing ? GST_FLOW_FLUSHING : GST_FLOW_OK;
  inbox_clear_unlocked (priv);
  g_mutex_unlock (&priv->lock);
}

static GstClockTime
item_time (GstMiniObject * item)
{
  if (!GST_IS_BUFFER (item))
    return 0;
  return GST_BUFFER_DURATION_IS_VALID (GST_BUFFER (item)) ?
      GST_BUFFER_DURATION (GST_BUFFER (item)) : INBOX_UNTIMED;
}

static void
set_flow (GstLoopElement * self, GstFlowReturn flow)
{
  GstLoopElementPrivate *priv = PRIV (self);

  g_mutex_lock (&priv->lock);
  if (!priv->flushing)
    priv->flow = flow;
  g_mutex_unlock (&priv->lock);
}

static GstFlowReturn
get_flow (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstFlowReturn flow;

  g_mutex_lock (&priv->lock);
  flow = priv->flow;
  g_mutex_unlock (&priv->lock);
  return flow;
}

/* On the loop; takes @item. */
static GstFlowReturn
handle_item (GstLoopElement * self, GstMiniObject * item)
{
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);

  if (!sync_run (self)) {
    gst_mini_object_unref (item);
    return GST_FLOW_FLUSHING;
  }
  gst_loop_element_stamp (self, item, TRUE);
  if (GST_IS_BUFFER (item)) {
    GstFlowReturn flow = klass->buffer (self, GST_BUFFER (item));
    set_flow (self, flow);
    return flow;
  }
  return klass->event (self, GST_EVENT (item)) ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static GstMiniObject *
inbox_pop (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstMiniObject *item = NULL;

  g_mutex_lock (&priv->lock);
  if (!priv->held)
    item = g_queue_pop_head (&priv->inbox);
  if (item) {
    priv->inbox_time -= item_time (item);
    g_cond_broadcast (&priv->cond);
  } else {
    priv->scheduled = FALSE;
  }
  g_mutex_unlock (&priv->lock);
  return item;
}

static void
inbox_drain (gpointer data, gpointer user_data)
{
  GstLoopElement *self = data;
  GstMiniObject *item;
  guint n = 0;

  while (n++ < INBOX_BATCH && (item = inbox_pop (self)))
    handle_item (self, item);
  if (n > INBOX_BATCH)
    parley_loop_invoke (user_data, inbox_drain, self, user_data);
  else
    gst_object_unref (self);
}

static void
inbox_schedule_unlocked (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);

  if (priv->scheduled || priv->held || g_queue_is_empty (&priv->inbox))
    return;
  priv->scheduled = TRUE;
  parley_loop_invoke (priv->loop, inbox_drain, gst_object_ref (self),
      priv->loop);
}

void
gst_loop_element_hold_in_loop (GstLoopElement * self, gboolean hold)
{
  GstLoopElementPrivate *priv = PRIV (self);

  g_mutex_lock (&priv->lock);
  priv->held = hold;
  inbox_schedule_unlocked (self);
  g_mutex_unlock (&priv->lock);
}

/* Makes room by letting the oldest buffers go; events stay. */
static void
inbox_drop_oldest_unlocked (GstLoopElementPrivate * priv)
{
  GList *next;

  for (GList * l = priv->inbox.head; l && priv->inbox_time >= INBOX_LIMIT;
      l = next) {
    next = l->next;
    if (!GST_IS_BUFFER (l->data))
      continue;
    priv->inbox_time -= item_time (l->data);
    gst_mini_object_unref (l->data);
    g_queue_delete_link (&priv->inbox, l);
  }
}

static gboolean
inbox_is_full (GstLoopElementPrivate * priv)
{
  gboolean full;

  g_mutex_lock (&priv->lock);
  full = priv->inbox_time >= INBOX_LIMIT;
  g_mutex_unlock (&priv->lock);
  return full;
}

void
gst_loop_element_get_level (GstLoopElement * self, guint * items,
    GstClockTime * time)
{
  GstLoopElementPrivate *priv = PRIV (self);

  g_mutex_lock (&priv->lock);
  *items = g_queue_get_length (&priv->inbox);
  *time = priv->inbox_time;
  g_mutex_unlock (&priv->lock);
}

static void
warn_dropped (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);
  gint64 now = parley_clock_now ();
  gboolean warn;

  g_mutex_lock (&priv->lock);
  warn = !priv->warned || now - priv->warned >= WARN_INTERVAL_US;
  if (warn)
    priv->warned = now;
  g_mutex_unlock (&priv->lock);
  if (warn)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("Audio of the caller was dropped: the loop cannot keep up."),
        ("the inbox held %" GST_TIME_FORMAT, GST_TIME_ARGS (INBOX_LIMIT)));
}

/* From a thread that is not the loop; takes @item. */
static GstFlowReturn
inbox_put (GstLoopElement * self, GstMiniObject * item)
{
  GstLoopElementPrivate *priv = PRIV (self);
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);
  gboolean drop = klass->drop_oldest && GST_IS_BUFFER (item)
      && inbox_is_full (priv) && gst_loop_element_is_live (self);
  GstFlowReturn flow;

  if (drop)
    warn_dropped (self);
  g_mutex_lock (&priv->lock);
  if (drop)
    inbox_drop_oldest_unlocked (priv);
  while (!priv->flushing && GST_IS_BUFFER (item)
      && priv->inbox_time >= INBOX_LIMIT)
    g_cond_wait (&priv->cond, &priv->lock);
  flow = priv->flow;
  if (priv->flushing) {
    gst_mini_object_unref (item);
  } else {
    g_queue_push_tail (&priv->inbox, item);
    priv->inbox_time += item_time (item);
    inbox_schedule_unlocked (self);
  }
  g_mutex_unlock (&priv->lock);
  return flow;
}

/* On the loop, behind what other threads have put there. */
static gboolean
inbox_append_if_waiting (GstLoopElement * self, GstMiniObject * item)
{
  GstLoopElementPrivate *priv = PRIV (self);
  gboolean waiting;

  g_mutex_lock (&priv->lock);
  waiting = !g_queue_is_empty (&priv->inbox);
  if (waiting) {
    g_queue_push_tail (&priv->inbox, item);
    priv->inbox_time += item_time (item);
  }
  g_mutex_unlock (&priv->lock);
  return waiting;
}

static GstFlowReturn
take_item (GstLoopElement * self, GstMiniObject * item)
{
  gst_loop_element_stamp (self, item, FALSE);
  if (!parley_loop_is_current (PRIV (self)->loop))
    return inbox_put (self, item);
  if (inbox_append_if_waiting (self, item))
    return get_flow (self);
  return handle_item (self, item);
}

/* The sink pad */

static GstFlowReturn
gst_loop_element_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  return take_item (GST_LOOP_ELEMENT (parent), GST_MINI_OBJECT (buffer));
}

static void
out_of_band_in_loop (gpointer data, gpointer user_data)
{
  GstLoopElement *self = data;

  gst_loop_element_stamp (self, user_data, TRUE);
  if (sync_run (self))
    GST_LOOP_ELEMENT_GET_CLASS (self)->event (self, user_data);
  else
    gst_event_unref (user_data);
  gst_object_unref (self);
}

static void
flush_in_loop (gpointer data, gpointer user_data)
{
  GstLoopElementPrivate *priv = PRIV (data);

  if (priv->pushing) {
    parley_loop_invoke (priv->loop, flush_in_loop, data, NULL);
    return;
  }
  sync_run (data);
  gst_object_unref (data);
}

static void
run_on_loop (GstLoopElement * self, GFunc func, gpointer user_data)
{
  ParleyLoop *loop = PRIV (self)->loop;

  gst_object_ref (self);
  if (parley_loop_is_current (loop))
    func (self, user_data);
  else
    parley_loop_invoke (loop, func, self, user_data);
}

static gboolean
gst_loop_element_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstLoopElement *self = GST_LOOP_ELEMENT (parent);
  gboolean ok;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      inbox_set_flushing (self, TRUE, FALSE);
      return gst_pad_event_default (pad, parent, event);
    case GST_EVENT_FLUSH_STOP:
      ok = gst_pad_event_default (pad, parent, event);
      inbox_set_flushing (self, FALSE, TRUE);
      run_on_loop (self, flush_in_loop, NULL);
      return ok;
    default:
      break;
  }
  if (GST_EVENT_IS_SERIALIZED (event)) {
    GstFlowReturn flow = take_item (self, GST_MINI_OBJECT (event));
    return flow == GST_FLOW_OK || flow == GST_FLOW_EOS;
  }
  if (parley_event_get_kind (event) == PARLEY_EVENT_OTHER)
    return gst_pad_event_default (pad, parent, event);
  gst_loop_element_stamp (self, GST_MINI_OBJECT (event), FALSE);
  run_on_loop (self, out_of_band_in_loop, event);
  return TRUE;
}

/* Nothing here is negotiated through allocation, and a serialized query must
 * not wait for the loop. */
static gboolean
gst_loop_element_sink_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (parent);
  const GstStructure *structure = gst_query_get_structure (query);

  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION)
    return FALSE;
  if (klass->is_player && structure
      && gst_structure_has_name (structure, QUERY_PLAYER))
    return TRUE;
  return gst_pad_query_default (pad, parent, query);
}

gboolean
gst_loop_element_has_player_in_loop (GstLoopElement * self)
{
  GstQuery *query = gst_query_new_custom (GST_QUERY_CUSTOM,
      gst_structure_new_empty (QUERY_PLAYER));
  gboolean found = gst_pad_peer_query (PRIV (self)->srcpad, query);

  gst_query_unref (query);
  return found;
}

/* The source pad */

static void
upstream_in_loop (gpointer data, gpointer user_data)
{
  GstLoopElement *self = data;
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);

  if (!sync_run (self))
    gst_event_unref (user_data);
  else if (klass->upstream)
    klass->upstream (self, user_data);
  else
    gst_loop_element_push_upstream_in_loop (self, user_data);
  gst_object_unref (self);
}

static gboolean
gst_loop_element_src_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstLoopElement *self = GST_LOOP_ELEMENT (parent);

  if (parley_event_get_kind (event) == PARLEY_EVENT_OTHER)
    return gst_pad_event_default (pad, parent, event);
  run_on_loop (self, upstream_in_loop, event);
  return TRUE;
}

static void
report_stall (GstLoopElement * self, const ParleyLoopStall * stall)
{
  GstPad *peer = gst_pad_get_peer (PRIV (self)->srcpad);
  gchar *name = peer ? gst_object_get_path_string (GST_OBJECT (peer))
      : g_strdup ("nothing");

  GST_WARNING_OBJECT (self, "loop-stall: a push into %s took %"
      G_GINT64_FORMAT " us; put a queue before what blocks", name,
      stall->longest);
  parley_notice_post (GST_ELEMENT (self),
      gst_structure_new ("loop-stall", "peer", G_TYPE_STRING, name,
          "count", G_TYPE_UINT64, stall->count,
          "longest", G_TYPE_UINT64, (guint64) stall->longest * 1000,
          "share", G_TYPE_DOUBLE, stall->share, NULL));
  g_free (name);
  gst_clear_object (&peer);
}

/* Time that pushes inside the present one took on this thread, µs: they have
 * accounted for it themselves. */
static __thread gint64 nested_time;

typedef struct
{
  gint64 begin;
  gint64 nested_before;
} PushTime;

static PushTime
begin_push (GstLoopElement * self)
{
  PushTime time = { g_get_monotonic_time (), nested_time };

  g_assert (parley_loop_is_current (PRIV (self)->loop));
  PRIV (self)->pushing++;
  nested_time = 0;
  return time;
}

static void
end_push (GstLoopElement * self, PushTime time)
{
  gint64 end = g_get_monotonic_time ();
  ParleyLoopStall stall;

  PRIV (self)->pushing--;
  if (parley_loop_account_push_in_loop (PRIV (self)->loop,
          time.begin + nested_time, end, &stall))
    report_stall (self, &stall);
  nested_time = time.nested_before + end - time.begin;
}

/* What we push is not the answer to a caller who could pass the failure on. */
static void
report_flow (GstLoopElement * self, GstFlowReturn flow)
{
  GstLoopElementPrivate *priv = PRIV (self);

  set_flow (self, flow);
  if (flow != GST_FLOW_NOT_LINKED && flow > GST_FLOW_NOT_NEGOTIATED)
    return;
  if (!priv->flow_failed)
    GST_ELEMENT_FLOW_ERROR (self, flow);
  priv->flow_failed = TRUE;
}

GstFlowReturn
gst_loop_element_push_in_loop (GstLoopElement * self, GstBuffer * buffer)
{
  GstLoopElementPrivate *priv = PRIV (self);
  PushTime time = begin_push (self);
  GstFlowReturn flow;

  GST_PAD_STREAM_LOCK (priv->srcpad);
  flow = gst_pad_push (priv->srcpad, buffer);
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
  end_push (self, time);
  report_flow (self, flow);
  return flow;
}

gboolean
gst_loop_element_push_event_in_loop (GstLoopElement * self, GstEvent * event)
{
  GstLoopElementPrivate *priv = PRIV (self);
  gboolean serialized = GST_EVENT_IS_SERIALIZED (event);
  PushTime time;
  gboolean ok;

  if (!priv->srcpad) {
    gst_event_unref (event);
    return TRUE;
  }
  time = begin_push (self);
  if (serialized)
    GST_PAD_STREAM_LOCK (priv->srcpad);
  ok = gst_pad_push_event (priv->srcpad, event);
  if (serialized)
    GST_PAD_STREAM_UNLOCK (priv->srcpad);
  end_push (self, time);
  return ok;
}

/* Small things */

typedef struct
{
  GstLoopElementFunc func;
  gint run;
  GstLoopElement *self;
} Call;

static void
invoke_call (gpointer data, gpointer user_data)
{
  Call *call = data;

  if (sync_run (call->self) && PRIV (call->self)->applied_run == call->run)
    call->func (call->self);
  gst_object_unref (call->self);
  g_free (call);
}

void
gst_loop_element_invoke (GstLoopElement * self, GstLoopElementFunc func)
{
  GstLoopElementPrivate *priv = PRIV (self);
  Call *call;

  if (!priv->loop)
    return;
  call = g_new (Call, 1);
  call->func = func;
  call->run = g_atomic_int_get (&priv->run);
  call->self = gst_object_ref (self);
  parley_loop_invoke (priv->loop, invoke_call, call, NULL);
}

GstPad *
gst_loop_element_get_sink_pad (GstLoopElement * self)
{
  return PRIV (self)->sinkpad;
}

GstPad *
gst_loop_element_get_src_pad (GstLoopElement * self)
{
  return PRIV (self)->srcpad;
}

ParleyLoop *
gst_loop_element_get_loop (GstLoopElement * self)
{
  return PRIV (self)->loop;
}

ParleyCall *
gst_loop_element_get_call_in_loop (GstLoopElement * self)
{
  return PRIV (self)->call;
}

/* States */

static GstStateChangeReturn
gst_loop_element_change_state (GstElement * element, GstStateChange transition)
{
  GstLoopElement *self = GST_LOOP_ELEMENT (element);
  GstLoopElementClass *klass = GST_LOOP_ELEMENT_GET_CLASS (self);
  GstLoopElementPrivate *priv = PRIV (self);
  GstStateChangeReturn result;

  switch (transition) {
    case GST_STATE_CHANGE_NULL_TO_READY:
      take_loop (self);
      if (klass->open && !klass->open (self))
        return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      ask_context (self, CONTEXT_CALL);
      inbox_set_flushing (self, FALSE, FALSE);
      g_atomic_int_inc (&priv->run);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      g_atomic_int_inc (&priv->run);
      inbox_set_flushing (self, TRUE, FALSE);
      break;
    default:
      break;
  }

  result = GST_ELEMENT_CLASS (gst_loop_element_parent_class)->change_state
      (element, transition);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && result == GST_STATE_CHANGE_FAILURE)
    g_atomic_int_inc (&priv->run);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      || transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    sync_soon (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL && klass->close)
    klass->close (self);
  return result;
}

static void
gst_loop_element_finalize (GObject * object)
{
  GstLoopElementPrivate *priv = PRIV (GST_LOOP_ELEMENT (object));

  if (priv->loop)
    parley_loop_release (priv->loop);
  g_mutex_clear (&priv->lock);
  g_cond_clear (&priv->cond);
  G_OBJECT_CLASS (gst_loop_element_parent_class)->finalize (object);
}

static GstPad *
add_pad (GstLoopElement * self, const gchar * name)
{
  GstPadTemplate *template =
      gst_element_get_pad_template (GST_ELEMENT (self), name);
  GstPad *pad;

  if (!template)
    return NULL;
  pad = gst_pad_new_from_template (template, name);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  return pad;
}

void
gst_loop_element_add_pads (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);

  priv->sinkpad = add_pad (self, "sink");
  priv->srcpad = add_pad (self, "src");
  if (priv->sinkpad) {
    gst_pad_set_chain_function (priv->sinkpad, gst_loop_element_chain);
    gst_pad_set_event_function (priv->sinkpad, gst_loop_element_sink_event);
    gst_pad_set_query_function (priv->sinkpad, gst_loop_element_sink_query);
  }
  if (priv->srcpad) {
    gst_pad_set_event_function (priv->srcpad, gst_loop_element_src_event);
    gst_pad_use_fixed_caps (priv->srcpad);
  }
}

static void
gst_loop_element_init (GstLoopElement * self)
{
  GstLoopElementPrivate *priv = PRIV (self);

  g_mutex_init (&priv->lock);
  g_cond_init (&priv->cond);
  g_queue_init (&priv->inbox);
  priv->flushing = TRUE;
}

static void
gst_loop_element_class_init (GstLoopElementClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_loop_element_finalize;
  gst_loop_element_install_levels (G_OBJECT_CLASS (klass));
  GST_ELEMENT_CLASS (klass)->change_state = gst_loop_element_change_state;
}
