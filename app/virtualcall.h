/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/call.h"
#include "pipelinefile.h"
#include "playout.h"

G_BEGIN_DECLS

/* A call that nobody makes: a pipeline between a caller's messages and a
 * simulated playout, on parley_clock stepped by hand. Between two steps all
 * that can happen has happened, the workers' part too, so that the same
 * messages give the same events at the same microseconds: as fast as the
 * machine is.
 *
 * The caller's side echoes marks when what is before them was heard
 * (playout.h). filesinks write to /dev/null. Elements with threads of their own
 * still run, but by their own time.
 *
 * One at a time in a process, whose clock it takes; nothing else of Parley may
 * run. All on one thread, which is the call's loop. */
typedef struct _ParleyVirtualCall ParleyVirtualCall;

typedef struct
{
  /* The agent's side sent @message; borrowed. */
  void (*sent) (const ParleyTwilioMessage * message, gpointer data);
  /* The pipeline posted a message, with a structure if it is an element's. */
  void (*posted) (GstMessage * message, gpointer data);
  /* Before the pipeline starts, after the caller's start message. */
  void (*made) (GstElement * pipeline, gpointer data);
} ParleyVirtualCallHooks;

/* Any hook may be NULL. NULL with @error: the pipeline cannot be made. */
ParleyVirtualCall *parley_virtual_call_new (const ParleyPipelineFile * file,
    const ParleyVirtualCallHooks * hooks, gpointer data, GError ** error);
/* Ends the call and the clock by hand. */
void parley_virtual_call_free (ParleyVirtualCall * self);

/* A message of the caller's side, now; @json ends with NUL. After its start
 * message the pipeline runs. */
void parley_virtual_call_send (ParleyVirtualCall * self, const gchar * json);
/* Lets time pass up to @us since the call began. */
void parley_virtual_call_advance_to (ParleyVirtualCall * self, gint64 us);
/* What the caller hears; it can be read. Borrowed; its time is parley_clock. */
ParleyPlayout *parley_virtual_call_get_playout (ParleyVirtualCall * self);
/* µs since the call began. */
gint64 parley_virtual_call_now (ParleyVirtualCall * self);
/* The agent, or an error, has ended it. */
gboolean parley_virtual_call_is_over (ParleyVirtualCall * self);

G_END_DECLS
