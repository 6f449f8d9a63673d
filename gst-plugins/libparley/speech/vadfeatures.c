/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vadfeatures.h"

#include <math.h>
#include <string.h>

#include "speech/fastmath.h"
#include "speech/spectrum.h"

#define FRAME PARLEY_VAD_FRAME_SAMPLES
#define WINDOW PARLEY_VAD_WINDOW
#define LEVELS PARLEY_VAD_LEVELS
#define BANDS PARLEY_VAD_BANDS

/* First bins of the bands, 31.25 Hz each: 125 Hz to 3.8 kHz, widening as
 * hearing does. */
static const guint8 band_edges[BANDS + 1] = { 4, 8, 12, 16, 20, 24, 29, 34,
  40, 46, 54, 62, 72, 83, 96, 109, 122
};

#define FIRST_LOW_BAND 1
#define N_LOW_BANDS 6
#define FIRST_HIGH_BAND 11
#define N_HIGH_BANDS 5
#define N_PEAKS 4

/* A tone's power is in its bin and this many on each side. */
#define PEAK_BINS 3

/* Noise that is always there, -72 dBFS in all: what mu-law's steps near zero
 * make of an almost silent line is not speech. */
#define LEAST_POWER 60.0f

/* A filter's state below this is set to zero before it becomes a denormal
 * number, which are slow. */
#define DECAYED 1e-12f

/* Autocorrelation at 4 kHz: 30 ms against lags of 70 to 400 Hz. */
#define PITCH_STEP (FRAME / 2)
#define PITCH_SPAN (PARLEY_VAD_PITCH_STEPS * PITCH_STEP)
#define SHORTEST_LAG 10
#define N_LAGS PARLEY_VAD_LAGS
#define LAG_LANES 16

/* Until the window is full, what it holds is taken for noise. */
#define WARM_UP_FRAMES 3

/* A level this steady for 300 ms that has no pitch is noise, new as it may
 * be. */
#define STEADY_DB 1.5f
#define STEADY_PERIODICITY 0.55f

/* The window rises slowly and falls fast: it hears what is new sooner than a
 * symmetric one, and is as long. */
#define WINDOW_RISE 140

static gfloat window[WINDOW];
static gfloat power_scale;

static void
build_window (void)
{
  static gsize built;

  if (g_once_init_enter (&built)) {
    gdouble sum = 0.0;

    for (gint i = 0; i < WINDOW; i++) {
      gdouble part = i < WINDOW_RISE ? (i + 0.5) / WINDOW_RISE :
          (WINDOW - i - 0.5) / (WINDOW - WINDOW_RISE);

      window[i] = (gfloat) (0.5 - 0.5 * cos (G_PI * part));
      sum += (gdouble) window[i] * window[i];
    }
    power_scale = (gfloat) (2.0 / (PARLEY_SPECTRUM_SIZE * sum));
    g_once_init_leave (&built, 1);
  }
}

static inline gfloat
to_db (gfloat power)
{
  return 10.0f * log10f (power * (1.0f / (32768.0f * 32768.0f)) + 1e-9f);
}

/* Butterworth high-pass of second order at 100 Hz, against offset and hum.
 * Returns the frame's power. */
static gfloat
high_pass (gfloat * state, const gint16 * in, gfloat * out)
{
  const gfloat gain = 0.945976f, a1 = -1.889033f, a2 = 0.894874f;
  gfloat x1 = state[0], x2 = state[1], y1 = state[2], y2 = state[3];
  gfloat power = 0.0f;

  for (gint i = 0; i < FRAME; i++) {
    gfloat x = in[i];
    gfloat y = gain * (x - 2.0f * x1 + x2) - a2 * y2 - a1 * y1;

    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    out[i] = y;
    power += y * y;
  }
  state[0] = x1;
  state[1] = x2;
  state[2] = fabsf (y1) < DECAYED ? 0.0f : y1;
  state[3] = fabsf (y2) < DECAYED ? 0.0f : y2;
  return power / FRAME;
}

static gfloat
power_of_newest (const gfloat * frame)
{
  gfloat power = 0.0f;

  for (gint i = FRAME / 2; i < FRAME; i++)
    power += frame[i] * frame[i];
  return power / (FRAME / 2);
}

