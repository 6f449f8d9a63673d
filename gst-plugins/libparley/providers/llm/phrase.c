/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/phrase.h"
#include "providers/llm/utterance.h"

#include <string.h>

/* A phrase is a small automaton: nodes, and edges that take nothing, a word or
 * what a slot takes. Matching walks all its (node, word, slip) states once, so
 * that no phrase and no utterance makes it slow. */

#define MAX_DEPTH 16
#define MAX_LENGTH 1000         /* bytes of a phrase */
#define MAX_WORDS 100           /* of an utterance */
#define SLIP_WORDS 4            /* shortest phrase that forgives */

typedef struct
{
  guint from;
  guint to;
  gchar *word;                  /* NULL: a slot, or nothing */
  const ParleySlotKind *kind;
  gchar *slot;                  /* the slot's name */
} Edge;

struct _ParleyPhrase
{
  GArray *edges;                /* of Edge, sorted by from */
  GArray *first;                /* guint: first edge of each node; the end */
  guint n_nodes;
  guint end;
  guint min_words;              /* of an utterance it can match */
  guint max_words;
  GPtrArray *slots;
  gchar *jsgf;
  gchar *example;
};

/* --- parsing --- */

typedef struct
{
  const gchar *p;
  ParleyPhrase *phrase;
  ParleySlotLookup lookup;
  gpointer user_data;
  GString *jsgf;
  GString *example;
  guint muted;                  /* not part of the example */
  guint depth;
  gchar *problem;
} Parser;

static guint parse_alternatives (Parser * parser, guint from);
static void
fail (Parser * parser, const gchar * format, ...)
G_GNUC_PRINTF (2, 3);

     static void fail (Parser * parser, const gchar * format, ...)
{
  va_list args;

  if (parser->problem)
    return;
  va_start (args, format);
  parser->problem = g_strdup_vprintf (format, args);
  va_end (args);
}

static void
add_edge (Parser * parser, guint from, guint to, gchar * word,
    const ParleySlotKind * kind, gchar * slot)
{
  Edge edge = { from, to, word, kind, slot };

  g_array_append_val (parser->phrase->edges, edge);
}

static void
write_word (GString * text, const gchar * word)
{
  if (text->len > 0 && !strchr ("([", text->str[text->len - 1]))
    g_string_append_c (text, ' ');
  g_string_append (text, word);
}

/* The word at the front, without punctuation around it; NULL: unusable. */
static gchar *
read_word (Parser * parser)
{
  gsize length = strcspn (parser->p, " \t\n[](){}|");
  gchar *word = g_utf8_strdown (parser->p, length);
  gsize n = strlen (word);
  const gchar *p;

  parser->p += length;
  while (n > 0 && strchr (",!?;:", word[n - 1]))
    word[--n] = 0;
  if (n > 0 && word[n - 1] == '.' && strchr (word, '.') == word + n - 1)
    word[--n] = 0;
  for (p = word; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isalnum (c) || g_unichar_ismark (c) || strchr ("'-.", *p))
      continue;
    fail (parser, "\"%s\" is no word a caller could say; spell it out", word);
    break;
  }
  return word;
}

static guint
parse_word (Parser * parser, guint from)
{
  gchar *word = read_word (parser);
  gchar **words = parley_utterance_words (word);
  guint i;

  for (i = 0; words[i]; i++) {
    guint to = parser->phrase->n_nodes++;

    add_edge (parser, from, to, g_strdup (words[i]), NULL, NULL);
    from = to;
  }
  if (i > 0) {
    write_word (parser->jsgf, word);
    if (!parser->muted)
      write_word (parser->example, word);
  }
  g_strfreev (words);
  g_free (word);
  return from;
}

static void
note_slot (ParleyPhrase * phrase, const gchar * name)
{
  if (!g_ptr_array_find_with_equal_func (phrase->slots, name, g_str_equal,
          NULL))
    g_ptr_array_add (phrase->slots, g_strdup (name));
}

static void
write_slot (Parser * parser, const ParleySlotKind * kind)
{
  gchar *rule = parley_slot_kind_rule_name (kind);
  gchar *reference = g_strdup_printf ("<%s>", rule);
  gchar *example = parley_slot_kind_example (kind);

  write_word (parser->jsgf, reference);
  if (!parser->muted)
    write_word (parser->example, example);
  g_free (example);
  g_free (reference);
  g_free (rule);
}

