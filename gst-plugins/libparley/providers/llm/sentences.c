/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/sentences.h"
#include "providers/llm/abbreviations.h"
#include "providers/llm/passage.h"

#include <string.h>

/* Every decision looks at a bounded stretch of text behind the place it decides
 * about, and says MORE when that stretch has not arrived. That is what makes
 * the sentences independent of how the text was cut. */

#define MAX_RUN 50              /* stops in a row, blanks and openers skipped */
#define MAX_WORD 20             /* letters of a word that follows a stop */
#define MAX_FENCE_INDENT 3
#define MAX_REST 60             /* characters behind a first clause */
#define MIN_CLAUSE 100          /* characters a forced cut leaves at least */

typedef enum
{
  VERDICT_NO,
  VERDICT_CUT,
  VERDICT_MORE
} Verdict;

struct _ParleySentences
{
  GString *text;                /* whole characters */
  gsize taken;                  /* bytes of it that were given out */
  GString *partial;             /* bytes of a character cut apart */
  gboolean finished;
  gboolean line_start;          /* text begins a line */
  gchar fence;                  /* inside a code block: its character */
  guint clause_words;           /* of a first clause; 0: none goes alone */
  gboolean begun;               /* a sentence came out */
  ParleyPassages passages;      /* in text, as it lies there */
  gboolean was_inside;          /* the sentence that came out last */
};

/* What a scan has seen of the current piece. */
typedef struct
{
  const gchar *start;
  const gchar *end;
  gboolean finished;
  gboolean words;               /* a letter or digit was seen */
  gboolean block;               /* a list item, heading or table row */
  guint n_chars;
  const gchar *clause;          /* where a forced cut sounds best */
  const gchar *space;           /* second best */
  guint clause_words;           /* a clause may end behind so many; 0: none */
  guint n_words;                /* seen so far, as far as they matter */
  gboolean in_word;
  gint n_open;                  /* brackets and quotes */
} Scan;

static gboolean
in_set (gunichar c, const gchar * set)
{
  return c != 0 && g_utf8_strchr (set, -1, c) != NULL;
}

static gboolean
is_wide_stop (gunichar c)
{
  return in_set (c, "。！？．｡︒؟۔।");
}

static gboolean
is_stop (gunichar c)
{
  return c == '.' || c == '!' || c == '?' || c == 0x2026 || is_wide_stop (c);
}

static gboolean
is_pictograph (gunichar c)
{
  return (c >= 0x1F000 && c <= 0x1FAFF) || (c >= 0x2600 && c <= 0x27BF)
      || c == 0x200D || c == 0xFE0F || (c >= 0xE0020 && c <= 0xE007F);
}

static gboolean
is_closer (gunichar c)
{
  return in_set (c, "\"')]}»›”’“*_`~」』）】》〉］")
      || is_pictograph (c);
}

static gboolean
is_opener (gunichar c)
{
  return in_set (c, "\"'([{«‹„‚“‘¿¡*_`~#");
}

static gboolean
is_bullet (gunichar c)
{
  return in_set (c, "•‣◦▪●–");
}

static gboolean
is_cjk (gunichar c)
{
  return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF)
      || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFFEF);
}

static gboolean
is_hiragana (gunichar c)
{
  return c >= 0x3041 && c <= 0x309F;
}

static gunichar
char_before (const Scan * scan, const gchar * p)
{
  return p > scan->start ? g_utf8_get_char (g_utf8_prev_char (p)) : 0;
}

/* Skips characters that @accept takes, MAX_RUN of them at most. */
static const gchar *
skip (const Scan * scan, const gchar * p, gboolean (*accept) (gunichar))
{
  guint n;

  for (n = 0; n < MAX_RUN && p < scan->end; n++) {
    if (!accept (g_utf8_get_char (p)))
      break;
    p = g_utf8_next_char (p);
  }
  return p;
}

static gboolean
is_blank_or_opener (gunichar c)
{
  return g_unichar_isspace (c) || is_opener (c);
}