/* Appends the newest frame of the window to the pitch history at half the
 * rate. */
static void
halve_rate (ParleyVadFeatures * self)
{
  const gfloat *in = self->window + WINDOW - FRAME;
  gfloat *out = self->pitch + PARLEY_VAD_PITCH_HISTORY - FRAME / 2;

  memmove (self->pitch, self->pitch + FRAME / 2,
      (PARLEY_VAD_PITCH_HISTORY - FRAME / 2) * sizeof (gfloat));
  for (gint i = 0; i < FRAME / 2; i++) {
    gfloat before = i == 0 ? self->last_odd : in[2 * i - 1];

    out[i] = 0.25f * before + 0.5f * in[2 * i] + 0.25f * in[2 * i + 1];
  }
  self->last_odd = in[FRAME - 1];
}

typedef gfloat Lanes __attribute__((vector_size (16)));

static inline Lanes
load_lanes (const gfloat * from)
{
  Lanes lanes;

  memcpy (&lanes, from, sizeof (lanes));
  return lanes;
}

/* Products of a step from now on with the signal first_lag to first_lag + 15
 * samples before. A lane is a lag, so that nothing is summed across lanes, and
 * the four sums stay in registers. */
static void
correlate (const gfloat * now, gint first_lag, gfloat * products)
{
  const gfloat *then = now - first_lag - (LAG_LANES - 1);
  Lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
  gfloat sums[LAG_LANES];

  for (gint i = 0; i < PITCH_STEP; i++) {
    a += now[i] * load_lanes (then + i);
    b += now[i] * load_lanes (then + i + 4);
    c += now[i] * load_lanes (then + i + 8);
    d += now[i] * load_lanes (then + i + 12);
  }
  memcpy (sums, &a, sizeof (a));
  memcpy (sums + 4, &b, sizeof (b));
  memcpy (sums + 8, &c, sizeof (c));
  memcpy (sums + 12, &d, sizeof (d));
  for (gint k = 0; k < LAG_LANES; k++)
    products[k] = sums[LAG_LANES - 1 - k];
}

static inline gfloat
energy_of (const gfloat * samples)
{
  Lanes sum = { 0 };

  for (gint i = 0; i < PITCH_SPAN; i += 4)
    sum += load_lanes (samples + i) * load_lanes (samples + i);
  return sum[0] + sum[1] + sum[2] + sum[3];
}

/* Correlates the newest step alone: those before it were, in their time. */
static void
correlate_newest (ParleyVadFeatures * self)
{
  const gfloat *now = self->pitch + PARLEY_VAD_PITCH_HISTORY - PITCH_STEP;
  gfloat *products = self->products[self->pitch_step];

  for (gint i = 0; i < N_LAGS; i += LAG_LANES)
    correlate (now, SHORTEST_LAG + i, products + i);
  self->pitch_step = (self->pitch_step + 1) % PARLEY_VAD_PITCH_STEPS;
}

static void
note_pitch (gfloat * values, gint lag)
{
  gfloat pitch = parley_fast_log ((gfloat) (SHORTEST_LAG + N_LAGS)
      / (SHORTEST_LAG + lag)) * (gfloat) (1.0 / G_LN2);

  values[PARLEY_VAD_PITCH_CHANGE] = fabsf (pitch - values[PARLEY_VAD_PITCH]);
  values[PARLEY_VAD_PITCH] = pitch;
}

/* The highest normalised correlation of the last 30 ms with as much of the
 * signal a pitch period before. */
static gfloat
periodicity (ParleyVadFeatures * self)
{
  const gfloat *now = self->pitch + PARLEY_VAD_PITCH_HISTORY - PITCH_SPAN;
  gfloat energy = energy_of (now), then_energy, best = 0.0f;
  gfloat energies[N_LAGS];
  gint lag = 0;

  correlate_newest (self);
  then_energy = energy_of (now - (SHORTEST_LAG - 1));
  for (gint i = 0; i < N_LAGS; i++) {
    const gfloat *then = now - (SHORTEST_LAG + i);

    then_energy += then[0] * then[0] - then[PITCH_SPAN] * then[PITCH_SPAN];
    energies[i] = energy * MAX (then_energy, 0.0f) + 1e3f;
  }
  for (gint i = 0; i < N_LAGS; i++) {
    gfloat product = self->products[0][i] + self->products[1][i]
        + self->products[2][i];

    product = product > 0.0f ? product : 0.0f;
    energies[i] = product * product / energies[i];
  }
  for (gint i = 0; i < N_LAGS; i++)
    best = MAX (best, energies[i]);
  while (lag < N_LAGS - 1 && energies[lag] < best)
    lag++;
  note_pitch (self->values, lag);
  return sqrtf (MIN (best, 1.0f));
}

