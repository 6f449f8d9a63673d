/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/echo.h"

#include <math.h>
#include <string.h>

#include "speech/fastmath.h"
#include "speech/g711.h"
#include "speech/spectrum.h"

#define FRAME PARLEY_ECHO_FRAME
#define WINDOW 200
#define WINDOW_FRAMES 3
#define BANDS 16

/* Slots of what was played that are kept, and the delays that are looked at, in
 * slots: 50 to 940 ms. */
#define SLOTS 128
#define FIRST_LAG 5
#define N_LAGS 90
/* Frames that are later than this are those of another line. */
#define MOST_LATE 50

/* First bins of the bands, 31.25 Hz each: 250 Hz to 3.4 kHz, which telephones
 * let through. */
static const guint8 band_edges[BANDS + 1] = { 8, 11, 14, 17, 20, 24, 28, 33,
  38, 44, 50, 57, 65, 74, 84, 95, 108
};

/* A band's level where there is nothing, dBFS, and what is too soft to tell
 * anything. */
#define NOTHING_DB -75.0f
#define TELLING_DB -55.0f
/* What is so far below the loudest tells nothing either. */
#define RANGE_DB 35.0f
/* The loudest is forgotten by so much in a frame. */
#define PEAK_FALL_DB 0.05f

/* A room's sound falls by so much in a frame, at least. */
#define ROOM_FALL_DB 1.5f

/* Before anything is known an echo may be nearly as loud as what was played;
 * an echo below this gain is none. */
#define FIRST_GAIN_DB -6.0f
#define LEAST_GAIN_DB -45.0f
/* A gain is measured over so much sound: sums of weights that are forgotten
 * with a time constant of 100 ms. What was measured may grow by 1 dB a
 * second. */
#define FORGET 0.9f
#define LEAST_WEIGHT 12.0f
#define GAIN_RISE_DB 0.01f
/* From one reply to the next a delay may be another one by so many slots. */
#define DELAY_CHANGE 5
#define PAUSE_SLOTS 30

/* How much louder than the softest a band mostly comes back: the level that is
 * exceeded once for each UP times it is not. Learned in steps that shrink as
 * more was learned, once a delay was measured often enough. */
#define UP 4.0f
#define FIRST_STEP_DB 0.5f
#define LAST_STEP_DB 0.03f
#define STEP_FRAMES 20.0f
#define MEASURED_OFTEN 40
#define HARDLY_MEASURED 10
#define MOST_OFFSET_DB 20.0f
#define LEAST_BAND_WEIGHT 0.2f

/* A band speaks for the caller by the dB it is this far above the echo and the
 * line's noise, and against him if the echo explains it. */
#define MARGIN_DB 6.0f
#define OVER_NOISE_DB 14.0f
#define MOST_OVER_DB 8.0f
#define AGAINST_DB 4.0f
/* What the echo would be this much louder than was never it. */
#define EXPLAINED_DB 16.0f
#define LEAST_VOTES 4
/* A detector knows of voice so many frames after it was there in earnest. */
#define ONSET_FRAMES 2
/* What all say is added up over time; it is the caller above EVIDENCE, until it
 * is used up. */
#define EVIDENCE 10.0f
#define MOST_EVIDENCE 25.0f
#define MOST_STEP 4.0f
#define LEAST_STEP -2.0f

typedef gfloat Bands[BANDS];

/* What was played in a slot. */
typedef struct
{
  Bands levels;                 /* dBFS, with the tail of a room */
  gfloat loudest;               /* of them */
  Bands weights;                /* 0 to 1: how much a band tells */
  gfloat weight;                /* their sum */
  gfloat weighted;              /* of the levels without a tail */
} Slot;

struct _ParleyEcho
{
  ParleyPlayedSound *played;

  /* From frames to slots: packets come late, but not early. */
  gint64 frames;                /* those before the next one */
  gint64 offset;
  gboolean running;             /* something was played lately */
  guint whole;                  /* frames in a row */

  gint64 slot;                  /* the last one that was read */
  guint pause;                  /* slots without sound up to it */
  gfloat peak;                  /* dBFS */
  gfloat out[WINDOW];
  gfloat in[WINDOW];
  Slot slots[SLOTS];            /* by number, modulo */

  gfloat gains[N_LAGS];         /* dB: at most */
  guint measured[N_LAGS];       /* how often */
  gfloat excess[N_LAGS];        /* recent sums: of weighted dB */
  gfloat weight[N_LAGS];        /* and of weights */
  Bands offsets;                /* dB over the gain that bands come back with */
  guint learned;                /* frames */

