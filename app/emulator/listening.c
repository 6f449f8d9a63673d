/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/listening.h"

#include <math.h>

#define FRAME_MS 10
/* -41 dBFS: over the noise of a telephone line, under speech. */
#define LOUD_RMS 300.0
/* How often it is told that more was heard. */
#define HEARD_FRAMES 24
/* Loud frames that make a beginning. */
#define ONSET_FRAMES 3
/* Kept from before the beginning, which is quieter than what follows. */
#define PREROLL_MS 300

typedef struct
{
  ParleyListening *listening;
  ParleyHearing *hearing;       /* NULL: nothing was to be heard */
  guint start, end;             /* ms */
  ParleyListeningEnd why;
  gchar *text;
  gboolean done;
} Utterance;

struct _ParleyListening
{
  ParleyExchange *exchange;     /* borrowed */
  const ParleyListeningFuncs *funcs;
  gpointer data;
  ParleySoundFormat format;
  gchar *language;
  guint silence_ms, eager_ms;

  GArray *samples;              /* gint16: less than a frame */
  guint8 odd;                   /* byte of a sample that was cut */
  gboolean has_odd;
  GArray *preroll;              /* gint16 */
  guint64 n_frames;
  guint n_loud;                 /* frames in a row */
  guint last_loud;              /* ms */
  gboolean eager;               /* was told */
  Utterance *current;           /* NULL: silence; in the queue too */
  GQueue utterances;            /* of Utterance, oldest first */
  guint n_utterances;
  gboolean ending;
};

guint
parley_listening_get_now (ParleyListening * self)
{
  return self->n_frames * FRAME_MS;
}

static void
utterance_free (gpointer data)
{
  Utterance *utterance = data;

  g_clear_pointer (&utterance->hearing, parley_hearing_free);
  g_free (utterance->text);
  g_free (utterance);
}

/* Tells those that are done and have none before them. */
static void
tell_done (ParleyExchange * exchange, gpointer data)
{
  ParleyListening *self = data;
  Utterance *utterance;

  while ((utterance = g_queue_peek_head (&self->utterances)) != NULL
      && utterance->done) {
    g_queue_pop_head (&self->utterances);
    self->funcs->final (exchange, utterance->text, utterance->start,
        utterance->end, utterance->why, self->data);
    utterance_free (utterance);
  }
  if (self->ending && utterance == NULL) {
    self->ending = FALSE;
    if (self->funcs->ended != NULL)
      self->funcs->ended (exchange, self->data);
  }
}

static void
on_partial (ParleyExchange * exchange, const gchar * text, gpointer data)
{
  Utterance *utterance = data;
  ParleyListening *self = utterance->listening;

  if (self->funcs->partial != NULL)
    self->funcs->partial (exchange, text, utterance->start,
        parley_listening_get_now (self), self->data);
}

static void
on_final (ParleyExchange * exchange, const gchar * text, gpointer data)
{
  Utterance *utterance = data;

  utterance->text = g_strdup (text);
  utterance->done = TRUE;
  tell_done (exchange, utterance->listening);
}

static const ParleyHearingFuncs hearing_funcs = { on_partial, on_final };

static void
begin (ParleyListening * self)
{
  Utterance *utterance = g_new0 (Utterance, 1);

  utterance->listening = self;
  utterance->start = parley_listening_get_now (self)
      - ONSET_FRAMES * FRAME_MS;
  utterance->hearing = parley_hearing_new (self->exchange,
      self->n_utterances++, self->language, self->format.rate,
      &hearing_funcs, utterance);
  self->current = utterance;
  g_queue_push_tail (&self->utterances, utterance);
  if (self->funcs->started != NULL)
    self->funcs->started (self->exchange, utterance->start, self->data);
  parley_hearing_audio (utterance->hearing,
      (const gint16 *) self->preroll->data, self->preroll->len);
}

static void
end (ParleyListening * self, ParleyListeningEnd why)
{
  Utterance *utterance = self->current;

  self->current = NULL;
  self->eager = FALSE;
  utterance->end = why == PARLEY_LISTENING_SILENCE ? self->last_loud
      : parley_listening_get_now (self);
  utterance->why = why;
  parley_hearing_finish (utterance->hearing);
}

static void
look_at_silence (ParleyListening * self)
{
  guint silence = parley_listening_get_now (self) - self->last_loud;

  if (self->eager && silence == 0) {
    self->eager = FALSE;
    self->funcs->resumed (self->exchange, self->data);
  }
  if (self->silence_ms > 0 && silence >= self->silence_ms) {
    end (self, PARLEY_LISTENING_SILENCE);
  } else if (self->eager_ms > 0 && silence >= self->eager_ms && !self->eager) {
    self->eager = TRUE;
    self->funcs->eager (self->exchange,
        parley_hearing_peek (self->current->hearing), self->current->start,
        parley_listening_get_now (self), self->data);
  }
}

