/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/call.h"

G_BEGIN_DECLS

/* A call whose socket is a pair in this process, and the far end of it. One
 * thread, which iterates the loop's context and has it as its default. */
typedef struct
{
  ParleyCall *call;
  SoupWebsocketConnection *far;
  GMainContext *context;
  gboolean far_closed;
} CallPair;

#define CALL_PAIR_SID "MZ00000000000000000000000000000001"

void call_pair_init (CallPair * pair, ParleyLoop * loop);
/* The far end says start, with names and values of parameters, NULL last. */
void call_pair_start (CallPair * pair, ...) G_GNUC_NULL_TERMINATED;
/* Any text; iterates until the loop is idle. */
void call_pair_send (CallPair * pair, const gchar * json);
/* Ends the call; nobody else may hold it any more. */
void call_pair_clear (CallPair * pair);

G_END_DECLS
