/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Synthetic speech here is a pulse train through three resonances with the
 * rise, fall and pitch of a syllable; recorded speech is of Debian packages,
 * and those cases are skipped where it is not installed.
 */
#include <math.h>
#include <string.h>

#include "speech/fastmath.h"
#include "speech/g711.h"
#include "speech/mulawresampler.h"
#include "speech/vad.h"

#define FRAME PARLEY_VAD_FRAME_SAMPLES
#define SECOND 8000

#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison/"
#define WORDS PROMPTS "digits/"

/* A line to build up: samples that come and go through mu-law. */
typedef struct
{
  gfloat *samples;
  gsize n;
  GRand *rand;
} Line;

static Line *
line_new (gdouble seconds)
{
  Line *line = g_new0 (Line, 1);

  line->n = (gsize) (seconds * SECOND) / FRAME * FRAME;
  line->samples = g_new0 (gfloat, line->n);
  line->rand = g_rand_new_with_seed (17);
  return line;
}

static void
line_free (Line * line)
{
  g_rand_free (line->rand);
  g_free (line->samples);
  g_free (line);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free);

static gdouble
amplitude (gdouble dbfs)
{
  return 32768.0 * pow (10.0, dbfs / 20.0);
}

/* White noise of the given level from one time to another. */
static void
add_noise (Line * line, gdouble from, gdouble to, gdouble dbfs)
{
  gdouble peak = amplitude (dbfs) * sqrt (3.0);

  for (gsize i = from * SECOND; i < MIN ((gsize) (to * SECOND), line->n); i++)
    line->samples[i] += g_rand_double_range (line->rand, -peak, peak);
}

static void
add_hum (Line * line, gdouble from, gdouble to, gdouble dbfs)
{
  for (gsize i = from * SECOND; i < MIN ((gsize) (to * SECOND), line->n); i++)
    for (gint k = 1; k <= 8; k++)
      line->samples[i] += amplitude (dbfs) / k
          * sin (2.0 * G_PI * 50.0 * k * i / SECOND + k);
}

static void
add_offset (Line * line, gfloat offset)
{
  for (gsize i = 0; i < line->n; i++)
    line->samples[i] += offset;
}

/* A vowel of 300 ms, its level that of its middle. */
static void
add_syllable (Line * line, gdouble from, gdouble dbfs)
{
  static const gdouble formants[] = { 650.0, 1100.0, 2500.0 };
  gsize start = from * SECOND, length = 0.3 * SECOND;
  gdouble phase = 0.0, power = 0.0, out[2400];
  gdouble state[3][2] = { {0} };

  for (gsize i = 0; i < length; i++) {
    gdouble t = (gdouble) i / length, pulse = 0.0;

    phase += (140.0 - 30.0 * t) / SECOND;
    if (phase >= 1.0) {
      phase -= 1.0;
      pulse = 1.0;
    }
    out[i] = 0.0;
    for (gint k = 0; k < 3; k++) {
      gdouble r = 0.97, angle = 2.0 * G_PI * formants[k] * (1.0 + 0.1 * t)
          / SECOND;
      gdouble y = pulse + 2.0 * r * cos (angle) * state[k][0]
          - r * r * state[k][1];

      state[k][1] = state[k][0];
      state[k][0] = y;
      out[i] += y;
    }
    out[i] *= sin (G_PI * t);
    power += out[i] * out[i];
  }
  for (gsize i = 0; i < length && start + i < line->n; i++)
    line->samples[start + i] += amplitude (dbfs) * out[i]
        / sqrt (2.0 * power / length);
}

/* Four syllables, 50 ms apart. */
static void
add_phrase (Line * line, gdouble from, gdouble dbfs)
{
  for (gint i = 0; i < 4; i++)
    add_syllable (line, from + 0.35 * i, dbfs);
}

/* The samples of a recording at its own level, or NULL. */
static gint16 *
load_wav (const gchar * path, gsize * n)
{
  gchar *contents;
  gsize size;

  if (!g_file_get_contents (path, &contents, &size, NULL))
    return NULL;
  *n = (size - 44) / 2;
  memmove (contents, contents + 44, *n * 2);
  return (gint16 *) contents;
}

/* Adds a prompt times @gain; returns how many frames that takes, 0 without the
 * recording. */
