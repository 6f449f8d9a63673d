/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "percentile.h"
#include "reportturns.h"
#include "waterfall.h"

/* Pixels. Names stand left of the bars, times right of them, so that no text
 * meets another. */
#define WIDTH 960
#define LEFT 280
#define RIGHT 860
#define ROW 22
#define BAR 14
#define TOP 92
#define AXIS 26
#define TITLE 34
/* So many characters of 12 pixels fit left. */
#define MAX_LABEL 39
#define MAX_TICKS 8

typedef struct
{
  GString *out;
  gdouble y;                    /* of the next row */
  gdouble scale;                /* pixels a µs */
} Picture;

/* No locale's comma. */
static const gchar *
number (gdouble value, gchar * text)
{
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.2f", value);
}

static void
add_text (Picture * self, gdouble x, gdouble y, const gchar * more,
    const gchar * text)
{
  g_autofree gchar *escaped = g_markup_escape_text (text, -1);
  gchar at[G_ASCII_DTOSTR_BUF_SIZE], down[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (self->out, "<text x=\"%s\" y=\"%s\"%s>%s</text>\n",
      number (x, at), number (y, down), more, escaped);
}

/* A bar of this row from @begin to @end, µs; @title shows under the mouse. */
static void
add_bar (Picture * self, gint64 begin, gint64 end, ParleyOwner owner,
    const gchar * title)
{
  g_autofree gchar *escaped = g_markup_escape_text (title, -1);
  gchar x[G_ASCII_DTOSTR_BUF_SIZE], y[G_ASCII_DTOSTR_BUF_SIZE];
  gchar width[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (self->out, "<rect x=\"%s\" y=\"%s\" width=\"%s\" "
      "height=\"%d\" fill=\"%s\"><title>%s</title></rect>\n",
      number (LEFT + begin * self->scale, x),
      number (self->y + (ROW - BAR) / 2, y),
      number (MAX ((end - begin) * self->scale, 0.5), width), BAR,
      parley_owner_get_colour (owner), escaped);
}

static void
end_row (Picture * self, const gchar * label, gint64 us)
{
  g_autofree gchar *start = g_utf8_substring (label, 0,
      MIN (g_utf8_strlen (label, -1), MAX_LABEL));
  g_autofree gchar *shown = g_utf8_strlen (label, -1) > MAX_LABEL
      ? g_strconcat (start, "…", NULL) : g_strdup (start);
  gchar ms[G_ASCII_DTOSTR_BUF_SIZE];

  add_text (self, LEFT - 8, self->y + ROW - 7, " text-anchor=\"end\"", shown);
  g_ascii_formatd (ms, sizeof ms, "%.1f", us / 1000.0);
  add_text (self, WIDTH - 8, self->y + ROW - 7, " text-anchor=\"end\"", ms);
  self->y += ROW;
}

/* 1, 2 or 5 times a power of ten, µs, so that at most MAX_TICKS fit. */
static gint64
tick_of (gint64 total)
{
  static const guint factors[] = { 1, 2, 5 };

  for (gint64 power = 1;; power *= 10)
    for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
      if (total / (power * factors[i]) < MAX_TICKS)
        return power * factors[i];
}

/* The axis under @n rows that begin at y, and its lines behind them. */
static void
add_axis (Picture * self, gint64 total, guint n)
{
  gdouble bottom = self->y + n * ROW;
  gint64 tick = tick_of (total);

  for (gint64 us = 0; us <= total; us += tick) {
    gchar x[G_ASCII_DTOSTR_BUF_SIZE], ms[G_ASCII_DTOSTR_BUF_SIZE];

    number (LEFT + us * self->scale, x);
    g_string_append_printf (self->out, "<path d=\"M%s %dV%d\" "
        "stroke=\"#ddd\"/>\n", x, (gint) self->y, (gint) bottom);
    g_ascii_formatd (ms, sizeof ms, "%g", us / 1000.0);
    add_text (self, LEFT + us * self->scale, bottom + 16,
        " text-anchor=\"middle\" fill=\"#555\"", ms);
  }
  add_text (self, WIDTH - 8, bottom + 16,
      " text-anchor=\"end\" fill=\"#555\"", "ms");
}

static void
begin_part (Picture * self, const gchar * title, gint64 total, guint n)
{
  add_text (self, 8, self->y - 10, " font-weight=\"bold\"", title);
  self->scale = (RIGHT - LEFT) / (gdouble) MAX (total, 1);
  add_axis (self, MAX (total, 1), n);
}

static void
draw_medians (Picture * self, GPtrArray * columns)
{
  gint64 total = 0, before = 0;

  for (guint i = 0; i < columns->len; i++)
    total += parley_percentile (((ParleyTurnColumn *)
            g_ptr_array_index (columns, i))->times, 50);
  begin_part (self, "Median of each stage, one after the other", total,
      columns->len);
  for (guint i = 0; i < columns->len; i++) {
    ParleyTurnColumn *column = g_ptr_array_index (columns, i);
    gint64 median = parley_percentile (column->times, 50);

    add_bar (self, before, before + median, column->owner,
        parley_owner_to_string (column->owner));
    end_row (self, column->name, median);
    before += median;
  }
}

static void
draw_turn (Picture * self, const ParleyLoggedTurn * turn)
{
  const ParleyTurnReport *report = turn->report;
  g_autofree gchar *label = g_strdup_printf ("%u of %s", report->turn,
      turn->call);
  gint64 before = 0;

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);
    g_autofree gchar *title = g_strdup_printf ("%s: %.1f ms (%s)",
        stage->name, stage->us / 1000.0, parley_owner_to_string (stage->owner));

    if (stage->us > 0)
      add_bar (self, before, before + stage->us, stage->owner, title);
    before += stage->us;
  }
  end_row (self, label, before);
}

static void
draw_slowest (Picture * self, GPtrArray * slowest)
{
  ParleyLoggedTurn *first;

  if (!slowest->len)
    return;
  first = g_ptr_array_index (slowest, 0);
  self->y += AXIS + TITLE;
  begin_part (self, "Slowest turns", parley_turn_get_total (first->report),
      slowest->len);
  for (guint i = 0; i < slowest->len; i++)
    draw_turn (self, g_ptr_array_index (slowest, i));
}

static void
add_legend (Picture * self)
{
  for (guint i = PARLEY_OWNER_SETTING; i <= PARLEY_OWNER_NETWORK; i++) {
    guint x = 8 + i * 110;

    g_string_append_printf (self->out, "<rect x=\"%u\" y=\"40\" width=\"12\" "
        "height=\"12\" fill=\"%s\"/>\n", x, parley_owner_get_colour (i));
    add_text (self, x + 18, 51, "", parley_owner_to_string (i));
  }
}

void
parley_turn_table_draw (ParleyTurnTable * table, GString * out)
{
  GPtrArray *columns = parley_turn_table_get_columns (table);
  GPtrArray *slowest = parley_turn_table_get_slowest (table);
  guint height = TOP + columns->len * ROW + AXIS
      + (slowest->len ? TITLE + slowest->len * ROW + AXIS : 0);
  g_autofree gchar *title = g_strdup_printf ("Where the time of %"
      G_GUINT64_FORMAT " answers went", parley_turn_table_get_count (table));
  Picture self = { out, TOP };

  g_string_append_printf (out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
      "viewBox=\"0 0 %d %u\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<title>%s</title>\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", WIDTH,
      height, WIDTH, height, title);
  add_text (&self, 8, 24, " font-size=\"18\"", title);
  add_legend (&self);
  draw_medians (&self, columns);
  draw_slowest (&self, slowest);
  g_string_append (out, "</svg>\n");
}
