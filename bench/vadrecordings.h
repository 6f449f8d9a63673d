/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "speech/vad.h"

/* Recorded speech and music to make scenes from, as bench/vad_voices.sh lays
 * them out. */
#define VAD_FRAME PARLEY_VAD_FRAME_SAMPLES

typedef struct
{
  gfloat *samples;              /* 8 kHz, at an active level of 1.0 */
  gsize n;
  gboolean *active;             /* whether each whole frame is */
} VadRecording;

/* All recordings of a folder, by name: an array of
 * VadRecording. Those that are never quiet are left out, as it is not known
 * when they speak. */
GPtrArray *vad_voice_load (const gchar *folder);

/* The folders of a folder, each a voice, by name: an array of such arrays. */
GPtrArray *vad_voices_load (const gchar *folder);

/* All WAV files of a folder, one after the other, at a power of 1.0. */
GArray *vad_music_load (const gchar *folder);

/* Each of them by itself: an array of such arrays. */
GPtrArray *vad_sounds_load (const gchar *folder);
