/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One provider in one situation: a caller, the program's service with the six
 * elements, and the emulator in the place of the services. The provider that is
 * looked at has an emulator of its own, which alone goes wrong.
 *
 * Each cell runs in a thread of its own, on its own context. */

typedef enum
{
  TABLE_STT,
  TABLE_LLM,
  TABLE_TTS,
  TABLE_N_KINDS
} TableKind;

/* A column. */
typedef struct
{
  const gchar *title;
  TableKind kind;
  const gchar *name;            /* of the provider; in its errors too */
  const gchar *settings;        /* more of them, as in a launch line */
  const gchar *path;            /* of its base-url */
  const gchar *protocol;        /* the emulator's name for it */
  gboolean websocket;           /* kept for all turns */
  gboolean raw;                 /* its sound is bare: garbage is sound too */
} TableProvider;

/* How far the request of the first turn must have got for something to be
 * done. */
typedef enum
{
  TABLE_NEVER,
  TABLE_WAITING,                /* for its place: not even connecting */
  TABLE_CONNECTING,
  TABLE_SENT,                   /* and not answered */
  TABLE_MIDDLE,                 /* of the answer */
  TABLE_HEARD                   /* the answer is there and being heard */
} TablePoint;

/* What is done then. */
typedef enum
{
  /* The caller speaks on; where it is about hearing him he hangs up, and calls
   * again. */
  TABLE_CANCEL,
  TABLE_FLUSH                   /* the element gets a flush; he speaks on */
} TableAction;

/* A row. */
typedef struct
{
  const gchar *name;
  guint turns;
  const gchar *fault;           /* rule of the emulator without its protocol, '
                                 * for "; in force during the first turn */
  TablePoint point;
  TableAction action;
  guint late_ms;                /* the first answer's delay */
  guint first_byte_ms;          /* that timeout; 0: patient */
  gboolean restart;             /* of the service, between the turns */
  gboolean back_to_back;        /* the second follows the first's last sound */
  gboolean no_key, wrong_key;
  gboolean eager;               /* answers begin before a turn is over */
  /* What the first turn's text, reply and sound are, if not the usual ones. */
  const gchar *text[TABLE_N_KINDS];
  guint patience_ms;            /* of the caller; 0: 15 s */
  /* A pattern of what is heard: letters of tablesound.h; | where the caller
   * begins to speak, / where he calls again. */
  const gchar *heard[TABLE_N_KINDS];
  guint limit_ms[TABLE_N_KINDS];        /* of the longest wait */
  /* A pattern of what the log has to say, unless all was heard well; NULL: it
   * complains of nothing, but where it may, as what was asked is no longer
   * wanted. */
  const gchar *tells[TABLE_N_KINDS];
  gboolean may_tell;
} TableCase;

typedef struct
{
  const TableProvider *provider;
  const TableCase *row;
  gchar *key_name, *key;        /* a variable and what is in it */
  gboolean done;

  /* Afterwards. */
  gchar *heard;
  gint waited_ms;               /* the longest; -1: there was no answer */
  guint stalled_ms;             /* the machine stood still */
  GString *log;                 /* what was logged of it */
  GString *records;             /* of the emulators, and the service's pages */
  GString *problems;            /* what is wrong with it; empty: nothing */
} TableCell;

/* Before any is run: what callers say, a folder, an element, logs. After
 * gst_init(). */
void table_cells_begin (void);
void table_cells_end (void);

/* Before gst_init(): it sets a variable. */
TableCell *table_cell_new (const TableProvider * provider,
    const TableCase * row);
void table_cell_free (gpointer cell);
/* Runs and judges it, again if need be; any thread but a loop's. */
void table_cell_run (TableCell * cell);
/* Whether the key of the cell is anywhere in what the process has logged. */
gboolean table_cell_has_leaked (TableCell * cell);

G_END_DECLS
