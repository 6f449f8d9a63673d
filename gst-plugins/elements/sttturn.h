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
  gboolean whole;               /* a take's text is that of those before too */
  gsize fixed;                  /* bytes of the text that stay then */
  gboolean again;               /* as each take begins with their audio */
  GByteArray *audio;            /* of the takes behind them, if so */
  gchar *partial;               /* the newest text that is not final; or NULL */
  guint partial_take;           /* and its take */
  gchar *early;                 /* what it was at a take's end; or NULL */
  guint early_take;             /* and that take */
  gdouble confidence;           /* of the text of the last take */
  gchar *failure;               /* why a take has no text; or NULL */
  GstClockTime pts;
  GstClockTime duration;
  gint64 arrived;
  gint64 ended;                 /* µs: when the end was known; 0: not yet */
  const gchar *ended_by;        /* a provider, interned; NULL: silence */
  const gchar *reason;          /* of the end, interned; NULL: not said */
  gboolean told_over;           /* the recogniser knows that it is over */
  ParleyTimeline *timeline;     /* of the last take that ended, or NULL */
  GSource *timer;               /* runs out on the recogniser */
  gpointer owner;               /* the element, borrowed */
} SttTurn;

SttTurn *stt_turn_new (guint number, gpointer owner);
void stt_turn_free (gpointer turn);

/* Of a queue of them; NULL: it is not there. */
SttTurn *stt_turns_find (GQueue * turns, guint number);
/* Those of which the recogniser has more than it has answered. */
guint stt_turns_count_unanswered (GQueue * turns);
/* Its end is known and answered. */
gboolean stt_turn_is_over (const SttTurn * turn);
/* The turn's text with @text of its last take; with whole turns, of those
 * before it too. Transfer full. */
gchar *stt_turn_join (SttTurn * turn, const gchar * text);
/* What is known of @take, which is not final: the whole turn's text, transfer
 * full. */
void stt_turn_note_partial (SttTurn * turn, guint take, gchar * text);
/* Once for each take that ended and has no final text, if those before it do:
 * what is known of it. NULL: nothing, or it was told. Borrowed. */
const gchar *stt_turn_get_early (SttTurn * turn);
/* The audio in @buffer, which is the turn's: its times are noted. Transfer
 * full. */
GBytes *stt_turn_take_buffer (SttTurn * turn, GstBuffer * buffer);
/* The same without the times. Transfer full. */
GBytes *stt_turn_copy_audio (GstBuffer * buffer);
/* Who recognises knows better by now what the turn is so far, which it has
 * answered and which has not gone on since. FALSE: nothing changes. */
gboolean stt_turn_correct (SttTurn * turn, const gchar * text);
/* The text with its times. Transfer full. */
GstBuffer *stt_turn_make_buffer (SttTurn * turn);
/* What applications are told: message "cloudstt". Transfer full. */
GstStructure *stt_turn_new_message (guint turn, guint take,
    const gchar * text, gboolean final, gdouble confidence);
/* @take was its last; @by: a provider said so, NULL: nobody in particular. */
void stt_turn_end (SttTurn * turn, guint take, const gchar * by);
/* More than what is set to wait for its text, in µs: a file gives a turn's
 * audio all at once, and a recogniser of whole turns may get it all again at
 * the last; recognising it then takes a time of its own. */
gint64 stt_turn_get_extra_time (SttTurn * turn, gboolean live);
/* What a new take is to begin with: the takes before, unless they are so long
 * that their text must do. NULL: nothing. Transfer full. */
GBytes *stt_turn_get_audio_before (SttTurn * turn);

G_END_DECLS