G_STATIC_ASSERT (PARLEY_VAD_PITCH_STEPS == 3);

/* The power of the strongest tone, which is taken out of the spectrum. */
static gfloat
take_peak (gfloat * spectrum)
{
  gfloat highest = 0.0f, sum = 0.0f;
  gint bin = PEAK_BINS;

  for (gint i = PEAK_BINS; i < PARLEY_SPECTRUM_BINS - PEAK_BINS; i++)
    highest = MAX (highest, spectrum[i]);
  while (bin < PARLEY_SPECTRUM_BINS - PEAK_BINS - 1 && spectrum[bin] < highest)
    bin++;
  for (gint i = bin - PEAK_BINS; i <= bin + PEAK_BINS; i++) {
    sum += spectrum[i];
    spectrum[i] = 0.0f;
  }
  return sum;
}

static gfloat
tonality_of (gfloat * spectrum)
{
  gfloat all = LEAST_POWER / power_scale, peaks;

  for (gint i = 0; i < PARLEY_SPECTRUM_BINS; i++)
    all += spectrum[i];
  peaks = take_peak (spectrum);
  return (peaks + take_peak (spectrum)) / all;
}

/* Returns the power in all bands. */
static gfloat
band_powers (ParleyVadFeatures * self, gfloat * bands)
{
  const gfloat *samples = self->window;
  gfloat windowed[PARLEY_SPECTRUM_SIZE], spectrum[PARLEY_SPECTRUM_BINS];
  gfloat total = 0.0f;

  for (gint i = 0; i < WINDOW; i++)
    windowed[i] = samples[i] * window[i];
  memset (windowed + WINDOW, 0, sizeof (windowed) - WINDOW * sizeof (gfloat));
  parley_spectrum_power (windowed, spectrum);
  for (gint band = 0; band < BANDS; band++) {
    gint first = band_edges[band], end = band_edges[band + 1];
    gfloat sum = 0.0f;

    for (gint bin = first; bin < end; bin++)
      sum += spectrum[bin];
    bands[band] = sum * power_scale + LEAST_POWER * (end - first)
        / (band_edges[BANDS] - band_edges[0]);
    total += bands[band];
  }
  self->tonality = tonality_of (spectrum);
  return total;
}

static inline gfloat
mean_of (const gfloat * values, gint n)
{
  gfloat sum = 0.0f;

  for (gint i = 0; i < n; i++)
    sum += values[i];
  return sum / n;
}

/* Log likelihood ratio of speech against noise alone for one band, both taken
 * as Gaussian (Sohn, Kim and Sung, "A statistical model-based voice activity
 * detection", 1999). The a-priori ratio is decision-directed: part the last
 * frame's estimate of the speech, part this frame's excess. */
static inline gfloat
log_likelihood (gfloat ratio, gfloat * prior)
{
  gfloat xi = MAX (0.8f * *prior + 0.2f * MAX (ratio - 1.0f, 0.0f), 0.05f);
  gfloat gain = xi / (1.0f + xi);

  *prior = MIN (gain * gain * ratio, 1000.0f);
  return MIN (ratio * gain - parley_fast_log (1.0f + xi), 12.0f);
}

static gfloat
mean_of_peaks (const gfloat * excess)
{
  gfloat left[BANDS], sum = 0.0f;

  memcpy (left, excess, sizeof (left));
  for (gint i = 0; i < N_PEAKS; i++) {
    gint highest = 0;

    for (gint band = 1; band < BANDS; band++)
      if (left[band] > left[highest])
        highest = band;
    sum += left[highest];
    left[highest] = -1.0f;
  }
  return sum / N_PEAKS;
}

