/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/sphinxtake.h"

#include "providers/stt/resample16.h"
#include "speech/g711.h"

#include <string.h>

/* Audio that makes a job worth its way to a worker and back. */
#define JOB_MS 100
/* A job looks after this many samples whether it was cancelled (0.1 s). */
#define STEP_SAMPLES 1600

struct _ParleySphinxTake
{
  gint refs;                    /* atomic */
  gint cancelled;               /* atomic: set on the loop, read by jobs */

  ParleyLoop *loop;
  ParleySphinxSource *source;
  ParleyAudioFormat format;
  const ParleySphinxTakeFuncs *funcs;
  gpointer user_data;

  /* On the loop. */
  GByteArray *pending;
  gboolean finished;
  gboolean working;             /* a job is under way */
  gboolean ended;               /* final, failed or cancelled */

  /* Of the job under way. */
  ParleySphinxModel *model;     /* the source's, once a job has asked */
  ParleySphinxDecoder *decoder;
  ParleyResample16 *resample;
  GArray *samples;              /* of gint16, 16 kHz */
  ParleySphinxMean mean;
  gchar *partial;
  GError *error;
};

/* What one job gets and gives. */
typedef struct
{
  ParleySphinxTake *take;
  GByteArray *audio;
  gboolean last;
  gboolean new_partial;
  gboolean has_result;
  ParleySphinxResult result;
} Job;

static gboolean
format_is_known (const ParleyAudioFormat * format)
{
  return format->mulaw ? format->rate == 8000 : format->rate == 8000
      || format->rate == 16000 || format->rate == 24000
      || format->rate == 48000;
}

ParleySphinxTake *
parley_sphinx_take_new (ParleyLoop * loop, ParleySphinxSource * source,
    const ParleyAudioFormat * format, const ParleySphinxMean * mean,
    const ParleySphinxTakeFuncs * funcs, gpointer user_data)
{
  ParleySphinxTake *self = g_new0 (ParleySphinxTake, 1);

  self->refs = 1;
  self->loop = g_object_ref (loop);
  self->source = parley_sphinx_source_ref (source);
  self->format = *format;
  self->funcs = funcs;
  self->user_data = user_data;
  self->pending = g_byte_array_new ();
  self->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  if (mean)
    self->mean = *mean;
  else
    parley_sphinx_mean_init (&self->mean, format->rate);
  if (format_is_known (format))
    self->resample = parley_resample16_new (format->rate);
  else
    g_set_error (&self->error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS, "pocketsphinx does not take %s at %u "
        "Hz; send mu-law at 8000 Hz or S16LE at 8000, 16000, 24000 or 48000 "
        "Hz", format->mulaw ? "mu-law" : "S16LE", format->rate);
  return self;
}

