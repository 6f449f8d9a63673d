/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/history.h"

/* The messages as one line: s:… u:… a:… with bars between them. */
static gchar *
as_line (ParleyHistory * history, const gchar * user)
{
  GPtrArray *messages = parley_history_messages (history, user);
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < messages->len; i++) {
    ParleyMessage *message = g_ptr_array_index (messages, i);

    g_string_append_printf (line, "%s%c:%s", i ? "|" : "",
        "sua"[message->role], message->text);
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
  return g_test_run ();
}
