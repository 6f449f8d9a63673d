/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "residence.h"
#include "tracefile.h"

G_BEGIN_DECLS

/* What a tracer remembers of elements and pads: found from the pad by its
 * qdata, so that hooks share no lock, and not dependent on how long elements,
 * pads and the tracer itself live.
 *
 * Real elements only: bins have none, and a ghost pad leads to none, since what
 * it is given is pushed once more inside. */

typedef struct _TracedRegistry TracedRegistry;

typedef struct
{
  gint refs;                    /* atomic */
  TracedRegistry *registry;
  guint id;                     /* from 1; never used again */
  gchar *name;
  const gchar *factory;         /* interned */
  ResidenceKind kind;
  gint level_source;            /* private */

  GMutex lock;
  /* Under lock: */
  Residence *residence;
  TraceTrack track;
} TracedElement;

typedef struct _TracedPad TracedPad;
struct _TracedPad
{
  gint refs;                    /* atomic */
  gint gone;                    /* atomic: the pad is */
  gpointer parent;              /* only compared */
  TracedElement *element;       /* NULL: none */
  TracedPad *previous;          /* of another parent, maybe still in use */

  /* Of a source pad; these belong to the thread that pushes: */
  GQuark medium;                /* "audio", "text", … */
  gpointer peer;                /* only compared */
  TracedPad *traced_peer;       /* of that */
};

/* A stay in @element is over; @element is locked. */
typedef void (*TracedStayFunc) (TracedElement * element,
    const ResidenceStay * stay, gpointer user_data);

TracedRegistry *traced_registry_new (TracedStayFunc func, gpointer user_data);
/* Ends all stays. After that the function is not called any more. */
void traced_registry_close (TracedRegistry * self);
/* Ends all stays so far. */
void traced_registry_flush (TracedRegistry * self);
void traced_registry_unref (TracedRegistry * self);

/* Borrowed, lives as long as the pad. */
TracedPad *traced_registry_get_pad (TracedRegistry * self, GstPad * pad);
/* Of what @pad, whose own is @traced, is linked to; borrowed until the next
 * call for @pad; NULL: nothing. By the thread that pushes. */
TracedPad *traced_registry_get_peer (TracedRegistry * self, GstPad * pad,
    TracedPad * traced);
/* Borrowed, lives as long as the element; NULL for a bin. */
TracedElement *traced_registry_get_element (TracedRegistry * self,
    GstElement * element);

/* Whether the element says what it holds. */
gboolean traced_element_has_level (TracedElement * self);
/* What the element of the sink pad @pad holds; FALSE: it does not say. */
gboolean traced_element_read_level (TracedElement * self, GstPad * pad,
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
