/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "capturefile.h"

G_BEGIN_DECLS

/* Providers that answer as those of a captured call did: the same texts, the
 * same sound, after the same time on parley_clock. They need no account, no
 * network and no engine.
 *
 * The recogniser knows a turn by its number, the model by what the caller said
 * (else the replies follow in their order), the voice by the sentence; one that
 * was never spoken becomes a tone of about its length. Tools are not called.
 *
 * One capture a process. */

/* Registers them under the name "replay"; @file must stay. */
void parley_replay_providers_use (const ParleyCaptureFile * file);
/* Has all cloudstt, llmchat and cloudtts of @pipeline, which is in NULL, use
 * them. */
void parley_replay_providers_set (GstElement * pipeline);

G_END_DECLS
