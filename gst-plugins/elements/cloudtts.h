/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The insides of cloudtts: gstcloudtts.c is the element, ttsvoices.c says who
 * speaks a sentence and who goes on when that fails. Everything here is called
 * on the element's loop. */

#include "gstcloudtts.h"
#include "gstproviderelement.h"
#include "providers/synthesis.h"
#include "spokentexts.h"
#include "turn/timeline.h"

G_BEGIN_DECLS

/* Something that goes out in its turn: a sentence, or a serialized event. */
typedef struct
{
  GstCloudTts *owner;
  GstEvent *event;              /* else a sentence */
  guint64 epoch;                /* 0: nobody's, never void */
  guint sequence;
  guint turn;
  gchar *text;
  ParleyTimeline *timeline;     /* of the reply's first sentence, or NULL */
  gpointer provider;            /* that is asked; borrowed */
  ParleySynthesis *synthesis;   /* NULL: not begun, or done */
  gboolean sorry;               /* said in place of what nobody could say */
  gboolean done;
  ParleyAudioFormat format;
  GByteArray *ready;            /* made but not pushed */
  GArray *words;                /* of SpokenWord, as far as told */
  gboolean begun;               /* some of it was pushed */
} TtsJob;

struct _GstCloudTts
{
  GstProviderElement parent;

  /* Under the object lock: */
  gdouble speed;
  guint cache_size;             /* MiB; 0: the default */
  guint cache_ttl;              /* s; 0: the default */
  ParleySynthesisKeep keep;     /* from READY on constant */

  GstPadQueryFunction sink_query;       /* of the base class */

  /* On the loop: */
  GQueue jobs;
  gboolean processing;
  SpokenTexts *spoken;
  guint64 void_epoch;           /* this and all before are void */
  guint64 pushed_epoch;         /* the last one pushed */
  gpointer stand_in;            /* speaks the rest of its epoch; or NULL */
  guint64 stand_in_epoch;
  gboolean sorry_said;          /* nothing more is said of its epoch */
  guint64 sorry_epoch;
  guint sorry_sequence;
  guint64 silent_epoch;         /* of which nothing but failures came; 0 */
  guint silent_sequence;
  gpointer flite;               /* says sorry; made when it is needed */
  GstClockTime unowned_end;     /* running time; of what no reply owns */
  gboolean mulaw;               /* downstream takes it */
  ParleyAudioFormat out;        /* as in the caps; rate 0: none yet */
  gboolean need_segment;
  GstClockTime next_pts;        /* running time */
  GSource *ahead_timer;
};

/* gstcloudtts.c: the parts of ParleySynthesisFuncs; data: the job. */
void cloud_tts_audio (const ParleyAudioFormat * format,
    const guint8 * samples, gsize len, gpointer data);
void cloud_tts_word (guint n, guint ms, gpointer data);
void cloud_tts_done (const GError * error, gpointer data);

/* ttsvoices.c */

TtsJob *cloud_tts_job_new (GstCloudTts * self);
void cloud_tts_job_free (gpointer job);

/* As in provider=NAME; borrowed. */
const gchar *cloud_tts_name_of (GstCloudTts * self, gpointer provider);
/* Who speaks @job. */
gpointer cloud_tts_choose_provider (GstCloudTts * self, TtsJob * job);
/* Has @provider speak it. */
void cloud_tts_synthesise (GstCloudTts * self, TtsJob * job,
    gpointer provider);
/* Whether sorry must be said before the event of @job goes out, as it is the
 * end of a reply of which nothing was heard; a job for that is the first
 * then. */
gboolean cloud_tts_owes_sorry (GstCloudTts * self, TtsJob * job);
/* Sorry was said in place of what comes before it in its reply: it is not
 * spoken. */
gboolean cloud_tts_is_given_up (GstCloudTts * self, TtsJob * job);
/* It was not spoken to its end. What was heard of it is not said again; if
 * nothing was, the next provider says it, or somebody that it cannot be said.
 * The job is done unless it has a synthesis again. */
void cloud_tts_take_failure (GstCloudTts * self, TtsJob * job,
    const GError * error);

G_END_DECLS