static gboolean
is_line_blank (gunichar c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

static Verdict
at_end (const Scan * scan)
{
  return scan->finished ? VERDICT_NO : VERDICT_MORE;
}

/* "12. " or "3) ": CUT with @after behind the marker. */
static Verdict
numbered_marker (const Scan * scan, const gchar * p, const gchar ** after)
{
  guint digits = 0;

  while (p < scan->end && g_ascii_isdigit (*p) && digits < 4) {
    p++;
    digits++;
  }
  if (digits > 3)
    return VERDICT_NO;
  if (p == scan->end)
    return at_end (scan);
  if (*p != '.' && *p != ')')
    return VERDICT_NO;
  p++;
  if (p == scan->end)
    return at_end (scan);
  *after = p;
  return *p == ' ' || *p == '\t' ? VERDICT_CUT : VERDICT_NO;
}

/* A bullet "- ", a rule "---", a heading "## ", a fence. */
static Verdict
symbol_marker (const Scan * scan, const gchar * p)
{
  const gchar *q = p;
  guint n = 0;

  while (q < scan->end && *q == *p && n < 7) {
    q++;
    n++;
  }
  if (strchr ("`~-=", *p) && n >= 3)
    return VERDICT_CUT;
  if (q == scan->end)
    return at_end (scan);
  if (*p == '#')
    return n < 7 && *q == ' ' ? VERDICT_CUT : VERDICT_NO;
  if (*p == '*' && n >= 3)
    return strchr (" \r\n", *q) ? VERDICT_CUT : VERDICT_NO;
  if (strchr ("-*+", *p) && n == 1)
    return *q == ' ' || *q == '\t' ? VERDICT_CUT : VERDICT_NO;
  return VERDICT_NO;
}

/* Whether a line of its own kind (CUT) begins at @p; @after: behind what is not
 * to be taken for a stop. */
static Verdict
block_line (const Scan * scan, const gchar * p, const gchar ** after)
{
  *after = p;
  if (p == scan->end)
    return at_end (scan);
  if (g_ascii_isdigit (*p))
    return numbered_marker (scan, p, after);
  if (*p == '>' || *p == '|')
    return VERDICT_CUT;
  if (strchr ("-=*+#`~", *p))
    return symbol_marker (scan, p);
  return is_bullet (g_utf8_get_char (p)) ? VERDICT_CUT : VERDICT_NO;
}

static Verdict
judge_newline (const Scan * scan, const gchar * p)
{
  const gchar *after;

  if (scan->block || !scan->words)
    return VERDICT_CUT;
  p = skip (scan, p + 1, is_line_blank);
  if (p == scan->end)
    return scan->finished ? VERDICT_CUT : VERDICT_MORE;
  if (*p == '\n')
    return VERDICT_CUT;
  return block_line (scan, p, &after);
}

/* What comes behind a stop, blanks and opening marks left out. */
typedef struct
{
  Verdict ready;                /* MORE: not here yet; NO: nothing comes */
  gunichar first;
  const gchar *word;
  gsize length;
} Follow;

static Follow
follow (const Scan * scan, const gchar * p)
{
  Follow next = { VERDICT_CUT, };

  p = skip (scan, p, is_blank_or_opener);
  if (p == scan->end) {
    next.ready = at_end (scan);
    return next;
  }
  next.first = g_utf8_get_char (p);
  next.word = p;
  return next;
}

static gboolean
is_word_char (gunichar c)
{
  return g_unichar_isalpha (c) || c == '\'';
}

/* Reads the whole word, for those who compare it. */
static gboolean
follow_word (const Scan * scan, Follow * next)
{
  const gchar *p = next->word;
  guint n;

  for (n = 0; n < MAX_WORD && p < scan->end; n++) {
    if (!is_word_char (g_utf8_get_char (p)))
      break;
    p = g_utf8_next_char (p);
  }
  next->length = p - next->word;
  return p < scan->end || n == MAX_WORD || scan->finished;
}

/* Ends unless a small letter goes on. */
static Verdict
cut_unless_lower (const Scan * scan, const gchar * after)
{
  Follow next = follow (scan, after);

  if (next.ready == VERDICT_MORE)
    return VERDICT_MORE;
  if (next.ready == VERDICT_CUT && g_unichar_islower (next.first))
    return VERDICT_NO;
  return VERDICT_CUT;
}

static Verdict
judge_word_after (const Scan * scan, ParleyStop stop, Follow * next)
{
  gboolean letter = g_unichar_isalpha (next->first);
  gboolean ends;

  if (stop == PARLEY_STOP_NUMBER)
    return g_unichar_isdigit (next->first) ? VERDICT_NO : VERDICT_CUT;
  if (g_unichar_islower (next->first))
    return VERDICT_NO;
  if (!letter)
    return stop == PARLEY_STOP_ORDINAL ? VERDICT_CUT : VERDICT_NO;
  if (!follow_word (scan, next))
    return VERDICT_MORE;
  if (stop == PARLEY_STOP_NAME)
    ends = parley_abbreviation_is_starter (next->word, next->length);
  else
    ends = !parley_abbreviation_is_time_word (next->word, next->length);
  return ends ? VERDICT_CUT : VERDICT_NO;
}

/* The word in front of the stop at @p: letters, digits and stops. */
static ParleyStop
classify_before (const Scan * scan, const gchar * p)
{
  const gchar *word = p;

  while (word > scan->start) {
    const gchar *q = g_utf8_prev_char (word);
    gunichar c = g_utf8_get_char (q);

    if (!g_unichar_isalnum (c) && c != '.')
      break;
    word = q;
  }
  return parley_abbreviation_classify (word, p - word);
}

/* A single full stop at @p with blanks from @after on. */
static Verdict
judge_full_stop (const Scan * scan, const gchar * p, const gchar * after)
{
  ParleyStop stop = classify_before (scan, p);
  Follow next;

  if (stop == PARLEY_STOP_NEVER)
    return VERDICT_NO;
  if (stop == PARLEY_STOP_ENDS && after == p + 1)
    return VERDICT_CUT;
  if (stop == PARLEY_STOP_ENDS)
    return cut_unless_lower (scan, after);
  next = follow (scan, after);
  if (next.ready != VERDICT_CUT)
    return next.ready == VERDICT_MORE ? VERDICT_MORE : VERDICT_CUT;
  return judge_word_after (scan, stop, &next);
}

/* French puts a blank in front of the stop and of the closing mark. */
static Verdict
judge_spaced_mark (const Scan * scan, const gchar ** after)
{
  const gchar *p = skip (scan, *after, g_unichar_isspace);

  if (p == scan->end)
    return scan->finished ? VERDICT_CUT : VERDICT_MORE;
  if (g_utf8_get_char (p) != 0xBB)
    return VERDICT_CUT;
  *after = g_utf8_next_char (p);
  return cut_unless_lower (scan, *after);
}

/* Stops with something other than a blank behind them. */
static Verdict
judge_tight (gunichar stop, gunichar next, gboolean closed)
{
  if (is_wide_stop (stop))
    return closed && is_hiragana (next) ? VERDICT_NO : VERDICT_CUT;
  if (next == 0xBF || next == 0xA1)
    return VERDICT_CUT;
  return stop != '.' && is_cjk (next) ? VERDICT_CUT : VERDICT_NO;
}

/* The run of stops from @p on; @after: behind it and what closes with it. */
static Verdict
judge_stop (const Scan * scan, const gchar * p, const gchar ** after)
{
  const gchar *run = skip (scan, p, is_stop);
  gunichar last = char_before (scan, run);
  gboolean closed;

  *after = skip (scan, run, is_closer);
  closed = *after > run;
  if (*after == scan->end)
    return scan->finished ? VERDICT_CUT : VERDICT_MORE;
  if (!scan->words) {
    *after = run;
    return VERDICT_NO;
  }
  if (!g_unichar_isspace (g_utf8_get_char (*after)) || is_wide_stop (last))
    return judge_tight (last, g_utf8_get_char (*after), closed);
  if (last == '.' && run == p + 1)
    return judge_full_stop (scan, p, *after);
  if (closed || last == '.' || last == 0x2026)
    return cut_unless_lower (scan, *after);
  if (g_unichar_isspace (char_before (scan, p)))
    return judge_spaced_mark (scan, after);
  return VERDICT_CUT;
}

/* Remembers where a forced cut would do least harm. */
static void
note_cut (Scan * scan, const gchar * p, gunichar c)
{
  if (scan->n_chars < MIN_CLAUSE)
    return;
  if (in_set (c, "，、；：")) {
    scan->clause = g_utf8_next_char (p);
  } else if (g_unichar_isspace (c)) {
    scan->space = p;
    if (in_set (char_before (scan, p), ",;:.!?…)—–"))
      scan->clause = p;
  }
}

static const gchar *
forced_cut (const Scan * scan, const gchar * p)
{
  if (scan->clause)
    return scan->clause;
  return scan->space ? scan->space : p;
}

/* Clauses */

static gboolean
is_wide_comma (gunichar c)
{
  return in_set (c, "，；：");
}

static gboolean
is_dash (gunichar c)
{
  return in_set (c, "-–—");
}

/* Two characters of a script without blanks count as a word. */
static void
count_words (Scan * scan, gunichar c)
{
  if (is_cjk (c) && g_unichar_isalnum (c)) {
    scan->n_words += !scan->in_word;
    scan->in_word = !scan->in_word;
  } else if (g_unichar_isspace (c)) {
    scan->in_word = FALSE;
  } else if (g_unichar_isalnum (c) && !scan->in_word) {
    scan->n_words++;
    scan->in_word = TRUE;
  }
  if (in_set (c, "([{«„“"))
    scan->n_open++;
  else if (in_set (c, ")]}»”"))
    scan->n_open--;
  else if (c == '"')
    scan->n_open += scan->n_open > 0 ? -1 : 1;
}

/* Whether the sentence goes on behind @p: a stop within the next words is its
 * end, which nobody wants to hear alone. */
static Verdict
judge_rest (const Scan * scan, const gchar * p)
{
  Scan rest = { p, scan->end };
  guint n;

  for (n = 0; n < MAX_REST && p < scan->end; n++) {
    gunichar c = g_utf8_get_char (p);

    if (is_stop (c) || c == '\n')
      return VERDICT_NO;
    count_words (&rest, c);
    if (rest.n_words > PARLEY_CLAUSE_REST)
      return VERDICT_CUT;
    p = g_utf8_next_char (p);
  }
  return n == MAX_REST ? VERDICT_CUT : at_end (scan);
}

/* What parts clauses stands at @p; @after: behind it. */
static Verdict
judge_clause (const Scan * scan, const gchar * p, const gchar * after)
{
  gunichar c = g_utf8_get_char (p);
  gboolean mark = in_set (c, ",;:") || is_wide_comma (c)
      || (is_dash (c) && g_unichar_isspace (char_before (scan, p)));

  if (!mark || scan->n_open > 0 || scan->block
      || scan->n_words < scan->clause_words)
    return VERDICT_NO;
  if (after == scan->end)
    return at_end (scan);
  if (!is_wide_comma (c) && *after != ' ')
    return VERDICT_NO;
  return judge_rest (scan, after);
}

/* Judges the character at *@p and moves behind it; on CUT, to the cut. */
static Verdict
step (Scan * scan, const gchar ** p)
{
  gunichar c = g_utf8_get_char (*p);
  const gchar *after = g_utf8_next_char (*p);
  Verdict verdict = VERDICT_NO;

  note_cut (scan, *p, c);
  if (c == '\n') {
    verdict = judge_newline (scan, *p);
    if (verdict == VERDICT_CUT)
      after = *p;
  } else if (is_stop (c)) {
    verdict = judge_stop (scan, *p, &after);
    if (verdict == VERDICT_NO)
      after = skip (scan, *p, is_stop);
  } else if (g_unichar_isalnum (c)) {
    scan->words = TRUE;
  } else if (scan->clause_words > 0) {
    verdict = judge_clause (scan, *p, after);
  }
  if (scan->clause_words > 0)
    count_words (scan, c);
  scan->n_chars += g_utf8_pointer_to_offset (*p, after);
  *p = after;
  return verdict;
}

static const gchar *
front (const ParleySentences * self)
{
  return self->text->str + self->taken;
}

static gsize
n_left (const ParleySentences * self)
{
  return self->text->len - self->taken;
}

/* Gives out @length bytes. The text moves up now and then only, so that much
 * text at once stays cheap. */
static void
take (ParleySentences * self, gsize length)
{
  self->taken += length;
  parley_passages_read (&self->passages, self->taken);
  if (self->taken * 2 < self->text->len)
    return;
  g_string_erase (self->text, 0, self->taken);
  parley_passages_shift (&self->passages, self->taken);
  self->taken = 0;
}

/* Length in bytes of the piece at the front of the text, 0 for not yet. */
static gsize
scan_piece (ParleySentences * self, gboolean * words)
{
  gsize end = parley_passages_next (&self->passages, self->text->len);
  Scan scan = { front (self), self->text->str + end,
    self->finished || self->passages.borders->len > 0,
    .clause_words = self->begun ? 0 : self->clause_words
  };
  const gchar *p = scan.start;
  Verdict verdict = VERDICT_NO;

  if (self->line_start) {
    verdict = block_line (&scan, p, &p);
    if (verdict == VERDICT_MORE)
      return 0;
    scan.block = verdict == VERDICT_CUT;
    scan.words = p > scan.start;
    if (!scan.block)
      p = scan.start;
    verdict = VERDICT_NO;
  }
  while (verdict == VERDICT_NO && p < scan.end) {
    if (scan.n_chars >= PARLEY_SENTENCE_MAX) {
      p = forced_cut (&scan, p);
      verdict = VERDICT_CUT;
    } else {
      verdict = step (&scan, &p);
    }
  }
  if (verdict == VERDICT_NO && scan.finished)
    verdict = VERDICT_CUT;
  *words = scan.words;
  return verdict == VERDICT_CUT ? p - scan.start : 0;
}

static void
skip_blanks (ParleySentences * self)
{
  const gchar *p = front (self);

  while (*p && g_unichar_isspace (g_utf8_get_char (p))) {
    if (*p == '\n')
      self->line_start = TRUE;
    p = g_utf8_next_char (p);
  }
  take (self, p - front (self));
}

static gboolean
begins_with_fence (const gchar * text, gchar fence)
{
  return text[0] == fence && text[1] == fence && text[2] == fence;
}

/* Leaves out the lines of a code block; FALSE: it goes on. */
static gboolean
skip_fence (ParleySentences * self)
{
  while (self->fence && n_left (self) > 0) {
    const gchar *line = front (self);
    const gchar *newline = strchr (line, '\n');

    if (!newline && !self->finished) {
      /* Only how the line begins matters. */
      if (n_left (self) > PARLEY_SENTENCE_MAX) {
        const gchar *keep = g_utf8_offset_to_pointer (line, MAX_RUN);
        g_string_truncate (self->text, keep - self->text->str);
        parley_passages_truncate (&self->passages, self->text->len);
      }
      return FALSE;
    }
    line += MIN (strspn (line, " "), MAX_FENCE_INDENT);
    if (begins_with_fence (line, self->fence)) {
      self->fence = 0;
      self->line_start = TRUE;
    }
    take (self, newline ? (gsize) (newline + 1 - front (self)) : n_left (self));
  }
  return self->fence == 0;
}

/* Whether the text begins with the opening line of a code block. */
static Verdict
judge_fence (const ParleySentences * self)
{
  const gchar *text = front (self);
  gsize n = strspn (text, *text == '~' ? "~" : "`");
  gsize line;

  if (n < 3 && (n < n_left (self) || self->finished || n == 0))
    return VERDICT_NO;
  if (n < 3)
    return VERDICT_MORE;
  line = strcspn (text, "\n");
  if (line > PARLEY_SENTENCE_MAX || memchr (text + n, *text, line - n) != NULL)
    return VERDICT_NO;
  return line < n_left (self) || self->finished ? VERDICT_CUT : VERDICT_MORE;
}

/* Moves to the next text that may be spoken; FALSE: none is here yet. */
static gboolean
skip_silent (ParleySentences * self)
{
  for (;;) {
    Verdict verdict = VERDICT_NO;

    if (!skip_fence (self))
      return FALSE;
    skip_blanks (self);
    if (n_left (self) == 0)
      return FALSE;
    if (self->line_start)
      verdict = judge_fence (self);
    if (verdict != VERDICT_CUT)
      return verdict == VERDICT_NO;
    self->fence = *front (self);
    take (self, strcspn (front (self), "\n"));
    if (n_left (self) > 0)
      take (self, 1);
  }
}

static gchar *
trimmed (const gchar * text, gsize length)
{
  while (length > 0) {
    const gchar *last = g_utf8_find_prev_char (text, text + length);

    if (!g_unichar_isspace (g_utf8_get_char (last)))
      break;
    length = last - text;
  }
  return g_strndup (text, length);
}

gchar *
parley_sentences_next (ParleySentences * self)
{
  while (skip_silent (self)) {
    gboolean words = FALSE;
    gsize length = scan_piece (self, &words);
    gchar *sentence;

    if (length == 0)
      return NULL;
    sentence = words ? trimmed (front (self), length) : NULL;
    self->was_inside = self->passages.inside;
    take (self, length);
    self->line_start = FALSE;
    if (sentence) {
      self->begun = TRUE;
      return sentence;
    }
  }
  return NULL;
}

/* Passages */

gboolean
parley_sentences_was_in_passage (ParleySentences * self)
{
  return self->was_inside;
}

gboolean
parley_sentences_is_in_passage (ParleySentences * self)
{
  return self->passages.inside && !self->finished;
}

/* "<no-barge-in>It is recorded</no-barge-in>." */
static gboolean
follows_passage (gunichar c)
{
  return is_stop (c) || is_closer (c) || in_set (c, ",;:");
}

static void
append_character (ParleySentences * self, gunichar c)
{
  ParleyPassages *passages = &self->passages;

  parley_passages_write (passages, c, passages->open && is_stop (c),
      passages->closing && follows_passage (c), self->text->len);
  g_string_append_unichar (self->text, c);
}

/* Moves a tag, or the character, at *@p to the text; FALSE: it is not here
 * yet. */
static gboolean
take_character (ParleySentences * self, const gchar ** p, const gchar * end)
{
  ParleyPassageTag tag = PARLEY_PASSAGE_TEXT;
  gunichar c = g_utf8_get_char_validated (*p, end - *p);
  gsize length = 1;

  if (c == '<')
    tag = parley_passage_tag (*p, end - *p, self->finished, &length);
  if (tag == PARLEY_PASSAGE_MORE || (c == (gunichar) - 2 && !self->finished))
    return FALSE;
  if (tag != PARLEY_PASSAGE_TEXT) {
    parley_passages_write_tag (&self->passages, tag, self->text->len);
    *p += length;
  } else if (c == (gunichar) - 1 || c == (gunichar) - 2) {
    append_character (self, 0xFFFD);
    *p += 1;
  } else {
    append_character (self, c);
    *p = g_utf8_next_char (*p);
  }
  return TRUE;
}

static void
take_characters (ParleySentences * self)
{
  const gchar *p = self->partial->str;
  const gchar *end = p + self->partial->len;

  while (p < end && take_character (self, &p, end));
  if (self->finished)
    parley_passages_finish (&self->passages, self->text->len);
  parley_passages_read (&self->passages, self->taken);
  g_string_erase (self->partial, 0, p - self->partial->str);
}

void
parley_sentences_set_first_clause (ParleySentences * self, guint words)
{
  self->clause_words = words;
}

void
parley_sentences_feed (ParleySentences * self, const gchar * text)
{
  g_return_if_fail (text != NULL);
  g_return_if_fail (!self->finished);

  g_string_append (self->partial, text);
  take_characters (self);
}

void
parley_sentences_finish (ParleySentences * self)
{
  self->finished = TRUE;
  take_characters (self);
}

void
parley_sentences_reset (ParleySentences * self)
{
  g_string_truncate (self->text, 0);
  self->taken = 0;
  g_string_truncate (self->partial, 0);
  self->finished = self->begun = FALSE;
  self->line_start = TRUE;
  self->fence = 0;
  parley_passages_reset (&self->passages);
}

ParleySentences *
parley_sentences_new (void)
{
  ParleySentences *self = g_new0 (ParleySentences, 1);

  self->text = g_string_new (NULL);
  self->partial = g_string_new (NULL);
  parley_passages_init (&self->passages);
  self->line_start = TRUE;
  return self;
}

void
parley_sentences_free (ParleySentences * self)
{
  if (!self)
    return;
  g_string_free (self->text, TRUE);
  g_string_free (self->partial, TRUE);
  parley_passages_clear (&self->passages);
  g_free (self);
}
