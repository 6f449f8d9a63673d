/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Cuts the silence around synthesised speech while it streams through: 10 ms
 * are kept before the first sound and at most 150 ms after the last one.
 * Pauses in between pass, up to 1 s. Silent is a frame of 5 ms whose samples
 * all lie below the gate's level.
 *
 * Arithmetic only; a gate belongs to one thread at a time. */

#define PARLEY_GATE_LEAD_MS 10
#define PARLEY_GATE_TAIL_MS 150
#define PARLEY_GATE_PAUSE_MS 1000

typedef struct _ParleySilenceGate ParleySilenceGate;

/* @level: 1 to 32767, of a 16-bit sample. @rate in Hz, 200 at least. */
ParleySilenceGate *parley_silence_gate_new (guint rate, guint level);
void parley_silence_gate_free (ParleySilenceGate * gate);

/* Takes @n samples and appends what is sure to be heard to @out, as 16-bit
 * samples in this machine's order. */
void parley_silence_gate_push (ParleySilenceGate * gate,
    const gint16 * samples, gsize n, GByteArray * out);
/* The speech goes on with a text of its own: the silence from its last sound
 * so far to its next one becomes @ms long, whatever it is. */
void parley_silence_gate_join (ParleySilenceGate * gate, guint ms,
    GByteArray * out);
/* The speech is over: appends what is left of its tail. */
void parley_silence_gate_finish (ParleySilenceGate * gate, GByteArray * out);

G_END_DECLS
