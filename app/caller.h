/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "turn/timeline.h"

G_BEGIN_DECLS

/* A caller on Twilio's side of a Media Streams socket: speaks its turns in real
 * time, hears what comes back through a simulated playout and measures it.
 *
 * A caller waits for the greeting, then for each turn speaks and waits for the
 * reply's end (playout.h), then says stop and closes. All of it happens on the
 * GMainContext that is the thread's default in parley_caller_new(); nothing
 * waits. Times are of net/clock.h. One thread. */

typedef struct _ParleyCaller ParleyCaller;

/* One turn: audio, or keys. */
typedef struct
{
  gchar *said;                  /* what the result calls it */
  GBytes *mulaw;                /* NULL: keys */
  gchar *digits;                /* NULL: audio; of 0-9 * # A-D */
} ParleyCallerTurn;

ParleyCallerTurn *parley_caller_turn_new (const gchar * said, GBytes * mulaw,
    const gchar * digits);
void parley_caller_turn_free (gpointer turn);

/* Everything is copied or referenced by parley_caller_new(). Begin with
 * PARLEY_CALLER_CONFIG_INIT. */
typedef struct
{
  const gchar *url;             /* ws:// or wss:// */
  const gchar *auth_token;      /* signs the upgrade; NULL: unsigned */
  const gchar *sign_url;        /* the URL signed; NULL: url */
  const gchar *from;            /* parameters From and To; NULL: none */
  const gchar *to;
  GHashTable *parameters;       /* more of them, gchar* to gchar*, or NULL */
  GPtrArray *turns;             /* of ParleyCallerTurn; NULL: only listens */
  guint timeout_ms;             /* for a reply to begin, from the turn's end */
  gint barge_in_ms;             /* into a reply the next turn begins; -1: off */
  gboolean no_greeting;         /* speak at once */
  gboolean insecure;            /* take any TLS certificate */
  gboolean record;              /* keep both sides */
  gboolean keep_times;          /* of each frame, for an hour */
} ParleyCallerConfig;

#define PARLEY_CALLER_CONFIG_INIT { .timeout_ms = 10000, .barge_in_ms = -1 }

typedef struct
{
  gchar *said;
  /* From the caller's last loud sample to the reply's first, due to be heard;
   * negative: the agent spoke while the caller still did. */
  gboolean answered;
  gint64 response_us;           /* only if answered */
  gint64 reply_us;              /* length of what was heard; 0: none */

  /* For callertimeline.h: what the response was measured by. */
  gint64 end_us;                /* media timestamp after the last loud sample;
                                 * 0: keys */
  gint64 sent_at;               /* when the frame with it was sent */
  gint64 received_at;           /* when the reply's first media came */
  gint64 sound_us;              /* audio in it before its first loud sample */
  ParleyTurnReport *report;     /* the server's view; NULL: not known */
} ParleyCallerTurnResult;

typedef struct
{
  GError *error;                /* why the call failed; NULL: it did not */
  gint64 setup_us;              /* connecting to first media; -1: none came */
  gint64 greeting_us;           /* connecting to its first sample; -1: none */
  gint64 duration_us;
  GArray *turns;                /* of ParleyCallerTurnResult: those begun */
  guint sent;                   /* media messages */
  guint received;
  guint underruns;
  guint clears;
  guint marks;
  guint invalid;                /* messages that Twilio would warn about */
  GByteArray *caller_audio;     /* mu-law from one common start, if recorded */
  GByteArray *agent_audio;

  gchar *sid;                   /* of the call */
  GArray *frame_times;          /* gint64: when each frame was sent */
  gboolean joined;              /* the server was asked for its view */
  gboolean same_clock;          /* and it has our monotonic clock */
  GError *timeline_error;       /* why it gave none */
} ParleyCallerResult;

typedef enum
{
  PARLEY_CALLER_CONNECTED,      /* start was sent */
  PARLEY_CALLER_SPEAKS,         /* text: the turn */
  PARLEY_CALLER_SPOKE,          /* its last loud sample was sent */
  PARLEY_CALLER_HEARS,          /* first loud sample of a reply; value: due, µs
                                 * after the turn's end */
  PARLEY_CALLER_REPLY_ENDED,    /* value: its length in µs */
  PARLEY_CALLER_UNANSWERED,
  PARLEY_CALLER_MARK,           /* text: its name, echoed just now */
  PARLEY_CALLER_CLEAR,
  PARLEY_CALLER_INVALID,        /* text: what Twilio would warn about */
  PARLEY_CALLER_CLOSED
} ParleyCallerEvent;

/* @at: µs since the call began to connect. @text may be NULL. */
typedef void (*ParleyCallerEventFunc) (ParleyCaller * caller,
    ParleyCallerEvent event, gint64 at, const gchar * text, gint64 value,
    gpointer data);
/* The call is over; parley_caller_get_result() is complete. Once, never inside
 * a call of yours. The caller may be freed in it. */
typedef void (*ParleyCallerDoneFunc) (ParleyCaller * caller, gpointer data);

/* A session for any number of callers of this thread. */
SoupSession *parley_caller_session_new (void);

/* @event may be NULL. */
ParleyCaller *parley_caller_new (const ParleyCallerConfig * config,
    SoupSession * session, ParleyCallerEventFunc event,
    ParleyCallerDoneFunc done, gpointer data);
/* Connects; once. */
void parley_caller_start (ParleyCaller * caller);
/* Says the next turn now, whatever it was waiting for, or, after the last one,
 * stop. Not before it is connected, nor before the last sound of a turn. */
void parley_caller_go_on (ParleyCaller * caller);
/* Ends the call now, wherever it stands; done follows. */
void parley_caller_hang_up (ParleyCaller * caller);
/* At any time; without done if that was not called yet. */
void parley_caller_free (ParleyCaller * caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyCaller, parley_caller_free)

/* Borrowed. */
const ParleyCallerResult *parley_caller_get_result (ParleyCaller * caller);

/* {"call":{"setup_ms","greeting_ms","duration_ms"},"turns":[{"said",
 * "response_ms","reply_ms"}],"media":{"sent","received","underruns","clears",
 * "marks"}} and "error" if the call failed. Whole milliseconds or null. With
 * the server's view also what callertimeline.h says. Transfer full. */
JsonNode *parley_caller_result_to_json (const ParleyCallerResult * result);
/* {"calls":[…],"summary":{"calls","failed","unanswered","response_ms":{"p50",
 * "p90","p99"},"setup_ms":{…},"underruns","clears"}}; @results: of
 * ParleyCallerResult. Transfer full. */
JsonNode *parley_caller_results_to_json (GPtrArray * results);

#define PARLEY_CALLER_ERROR (parley_caller_error_quark ())
GQuark parley_caller_error_quark (void);

typedef enum
{
  PARLEY_CALLER_ERROR_CONNECT,  /* nobody there, or no TLS */
  PARLEY_CALLER_ERROR_REFUSED,  /* an HTTP answer instead of an upgrade */
  PARLEY_CALLER_ERROR_DROPPED   /* the call ended before its turns did */
} ParleyCallerError;

G_END_DECLS
