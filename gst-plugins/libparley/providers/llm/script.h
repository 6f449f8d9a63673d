/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/llmprovider.h"

G_BEGIN_DECLS

/* A conversation written down as JSON: what callers may say, what is answered,
 * and where that leads. docs/script.md describes the format.
 *
 * A script never changes once it is loaded: any thread may use it. It holds no
 * conversation either; each answer replays the caller's messages so far, so
 * that the same history always gets the same answer. */

typedef struct _ParleyScript ParleyScript;

/* Reads @path; a file that was not changed since is read once a process. Reads
 * a local file: not for a busy loop. Returns NULL with
 * PARLEY_PROVIDER_ERROR_SETTINGS, whose text names file, place and remedy. */
ParleyScript *parley_script_load (const gchar * path, GError ** error);
/* What the last parley_script_load() of @path gave, without looking at the
 * file; transfer full, NULL if there was none. */
ParleyScript *parley_script_peek (const gchar * path);
/* The same from memory; @name stands for the file in messages, @length -1 for
 * NUL-terminated. */
ParleyScript *parley_script_parse (const gchar * name, const gchar * json,
    gssize length, GError ** error);
ParleyScript *parley_script_ref (ParleyScript * script);
void parley_script_unref (ParleyScript * script);

typedef struct
{
  gchar *text;                  /* the reply */
  gchar *tool;                  /* instead: to be called first; NULL: none */
  gchar *arguments;             /* for it: an object of all that was said */
  gboolean hang_up;             /* the call ends after it */
  gchar *intent;                /* what was understood; NULL: fallback */
  gchar *state;                 /* where the conversation is now */
} ParleyScriptAnswer;

/* The answer to the last user message of @messages (of ParleyMessage), or to
 * what a tool said behind it. Never NULL; without any user message it is a
 * fallback. */
ParleyScriptAnswer *parley_script_answer (ParleyScript * script,
    GPtrArray * messages);
void parley_script_answer_free (ParleyScriptAnswer * answer);

/* What is said first, call variables (%{call.from}) not replaced yet; NULL for
 * none; lives as long as the script. */
const gchar *parley_script_get_greeting (ParleyScript * script);

/* A JSGF grammar of all phrases in all states, for a recogniser:
 * "public <utterance> = <intent_a> | <intent_b> …;". Transfer full. */
gchar *parley_script_to_jsgf (ParleyScript * script);
/* One sentence a phrase that the script understands, in the order of the file;
 * of gchar *, elements owned by the array, as below. */
GPtrArray *parley_script_examples (ParleyScript * script);
/* The words of the grammar, sorted, each once. */
GPtrArray *parley_script_words (ParleyScript * script);

#define PARLEY_TYPE_LLM_SCRIPT (parley_llm_script_get_type ())
G_DECLARE_FINAL_TYPE (ParleyLlmScript, parley_llm_script, PARLEY, LLM_SCRIPT,
    ParleyLlmProvider)

G_END_DECLS