/* "{name:type}" */
static guint
parse_slot (Parser * parser, guint from)
{
  const gchar *close = strchr (parser->p, '}');
  const ParleySlotKind *kind;
  gchar **parts, *inside;
  guint to = from;

  if (!close) {
    fail (parser, "\"{\" without \"}\"");
    return from;
  }
  inside = g_strndup (parser->p + 1, close - parser->p - 1);
  parts = g_strsplit (inside, ":", 2);
  parser->p = close + 1;
  kind = !parts[0] ? NULL :
      parser->lookup (parts[1] ? parts[1] : parts[0], parser->user_data);
  if (!kind) {
    gchar *names = parley_slot_type_names ();
    fail (parser, "unknown slot type in {%s}; use one of %s, or list its "
        "values under \"slots\"", inside, names);
    g_free (names);
  } else {
    to = parser->phrase->n_nodes++;
    add_edge (parser, from, to, NULL, kind, g_strdup (parts[0]));
    note_slot (parser->phrase, parts[0]);
    write_slot (parser, kind);
  }
  g_strfreev (parts);
  g_free (inside);
  return to;
}

/* "[…]" or "(…)" */
static guint
parse_group (Parser * parser, guint from)
{
  gboolean optional = *parser->p == '[';
  gchar close = optional ? ']' : ')';
  guint to;

  write_word (parser->jsgf, optional ? "[" : "(");
  parser->p++;
  parser->muted += optional;
  if (++parser->depth > MAX_DEPTH)
    fail (parser, "too many brackets inside each other");
  to = parse_alternatives (parser, from);
  parser->depth--;
  parser->muted -= optional;
  if (*parser->p != close)
    fail (parser, "\"%c\" is missing", close);
  else
    parser->p++;
  g_string_append_c (parser->jsgf, close);
  if (optional)
    add_edge (parser, from, to, NULL, NULL, NULL);
  return to;
}

static guint
parse_sequence (Parser * parser, guint from)
{
  gsize before = parser->jsgf->len;

  while (!parser->problem) {
    parser->p += strspn (parser->p, " \t\n");
    if (!*parser->p || strchr ("|])", *parser->p))
      break;
    if (*parser->p == '{')
      from = parse_slot (parser, from);
    else if (strchr ("[(", *parser->p))
      from = parse_group (parser, from);
    else if (*parser->p == '}')
      fail (parser, "\"}\" without \"{\"");
    else
      from = parse_word (parser, from);
  }
  if (parser->jsgf->len == before)
    fail (parser, parser->depth ? "a choice between brackets is empty" :
        "the phrase is empty");
  return from;
}

static guint
parse_alternatives (Parser * parser, guint from)
{
  guint end = parser->phrase->n_nodes++;
  guint muted = parser->muted;
  guint last;

  for (;;) {
    last = parse_sequence (parser, from);
    add_edge (parser, last, end, NULL, NULL, NULL);
    if (parser->problem || *parser->p != '|')
      break;
    parser->p++;
    parser->muted++;
    g_string_append (parser->jsgf, " |");
  }
  parser->muted = muted;
  return end;
}

static gint
compare_edges (gconstpointer a, gconstpointer b)
{
  const Edge *left = a, *right = b;

  return left->from < right->from ? -1 : left->from > right->from;
}

/* So that the edges of a node are found at once. */
static void
index_edges (ParleyPhrase * phrase)
{
  guint node, edge = 0;

  g_array_sort (phrase->edges, compare_edges);
  for (node = 0; node <= phrase->n_nodes; node++) {
    while (edge < phrase->edges->len
        && g_array_index (phrase->edges, Edge, edge).from < node)
      edge++;
    g_array_append_val (phrase->first, edge);
  }
}

/* Lets what is known of @edge's beginning count for its end. */
static gboolean
relax (const Edge * edge, guint * least, guint * most)
{
  guint longest = edge->word ? 1 :
      edge->kind ? parley_slot_kind_get_max_words (edge->kind) : 0;
  guint shortest = edge->word || edge->kind ? 1 : 0;
  gboolean changed = FALSE;

  if (least[edge->from] == G_MAXUINT)
    return FALSE;
  if (least[edge->from] + shortest < least[edge->to]) {
    least[edge->to] = least[edge->from] + shortest;
    changed = TRUE;
  }
  if (most[edge->from] + longest > most[edge->to]) {
    most[edge->to] = most[edge->from] + longest;
    changed = TRUE;
  }
  return changed;
}