static guint
add_recording (Line * line, const gchar * path, gdouble from, gdouble gain)
{
  gsize n = 0, start = from * SECOND;
  g_autofree gint16 *prompt = load_wav (path, &n);

  for (gsize i = 0; i < n && start + i < line->n; i++)
    line->samples[start + i] += gain * prompt[i];
  if (!prompt)
    g_test_skip ("no recordings");
  return n / FRAME;
}

/* Says goodbye at -18.7 dBFS times @gain. */
static guint
add_prompt (Line * line, gdouble from, gdouble gain)
{
  return add_recording (line, PROMPTS "vm-goodbye.wav", from, gain);
}

static void
get_frame (const Line * line, gsize n, gint16 * frame)
{
  for (gint i = 0; i < FRAME; i++) {
    gfloat sample = CLAMP (line->samples[n * FRAME + i], -32768.0f, 32767.0f);

    frame[i] = parley_mulaw_decode_sample (parley_mulaw_encode_sample
        ((gint16) lrintf (sample)));
  }
}

/* How many frames between two times, in seconds, are voice. */
static guint
count_voice (const Line * line, gdouble from, gdouble to)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  guint count = 0;
  gint16 frame[FRAME];

  for (gsize i = 0; i < line->n / FRAME; i++) {
    get_frame (line, i, frame);
    if (parley_vad_frame (vad, frame, NULL) && i >= from * 100 && i < to * 100)
      count++;
  }
  return count;
}

static void
test_digital_silence (void)
{
  g_autoptr (Line) line = line_new (120.0);
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  gint16 frame[FRAME];

  for (gsize i = 0; i < line->n / FRAME; i++) {
    ParleyVadResult result;

    get_frame (line, i, frame);
    g_assert_false (parley_vad_frame (vad, frame, &result));
    g_assert_false (result.voice);
    g_assert_cmpfloat (result.level, ==, -90.0f);
    g_assert_cmpfloat (result.noise_floor, <, -70.0f);
    g_assert_cmpfloat (result.score, <, 0.1f);
  }
}

static void
test_talker_levels (void)
{
  static const gdouble levels[] = { -45.0, -35.0, -25.0, -15.0, -6.0, 6.0 };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    g_autoptr (Line) line = line_new (4.0);

    add_noise (line, 0.0, 4.0, -75.0);
    add_phrase (line, 1.5, levels[i]);
    g_assert_cmpuint (count_voice (line, 1.5, 2.9), >, 100);
    g_assert_cmpuint (count_voice (line, 0.0, 1.48), ==, 0);
    g_assert_cmpuint (count_voice (line, 3.1, 4.0), ==, 0);
  }
}

static void
test_starts_in_noise (void)
{
  static const gdouble levels[] = { -65.0, -50.0, -35.0, -20.0 };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    g_autoptr (Line) line = line_new (6.0);

    add_noise (line, 0.0, 6.0, levels[i]);
    add_phrase (line, 3.0, levels[i] + 15.0);
    g_assert_cmpuint (count_voice (line, 0.0, 2.9), <=, 10);
    g_assert_cmpuint (count_voice (line, 3.0, 4.4), >, 95);
    g_assert_cmpuint (count_voice (line, 4.7, 6.0), <=, 5);
  }
}

static void
test_hum (void)
{
  g_autoptr (Line) line = line_new (6.0);

  add_hum (line, 0.0, 6.0, -30.0);
  add_noise (line, 0.0, 6.0, -60.0);
  add_phrase (line, 3.0, -20.0);
  g_assert_cmpuint (count_voice (line, 0.0, 2.9), <=, 10);
  g_assert_cmpuint (count_voice (line, 3.0, 4.4), >, 95);
  g_assert_cmpuint (count_voice (line, 4.7, 6.0), ==, 0);
}

static void
test_noise_jump (void)
{
  g_autoptr (Line) line = line_new (10.0);

  add_noise (line, 0.0, 3.0, -60.0);
  add_noise (line, 3.0, 10.0, -35.0);
  add_phrase (line, 7.0, -20.0);
  g_assert_cmpuint (count_voice (line, 3.0, 4.4), <=, 60);
  g_assert_cmpuint (count_voice (line, 4.4, 6.9), <=, 5);
  g_assert_cmpuint (count_voice (line, 7.0, 8.4), >, 95);
}

