/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/session.h"

#include <string.h>

#include "net/clock.h"
#include "server/log.h"

/* How long after the end of the call its pipeline may take to finish files. */
#define LINGER_US (5 * G_TIME_SPAN_SECOND)

struct _ParleySession
{
  gatomicrefcount refs;
  ParleyLoop *loop;
  ParleyCall *call;
  ParleySessionHooks hooks;
  gpointer data;
  gint foreign;                 /* atomic: has threads that are not the loop */

  /* On the loop: */
  guint handler;
  gchar *sid;
  guint64 released;             /* the last reply that may be heard; 0: none */
  GQueue held;                  /* of ParleyCaption, texts owned: of replies
                                 * after it, which may be void */
  ParleyStock *stock;
  GstElement *pipeline;
  ParleyCapture *capture;       /* NULL: not wanted */
  gint64 began;
  GSource *linger;
  gchar *reason;                /* why it ended; the first one counts */
  ParleySessionEnd end;
  gboolean call_ended;
  gboolean ending;              /* teardown is on its way or done */
  gboolean over;                /* the hooks know: they hear no more */
};

static ParleySession *
session_ref (ParleySession * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void held_free (gpointer data);

static void
session_unref (gpointer data)
{
  ParleySession *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->stock)
    parley_stock_unref (self->stock);
  g_object_unref (self->call);
  parley_loop_release (self->loop);
  g_queue_clear_full (&self->held, held_free);
  g_free (self->sid);
  g_free (self->reason);
  g_free (self);
}

void
parley_session_end (ParleySession * self)
{
  parley_call_end (self->call);
}

ParleyLoop *
parley_session_get_loop (ParleySession * self)
{
  return self->loop;
}

const gchar *
parley_session_end_to_string (ParleySessionEnd end)
{
  static const gchar *const names[PARLEY_SESSION_N_ENDS] = {
    "hung-up", "agent", "error", "no-pipeline", "protocol", "no-start",
    "stale", "stuck", "lost"
  };

  return names[end];
}

static void
set_reason (ParleySession * self, ParleySessionEnd end, const gchar * reason)
{
  if (self->reason)
    return;
  self->end = end;
  self->reason = g_strdup (reason);
}

/* Looking on from outside */

typedef struct
{
  ParleySession *session;
  ParleySessionLook func;
  gpointer data;
} Look;

static void
look_in_loop (gpointer data, gpointer user_data)
{
  Look *look = data;

  look->func (look->session->ending ? NULL : look->session->pipeline,
      look->data);
  session_unref (look->session);
  g_free (look);
}

void
parley_session_look (ParleySession * self, ParleySessionLook func,
    gpointer data)
{
  Look *look = g_new (Look, 1);

  look->session = session_ref (self);
  look->func = func;
  look->data = data;
  parley_loop_invoke (self->loop, look_in_loop, look, NULL);
}

/* Ending */

static void
finish (ParleySession * self)
{
  set_reason (self, PARLEY_SESSION_HUNG_UP, "closed");
  parley_timer_clear (&self->linger);
  if (self->handler)
    parley_call_remove_handler_in_loop (self->call, self->handler);
  g_clear_pointer (&self->capture, parley_capture_end_in_loop);
  if (self->sid)
    parley_log_call (self->sid, "call ended after %.1f s: %s",
        (parley_clock_now () - self->began) / 1e6, self->reason);
  else
    parley_log_call (NULL, "a connection ended before its start message: %s",
        self->reason);
  self->over = TRUE;
  self->hooks.over (self, self->sid, self->end, self->reason, self->data);
  session_unref (self);
}

static void
pipeline_to_null (gpointer data)
{
  ParleySession *self = data;
  GstBus *bus = gst_element_get_bus (self->pipeline);

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (bus);
}

static void
pipeline_is_null (gpointer data)
{
  ParleySession *self = data;

  g_clear_pointer (&self->pipeline, gst_object_unref);
  finish (self);
}

/* A pipeline with threads of its own waits for them: not on the loop. */
static void
tear_down_in_loop (gpointer data, gpointer user_data)
{
  ParleySession *self = data;

  if (!self->pipeline) {
    finish (self);
  } else if (g_atomic_int_get (&self->foreign)) {
    parley_work_submit (self->loop, pipeline_to_null, pipeline_is_null, self);
  } else {
    pipeline_to_null (self);
    pipeline_is_null (self);
  }
}

