/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "speech/vad.h"

/*
 * Scenes to measure and to train voice activity detection on: recorded speech
 * with pauses, mixed with noise, coded to mu-law and back, with labels made
 * from the clean signal. A frame is speech if its level is within
 * VAD_LABEL_RANGE_DB of its utterance's loudest frames and 10 dB above its
 * quietest, which in some recordings are not silent, or if it is within
 * VAD_LABEL_LEAST_DB of the loudest; gaps of up to 100 ms are closed.
 */
#define VAD_FRAME PARLEY_VAD_FRAME_SAMPLES
#define VAD_LABEL_RANGE_DB 35.0
#define VAD_LABEL_LEAST_DB 25.0

typedef struct
{
  gchar *path;
  gfloat *samples;              /* 8 kHz, at an active level of 1.0 */
  gsize n;
} VadRecording;

typedef enum
{
  VAD_NOISE_WHITE,
  VAD_NOISE_PINK,
  VAD_NOISE_HUM,
  VAD_NOISE_BABBLE,
  VAD_NOISE_RUMBLE,
  VAD_N_NOISES
} VadNoiseKind;

typedef struct
{
  VadNoiseKind noise;
  gdouble snr;                  /* dB, of active speech */
  gdouble level;                /* of active speech in dBFS */
  guint n_utterances;
  gboolean disturbed;           /* noise that jumps and stops, and clicks */
  guint32 seed;
} VadSceneSpec;

typedef struct
{
  gint16 *samples;
  gboolean *labels;
  gsize n_frames;
} VadScene;

/* Every second recording of the installed Debian packages with speech, from
 * the first (0) or the second (1) one on: the halves share voices, but no
 * recording. An array of VadRecording. */
GPtrArray *vad_recordings_load_half (guint half);

/* All recordings in a folder, added to the array. */
void vad_recordings_load_folder (GPtrArray *recordings, const gchar *folder);

/* Recordings not of the prompts' single voice, which are most: an array that
 * borrows from the given one. */
GPtrArray *vad_recordings_get_others (GPtrArray *recordings);

VadScene *vad_scene_new (const VadSceneSpec *spec, GPtrArray *talkers,
    GPtrArray *babblers);

void vad_scene_free (VadScene *scene);
