/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/check/gstharness.h>

#include "speech/vad.h"
#include "turn/endpointer.h"

/* What the tests of vadendpoint share: scenes of recorded speech, a recorder of
 * all that comes out of the element in order, and an oracle that says what
 * should. */

#define VAD_SOUNDS "/usr/share/asterisk/sounds/en_US_f_Allison/"
#define FRAME PARLEY_VAD_FRAME_SAMPLES
#define MS 8                    /* samples at 8 kHz */
#define MULAW "audio/x-mulaw,rate=8000,channels=1"
#define S16(rate) "audio/x-raw,format=S16LE,layout=interleaved,channels=1," \
    "rate=" G_STRINGIFY (rate)

/* Instead of g_test_run(): TRUE, and said so, when the recordings are not
 * installed. */
gboolean vad_skip_without_sounds (void);

/* A scene is an array of gint16 at 8 kHz. */
GArray *vad_scene_new (void);
void vad_scene_add_speech (GArray * scene, const gchar * name);
/* A quiet line: noise at -70 dBFS, the same in each run. */
void vad_scene_add_noise (GArray * scene, guint ms);
/* Two words with @pause ms of noise between them. */
GArray *vad_scene_two_words (guint pause);
GArray *vad_scene_conversation (void);
/* The decision about each whole frame; free with g_free(). */
ParleyVadResult *vad_scene_decide (GArray * scene, gdouble sensitivity);

typedef struct
{
  ParleyEndpointerSettings endpointer;
  guint preroll;
  gdouble sensitivity;
} VadExpect;

/* The element's defaults. */
extern const VadExpect vad_standard;

/* A line for each stretch of gap or audio, in samples, and for each
 * speech-end. */
gchar *vad_expected_timeline (GArray * scene, const VadExpect * expect);

typedef struct
{
  GstHarness *h;
  GstBus *bus;
  guint rate, sample_size;
  guint64 pushed;               /* samples of input */

  GString *timeline;            /* what is serialized, in the oracle's words */
  GString *events;              /* all parley/ events */
  GByteArray *audio;            /* of all buffers */
  GArray *arrived;              /* gint64 of each buffer */
  guint gaps, buffers;
  guint discont_wrong;          /* buffers with DISCONT set wrongly or not */
  gboolean gap_before;          /* the last data was a gap, or there was none */
  GstClockTime at;              /* end of the last data */

  guint heard_turn, heard_take; /* by the events so far */
  gchar *last;                  /* kind of data the timeline ends with */
  gsize last_at;                /* where in the timeline its end is written */
} VadFixture;

VadFixture *vad_fixture_new (const gchar * caps);
void vad_fixture_free (VadFixture * self);
void vad_fixture_set_format (VadFixture * self, const gchar * caps);
void vad_fixture_set (VadFixture * self, const VadExpect * expect);
/* What came out until now no longer matters. */
void vad_fixture_forget (VadFixture * self);
guint64 vad_fixture_to_samples (VadFixture * self, GstClockTime time);

GstBuffer *vad_fixture_make_buffer (VadFixture * self,
    const gint16 * samples, guint n);
GstFlowReturn vad_fixture_push (VadFixture * self, const gint16 * samples,
    guint n);
/* Buffers of @n samples, or of 1 to 800 if it is 0. */
void vad_fixture_push_scene (VadFixture * self, GArray * scene, guint n);
/* Up to the first turn's start; returns how many samples that took. */
guint vad_fixture_push_into_turn (VadFixture * self, GArray * scene);
void vad_fixture_push_eos (VadFixture * self);

/* The audio that came out is that of the scene, where the timeline says. */
void vad_fixture_assert_audio (VadFixture * self, GArray * scene);
/* Input as of vad_fixture_push_scene() comes out as the oracle says. */
void vad_assert_scene (GArray * scene, const VadExpect * expect,
    guint buffer_size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VadFixture, vad_fixture_free)
