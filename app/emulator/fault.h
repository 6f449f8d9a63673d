/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What goes wrong on purpose, and with which requests. One thread. */

typedef enum
{
  PARLEY_FAULT_NONE,
  PARLEY_FAULT_REFUSE,          /* close the connection without a byte */
  PARLEY_FAULT_STATUS,          /* answer with an HTTP status */
  PARLEY_FAULT_HANG,            /* say nothing after so many chunks */
  PARLEY_FAULT_DROP,            /* reset the connection after so many chunks */
  PARLEY_FAULT_GARBAGE,         /* chunks are noise after so many */
  PARLEY_FAULT_DRIP,            /* few bytes at a time */
  PARLEY_FAULT_CUT              /* TCP segments of any length */
} ParleyFaultKind;

typedef struct
{
  ParleyFaultKind kind;
  const gchar *name;            /* as in rules; static */
  guint status;                 /* HTTP */
  gint retry_after;             /* seconds; -1: no such header */
  guint after;                  /* chunks or messages that are sent before */
  gsize bytes;                  /* of a piece, at most */
  gint64 every;                 /* µs between pieces */
} ParleyFault;

typedef struct _ParleyFaults ParleyFaults;

ParleyFaults *parley_faults_new (void);
void parley_faults_free (ParleyFaults * self);

/* Adds the rule @object. NULL, or what is wrong with it; transfer full. */
gchar *parley_faults_add (ParleyFaults * self, JsonObject * object);
void parley_faults_clear (ParleyFaults * self);
guint parley_faults_get_n_rules (ParleyFaults * self);

/* In the place of a protocol: a connection is accepted. */
#define PARLEY_FAULT_CONNECTION "connection"

/* A request of @protocol has come: the fault that it meets. Of several rules
 * that apply the first counts; all of them count the request. */
ParleyFault parley_faults_draw (ParleyFaults * self, const gchar * protocol);

/* For pieces and noise; borrowed. */
GRand *parley_faults_get_random (ParleyFaults * self);

G_END_DECLS
