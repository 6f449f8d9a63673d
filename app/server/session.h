/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/server.h"
#include "server/stock.h"
#include "turn/timeline.h"

G_BEGIN_DECLS

/* One call of the server: its ParleyCall and the pipeline made for it at
 * start. It lives on the call's loop, changes states from that loop's idle time
 * only, and ends with the call, with the pipeline's EOS or with its error,
 * whatever comes first. */

typedef struct _ParleySession ParleySession;

/* What was said, as the elements report it. */
typedef struct
{
  const gchar *sid;             /* of the call */
  gboolean agent;               /* else the caller */
  const gchar *text;
  gboolean final;               /* FALSE: the recogniser may change its mind */
  guint turn;                   /* said in it, or the answer to it */
  guint64 reply;                /* the agent's: which one */
  guint sequence;               /* and the place of the sentence in it */
  gint64 ms;                    /* since the call's start */
} ParleyCaption;

/* All on the call's loop. */
typedef struct
{
  /* The pipelines for calls to @to (NULL: unknown); transfer full. */
  ParleyStock *(*pick) (const gchar * to, gpointer data);
  void (*caption) (const ParleyCaption * caption, gpointer data);
  /* The first sound of a reply was heard, or it ended before that. */
  void (*turn) (const gchar * sid, const ParleyTurnReport * report,
      gpointer data);
  /* Last; the session is freed after it. @sid: NULL if it never started. */
  void (*over) (ParleySession * session, const gchar * sid, gpointer data);
} ParleySessionHooks;

/* On the loop of @upgrade. The session keeps itself alive until it is over;
 * what is returned is borrowed until then. */
ParleySession *parley_session_begin (const ParleyUpgrade * upgrade,
    const ParleySessionHooks * hooks, gpointer data);

/* Hangs up; any thread that knows the session not to be over. */
void parley_session_end (ParleySession * session);

G_END_DECLS