static void
test_noise_stops (void)
{
  g_autoptr (Line) line = line_new (6.0);
  guint n;

  add_noise (line, 0.0, 3.0, -35.0);
  n = add_prompt (line, 4.0, 0.08);
  g_assert_cmpuint (count_voice (line, 0.1, 3.9), <=, 10);
  g_assert_cmpuint (count_voice (line, 4.0, 5.4), >=, n / 2);
}

static void
test_offset (void)
{
  g_autoptr (Line) line = line_new (5.0);

  add_offset (line, 3000.0f);
  g_assert_cmpuint (count_voice (line, 0.0, 5.0), ==, 0);
  add_noise (line, 0.0, 5.0, -70.0);
  add_phrase (line, 2.0, -25.0);
  g_assert_cmpuint (count_voice (line, 0.0, 1.9), ==, 0);
  g_assert_cmpuint (count_voice (line, 2.0, 3.4), >, 95);
}

/* Bursts of noise, of a tone, and single pulses, wherever they lie in the
 * frames, in silence and in noise. */
static void
add_click (Line * line, gdouble at, gint kind, gdouble ms, gdouble peak)
{
  gsize start = at * SECOND, length = kind == 2 ? 2 : ms * 8;

  for (gsize i = 0; i < length; i++)
    line->samples[start + i] += kind == 0 ?
        g_rand_double_range (line->rand, -peak, peak) : kind == 1 ?
        peak * sin (2.0 * G_PI * 1000.0 * i / SECOND) : peak;
}

static void
test_clicks (void)
{
  static const gdouble lengths[] = { 1.0, 5.0, 10.0, 20.0 };

  for (gint kind = 0; kind < 3; kind++)
    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
      for (gint noisy = 0; noisy < 2; noisy++) {
        g_autoptr (Line) line = line_new (14.0);

        if (noisy)
          add_noise (line, 0.0, 14.0, -55.0);
        for (gint n = 0; n < 20; n++)
          add_click (line, 1.0 + 0.6013 * n, kind, lengths[i],
              n % 2 ? 30000.0 : 3000.0);
        g_assert_cmpuint (count_voice (line, 0.5, 14.0), ==, 0);
      }
}

/* Both tones together, at the level given. */
static void
add_tones (Line * line, gdouble from, gdouble to, gdouble a, gdouble b,
    gdouble dbfs)
{
  for (gsize i = from * SECOND; i < MIN ((gsize) (to * SECOND), line->n); i++)
    line->samples[i] += amplitude (dbfs) * (sin (2.0 * G_PI * a * i / SECOND)
        + sin (2.0 * G_PI * b * i / SECOND));
}

/* The most voice without a gap between two times, in frames. */
static guint
longest_voice (const Line * line, gdouble from, gdouble to)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  guint run = 0, longest = 0;
  gint16 frame[FRAME];

  for (gsize i = 0; i < line->n / FRAME; i++) {
    get_frame (line, i, frame);
    run = parley_vad_frame (vad, frame, NULL) && i >= from * 100
        && i < to * 100 ? run + 1 : 0;
    longest = MAX (longest, run);
  }
  return longest;
}

/* Shorter than what opens a turn. */
#define NO_TURN 5

/* All keys, from short to held, loud and not so loud; and a word after. */
static void
test_dtmf (void)
{
  static const gdouble rows[] = { 697.0, 770.0, 852.0, 941.0 };
  static const gdouble columns[] = { 1209.0, 1336.0, 1477.0, 1633.0 };
  static const gdouble levels[] = { -9.0, -14.0, -20.0 };

  for (guint l = 0; l < G_N_ELEMENTS (levels); l++) {
    g_autoptr (Line) line = line_new (14.0);

    add_noise (line, 0.0, 14.0, -62.0);
    for (guint key = 0; key < 16; key++)
      add_tones (line, 1.0 + 0.6 * key, 1.07 + 0.6 * key + 0.02 * key,
          rows[key / 4], columns[key % 4], levels[l]);
    add_phrase (line, 11.5, -25.0);
    g_assert_cmpuint (longest_voice (line, 0.0, 11.4), <=, NO_TURN);
    g_assert_cmpuint (count_voice (line, 11.5, 12.9), >, 95);
  }
}

