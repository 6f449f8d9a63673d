/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmcalllife.h"

#include <string.h>

#include "llmchat.h"
#include "net/clock.h"
#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_EXTERN (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

#define MS G_TIME_SPAN_MILLISECOND

#define DEFAULT_IDLE_AFTER 10000
#define DEFAULT_WARNING "We have half a minute left."
#define DEFAULT_WARNING_BEFORE 30000
#define DEFAULT_TIME_UP "Our time is up. Thank you for calling. Goodbye."
#define DEFAULT_DTMF_TIMEOUT 2000

/* An answering machine is left a message when it has been quiet for so long
 * after its greeting, if no beep was heard; ... */
#define MACHINE_QUIET_US (3 * G_TIME_SPAN_SECOND)
/* ... when it says nothing at all; ... */
#define MACHINE_SILENT_US (8 * G_TIME_SPAN_SECOND)
/* ... and when it never ends. */
#define MACHINE_LONGEST_US (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  gchar *text;
  gboolean hang_up;             /* behind it */
  gboolean parting;             /* whatever the caller says to it */
} Announcement;

typedef enum
{
  ORDER_SAY,
  ORDER_HANG_UP,
  ORDER_HOLD,
  ORDER_TRANSFER
} OrderKind;

/* What somebody else wants done. */
typedef struct
{
  OrderKind kind;
  gchar *text;                  /* or whom to; or NULL */
  gboolean flag;                /* interrupt; hold */
} Order;

static GstLoopElement *
loop_element (GstLlmChat * self)
{
  return GST_LOOP_ELEMENT (self);
}

static gchar *
dup_text (GstLlmChat * self, const gchar * property)
{
  return gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self), property);
}

/* A property with the call's variables in it. */
static gchar *
call_text (GstLlmChat * self, const gchar * property)
{
  g_autofree gchar *text = dup_text (self, property);

  return gst_loop_element_expand_in_loop (loop_element (self), text);
}

static gint64
get_ms (GstLlmChat * self, const gchar * property)
{
  guint ms;

  g_object_get (self, property, &ms, NULL);
  return ms * MS;
}

/* Texts of @property with | between them. */
static gchar **
split_texts (GstLlmChat * self, const gchar * property)
{
  g_autofree gchar *texts = call_text (self, property);

  return g_strsplit (texts ? texts : "", "|", -1);
}

/* What is said unasked */

static void
announcement_free (gpointer data)
{
  g_free (((Announcement *) data)->text);
  g_free (data);
}

static void
order_free (gpointer data)
{
  g_free (((Order *) data)->text);
  g_free (data);
}

/* @text: transfer full, may be NULL. */
static void
announce (GstLlmChat * self, gchar * text, gboolean hang_up, gboolean parting)
{
  Announcement *announcement;

  if (!hang_up && (!text || !*text)) {
    g_free (text);
    return;
  }
  announcement = g_new (Announcement, 1);
  announcement->text = text ? text : g_strdup ("");
  announcement->hang_up = hang_up;
  announcement->parting = parting;
  g_queue_push_tail (&self->life.announcements, announcement);
}

/* Nobody speaks or is about to. */
static gboolean
may_speak (GstLlmChat * self)
{
  return parley_dialogue_is_idle (self->dialogue)
      && !parley_dialogue_is_waiting (self->dialogue) && !self->life.keys.text;
}

static void
say (GstLlmChat * self, const Announcement * announcement)
{
  LlmReply *reply = llm_chat_new_reply (self, 0);

  reply->hang_up = announcement->hang_up;
  if (announcement->parting)
    self->life.parting = reply->epoch;
  parley_dialogue_announce (self->dialogue, reply->epoch);
  llm_chat_speak (self, reply, announcement->text);
}

static void
say_announcements (GstLlmChat * self)
{
  while (!self->life.over && may_speak (self)) {
    Announcement *next = g_queue_pop_head (&self->life.announcements);

    if (!next)
      return;
    say (self, next);
    announcement_free (next);
  }
}