static ParleySphinxTake *
take_ref (ParleySphinxTake * self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
parley_sphinx_take_unref (ParleySphinxTake * self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  g_assert (!self->decoder);
  if (self->resample)
    parley_resample16_free (self->resample);
  parley_sphinx_source_unref (self->source);
  g_byte_array_unref (self->pending);
  g_array_unref (self->samples);
  g_clear_error (&self->error);
  g_free (self->partial);
  g_object_unref (self->loop);
  g_free (self);
}

static gboolean
is_cancelled (ParleySphinxTake * self)
{
  return g_atomic_int_get (&self->cancelled);
}

/* In a worker */

static void
engine_failed (ParleySphinxTake * self)
{
  g_set_error_literal (&self->error, PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_ENGINE, "pocketsphinx stopped decoding");
}

static gboolean
ensure_decoder (ParleySphinxTake * self)
{
  if (self->decoder)
    return TRUE;
  if (self->error)
    return FALSE;
  self->decoder = parley_sphinx_decoder_acquire (self->model, &self->error);
  if (!self->decoder)
    return FALSE;
  if (parley_sphinx_decoder_start (self->decoder, &self->mean))
    return TRUE;
  engine_failed (self);
  return FALSE;
}

static void
give_back_decoder (ParleySphinxTake * self)
{
  if (self->decoder)
    parley_sphinx_decoder_release (self->model,
        g_steal_pointer (&self->decoder));
}

/* To 16 kHz; leaves what is left of a sample cut in two out. */
static void
convert (ParleySphinxTake * self, GByteArray * audio)
{
  gsize n = self->format.mulaw ? audio->len : audio->len / 2;
  gint16 *linear = g_new (gint16, n);

  if (self->format.mulaw)
    parley_mulaw_decode (audio->data, linear, n);
  else
    for (gsize i = 0; i < n; i++)
      linear[i] = (gint16) (audio->data[2 * i] | audio->data[2 * i + 1] << 8);
  g_array_set_size (self->samples, 0);
  parley_resample16_process (self->resample, linear, n, self->samples);
  g_free (linear);
}

static gboolean
decode (ParleySphinxTake * self)
{
  const gint16 *samples = (const gint16 *) self->samples->data;
  gsize left = self->samples->len;

  while (left > 0 && !is_cancelled (self)) {
    gsize n = MIN (left, STEP_SAMPLES);

    if (!parley_sphinx_decoder_feed (self->decoder, samples, n)) {
      engine_failed (self);
      return FALSE;
    }
    samples += n;
    left -= n;
  }
  return TRUE;
}

static void
look_for_partial (Job * job)
{
  ParleySphinxTake *self = job->take;
  gchar *text = parley_sphinx_decoder_partial (self->decoder);

  job->new_partial = text && *text && g_strcmp0 (text, self->partial) != 0;
  if (job->new_partial) {
    g_free (self->partial);
    self->partial = text;
  } else {
    g_free (text);
  }
}

static void
conclude (Job * job)
{
  ParleySphinxTake *self = job->take;

  job->has_result = parley_sphinx_decoder_finish (self->decoder, &job->result);
  if (!job->has_result)
    engine_failed (self);
}

static void
job_work (gpointer data)
{
  Job *job = data;
  ParleySphinxTake *self = job->take;

  if (!self->model && !self->error)
    self->model = parley_sphinx_source_get_model (self->source, &self->error);
  /* Nothing at all was sent: no decoder is needed to know that. */
  if (job->last && !self->error && !self->decoder && job->audio->len == 0) {
    job->result.text = g_strdup ("");
    job->has_result = TRUE;
    return;
  }
  if (!is_cancelled (self) && ensure_decoder (self)) {
    convert (self, job->audio);
    if (decode (self) && !is_cancelled (self)) {
      if (job->last)
        conclude (job);
      else
        look_for_partial (job);
    }
  }
  if (job->last || self->error || is_cancelled (self))
    give_back_decoder (self);
}

/* On the loop */

static void submit (ParleySphinxTake * self);

static void
job_done (gpointer data)
{
  Job *job = data;
  ParleySphinxTake *self = job->take;

  self->working = FALSE;
  if (self->ended) {
    /* Cancelled after the job had looked: the decoder is still out. */
    if (self->decoder)
      submit (self);
  } else if (self->error && self->finished) {
    self->ended = TRUE;
    self->funcs->failed (self, self->error, self->user_data);
  } else if (job->has_result) {
    self->ended = TRUE;
    self->funcs->final (self, job->result.text, job->result.confidence,
        job->audio->len > 0 || self->partial ? &job->result.mean : NULL,
        self->user_data);
  } else {
    if (job->new_partial)
      self->funcs->partial (self, self->partial, self->user_data);
    submit (self);
  }
  g_byte_array_unref (job->audio);
  g_free (job->result.text);
  g_free (job);
  parley_sphinx_take_unref (self);
}

static gsize
job_bytes (const ParleyAudioFormat * format)
{
  return (gsize) format->rate * (format->mulaw ? 1 : 2) * JOB_MS / 1000;
}

static void
submit (ParleySphinxTake * self)
{
  Job *job;

  if (self->working || (!self->finished && !self->ended
          && self->pending->len < job_bytes (&self->format)))
    return;
  job = g_new0 (Job, 1);
  job->take = take_ref (self);
  job->audio = g_steal_pointer (&self->pending);
  job->last = self->finished;
  self->pending = g_byte_array_new ();
  self->working = TRUE;
  parley_work_submit (self->loop, job_work, job_done, job);
}

void
parley_sphinx_take_push (ParleySphinxTake * self, GBytes * samples)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (samples, &size);

  if (self->finished || self->ended || size == 0)
    return;
  g_byte_array_append (self->pending, data, size);
  submit (self);
}

void
parley_sphinx_take_finish (ParleySphinxTake * self)
{
  if (self->finished || self->ended)
    return;
  self->finished = TRUE;
  submit (self);
}

void
parley_sphinx_take_cancel (ParleySphinxTake * self)
{
  if (self->ended)
    return;
  g_atomic_int_set (&self->cancelled, TRUE);
  self->ended = TRUE;
  if (!self->working && self->decoder)
    submit (self);
}
