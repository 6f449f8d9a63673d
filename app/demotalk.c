/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demotalk.h"

#include "turnjson.h"

#define N_TURNS 4

/* For the conversation that comes with Parley. */
static const gchar *known_turns[N_TURNS] = {
  "what are your opening hours",
  "i would like to book an appointment",
  "how about tuesday",
  "at half past two",
};

static void
turn_free (gpointer data)
{
  ParleyDemoTurn *turn = data;

  g_free (turn->said);
  g_string_free (turn->heard, TRUE);
  g_string_free (turn->reply, TRUE);
  g_clear_pointer (&turn->report, parley_turn_report_free);
  g_free (turn);
}

static void
add_turn (GPtrArray * turns, const gchar * said)
{
  ParleyDemoTurn *turn = g_new0 (ParleyDemoTurn, 1);

  turn->said = g_strdup (said);
  turn->heard = g_string_new (NULL);
  turn->reply = g_string_new (NULL);
  g_ptr_array_add (turns, turn);
}

static void
add_message (GPtrArray * messages, ParleyRole role, const gchar * text)
{
  g_ptr_array_add (messages, parley_message_new (role, text));
}

static GPtrArray *
messages_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_message_free);
}

/* Whether the last message of @messages meets an intent. */
static gboolean
is_understood (ParleyScript * script, GPtrArray * messages)
{
  ParleyScriptAnswer *answer = parley_script_answer (script, messages);
  gboolean understood = answer->intent != NULL;

  parley_script_answer_free (answer);
  return understood;
}

static gboolean
knows_turns (ParleyScript * script)
{
  g_autoptr (GPtrArray) messages = messages_new ();

  for (guint i = 0; i < N_TURNS; i++) {
    add_message (messages, PARLEY_ROLE_USER, known_turns[i]);
    if (!is_understood (script, messages))
      return FALSE;
  }
  return TRUE;
}

/* Examples of another script that do not need an earlier turn. */
static void
add_examples (GPtrArray * turns, ParleyScript * script)
{
  g_autoptr (GPtrArray) examples = parley_script_examples (script);

  for (guint i = 0; i < examples->len && turns->len < N_TURNS; i++) {
    const gchar *example = g_ptr_array_index (examples, i);
    g_autoptr (GPtrArray) messages = messages_new ();

    for (guint j = 0; j < turns->len; j++)
      add_message (messages, PARLEY_ROLE_USER,
          ((ParleyDemoTurn *) g_ptr_array_index (turns, j))->said);
    add_message (messages, PARLEY_ROLE_USER, example);
    if (is_understood (script, messages))
      add_turn (turns, example);
  }
}

GPtrArray *
parley_demo_turns_new (ParleyScript * script)
{
  GPtrArray *turns = g_ptr_array_new_with_free_func (turn_free);

  if (!knows_turns (script)) {
    add_examples (turns, script);
    return turns;
  }
  for (guint i = 0; i < N_TURNS; i++)
    add_turn (turns, known_turns[i]);
  return turns;
}

void
parley_demo_append (GString * text, const gchar * more)
{
  if (text->len)
    g_string_append_c (text, ' ');
  g_string_append (text, more);
}

/* Words alone: no capitals, no punctuation. */
static gchar *
normalised (const gchar * text)
{
  GString *words = g_string_new (NULL);
  gboolean gap = FALSE;

  for (; *text; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (!g_unichar_isalnum (c) && c != '\'') {
      gap = TRUE;
      continue;
    }
    if (gap && words->len)
      g_string_append_c (words, ' ');
    gap = FALSE;
    g_string_append_unichar (words, g_unichar_tolower (c));
  }
  return g_string_free (words, FALSE);
}

gboolean
parley_demo_turn_is_right (ParleyScript * script, GPtrArray * turns,
    guint index)
{
  ParleyDemoTurn *turn = g_ptr_array_index (turns, index);
  g_autofree gchar *said = normalised (turn->said);
  g_autofree gchar *heard = normalised (turn->heard->str);
  g_autoptr (GPtrArray) messages = messages_new ();

  if (g_strcmp0 (said, heard) != 0 || !turn->answered || !turn->reply->len)
    return FALSE;
  for (guint i = 0; i <= index; i++) {
    ParleyDemoTurn *before = g_ptr_array_index (turns, i);

    add_message (messages, PARLEY_ROLE_USER, before->heard->str);
    if (i < index)
      add_message (messages, PARLEY_ROLE_ASSISTANT, before->reply->str);
  }
  return is_understood (script, messages);
}

static JsonObject *
turn_to_object (ParleyDemoTurn * turn)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "caller", turn->said);
  json_object_set_string_member (object, "heard", turn->heard->str);
  json_object_set_string_member (object, "reply", turn->reply->str);
  if (turn->answered)
    json_object_set_int_member (object, "response_ms", turn->response_ms);
  else
    json_object_set_null_member (object, "response_ms");
  parley_turn_set_summary (object, turn->report);
  return object;
}

JsonNode *
parley_demo_turns_to_json (GPtrArray * turns)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *root = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < turns->len; i++)
    json_array_add_object_element (array,
        turn_to_object (g_ptr_array_index (turns, i)));
  json_object_set_array_member (root, "turns", array);
  json_node_take_object (node, root);
  return node;
}