  Bands noise;                  /* dBFS on the caller's line */
  gboolean voice;
  gint64 onset;                 /* slot in which it began, about */
  gfloat evidence;
  gboolean caller;
};

static gfloat window[WINDOW];

/* A Hann window, scaled so that powers come out relative to 32768. */
static void
build_window (void)
{
  static gsize built;

  if (g_once_init_enter (&built)) {
    gdouble sum = 0.0;

    for (gint i = 0; i < WINDOW; i++) {
      window[i] = (gfloat) (0.5 - 0.5 * cos (2 * G_PI * (i + 0.5) / WINDOW));
      sum += (gdouble) window[i] * window[i];
    }
    for (gint i = 0; i < WINDOW; i++)
      window[i] *= (gfloat) (sqrt (2.0 / (PARLEY_SPECTRUM_SIZE * sum)) / 32768);
    g_once_init_leave (&built, 1);
  }
}

ParleyEcho *
parley_echo_new (ParleyPlayedSound * played)
{
  ParleyEcho *self = g_new0 (ParleyEcho, 1);

  build_window ();
  self->played = parley_played_ref (played);
  for (gint i = 0; i < N_LAGS; i++)
    self->gains[i] = FIRST_GAIN_DB;
  for (gint band = 0; band < BANDS; band++)
    self->noise[band] = -60.0f;
  return self;
}

void
parley_echo_free (ParleyEcho * self)
{
  parley_played_unref (self->played);
  g_free (self);
}

static void
push_samples (gfloat * to, const gint16 * frame)
{
  memmove (to, to + FRAME, (WINDOW - FRAME) * sizeof (gfloat));
  for (gint i = 0; i < FRAME; i++)
    to[WINDOW - FRAME + i] = frame[i];
}

static void
measure (const gfloat * samples, gfloat * levels)
{
  gfloat x[PARLEY_SPECTRUM_SIZE], power[PARLEY_SPECTRUM_BINS];

  for (gint i = 0; i < WINDOW; i++)
    x[i] = samples[i] * window[i];
  memset (x + WINDOW, 0, sizeof x - WINDOW * sizeof (gfloat));
  parley_spectrum_power (x, power);
  for (gint band = 0; band < BANDS; band++) {
    gfloat sum = 1e-9f;

    for (gint bin = band_edges[band]; bin < band_edges[band + 1]; bin++)
      sum += power[bin];
    levels[band] = (gfloat) (10.0 / G_LN10) * parley_fast_log (sum);
  }
}

static inline Slot *
slot_at (ParleyEcho * self, gint64 slot)
{
  return &self->slots[slot & (SLOTS - 1)];
}

/* What was played */

static void
fill_slot (ParleyEcho * self, const gfloat * levels)
{
  Slot *slot = slot_at (self, self->slot);
  const Slot *before = slot_at (self, self->slot - 1);
  gfloat loudest = NOTHING_DB;

  for (gint band = 0; band < BANDS; band++)
    loudest = MAX (loudest, levels[band]);
  self->peak = MAX (loudest, self->peak - PEAK_FALL_DB);
  slot->weight = slot->weighted = 0.0f;
  slot->loudest = NOTHING_DB;
  for (gint band = 0; band < BANDS; band++) {
    gfloat weight = 1.0f + (levels[band] - self->peak) / RANGE_DB;

    weight = levels[band] < TELLING_DB ? 0.0f : MAX (weight, 0.0f);
    slot->weights[band] = weight;
    slot->weight += weight;
    slot->weighted += weight * levels[band];
    slot->levels[band] = MAX (MAX (levels[band], NOTHING_DB),
        before->levels[band] - ROOM_FALL_DB);
    slot->loudest = MAX (slot->loudest, slot->levels[band]);
  }
}

/* After a pause the delay may be another one. */
static void
allow_for_change (ParleyEcho * self)
{
  gfloat gains[N_LAGS];

  memcpy (gains, self->gains, sizeof gains);
  for (gint i = 0; i < N_LAGS; i++)
    for (gint k = MAX (i - DELAY_CHANGE, 0);
        k <= MIN (i + DELAY_CHANGE, N_LAGS - 1); k++)
      self->gains[i] = MAX (self->gains[i], gains[k]);
}

