/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cloudtts.h"

#include "net/neterror.h"
#include "turn/turnevents.h"

static GstLoopElement *
loop_element (GstCloudTts * self)
{
  return GST_LOOP_ELEMENT (self);
}

/* Jobs */

void
cloud_tts_job_free (gpointer data)
{
  TtsJob *job = data;

  g_clear_pointer (&job->synthesis, parley_synthesis_free);
  g_clear_pointer (&job->timeline, parley_timeline_unref);
  gst_clear_event (&job->event);
  g_byte_array_unref (job->ready);
  g_array_unref (job->words);
  g_free (job->text);
  g_free (job);
}

TtsJob *
cloud_tts_job_new (GstCloudTts * self)
{
  TtsJob *job = g_new0 (TtsJob, 1);

  job->owner = self;
  job->ready = g_byte_array_new ();
  job->words = g_array_new (FALSE, FALSE, sizeof (SpokenWord));
  return job;
}

/* Who speaks */

const gchar *
cloud_tts_name_of (GstCloudTts * self, gpointer provider)
{
  return provider == self->flite ? "flite"
      : gst_provider_element_get_name_in_loop (GST_PROVIDER_ELEMENT (self),
      provider);
}

/* Nobody has made sure that it is UTF-8. */
static guint
count_characters (const gchar * text)
{
  guint n = 0;

  for (; *text; text++)
    n += (*text & 0xc0) != 0x80;
  return n;
}

static void
on_asked (gpointer data)
{
  TtsJob *job = data;
  GstCloudTts *self = job->owner;

  if (job->provider != self->flite)
    gst_provider_element_post_usage_in_loop (GST_PROVIDER_ELEMENT (self),
        job->provider, "character", count_characters (job->text));
}

void
cloud_tts_synthesise (GstCloudTts * self, TtsJob * job, gpointer provider)
{
  static const ParleySynthesisFuncs funcs =
      { on_asked, cloud_tts_audio, cloud_tts_word, cloud_tts_done };

  job->done = FALSE;
  job->provider = provider;
  job->synthesis = parley_synthesis_new (provider, job->text,
      self->mulaw ? &self->keep : NULL, &funcs, job);
}

static gboolean
is_kept (GstCloudTts * self, gpointer provider, const gchar * text)
{
  GBytes *bytes = self->mulaw
      ? parley_synthesis_lookup (provider, self->keep.cache, text) : NULL;
  gboolean kept = bytes != NULL;

  g_clear_pointer (&bytes, g_bytes_unref);
  return kept;
}

static void
note_stand_in (GstCloudTts * self, TtsJob * job, gpointer provider)
{
  self->stand_in = job->epoch ? provider : NULL;
  self->stand_in_epoch = job->epoch;
}

/* Sorry was said in place of what comes before it in its reply. */
gboolean
cloud_tts_is_given_up (GstCloudTts * self, TtsJob * job)
{
  return self->sorry_said && job->epoch && !job->begun
      && job->epoch == self->sorry_epoch && job->sequence
      > self->sorry_sequence;
}

static gpointer
get_flite (GstCloudTts * self)
{
  if (!self->flite)
    self->flite = parley_provider_new (PARLEY_PROVIDER_TTS, "flite",
        gst_loop_element_get_loop (loop_element (self)), NULL, NULL, NULL,
        NULL);
  if (self->flite && !parley_provider_warm (self->flite, NULL))
    g_clear_object (&self->flite);
  return self->flite;
}

/* Who can say @sorry although nobody answers: whose sound of it was kept, or
 * the synthesiser on this machine; NULL: nobody. */
static gpointer
find_sorry_voice (GstCloudTts * self, const gchar * sorry)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  gpointer provider;

  for (guint i = 0; (provider =
          gst_provider_element_get_nth_in_loop (element, i)); i++)
    if (is_kept (self, provider, sorry))
      return provider;
  return get_flite (self);
}

/* Once a reply, or, of what is no reply, until something was spoken again. */
static void
say_sorry (GstCloudTts * self, TtsJob * job)
{
  gchar *sorry = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "sorry-text");
  gpointer voice = NULL;

  if (sorry && *sorry && !(self->sorry_said && self->sorry_epoch == job->epoch))
    voice = find_sorry_voice (self, sorry);
  if (voice) {
    self->sorry_said = TRUE;
    self->sorry_epoch = job->epoch;
    self->sorry_sequence = job->sequence;
    g_free (job->text);
    job->text = g_steal_pointer (&sorry);
    job->sorry = TRUE;
    cloud_tts_synthesise (self, job, voice);
  }
  g_free (sorry);
}

