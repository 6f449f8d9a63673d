/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vadendpoint.h"

#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_EXTERN (vad_endpoint_debug);
#define GST_CAT_DEFAULT vad_endpoint_debug

/* What was recognised of the turn under way. */
typedef struct
{
  gchar *text;                  /* NULL: nothing yet */
  gboolean present;             /* of the take under way, not of one before */
  gboolean final;               /* all of it */
} Heard;

/* Any thread. */
void
vad_wait_take_text (GstVadEndpoint * self, GstEvent * event)
{
  const gchar *text = NULL;

  parley_event_parse_text (event, &text);
  GST_OBJECT_LOCK (self);
  parley_event_parse_take (event, &self->partial_turn, &self->partial_take);
  self->partial_final = parley_event_is_final (event);
  g_free (self->partial_text);
  self->partial_text = g_strdup (text);
  GST_OBJECT_UNLOCK (self);
  g_atomic_int_inc (&self->n_partials);
}

static Heard
get_heard (GstVadEndpoint * self)
{
  Heard heard = { 0 };

  GST_OBJECT_LOCK (self);
  if (self->partial_text && self->partial_turn == self->turn) {
    heard.text = g_strdup (self->partial_text);
    heard.present = self->partial_take == self->take;
    heard.final = self->partial_final;
  }
  GST_OBJECT_UNLOCK (self);
  return heard;
}

/* The ends of the range; those that are not set are the middle. */
static guint
least_of (const VadSettings * settings)
{
  guint middle = settings->endpointer.silence;

  return settings->min_silence ? MIN (settings->min_silence, middle) : middle;
}

static guint
most_of (const VadSettings * settings)
{
  return MAX (settings->max_silence, settings->endpointer.silence);
}

gboolean
vad_wait_is_fixed (const VadSettings * settings)
{
  return least_of (settings) == most_of (settings);
}

static guint
wait_at (const VadSettings * settings, guint percent)
{
  guint least = least_of (settings), middle = settings->endpointer.silence;

  if (percent <= PARLEY_ENDPOINT_MIDDLE)
    return least + (middle - least) * percent / PARLEY_ENDPOINT_MIDDLE;
  return middle + (most_of (settings) - middle)
      * (percent - PARLEY_ENDPOINT_MIDDLE)
      / (PARLEY_ENDPOINT_MOST - PARLEY_ENDPOINT_MIDDLE);
}

/* Words that are still under way may say otherwise: what was heard before them
 * is no reason to be quick. */
static guint
wait_for (const VadSettings * settings, const Heard * heard, guint percent)
{
  guint wait = wait_at (settings, percent);
  guint middle = settings->endpointer.silence;

  if (!heard->text || percent >= PARLEY_ENDPOINT_MIDDLE
      || (heard->present && heard->final))
    return wait;
  if (!heard->present)
    return middle;
  return MAX (wait, MIN (settings->text_lag, middle));
}

static void
decide (GstVadEndpoint * self)
{
  ParleyTone tone = voice_frames_get_tone (self->frames);
  Heard heard = get_heard (self);
  ParleyEndpointVerdict verdict;
  guint wait;

  parley_endpoint_rules_decide (self->rules, heard.text, tone, &verdict);
  wait = wait_for (&self->settings, &heard, verdict.wait);
  GST_DEBUG_OBJECT (self, "turn %u take %u ends after %u ms: %s, tone %s, "
      "text \"%s\"%s", self->turn, self->take, wait, verdict.reason,
      parley_tone_to_string (tone), heard.text ? heard.text : "",
      heard.final ? ", final" : !heard.text || heard.present ? ""
      : ", of an earlier take");
  parley_endpointer_set_wait (self->endpointer, wait);
  self->wait.ms = wait;
  self->wait.reason = verdict.reason;
  self->wait.tone = tone;
  g_free (heard.text);
}

void
vad_wait_voice (GstVadEndpoint * self)
{
  self->wait.silent = FALSE;
}

void
vad_wait_silence (GstVadEndpoint * self)
{
  gint n_partials = g_atomic_int_get (&self->n_partials);

  if (parley_endpointer_get_state (self->endpointer)
      == PARLEY_ENDPOINTER_QUIET)
    return;
  if (self->wait.silent && n_partials == self->wait.n_partials)
    return;
  self->wait.silent = TRUE;
  self->wait.n_partials = n_partials;
  if (vad_wait_is_fixed (&self->settings)) {
    self->wait.ms = self->settings.endpointer.silence;
    self->wait.reason = "silence";
    self->wait.tone = PARLEY_TONE_UNKNOWN;
  } else {
    decide (self);
  }
}

static gboolean
fail (GstVadEndpoint * self, const gchar * path, const GError * error)
{
  GST_OBJECT_LOCK (self);
  self->rules_loaded = FALSE;
  GST_OBJECT_UNLOCK (self);
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
      ("The rules for the end of a turn cannot be used: %s", error->message),
      ("rules=%s", path));
  return FALSE;
}

gboolean
vad_wait_load (GstVadEndpoint * self)
{
  g_autoptr (ParleyEndpointRules) rules = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *language = NULL;
  g_autofree gchar *path = NULL;
  gboolean fixed, loaded;

  GST_OBJECT_LOCK (self);
  loaded = self->rules_loaded;
  language = g_strdup (self->language);
  path = g_strdup (self->rules_path);
  fixed = vad_wait_is_fixed (&self->wanted);
  self->rules_loaded = TRUE;
  GST_OBJECT_UNLOCK (self);
  if (loaded)
    return TRUE;
  rules = path ? parley_endpoint_rules_load (path, &error)
      : parley_endpoint_rules_for_language (language ? language : "");
  if (error)
    return fail (self, path, error);
  if (!rules && !fixed)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("There are no rules for the end of a turn in the language \"%s\": "
            "all turns end after silence. Set rules to a file of your own.",
            language ? language : ""), (NULL));
  g_clear_pointer (&self->rules, parley_endpoint_rules_unref);
  self->rules = g_steal_pointer (&rules);
  return TRUE;
}