static void
read_slot (ParleyEcho * self)
{
  guint8 codes[PARLEY_PLAYED_SLOT];
  gint16 samples[PARLEY_PLAYED_SLOT] = { 0 };
  Bands levels;

  if (parley_played_read (self->played, ++self->slot, codes)) {
    parley_mulaw_decode (codes, samples, PARLEY_PLAYED_SLOT);
    if (self->pause > PAUSE_SLOTS)
      allow_for_change (self);
    self->pause = 0;
  } else {
    self->pause++;
  }
  push_samples (self->out, samples);
  if (self->pause < WINDOW_FRAMES) {
    measure (self->out, levels);
  } else {
    for (gint band = 0; band < BANDS; band++)
      levels[band] = NOTHING_DB;
  }
  fill_slot (self, levels);
}

/* What was learned stays. */
static void
begin (ParleyEcho * self, gint64 slot)
{
  memset (self->slots, 0, sizeof self->slots);
  for (gint i = 0; i < SLOTS; i++) {
    self->slots[i].loudest = NOTHING_DB;
    for (gint band = 0; band < BANDS; band++)
      self->slots[i].levels[band] = NOTHING_DB;
  }
  memset (self->out, 0, sizeof self->out);
  memset (self->in, 0, sizeof self->in);
  memset (self->excess, 0, sizeof self->excess);
  memset (self->weight, 0, sizeof self->weight);
  self->slot = slot - 1;
  self->pause = PAUSE_SLOTS + 1;
  self->evidence = 0.0f;
  self->caller = FALSE;
  self->running = TRUE;
}

/* The way back */

static gint
loudest_lag (const ParleyEcho * self)
{
  gint best = 0;

  for (gint i = 1; i < N_LAGS; i++)
    if (self->gains[i] > self->gains[best])
      best = i;
  return best;
}

/* An echo is never softer than its gain says: how much louder than what was
 * played before each delay the line is now limits that gain. */
static void
learn_gains (ParleyEcho * self, const gfloat * in)
{
  gfloat mean = 0.0f;
  Bands even;

  for (gint band = 0; band < BANDS; band++)
    mean += self->offsets[band] / BANDS;
  for (gint band = 0; band < BANDS; band++)
    even[band] = in[band] - (self->offsets[band] - mean);
  for (gint i = 0; i < N_LAGS; i++) {
    const Slot *slot = slot_at (self, self->slot - FIRST_LAG - i);
    gfloat sum = 0.0f;

    for (gint band = 0; band < BANDS; band++)
      sum += slot->weights[band] * even[band];
    self->excess[i] = FORGET * self->excess[i] + sum - slot->weighted;
    self->weight[i] = FORGET * self->weight[i] + slot->weight;
    if (self->weight[i] < LEAST_WEIGHT)
      continue;
    self->measured[i]++;
    self->gains[i] = MIN (self->gains[i] + GAIN_RISE_DB,
        self->excess[i] / self->weight[i]);
  }
}

static void
learn_offsets (ParleyEcho * self, const gfloat * in, const gfloat * echo)
{
  gfloat step = MAX (LAST_STEP_DB, FIRST_STEP_DB * STEP_FRAMES
      / (STEP_FRAMES + self->learned));
  gint lag = loudest_lag (self);
  const Slot *slot = slot_at (self, self->slot - FIRST_LAG - lag);
  gint n = 0;

  if (self->caller || self->measured[lag] < MEASURED_OFTEN
      || self->gains[lag] < LEAST_GAIN_DB)
    return;
  for (gint band = 0; band < BANDS; band++) {
    gfloat *offset = &self->offsets[band];

    if (slot->weights[band] < LEAST_BAND_WEIGHT)
      continue;
    n++;
    *offset += in[band] > echo[band] + *offset ? UP * step : -step;
    *offset = CLAMP (*offset, -MOST_OFFSET_DB, MOST_OFFSET_DB);
  }
  self->learned += n >= LEAST_VOTES;
}

/* A delay that was hardly measured explains no voice that began before an echo
 * with it would have. */
static gboolean
is_possible (ParleyEcho * self, gint lag)
{
  return !self->voice || self->measured[lag] >= HARDLY_MEASURED
      || slot_at (self, self->onset - FIRST_LAG - lag)->loudest > NOTHING_DB;
}

