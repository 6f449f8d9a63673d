/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mock/wsservice.h"
#include "mock/peer.h"
#include "providers/registry.h"

G_BEGIN_DECLS

/* A recogniser of the cloud, its service here, and what it tells; on the
 * default context with time standing still. */

#define STT_RIG_KEY "k3y-0f-the-0wner-0123456789"
#define STT_RIG_ENV "PARLEY_TEST_KEY"

typedef struct _SttRig SttRig;

struct _SttRig
{
  ParleyMockService *service;
  ParleyLoop *loop;
  ParleySttProvider *stt;
  GString *log;                 /* "partial 1/1 hi; final 1/1 hi 0.90; ends 1/1
                                 * hi": hears, may-end, goes-on, ends */
  GError *error;                /* of the last that failed */
  gboolean cancels;             /* each partial is answered by a cancel */
  /* Each endpoint; may be NULL. */
  void (*on_endpoint) (SttRig * rig, ParleySttEndpoint endpoint);
};

/* @name of the provider; its base-url and key are set, nothing is warm. */
void stt_rig_set_up (SttRig * rig, const gchar * name);
void stt_rig_tear_down (SttRig * rig);

void stt_rig_begin (SttRig * rig, guint turn, guint take);
/* @n bytes of mu-law, all of value @fill. */
void stt_rig_audio (SttRig * rig, gsize n, guint8 fill);
void stt_rig_finish (SttRig * rig);
/* Lets happen what is under way: the log is @log, and cleared. */
void stt_rig_expect (SttRig * rig, const gchar * log);
/* Waits until the log holds @text. */
void stt_rig_await (SttRig * rig, const gchar * text);

G_END_DECLS