/* Else it is the sentence that cannot be spoken, and the next one may be. */
static gboolean
is_of_service (const GError * error)
{
  guint status = parley_net_error_get_status (error);

  return error->domain == PARLEY_NET_ERROR
      && (error->code != PARLEY_NET_ERROR_STATUS || status >= 500);
}

/* What was heard of a sentence is not said again; another says all of it if
 * nothing was. Sorry is said where neither it nor what follows is heard. */
void
cloud_tts_take_failure (GstCloudTts * self, TtsJob * job, const GError * error)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  gpointer next = NULL;

  g_byte_array_set_size (job->ready, 0);
  if (job->begun) {
    spoken_texts_cut (self->spoken, job->epoch);
    gst_provider_element_failed_in_loop (element, job->provider, error,
        job->turn);
  } else if (!job->sorry) {
    g_array_set_size (job->words, 0);
    parley_timeline_unstamp (job->timeline, PARLEY_AT_TTS_AUDIO);
    next = gst_provider_element_switch_in_loop (element, job->provider, error,
        job->turn);
  }
  if (next) {
    note_stand_in (self, job, next);
    cloud_tts_synthesise (self, job, next);
    return;
  }
  GST_ELEMENT_WARNING (self, STREAM, FAILED, ("A sentence was not spoken%s: "
          "%s.", job->begun ? " to its end" : "", error->message), (NULL));
  if (job->sorry)
    return;
  if (!job->begun && is_of_service (error)) {
    say_sorry (self, job);
  } else if (job->epoch && (job->begun || job->epoch != self->pushed_epoch)) {
    /* Unless more of the reply is heard. */
    self->silent_epoch = job->epoch;
    self->silent_sequence = job->sequence;
  }
}

gboolean
cloud_tts_owes_sorry (GstCloudTts * self, TtsJob * job)
{
  guint64 epoch;
  TtsJob *sorry;

  if (!self->silent_epoch || parley_event_get_kind (job->event)
      != PARLEY_EVENT_REPLY_END || !parley_event_parse_epoch (job->event,
          &epoch) || epoch != self->silent_epoch)
    return FALSE;
  sorry = cloud_tts_job_new (self);
  sorry->done = TRUE;
  sorry->epoch = epoch;
  sorry->sequence = self->silent_sequence;
  self->silent_epoch = 0;
  say_sorry (self, sorry);
  if (sorry->done) {
    cloud_tts_job_free (sorry);
    return FALSE;
  }
  g_queue_push_head (&self->jobs, sorry);
  return TRUE;
}

/* Whether a provider is back, of which only its breaker learns */

static void
ignore_audio (const ParleyAudioFormat * format, const guint8 * samples,
    gsize len, gpointer data)
{
}

static void
ignore_end (const GError * error, gpointer data)
{
  ParleySynthesis **synthesis = data;

  parley_synthesis_free (*synthesis);
  g_free (synthesis);
}

static void
find_out (GstCloudTts * self, gpointer provider, const gchar * text)
{
  static const ParleySynthesisFuncs funcs = {
    .audio = ignore_audio,.done = ignore_end
  };
  ParleySynthesis **synthesis = g_new (ParleySynthesis *, 1);

  *synthesis = parley_synthesis_new (provider, text,
      self->mulaw ? &self->keep : NULL, &funcs, synthesis);
}

/* What the first has made before needs nobody. What failed once in a reply goes
 * on as it did: a reply has no more voices than it must. */
gpointer
cloud_tts_choose_provider (GstCloudTts * self, TtsJob * job)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  gpointer first = gst_provider_element_get_in_loop (element);
  gpointer chosen, probe;

  if (self->stand_in && job->epoch && job->epoch == self->stand_in_epoch)
    return self->stand_in;
  if (!gst_provider_element_has_fallback_in_loop (element, first)
      || is_kept (self, first, job->text))
    return first;
  chosen = gst_provider_element_choose_in_loop (element, job->turn, &probe);
  if (probe)
    find_out (self, probe, job->text);
  if (chosen != first)
    note_stand_in (self, job, chosen);
  return chosen;
}