/* The last words were heard or not: the call ends. What is withheld never is
 * heard. */
static gboolean
is_to_hang_up (GstLlmChat * self)
{
  guint64 reply = parley_dialogue_reply (self->dialogue);

  return (self->life.hang_up_now
      && !parley_dialogue_is_released (self->dialogue, reply))
      || (self->life.parting && self->life.parting != reply);
}

/* Silence and duration */

static void
set_quiet (GstLlmChat * self, gint64 now)
{
  parley_call_life_set_quiet (self->life.life, may_speak (self)
      && !self->life.on_hold && !self->life.machine && !self->life.transfer
      && !self->tools.working
      && g_queue_is_empty (&self->life.announcements), now);
}

static void
say_prompt (GstLlmChat * self, guint index)
{
  g_auto (GStrv) prompts = split_texts (self, "idle-prompt");

  if (index < g_strv_length (prompts))
    announce (self, g_strdup (g_strstrip (prompts[index])), FALSE, FALSE);
}

static void
hang_up_now (GstLlmChat * self)
{
  self->life.hang_up_now = TRUE;
  parley_dialogue_stop (self->dialogue);
}

static void
act (GstLlmChat * self, ParleyLifeAct what, guint prompt)
{
  switch (what) {
    case PARLEY_LIFE_OPENING:
      llm_chat_greet (self);
      break;
    case PARLEY_LIFE_PROMPT:
      say_prompt (self, prompt);
      break;
    case PARLEY_LIFE_FAREWELL:
      announce (self, call_text (self, "idle-goodbye"), TRUE, FALSE);
      break;
    case PARLEY_LIFE_WARNING:
      announce (self, call_text (self, "warning-text"), FALSE, FALSE);
      break;
    case PARLEY_LIFE_TIME_UP:
      announce (self, call_text (self, "time-up-text"), TRUE, TRUE);
      break;
    case PARLEY_LIFE_OVER:
      hang_up_now (self);
      break;
    default:
      break;
  }
}

static void
act_if_due (GstLlmChat * self, gint64 now)
{
  ParleyLifeAct what;
  guint prompt = 0;

  set_quiet (self, now);
  while (!self->life.over && (what = parley_call_life_act (self->life.life, now,
              &prompt)) != PARLEY_LIFE_NOTHING) {
    GST_DEBUG_OBJECT (self, "the course of the call: act %d", what);
    act (self, what, prompt);
    say_announcements (self);
    set_quiet (self, now);
  }
}

/* Keys */

static void
finish_keys (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;
  guint turn;
  g_autofree gchar *text = parley_keys_take (&life->keys, &turn);

  parley_call_life_answered (life->life);
  life->on_hold = FALSE;
  asked_times_note (self->timelines, turn, life->key_timeline);
  g_clear_pointer (&life->key_timeline, parley_timeline_unref);
  parley_dialogue_outcome (self->dialogue, turn, text);
}

/* Answered is the last key; the turn is the first one's. */
static void
keep_key_times (LlmCallLife * life, GstEvent * event)
{
  ParleyTimeline *timeline = parley_event_get_timeline (event);

  g_clear_pointer (&life->key_timeline, parley_timeline_unref);
  if (!timeline)
    return;
  life->key_timeline = parley_timeline_copy (timeline);
  parley_timeline_set_turn (life->key_timeline, life->keys.turn, 1,
      GST_CLOCK_TIME_NONE);
}

static void
take_key (GstLlmChat * self, GstEvent * event, guint turn)
{
  LlmCallLife *life = &self->life;
  gchar digit = 0;
  gboolean complete;

  parley_event_parse_dtmf (event, NULL, &digit);
  complete = parley_keys_press (&life->keys, turn, digit, parley_clock_now ());
  keep_key_times (life, event);
  if (complete)
    finish_keys (self);
  else
    parley_dialogue_open (self->dialogue, life->keys.turn);
}

/* Answering machines */

