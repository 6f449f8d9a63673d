/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * ParleyMulawResampler: 16-bit mono at 8000 to 48000 Hz to 8 kHz mu-law, in
 * one pass over the samples.
 *
 * Each code is one dot product of the input with a row of a polyphase
 * Kaiser-windowed sinc, rounded, clipped and G.711-encoded in registers. The
 * filter is flat within 0.4 dB to 3.4 kHz and at least 45 dB down from 4 kHz
 * on. At 8000 Hz there is no filter and the output is the bit-exact G.711
 * code of each sample.
 *
 * The filter is centred: code n belongs to the instant n/8000 s of the input,
 * so the stream is not shifted. What is pushed comes out once the filter has
 * seen parley_mulaw_resampler_get_delay() samples more, at most 2.5 ms.
 *
 * The output depends on the samples alone, never on how they are divided
 * into pushes.
 *
 * An instance is used by one thread at a time. Filters are computed once in a
 * process for each rate, are shared by all threads and live until it exits.
 */
typedef struct _ParleyMulawResampler ParleyMulawResampler;

#define PARLEY_MULAW_RESAMPLER_MIN_RATE 8000
#define PARLEY_MULAW_RESAMPLER_MAX_RATE 48000

/* rate is in Hz; outside the range above NULL is returned. The first instance
 * for a rate computes its filter: under a millisecond for the usual rates, up
 * to 10 ms for those with a long ratio to 8000. Free with
 * parley_mulaw_resampler_free(). */
ParleyMulawResampler *parley_mulaw_resampler_new (guint rate);

void parley_mulaw_resampler_free (ParleyMulawResampler *self);

/* Forgets all input, as if new. */
void parley_mulaw_resampler_reset (ParleyMulawResampler *self);

/* How many input samples after a code's instant are needed to compute it; 0
 * at 8000 Hz. */
guint parley_mulaw_resampler_get_delay (const ParleyMulawResampler *self);

/* Converts n_samples samples in native byte order and appends the codes that
 * are complete to out. */
void parley_mulaw_resampler_push (ParleyMulawResampler *self,
    const gint16 *in, gsize n_samples, GByteArray *out);

/* Appends the codes still due, as if silence followed, so that since the last
 * reset round (samples * 8000 / rate) codes, halves upwards, came out. Then
 * resets. */
void parley_mulaw_resampler_drain (ParleyMulawResampler *self,
    GByteArray *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyMulawResampler,
    parley_mulaw_resampler_free)

G_END_DECLS
