/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "residence.h"
#include "tracefile.h"

G_BEGIN_DECLS

/* What the tracer remembers of elements and pads. A pad's is found without a
 * look-up, so that data shares no lock; it lives as long as the pad, an
 * element's as long as anything of it.
 *
 * Real elements only: bins have none, and a ghost pad leads to none, since what
 * it is given is pushed once more inside. */

typedef struct _TracedRegistry TracedRegistry;

typedef struct
{
  Residence *residence;         /* its lock guards what says so below */
  ResidenceKind kind;
  gint level_source;            /* private */
  TracedRegistry *registry;
  gint refs;                    /* atomic */
  guint id;                     /* from 1; never used again */
  gchar *name;
  const gchar *factory;         /* interned */
  TraceTrack track;             /* under the residence's lock */
} TracedElement;

/* All that a packet needs lies in one line of the cache: what comes before
 * element. What is of the other side, and medium, left_out
 * and between_turns, belongs to the
 * thread that pushes (or pulls). */
typedef struct
{
  GstPadChainFunction chain;    /* the element's own, while it is wrapped */
  gpointer parent;              /* atomic; only compared */
  Residence *residence;         /* of element; NULL: there is none */
  gpointer peer;                /* only compared */
  Residence *other_residence;   /* of other; NULL: there is none */
  gconstpointer place;          /* in residence: a hint, never followed */
  gint generation;              /* of all pads, when peer was looked up */
  GQuark medium;                /* "audio", "text", …; 0: not known */
  guint left_out;               /* for whoever watches */
  guint8 kind;                  /* ResidenceKind of element */
  guint8 other_kind;            /* and of other */
  guint8 has_level;             /* element says what it holds */
  guint8 between_turns;         /* for whoever watches */

  TracedElement *element;       /* atomic; NULL: none yet */
  TracedElement *other;         /* what it is linked to, or NULL */
  TracedRegistry *registry;
  GSList *former;               /* elements it had before; registry's lock */

  /* The element's own, while they are wrapped. */
  GstPadChainListFunction chain_list;
  GstPadEventFunction event;
  GstPadEventFullFunction event_full;
  GstPadGetRangeFunction get_range;
} TracedPad;

/* A stay in @element is over; @element is locked. */
typedef void (*TracedStayFunc) (TracedElement * element,
    const ResidenceStay * stay);

/* One in a process, for good. */
TracedRegistry *traced_registry_new (TracedStayFunc func);
/* Ends all stays so far. */
void traced_registry_flush (TracedRegistry * self);

/* For a pad that was added to an element; borrowed; NULL: it has one. The
 * element need not be whole yet. */
TracedPad *traced_registry_add_pad (TracedRegistry * self, GstPad * pad);
/* NULL: was not added. */
TracedPad *traced_pad_find (GstPad * pad);
/* That of what @pad, of @self, is a part of now; borrowed, lives as long as the
 * pad; NULL: of nothing. */
Residence *traced_pad_get_residence (TracedPad * self, GstPad * pad);
/* Brings up to date what @self knows of the elements of @pad and of what @pad
 * is linked to, through bins. By the thread that pushes. */
void traced_pad_update (TracedPad * self, GstPad * pad);
/* Borrowed, lives as long as the element; NULL for a bin. */
TracedElement *traced_registry_get_element (TracedRegistry * self,
    GstElement * element);

/* What the element of the sink pad @pad holds; FALSE: it does not say. */
gboolean traced_pad_read_level (TracedPad * self, GstPad * pad,
    ResidenceLevel * level);

/* One element, or all of a factory that are gone since long. */
typedef struct
{
  guint id;                     /* 0: several */
  const gchar *name;            /* NULL: several */
  const gchar *factory;
  gboolean in_turns;            /* a stay is a turn, else one piece of data */
  ResidenceSums sums;
  gboolean has_level;
  ResidenceLevel level_max;
  ResidenceLevel level_last;
} TracedNumbers;

typedef void (*TracedNumbersFunc) (const TracedNumbers * numbers,
    gpointer user_data);
/* Elements in the order in which they were first seen. */
void traced_registry_foreach (TracedRegistry * self, TracedNumbersFunc func,
    gpointer user_data);

G_END_DECLS
