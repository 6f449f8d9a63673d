/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/engines.h"

#include <string.h>

#include "net/clock.h"
#include "providers/registry.h"
#include "turn/history.h"

struct _ParleyAnswering
{
  ParleyExchange *exchange;     /* borrowed */
  const ParleyAnsweringFuncs *funcs;
  gpointer data;
  GQueue tokens;                /* of gchar *, not told yet */
  gchar *tool;                  /* to call after them; NULL: none */
  gchar *arguments;
  gboolean complete;            /* no more tokens come */
  gboolean failed;
  gint64 due;                   /* when the next token may go */
  ParleyLlmProvider *engine;    /* NULL: scripted */
};

static void pump (ParleyExchange * exchange, gpointer data);

/* A word with the blank before it, as tokens mostly are. */
static void
add_tokens (ParleyAnswering * self, const gchar * text)
{
  const gchar *begin = text;

  for (const gchar * p = text; *p; p++) {
    if (*p != ' ' || p == begin)
      continue;
    g_queue_push_tail (&self->tokens, g_strndup (begin, p - begin));
    begin = p;
  }
  if (*begin)
    g_queue_push_tail (&self->tokens, g_strdup (begin));
}

/* Scripted */

static gboolean
holds (const gchar * text, const gchar * part)
{
  g_autofree gchar *low = g_utf8_strdown (text, -1);
  g_autofree gchar *low_part = g_utf8_strdown (part, -1);

  return strstr (low, low_part) != NULL;
}

static guint
count_user_messages (GPtrArray * messages, const gchar ** last)
{
  guint n = 0;

  *last = "";
  for (guint i = 0; i < messages->len; i++) {
    ParleyMessage *message = g_ptr_array_index (messages, i);

    if (message->role != PARLEY_ROLE_USER)
      continue;
    n++;
    *last = message->text;
  }
  return n;
}

/* A rule that the last message meets, else the next by order. A function is
 * not called again because of its own result. */
static const ParleyEmulatorReply *
find_reply (ParleyEmulatorSettings * settings, const gchar * last, guint n,
    const gchar * result)
{
  for (guint i = 0; i < settings->reply_rules->len; i++) {
    ParleyEmulatorReply *reply = g_ptr_array_index (settings->reply_rules, i);

    if (holds (result != NULL ? result : last, reply->when)
        && (result == NULL || reply->tool == NULL))
      return reply;
  }
  for (guint i = 0; i < settings->replies->len; i++) {
    ParleyEmulatorReply *reply = g_ptr_array_index (settings->replies,
        (MAX (n, 1) - 1 + i) % settings->replies->len);

    if (result == NULL || reply->tool == NULL)
      return reply;
  }
  return NULL;
}

/* "{n}" in it is a number that no other request has: so that nobody has the
 * answer in a cache. */
static void
add_reply (ParleyAnswering * self, const gchar * say)
{
  g_autofree gchar *number = g_strdup_printf ("%u",
      parley_exchange_number (self->exchange));
  g_autoptr (GString) text = g_string_new (say);

  g_string_replace (text, "{n}", number, 0);
  add_tokens (self, text->str);
}

static void
add_scripted (ParleyAnswering * self, GPtrArray * messages,
    const gchar * result)
{
  const gchar *last;
  guint n = count_user_messages (messages, &last);
  const ParleyEmulatorReply *reply =
      find_reply (parley_exchange_settings (self->exchange), last, n, result);
  g_autofree gchar *echo = NULL;

  self->complete = TRUE;
  if (reply == NULL) {
    echo = g_strdup_printf ("You said: %s", result != NULL ? result : last);
    add_tokens (self, echo);
    return;
  }
  if (reply->say != NULL)
    add_reply (self, reply->say);
  self->tool = g_strdup (reply->tool);
  self->arguments = g_strdup (reply->arguments);
}

/* The script provider */

static void
on_delta (ParleyLlmProvider * engine, guint id, const gchar * text,
    ParleyAnswering * self)
{
  add_tokens (self, text);
  pump (self->exchange, self);
}

static void
on_done (ParleyLlmProvider * engine, guint id, gboolean hang_up,
    ParleyAnswering * self)
{
  self->complete = TRUE;
  pump (self->exchange, self);
}