/* Europe's and America's ring-back and busy tones. */
static void
test_ring_back (void)
{
  static const gdouble tones[][4] = { {425.0, 425.0, 1.0, 4.0},
  {440.0, 480.0, 2.0, 4.0}, {480.0, 620.0, 0.5, 0.5}, {425.0, 425.0, 0.5, 0.5}
  };
  static const gdouble levels[] = { -15.0, -25.0 };

  for (guint t = 0; t < G_N_ELEMENTS (tones); t++)
    for (guint l = 0; l < G_N_ELEMENTS (levels); l++) {
      g_autoptr (Line) line = line_new (24.0);

      add_noise (line, 0.0, 24.0, -62.0);
      for (gdouble at = 0.7; at + tones[t][2] < 20.0;
          at += tones[t][2] + tones[t][3])
        add_tones (line, at, at + tones[t][2], tones[t][0], tones[t][1],
            levels[l]);
      add_phrase (line, 21.0, -25.0);
      g_assert_cmpuint (longest_voice (line, 0.0, 20.9), <=, NO_TURN);
      g_assert_cmpuint (count_voice (line, 21.0, 22.4), >, 95);
    }
}

/* Noise that a codec makes in place of silence, between frames that are
 * silent. */
static void
test_comfort_noise (void)
{
  static const gdouble levels[] = { -60.0, -52.0, -45.0 };

  for (guint l = 0; l < G_N_ELEMENTS (levels); l++) {
    g_autoptr (Line) line = line_new (24.0);

    for (gdouble at = 0.4; at < 20.0; at += 1.1)
      add_noise (line, at, at + 0.2 + 0.04 * at, levels[l]);
    add_phrase (line, 21.0, -25.0);
    g_assert_cmpuint (longest_voice (line, 0.0, 20.9), <=, NO_TURN);
    g_assert_cmpuint (count_voice (line, 21.0, 22.4), >, 95);
  }
}

/* Each word after a second and a half of noise, at a level 20 dB over it. */
static void
test_short_words (void)
{
  static const gchar *const words[] = { WORDS "1.wav", WORDS "2.wav",
    WORDS "3.wav", WORDS "4.wav", WORDS "5.wav", WORDS "6.wav",
    WORDS "7.wav", WORDS "8.wav", WORDS "9.wav", WORDS "10.wav",
    PROMPTS "letters/a.wav", PROMPTS "letters/b.wav",
    PROMPTS "letters/o.wav", PROMPTS "letters/t.wav",
    PROMPTS "phonetic/y_p.wav", PROMPTS "activated.wav"
  };

  for (guint w = 0; w < G_N_ELEMENTS (words); w++) {
    gsize n = 0;
    g_autofree gint16 *word = load_wav (words[w], &n);
    g_autoptr (Line) line = line_new (4.0);

    if (word == NULL) {
      g_test_skip (words[w]);
      return;
    }
    add_noise (line, 0.0, 4.0, -50.0);
    for (gsize i = 0; i < MIN (n, 2 * SECOND); i++)
      line->samples[3 * SECOND / 2 + i] += word[i];
    g_test_message ("%s: %u of %u frames", words[w],
        count_voice (line, 1.5, 4.0), (guint) n / FRAME);
    g_assert_cmpuint (count_voice (line, 0.0, 1.45), <=, 5);
    g_assert_cmpuint (count_voice (line, 1.5, 4.0), >=, 15);
  }
}

/* Recorded speech between digital silence, at -19 to -49 dBFS, is heard for
 * most of its length, and the silence is not. */
static void
test_prompt (void)
{
  for (gdouble gain = 1.0; gain > 0.03; gain /= 2.0) {
    g_autoptr (Line) line = line_new (4.0);
    guint n = add_prompt (line, 1.0, gain);

    g_assert_cmpuint (count_voice (line, 0.0, 1.0), ==, 0);
    g_assert_cmpuint (count_voice (line, 1.0, 3.0), >=, n / 2);
    g_assert_cmpuint (count_voice (line, 3.1, 4.0), ==, 0);
  }
}

/* Notes where what was settled begins and ends, in frames, and returns how
 * many times it did. */
static guint
settled_edges (const Line * line, gint64 * edges, guint most)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  gboolean before = FALSE;
  guint n = 0;
  gint16 frame[FRAME];

  for (gsize i = 0; i < line->n / FRAME; i++) {
    ParleyVadResult result;

    get_frame (line, i, frame);
    parley_vad_frame (vad, frame, &result);
    if (result.settled != before && n < most)
      edges[n++] = (gint64) i - PARLEY_VAD_SETTLED_DELAY;
    before = result.settled;
  }
  return n;
}

/* Who has once been loud is heard when he speaks 18 dB lower, if there is
 * little noise. */
