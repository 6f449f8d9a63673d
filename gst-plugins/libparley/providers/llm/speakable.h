/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text for the ear: @sentence (valid UTF-8) without markdown and emoji and with
 * blanks folded; "" when nothing is left to say. Links become their text,
 * table cells are parted by commas, numbers of list items stay. Apostrophes,
 * snake_case and arithmetic ("2 * 3") stay as they are. Marks whose other half
 * is in another sentence go too. Pure; any thread. Transfer full. */
gchar *parley_speakable (const gchar * sentence);

G_END_DECLS