static void
on_failed (ParleyLlmProvider * engine, guint id, GError * error,
    ParleyAnswering * self)
{
  g_printerr ("parley emulator: %s\n", error->message);
  self->failed = TRUE;
  self->complete = TRUE;
  pump (self->exchange, self);
}

static void
on_tool_call (ParleyLlmProvider * engine, guint id, const gchar * call,
    const gchar * name, const gchar * arguments, ParleyAnswering * self)
{
  g_free (self->tool);
  g_free (self->arguments);
  self->tool = g_strdup (name);
  self->arguments = g_strdup (arguments);
}

static void
start_engine (ParleyAnswering * self, GPtrArray * messages,
    const gchar * result)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);
  g_autoptr (GError) error = NULL;

  self->engine = parley_provider_new (PARLEY_PROVIDER_LLM, "script",
      parley_exchange_loop (self->exchange), NULL, NULL, NULL, &error);
  if (self->engine != NULL)
    g_object_set (self->engine, "script", settings->script, NULL);
  if (self->engine == NULL
      || !parley_provider_warm (PARLEY_PROVIDER (self->engine), &error)) {
    g_printerr ("parley emulator: %s\n", error->message);
    g_clear_object (&self->engine);
    self->failed = TRUE;
    self->complete = TRUE;
    return;
  }
  g_signal_connect (self->engine, "delta", G_CALLBACK (on_delta), self);
  g_signal_connect (self->engine, "tool-call", G_CALLBACK (on_tool_call), self);
  g_signal_connect (self->engine, "done", G_CALLBACK (on_done), self);
  g_signal_connect (self->engine, "failed", G_CALLBACK (on_failed), self);
  if (result != NULL)
    g_ptr_array_add (messages, parley_message_new_result ("last", result));
  parley_llm_provider_request (self->engine, 1, messages);
}

/* Telling */

static void
tell_end (ParleyAnswering * self)
{
  if (self->tool != NULL)
    self->funcs->tool (self->exchange, self->tool, self->arguments, self->data);
  self->funcs->done (self->exchange, self->failed, self->data);
}

static void
pump (ParleyExchange * exchange, gpointer data)
{
  ParleyAnswering *self = data;
  ParleyEmulatorSettings *settings = parley_exchange_settings (exchange);
  gint64 now = parley_clock_now ();

  parley_exchange_cancel (exchange, self);
  while (self->due <= now && !g_queue_is_empty (&self->tokens)) {
    g_autofree gchar *token = g_queue_pop_head (&self->tokens);

    self->funcs->token (exchange, token, self->data);
    if (settings->tokens_per_second > 0.0)
      self->due += G_USEC_PER_SEC / settings->tokens_per_second;
  }
  if (self->due > now)
    parley_exchange_after (exchange, self->due - now, pump, self);
  else if (self->complete && g_queue_is_empty (&self->tokens))
    tell_end (self);
}

ParleyAnswering *
parley_answering_new (ParleyExchange * exchange, GPtrArray * messages,
    const gchar * result, const ParleyAnsweringFuncs * funcs, gpointer data)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (exchange);
  ParleyAnswering *self = g_new0 (ParleyAnswering, 1);
  gint64 wait = parley_delay_draw (&settings->llm_first_token);

  self->exchange = exchange;
  self->funcs = funcs;
  self->data = data;
  g_queue_init (&self->tokens);
  self->due = parley_clock_now () + wait;
  if (settings->llm_local)
    start_engine (self, messages, result);
  else
    add_scripted (self, messages, result);
  parley_exchange_after (exchange, wait, pump, self);
  return self;
}

void
parley_answering_free (ParleyAnswering * self)
{
  parley_exchange_cancel (self->exchange, self);
  if (self->engine != NULL) {
    g_signal_handlers_disconnect_by_data (self->engine, self);
    parley_llm_provider_cancel (self->engine, 1);
    g_object_unref (self->engine);
  }
  g_queue_clear_full (&self->tokens, g_free);
  g_free (self->tool);
  g_free (self->arguments);
  g_free (self);
}
