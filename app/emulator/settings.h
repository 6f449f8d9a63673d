/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/delay.h"
#include "emulator/fault.h"

G_BEGIN_DECLS

/* The file of parley emulator: docs/emulator.md. */

typedef struct
{
  gchar *language;              /* the beginning of the request's; NULL: any */
  guint shorter_ms;             /* audio shorter than this; 0: any */
  gchar *text;
} ParleyEmulatorTranscript;

typedef struct
{
  gchar *when;                  /* in the last message; NULL: by order */
  gchar *say;                   /* NULL: nothing */
  gchar *tool;                  /* a function to call; NULL: none */
  gchar *arguments;             /* its arguments, JSON */
} ParleyEmulatorReply;

typedef struct
{
  gchar *when;                  /* in the text to speak */
  GBytes *mulaw;                /* 8 kHz */
} ParleyEmulatorSound;

typedef struct
{
  gchar **keys;                 /* accepted; NULL: any */
  gboolean open;                /* a key is not even asked for */

  gboolean stt_local;
  GPtrArray *transcripts;       /* of ParleyEmulatorTranscript */
  GPtrArray *transcript_rules;  /* the same, with a condition */
  gchar *grammar;               /* for pocketsphinx; NULL: its own */
  guint silence_ms;             /* that ends an utterance */
  guint eager_ms;               /* that may end one, where that is told */
  guint n_files;                /* transcribed so far */

  gboolean llm_local;
  GPtrArray *replies;           /* of ParleyEmulatorReply, by order */
  GPtrArray *reply_rules;       /* the same, with "when" */
  gchar *script;                /* path; for local */
  gdouble tokens_per_second;    /* 0: all at once */

  gboolean tts_local;
  gchar *voice;                 /* of flite; NULL: its own */
  GPtrArray *sounds;            /* of ParleyEmulatorSound */
  guint character_ms;           /* how long the tone is */
  guint chunk_ms;               /* of sound */
  gdouble speed;                /* times real time; 0: all at once */

  ParleyDelay connection;       /* accepted, until it is listened to */
  ParleyDelay handshake;
  ParleyDelay stt_partial;
  ParleyDelay stt_final;
  ParleyDelay llm_first_token;
  ParleyDelay tts_first_audio;
  ParleyDelay rest;

  gboolean keep_alive;          /* connections, for further requests */
  GHashTable *limits;           /* protocol to requests at once, as pointer */
  ParleyFaults *faults;
  guint max_records;
} ParleyEmulatorSettings;

/* @file NULL: all by default. Reads files and, for prepared sound, needs
 * gst_init(). NULL with @error: one line that names file and place. */
ParleyEmulatorSettings *parley_emulator_settings_new (const gchar * file,
    GError ** error);
void parley_emulator_settings_free (ParleyEmulatorSettings * self);

G_END_DECLS
