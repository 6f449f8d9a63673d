/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* Where the time of an answer went, as bars for a terminal: one line a stage,
 * its bar where it lies in the whole; at the end the totals. */

typedef struct
{
  guint width;                  /* columns; 60 at least are used */
  gboolean colour;              /* by owner, as terminals know it */
  gboolean utf8;                /* eighths of a column, else '#' */
  gboolean all;                 /* also stages under 0.05 ms */
} ParleyWaterfallStyle;

/* What fits @fd: colours on a terminal (not with NO_COLOR or TERM=dumb), blocks
 * if the locale is UTF-8, a terminal's own width, else 80 columns. */
ParleyWaterfallStyle parley_waterfall_style (int fd);

/* Appends lines that each end in a line break. Pure. */
void parley_waterfall_draw (GString * out, const ParleyTurnReport * report,
    const ParleyWaterfallStyle * style);

/* The colour of @owner on white, "#rrggbb", for pictures. */
const gchar *parley_owner_get_colour (ParleyOwner owner);

G_END_DECLS
