/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A conversation in a text file, played through all six elements on a clock
 * that is stepped by hand; tests/scenarios/README.md tells the words. Speech is
 * real and its bounds are found by vadendpoint; what is recognised, answered
 * and spoken is set (scenarioproviders.h).
 *
 * Whatever a scenario expects, these are checked too: nothing of an older reply
 * is heard after something of a newer one, and what the model is told that the
 * caller heard is a beginning of what he heard. */

/* Makes the voices of the texts that the file @path has the caller say; before
 * the first scenario_play(), since it takes real time. */
void scenario_prepare (const gchar * path);

/* Plays it. NULL: it went as it should; else FILE:LINE: what did not. Transfer
 * full. */
gchar *scenario_play (const gchar * path);

G_END_DECLS