/* The loudest that any delay allows, without the offsets. */
static void
predict (ParleyEcho * self, gfloat * echo)
{
  for (gint band = 0; band < BANDS; band++)
    echo[band] = NOTHING_DB + LEAST_GAIN_DB;
  for (gint i = 0; i < N_LAGS; i++) {
    const Slot *slot = slot_at (self, self->slot - FIRST_LAG - i);
    gfloat gain = self->gains[i];

    if (gain < LEAST_GAIN_DB || slot->loudest <= NOTHING_DB
        || !is_possible (self, i))
      continue;
    for (gint band = 0; band < BANDS; band++)
      echo[band] = MAX (echo[band], gain + slot->levels[band]);
  }
}

/* The caller */

/* What the frame says: dB for him, or against. */
static gfloat
score (ParleyEcho * self, const gfloat * in, const gfloat * echo)
{
  gfloat sum = 0.0f;
  gint votes = 0;

  for (gint band = 0; band < BANDS; band++) {
    gfloat ours = echo[band] + self->offsets[band] + MARGIN_DB;
    gfloat noise = self->noise[band] + OVER_NOISE_DB;
    gfloat over = in[band] - MAX (ours, noise);

    if (over > 0.0f)
      sum += MIN (over, MOST_OVER_DB);
    else if (ours > noise && over > -EXPLAINED_DB)
      sum -= AGAINST_DB;
    votes += over > 0.0f || (ours > noise && over > -EXPLAINED_DB);
  }
  return sum / MAX (votes, LEAST_VOTES);
}

/* Without voice the evidence is kept just below the limit. */
static void
judge (ParleyEcho * self, gfloat step, gboolean voice)
{
  self->evidence = CLAMP (self->evidence + CLAMP (step, LEAST_STEP, MOST_STEP),
      0.0f, voice ? MOST_EVIDENCE : EVIDENCE);
  if (self->evidence > EVIDENCE)
    self->caller = TRUE;
  else if (!voice || self->evidence <= 0.0f)
    self->caller = FALSE;
}

static void
follow_noise (ParleyEcho * self, const gfloat * in)
{
  for (gint band = 0; band < BANDS; band++) {
    gfloat over = in[band] - self->noise[band];

    self->noise[band] += over < 0.0f ? 0.05f * over : 0.02f;
  }
}

/* In which slot the frame would have come on an even line: as early as any that
 * came. */
static gint64
slot_of_frame (ParleyEcho * self, gint64 number, gint64 now)
{
  gint64 offset = now / PARLEY_PLAYED_SLOT_US - number;

  if (self->frames == 0 || offset < self->offset
      || offset > self->offset + MOST_LATE)
    self->offset = offset;
  self->whole = number == self->frames ? self->whole + 1 : 0;
  self->frames = number + 1;
  return number + self->offset;
}

/* Whether an echo of what was played may come in @slot. */
static gboolean
may_be_heard (ParleyEcho * self, gint64 slot)
{
  gint64 end = parley_played_get_end (self->played) / PARLEY_PLAYED_SLOT_US;

  return slot <= end + FIRST_LAG + N_LAGS + PAUSE_SLOTS;
}

gboolean
parley_echo_frame (ParleyEcho * self, guint64 number, gint64 now,
    const gint16 frame[PARLEY_ECHO_FRAME], gboolean voice)
{
  gint64 slot = slot_of_frame (self, number, now);
  Bands in, echo;

  if (!may_be_heard (self, slot)) {
    self->running = FALSE;
    return FALSE;
  }
  if (!self->running || slot < self->slot || slot > self->slot + SLOTS / 2)
    begin (self, slot);
  while (self->slot < slot)
    read_slot (self);
  if (voice && !self->voice)
    self->onset = slot - ONSET_FRAMES;
  self->voice = voice;
  push_samples (self->in, frame);
  measure (self->in, in);
  predict (self, echo);
  judge (self, score (self, in, echo), voice);
  if (self->whole >= WINDOW_FRAMES) {
    learn_offsets (self, in, echo);
    learn_gains (self, in);
    follow_noise (self, in);
  }
  return !self->caller;
}

gboolean
parley_echo_is_known (const ParleyEcho * self)
{
  return self->measured[loudest_lag (self)] >= MEASURED_OFTEN;
}

gboolean
parley_echo_get_path (const ParleyEcho * self, gfloat * loss, guint * delay)
{
  gint lag = loudest_lag (self);

  if (!parley_echo_is_known (self) || self->gains[lag] < LEAST_GAIN_DB)
    return FALSE;
  *loss = -self->gains[lag];
  *delay = (FIRST_LAG + lag) * 1000 * FRAME / 8000;
  return TRUE;
}
