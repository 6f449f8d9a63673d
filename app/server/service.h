/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "server/delivery.h"
#include "server/session.h"

G_BEGIN_DECLS

/* What parley serve does, for a program with a main context of its own: the
 * server, its pages, the pipelines and the calls.
 *
 * Threads: all functions on one thread that is no loop. */

typedef struct _ParleyService ParleyService;

typedef struct
{
  const gchar *file;            /* the pipeline of calls */
  GHashTable *routes;           /* To number to another file, or NULL */
  const gchar *host;
  guint16 port;                 /* 0: any free one */
  const gchar *public_url;      /* as of parley_webhook_new() */
  const gchar *auth_token_env;
  GTlsCertificate *certificate; /* NULL: no TLS */
  guint max_calls;              /* at once */
  guint keep_calls;             /* ended ones that /calls still knows */
  const gchar *prices;          /* the price file, or NULL */
  const gchar *admin_token_env; /* as of parley_admin_new() */
  /* Where the records of calls go, or NULL; card numbers in them are hidden
   * unless show_cards. */
  const ParleyDeliveryConfig *delivery;
  gboolean show_cards;
  const gchar *capture_dir;     /* calls are captured there, or NULL */
  /* What was said in any call, on the call's loop; may be NULL. */
  void (*caption) (const ParleyCaption * caption, gpointer data);
  /* Where the time of an answer went, likewise. */
  void (*turn) (const gchar * sid, const ParleyTurnReport * report,
      gpointer data);
  gpointer data;
} ParleyServiceConfig;

/* Loads the files, brings the prototypes to READY and listens. The config is
 * copied. NULL with @error in one line. */
ParleyService *parley_service_new (const ParleyServiceConfig * config,
    GError ** error);
/* Ends what is left, waits until the loops have let go. */
void parley_service_free (ParleyService * service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyService, parley_service_free)

guint16 parley_service_get_port (ParleyService * service);
guint parley_service_get_calls (ParleyService * service);
/* Where the script is that answers, or NULL; owned by the service until the
 * next reload. */
const gchar *parley_service_get_script (ParleyService * service);
/* FALSE: /metrics and /calls are closed for want of a token. */
gboolean parley_service_is_admin_open (ParleyService * service);
/* Whether the pipelines and what they share are ready to answer at once. */
gboolean parley_service_is_ready (ParleyService * service);

/* Reads the files again; calls to come use them. A file that cannot be used is
 * logged, and what was there before it stays. Returns the number of those. */
guint parley_service_reload (ParleyService * service);

/* Takes no more calls. @idle (data) is called in the thread-default main
 * context, once, when the last one is over. */
void parley_service_drain (ParleyService * service, void (*idle) (gpointer),
    gpointer data);
/* Hangs up every call. */
void parley_service_end_calls (ParleyService * service);

G_END_DECLS
