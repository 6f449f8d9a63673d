/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/endpointing.h"

G_BEGIN_DECLS

/* Providers named "scenario", and "scenario2" for fallbacks, which do as a
 * scenario says, on parley_clock: a recogniser that knows what is being said, a
 * model with set answers, and a voice whose every word can be told from the
 * bytes of its sound.
 *
 * One at a time; one thread. */

typedef enum
{
  SCENARIO_KIND_STT,
  SCENARIO_KIND_LLM,
  SCENARIO_KIND_TTS,
  SCENARIO_KIND_N
} ScenarioKind;

/* All of a fresh scenario: nothing said, no answers, no delays. */
void scenario_providers_reset (void);

/* µs from a request to its answer. */
void scenario_set_delay (ScenarioKind kind, gint64 us);
/* µs from one sentence of the model to the next. */
void scenario_set_sentence_delay (gint64 us);
/* More of it for the next request. */
void scenario_set_connect (ScenarioKind kind, gint64 us);
/* The next @n requests fail. */
void scenario_fail (ScenarioKind kind, guint n);
/* The next @n that do not break off in the middle: the model's behind its first
 * sentence, the voice's behind so many words. */
#define SCENARIO_BREAK_WORDS 2
void scenario_break (ScenarioKind kind, guint n);
/* The model says @reply to @said; to anything that has no answer if @said is
 * "*". */
void scenario_add_answer (const gchar * said, const gchar * reply);
/* The caller begins to say @text; recognised from the next take on that is
 * finished. */
void scenario_begin_saying (const gchar * text);

/* The recogniser, which was asked to tell ends of turns, tells @endpoint of
 * what is being said or was said last. @text: all of that turn; NULL: as it was
 * said. */
void scenario_tell (ParleySttEndpoint endpoint, const gchar * text);

/* Requests to the model so far. */
guint scenario_get_requests (void);
/* Its last one, "role: text" a line, where a tool is called "call: NAME", the
 * system prompt left out. Borrowed. */
const gchar *scenario_get_history (void);

/* A word of the voice takes 200 ms, ten frames of 20 ms; each of these holds
 * its number. */
#define SCENARIO_FRAME_LEN 160
#define SCENARIO_WORD_FRAMES 10
/* The word in the frame that begins at @frame; NULL: none does. @synthesis:
 * which sentence it is of, counted over the whole scenario from 1. Borrowed. */
const gchar *scenario_find_word (const guint8 * frame, guint * word,
    guint * synthesis);
/* The sentence of @synthesis. Borrowed. */
const gchar *scenario_get_sentence (guint synthesis);

G_END_DECLS
