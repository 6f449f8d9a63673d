/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/registry.h"

G_BEGIN_DECLS

/* A recogniser, a language model and a synthesiser for tests, all by the name
 * "mock". They note what they are asked for and answer when the test says so,
 * or, as far as the script tells, by themselves. An answer to what was never
 * asked for, or was cancelled, is given all the same: late network data.
 *
 * Threads: answers by the test on the provider's loop; all else anywhere. */

typedef struct
{
  /* By themselves, after delay_us of net/clock.h; NULL and 0: never. */
  const gchar *final;           /* for each take */
  const gchar *reply;           /* to each request */
  guint ms_per_word;            /* a tone for each sentence … */
  guint chunk_ms;               /* … in pieces of so much, 0: in one */
  gint64 delay_us;

  gboolean whole_turns;         /* the recogniser hears turns as a whole */
  gboolean tells_no_ends;       /* the recogniser cannot, if asked to */
  gboolean hang_up;             /* with each reply */
  const gchar *greeting;        /* the model's own; NULL: none */
  const gchar *bad_setting;     /* warm() refuses with it; NULL: it does not */
  ParleyAudioFormat format;     /* of the sound */
} MockScript;

/* Registers the three the first time; forgets log and script. */
void mock_reset (void);
/* Borrowed; for changes before anything runs. */
MockScript *mock_script (void);

/* What was asked for since the last time, one word or more for each call,
 * separated by "; ". Transfer full. */
gchar *mock_take_log (void);
/* How many providers live. */
guint mock_count (void);

/* Of the provider made last. */
void mock_stt_partial (guint turn, guint take, const gchar * text);
void mock_stt_final (guint turn, guint take, const gchar * text);
void mock_stt_endpoint (guint turn, guint take, ParleySttEndpoint endpoint,
    const gchar * text);
void mock_stt_fail (guint turn, guint take, const gchar * why);

/* @nth: counts the requests from 1 since mock_reset(). */
guint mock_llm_count (void);
void mock_llm_delta (guint nth, const gchar * text);
/* @call and @name are the same. */
void mock_llm_call (guint nth, const gchar * call, const gchar * arguments);
void mock_llm_done (guint nth, gboolean hang_up);
void mock_llm_fail (guint nth, const gchar * why);

void mock_tts_audio (guint nth, guint ms);
/* The first @n words are said @ms into its audio. */
void mock_tts_word (guint nth, guint n, guint ms);
/* At 8 kHz mu-law, whatever the script says. */
void mock_tts_silence (guint nth, guint ms);
void mock_tts_done (guint nth);
void mock_tts_fail (guint nth, const gchar * why);

G_END_DECLS
