/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "turn/timeline.h"

G_BEGIN_DECLS

/* What cloudstt knows of a turn that has no outcome yet. One thread. */
typedef struct
{
  guint turn;
  guint sent_take;              /* the last take a recogniser was asked for */
  guint finished;               /* the last take whose audio is complete */
  guint got;                    /* the last take that was answered */
  guint resumed;                /* the last take that turned out not the end */
  guint end;                    /* the final take; 0: not known yet */
  GString *text;                /* finals of its takes, joined */
  gboolean whole;               /* each take is recognised with those before */
  gsize fixed;                  /* bytes of the text that stay then */
  GByteArray *audio;            /* of the takes behind them, if whole */
  gdouble confidence;           /* of the text of the last take */
  gchar *failure;               /* why a take has no text; or NULL */
  GstClockTime pts;
  GstClockTime duration;
  gint64 arrived;
  gint64 ended;                 /* µs: when the end was known; 0: not yet */
  ParleyTimeline *timeline;     /* of the last take that ended, or NULL */
  GSource *timer;               /* runs out on the recogniser */
  gpointer owner;               /* the element, borrowed */
} SttTurn;

SttTurn *stt_turn_new (guint number, gpointer owner);
void stt_turn_free (gpointer turn);

/* The turn's text with @text of its last take; with whole turns, of those
 * before it too. Transfer full. */
gchar *stt_turn_join (SttTurn * turn, const gchar * text);
/* The audio in @buffer, which is the turn's: its times are noted. Transfer
 * full. */
GBytes *stt_turn_take_buffer (SttTurn * turn, GstBuffer * buffer);
/* What a new take is to begin with: the takes before, unless they are so long
 * that their text must do. NULL: nothing. Transfer full. */
GBytes *stt_turn_get_audio_before (SttTurn * turn);

G_END_DECLS
