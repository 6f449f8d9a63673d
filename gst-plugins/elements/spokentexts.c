/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spokentexts.h"

#include <string.h>

/* Where nothing reports what was heard, this bounds them. */
#define MAX_SPOKEN 256
/* Bytes a second. */
#define SLOW_PACE 10
/* And the pause behind it. */
#define LONGEST_WORD (2 * GST_SECOND)

typedef struct
{
  guint64 epoch;
  gchar *text;
  GArray *words;                /* of SpokenWord; or NULL */
  GstClockTime begin;           /* into the epoch */
  GstClockTime end;
  gboolean whole;               /* nothing more of it comes */
} Spoken;

struct _SpokenTexts
{
  GArray *all;                  /* of Spoken */
  guint64 epoch;                /* the last one */
  GstClockTime time;            /* of it so far */
};

static void
spoken_clear (gpointer data)
{
  Spoken *spoken = data;

  g_free (spoken->text);
  g_clear_pointer (&spoken->words, g_array_unref);
}

SpokenTexts *
spoken_texts_new (void)
{
  SpokenTexts *self = g_new0 (SpokenTexts, 1);

  self->all = g_array_new (FALSE, FALSE, sizeof (Spoken));
  g_array_set_clear_func (self->all, spoken_clear);
  return self;
}

void
spoken_texts_free (SpokenTexts * self)
{
  g_array_unref (self->all);
  g_free (self);
}

void
spoken_texts_clear (SpokenTexts * self)
{
  g_array_set_size (self->all, 0);
  self->epoch = 0;
  self->time = 0;
}

void
spoken_texts_note (SpokenTexts * self, guint64 epoch, const gchar * text,
    GArray * words, GstClockTime duration)
{
  if (epoch != self->epoch) {
    self->epoch = epoch;
    self->time = 0;
  }
  if (text) {
    Spoken spoken =
        { epoch, g_strdup (text), words ? g_array_ref (words) : NULL,
      self->time, self->time
    };

    if (self->all->len >= MAX_SPOKEN)
      g_array_remove_index (self->all, 0);
    g_array_append_val (self->all, spoken);
  }
  self->time += duration;
  if (self->all->len)
    g_array_index (self->all, Spoken, self->all->len - 1).end = self->time;
}

/* Bytes of whole words among the first @len of @sentence. */
static gsize
whole_words (const gchar * sentence, gsize len)
{
  while (len > 0 && sentence[len] && sentence[len] != ' ')
    len--;
  return len;
}

/* The last one, if it is of @epoch; else NULL. */
static Spoken *
last_of (SpokenTexts * self, guint64 epoch)
{
  Spoken *last = self->all->len ? &g_array_index (self->all, Spoken,
      self->all->len - 1) : NULL;

  return last && last->epoch == epoch ? last : NULL;
}

void
spoken_texts_end (SpokenTexts * self, guint64 epoch)
{
  Spoken *last = last_of (self, epoch);

  if (last)
    last->whole = TRUE;
}

void
spoken_texts_cut (SpokenTexts * self, guint64 epoch)
{
  Spoken *last = last_of (self, epoch);
  gsize len;

  if (!last)
    return;
  len = gst_util_uint64_scale (last->end - last->begin, SLOW_PACE, GST_SECOND);
  if (len < strlen (last->text))
    last->text[whole_words (last->text, len)] = '\0';
}

/* The words of a sentence that fit into @share of its sound. */
static void
append_part (GString * text, const gchar * sentence, gdouble share)
{
  g_string_append_len (text, sentence, whole_words (sentence,
          strlen (sentence) * CLAMP (share, 0, 1)));
}

/* Of the sentence's bytes, where its first @n words end. */
static gsize
end_of_words (const gchar * sentence, guint n)
{
  const gchar *at = sentence;

  for (; n > 0 && *at; n--) {
    at += strspn (at, " ");
    at += strcspn (at, " ");
  }
  return at - sentence;
}

/* How many were said by @ms. */
static guint
words_by (GArray * words, guint64 ms)
{
  guint n = 0;

  for (guint i = 0; i < words->len; i++)
    if (g_array_index (words, SpokenWord, i).ms <= ms)
      n = g_array_index (words, SpokenWord, i).n;
  return n;
}

/* The words behind those that have times. While more may come, so may their
 * times, unless there is more sound without than any word has; and how long
 * these words take is not known then, but by a slow speaker. */
static void
append_untold (GString * text, const Spoken * spoken, const SpokenWord * told,
    GstClockTime time)
{
  const gchar *rest = spoken->text + end_of_words (spoken->text, told->n);
  GstClockTime begin = told->ms * GST_MSECOND;
  GstClockTime sound = spoken->end - spoken->begin - begin;

  if (!spoken->whole && sound <= LONGEST_WORD)
    return;
  if (!spoken->whole)
    sound = MAX (sound, gst_util_uint64_scale (strlen (rest), GST_SECOND,
            SLOW_PACE));
  append_part (text, rest, (gdouble) (time - begin) / sound);
}

static void
append_told (GString * text, const Spoken * spoken, GstClockTime time)
{
  const SpokenWord *last = &g_array_index (spoken->words, SpokenWord,
      spoken->words->len - 1);

  g_string_append_len (text, spoken->text, end_of_words (spoken->text,
          words_by (spoken->words, time / GST_MSECOND)));
  if (time > last->ms * GST_MSECOND)
    append_untold (text, spoken, last, time);
}

static void
append_words (GString * text, const Spoken * spoken, GstClockTime time)
{
  if (spoken->words && spoken->words->len)
    append_told (text, spoken, time);
  else
    append_part (text, spoken->text, (gdouble) time / (spoken->end
            - spoken->begin));
}

static void
append_heard (GString * text, const Spoken * spoken, const ParleyHeard * heard)
{
  GstClockTime time = heard->ms * GST_MSECOND;

  if (spoken->epoch != heard->epoch || (!heard->done && spoken->begin >= time))
    return;
  if (text->len && *spoken->text)
    g_string_append_c (text, ' ');
  /* Marks count whole milliseconds. */
  if (heard->done || spoken->end < time + GST_MSECOND)
    g_string_append (text, spoken->text);
  else
    append_words (text, spoken, time - spoken->begin);
}

gchar *
spoken_texts_take_heard (SpokenTexts * self, const ParleyHeard * heard)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->all->len; i++)
    append_heard (text, &g_array_index (self->all, Spoken, i), heard);
  while (self->all->len
      && g_array_index (self->all, Spoken, 0).epoch < heard->epoch)
    g_array_remove_index (self->all, 0);
  return g_strchomp (g_string_free (text, FALSE));
}