/* The shortest and the longest way through, so that most utterances need no
 * look. */
static void
measure (ParleyPhrase * phrase)
{
  guint *least = g_new (guint, phrase->n_nodes);
  guint *most = g_new0 (guint, phrase->n_nodes);
  gboolean changed = TRUE;
  guint i;

  g_assert (phrase->end < phrase->n_nodes);
  for (i = 0; i < phrase->n_nodes; i++)
    least[i] = i == 0 ? 0 : G_MAXUINT;
  while (changed) {
    changed = FALSE;
    for (i = 0; i < phrase->edges->len; i++)
      changed |= relax (&g_array_index (phrase->edges, Edge, i), least, most);
  }
  phrase->min_words = least[phrase->end];
  phrase->max_words = most[phrase->end];
  g_free (least);
  g_free (most);
}

static void
edge_clear (gpointer data)
{
  Edge *edge = data;

  g_free (edge->word);
  g_free (edge->slot);
}

ParleyPhrase *
parley_phrase_parse (const gchar * text, ParleySlotLookup lookup,
    gpointer user_data, gchar ** problem)
{
  ParleyPhrase *phrase = g_new0 (ParleyPhrase, 1);
  Parser parser = { text, phrase, lookup, user_data, g_string_new (NULL),
    g_string_new (NULL),
  };

  phrase->edges = g_array_new (FALSE, FALSE, sizeof (Edge));
  g_array_set_clear_func (phrase->edges, edge_clear);
  phrase->first = g_array_new (FALSE, FALSE, sizeof (guint));
  phrase->slots = g_ptr_array_new_with_free_func (g_free);
  phrase->n_nodes = 1;
  if (strlen (text) > MAX_LENGTH)
    fail (&parser, "longer than %d bytes", MAX_LENGTH);
  else
    phrase->end = parse_alternatives (&parser, 0);
  if (!parser.problem && *parser.p)
    fail (&parser, "\"%c\" without its opening bracket", *parser.p);
  index_edges (phrase);
  phrase->jsgf = g_string_free (parser.jsgf, FALSE);
  phrase->example = g_string_free (parser.example, FALSE);
  if (!parser.problem)
    measure (phrase);
  if (!parser.problem && phrase->min_words == 0)
    fail (&parser, "the phrase would match silence; take something out of "
        "the square brackets");
  if (!parser.problem)
    return phrase;
  *problem = parser.problem;
  parley_phrase_free (phrase);
  return NULL;
}

void
parley_phrase_free (ParleyPhrase * phrase)
{
  g_array_unref (phrase->edges);
  g_array_unref (phrase->first);
  g_ptr_array_unref (phrase->slots);
  g_free (phrase->jsgf);
  g_free (phrase->example);
  g_free (phrase);
}

/* --- matching --- */

typedef struct
{
  guint node;
  guint word;
  guint slip;                   /* 0 or 1 */
  guint exact;                  /* words of the phrase taken as they are */
  guint parent;
  const gchar *slot;
  gchar *value;                 /* what the slot on the way here holds */
} State;

typedef struct
{
  const ParleyPhrase *phrase;
  gchar **words;
  guint n_words;
  gboolean slip;
  GArray *states;               /* of State; both queue and trace */
  guint8 *seen;
} Matcher;

/* Goes on to (@node, @word); takes @value. */
static void
reach (Matcher * matcher, guint parent, guint node, guint word, guint slip,
    guint exact, const gchar * slot, gchar * value)
{
  State state = { node, word, slip, exact, parent, slot, value };
  guint at = (node * (matcher->n_words + 1) + word) * 2 + slip;

  if (matcher->seen[at]) {
    g_free (value);
    return;
  }
  matcher->seen[at] = 1;
  g_array_append_val (matcher->states, state);
}

static gboolean
is_function_at (const Matcher * matcher, guint word)
{
  return word < matcher->n_words
      && parley_utterance_is_function_word (matcher->words[word]);
}

