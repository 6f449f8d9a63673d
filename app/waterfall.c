/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "waterfall.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "turnjson.h"

#define MIN_WIDTH 60
#define DEFAULT_WIDTH 80
#define TINY_US 50
/* Columns before the bars: name, owner, milliseconds. */
#define NAME_WIDTH 18
#define OWNER_WIDTH 8
#define LABEL_WIDTH (2 + NAME_WIDTH + 1 + OWNER_WIDTH + 1 + 8 + 2)
#define EIGHTHS 8

static const struct
{
  const gchar *terminal;        /* SGR */
  const gchar *picture;
} colours[] = {
  [PARLEY_OWNER_SETTING] = {"33", "#b07c00"},
  [PARLEY_OWNER_PROVIDER] = {"34", "#2f6fb5"},
  [PARLEY_OWNER_PARLEY] = {"32", "#2b8a3e"},
  [PARLEY_OWNER_NETWORK] = {"35", "#8e44ad"},
};

/* Full columns, and what is left of one, from the left. */
static const gchar *const blocks[] = {
  "", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"
};

const gchar *
parley_owner_get_colour (ParleyOwner owner)
{
  return colours[owner].picture;
}

static guint
terminal_width (int fd)
{
  struct winsize size;

  if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return DEFAULT_WIDTH;
}

ParleyWaterfallStyle
parley_waterfall_style (int fd)
{
  const gchar *no_colour = g_getenv ("NO_COLOR");
  gboolean terminal = isatty (fd);
  ParleyWaterfallStyle style = {
    .width = terminal ? terminal_width (fd) : DEFAULT_WIDTH,
    .colour = terminal && !(no_colour && *no_colour)
        && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0,
    .utf8 = g_get_charset (NULL),
  };

  return style;
}

/* A bar from @from to @to, in columns. A terminal cannot leave out the left of
 * a column, so that a bar begins at a whole one; its length is exact. */
static void
append_bar (GString * out, gdouble from, gdouble to, gboolean utf8)
{
  guint begin = floor (from + 1e-9);
  guint eighths = lround ((to - from) * EIGHTHS);
  guint columns = lround (to - from);

  for (guint i = 0; i < begin; i++)
    g_string_append_c (out, ' ');
  if (!utf8) {
    for (guint i = 0; i < MAX (columns, 1); i++)
      g_string_append_c (out, '#');
    return;
  }
  for (guint i = 0; i < eighths / EIGHTHS; i++)
    g_string_append (out, blocks[EIGHTHS]);
  /* The shortest is seen, too. */
  g_string_append (out, blocks[eighths ? eighths % EIGHTHS : 1]);
}

static void
append_stage (GString * out, const ParleyStage * stage, gint64 before,
    gint64 total, const ParleyWaterfallStyle * style)
{
  guint columns = MAX (style->width, MIN_WIDTH) - LABEL_WIDTH;
  /* One column is left for a bar that is rounded up at the end. */
  gdouble scale = (gdouble) (columns - 1) / total;

  g_string_append_printf (out, "  %-*.*s %-*s %8.1f  ", NAME_WIDTH, NAME_WIDTH,
      stage->name, OWNER_WIDTH, parley_owner_to_string (stage->owner),
      stage->us / 1000.0);
  if (style->colour)
    g_string_append_printf (out, "\033[%sm", colours[stage->owner].terminal);
  append_bar (out, before * scale, (before + stage->us) * scale, style->utf8);
  if (style->colour)
    g_string_append (out, "\033[0m");
  g_string_append_c (out, '\n');
}

static void
append_totals (GString * out, const ParleyTurnReport * report)
{
  g_string_append_printf (out, "  turn %u: sent after %.1f ms", report->turn,
      report->sent_us / 1000.0);
  if (report->heard_us >= 0)
    g_string_append_printf (out, ", heard after %.1f ms",
        report->heard_us / 1000.0);
  else
    g_string_append (out, ", not heard");
  if (report->cached)
    g_string_append (out, ", cached");
  if (report->speculated)
    g_string_append (out, ", speculated");
  if (report->reason)
    g_string_append_printf (out, ", over by %s", report->reason);
  g_string_append_c (out, '\n');
}

void
parley_waterfall_draw (GString * out, const ParleyTurnReport * report,
    const ParleyWaterfallStyle * style)
{
  gint64 total = MAX (parley_turn_get_total (report), 1), before = 0;

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (style->all || stage->us >= TINY_US)
      append_stage (out, stage, before, total, style);
    before += stage->us;
  }
  append_totals (out, report);
}
