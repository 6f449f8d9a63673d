/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a scenario's caller lets hear: mu-law at 8 kHz. One thread. */

/* @ms of bursts, as a cough or a knock; transfer full. */
GByteArray *scenario_sound_cough (guint ms);
/* An answering machine's; transfer full. */
GByteArray *scenario_sound_beep (guint ms);
/* Has @text spoken, which takes real time. */
void scenario_sound_prepare (const gchar * text);
/* What was prepared; borrowed; NULL: it was not. */
GByteArray *scenario_sound_voice (const gchar * text);

G_END_DECLS
