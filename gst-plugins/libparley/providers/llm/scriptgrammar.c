/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script-private.h"
#include "providers/llm/utterance.h"

#include <string.h>

/* What a script understands, for a recogniser and for people. */

static void
append_utterance (GString * jsgf, const ParleyScript * script)
{
  guint i;

  g_string_append (jsgf, "public <utterance> =");
  for (i = 0; i < script->intents->len; i++) {
    const ParleyScriptIntent *intent = g_ptr_array_index (script->intents, i);

    g_string_append_printf (jsgf, "%s <intent_%s>", i ? " |" : "",
        intent->name);
  }
  g_string_append (jsgf, ";\n");
}

static void
append_intent (GString * jsgf, const ParleyScriptIntent * intent)
{
  guint i;

  g_string_append_printf (jsgf, "<intent_%s> = [<before>] (\n", intent->name);
  for (i = 0; i < intent->phrases->len; i++)
    g_string_append_printf (jsgf, "    %s%s\n", i ? "| " : "",
        parley_phrase_get_jsgf (g_ptr_array_index (intent->phrases, i)));
  g_string_append (jsgf, "  ) [<after>];\n");
}

/* Kinds share rules ("<unit>"): each is written once. */
static void
append_kind (GString * jsgf, const ParleySlotKind * kind, GHashTable * written)
{
  gchar *rules = parley_slot_kind_to_jsgf (kind);
  gchar **lines = g_strsplit (rules, "\n", -1);
  guint i;

  for (i = 0; lines[i]; i++) {
    if (*lines[i] && g_hash_table_add (written, g_strdup (lines[i])))
      g_string_append_printf (jsgf, "%s\n", lines[i]);
  }
  g_strfreev (lines);
  g_free (rules);
}

gchar *
parley_script_to_jsgf (ParleyScript * script)
{
  GString *jsgf = g_string_new ("#JSGF V1.0;\ngrammar parley;\n");
  GHashTable *written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  guint i;

  append_utterance (jsgf, script);
  for (i = 0; i < script->intents->len; i++)
    append_intent (jsgf, g_ptr_array_index (script->intents, i));
  g_string_append (jsgf, "<before> = " PARLEY_UTTERANCE_BEFORE_JSGF ";\n"
      "<after> = " PARLEY_UTTERANCE_AFTER_JSGF ";\n");
  for (i = 0; i < script->kinds->len; i++)
    append_kind (jsgf, g_ptr_array_index (script->kinds, i), written);
  g_hash_table_unref (written);
  return g_string_free (jsgf, FALSE);
}

GPtrArray *
parley_script_examples (ParleyScript * script)
{
  GPtrArray *examples = g_ptr_array_new_with_free_func (g_free);
  guint i, j;

  for (i = 0; i < script->intents->len; i++) {
    const ParleyScriptIntent *intent = g_ptr_array_index (script->intents, i);

    for (j = 0; j < intent->phrases->len; j++)
      g_ptr_array_add (examples, g_strdup (parley_phrase_get_example
              (g_ptr_array_index (intent->phrases, j))));
  }
  return examples;
}

static gint
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar * const *) a, *(const gchar * const *) b);
}

/* What is right of "=" in a grammar, without brackets and rule names. */
static void
collect_words (gchar * jsgf, GHashTable * words)
{
  gchar *p = strchr (jsgf, '\n');
  gchar *word;

  while (p && *p) {
    p += strspn (p, " \n()[]|=;*");
    if (*p == '<') {
      p += strcspn (p, ">") + 1;
      continue;
    }
    word = g_strndup (p, strcspn (p, " \n()[]|=;*<"));
    p += strlen (word);
    if (strcmp (word, "public") == 0 || strcmp (word, "grammar") == 0)
      p += strcspn (p, "=;");
    else if (*word)
      g_hash_table_add (words, g_steal_pointer (&word));
    g_free (word);
  }
}

GPtrArray *
parley_script_words (ParleyScript * script)
{
  GHashTable *words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  GPtrArray *sorted = g_ptr_array_new_with_free_func (g_free);
  gchar *jsgf = parley_script_to_jsgf (script);
  GHashTableIter iter;
  gpointer word;

  collect_words (jsgf, words);
  g_hash_table_iter_init (&iter, words);
  while (g_hash_table_iter_next (&iter, &word, NULL))
    g_ptr_array_add (sorted, g_strdup (word));
  g_ptr_array_sort (sorted, compare_words);
  g_hash_table_unref (words);
  g_free (jsgf);
  return sorted;
}
