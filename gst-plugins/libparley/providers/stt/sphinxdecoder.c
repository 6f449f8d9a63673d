/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/sphinxdecoder.h"

#include "providers/provider.h"
#include "providers/stt/garbage.h"
#include "providers/stt/sphinxlog.h"

#include <string.h>
#include <pocketsphinx.h>
#include <sphinxbase/jsgf.h>

/* Wider than pocketsphinx's defaults (1e-48, 7e-29): telephone speech fits the
 * wideband model badly, and the right path must survive that. */
#define GRAMMAR_BEAM 1e-80
#define GRAMMAR_WORD_BEAM 1e-60
/* Of phone over phone in the loop; pocketsphinx's 6.5 is for words and makes
 * the loop follow likely phones instead of those it hears. */
#define PHONE_WEIGHT 2.0
/* Frames of 10 ms that are waited for before the first is decoded, for a first
 * idea of the line, and how many frames the mean it began with counts for. */
#define HOLD_FRAMES 30
#define MEAN_FRAMES 60
/* The differences that features hold reach this far; the decoders want as many
 * frames more before they end a take. */
#define LEAD_OUT 3
/* Idle decoders kept for each model: enough for the calls that speak at once
 * on a few cores, and bounded to about 100 MB. */
#define MAX_IDLE 8

struct _ParleySphinxDecoder
{
  ps_decoder_t *words;
  ps_decoder_t *phones;         /* NULL with a language model */
  fe_t *front_end;
  gboolean started;

  GArray *held;                 /* of ParleySphinxMean: frames not decoded */
  ParleySphinxMean prior;
  gdouble sum[PARLEY_SPHINX_CEPSTRA];
  guint n_frames;               /* in sum */
};

static gint n_made;             /* atomic */

/* The model's own, and what its front end gives for seven voices on the
 * telephone, measured: without sound above 4 kHz the shape is another one.
 * Beginning with the wrong one, 77 to 86 % of the sentences are right. */
static const ParleySphinxMean microphone_mean = { {41.00f, -5.29f, -0.12f,
        5.09f, 2.48f, -4.07f, -1.37f, -1.78f, -5.08f, -2.05f, -6.45f, -1.42f,
    1.17f}
};

static const ParleySphinxMean telephone_mean = { {39.21f, 24.09f, -32.71f,
        39.82f, -19.53f, -0.91f, 14.90f, -27.60f, 18.17f, -11.78f, 0.04f,
    9.64f, -12.68f}
};

void
parley_sphinx_mean_init (ParleySphinxMean * mean, guint rate)
{
  *mean = rate < 16000 ? telephone_mean : microphone_mean;
}

/* Making one */

/* Settings that all our decoders share: every sound state is scored in every
 * frame (or the two decoders' scores would not compare), silence stays in (it
 * would shift their frames), and the mean is taken off here, not there. */
static cmd_ln_t *
common_settings (ParleySphinxModel * model)
{
  return cmd_ln_init (NULL, ps_args (), TRUE,
      "-hmm", model->acoustic, "-dict", model->dictionary,
      "-remove_noise", "no", "-remove_silence", "no", "-compallsen", "yes",
      NULL);
}

static ps_decoder_t *
decoder_with (cmd_ln_t * settings)
{
  ps_decoder_t *decoder = settings ? ps_init (settings) : NULL;

  if (settings)
    cmd_ln_free_r (settings);
  /* As a setting it would be overruled by the model's feat.params. */
  if (decoder)
    ps_get_feat (decoder)->cmn = CMN_NONE;
  return decoder;
}

/* ps_set_jsgf_string() would do, but it never frees what it has parsed. */
static gboolean
set_grammar (ps_decoder_t * decoder, const gchar * text)
{
  jsgf_t *jsgf = jsgf_parse_string (text, NULL);
  jsgf_rule_t *rule = jsgf ? jsgf_get_public_rule (jsgf) : NULL;
  fsg_model_t *fsg = rule ? jsgf_build_fsg (jsgf, rule,
      ps_get_logmath (decoder),
      cmd_ln_float32_r (ps_get_config (decoder), "-lw")) : NULL;
  gboolean done = fsg && ps_set_fsg (decoder, "grammar", fsg) == 0
      && ps_set_search (decoder, "grammar") == 0;

  if (fsg)
    fsg_model_free (fsg);
  if (jsgf)
    jsgf_grammar_free (jsgf);
  return done;
}

