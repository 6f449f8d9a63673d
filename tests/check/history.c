/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/history.h"

/* The messages as one line: s:… u:… a:… t:… with bars between them, and what is
 * called in brackets. */
static gchar *
as_line (ParleyHistory * history, const gchar * user)
{
  GPtrArray *messages = parley_history_messages (history, user);
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < messages->len; i++) {
    ParleyMessage *message = g_ptr_array_index (messages, i);

    g_string_append_printf (line, "%s%c:%s", i ? "|" : "",
        "suat"[message->role], message->text);
    for (guint j = 0; message->calls && j < message->calls->len; j++)
      g_string_append_printf (line, "[%s]",
          ((ParleyToolCall *) message->calls->pdata[j])->name);
  }
  g_ptr_array_unref (messages);
  return g_string_free (line, FALSE);
}

static void
assert_says (ParleyHistory * history, const gchar * user,
    const gchar * expected)
{
  gchar *line = as_line (history, user);

  g_assert_cmpstr (line, ==, expected);
  g_free (line);
}

static void
test_system_prompt (void)
{
  ParleyHistory *with = parley_history_new ("Be brief.");
  ParleyHistory *without = parley_history_new (NULL);
  ParleyHistory *empty = parley_history_new ("");

  assert_says (with, NULL, "s:Be brief.");
  assert_says (without, NULL, "");
  assert_says (empty, "hello", "u:hello");
  parley_history_free (with);
  parley_history_free (without);
  parley_history_free (empty);
}

static void
test_order (void)
{
  ParleyHistory *history = parley_history_new ("Be brief.");

  parley_history_heard (history, 1, "Welcome.");
  parley_history_add_user (history, "hello");
  parley_history_heard (history, 2, "Hello to you.");
  assert_says (history, "bye",
      "s:Be brief.|a:Welcome.|u:hello|a:Hello to you.|u:bye");
  /* What is asked is not said yet. */
  assert_says (history, NULL, "s:Be brief.|a:Welcome.|u:hello|a:Hello to you.");
  parley_history_free (history);
}

static void
test_heard_grows (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  parley_history_add_user (history, "tell me more");
  parley_history_heard (history, 5, "One.");
  parley_history_heard (history, 5, "One. Two.");
  assert_says (history, NULL, "u:tell me more|a:One. Two.");
  parley_history_free (history);
}

/* A late mark of a reply comes after the caller's next words. */
static void
test_stays_where_first_heard (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  parley_history_heard (history, 1, "One.");
  parley_history_add_user (history, "stop");
  parley_history_heard (history, 1, "One. Two.");
  parley_history_heard (history, 2, "Fine.");
  assert_says (history, NULL, "a:One. Two.|u:stop|a:Fine.");
  parley_history_free (history);
}

static void
test_nothing_heard (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  parley_history_add_user (history, "hello");
  parley_history_heard (history, 1, "");
  parley_history_heard (history, 2, "Hello.");
  assert_says (history, NULL, "u:hello|a:Hello.");
  parley_history_free (history);
}

static void
test_copies (void)
{
  ParleyHistory *history = parley_history_new (NULL);
  gchar text[] = "hello";
  GPtrArray *messages;

  parley_history_add_user (history, text);
  text[0] = 'J';
  messages = parley_history_messages (history, NULL);
  parley_history_free (history);
  g_assert_cmpstr (((ParleyMessage *) messages->pdata[0])->text, ==, "hello");
  g_ptr_array_unref (messages);
}

/* Tools */

/* Calls of the reply, one for each of the blank-separated @names, which are
 * their ids too. */
static void
call (ParleyHistory * history, guint64 epoch, const gchar * names)
{
  GPtrArray *calls = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_tool_call_free);
  gchar **split = g_strsplit (names, " ", -1);

  for (guint i = 0; split[i]; i++)
    g_ptr_array_add (calls, parley_tool_call_new (split[i], split[i], "{}"));
  parley_history_add_calls (history, epoch, calls);
  g_ptr_array_unref (calls);
  g_strfreev (split);
}

/* Heard before, while and after the tool worked. */
static void
test_calls_in_order (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  parley_history_add_user (history, "where is it");
  parley_history_heard (history, 1, "One");
  call (history, 1, "look");
  assert_says (history, NULL, "u:where is it|a:One[look]|t:"
      PARLEY_HISTORY_PENDING);
  parley_history_heard (history, 1, "One moment.");
  parley_history_set_result (history, 1, "look", "here");
  parley_history_end_calls (history, 1, "One moment. Wait.");
  parley_history_heard (history, 1, "One moment. Wait.");
  assert_says (history, NULL, "u:where is it|a:One moment. Wait.[look]|t:here");
  parley_history_heard (history, 1, "One moment. Wait. It is");
  parley_history_heard (history, 1, "One moment. Wait. It is here.");
  parley_history_add_user (history, "thanks");
  assert_says (history, NULL, "u:where is it|a:One moment. Wait.[look]|t:here"
      "|a:It is here.|u:thanks");
  parley_history_free (history);
}

static void
test_calls_several (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  call (history, 1, "a b");
  parley_history_set_result (history, 1, "b", "B");
  assert_says (history, NULL, "a:[a][b]|t:" PARLEY_HISTORY_PENDING "|t:B");
  parley_history_set_result (history, 1, "a", "A");
  parley_history_end_calls (history, 1, "");
  call (history, 1, "a");
  parley_history_set_result (history, 1, "a", "A2");
  parley_history_end_calls (history, 1, "Then.");
  parley_history_heard (history, 1, "Then. Done.");
  assert_says (history, NULL, "a:[a][b]|t:A|t:B|a:Then.[a]|t:A2|a:Done.");
  parley_history_free (history);
}

/* Speech came between; what the tool says later stands behind its call. */
static void
test_calls_interrupted (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  parley_history_add_user (history, "book it");
  call (history, 1, "book");
  parley_history_add_user (history, "no wait");
  parley_history_heard (history, 2, "Sure?");
  parley_history_set_result (history, 1, "book", "booked");
  parley_history_set_result (history, 1, "unknown", "nothing");
  parley_history_set_result (history, 7, "book", "nothing");
  assert_says (history, "well", "u:book it|a:[book]|t:booked|u:no wait|a:Sure?"
      "|u:well");
  parley_history_free (history);
}

/* Less was heard than said, and what was heard never begins as it was said. */
static void
test_calls_half_heard (void)
{
  ParleyHistory *history = parley_history_new (NULL);

  call (history, 1, "look");
  parley_history_end_calls (history, 1, "One moment.");
  parley_history_heard (history, 1, "One");
  assert_says (history, NULL, "a:One[look]|t:" PARLEY_HISTORY_PENDING);
  parley_history_heard (history, 1, "Another text, longer than that.");
  assert_says (history, NULL, "a:Another text, longer than that.[look]|t:"
      PARLEY_HISTORY_PENDING);
  parley_history_free (history);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/system-prompt", test_system_prompt);
  g_test_add_func ("/history/order", test_order);
  g_test_add_func ("/history/heard-grows", test_heard_grows);
  g_test_add_func ("/history/stays-where-first-heard",
      test_stays_where_first_heard);
  g_test_add_func ("/history/nothing-heard", test_nothing_heard);
  g_test_add_func ("/history/copies", test_copies);
  g_test_add_func ("/history/calls/in-order", test_calls_in_order);
  g_test_add_func ("/history/calls/several", test_calls_several);
  g_test_add_func ("/history/calls/interrupted", test_calls_interrupted);
  g_test_add_func ("/history/calls/half-heard", test_calls_half_heard);
  return g_test_run ();
}
