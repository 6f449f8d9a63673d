/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mock/cloudserver.h"
#include "mock/peer.h"
#include "providers/registry.h"

G_BEGIN_DECLS

/* A provider before a service on this machine, both on the default context, on
 * a clock that the test steps. What the provider tells is written down:
 * "delta(Hi) done " and the like; errors are held against the key. */

#define PARLEY_MOCK_KEY "kX-secret-0123456789abcdef"
#define PARLEY_MOCK_KEY_ENV "PARLEY_TEST_KEY"

typedef struct
{
  ParleyMockCloud *cloud;
  ParleyLoop *loop;
  gpointer provider;
  GString *log;
  GString *text;                /* deltas, or what was recognised last */
  GByteArray *audio;
  gdouble confidence;
  gchar *error;                 /* the last one's text */
  guint ended;                  /* done, final and failed that came */
} ParleyCloudRig;

/* @settings: name and text by turns, NULL at the end, besides base-url and
 * api-key-env. */
ParleyCloudRig *parley_cloud_rig_new (ParleyProviderKind kind,
    const gchar * provider, ...) G_GNUC_NULL_TERMINATED;
void parley_cloud_rig_free (ParleyCloudRig * rig);

/* Iterates until so many have ended; the clock stands still. */
void parley_cloud_rig_wait (ParleyCloudRig * rig, guint ended);
/* The same, stepping the clock up to @limit µs; fails if that is too short. */
void parley_cloud_rig_step (ParleyCloudRig * rig, guint ended, gint64 limit);
void parley_cloud_rig_clear (ParleyCloudRig * rig);

G_END_DECLS