static void
leave_message (GstLlmChat * self)
{
  self->life.message_due = 0;
  announce (self, call_text (self, "voicemail-text"), TRUE, TRUE);
}

/* Its greeting is nothing to answer. */
static void
hear_machine (GstLlmChat * self, gboolean speaks)
{
  gint64 now = parley_clock_now ();

  if (self->life.message_due)
    self->life.message_due = now + (speaks ? MACHINE_LONGEST_US
        : MACHINE_QUIET_US);
}

void
llm_life_hear_beep (GstLlmChat * self)
{
  if (self->life.message_due)
    self->life.message_due = parley_clock_now ();
  llm_life_update (self);
}

/* Twilio says who answered, where the call was made so that it finds out:
 * "machine_end_…" when the greeting is over. FALSE: no machine. */
static gboolean
meet_machine (GstLlmChat * self)
{
  g_autofree gchar *text = dup_text (self, "voicemail-text");
  g_autofree gchar *who = gst_loop_element_expand_in_loop (loop_element (self),
      "%{param.AnsweredBy}");

  if (!text || !*text || !g_str_has_prefix (who, "machine"))
    return FALSE;
  self->life.machine = TRUE;
  self->life.message_due = parley_clock_now ()
      + (g_str_has_prefix (who, "machine_end") ? 0 : MACHINE_SILENT_US);
  return TRUE;
}

/* What the caller does */

gboolean
llm_life_take_text (GstLlmChat * self, const gchar * text)
{
  if (self->life.machine) {
    hear_machine (self, FALSE);
    llm_life_update (self);
    return FALSE;
  }
  if (*text) {
    self->life.on_hold = FALSE;
    parley_call_life_answered (self->life.life);
  }
  return TRUE;
}

gboolean
llm_life_take_event (GstLlmChat * self, GstEvent * event, guint turn)
{
  ParleyEventKind kind = parley_event_get_kind (event);

  if (self->life.machine)
    hear_machine (self, kind == PARLEY_EVENT_SPEECH_START
        || kind == PARLEY_EVENT_SPEECH_RESUME);
  else if (kind == PARLEY_EVENT_DTMF)
    take_key (self, event, turn);
  else
    return TRUE;
  llm_life_update (self);
  return FALSE;
}

/* Transfers, by the tool that the model has for it */

static JsonNode *
transfer_arguments (const gchar * to)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  if (to)
    json_object_set_string_member (json_node_get_object (node), "to", to);
  return node;
}

/* Borrowed from @tools, which may be NULL. NULL with @wrong, static: the call
 * cannot be transferred there. */
static const ParleyTool *
find_transfer (ParleyTools * tools, JsonNode * arguments, const gchar ** wrong)
{
  *wrong = "the pipeline has no tool that does; give its llmchat a file with "
      "one, tools=FILE";
  for (guint i = 0; tools && i < parley_tools_get_n (tools); i++) {
    const ParleyTool *tool = parley_tools_get (tools, i);

    if (tool->kind != PARLEY_TOOL_TRANSFER)
      continue;
    *wrong = parley_tool_check_arguments (tool, arguments);
    if (!*wrong)
      return tool;
  }
  return NULL;
}

static void
on_transferred (ParleyToolRun * run, const gchar * result,
    const GError * error, gpointer data)
{
  GstLlmChat *self = data;

  if (error)
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("The transfer failed: %s.", error->message), (NULL));
  g_clear_pointer (&self->life.transfer, parley_tool_run_free);
  llm_life_update (self);
}

static void
transfer (GstLlmChat * self, const gchar * to)
{
  g_autoptr (JsonNode) arguments = transfer_arguments (to);
  const gchar *wrong;
  const ParleyTool *tool = find_transfer (self->tools.tools, arguments, &wrong);
  ParleyToolCall *call;

  if (!tool || self->life.transfer)
    return;
  call = parley_tool_call_new ("operator", tool->name, "{}");
  self->life.transfer = parley_tool_run_in_loop (self->tools.tools, tool, call,
      arguments, gst_loop_element_get_loop (loop_element (self)),
      gst_loop_element_get_call_in_loop (loop_element (self)), on_transferred,
      self);
  parley_tool_call_free (call);
}

