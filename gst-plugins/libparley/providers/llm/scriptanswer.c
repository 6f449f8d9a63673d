/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script-private.h"
#include "providers/llm/utterance.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "net/jsoncheck.h"

/* The conversation is a fold over the caller's messages. A message is
 * understood only if all of its words are; what may be left out is listed in
 * utterance.c. */

#define MAX_FILLERS 3           /* left out at each end */
#define MAX_DEPTH 16            /* of what a tool said */
#define MAX_SPLIT 30            /* words that are tried as two sentences */

typedef struct
{
  const gchar *state;
  GHashTable *values;           /* slot → what was said last */
  gchar *reply;                 /* the last one, or the greeting */
  guint turn;
  const ParleyScriptIntent *intent;     /* of the last message */
  gboolean answered;            /* its tool was */
  gboolean ends;                /* what was said is forgotten after it */
} Fold;

/* --- understanding --- */

static gboolean
is_bound (const ParleyScriptIntent * intent, const gchar * state)
{
  return intent->states
      && g_strv_contains ((const gchar * const *) intent->states, state);
}

static const ParleyScriptIntent *
match_intents (const ParleyScript * script, gchar ** words, guint n_words,
    const gchar * state, gboolean slip, GHashTable * values)
{
  guint i, j;

  for (i = 0; i < script->intents->len; i++) {
    const ParleyScriptIntent *intent = g_ptr_array_index (script->intents, i);

    /* @state NULL: those that are understood everywhere. */
    if (state ? !is_bound (intent, state) : intent->states != NULL)
      continue;
    for (j = 0; j < intent->phrases->len; j++) {
      if (parley_phrase_match (g_ptr_array_index (intent->phrases, j), words,
              n_words, slip, values))
        return intent;
    }
  }
  return NULL;
}

/* Tries @words without fillers, fewest left out first. */
static const ParleyScriptIntent *
match_stripped (const ParleyScript * script, gchar ** words, guint n_words,
    const gchar * state, gboolean slip, GHashTable * values)
{
  guint front[MAX_FILLERS + 1] = { 0, }, back[MAX_FILLERS + 1] = { 0, };
  guint n_front = 1, n_back = 1, out, i, n;
  const ParleyScriptIntent *intent = NULL;

  while (n_front <= MAX_FILLERS && (n = parley_utterance_leading_filler (words
              + front[n_front - 1], n_words - front[n_front - 1])) > 0) {
    front[n_front] = front[n_front - 1] + n;
    n_front++;
  }
  while (n_back <= MAX_FILLERS && (n = parley_utterance_trailing_filler (words,
              n_words - back[n_back - 1])) > 0) {
    back[n_back] = back[n_back - 1] + n;
    n_back++;
  }
  for (out = 0; out <= 2 * MAX_FILLERS && !intent; out++) {
    for (i = 0; i <= out && !intent; i++) {
      if (i >= n_front || out - i >= n_back
          || front[i] + back[out - i] >= n_words)
        continue;
      intent = match_intents (script, words + front[i],
          n_words - front[i] - back[out - i], state, slip, values);
    }
  }
  return intent;
}

/* What belongs to the state comes first. */
static const ParleyScriptIntent *
match_words (const ParleyScript * script, gchar ** words, guint n_words,
    const gchar * state, gboolean slip, GHashTable * values)
{
  const ParleyScriptIntent *intent =
      match_stripped (script, words, n_words, state, slip, values);

  return intent ? intent :
      match_stripped (script, words, n_words, NULL, slip, values);
}

static const gchar *
state_after (const ParleyScriptIntent * intent, const gchar * state)
{
  return intent && intent->next ? intent->next : state;
}

/* Two sentences that a recogniser put together: a question of the script in the
 * middle was answered before it was asked ("book a table friday"). Each must be
 * understood exactly, and the second must be what the first leads to: "yes no"
 * and "a coffee and a tea" are not. */
static const ParleyScriptIntent *
match_split (const ParleyScript * script, gchar ** words, guint n_words,
    const gchar ** state, GHashTable * values)
{
  guint i;

  for (i = 2; i < n_words && n_words <= MAX_SPLIT; i++) {
    const ParleyScriptIntent *first, *second;

    g_hash_table_remove_all (values);
    first = match_words (script, words, i, *state, FALSE, values);
    if (!first || !first->next)
      continue;
    second = match_words (script, words + i, n_words - i, first->next, FALSE,
        values);
    if (second && is_bound (second, first->next)) {
      *state = first->next;
      return second;
    }
  }
  return NULL;
}

