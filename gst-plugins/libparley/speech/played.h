/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is played to a caller and when: the last seconds of the mu-law that was
 * sent, each sample with the time at which it is played at the earliest. That
 * is behind what was sent before, or at once; what lies between here and the
 * ear comes on top.
 *
 * Written by whoever sends, read by whoever listens; any threads. Times are µs
 * of one monotonic clock. Nothing is allocated before anything is sent. */
typedef struct _ParleyPlayedSound ParleyPlayedSound;

/* A slot is 10 ms of that clock, numbered from its zero. */
#define PARLEY_PLAYED_SLOT 80
#define PARLEY_PLAYED_SLOT_US 10000

ParleyPlayedSound *parley_played_new (void);
ParleyPlayedSound *parley_played_ref (ParleyPlayedSound *self);
void parley_played_unref (ParleyPlayedSound *self);

/* @len codes were sent at @now. What would be played more than 2 s later is not
 * kept. */
void parley_played_send (ParleyPlayedSound *self, gint64 now,
    const guint8 *codes, gsize len);

/* What was sent and is not played yet at @now never is. */
void parley_played_clear (ParleyPlayedSound *self, gint64 now);

/* When all that was sent will have been played; 0: nothing was sent. */
gint64 parley_played_get_end (ParleyPlayedSound *self);

/* Codes of a slot. FALSE: nothing was played in it, or that is forgotten: 2 s
 * of the past are remembered. */
gboolean parley_played_read (ParleyPlayedSound *self, gint64 slot,
    guint8 codes[PARLEY_PLAYED_SLOT]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyPlayedSound, parley_played_unref)

G_END_DECLS
