/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/exchange.h"
#include "emulator/sound.h"

G_BEGIN_DECLS

/* What is behind the protocols: ears, a voice and a mind, scripted or those of
 * this machine, as slow as the settings say. Each belongs to an exchange and
 * must be freed before it; callbacks never come inside the call that asked
 * (but partial inside parley_hearing_audio()), nor after the free. */

/* One utterance. */
typedef struct _ParleyHearing ParleyHearing;
typedef struct
{
  /* What was understood so far; may be NULL. */
  void (*partial) (ParleyExchange * exchange, const gchar * text,
      gpointer data);
  /* All of it, once; NULL: the engine could not. It may be freed in it. */
  void (*final) (ParleyExchange * exchange, const gchar * text,
      gpointer data);
} ParleyHearingFuncs;
/* @index: which utterance it is, from 0, for texts by order; @language may be
 * NULL; @rate in Hz. */
ParleyHearing *parley_hearing_new (ParleyExchange * exchange, guint index,
    const gchar * language, guint rate, const ParleyHearingFuncs * funcs,
    gpointer data);
void parley_hearing_audio (ParleyHearing * self, const gint16 * samples,
    gsize n);
/* What it would be if it ended now; borrowed, until the next call. */
const gchar *parley_hearing_peek (ParleyHearing * self);
void parley_hearing_finish (ParleyHearing * self);
void parley_hearing_free (ParleyHearing * self);

/* One text. */
typedef struct _ParleySpeaking ParleySpeaking;
typedef struct
{
  /* A chunk of the sound, in the format asked for. */
  void (*audio) (ParleyExchange * exchange, const guint8 * bytes, gsize len,
      gpointer data);
  /* Once; it may be freed in it. */
  void (*done) (ParleyExchange * exchange, gboolean failed, gpointer data);
} ParleySpeakingFuncs;
ParleySpeaking *parley_speaking_new (ParleyExchange * exchange,
    const gchar * text, const ParleySoundFormat * format,
    const ParleySpeakingFuncs * funcs, gpointer data);
void parley_speaking_free (ParleySpeaking * self);

/* One reply. */
typedef struct _ParleyAnswering ParleyAnswering;
typedef struct
{
  /* A token. */
  void (*token) (ParleyExchange * exchange, const gchar * text,
      gpointer data);
  /* Instead of or after text: call the function @name. */
  void (*tool) (ParleyExchange * exchange, const gchar * name,
      const gchar * arguments, gpointer data);
  /* Once; it may be freed in it. */
  void (*done) (ParleyExchange * exchange, gboolean failed, gpointer data);
} ParleyAnsweringFuncs;
/* @messages: of ParleyMessage. @result: what the function said that was called
 * last, if nothing was said since; else NULL. */
ParleyAnswering *parley_answering_new (ParleyExchange * exchange,
    GPtrArray * messages, const gchar * result,
    const ParleyAnsweringFuncs * funcs, gpointer data);
void parley_answering_free (ParleyAnswering * self);

G_END_DECLS
