/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vadrecordings.h"

typedef enum
{
  VAD_NOISE_WHITE,
  VAD_NOISE_PINK,
  VAD_NOISE_HUM,
  VAD_NOISE_BABBLE,             /* eight talkers */
  VAD_NOISE_MUSIC,              /* on hold */
  VAD_NOISE_CLICKS,             /* of up to 20 ms */
  VAD_NOISE_DROPOUTS,           /* pink, and a packet in fifteen lost */
  VAD_NOISE_ECHO,               /* of the talker himself, and a little pink */
  VAD_N_MEASURED_NOISES,

  VAD_NOISE_SOUNDS = VAD_N_MEASURED_NOISES,     /* things and animals */
  VAD_NOISE_TELEVISION,         /* a few talkers and music from a loudspeaker in
                                 * a room */
  VAD_NOISE_CROWD,              /* three to twelve talkers */
  VAD_NOISE_RUMBLE,
  VAD_NOISE_TONES,              /* keys, ring-back, busy */
  VAD_NOISE_STREET,             /* of any colour, coming and going */
  VAD_NOISE_COMFORT,            /* comes where speech is not */
  VAD_N_NOISES
} VadNoiseKind;

extern const gchar *const vad_noise_names[VAD_N_NOISES];

/* Where noise is made from. */
typedef struct
{
  GPtrArray *voices;            /* see vad_voices_load() */
  GPtrArray *talker;            /* the one of them who speaks */
  GArray *music;
  GPtrArray *sounds;            /* see vad_sounds_load() */
} VadSources;

/* Those of a split of what bench/vad_voices.sh collected, without a talker.
 * FALSE, and a word about it on standard error, if some are not there. */
gboolean vad_sources_load (VadSources *sources, const gchar *folder,
    const gchar *split);

void vad_sources_clear (VadSources *sources);

/* @n samples at a power of 1.0. ECHO is pink here, as is what DROPOUTS
 * interrupt. Free with g_free(). */
gfloat *vad_noise_new (VadNoiseKind kind, gsize n, const VadSources *sources,
    GRand *rand);

/* Bursts of noise or of a tone of 1 to 20 ms, and single pulses: a handset put
 * down, a switch. @longest samples between them. */
void vad_add_clicks (gfloat *samples, gsize n, gint longest, GRand *rand);

/* A room beside the direct sound: it decays by 60 dB in so many seconds. */
void vad_reverberate (gfloat *samples, gsize n, gdouble seconds, gfloat gain);
