/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenariosounds.h"

#include <math.h>

#include "speech/g711.h"
#include "spoken.h"

/* Of a voice; the line's noise is 60. */
#define LOUD 400

static GHashTable *voices;      /* text to GByteArray */

/* Bursts of noise, as a cough or a knock. */
GByteArray *
scenario_sound_cough (guint ms)
{
  GByteArray *audio = spoken_quiet (ms + 100);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < ms * 8; i++)
    if (i % 2000 < 1200)
      audio->data[i] = g_rand_int_range (rand, 0, 2) << 7
          | g_rand_int_range (rand, 0x08, 0x20);
  return audio;
}

/* An answering machine's. */
GByteArray *
scenario_sound_beep (guint ms)
{
  GByteArray *audio = spoken_quiet (ms + 200);

  for (guint i = 0; i < ms * 8; i++)
    audio->data[i] = parley_mulaw_encode_sample (8000 * sin (G_PI / 4 * i));
  return audio;
}

static gboolean
is_loud (guint8 sample)
{
  return ABS (parley_mulaw_decode_sample (sample)) > LOUD;
}

/* Without what is quiet before and behind it: pauses are as long as they are
 * said to be. */
void
scenario_sound_prepare (const gchar * text)
{
  GByteArray *voice;
  guint quiet = 0;

  if (!voices)
    voices = g_hash_table_new (g_str_hash, g_str_equal);
  if (g_hash_table_contains (voices, text))
    return;
  voice = spoken_text ("flite", "rms", 1.0, text);
  while (voice->len > 0 && !is_loud (voice->data[voice->len - 1]))
    g_byte_array_set_size (voice, voice->len - 1);
  while (quiet < voice->len && !is_loud (voice->data[quiet]))
    quiet++;
  g_byte_array_remove_range (voice, 0, quiet);
  g_hash_table_insert (voices, g_strdup (text), voice);
}

GByteArray *
scenario_sound_voice (const gchar * text)
{
  return g_hash_table_lookup (voices, text);
}
