/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "durations.h"

G_BEGIN_DECLS

/* How long the data of each turn stayed in one element.
 *
 * What leaves is matched with what came in: the same buffer; else the data of
 * the same turn or epoch that holds its first sample, by PTS; else, where the
 * element makes something of another kind (text of audio) or gives it another
 * time, the last that came in of that turn. What leaves without a turn belongs
 * to the turn of what it is matched with, which is then inferred. Each piece of
 * data that came in counts once, with the first that leaves of it.
 *
 * Outside of turns each piece of data is a stay by itself, of turn 0. Between
 * the turns of a call it is only counted.
 *
 * All times are arguments, in µs of one clock. The caller locks, unless no
 * other thread has it. Memory is bounded: the oldest data, turns and waits that
 * are still open make room. */

/* What enters or leaves: a buffer, or an event that stands for one. */
typedef struct
{
  guint turn;                   /* 0: none */
  guint64 epoch;                /* 0: none */
  gboolean marked;              /* carries a turn meta, maybe all zero */
  gboolean inferred;            /* turn and epoch come from other data */
  gconstpointer id;             /* equal for the same buffer; not followed */
  GstClockTime pts;
  GQuark medium;                /* "audio", "text", …; 0: not known */
  gint64 arrived;               /* at the process; 0: not known */
  gint64 entered;               /* the element that it leaves; 0: not known */
} ResidenceData;

typedef struct
{
  const gchar *peer;            /* interned: what was waited for */
  gint64 begin;
  gint64 end;
} ResidenceWait;

typedef struct
{
  guint buffers;
  GstClockTime time;
} ResidenceLevel;

#define RESIDENCE_MAX_WAITS 16

/* What one turn spent in the element; first what changes with each packet. */
typedef struct
{
  guint turn;
  guint count;                  /* pieces of data that were matched */
  guint64 epoch;
  gint64 begin;                 /* of the longest stay of any of them */
  gint64 end;
  gint64 last;                  /* µs that the last one stayed */
  guint n_waits;
  guint inferred:1;
  guint has_level:1;
  gint64 first;                 /* and that the first one did */
  gint64 waiting;               /* of the longest stay, µs; the rest is own */
  ResidenceLevel level_max;     /* each field by itself */
  ResidenceLevel level_last;
  ResidenceWait *waits;         /* the last n_waits; borrowed */
} ResidenceStay;

typedef struct
{
  Durations residence;
  Durations own;
  Durations waiting;
  gboolean inferred;            /* any of them */
} ResidenceSums;

typedef struct _Residence Residence;

/* A stay is over, but for those between turns; inside a call of any function
 * below. */
typedef void (*ResidenceFunc) (const ResidenceStay * stay, gpointer user_data);

typedef enum
{
  RESIDENCE_PLAIN = 0,
  /* What leaves came in when it arrived at the process. */
  RESIDENCE_SOURCE = 1 << 0,
  /* What came in left when the element gave back control, or ended to wait. */
  RESIDENCE_SINK = 1 << 1,
  /* May hold much data for long. */
  RESIDENCE_QUEUE = 1 << 2,
  /* What leaves says when it entered. */
  RESIDENCE_TELLS = 1 << 3,
} ResidenceKind;

Residence *residence_new (ResidenceKind kind, ResidenceFunc func,
    gpointer user_data);
void residence_free (Residence * self);
/* Around calls of what follows; a thread may hold several. */
void residence_lock (Residence * self);
void residence_unlock (Residence * self);
/* Has what a packet needs fetched while the caller does other things; @self may
 * be NULL. @place: where residence_enter() said that the next one goes, or
 * NULL; only a hint. */
void residence_prefetch (Residence * self, gconstpointer place);

/* Returns where the next one goes, most likely. */
gconstpointer residence_enter (Residence * self, const ResidenceData * data,
    gint64 now);
/* Ends what is long over, where residence_enter() is not called: of those that
 * tell. */
void residence_settle (Residence * self, gint64 now);
/* Fills in turn, epoch and inferred of @data where they are to be inferred. */
void residence_leave (Residence * self, ResidenceData * data, gint64 now);
/* Of a sink: came in at @begin, and control came back at @end. */
void residence_pass (Residence * self, const ResidenceData * data,
    gint64 begin, gint64 end);
/* @peer: interned. */
void residence_add_wait (Residence * self, guint turn, guint64 epoch,
    const ResidenceWait * wait, gint64 now);
/* What the element holds when data of a turn (or of none) comes. */
void residence_note_level (Residence * self, guint turn, guint64 epoch,
    const ResidenceLevel * level, gint64 now);
/* What is inside will not leave: a flush. */
void residence_forget (Residence * self);
/* Ends all stays. */
void residence_close (Residence * self);

/* Of the stays in turns, or of those of turn 0: what is over and what is not.
 * FALSE: there are none. */
gboolean residence_get_sums (Residence * self, gboolean in_turns,
    ResidenceSums * sums);
/* FALSE: none was noted. */
gboolean residence_get_level (Residence * self, ResidenceLevel * max,
    ResidenceLevel * last);
/* How much data is inside, as far as it is remembered. */
guint residence_get_n_inside (Residence * self);

void residence_sums_merge (ResidenceSums * self, const ResidenceSums * other);

G_END_DECLS
