/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmbargein.h"

#include "llmchat.h"
#include "net/clock.h"

void
llm_barge_in_install (GstProviderElementClass * klass, guint id)
{
  gst_provider_element_class_install_text (klass, id, "barge-in", "Barge-in",
      "What speech does to a reply that is being heard: pause (stop it at "
      "once; words end it, and after a noise or a backchannel it goes on), "
      "always (end it), or off (answer when it was heard); what stands "
      "between <no-barge-in> and </no-barge-in> is heard to its end", "pause");
  gst_provider_element_class_install_number (klass, id + 1,
      g_param_spec_uint ("barge-in-min-words", "Barge-in min words",
          "What ends a reply, in words; after fewer it goes on. Keys always "
          "end it", 1, 100, 1, 0));
  gst_provider_element_class_install_number (klass, id + 2,
      g_param_spec_uint ("barge-in-min-speech", "Barge-in min speech",
          "How long speech must be to end a reply, in milliseconds; after less "
          "it goes on", 0, 10000, 0, 0));
  gst_provider_element_class_install_text (klass, id + 3, "backchannels",
      "Backchannels",
      "What a listener says without wanting to speak, after which a reply goes "
      "on: a language (en, de, es, fr, it, nl, pt), or words and phrases with "
      "commas between them (empty = none)", "en");
}

static gboolean
read_mode (GstLlmChat * self)
{
  static const gchar *const names[] = { "off", "pause", "always" };
  g_autofree gchar *name = gst_provider_element_dup_text
      (GST_PROVIDER_ELEMENT (self), "barge-in");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0) {
      self->barge_in.mode = i;
      return TRUE;
    }
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
      ("There is no barge-in=%s; set it to off, pause or always.",
          name ? name : ""), (NULL));
  return FALSE;
}

gboolean
llm_barge_in_open (GstLlmChat * self)
{
  g_autofree gchar *words = gst_provider_element_dup_text
      (GST_PROVIDER_ELEMENT (self), "backchannels");
  guint min_speech;

  if (!read_mode (self))
    return FALSE;
  g_object_get (self, "barge-in-min-words", &self->barge_in.min_words,
      "barge-in-min-speech", &min_speech, NULL);
  self->barge_in.min_speech = min_speech * G_TIME_SPAN_MILLISECOND;
  llm_barge_in_clear (&self->barge_in);
  self->barge_in.backchannels = parley_backchannels_new (words ? words : "");
  return TRUE;
}

void
llm_barge_in_clear (LlmBargeIn * self)
{
  g_clear_pointer (&self->backchannels, parley_backchannels_free);
}

void
llm_barge_in_note_speech (GstLlmChat * self, guint turn)
{
  if (self->barge_in.turn == turn)
    return;
  self->barge_in.turn = turn;
  self->barge_in.began = parley_clock_now ();
}

/* From when the caller was known to speak to his last speech; unknown is
 * long. */
static gint64
speech_length (GstLlmChat * self, guint turn)
{
  ParleyTimeline *timeline = asked_times_get (self->timelines, turn);
  gint64 end = timeline ? parley_timeline_get (timeline, PARLEY_AT_SPEECH) : 0;

  return end && self->barge_in.turn == turn ? end - self->barge_in.began
      : G_MAXINT64;
}

static guint
count_words (const gchar * text)
{
  guint n = 0;
  gboolean inside = FALSE;

  for (; *text; text = g_utf8_next_char (text)) {
    gboolean is_space = g_unichar_isspace (g_utf8_get_char (text));

    n += !is_space && !inside;
    inside = !is_space;
  }
  return n;
}

static gboolean
is_key (const gchar * text)
{
  return text[0] && !text[1] && !g_ascii_isalpha (text[0]);
}

gboolean
llm_barge_in_interrupts (const gchar * text, guint turn, gpointer data)
{
  GstLlmChat *self = data;

  if (is_key (text))
    return TRUE;
  return count_words (text) >= self->barge_in.min_words
      && speech_length (self, turn) >= self->barge_in.min_speech
      && !parley_backchannels_match (self->barge_in.backchannels, text);
}
