/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The insides of vadendpoint: gstvadendpoint.c is the element, vadinput.c cuts
 * what comes in into frames and follows its time, vadturns.c does what is
 * decided about them, vadwait.c says how long the silence at the end of a turn
 * is, vadtold.c follows what a recogniser says of turns, vadecho.c finds out
 * what is played to the caller. All on the thread that pushes, under the sink
 * pad's stream lock, except where said. */

#include "gstvadendpoint.h"
#include "speechgate.h"
#include "turn/endpointer.h"
#include "turn/endpointrules.h"
#include "turntimes.h"
#include "voiceframes.h"

G_BEGIN_DECLS

typedef struct
{
  ParleyEndpointerSettings endpointer;
  guint min_silence;            /* ms; 0: as silence */
  guint max_silence;            /* ms; 0: as silence */
  guint text_lag;               /* ms */
  guint preroll;                /* ms */
  gdouble sensitivity;
  gboolean echo_suppression;
} VadSettings;

/* The silence that ends the turn under way, and why. */
typedef struct
{
  gboolean silent;              /* it is awaited */
  gint n_partials;              /* when it was decided */
  guint ms;
  const gchar *reason;          /* static */
  ParleyTone tone;
} VadWait;

/* What a recogniser behind us tells: vadtold.c. */
typedef struct
{
  /* Under the object lock: */
  GQueue waiting;               /* of what it told */
  ParleyEndpointing wanted;
  guint wanted_wait;            /* ms */

  /* Under the sink pad's stream lock: */
  ParleyEndpointing decider;
  guint wait;                   /* ms: its longest silence */
  gboolean busy;                /* somebody is at work */
  const gchar *by;              /* whose word is being followed, or NULL */

  /* Atomic: */
  GThread *pusher;              /* that pushed last */
} VadTold;

struct _GstVadEndpoint
{
  GstElement parent;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* Atomic: keys are numbered on the thread that sends them. */
  gint last_turn;
  /* Atomic: grows with each text of the recogniser. */
  gint n_partials;

  /* Under the object lock: */
  VadSettings wanted;
  gboolean wanted_changed;
  guint partial_turn;
  guint partial_take;
  gboolean partial_final;       /* of its take */
  gchar *partial_text;
  gchar *language;
  gchar *rules_path;            /* NULL: the language's */
  gboolean rules_loaded;        /* as these two are now */

  /* Under the sink pad's stream lock: */
  VadSettings settings;
  GstSegment segment;
  gboolean mulaw;
  guint rate;                   /* 0: no caps yet */
  VoiceFrames *frames;          /* NULL: no caps yet */
  ParleyEndpointer *endpointer;
  SpeechGate gate;
  ParleyEndpointRules *rules;   /* constant from PAUSED on; NULL: none */
  VadWait wait;
  gboolean follows_echo;        /* frames know what is played, if they should */
  gboolean finishing;           /* what is open ends with the stream */

  /* As it says: */
  VadTold told;

  guint turn;
  guint take;
  gboolean voice;               /* the last frame's decision */
  gboolean speech;              /* what was settled last */
  TurnTimes times;
  /* A flush took a turn away whose end others may wait for. */
  gboolean cut_turn;
  gboolean cut_take;            /* and its take had not ended */
};

/* vadinput.c */

/* Owns @buffer. */
void vad_input_take (GstVadEndpoint * self, GstBuffer * buffer,
    gsize n_samples);
/* The hole from where input ended up to @time, which is when it goes on. */
void vad_input_take_hole (GstVadEndpoint * self, GstClockTime time);
/* Where @buffer lies: a hole before it counts as silence. */
void vad_input_follow_time (GstVadEndpoint * self, GstBuffer * buffer);
/* After input: sends on, keeps or leaves out what is held. */
void vad_input_settle (GstVadEndpoint * self);

/* vadturns.c */

/* For a turn or a key. Any thread. */
guint vad_turns_new_number (GstVadEndpoint * self);
/* Where the preroll of speech at @frame begins. */
guint64 vad_turns_preroll (GstVadEndpoint * self, guint64 frame);
/* What is held before @position goes out in the take that is open. */
void vad_turns_push (GstVadEndpoint * self, guint64 position);
/* The full frame; @n_frames of silence. */
void vad_turns_decide (GstVadEndpoint * self);
void vad_turns_decide_silence (GstVadEndpoint * self, guint64 n_frames);
/* Does what was decided. */
void vad_turns_apply (GstVadEndpoint * self,
    const ParleyEndpointAction * actions, guint n);
/* The stream is over or becomes another one: nothing is held any more, and no
 * turn is open. */
void vad_turns_finish (GstVadEndpoint * self);
/* Ends what a flush took away, once events may flow in order again. */
void vad_turns_end_cut (GstVadEndpoint * self);

/* vadwait.c */

/* The rules as they are set; FALSE, and said why: they cannot be read. Not
 * while data flows. */
gboolean vad_wait_load (GstVadEndpoint * self);
/* Whether the words and the tone change nothing. */
gboolean vad_wait_is_fixed (const VadSettings * settings);
/* A partial text. Any thread. */
void vad_wait_take_text (GstVadEndpoint * self, GstEvent * event);
/* There is speech now, or the settings are others; there is none, so that the
 * turn may be about to end: decides when, and again once there is another
 * text. */
void vad_wait_voice (GstVadEndpoint * self);
void vad_wait_silence (GstVadEndpoint * self);

/* vadecho.c */

/* Asks for the pipeline's call; not under a lock. */
void vad_echo_ask (GstVadEndpoint * self);
/* Has the frames know what is played, once after follows_echo was unset. */
void vad_echo_follow (GstVadEndpoint * self);

/* vadtold.c */

/* Nobody tells anything any more; while no data flows. */
void vad_told_clear (GstVadEndpoint * self);
/* endpointing, endpoint or partial. Any thread; on the one that pushes it is
 * followed at once, else with the next packet. */
void vad_told_take (GstVadEndpoint * self, GstEvent * event);
/* Around what the thread that pushes does. */
void vad_told_enter (GstVadEndpoint * self);
void vad_told_leave (GstVadEndpoint * self);
/* Follows what was told. */
void vad_told_settle (GstVadEndpoint * self);
/* @event is a speech-end or turn-end of now. */
void vad_told_mark (GstVadEndpoint * self, GstEvent * event);

G_END_DECLS