/* Moves *@state to where the sentences before the last one led; the last one
 * must be understood. */
static const ParleyScriptIntent *
match_sentences (const ParleyScript * script, const gchar * text,
    const gchar ** state, GHashTable * values)
{
  gchar **sentences = parley_utterance_sentences (text);
  const ParleyScriptIntent *intent = NULL;
  const gchar *now = *state, *before = now;
  guint i, said = 0;

  for (i = 0; sentences[i]; i++) {
    gchar **words = parley_utterance_words (sentences[i]);
    guint n = g_strv_length (words);

    if (n > 0) {
      said++;
      before = now;
      intent = match_words (script, words, n, now, FALSE, values);
      if (!intent)
        intent = match_words (script, words, n, now, TRUE, values);
      now = state_after (intent, now);
    }
    g_strfreev (words);
  }
  g_strfreev (sentences);
  if (said < 2 || !intent)
    return NULL;
  *state = before;
  return intent;
}

static const ParleyScriptIntent *
understand (const ParleyScript * script, const gchar * text,
    const gchar ** state, GHashTable * values)
{
  gchar **words = parley_utterance_words (text);
  guint n_words = g_strv_length (words);
  const ParleyScriptIntent *intent = NULL;

  if (n_words > 0)
    intent = match_words (script, words, n_words, *state, FALSE, values);
  if (n_words > 0 && !intent)
    intent = match_words (script, words, n_words, *state, TRUE, values);
  if (!intent)
    intent = match_sentences (script, text, state, values);
  if (!intent)
    intent = match_split (script, words, n_words, state, values);
  g_strfreev (words);
  return intent;
}

/* --- answering --- */

/* Writes @reply; FALSE when a slot of it was not said yet. */
static gboolean
write_reply (const gchar * reply, GHashTable * values, GString * text)
{
  gboolean complete = TRUE;
  const gchar *p, *end;

  for (p = reply; *p; p = end) {
    gchar *name = parley_script_reference (p, &end);

    if (!name) {
      end = p + 1;
      g_string_append_c (text, *p);
    } else if (g_hash_table_contains (values, name)) {
      g_string_append (text, g_hash_table_lookup (values, name));
      /* "at ${time}." and "5 p.m." share the stop. */
      if (*end == '.' && g_str_has_suffix (text->str, "."))
        end++;
    } else {
      complete = FALSE;
    }
    g_free (name);
  }
  return complete;
}

/* The variant of this turn among those whose slots are all known. */
static gchar *
choose_reply (gchar ** replies, guint turn, GHashTable * values)
{
  GPtrArray *complete = g_ptr_array_new_with_free_func (g_free);
  gchar *chosen;
  guint i;

  /* The loader refuses an empty list. */
  g_assert (replies[0]);
  for (i = 0; replies[i]; i++) {
    GString *text = g_string_new (NULL);

    if (write_reply (replies[i], values, text))
      g_ptr_array_add (complete, g_string_free (text, FALSE));
    else
      g_string_free (text, TRUE);
  }
  if (complete->len > 0) {
    chosen = g_strdup (g_ptr_array_index (complete, turn % complete->len));
  } else {
    GString *text = g_string_new (NULL);
    write_reply (replies[0], values, text);
    chosen = g_string_free (text, FALSE);
  }
  g_ptr_array_unref (complete);
  return chosen;
}

static void
copy_values (GHashTable * from, GHashTable * to)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_replace (to, g_strdup (key), g_strdup (value));
}

/* The reply waits for a tool. */
static gboolean
asks_tool (const Fold * fold)
{
  return fold->intent && fold->intent->tool && !fold->answered;
}

static void
fold_message (const ParleyScript * script, Fold * fold, const gchar * message)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  const gchar *state = fold->state;
  gchar **replies;

  if (fold->ends)
    g_hash_table_remove_all (fold->values);
  fold->answered = FALSE;
  fold->intent = understand (script, message, &state, values);
  if (fold->intent) {
    copy_values (values, fold->values);
    replies = fold->intent->replies;
    fold->state = state_after (fold->intent, state);
  } else {
    replies = g_hash_table_lookup (script->states, fold->state);
    if (!replies)
      replies = script->fallback;
  }
  if (!asks_tool (fold) && (!fold->intent || !fold->intent->repeat
          || !fold->reply)) {
    g_free (fold->reply);
    fold->reply = choose_reply (replies, fold->turn, fold->values);
  }
  fold->ends = fold->intent
      && g_strcmp0 (fold->intent->next, PARLEY_SCRIPT_START) == 0;
  fold->turn++;
  g_hash_table_unref (values);
}