static void
test_softer_later (void)
{
  g_autoptr (Line) line = line_new (10.0);

  add_noise (line, 0.0, 10.0, -65.0);
  add_phrase (line, 1.0, -12.0);
  add_phrase (line, 4.0, -30.0);
  add_phrase (line, 7.0, -30.0);
  g_assert_cmpuint (count_voice (line, 4.0, 5.4), >, 90);
  g_assert_cmpuint (count_voice (line, 7.0, 8.4), >, 90);
}

/* Two voices that go on, softer than who spoke first, start no turn once they
 * have been there for a while. He is heard over them, and when they are gone he
 * may be 12 dB softer. */
static void
test_voices_behind (void)
{
  static const gdouble gains[] = { 0.08, 0.15 };

  for (guint g = 0; g < G_N_ELEMENTS (gains); g++) {
    g_autoptr (Line) line = line_new (110.0);
    guint n = 0;

    for (gdouble at = 0.5; at < 8.0; at += 2.5)
      add_prompt (line, at, 1.0);
    for (gdouble at = 8.0; at < 70.0; at += 31.0)
      add_recording (line, PROMPTS "demo-congrats.wav", at, gains[g]);
    add_recording (line, PROMPTS "demo-instruct.wav", 8.5, gains[g]);
    add_prompt (line, 75.0, 1.0);
    n = add_prompt (line, 105.0, 0.25);
    g_test_message ("voice before, over and after: %u, %u, %u",
        count_voice (line, 25.0, 74.9), count_voice (line, 75.0, 76.0),
        count_voice (line, 105.0, 107.0));
    g_assert_cmpuint (longest_voice (line, 25.0, 74.9), <=, NO_TURN);
    g_assert_cmpuint (count_voice (line, 75.0, 76.0), >=, n / 2);
    g_assert_cmpuint (count_voice (line, 105.0, 107.0), >=, n / 3);
  }
}

/* Two syllables 50 ms apart are one word, one 400 ms later is another; they
 * fade in and out. */
static void
test_settled (void)
{
  static const gint64 expected[] = { 150, 215, 255, 285 };
  static const gdouble noises[] = { -75.0, -60.0, -45.0 };
  gint64 edges[8];

  for (guint l = 0; l < G_N_ELEMENTS (noises); l++) {
    g_autoptr (Line) line = line_new (4.0);

    add_noise (line, 0.0, 4.0, noises[l]);
    add_syllable (line, 1.5, -25.0);
    add_syllable (line, 1.85, -25.0);
    add_syllable (line, 2.55, -25.0);
    g_assert_cmpuint (settled_edges (line, edges, 8), ==, 4);
    for (guint i = 0; i < 4; i++)
      g_assert_cmpint (ABS (edges[i] - expected[i]), <=, 5);
  }
}

static void
test_levels_reported (void)
{
  g_autoptr (Line) line = line_new (4.0);
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  gdouble level = 0.0, floor = 0.0;
  gint16 frame[FRAME];

  add_noise (line, 0.0, 4.0, -40.0);
  for (gsize i = 0; i < line->n / FRAME; i++) {
    ParleyVadResult result;

    get_frame (line, i, frame);
    parley_vad_frame (vad, frame, &result);
    g_assert_cmpfloat (result.score, >=, 0.0f);
    g_assert_cmpfloat (result.score, <=, 1.0f);
    if (i >= 200) {
      level += result.level / 200.0;
      floor += result.noise_floor / 200.0;
    }
  }
  g_assert_cmpfloat_with_epsilon (level, -40.0, 1.5);
  g_assert_cmpfloat_with_epsilon (floor, -40.0, 3.0);
}

static void
test_sensitivity (void)
{
  static const gdouble settings[] = { -1.0, 0.0, 0.5, 1.0, 2.0 };
  g_autoptr (Line) line = line_new (20.0);
  guint counts[G_N_ELEMENTS (settings)] = { 0 };
  gint16 frame[FRAME];

  add_noise (line, 0.0, 20.0, -40.0);
  for (gint i = 0; i < 8; i++)
    add_phrase (line, 2.0 + 2.2 * i, -42.0 + 2.0 * i);
  for (guint s = 0; s < G_N_ELEMENTS (settings); s++) {
    g_autoptr (ParleyVad) vad = parley_vad_new (settings[s]);

    for (gsize i = 0; i < line->n / FRAME; i++) {
      get_frame (line, i, frame);
      counts[s] += parley_vad_frame (vad, frame, NULL);
    }
  }
  g_assert_cmpuint (counts[0], ==, counts[1]);
  g_assert_cmpuint (counts[1], <, counts[2]);
  g_assert_cmpuint (counts[2], <, counts[3]);
  g_assert_cmpuint (counts[3], ==, counts[4]);
}

