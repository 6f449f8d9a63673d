/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "speech/played.h"

G_BEGIN_DECLS

/*
 * ParleyEcho: whether what comes from a caller is no more than what was played
 * to him, back from a loudspeaker.
 *
 * Neither the delay nor the loss of the way back is known, but this is: an echo
 * adds to what else is on the line, so the line is never softer than what was
 * played so long before, less that loss. Each moment at which it is softer
 * tells, for each of 90 delays from 50 to 940 ms, that an echo with that delay
 * loses at least so much. A caller who speaks makes nothing softer and spoils
 * nothing. After a second of speech all delays but those near the true one are
 * known to lose much; without an echo all are.
 *
 * What may be an echo is, in each of 16 bands, the loudest that any delay
 * allows, with the tail of a room behind it, and with what bands were learned
 * to come back louder or softer. What is louder in enough bands for long enough
 * is the caller.
 *
 * What was learned is kept while nothing is played. From one reply to the next
 * the delay may change by 50 ms. An echo that becomes much louder than it was
 * is taken for a caller, until it was followed at 1 dB a second.
 *
 * An instance is used by one thread at a time and does not allocate after
 * parley_echo_new(). Where nothing was played lately it does nothing.
 */
typedef struct _ParleyEcho ParleyEcho;

/* 10 ms at 8 kHz. */
#define PARLEY_ECHO_FRAME 80

/* Takes a reference to @played. Free with parley_echo_free(). */
ParleyEcho *parley_echo_new (ParleyPlayedSound *played);
void parley_echo_free (ParleyEcho *self);

/* Takes in frame @number of the line, which arrived at @now (µs of the clock of
 * @played; some may be late). Lost ones are left out. @voice: a detector hears
 * voice in it. TRUE: that is no more than our own. */
gboolean parley_echo_frame (ParleyEcho *self, guint64 number, gint64 now,
    const gint16 frame[PARLEY_ECHO_FRAME], gboolean voice);

/* Whether the way back is known, or that there is none: until then what
 * parley_echo_frame() takes for our own voice may be a caller's. */
gboolean parley_echo_is_known (const ParleyEcho *self);

/* The way back that loses least, in dB, and its delay, in ms: counted from when
 * @played has it that it was played. FALSE: no echo is known to be there. */
gboolean parley_echo_get_path (const ParleyEcho *self, gfloat *loss,
    guint *delay);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyEcho, parley_echo_free)

G_END_DECLS