/* Orders */

static void
carry_out (GstLlmChat * self, Order * order)
{
  gchar *text = g_steal_pointer (&order->text);

  switch (order->kind) {
    case ORDER_SAY:
      if (order->flag)
        parley_dialogue_stop (self->dialogue);
      announce (self, text, FALSE, FALSE);
      break;
    case ORDER_HANG_UP:
      if (text && *text) {
        parley_dialogue_stop (self->dialogue);
        announce (self, text, TRUE, TRUE);
      } else {
        hang_up_now (self);
        g_free (text);
      }
      break;
    case ORDER_HOLD:
      if (order->flag && !self->life.on_hold)
        announce (self, call_text (self, "hold-text"), FALSE, FALSE);
      self->life.on_hold = order->flag;
      g_free (text);
      break;
    case ORDER_TRANSFER:
      transfer (self, text);
      g_free (text);
      break;
  }
}

static void
take_orders (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);
  Order *order;

  while (self->dialogue && !self->life.over
      && (order = g_async_queue_try_pop (self->life.orders))) {
    carry_out (self, order);
    order_free (order);
    llm_life_update (self);
  }
}

/* Any thread. */
static void
give_order (GstLlmChat * self, OrderKind kind, const gchar * text,
    gboolean flag)
{
  Order *order = g_new (Order, 1);

  order->kind = kind;
  order->text = g_strdup (text);
  order->flag = flag;
  g_async_queue_push (self->life.orders, order);
  gst_loop_element_invoke (loop_element (self), take_orders);
}

static void
order_say (GstLlmChat * self, const gchar * text, gboolean interrupt)
{
  give_order (self, ORDER_SAY, text, interrupt);
}

static void
order_hang_up (GstLlmChat * self, const gchar * text)
{
  give_order (self, ORDER_HANG_UP, text, FALSE);
}

static void
order_hold (GstLlmChat * self, gboolean hold)
{
  give_order (self, ORDER_HOLD, NULL, hold);
}

static gchar *
order_transfer (GstLlmChat * self, const gchar * to)
{
  g_autoptr (ParleyTools) tools = llm_tools_peek (self, NULL);
  g_autoptr (JsonNode) arguments = transfer_arguments (to);
  const gchar *wrong;

  if (!find_transfer (tools, arguments, &wrong))
    return g_strdup (wrong);
  give_order (self, ORDER_TRANSFER, to, FALSE);
  return NULL;
}

/* The course of time */

static gint64
next_due (LlmCallLife * life)
{
  gint64 due = parley_call_life_get_due (life->life);

  if (life->keys.text)
    due = MIN (due, life->keys.due);
  if (life->message_due)
    due = MIN (due, life->message_due);
  return due;
}

static gboolean
on_timer (gpointer data)
{
  GstLlmChat *self = data;

  parley_timer_clear (&self->life.timer);
  llm_life_update (self);
  return G_SOURCE_REMOVE;
}

/* One that comes too early is set anew then. */
static void
arm (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;
  gint64 due = next_due (life);

  if (due == G_MAXINT64 || (life->timer && life->timer_due <= due))
    return;
  parley_timer_clear (&life->timer);
  life->timer_due = due;
  life->timer = parley_loop_add_timer (gst_loop_element_get_loop (loop_element
          (self)), due, on_timer, self);
}

void
llm_life_update (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;
  gint64 now = parley_clock_now ();

  if (!life->life || life->over
      || !gst_loop_element_is_running_in_loop (loop_element (self)))
    return;
  if (is_to_hang_up (self)) {
    llm_chat_hang_up (self);
    return;
  }
  if (life->keys.text && life->keys.due <= now)
    finish_keys (self);
  if (life->message_due && life->message_due <= now)
    leave_message (self);
  say_announcements (self);
  act_if_due (self, now);
  if (!life->over && is_to_hang_up (self))
    llm_chat_hang_up (self);
  if (!life->over)
    arm (self);
}