static ps_decoder_t *
grammar_decoder (ParleySphinxModel * model)
{
  cmd_ln_t *settings = common_settings (model);
  ps_decoder_t *decoder;

  if (!settings)
    return NULL;
  cmd_ln_set_float_r (settings, "-beam", GRAMMAR_BEAM);
  cmd_ln_set_float_r (settings, "-pbeam", GRAMMAR_BEAM);
  cmd_ln_set_float_r (settings, "-wbeam", GRAMMAR_WORD_BEAM);
  cmd_ln_set_int_r (settings, "-pl_window", 0);
  decoder = decoder_with (settings);
  if (decoder && !set_grammar (decoder, model->jsgf))
    g_clear_pointer (&decoder, ps_free);
  return decoder;
}

static ps_decoder_t *
phone_decoder (ParleySphinxModel * model)
{
  cmd_ln_t *settings = common_settings (model);

  if (!settings)
    return NULL;
  cmd_ln_set_str_r (settings, "-allphone", model->phone_model);
  cmd_ln_set_int_r (settings, "-allphone_ci", TRUE);
  cmd_ln_set_float_r (settings, "-lw", PHONE_WEIGHT);
  cmd_ln_set_int_r (settings, "-pl_window", 0);
  return decoder_with (settings);
}

static ps_decoder_t *
language_model_decoder (ParleySphinxModel * model)
{
  cmd_ln_t *settings = common_settings (model);

  if (!settings)
    return NULL;
  cmd_ln_set_str_r (settings, "-lm", model->language_model);
  cmd_ln_set_int_r (settings, "-compallsen", FALSE);
  return decoder_with (settings);
}

typedef struct
{
  ParleySphinxModel *model;
  ParleySphinxDecoder *decoder;
} Making;

static void
make_parts (gpointer data)
{
  Making *making = data;
  ParleySphinxModel *model = making->model;
  ParleySphinxDecoder *self = making->decoder;

  if (model->jsgf) {
    self->words = grammar_decoder (model);
    self->phones = phone_decoder (model);
  } else {
    self->words = language_model_decoder (model);
  }
  if (self->words && (self->phones || !model->jsgf))
    self->front_end = fe_init_auto_r (ps_get_config (self->words));
}

/* NULL and why: something to free. */
static ParleySphinxDecoder *
make_decoder (ParleySphinxModel * model, gchar ** reason)
{
  ParleySphinxDecoder *self = g_new0 (ParleySphinxDecoder, 1);
  Making making = { model, self };
  gboolean made;

  g_atomic_int_inc (&n_made);
  self->held = g_array_new (FALSE, FALSE, sizeof (ParleySphinxMean));
  parley_sphinx_log_begin ();
  made = parley_sphinx_try (make_parts, &making);
  *reason = parley_sphinx_log_end ();
  if (made && self->front_end
      && fe_get_output_size (self->front_end) == PARLEY_SPHINX_CEPSTRA) {
    g_clear_pointer (reason, g_free);
    return self;
  }
  if (!*reason)
    *reason = g_strdup ("not 13 cepstra a frame");
  parley_sphinx_decoder_free (self);
  return NULL;
}

/* A model that failed once is not tried again: it would fail, and what an
 * aborted attempt had built is lost. */
static ParleySphinxDecoder *
decoder_new (ParleySphinxModel * model, GError ** error)
{
  ParleySphinxDecoder *self = NULL;
  gchar *reason;

  g_mutex_lock (&model->lock);
  reason = g_strdup (model->broken);
  g_mutex_unlock (&model->lock);
  if (!reason)
    self = make_decoder (model, &reason);
  if (self)
    return self;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "pocketsphinx cannot use the model in %s: %s", model->acoustic, reason);
  g_mutex_lock (&model->lock);
  if (model->broken)
    g_free (reason);
  else
    model->broken = reason;
  g_mutex_unlock (&model->lock);
  return NULL;
}

void
parley_sphinx_decoder_free (ParleySphinxDecoder * self)
{
  if (self->front_end)
    fe_free (self->front_end);
  if (self->words)
    ps_free (self->words);
  if (self->phones) {
    /* It frees the path of its last take only when it looks for the next. */
    ps_start_utt (self->phones);
    ps_end_utt (self->phones);
    ps_free (self->phones);
  }
  g_array_unref (self->held);
  g_free (self);
}