static void
tear_down (ParleySession * self)
{
  if (self->ending)
    return;
  self->ending = TRUE;
  parley_timer_clear (&self->linger);
  if (!self->call_ended)
    parley_call_end (self->call);
  /* Behind the end of the call, and never inside a push. */
  parley_loop_invoke (self->loop, tear_down_in_loop, self, NULL);
}

static gboolean
linger_over (gpointer data)
{
  tear_down (data);
  return G_SOURCE_REMOVE;
}

static ParleySessionEnd
end_of_call (const GError * error)
{
  if (!error)
    return PARLEY_SESSION_HUNG_UP;
  if (error->domain != PARLEY_CALL_ERROR)
    return PARLEY_SESSION_LOST;
  return PARLEY_SESSION_PROTOCOL + error->code;
}

static void
call_ended (ParleyCall * call, const GError * error, gpointer data)
{
  ParleySession *self = data;

  self->call_ended = TRUE;
  set_reason (self, end_of_call (error), error ? error->message : "hung up");
  if (!self->pipeline || !parley_stock_has_source (self->stock))
    tear_down (self);
  else if (!self->ending)
    self->linger = parley_loop_add_timer (self->loop,
        parley_clock_now () + LINGER_US, linger_over, self);
}

/* Messages of the pipeline */

static void
tell_problem (ParleySession * self, GstMessage * message, gboolean is_error,
    const GError * error)
{
  GstObject *source = GST_MESSAGE_SRC (message);
  GstElementFactory *factory = GST_IS_ELEMENT (source)
      ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;
  ParleyProblem problem = { is_error };

  problem.element = factory ? GST_OBJECT_NAME (factory) : NULL;
  problem.domain = error->domain;
  self->hooks.problem (&problem, self->data);
}

static void
handle_error (ParleySession * self, GstMessage * message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  g_autofree gchar *reason = NULL;

  gst_message_parse_error (message, &error, &debug);
  if (self->ending)
    return;
  /* After the call's end it is a consequence of that. */
  if (!self->call_ended) {
    tell_problem (self, message, TRUE, error);
    parley_log_problem (self->sid, "error of %s: %s",
        GST_MESSAGE_SRC_NAME (message), error->message);
    parley_log_turn (self->sid, "%s", debug ? debug : "no details");
  }
  reason = g_strdup_printf ("error of %s", GST_MESSAGE_SRC_NAME (message));
  set_reason (self, PARLEY_SESSION_ERROR, reason);
  tear_down (self);
}

static void
handle_warning (ParleySession * self, GstMessage * message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  tell_problem (self, message, FALSE, error);
  parley_log_call (self->sid, "warning of %s: %s",
      GST_MESSAGE_SRC_NAME (message), error->message);
}

static void
publish (ParleySession * self, ParleyCaption * caption)
{
  if (!caption->text || !*caption->text)
    return;
  caption->sid = self->sid;
  caption->ms = (parley_clock_now () - self->began) / 1000;
  if (caption->final)
    parley_log_turn (self->sid, "%s: %s",
        caption->agent ? "agent" : "caller", caption->text);
  self->hooks.caption (self, caption, self->data);
}

static void
handle_turn (ParleySession * self, const GstStructure * fields)
{
  g_autoptr (ParleyTurnReport) report =
      parley_turn_report_from_structure (fields);

  if (report)
    self->hooks.turn (self, self->sid, report, self->data);
}

static void
handle_usage (ParleySession * self, const GstStructure * fields)
{
  ParleyUsage usage;

  if (parley_usage_from_structure (&usage, fields))
    self->hooks.usage (self, &usage, self->data);
}

static void
handle_tool (ParleySession * self, const GstStructure * fields)
{
  ParleyToolReport tool = { NULL };
  gboolean known = FALSE;
  gint64 begin, end;

  if (!gst_structure_get (fields, "known", G_TYPE_BOOLEAN, &known, "worked",
          G_TYPE_BOOLEAN, &tool.worked, "begin", G_TYPE_INT64, &begin, "end",
          G_TYPE_INT64, &end, NULL))
    return;
  tool.name = known ? gst_structure_get_string (fields, "name") : NULL;
  tool.us = end - begin;
  self->hooks.tool (&tool, self->data);
}