static gboolean
is_loud (const gint16 * frame, guint n)
{
  gdouble sum = 0.0;

  for (guint i = 0; i < n; i++)
    sum += (gdouble) frame[i] * frame[i];
  return sqrt (sum / n) > LOUD_RMS;
}

/* While a text is thought over, nobody can say what there is up to now. */
static void
tell_heard (ParleyListening * self)
{
  guint n_thought = g_queue_get_length (&self->utterances)
      - (self->current != NULL);

  if (self->funcs->heard != NULL && self->n_frames % HEARD_FRAMES == 0
      && n_thought == 0)
    self->funcs->heard (self->exchange, parley_listening_get_now (self),
        self->data);
}

static void
take_frame (ParleyListening * self, const gint16 * frame, guint n)
{
  guint keep = self->format.rate * PREROLL_MS / 1000;

  self->n_frames++;
  tell_heard (self);
  if (is_loud (frame, n)) {
    self->n_loud++;
    self->last_loud = parley_listening_get_now (self);
  } else {
    self->n_loud = 0;
  }
  if (self->current != NULL) {
    parley_hearing_audio (self->current->hearing, frame, n);
    look_at_silence (self);
    return;
  }
  g_array_append_vals (self->preroll, frame, n);
  if (self->preroll->len > keep)
    g_array_remove_range (self->preroll, 0, self->preroll->len - keep);
  if (self->n_loud >= ONSET_FRAMES) {
    begin (self);
    g_array_set_size (self->preroll, 0);
  }
}

ParleyListening *
parley_listening_new (ParleyExchange * exchange,
    const ParleySoundFormat * format, const gchar * language,
    guint silence_ms, guint eager_ms, const ParleyListeningFuncs * funcs,
    gpointer data)
{
  ParleyListening *self = g_new0 (ParleyListening, 1);

  self->exchange = exchange;
  self->funcs = funcs;
  self->data = data;
  self->format = *format;
  self->language = g_strdup (language);
  self->silence_ms = silence_ms;
  self->eager_ms = eager_ms;
  self->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->preroll = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_queue_init (&self->utterances);
  return self;
}

/* Samples of two bytes may be cut between them. */
static void
decode (ParleyListening * self, const guint8 * bytes, gsize len)
{
  gsize size = parley_sound_sample_size (self->format.encoding);

  if (self->has_odd && len > 0) {
    guint8 pair[] = { self->odd, *bytes };

    parley_sound_decode (self->format.encoding, pair, 2, self->samples);
    self->has_odd = FALSE;
    bytes++;
    len--;
  }
  parley_sound_decode (self->format.encoding, bytes, len, self->samples);
  if (len % size == 1) {
    self->odd = bytes[len - 1];
    self->has_odd = TRUE;
  }
}

void
parley_listening_sound (ParleyListening * self, const guint8 * bytes, gsize len)
{
  guint frame = self->format.rate * FRAME_MS / 1000, at = 0;

  decode (self, bytes, len);
  while (self->samples->len - at >= frame) {
    take_frame (self, &g_array_index (self->samples, gint16, at), frame);
    at += frame;
  }
  g_array_remove_range (self->samples, 0, at);
}

void
parley_listening_finalize (ParleyListening * self)
{
  Utterance *utterance;

  if (self->current != NULL) {
    end (self, PARLEY_LISTENING_FINALIZED);
    return;
  }
  utterance = g_new0 (Utterance, 1);
  utterance->listening = self;
  utterance->start = utterance->end = parley_listening_get_now (self);
  utterance->why = PARLEY_LISTENING_FINALIZED;
  utterance->text = g_strdup ("");
  utterance->done = TRUE;
  g_queue_push_tail (&self->utterances, utterance);
  parley_exchange_after (self->exchange, 0, tell_done, self);
}

void
parley_listening_end (ParleyListening * self)
{
  if (self->current != NULL)
    end (self, PARLEY_LISTENING_ENDED);
  self->ending = TRUE;
  parley_exchange_after (self->exchange, 0, tell_done, self);
}

void
parley_listening_free (ParleyListening * self)
{
  parley_exchange_cancel (self->exchange, self);
  g_queue_clear_full (&self->utterances, utterance_free);
  g_array_unref (self->samples);
  g_array_unref (self->preroll);
  g_free (self->language);
  g_free (self);
}
