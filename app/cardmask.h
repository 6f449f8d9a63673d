/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hides numbers that look like those of payment cards in what was said: 13 to
 * 19 digits (ISO/IEC 7812), as digits or as English words ("four one double
 * one", "forty one eleven"), in any grouping by blanks, hyphens, dots, commas
 * or new lines, that pass the check of ISO/IEC 7812 annex B (Luhn), and 15 or
 * 16 digits even if they do not: a recogniser may have got one wrong. All but
 * the last four digits become "*". The number of lines stays the same.
 *
 * Transfer full. */
gchar *parley_card_mask (const gchar * text);

G_END_DECLS