static void
handle_turn_end (ParleySession * self, const GstStructure * fields)
{
  const gchar *reason = gst_structure_get_string (fields, "reason");

  if (reason)
    self->hooks.turn_end (reason, self->data);
}

/* A reply may be begun before its turn is over, and be void then: it is told
 * when it is released, behind the caller's text. */

static void
held_free (gpointer data)
{
  g_free ((gchar *) ((ParleyCaption *) data)->text);
  g_free (data);
}

static void
hold (ParleySession * self, const ParleyCaption * caption)
{
  ParleyCaption *held = g_memdup2 (caption, sizeof *caption);

  held->text = g_strdup (caption->text);
  g_queue_push_tail (&self->held, held);
}

/* What came before it and was not released is void, what comes after it waits
 * for its own release. One that was released before tells nothing new. */
static void
handle_released (ParleySession * self, const GstStructure * fields)
{
  guint64 reply = 0;
  ParleyCaption *held;
  GList *next;

  gst_structure_get_uint64 (fields, "epoch", &reply);
  self->released = MAX (self->released, reply);
  for (GList * l = self->held.head; l; l = next) {
    held = l->data;
    next = l->next;
    if (held->reply > self->released)
      continue;
    if (held->reply == self->released)
      publish (self, held);
    held_free (held);
    g_queue_delete_link (&self->held, l);
  }
}

static void
handle_said (ParleySession * self, const GstStructure * fields)
{
  ParleyCaption caption = { NULL };

  caption.text = gst_structure_get_string (fields, "text");
  gst_structure_get_uint (fields, "turn", &caption.turn);
  if (gst_structure_has_name (fields, "cloudstt")) {
    gst_structure_get_boolean (fields, "final", &caption.final);
  } else {
    caption.agent = TRUE;
    caption.final = TRUE;
    gst_structure_get_uint64 (fields, "epoch", &caption.reply);
    gst_structure_get_uint (fields, "sequence", &caption.sequence);
  }
  if (caption.agent && caption.text && caption.reply > self->released)
    hold (self, &caption);
  else
    publish (self, &caption);
}

static void
handle_heard (ParleySession * self, const GstStructure * fields)
{
  ParleyHeardText heard = { 0 };

  heard.text = gst_structure_get_string (fields, "text");
  heard.ms = (parley_clock_now () - self->began) / 1000;
  if (heard.text
      && gst_structure_get (fields, "epoch", G_TYPE_UINT64, &heard.reply,
          "done", G_TYPE_BOOLEAN, &heard.done, NULL))
    self->hooks.heard (self, &heard, self->data);
}

static void
handle_element (ParleySession * self, const GstStructure * fields)
{
  if (self->capture)
    parley_capture_message_in_loop (self->capture, fields);
  if (gst_structure_has_name (fields, "parley-turn"))
    handle_turn (self, fields);
  else if (gst_structure_has_name (fields, "parley-usage"))
    handle_usage (self, fields);
  else if (g_str_has_prefix (gst_structure_get_name (fields),
          "parley-provider-"))
    self->hooks.failure (fields, self->data);
  else if (gst_structure_has_name (fields, "llmchat-released"))
    handle_released (self, fields);
  else if (gst_structure_has_name (fields, "llmchat-heard"))
    handle_heard (self, fields);
  else if (gst_structure_has_name (fields, "llmchat-tool"))
    handle_tool (self, fields);
  else if (gst_structure_has_name (fields, "vadendpoint-turn"))
    handle_turn_end (self, fields);
  else if (!gst_structure_has_name (fields, "llmchat-hangup"))
    handle_said (self, fields);
}

static void
handle_message (ParleySession * self, GstMessage * message)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      handle_error (self, message);
      break;
    case GST_MESSAGE_WARNING:
      handle_warning (self, message);
      break;
    case GST_MESSAGE_EOS:
      set_reason (self, PARLEY_SESSION_AGENT, "the agent hung up");
      tear_down (self);
      break;
    case GST_MESSAGE_LATENCY:
      if (self->pipeline && !self->ending)
        gst_bin_recalculate_latency (GST_BIN (self->pipeline));
      break;
    default:
      handle_element (self, gst_message_get_structure (message));
      break;
  }
}

/* What was posted last may come behind the end. */
static void
handle_message_in_loop (gpointer data, gpointer user_data)
{
  ParleySession *self = data;

  if (!self->over)
    handle_message (self, user_data);
  gst_message_unref (user_data);
  session_unref (self);
}