static void
take_slot (Matcher * matcher, guint index, const State * state,
    const Edge * edge)
{
  guint left = matcher->n_words - state->word;
  guint most = MIN (left, parley_slot_kind_get_max_words (edge->kind));
  guint n;

  for (n = 1; n <= most; n++) {
    gchar *value = parley_slot_kind_read (edge->kind,
        matcher->words + state->word, n);

    if (value)
      reach (matcher, index, edge->to, state->word + n, state->slip,
          state->exact, edge->slot, value);
  }
}

static void
take_word (Matcher * matcher, guint index, const State * state,
    const Edge * edge)
{
  guint word = state->word;

  if (word < matcher->n_words && strcmp (matcher->words[word], edge->word) == 0)
    reach (matcher, index, edge->to, word + 1, state->slip, state->exact + 1,
        NULL, NULL);
  if (!matcher->slip || state->slip
      || !parley_utterance_is_function_word (edge->word))
    return;
  /* Lost, or mistaken for another; the phrase's own word counts. */
  reach (matcher, index, edge->to, word, 1, state->exact + 1, NULL, NULL);
  if (is_function_at (matcher, word))
    reach (matcher, index, edge->to, word + 1, 1, state->exact + 1, NULL, NULL);
}

static void
expand (Matcher * matcher, guint index)
{
  const ParleyPhrase *phrase = matcher->phrase;
  State state = g_array_index (matcher->states, State, index);
  guint i = g_array_index (phrase->first, guint, state.node);
  guint end = g_array_index (phrase->first, guint, state.node + 1);

  for (; i < end; i++) {
    const Edge *edge = &g_array_index (phrase->edges, Edge, i);

    if (edge->word)
      take_word (matcher, index, &state, edge);
    else if (edge->kind)
      take_slot (matcher, index, &state, edge);
    else
      reach (matcher, index, edge->to, state.word, state.slip, state.exact,
          NULL, NULL);
  }
  if (matcher->slip && !state.slip && is_function_at (matcher, state.word))
    reach (matcher, index, state.node, state.word + 1, 1, state.exact, NULL,
        NULL);
}

static gboolean
is_match (const Matcher * matcher, guint index)
{
  const State *state = &g_array_index (matcher->states, State, index);

  return state->node == matcher->phrase->end
      && state->word == matcher->n_words
      && (!state->slip || state->exact >= SLIP_WORDS);
}

static void
collect_values (const Matcher * matcher, guint index, GHashTable * values)
{
  for (;;) {
    const State *state = &g_array_index (matcher->states, State, index);

    if (state->slot)
      g_hash_table_replace (values, g_strdup (state->slot),
          g_strdup (state->value));
    if (index == 0)
      return;
    index = state->parent;
  }
}

static void
state_clear (gpointer data)
{
  State *state = data;

  g_free (state->value);
}

gboolean
parley_phrase_match (const ParleyPhrase * phrase, gchar ** words,
    guint n_words, gboolean slip, GHashTable * values)
{
  Matcher matcher = { phrase, words, n_words, slip };
  gboolean found = FALSE;
  guint i;

  if (n_words > MAX_WORDS || n_words + slip < phrase->min_words
      || n_words > phrase->max_words + slip)
    return FALSE;
  matcher.states = g_array_new (FALSE, FALSE, sizeof (State));
  g_array_set_clear_func (matcher.states, state_clear);
  matcher.seen = g_malloc0 ((gsize) (phrase->n_nodes + 1) * (n_words + 1) * 2);
  reach (&matcher, 0, 0, 0, 0, 0, NULL, NULL);
  for (i = 0; i < matcher.states->len && !found; i++) {
    found = is_match (&matcher, i);
    if (found && values)
      collect_values (&matcher, i, values);
    if (!found)
      expand (&matcher, i);
  }
  g_free (matcher.seen);
  g_array_unref (matcher.states);
  return found;
}

const GPtrArray *
parley_phrase_get_slots (const ParleyPhrase * phrase)
{
  return phrase->slots;
}

const gchar *
parley_phrase_get_jsgf (const ParleyPhrase * phrase)
{
  return phrase->jsgf;
}

const gchar *
parley_phrase_get_example (const ParleyPhrase * phrase)
{
  return phrase->example;
}
