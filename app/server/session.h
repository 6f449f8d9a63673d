/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/server.h"
#include "server/capture.h"
#include "server/prices.h"
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

/* What the caller heard of a reply. */
typedef struct
{
  guint64 reply;
  const gchar *text;            /* all of it so far */
  gboolean done;                /* to its end */
  gint64 ms;                    /* since the call's start */
} ParleyHeardText;

/* Why a session ended. */
typedef enum
{
  PARLEY_SESSION_HUNG_UP,       /* the caller, or this server */
  PARLEY_SESSION_AGENT,         /* the pipeline's EOS */
  PARLEY_SESSION_ERROR,         /* the pipeline's */
  PARLEY_SESSION_NO_PIPELINE,   /* it could not be made */
  /* As ParleyCallError: */
  PARLEY_SESSION_PROTOCOL,
  PARLEY_SESSION_NO_START,
  PARLEY_SESSION_STALE,
  PARLEY_SESSION_STUCK,
  PARLEY_SESSION_LOST,
  PARLEY_SESSION_N_ENDS
} ParleySessionEnd;

/* "hung-up", "agent", "error", "no-pipeline", "protocol", "no-start", "stale",
 * "stuck", "lost". */
const gchar *parley_session_end_to_string (ParleySessionEnd end);

/* What is known when the pipeline begins to work; borrowed. */
typedef struct
{
  const gchar *sid;
  const gchar *from;            /* may be NULL */
  const gchar *to;              /* may be NULL */
  const gchar *file;            /* of the pipeline */
  gint64 setup_us;              /* since the socket was accepted */
  GstElement *pipeline;
} ParleySessionBegin;

/* A tool of the model has answered. */
typedef struct
{
  const gchar *name;            /* NULL: the model called what there is not */
  gboolean worked;
  gint64 us;                    /* it took */
} ParleyToolReport;

/* An error or a warning of an element. */
typedef struct
{
  gboolean is_error;
  const gchar *element;         /* its factory's name, or NULL */
  GQuark domain;
} ParleyProblem;

/* All on the call's loop. */
typedef struct
{
  /* The pipelines for calls to @to (NULL: unknown); transfer full. */
  ParleyStock *(*pick) (const gchar * to, gpointer data);
  void (*began) (ParleySession * session, const ParleySessionBegin * begin,
      gpointer data);
  void (*caption) (ParleySession * session, const ParleyCaption * caption,
      gpointer data);
  void (*heard) (ParleySession * session, const ParleyHeardText * heard,
      gpointer data);
  /* The first sound of a reply was heard, or it ended before that. */
  void (*turn) (ParleySession * session, const gchar * sid,
      const ParleyTurnReport * report, gpointer data);
  void (*usage) (ParleySession * session, const ParleyUsage * usage,
      gpointer data);
  void (*tool) (const ParleyToolReport * tool, gpointer data);
  /* The caller's turn is over; @reason as of vadendpoint. */
  void (*turn_end) (const gchar * reason, gpointer data);
  void (*problem) (const ParleyProblem * problem, gpointer data);
  /* A provider failed, as an element message tells it. */
  void (*failure) (const GstStructure * fields, gpointer data);
  /* Last; the session is freed after it. @sid: NULL if it never started. */
  void (*over) (ParleySession * session, const gchar * sid,
      ParleySessionEnd end, const gchar * reason, gpointer data);
} ParleySessionHooks;

/* On the loop of @upgrade. @captures: where it is captured, or NULL. The
 * session keeps itself alive until it is over; what is returned is borrowed
 * until then. */
ParleySession *parley_session_begin (const ParleyUpgrade * upgrade,
    ParleyCaptures * captures, const ParleySessionHooks * hooks,
    gpointer data);

/* The call's; borrowed. */
ParleyLoop *parley_session_get_loop (ParleySession * session);

/* Hangs up; any thread that knows the session not to be over. */
void parley_session_end (ParleySession * session);

/* Calls @func with the pipeline on the call's loop, where its states are
 * changed: NULL once it ends, or while it is not there yet. Any thread that
 * knows the session not to be over. */
typedef void (*ParleySessionLook) (GstElement * pipeline, gpointer data);
void parley_session_look (ParleySession * session, ParleySessionLook func,
    gpointer data);

G_END_DECLS
