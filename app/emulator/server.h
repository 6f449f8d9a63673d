/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/exchange.h"

G_BEGIN_DECLS

/* The emulator: it listens, finds the protocol of each request, and has what
 * all exchanges share. Everything happens on the context that was the thread's
 * default in parley_emulator_new(). One thread. */

/* Takes @settings. */
ParleyEmulator *parley_emulator_new (ParleyEmulatorSettings * settings);
/* Drops every connection. */
void parley_emulator_free (ParleyEmulator * self);

/* @host NULL: all addresses; @port 0: any free one. */
gboolean parley_emulator_listen (ParleyEmulator * self, const gchar * host,
    guint16 port, GError ** error);
guint16 parley_emulator_get_port (ParleyEmulator * self);

/* For exchanges. Borrowed. */
ParleyEmulatorSettings *parley_emulator_get_settings (ParleyEmulator * self);
ParleyRecords *parley_emulator_get_records (ParleyEmulator * self);
ParleyLoop *parley_emulator_get_loop (ParleyEmulator * self);
GHashTable *parley_emulator_get_shared (ParleyEmulator * self);
/* One more or less that must be over before the emulator is freed; the number
 * of those that came, 1, 2, 3… */
guint parley_emulator_enter (ParleyEmulator * self, ParleyExchange * exchange);
void parley_emulator_leave (ParleyEmulator * self, ParleyExchange * exchange);
/* Those of @protocol that are served now. */
guint parley_emulator_count (ParleyEmulator * self,
    const ParleyProtocol * protocol);

G_END_DECLS
