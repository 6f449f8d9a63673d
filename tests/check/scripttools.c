/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elementrig.h"

#include <glib/gstdio.h>
#include <string.h>

#include "providers/llm/script.h"

/* Scripts that call tools. */

#define SCRIPT "{\"intents\": {" \
    "\"find\": {\"phrases\": \"where is order {order:digits} [for {name}]\"," \
    " \"tool\": \"find_order\", \"next\": \"start\", \"replies\": [" \
    "\"Order ${order} is ${result.state}.\", \"They say: ${result}\"]," \
    " \"failed\": \"I cannot find order ${order}.\"}," \
    "\"again\": {\"phrases\": \"say that again\", \"repeat\": true," \
    " \"replies\": \"I said nothing.\"}," \
    "\"bye\": {\"phrases\": \"goodbye\", \"tool\": \"end_call\"," \
    " \"replies\": \"Goodbye!\"}}," \
    "\"slots\": {\"name\": [\"ann\", \"bob\"]}," \
    "\"fallback\": \"Sorry?\"}"
#define TOOLS "{\"tools\": [{\"name\": \"end_call\", \"description\": \"D\", " \
    "\"hang_up\": {}}]}"

static ParleyScript *
parse (const gchar * json, GError ** error)
{
  return parley_script_parse ("s.json", json, -1, error);
}

/* The answer to messages "u:…" and "t:…", as "text" or "tool arguments". */
static gchar *
answer (const gchar * first, ...)
{
  GError *error = NULL;
  ParleyScript *script = parse (SCRIPT, &error);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func
      ((GDestroyNotify) parley_message_free);
  ParleyScriptAnswer *found;
  gchar *text;
  va_list args;

  g_assert_no_error (error);
  va_start (args, first);
  for (const gchar * p = first; p; p = va_arg (args, const gchar *))
      g_ptr_array_add (messages, *p == 'u'
        ? parley_message_new (PARLEY_ROLE_USER, p + 2)
        : parley_message_new_result ("c", p + 2));
  va_end (args);
  found = parley_script_answer (script, messages);
  text = found->tool ? g_strconcat (found->tool, " ", found->arguments, NULL)
      : g_strdup (found->text);
  g_assert_true (!found->tool || !*found->text);
  parley_script_answer_free (found);
  parley_script_unref (script);
  return text;
}

#define check(expected, ...) G_STMT_START { \
  g_autofree gchar *got_ = answer (__VA_ARGS__, NULL); \
  g_assert_cmpstr (got_, ==, expected); \
} G_STMT_END

static void
test_answers (void)
{
  check ("find_order {\"name\":\"bob\",\"order\":\"7 2\"}",
      "u:where is order seven two for bob");
  check ("Order 7 2 is on its way.", "u:where is order seven two",
      "t:{\"state\":\"on its way\"}");
  check ("They say: soon", "u:where is order seven two", "t:soon");
  check ("I cannot find order 7 2.", "u:where is order seven two",
      "t:{\"error\":\"HTTP 404\"}");
  /* What was said before is over. */
  check ("Order 7 2 is 3.", "u:where is order seven two", "t:{\"state\":3}",
      "u:say that again");
  check ("find_order {\"order\":\"5\"}", "u:where is order seven two for ann",
      "t:x", "u:where is order five");
  /* A failure without words of its own, and a result that nobody asked for. */
  check ("Sorry?", "u:goodbye", "t:{\"error\":\"no\"}");
  check ("I said nothing.", "u:say that again", "t:x");
}

static void
test_wrong (void)
{
  static const gchar *const wrongs[][2] = {
    {"{\"intents\": {\"a\": {\"phrases\": \"a\", \"replies\": \"b\", "
          "\"tool\": 3}}, \"fallback\": \"c\"}", "\"tool\" must be the name"},
    {"{\"intents\": {\"a\": {\"phrases\": \"a\", \"replies\": \"b\", "
          "\"failed\": \"c\"}}, \"fallback\": \"c\"}", "is of no use without"},
    {"{\"intents\": {\"a\": {\"phrases\": \"a\", \"replies\": "
          "\"${result.x}\"}}, \"fallback\": \"c\"}",
        "no phrase fills ${result.x}"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrongs); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (parse (wrongs[i][0], &error));
    g_assert_nonnull (strstr (error->message, wrongs[i][1]));
  }
}

static gchar *
temporary (const gchar * text)
{
  gchar *path;
  gint fd = g_file_open_tmp ("parley-XXXXXX.json", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* The element, the provider and a tool that is built in. */
static void
test_element (void)
{
  Rig rig;
  g_autofree gchar *script = temporary (SCRIPT);
  g_autofree gchar *tools = temporary (TOOLS);
  g_autofree gchar *launch = g_strdup_printf ("llmchat script=%s tools=%s",
      script, tools);
  ParleyHeard report = {.begun = TRUE,.done = TRUE,.text = "Goodbye!" };

  rig_init (&rig, launch);
  rig.has_player = TRUE;
  rig_start (&rig, TEXT);
  while (rig.trace->len == 0)
    g_main_context_iteration (rig.context, TRUE);
  rig_push_text (&rig, 1, 0, 0, "goodbye");
  rig_expect (&rig, "seg release1 e1.0\"Goodbye!\" end1");
  report.epoch = rig.epochs + 1;
  rig_upstream (&rig, parley_event_new_heard (&report));
  rig_expect (&rig, "eos");
  rig_clear (&rig);
  g_unlink (script);
  g_unlink (tools);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scripttools/answers", test_answers);
  g_test_add_func ("/scripttools/wrong", test_wrong);
  g_test_add_func ("/scripttools/element", test_element);
  return g_test_run ();
}
