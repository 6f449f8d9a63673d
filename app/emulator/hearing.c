/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/engines.h"

#include <string.h>

#include "providers/registry.h"

/* Of speech, in scripted partial transcripts. */
#define WORD_MS 300
#define DEFAULT_TEXT "hello"

struct _ParleyHearing
{
  ParleyExchange *exchange;     /* borrowed */
  const ParleyHearingFuncs *funcs;
  gpointer data;
  guint index;
  gchar *language;
  guint rate;

  guint64 n_samples;
  guint n_words;                /* told so far */
  gboolean finished;            /* no audio will come */
  gboolean waited;              /* the delay is over */
  gboolean known;               /* the engine is done */
  gchar *text;                  /* of the engine; NULL: it failed */
  gchar *so_far;                /* of the engine; NULL: nothing */
  ParleySttProvider *engine;    /* NULL: scripted */
};

static guint
length_ms (ParleyHearing * self)
{
  return self->n_samples * 1000 / self->rate;
}

static gboolean
rule_applies (ParleyHearing * self, const ParleyEmulatorTranscript * rule)
{
  if (rule->language != NULL && (self->language == NULL
          || !g_str_has_prefix (self->language, rule->language)))
    return FALSE;
  return rule->shorter_ms == 0
      || (self->finished && length_ms (self) < rule->shorter_ms);
}

static const gchar *
scripted_text (ParleyHearing * self)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);
  ParleyEmulatorTranscript *next;

  for (guint i = 0; i < settings->transcript_rules->len; i++) {
    ParleyEmulatorTranscript *rule =
        g_ptr_array_index (settings->transcript_rules, i);

    if (rule_applies (self, rule))
      return rule->text;
  }
  if (settings->transcripts->len == 0)
    return DEFAULT_TEXT;
  next = g_ptr_array_index (settings->transcripts,
      self->index % settings->transcripts->len);
  return next->text;
}

/* The first words of what will have been said. */
static void
tell_words (ParleyExchange * exchange, gpointer data)
{
  ParleyHearing *self = data;
  const gchar *text = scripted_text (self), *end = text;
  guint wanted = length_ms (self) / WORD_MS, n = 0;
  g_autofree gchar *words = NULL;

  if (self->finished)
    return;
  while (n < wanted && *end) {
    end += strspn (end, " ");
    end += strcspn (end, " ");
    n++;
  }
  if (n <= self->n_words)
    return;
  self->n_words = n;
  words = g_strndup (text, end - text);
  self->funcs->partial (exchange, words, self->data);
}

/* Both the engine and the delay have to be over. */
static void
tell_final (ParleyHearing * self)
{
  if (self->waited && self->known)
    self->funcs->final (self->exchange, self->text, self->data);
}

static void
wait_over (ParleyExchange * exchange, gpointer data)
{
  ParleyHearing *self = data;

  self->waited = TRUE;
  tell_final (self);
}

/* The machine's own ears */

static void
on_partial (ParleySttProvider * engine, guint turn, guint take,
    const gchar * text, ParleyHearing * self)
{
  g_free (self->so_far);
  self->so_far = g_strdup (text);
  if (self->funcs->partial != NULL && !self->finished)
    self->funcs->partial (self->exchange, text, self->data);
}

static void
on_final (ParleySttProvider * engine, guint turn, guint take,
    const gchar * text, gdouble confidence, ParleyHearing * self)
{
  self->text = g_strdup (text);
  self->known = TRUE;
  tell_final (self);
}

static void
on_failed (ParleySttProvider * engine, guint turn, guint take, GError * error,
    ParleyHearing * self)
{
  g_printerr ("parley emulator: %s\n", error->message);
  self->known = TRUE;
  tell_final (self);
}

static void
start_engine (ParleyHearing * self)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);
  ParleyAudioFormat format = { FALSE, self->rate };
  g_autoptr (GError) error = NULL;

  self->engine = parley_provider_new (PARLEY_PROVIDER_STT, "pocketsphinx",
      parley_exchange_loop (self->exchange), NULL, NULL, NULL, &error);
  if (self->engine != NULL && settings->grammar != NULL)
    g_object_set (self->engine, "grammar", settings->grammar, NULL);
  if (self->engine == NULL
      || !parley_provider_warm (PARLEY_PROVIDER (self->engine), &error)) {
    g_printerr ("parley emulator: %s\n", error->message);
    g_clear_object (&self->engine);
    self->known = TRUE;
    return;
  }
  g_signal_connect (self->engine, "partial", G_CALLBACK (on_partial), self);
  g_signal_connect (self->engine, "final", G_CALLBACK (on_final), self);
  g_signal_connect (self->engine, "failed", G_CALLBACK (on_failed), self);
  parley_stt_provider_begin (self->engine, 1, 1, &format);
}

ParleyHearing *
parley_hearing_new (ParleyExchange * exchange, guint index,
    const gchar * language, guint rate, const ParleyHearingFuncs * funcs,
    gpointer data)
{
  ParleyHearing *self = g_new0 (ParleyHearing, 1);

  self->exchange = exchange;
  self->funcs = funcs;
  self->data = data;
  self->index = index;
  self->language = g_strdup (language);
  self->rate = rate;
  if (parley_exchange_settings (exchange)->stt_local)
    start_engine (self);
  return self;
}

void
parley_hearing_audio (ParleyHearing * self, const gint16 * samples, gsize n)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);

  self->n_samples += n;
  if (self->engine != NULL) {
    g_autoptr (GBytes) bytes = g_bytes_new (samples, n * sizeof *samples);

    parley_stt_provider_audio (self->engine, bytes);
  } else if (self->funcs->partial != NULL && !settings->stt_local
      && length_ms (self) / WORD_MS > self->n_words) {
    gint64 wait = parley_delay_draw (&settings->stt_partial);

    if (wait > 0)
      parley_exchange_after (self->exchange, wait, tell_words, self);
    else
      tell_words (self->exchange, self);
  }
}

const gchar *
parley_hearing_peek (ParleyHearing * self)
{
  if (parley_exchange_settings (self->exchange)->stt_local)
    return self->so_far != NULL ? self->so_far : "";
  return scripted_text (self);
}

void
parley_hearing_finish (ParleyHearing * self)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);

  self->finished = TRUE;
  if (self->engine != NULL) {
    parley_stt_provider_finish (self->engine);
  } else if (!settings->stt_local) {
    self->text = g_strdup (scripted_text (self));
    self->known = TRUE;
  }
  parley_exchange_after (self->exchange,
      parley_delay_draw (&settings->stt_final), wait_over, self);
}

void
parley_hearing_free (ParleyHearing * self)
{
  parley_exchange_cancel (self->exchange, self);
  if (self->engine != NULL) {
    g_signal_handlers_disconnect_by_data (self->engine, self);
    parley_stt_provider_cancel (self->engine);
    g_object_unref (self->engine);
  }
  g_free (self->language);
  g_free (self->text);
  g_free (self->so_far);
  g_free (self);
}
