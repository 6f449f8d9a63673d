/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "voiceframes.h"

#include <string.h>

#include "speech/echo.h"
#include "speech/g711.h"
#include "speech/mulawresampler.h"
#include "speech/vad.h"

#define VAD_RATE 8000
#define FRAMES_A_SECOND (VAD_RATE / PARLEY_VAD_FRAME_SAMPLES)
#define MAX_LENGTH (PARLEY_MULAW_RESAMPLER_MAX_RATE / FRAMES_A_SECOND)

struct _VoiceFrames
{
  gboolean mulaw;
  guint length;
  gdouble sensitivity;
  ParleyVad *vad;
  ParleyPlayedSound *played;    /* owned by echo; NULL: all voice counts */
  ParleyEcho *echo;             /* NULL likewise */
  ParleyProsody prosody;

  gint16 samples[MAX_LENGTH];
  guint filled;
  gboolean torn;                /* a part of the frame is missing */
  guint heard;                  /* frames since one was */
  gboolean settled;
  guint echoes;                 /* a bit for each frame, the last one lowest */

  /* Above 8 kHz. Its codes are what a telephone would have sent. */
  ParleyMulawResampler *resampler;
  GByteArray *codes;
};

/* With the silence the filter looks ahead for put in front, each frame pushed
 * completes the codes of one frame exactly, at the price of hearing up to
 * 2.5 ms late. */
static void
prime_resampler (VoiceFrames * self)
{
  static const gint16 silence[MAX_LENGTH];
  guint delay;

  if (!self->resampler)
    return;
  parley_mulaw_resampler_reset (self->resampler);
  delay = parley_mulaw_resampler_get_delay (self->resampler);
  g_assert (delay <= G_N_ELEMENTS (silence));
  g_byte_array_set_size (self->codes, 0);
  parley_mulaw_resampler_push (self->resampler, silence, delay, self->codes);
}

VoiceFrames *
voice_frames_new (gboolean mulaw, guint rate, gdouble sensitivity)
{
  VoiceFrames *self = g_new0 (VoiceFrames, 1);

  g_assert (rate % VAD_RATE == 0 && rate <= PARLEY_MULAW_RESAMPLER_MAX_RATE);
  g_assert (!mulaw || rate == VAD_RATE);
  self->mulaw = mulaw;
  self->length = rate / FRAMES_A_SECOND;
  self->sensitivity = sensitivity;
  self->vad = parley_vad_new (sensitivity);
  if (rate != VAD_RATE) {
    self->resampler = parley_mulaw_resampler_new (rate);
    self->codes = g_byte_array_new ();
    prime_resampler (self);
  }
  return self;
}

void
voice_frames_free (VoiceFrames * self)
{
  parley_vad_free (self->vad);
  g_clear_pointer (&self->echo, parley_echo_free);
  g_clear_pointer (&self->resampler, parley_mulaw_resampler_free);
  g_clear_pointer (&self->codes, g_byte_array_unref);
  g_free (self);
}

void
voice_frames_reset (VoiceFrames * self)
{
  parley_vad_reset (self->vad);
  memset (&self->prosody, 0, sizeof self->prosody);
  prime_resampler (self);
  self->filled = self->heard = 0;
  self->torn = self->settled = FALSE;
}

void
voice_frames_set_sensitivity (VoiceFrames * self, gdouble sensitivity)
{
  if (sensitivity == self->sensitivity)
    return;
  parley_vad_free (self->vad);
  self->vad = parley_vad_new (sensitivity);
  self->sensitivity = sensitivity;
  self->heard = 0;
}

void
voice_frames_set_played (VoiceFrames * self, ParleyPlayedSound * played)
{
  if (played == self->played)
    return;
  g_clear_pointer (&self->echo, parley_echo_free);
  self->played = played;
  if (played)
    self->echo = parley_echo_new (played);
}

guint
voice_frames_get_length (const VoiceFrames * self)
{
  return self->length;
}

guint
voice_frames_get_sample_size (const VoiceFrames * self)
{
  return self->mulaw ? 1 : sizeof (gint16);
}

guint
voice_frames_fill (VoiceFrames * self, GstBuffer * buffer, gsize first,
    gsize n_samples)
{
  guint n = MIN (n_samples, self->length - self->filled);
  gint16 *to = self->samples + self->filled;
  guint8 codes[PARLEY_VAD_FRAME_SAMPLES];

  if (self->mulaw) {
    gst_buffer_extract (buffer, first, codes, n);
    parley_mulaw_decode (codes, to, n);
  } else {
    gst_buffer_extract (buffer, first * sizeof (gint16), to,
        n * sizeof (gint16));
    for (guint i = 0; G_BYTE_ORDER != G_LITTLE_ENDIAN && i < n; i++)
      to[i] = GINT16_FROM_LE (to[i]);
  }
  self->filled += n;
  return n;
}

guint
voice_frames_fill_gap (VoiceFrames * self, guint64 n_samples)
{
  guint n = MIN (n_samples, self->length - self->filled);

  memset (self->samples + self->filled, 0, n * sizeof (gint16));
  self->filled += n;
  self->torn |= n > 0;
  return n;
}

gboolean
voice_frames_is_full (const VoiceFrames * self)
{
  return self->filled == self->length;
}

static void
to_vad_rate (VoiceFrames * self, gint16 * out)
{
  g_byte_array_set_size (self->codes, 0);
  parley_mulaw_resampler_push (self->resampler, self->samples, self->length,
      self->codes);
  g_assert (self->codes->len == PARLEY_VAD_FRAME_SAMPLES);
  parley_mulaw_decode (self->codes->data, out, self->codes->len);
}

/* Of a frame that was heard, and an echo or not. */
static void
settle (VoiceFrames * self, gboolean speech, gboolean echo)
{
  self->heard = MIN (self->heard + 1, PARLEY_VAD_SETTLED_DELAY + 1);
  self->echoes = self->echoes << 1 | echo;
  self->settled = speech && self->heard > PARLEY_VAD_SETTLED_DELAY
      && !(self->echoes >> PARLEY_VAD_SETTLED_DELAY & 1);
}

ParleyEndpointerFrame
voice_frames_decide (VoiceFrames * self, guint64 number, gint64 now)
{
  ParleyVadResult result = { 0 };
  gint16 narrow[PARLEY_VAD_FRAME_SAMPLES];
  const gint16 *frame = self->samples;
  gboolean torn = self->torn, doubtful = FALSE, echo = FALSE;

  self->filled = 0;
  self->torn = FALSE;
  if (self->resampler) {
    to_vad_rate (self, narrow);
    frame = narrow;
  }
  if (!torn) {
    parley_vad_frame (self->vad, frame, &result);
    echo = self->echo && parley_echo_frame (self->echo, number, now, frame,
        result.voice);
    settle (self, result.settled, echo);
    if (echo) {
      doubtful = result.voice && !parley_echo_is_known (self->echo);
      result.voice = result.rising = FALSE;
    }
  } else {
    self->heard = 0;
    self->settled = FALSE;
  }
  parley_prosody_push (&self->prosody, &(ParleyProsodyFrame) {
      result.pitch, result.periodicity}
      , result.voice && result.quiet == 0);
  return (ParleyEndpointerFrame) {
  result.voice, result.quiet, result.rising, doubtful};
}

gboolean
voice_frames_was_speech (const VoiceFrames * self, guint * ago)
{
  *ago = self->heard > 0 ? PARLEY_VAD_SETTLED_DELAY : 0;
  return self->settled;
}

ParleyTone
voice_frames_get_tone (const VoiceFrames * self)
{
  return parley_prosody_get_tone (&self->prosody);
}