static gboolean
is_wanted (GstMessage * message)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_WARNING:
    case GST_MESSAGE_EOS:
    case GST_MESSAGE_LATENCY:
      return TRUE;
    case GST_MESSAGE_ELEMENT:
      return gst_message_has_name (message, "cloudstt")
          || gst_message_has_name (message, "llmchat")
          || gst_message_has_name (message, "llmchat-released")
          || gst_message_has_name (message, "llmchat-heard")
          || gst_message_has_name (message, "llmchat-tool")
          || gst_message_has_name (message, "llmchat-hangup")
          || gst_message_has_name (message, "parley-provider-switch")
          || gst_message_has_name (message, "parley-provider-failed")
          || gst_message_has_name (message, "parley-turn")
          || gst_message_has_name (message, "parley-usage")
          || gst_message_has_name (message, "vadendpoint-turn");
    default:
      return FALSE;
  }
}

/* Any thread, often inside a push: hand over and be gone. */
static GstBusSyncReply
bus_handler (GstBus * bus, GstMessage * message, gpointer data)
{
  ParleySession *self = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS)
    g_atomic_int_set (&self->foreign, TRUE);
  if (is_wanted (message))
    parley_loop_invoke (self->loop, handle_message_in_loop,
        session_ref (self), message);
  else
    gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Beginning */

static void
tell_begin (ParleySession * self, const gchar * from, const gchar * to)
{
  g_autofree gchar *masked = parley_log_mask (from);
  ParleySessionBegin begin = {
    .sid = self->sid,
    .from = from,
    .to = to,
    .file = parley_stock_get_path (self->stock),
    .setup_us = parley_clock_now ()
        - parley_call_get_accepted_in_loop (self->call),
    .pipeline = self->pipeline,
  };

  parley_log_call (self->sid, "call began%s%s%s%s (%s), ready in %.1f ms",
      *masked ? " from " : "", masked, to ? " to " : "", to ? to : "",
      begin.file, begin.setup_us / 1e3);
  self->hooks.began (self, &begin, self->data);
}

static gboolean
build_pipeline (ParleySession * self)
{
  g_autoptr (GError) error = NULL;
  GstBus *bus;

  self->pipeline = parley_stock_take (self->stock, self->call, &error);
  if (!self->pipeline) {
    parley_log_problem (self->sid, "%s", error->message);
    set_reason (self, PARLEY_SESSION_NO_PIPELINE,
        "its pipeline could not be made");
    return FALSE;
  }
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, bus_handler, session_ref (self),
      session_unref);
  gst_object_unref (bus);
  return TRUE;
}

static void
call_started (ParleyCall * call, gpointer data)
{
  ParleySession *self = data;
  const ParleyTwilioMessage *start = parley_call_get_start (call);
  const gchar *to = g_hash_table_lookup (start->custom_parameters, "To");

  if (self->ending || self->pipeline)
    return;
  self->sid = g_strdup (start->call_sid ? start->call_sid : start->stream_sid);
  self->began = parley_clock_now ();
  self->stock = self->hooks.pick (to, self->data);
  if (!build_pipeline (self)) {
    tear_down (self);
    return;
  }
  if (self->capture)
    parley_capture_start_in_loop (self->capture, self->sid,
        parley_stock_get_path (self->stock), self->pipeline);
  /* A failure has posted its error, which ends the call. */
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  tell_begin (self, g_hash_table_lookup (start->custom_parameters, "From"), to);
}

ParleySession *
parley_session_begin (const ParleyUpgrade * upgrade,
    ParleyCaptures * captures, const ParleySessionHooks * hooks, gpointer data)
{
  static const ParleyCallHandler handler = {
    .started = call_started,
    .ended = call_ended,
  };
  ParleySession *self = g_new0 (ParleySession, 1);

  g_atomic_ref_count_init (&self->refs);
  g_queue_init (&self->held);
  self->loop = parley_loop_hold (upgrade->loop);
  self->call = parley_call_new (upgrade->loop);
  self->hooks = *hooks;
  self->data = data;
  self->began = parley_clock_now ();
  if (captures)
    self->capture = parley_capture_begin_in_loop (captures, self->call);
  self->handler = parley_call_add_handler_in_loop (self->call, &handler, self);
  parley_call_attach_in_loop (self->call, upgrade->websocket, upgrade->socket,
      upgrade->accepted);
  return self;
}