/* Begin and end */

static ParleyCallLife *
new_life (GstLlmChat * self)
{
  g_autofree gchar *first = dup_text (self, "speaks-first");
  g_autofree gchar *warning = dup_text (self, "warning-text");
  g_autofree gchar *goodbye = dup_text (self, "idle-goodbye");
  g_auto (GStrv) prompts = split_texts (self, "idle-prompt");
  ParleyCallLifeSettings settings = {
    .opening = g_strcmp0 (first, "caller") == 0,
    .idle_after = get_ms (self, "idle-after"),
    .n_prompts = g_strv_length (prompts),
    .farewell = goodbye != NULL,
    .max_duration = get_ms (self, "max-duration"),
    .warn_before = warning && *warning ? get_ms (self, "warning-before") : 0
  };

  return parley_call_life_new (&settings, parley_clock_now ());
}

gboolean
llm_life_begin (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;
  g_autofree gchar *first = dup_text (self, "speaks-first");

  life->life = new_life (self);
  life->keys.timeout = get_ms (self, "dtmf-timeout");
  g_object_get (self, "dtmf-length", &life->keys.length, NULL);
  /* What was ordered before. */
  gst_loop_element_invoke (loop_element (self), take_orders);
  return !meet_machine (self) && g_strcmp0 (first, "caller") != 0;
}

void
llm_life_end (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;

  life->over = TRUE;
  parley_timer_clear (&life->timer);
  g_queue_clear_full (&life->announcements, announcement_free);
}

void
llm_life_stop (GstLlmChat * self)
{
  LlmCallLife *life = &self->life;
  Order *order;

  llm_life_end (self);
  if (life->transfer)
    parley_tool_run_leave_in_loop (g_steal_pointer (&life->transfer));
  while ((order = g_async_queue_try_pop (life->orders)))
    order_free (order);
  g_clear_pointer (&life->life, parley_call_life_free);
  g_clear_pointer (&life->key_timeline, parley_timeline_unref);
  parley_keys_clear (&life->keys);
  life->parting = 0;
  life->message_due = 0;
  life->over = life->hung_up = life->hang_up_now = FALSE;
  life->on_hold = life->machine = FALSE;
}

void
llm_life_init (LlmCallLife * life)
{
  g_queue_init (&life->announcements);
  life->orders = g_async_queue_new_full (order_free);
}

void
llm_life_finalize (LlmCallLife * life)
{
  g_async_queue_unref (life->orders);
}

gboolean
llm_life_check (GstLlmChat * self)
{
  g_autofree gchar *first = dup_text (self, "speaks-first");

  if (g_strcmp0 (first, "agent") == 0 || g_strcmp0 (first, "caller") == 0)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("“%s” cannot speak first; "
          "set speaks-first= to agent or caller.", first ? first : ""), (NULL));
  return FALSE;
}

/* Properties and actions */

static void
install_ms (GstProviderElementClass * klass, guint id, const gchar * name,
    const gchar * nick, const gchar * blurb, guint value)
{
  gst_provider_element_class_install_number (klass, id,
      g_param_spec_uint (name, nick, blurb, 0, G_MAXUINT, value, 0));
}

