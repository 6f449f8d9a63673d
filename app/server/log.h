/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* One line an event on stderr, with the time of day: "2026-01-31 12:00:00.123
 * CA123: …". Any thread. Never a key, never a whole number of a caller. */

/* What is printed; parley_log_problem() always is. */
typedef enum
{
  PARLEY_LOG_QUIET,
  PARLEY_LOG_CALLS,             /* begin and end of a call, warnings, and where
                                 * the time of its turns went */
  PARLEY_LOG_TURNS              /* also what was said */
} ParleyLogLevel;

void parley_log_set_level (ParleyLogLevel level);
/* @who: the call's sid, or NULL for the server. */
void parley_log_call (const gchar * who, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);
void parley_log_turn (const gchar * who, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);
void parley_log_problem (const gchar * who, const gchar * format, ...)
    G_GNUC_PRINTF (2, 3);

/* "turn {…}", with the JSON of turnjson.h, among the calls' lines. */
void parley_log_turn_report (const gchar * who,
    const ParleyTurnReport * report);

/* A number with all but its last three digits hidden; "" for NULL. Transfer
 * full. */
gchar *parley_log_mask (const gchar * number);

G_END_DECLS
