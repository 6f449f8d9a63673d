/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/breaker.h"
#include "net/httprequest.h"
#include "net/retry.h"
#include "net/sse.h"
#include "providers/provider.h"

G_BEGIN_DECLS

/* What providers behind a network share: settings, the key, the address, the
 * place at the breaker, requests with their tries, a warm connection.
 *
 *   static const ParleyCloudInfo info = { ... };
 *   class_init: parley_cloud_class_init (object_class, settings);
 *   init:       self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &info);
 *   warm:       return parley_cloud_warm (self->cloud, error);
 *   a request:  request = parley_cloud_request_in_loop (self->cloud, "POST",
 *                   "/chat/completions", &error);
 *               ... headers and body ...
 *               call = parley_cloud_call_in_loop (self->cloud, request,
 *                   &handler, job);
 *
 * The settings are properties of the provider. All have base-url, api-key-env,
 * max-concurrent, connect-timeout, first-byte-timeout, total-timeout and
 * fallback-after (0: there is no fallback). With a fallback there is one try,
 * which has no longer than that to begin its answer, and a quarter of it to
 * wait for its place: the fallback can do it sooner than a second try.
 *
 * Threads: setting properties, parley_cloud_new() and parley_cloud_warm(), one
 * after the other; all else on the provider's loop. The provider may be let go
 * on any thread once its calls have ended. */

typedef struct _ParleyCloud ParleyCloud;

typedef struct
{
  const gchar *name;            /* "openai": in errors */
  const gchar *kind;            /* "stt", "llm" or "tts": has its own limit */
  ParleyOperation operation;    /* gives the timeouts */
  const gchar *base_url;        /* without a slash at its end */
  const gchar *key_env;         /* the usual variable; NULL: no key needed */
  const gchar *key_header;      /* "Authorization" */
  const gchar *key_prefix;      /* "Bearer "; NULL: none */
  /* A cheap GET behind base-url that keeps a connection warm; NULL: none. */
  const gchar *warm_path;
  guint max_concurrent;         /* unless set; 0: no limit */
} ParleyCloudInfo;

/* Installs the common settings and those named in @settings (NULL-terminated),
 * of: model, voice, language, hints, instructions (text), temperature (double,
 * below 0: not set), max-tokens (uint, 0: not set), speed (double, 1),
 * stability and similarity (double, below 0: not set), transport and encoding
 * (text), eot-threshold (double, 0: not set), eager-eot-threshold (double, 0:
 * none; 0.5), eot-timeout (uint, 0: not set). Takes set_property and
 * get_property of @klass over. */
void parley_cloud_class_init (GObjectClass * klass,
    const gchar * const *settings);
/* In the provider's init; ends with the provider. Borrowed. @info is static. */
ParleyCloud *parley_cloud_new (ParleyProvider * provider,
    const ParleyCloudInfo * info);

/* Looks whether the settings can work (address, key, files) and begins to keep
 * a connection warm. FALSE with @error: what to do. Waits for nothing. */
gboolean parley_cloud_warm (ParleyCloud * self, GError ** error);

/* Settings; borrowed. A text that was not set, or is empty, is @fallback. */
const gchar *parley_cloud_get_text (ParleyCloud * self, const gchar * name,
    const gchar * fallback);
gdouble parley_cloud_get_double (ParleyCloud * self, const gchar * name);
guint parley_cloud_get_uint (ParleyCloud * self, const gchar * name);
/* The words of "hints" (commas or lines between them, or @FILE), without
 * blanks around them; NULL-terminated, transfer full. */
gchar **parley_cloud_dup_hints (ParleyCloud * self);
/* All settings that the answer depends on, for cache keys; transfer full. */
gchar *parley_cloud_describe (ParleyCloud * self);

/* base-url without a slash at its end; borrowed. */
const gchar *parley_cloud_get_base_url (ParleyCloud * self);
/* base-url is the service's own. */
gboolean parley_cloud_is_usual_host (ParleyCloud * self);
/* After parley_cloud_warm(): the key; NULL: none is sent. Never log it. The
 * usual variable's key goes to the service's own address only: with another
 * base-url only what api-key-env names is sent. Borrowed. */