static void
measure_bands (ParleyVadFeatures * self, const gfloat * bands)
{
  gfloat ratios[BANDS], logs[BANDS], excess[BANDS], likelihoods[BANDS];
  gfloat *values = self->values, likelihood;

  for (gint band = 0; band < BANDS; band++) {
    ratios[band] = bands[band] / self->noise.power[band];
    logs[band] = parley_fast_log (ratios[band]);
    excess[band] = CLAMP (logs[band], 0.0f, 4.0f);
    values[PARLEY_VAD_FIRST_BAND + band] = CLAMP (logs[band], -1.0f, 6.0f);
    likelihoods[band] = log_likelihood (ratios[band], &self->prior[band]);
  }
  likelihood = mean_of (likelihoods, BANDS);
  values[PARLEY_VAD_LIKELIHOOD] = logf (1.0f + MAX (likelihood, 0.0f));
  values[PARLEY_VAD_EXCESS] = mean_of (excess, BANDS);
  values[PARLEY_VAD_EXCESS_PEAKS] = mean_of_peaks (excess);
  values[PARLEY_VAD_EXCESS_LOW] = mean_of (excess + FIRST_LOW_BAND,
      N_LOW_BANDS);
  values[PARLEY_VAD_EXCESS_HIGH] = mean_of (excess + FIRST_HIGH_BAND,
      N_HIGH_BANDS);
  values[PARLEY_VAD_FLATNESS] = mean_of (logs, BANDS)
      - logf (mean_of (ratios, BANDS));
}

/* level is that of the bands. */
static void
measure_levels (ParleyVadFeatures * self, gfloat level)
{
  gfloat *values = self->values;
  gfloat over_noise = level - self->noise_level;
  gfloat range = self->talker_level - self->noise_level;

  values[PARLEY_VAD_EXCESS_TOTAL] = CLAMP (over_noise / 10.0f, -1.0f, 3.0f);
  values[PARLEY_VAD_EXCESS_10MS] =
      CLAMP ((self->level - self->noise_level) / 10.0f, -2.0f, 4.0f);
  values[PARLEY_VAD_EXCESS_5MS] =
      CLAMP ((self->newest_level - self->noise_level) / 10.0f, -2.0f, 4.0f);
  values[PARLEY_VAD_BELOW_TALKER] =
      CLAMP ((level - self->talker_level) / 10.0f, -3.0f, 0.5f);
  values[PARLEY_VAD_TALKER_SHARE] =
      CLAMP (over_noise / MAX (range, 6.0f), -0.5f, 1.2f);
  values[PARLEY_VAD_TALKER_RANGE] = MIN (range / 10.0f, 4.0f);
}

static inline gfloat
rise_since (const gfloat * levels, gint frames)
{
  return CLAMP ((levels[LEVELS - 1] - levels[LEVELS - 1 - frames]) / 10.0f,
      -2.0f, 2.0f);
}

static void
measure_movement (ParleyVadFeatures * self, gfloat level)
{
  gfloat *values = self->values, *levels = self->levels;
  gfloat sum = 0.0f, squares = 0.0f, loudest = level, quietest = level;

  memmove (levels, levels + 1, (LEVELS - 1) * sizeof (gfloat));
  levels[LEVELS - 1] = level;
  for (gint i = 0; i < LEVELS; i++) {
    sum += levels[i];
    squares += levels[i] * levels[i];
    loudest = MAX (loudest, levels[i]);
    quietest = MIN (quietest, levels[i]);
  }
  sum /= LEVELS;
  values[PARLEY_VAD_SPREAD] =
      MIN (sqrtf (fabsf (squares / LEVELS - sum * sum)) / 5.0f, 2.0f);
  values[PARLEY_VAD_RISE_30MS] = rise_since (levels, 3);
  values[PARLEY_VAD_RISE_60MS] = rise_since (levels, 6);
  values[PARLEY_VAD_RISE_100MS] = rise_since (levels, 10);
  values[PARLEY_VAD_BELOW_LOUDEST] = MIN ((loudest - level) / 10.0f, 3.0f);
  values[PARLEY_VAD_ABOVE_QUIETEST] = MIN ((level - quietest) / 10.0f, 3.0f);
}