/* After a reset everything is as with a new instance. */
static void
test_reset (void)
{
  g_autoptr (Line) line = line_new (4.0);
  g_autoptr (ParleyVad) used = parley_vad_new (0.7);
  g_autoptr (ParleyVad) fresh = parley_vad_new (0.7);
  gint16 frame[FRAME];

  add_noise (line, 0.0, 4.0, -50.0);
  add_phrase (line, 2.0, -25.0);
  for (gsize i = 0; i < line->n / FRAME; i++) {
    get_frame (line, i, frame);
    parley_vad_frame (used, frame, NULL);
  }
  parley_vad_reset (used);
  for (gsize i = 0; i < line->n / FRAME; i++) {
    ParleyVadResult a, b;

    get_frame (line, i, frame);
    parley_vad_frame (used, frame, &a);
    parley_vad_frame (fresh, frame, &b);
    g_assert_cmpint (a.voice, ==, b.voice);
    g_assert_cmpfloat (a.score, ==, b.score);
    g_assert_cmpfloat (a.noise_floor, ==, b.noise_floor);
  }
}

/* Anything at all gives finite numbers. */
static void
test_wild_input (void)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  GRand *rand = g_rand_new_with_seed (3);
  gint16 frame[FRAME];

  for (gint i = 0; i < 20000; i++) {
    gint kind = (i / 50) % 5;
    ParleyVadResult result;

    for (gint k = 0; k < FRAME; k++)
      frame[k] = kind == 0 ? (gint16) g_rand_int (rand) : kind == 1 ? 0 :
          kind == 2 ? G_MININT16 : kind == 3 ?
          ((i * FRAME + k) / 20 % 2 ? G_MAXINT16 : G_MININT16) : k == 7;
    parley_vad_frame (vad, frame, &result);
    g_assert_true (isfinite (result.level) && isfinite (result.score)
        && isfinite (result.noise_floor));
  }
  g_rand_free (rand);
}

/* Against the C library's, over all they are used for. */
static void
test_fast_math (void)
{
  for (gdouble x = 1e-12; x < 1e12; x *= 1.01) {
    gfloat value = (gfloat) x;

    g_assert_cmpfloat_with_epsilon (parley_fast_log (value), log (value),
        1e-6 * (1.0 + fabs (log (value))));
  }
  for (gdouble x = -80.0; x < 80.0; x += 0.01) {
    gfloat value = (gfloat) x;

    g_assert_cmpfloat_with_epsilon (parley_fast_exp (value) / exp (value), 1.0,
        2e-5);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/vad/fast-math", test_fast_math);
  g_test_add_func ("/vad/digital-silence", test_digital_silence);
  g_test_add_func ("/vad/talker-levels", test_talker_levels);
  g_test_add_func ("/vad/starts-in-noise", test_starts_in_noise);
  g_test_add_func ("/vad/hum", test_hum);
  g_test_add_func ("/vad/noise-jump", test_noise_jump);
  g_test_add_func ("/vad/noise-stops", test_noise_stops);
  g_test_add_func ("/vad/offset", test_offset);
  g_test_add_func ("/vad/clicks", test_clicks);
  g_test_add_func ("/vad/dtmf", test_dtmf);
  g_test_add_func ("/vad/ring-back", test_ring_back);
  g_test_add_func ("/vad/comfort-noise", test_comfort_noise);
  g_test_add_func ("/vad/short-words", test_short_words);
  g_test_add_func ("/vad/prompt", test_prompt);
  g_test_add_func ("/vad/softer-later", test_softer_later);
  g_test_add_func ("/vad/voices-behind", test_voices_behind);
  g_test_add_func ("/vad/settled", test_settled);
  g_test_add_func ("/vad/levels-reported", test_levels_reported);
  g_test_add_func ("/vad/sensitivity", test_sensitivity);
  g_test_add_func ("/vad/reset", test_reset);
  g_test_add_func ("/vad/wild-input", test_wild_input);
  return g_test_run ();
}