/* Tools */

static gchar *
text_of (JsonNode * node)
{
  return JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_dup_string (node) : json_to_string (node, FALSE);
}

/* What a tool said, by "result" and, as far as it is an object, the names of
 * its members. FALSE: it failed. */
static gboolean
take_result (GHashTable * values, const gchar * result)
{
  gboolean is_json = !parley_json_check (result, strlen (result), MAX_DEPTH);
  JsonNode *node = is_json ? json_from_string (result, NULL) : NULL;
  gboolean worked = TRUE;
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  g_hash_table_replace (values, g_strdup ("result"), g_strdup (result));
  if (node && JSON_NODE_HOLDS_OBJECT (node)) {
    worked = !json_object_has_member (json_node_get_object (node), "error");
    json_object_iter_init (&iter, json_node_get_object (node));
    while (json_object_iter_next (&iter, &name, &value))
      g_hash_table_replace (values, g_strconcat ("result.", name, NULL),
          text_of (value));
  }
  g_clear_pointer (&node, json_node_unref);
  return worked;
}

static void
fold_result (const ParleyScript * script, Fold * fold, const gchar * result)
{
  GHashTable *values;
  gchar **replies;

  if (!asks_tool (fold))
    return;
  values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  copy_values (fold->values, values);
  replies = take_result (values, result) ? fold->intent->replies
      : fold->intent->failed;
  g_free (fold->reply);
  fold->reply = choose_reply (replies ? replies : script->fallback,
      fold->turn - 1, values);
  fold->answered = TRUE;
  g_hash_table_unref (values);
}

/* An object of all that was said. */
static gchar *
arguments_of (GHashTable * values)
{
  GList *names = g_list_sort (g_hash_table_get_keys (values),
      (GCompareFunc) strcmp), *l;
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_init_object (json_node_alloc (), object);
  gchar *text;

  for (l = names; l; l = l->next)
    json_object_set_string_member (object, l->data,
        g_hash_table_lookup (values, l->data));
  text = json_to_string (node, FALSE);
  json_node_unref (node);
  json_object_unref (object);
  g_list_free (names);
  return text;
}

static void
call_tool (ParleyScriptAnswer * answer, const Fold * fold)
{
  answer->tool = g_strdup (fold->intent->tool);
  answer->arguments = arguments_of (fold->values);
  g_free (answer->text);
  answer->text = g_strdup ("");
  answer->hang_up = FALSE;
}

ParleyScriptAnswer *
parley_script_answer (ParleyScript * script, GPtrArray * messages)
{
  ParleyScriptAnswer *answer = g_new0 (ParleyScriptAnswer, 1);
  Fold fold = { PARLEY_SCRIPT_START, };
  guint i;

  fold.values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (i = 0; i < messages->len; i++) {
    const ParleyMessage *message = g_ptr_array_index (messages, i);

    if (message->role == PARLEY_ROLE_USER) {
      fold_message (script, &fold, message->text);
    } else if (message->role == PARLEY_ROLE_TOOL) {
      fold_result (script, &fold, message->text);
    } else if (message->role == PARLEY_ROLE_ASSISTANT && fold.turn == 0) {
      g_free (fold.reply);
      fold.reply = g_strdup (message->text);
    }
  }
  if (fold.turn == 0)
    fold_message (script, &fold, "");
  answer->text = fold.reply;
  answer->hang_up = fold.intent && fold.intent->hang_up;
  if (asks_tool (&fold))
    call_tool (answer, &fold);
  answer->intent = fold.intent ? g_strdup (fold.intent->name) : NULL;
  answer->state = g_strdup (fold.state);
  g_hash_table_unref (fold.values);
  return answer;
}

void
parley_script_answer_free (ParleyScriptAnswer * answer)
{
  g_free (answer->text);
  g_free (answer->tool);
  g_free (answer->arguments);
  g_free (answer->intent);
  g_free (answer->state);
  g_free (answer);
}