/* What is added keeps silence from decaying to denormal numbers, which are
 * slow. */
static inline void
follow (gfloat * values, ParleyVadFeature slow, ParleyVadFeature fast,
    gfloat step)
{
  values[slow] += step * (values[fast] - values[slow]) + 1e-12f;
}

static void
remember (gfloat * values)
{
  follow (values, PARLEY_VAD_EXCESS_25MS, PARLEY_VAD_EXCESS, 0.35f);
  follow (values, PARLEY_VAD_EXCESS_80MS, PARLEY_VAD_EXCESS, 0.12f);
  follow (values, PARLEY_VAD_EXCESS_330MS, PARLEY_VAD_EXCESS, 0.03f);
  follow (values, PARLEY_VAD_LIKELIHOOD_25MS, PARLEY_VAD_LIKELIHOOD, 0.35f);
  follow (values, PARLEY_VAD_PERIODICITY_50MS, PARLEY_VAD_PERIODICITY, 0.2f);
  follow (values, PARLEY_VAD_PERIODICITY_1S, PARLEY_VAD_PERIODICITY, 0.01f);
  follow (values, PARLEY_VAD_TOTAL_50MS, PARLEY_VAD_EXCESS_TOTAL, 0.2f);
  follow (values, PARLEY_VAD_TOTAL_1S, PARLEY_VAD_EXCESS_TOTAL, 0.01f);
}

/* Up with the talker in 50 ms, down by 3 dB a minute: a talker stays the
 * nearest one through long pauses while others are heard behind. */
static void
follow_talker (ParleyVadFeatures * self, gfloat level)
{
  if (level > self->talker_level && self->values[PARLEY_VAD_EXCESS] > 0.8f)
    self->talker_level += 0.2f * (level - self->talker_level);
  else
    self->talker_level = MAX (self->talker_level - 0.0005f,
        self->noise_level + 10.0f);
}

/* Takes the first frames for noise, and later whatever has become steady. */
static void
follow_noise (ParleyVadFeatures * self, const gfloat * bands)
{
  gfloat *values = self->values;

  if (values[PARLEY_VAD_SPREAD] * 5.0f < STEADY_DB
      && values[PARLEY_VAD_PERIODICITY_50MS] < STEADY_PERIODICITY
      && values[PARLEY_VAD_EXCESS_TOTAL] > 0.3f)
    parley_vad_noise_restart (&self->noise, self->noise.smoothed);
  parley_vad_noise_update (&self->noise, bands);
}

static void
warm_up (ParleyVadFeatures * self, const gfloat * bands, gfloat level)
{
  parley_vad_noise_restart (&self->noise, bands);
  self->noise_level = level;
  self->talker_level = level + 15.0f;
  for (gint i = 0; i < LEVELS; i++)
    self->levels[i] = level;
}

void
parley_vad_features_push (ParleyVadFeatures * self, const gint16 * frame)
{
  gfloat *newest = self->window + WINDOW - FRAME, bands[BANDS];
  gfloat total, level;

  build_window ();
  if (self->frames == 0)
    self->filter[0] = self->filter[1] = frame[0];
  memmove (self->window, self->window + FRAME,
      (WINDOW - FRAME) * sizeof (gfloat));
  self->level = to_db (high_pass (self->filter, frame, newest));
  self->newest_level = to_db (power_of_newest (newest));
  halve_rate (self);
  total = band_powers (self, bands);
  level = to_db (total);

  if (self->frames < WARM_UP_FRAMES) {
    warm_up (self, bands, level);
    self->frames++;
  }
  self->noise_level = to_db (mean_of (self->noise.power, BANDS) * BANDS);
  measure_bands (self, bands);
  measure_levels (self, level);
  measure_movement (self, level);
  self->values[PARLEY_VAD_PERIODICITY] = periodicity (self);
  self->values[PARLEY_VAD_PERIODIC_PEAKS] = self->values[PARLEY_VAD_PERIODICITY]
      * MIN (self->values[PARLEY_VAD_EXCESS_PEAKS], 2.0f);
  remember (self->values);
  follow_talker (self, level);
  follow_noise (self, bands);
}
