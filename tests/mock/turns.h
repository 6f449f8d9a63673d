/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* A turn's report with these stages: endpoint 400 ms, vadendpoint 0.04 ms, stt
 * @stt_ms ("sphinx"), llm-first-sentence 1.5 ms, tts-first-audio 50 ms,
 * mulawsink 0.2 ms, leading-silence 20 ms and playout 61 ms. It begins at 1 s;
 * the speech ended at 2.5 s of the stream. Transfer full. */
ParleyTurnReport *mock_turn_new (guint turn, guint stt_ms);

G_END_DECLS