/* The pool */

ParleySphinxDecoder *
parley_sphinx_decoder_acquire (ParleySphinxModel * model, GError ** error)
{
  ParleySphinxDecoder *self;

  g_mutex_lock (&model->lock);
  self = g_queue_pop_head (&model->idle);
  model->warm = TRUE;
  g_mutex_unlock (&model->lock);
  return self ? self : decoder_new (model, error);
}

gboolean
parley_sphinx_decoder_warm (ParleySphinxModel * model, GError ** error)
{
  ParleySphinxDecoder *self;
  gboolean begun;

  g_mutex_lock (&model->lock);
  begun = model->warm;
  model->warm = TRUE;
  g_mutex_unlock (&model->lock);
  if (begun)
    return TRUE;
  self = decoder_new (model, error);
  if (self) {
    parley_sphinx_decoder_release (model, self);
    return TRUE;
  }
  g_mutex_lock (&model->lock);
  model->warm = FALSE;
  g_mutex_unlock (&model->lock);
  return FALSE;
}

static void
end_take (ParleySphinxDecoder * self)
{
  if (!self->started)
    return;
  ps_end_utt (self->words);
  if (self->phones)
    ps_end_utt (self->phones);
  self->started = FALSE;
}

void
parley_sphinx_decoder_release (ParleySphinxModel * model,
    ParleySphinxDecoder * self)
{
  end_take (self);
  g_mutex_lock (&model->lock);
  if (model->idle.length < MAX_IDLE)
    g_queue_push_head (&model->idle, g_steal_pointer (&self));
  g_mutex_unlock (&model->lock);
  if (self)
    parley_sphinx_decoder_free (self);
}

guint
parley_sphinx_decoder_count_idle (ParleySphinxModel * model)
{
  guint n;

  g_mutex_lock (&model->lock);
  n = model->idle.length;
  g_mutex_unlock (&model->lock);
  return n;
}

guint
parley_sphinx_decoder_count_made (void)
{
  return g_atomic_int_get (&n_made);
}

/* A take */

gboolean
parley_sphinx_decoder_start (ParleySphinxDecoder * self,
    const ParleySphinxMean * mean)
{
  g_array_set_size (self->held, 0);
  memset (self->sum, 0, sizeof self->sum);
  self->n_frames = 0;
  self->prior = *mean;
  fe_start_stream (self->front_end);
  fe_start_utt (self->front_end);
  if (ps_start_utt (self->words) < 0)
    return FALSE;
  if (self->phones && ps_start_utt (self->phones) < 0) {
    ps_end_utt (self->words);
    return FALSE;
  }
  self->started = TRUE;
  return TRUE;
}

static void
current_mean (ParleySphinxDecoder * self, ParleySphinxMean * mean)
{
  for (guint i = 0; i < PARLEY_SPHINX_CEPSTRA; i++)
    mean->value[i] = (gfloat) ((self->sum[i]
            + (gdouble) MEAN_FRAMES * self->prior.value[i])
        / (self->n_frames + MEAN_FRAMES));
}

/* Each decoder may change the frames it is given. */
static gboolean
decode_frames (ps_decoder_t * decoder, GArray * frames)
{
  GArray *copy = g_array_copy (frames);
  gboolean done;
  mfcc_t **rows = g_new (mfcc_t *, copy->len);

  for (guint i = 0; i < copy->len; i++)
    rows[i] = g_array_index (copy, ParleySphinxMean, i).value;
  done = ps_process_cep (decoder, rows, copy->len, FALSE, FALSE) >= 0;
  g_free (rows);
  g_array_unref (copy);
  return done;
}

static gboolean
decode_held (ParleySphinxDecoder * self)
{
  ParleySphinxMean mean;
  gboolean done;

  if (self->held->len == 0)
    return TRUE;
  current_mean (self, &mean);
  for (guint i = 0; i < self->held->len; i++)
    for (guint k = 0; k < PARLEY_SPHINX_CEPSTRA; k++)
      g_array_index (self->held, ParleySphinxMean, i).value[k] -= mean.value[k];
  done = decode_frames (self->words, self->held)
      && (!self->phones || decode_frames (self->phones, self->held));
  g_array_set_size (self->held, 0);
  return done;
}