const gchar *parley_cloud_get_key (ParleyCloud * self);
void parley_cloud_get_timeouts (ParleyCloud * self, ParleyTimeouts * timeouts);
ParleyLoop *parley_cloud_get_loop (ParleyCloud * self);
/* The connections of the loop; borrowed. */
ParleyHttpSession *parley_cloud_get_session_in_loop (ParleyCloud * self);
/* The place where calls are let through, for websockets (calls below enter it
 * by themselves); borrowed. */
ParleyBreaker *parley_cloud_get_breaker (ParleyCloud * self);

/* Of the provider, if it is one behind a network, else NULL; borrowed. */
ParleyCloud *parley_cloud_of (ParleyProvider * provider);
/* Whether a request now would be taken up in time. @is_probe: it would be the
 * one that finds out whether the service is back. @reason: why not; static. */
gboolean parley_cloud_is_up_in_loop (ParleyCloud * self, gboolean * is_probe,
    const gchar ** reason);
/* It holds a place at the breaker already: +1, and no more: -1. */
void parley_cloud_add_place_in_loop (ParleyCloud * self, gint n);
/* When a request with this @deadline stops waiting for its place. */
gint64 parley_cloud_get_queue_deadline (ParleyCloud * self, gint64 deadline);
/* As often as there are tries; transfer full. */
ParleyRetry *parley_cloud_new_retry (ParleyCloud * self);

/* A request of @path behind base-url ("/models?limit=1"), with the key and the
 * timeouts; transfer full. NULL with @error: the settings cannot work. */
ParleyHttpRequest *parley_cloud_request_in_loop (ParleyCloud * self,
    const gchar * method, const gchar * path, GError ** error);

/* One thing that is asked of the service, over as many tries as it takes. */
typedef struct _ParleyCloudCall ParleyCloudCall;

/* headers, then chunks or events, then done or failed, once and last; or failed
 * alone. A try that failed is not told: @restart is, before the next one is
 * sent, and what came of it counts no more. Exactly one of chunk and event is
 * set; the others may be NULL. Never inside parley_cloud_call_in_loop(). Any of
 * them may free the call; after done and failed it must be freed. */
typedef struct
{
  void (*headers) (ParleyCloudCall * call, gpointer data);
  void (*chunk) (ParleyCloudCall * call, const guint8 * bytes, gsize len,
      gpointer data);
  void (*event) (ParleyCloudCall * call, const ParleySseEvent * event,
      gpointer data);
  void (*restart) (ParleyCloudCall * call, gpointer data);
  void (*done) (ParleyCloudCall * call, gpointer data);
  void (*failed) (ParleyCloudCall * call, const GError * error,
      gpointer data);
} ParleyCloudHandler;

/* Takes @request (transfer full). Waits for its place at the breaker and tries
 * again where that may help, as long as first-byte-timeout lasts. */
ParleyCloudCall *parley_cloud_call_in_loop (ParleyCloud * self,
    ParleyHttpRequest * request, const ParleyCloudHandler * handler,
    gpointer data);
/* Something of the answer went on: from now on there is no other try. */
void parley_cloud_call_commit_in_loop (ParleyCloudCall * call);
/* Inside headers, chunk, event or done: what came is an error. Ends this try
 * (restart or failed follows, later). Takes @error, of PARLEY_NET_ERROR. */
void parley_cloud_call_fail_in_loop (ParleyCloudCall * call, GError * error);
/* Inside chunk or event: all that matters has come. Nothing is told any more;
 * free the call. What is left of the answer is read without it, so that the
 * connection is kept. */
void parley_cloud_call_finish_in_loop (ParleyCloudCall * call);
/* Borrowed. */
ParleyHttpRequest *parley_cloud_call_get_request (ParleyCloudCall * call);
/* Cancels what is under way. */
void parley_cloud_call_free (ParleyCloudCall * call);

G_END_DECLS