static void
install_properties (GstProviderElementClass * klass, guint id)
{
  gst_provider_element_class_install_text (klass, id++, "speaks-first",
      "Speaks first", "Who begins: agent, with the greeting, or caller; if he "
      "says nothing for idle-after, the greeting is said", "agent");
  install_ms (klass, id++, "idle-after", "Idle after",
      "How long nobody speaks before idle-prompt and idle-goodbye are said, in "
      "milliseconds (0 = they never are)", DEFAULT_IDLE_AFTER);
  gst_provider_element_class_install_text (klass, id++, "idle-prompt",
      "Idle prompt", "What is said when nobody speaks; of several, with | "
      "between them, one after the other (NULL = nothing)", NULL);
  gst_provider_element_class_install_text (klass, id++, "idle-goodbye",
      "Idle goodbye", "What is said when nobody speaks after the last "
      "idle-prompt; then the call ends (NULL = it goes on)", NULL);
  install_ms (klass, id++, "max-duration", "Max duration",
      "How long a call may last, in milliseconds (0 = no limit); who speaks "
      "then may go on for 15000", 0);
  gst_provider_element_class_install_text (klass, id++, "warning-text",
      "Warning text", "What is said warning-before the end of max-duration",
      DEFAULT_WARNING);
  install_ms (klass, id++, "warning-before", "Warning before",
      "How long before the end of max-duration warning-text is said, in "
      "milliseconds (0 = it is not)", DEFAULT_WARNING_BEFORE);
  gst_provider_element_class_install_text (klass, id++, "time-up-text",
      "Time-up text", "What is said at the end of max-duration, before the "
      "call ends", DEFAULT_TIME_UP);
  install_ms (klass, id++, "dtmf-timeout", "DTMF timeout",
      "How long after a key the next one may come, in milliseconds; then what "
      "was pressed is answered", DEFAULT_DTMF_TIMEOUT);
  gst_provider_element_class_install_number (klass, id++,
      g_param_spec_uint ("dtmf-length", "DTMF length",
          "What is answered at once, in keys, without waiting for more (0 = "
          "all up to # or dtmf-timeout)", 0, 100, 0, 0));
  gst_provider_element_class_install_text (klass, id++, "voicemail-text",
      "Voicemail text", "The message for an answering machine; the call "
      "variable param.AnsweredBy says that it is one (NULL = it is talked to "
      "as to anybody)", NULL);
  gst_provider_element_class_install_text (klass, id++, "hold-text",
      "Hold text", "What is said when the call is put on hold (NULL = "
      "nothing)", NULL);
}

static void
install_actions (GType type)
{
  GSignalFlags flags = G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION;

  /**
   * GstLlmChat::say:
   * @llmchat: the element
   * @text: what to say
   * @interrupt: stop what is being said; else after it
   *
   * Says @text once nobody speaks. Any thread; it happens later.
   */
  g_signal_new_class_handler ("say", type, flags, G_CALLBACK (order_say), NULL,
      NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
  /**
   * GstLlmChat::hang-up:
   * @llmchat: the element
   * @text: (nullable): what to say before
   *
   * Ends the call: at once, or when @text was heard. Any thread; it happens
   * later.
   */
  g_signal_new_class_handler ("hang-up", type, flags,
      G_CALLBACK (order_hang_up), NULL, NULL, NULL, G_TYPE_NONE, 1,
      G_TYPE_STRING);
  /**
   * GstLlmChat::hold:
   * @llmchat: the element
   * @hold: whether the call is on hold
   *
   * On hold, which hold-text tells the caller, nobody is asked whether he is
   * still there. It ends with his next words. Any thread; it happens later.
   */
  g_signal_new_class_handler ("hold", type, flags, G_CALLBACK (order_hold),
      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
install_transfer (GType type)
{
  /**
   * GstLlmChat::transfer:
   * @llmchat: the element
   * @to: (nullable): an entry of the list that the tool has
   *
   * Puts the caller through, by the tool for it. Any thread; it happens later,
   * and is warned of if it fails.
   *
   * Returns: (nullable) (transfer full): why it cannot be; NULL: it is begun
   */
  g_signal_new_class_handler ("transfer", type, G_SIGNAL_RUN_LAST
      | G_SIGNAL_ACTION, G_CALLBACK (order_transfer), NULL, NULL, NULL,
      G_TYPE_STRING, 1, G_TYPE_STRING);
}

void
llm_life_install (GstProviderElementClass * klass, guint first_id)
{
  install_properties (klass, first_id);
  install_actions (G_TYPE_FROM_CLASS (klass));
  install_transfer (G_TYPE_FROM_CLASS (klass));
}
