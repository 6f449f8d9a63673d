/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What talkers (talker.h) say and are told: sounds with marks (marked.h), as
 * bargein.py writes them. */

typedef struct
{
  guint number;                 /* its marks say it: from 1 */
  gchar *kind;                  /* "words", "cough"…; "reply": the agent's */
  gchar *text;
  gchar *voice;
  gint level;                   /* dBFS of what is active */
  GBytes *mulaw;                /* NULL: the agent's */

  /* The agent's: a sentence of a reply. */
  gint reply;                   /* from 0; -1: a caller's */
  guint sentence;
  guint n_sentences;
  guint n_blocks;               /* MARKED_BLOCK each */
  guint before;                 /* blocks in the sentences before it */
  guint whole;                  /* blocks in all of them */
} Sound;

/* What one caller says: numbers (guint) of sounds. */
typedef struct
{
  GArray *events;               /* into replies, in this order; 0: nothing */
  GArray *prompts;              /* any of them into silence, for a reply */
  gdouble loss;                 /* dB, of what he hears on its way back to us;
                                 * 0: no echo */
  guint delay;                  /* ms, of that */
} ScriptCall;

typedef struct
{
  GPtrArray *sounds;            /* of Sound, by number less one */
  GPtrArray *calls;             /* of ScriptCall */
} Script;

/* Of @folder/script.json; ends the program with a message if it cannot be
 * read. */
Script *script_load (const gchar *folder);
void script_free (Script *self);

/* NULL: no such sound. */
const Sound *script_get (const Script *self, guint number);

G_END_DECLS
