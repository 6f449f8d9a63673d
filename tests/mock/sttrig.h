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

typedef struct
{
  ParleyMockService *service;
  ParleyLoop *loop;
  ParleySttProvider *stt;
  GString *log;                 /* "partial 1/1 hi; final 1/1 hi 0.90" */
  GError *error;                /* of the last that failed */
  gboolean cancels;             /* each partial is answered by a cancel */
} SttRig;

/* @name of the provider; its base-url and key are set, nothing is warm. */
void stt_rig_set_up (SttRig * rig, const gchar * name);
void stt_rig_tear_down (SttRig * rig);

void stt_rig_begin (SttRig * rig, guint turn, guint take);
/* @n bytes of mu-law, all of value @fill. */
void stt_rig_audio (SttRig * rig, gsize n, guint8 fill);
void stt_rig_finish (SttRig * rig);
/* Waits until the log holds @text. */
void stt_rig_await (SttRig * rig, const gchar * text);
/* Lets happen what is under way. */
void stt_rig_settle (void);
/* Time goes on. */
void stt_rig_advance (gint64 us);

G_END_DECLS
