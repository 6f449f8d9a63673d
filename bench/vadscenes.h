/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vadnoises.h"

/*
 * Scenes to measure and to train voice activity detection on: recorded speech
 * with pauses, mixed with noise, coded to mu-law and back, with labels made
 * from the clean signal (vadrecordings.c).
 */
typedef struct
{
  VadNoiseKind noise;
  gdouble snr;                  /* dB, of active speech */
  gdouble level;                /* of active speech in dBFS */
  guint n_utterances;
  guint lead_frames;            /* of noise alone, before all speech */
  guint noise_frames;           /* and after it */
  /* For training: talkers of other pitch and distance, other telephones, noise
   * that jumps and stops, and clicks. */
  gboolean varied;
  guint32 seed;
} VadSceneSpec;

typedef struct
{
  gint16 *samples;
  gboolean *active;             /* frames of speech without noise */
  gboolean *labels;             /* and gaps of up to 100 ms between them */
  gsize n_frames;
  gsize speech_frames;          /* after these there is noise alone */
} VadScene;

VadScene *vad_scene_new (const VadSceneSpec *spec, const VadSources *sources);

void vad_scene_free (VadScene *scene);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VadScene, vad_scene_free)
