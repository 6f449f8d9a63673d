/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "net/call.h"

G_BEGIN_DECLS

/* Captures calls, so that they can be replayed (parley replay): what was on the
 * wire, what was said, and the sound that the voice made, each with its time. A
 * file a call; docs/replay.md has its format. Files are written by workers. */

/* A folder of captures. */
typedef struct _ParleyCaptures ParleyCaptures;

/* Makes the folder if it is not there. NULL with @error in one line. Not on a
 * loop, as _free(). */
ParleyCaptures *parley_captures_new (const gchar * dir, GError ** error);
/* Waits until what was captured is written. No call may be left. */
void parley_captures_free (ParleyCaptures * self);

/* The capture of one call. On the call's loop. */
typedef struct _ParleyCapture ParleyCapture;

/* From before the call has its socket. @call must outlive it. */
ParleyCapture *parley_capture_begin_in_loop (ParleyCaptures * captures,
    ParleyCall * call);
/* The call started; @file: of its @pipeline, which is not in PLAYING yet. */
void parley_capture_start_in_loop (ParleyCapture * self, const gchar * sid,
    const gchar * file, GstElement * pipeline);
/* An element's message: texts and times of turns are kept. */
void parley_capture_message_in_loop (ParleyCapture * self,
    const GstStructure * fields);
/* The pipeline is gone. The file is finished, unless the call never started. */
void parley_capture_end_in_loop (ParleyCapture * self);

G_END_DECLS