static void
hold_frame (ParleySphinxDecoder * self, const gfloat * cepstra)
{
  for (guint i = 0; i < PARLEY_SPHINX_CEPSTRA; i++)
    self->sum[i] += cepstra[i];
  self->n_frames++;
  g_array_append_vals (self->held, cepstra, 1);
}

gboolean
parley_sphinx_decoder_feed (ParleySphinxDecoder * self,
    const gint16 * samples, gsize n)
{
  while (n > 0) {
    ParleySphinxMean frame;
    mfcc_t *row = frame.value;
    int32 n_frames = 1, index;

    if (fe_process_frames (self->front_end, &samples, &n, &row, &n_frames,
            &index) < 0)
      return FALSE;
    if (n_frames == 1)
      hold_frame (self, frame.value);
  }
  return self->n_frames < HOLD_FRAMES || decode_held (self);
}

gchar *
parley_sphinx_decoder_partial (ParleySphinxDecoder * self)
{
  return g_strdup (ps_get_hyp (self->words, NULL));
}

/* Words of sound that is no speech: silence and the noises of the model. */
static gboolean
is_speech (const gchar * word)
{
  return word && !strchr ("<[+", word[0]) && strcmp (word, "SIL") != 0;
}

/* A step of the grammar without a sound; it claims the frame before it, or
 * frame -1. */
static gboolean
is_null_transition (const gchar * word)
{
  return !word || g_str_equal (word, "(NULL)");
}

static GArray *
segments_of (ps_decoder_t * decoder)
{
  GArray *segments = g_array_new (FALSE, FALSE, sizeof (ParleySttSegment));

  for (ps_seg_t * i = ps_seg_iter (decoder); i; i = ps_seg_next (i)) {
    ParleySttSegment segment;
    int32 score, language, backoff;

    ps_seg_frames (i, &segment.start, &segment.end);
    ps_seg_prob (i, &score, &language, &backoff);
    segment.score = score;
    segment.speech = is_speech (ps_seg_word (i));
    if (!is_null_transition (ps_seg_word (i)) && segment.start >= 0
        && segment.end >= segment.start)
      g_array_append_val (segments, segment);
  }
  return segments;
}

static void
judge_grammar (ParleySphinxDecoder * self, ParleySphinxResult * result)
{
  GArray *words = segments_of (self->words);
  GArray *phones = segments_of (self->phones);
  const gchar *text = ps_get_hyp (self->words, NULL);

  if (!text || !*text)
    g_array_set_size (words, 0);
  switch (parley_stt_judge (words, phones, &result->confidence,
          &result->margin, &result->limit)) {
    case PARLEY_STT_NOTHING:
      result->text = g_strdup ("");
      break;
    case PARLEY_STT_INSIDE:
      result->text = g_strdup (text);
      break;
    case PARLEY_STT_OUTSIDE:
      result->text = g_strdup (PARLEY_STT_UNCLEAR);
      break;
  }
  g_array_unref (words);
  g_array_unref (phones);
}

static void
judge_language_model (ParleySphinxDecoder * self, ParleySphinxResult * result)
{
  const gchar *text = ps_get_hyp (self->words, NULL);

  result->text = g_strdup (text ? text : "");
  if (*result->text)
    result->confidence = CLAMP (logmath_exp (ps_get_logmath (self->words),
            ps_get_prob (self->words)), 0, 1);
}

/* The last frame is repeated until the decoders have taken in all of the
 * take. */
static gboolean
decode_rest (ParleySphinxDecoder * self)
{
  ParleySphinxMean frame;
  int32 n_frames = 0;

  if (fe_end_utt (self->front_end, frame.value, &n_frames) < 0)
    return FALSE;
  if (n_frames > 0)
    hold_frame (self, frame.value);
  if (self->held->len > 0) {
    frame = g_array_index (self->held, ParleySphinxMean, self->held->len - 1);
    for (guint i = 0; i < LEAD_OUT; i++)
      g_array_append_val (self->held, frame);
  }
  return decode_held (self);
}

gboolean
parley_sphinx_decoder_finish (ParleySphinxDecoder * self,
    ParleySphinxResult * result)
{
  if (!decode_rest (self))
    return FALSE;
  end_take (self);
  memset (result, 0, sizeof *result);
  current_mean (self, &result->mean);
  if (self->phones)
    judge_grammar (self, result);
  else
    judge_language_model (self, result);
  return TRUE;
}
