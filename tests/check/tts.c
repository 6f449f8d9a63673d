/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real synthesis by the engines on this machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "providers/registry.h"

#define LIMIT_SECONDS 120
#define MAX_IDS 16
#define SENTENCE "Your table for four is booked for Friday."

typedef struct
{
  GByteArray *audio;
  guint rate;
  guint chunks;
  gsize first_chunk;            /* bytes */
  gsize largest_chunk;
  gint64 first_at;              /* µs after speak */
  gint64 end_at;
  gboolean done;
  GError *error;
} Said;

/* A provider and all it answered. */
typedef struct
{
  ParleyLoop *loop;
  gboolean shared;              /* others are on that loop */
  ParleyTtsProvider *provider;
  Said said[MAX_IDS];
  GString *order;               /* "1<" first audio of 1, "1>" its end */
  gint64 started;
  guint cancel_at_first;        /* this number, at its first audio */
  gboolean unref_at_first;
} Speaker;

static void
on_audio (ParleyTtsProvider * provider, guint id, ParleyAudioFormat * format,
    GBytes * samples, Speaker * self)
{
  Said *said = &self->said[id];
  gsize size;
  gconstpointer data = g_bytes_get_data (samples, &size);

  g_assert_true (parley_loop_is_current (self->loop));
  g_assert_false (said->done);
  g_assert_false (format->mulaw);
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size % 2, ==, 0);
  if (said->chunks++ == 0) {
    g_string_append_printf (self->order, "%u<", id);
    said->first_at = g_get_monotonic_time () - self->started;
    said->first_chunk = size;
    said->rate = format->rate;
  }
  g_assert_cmpuint (said->rate, ==, format->rate);
  said->largest_chunk = MAX (said->largest_chunk, size);
  g_byte_array_append (said->audio, data, size);
  if (self->cancel_at_first == id)
    parley_tts_provider_cancel (provider, id);
  if (self->unref_at_first)
    g_clear_object (&self->provider);
}

static void
on_end (Speaker * self, guint id)
{
  g_assert_false (self->said[id].done);
  self->said[id].done = TRUE;
  self->said[id].end_at = g_get_monotonic_time () - self->started;
  g_string_append_printf (self->order, "%u>", id);
}

static void
on_done (ParleyTtsProvider * provider, guint id, Speaker * self)
{
  on_end (self, id);
}

static void
on_failed (ParleyTtsProvider * provider, guint id, GError * error,
    Speaker * self)
{
  self->said[id].error = g_error_copy (error);
  on_end (self, id);
}

/* NULL if this build has no such engine. */
static gpointer
engine_new (const gchar * name, ParleyLoop * loop)
{
  guint n;
  const ParleyProviderInfo *all = parley_provider_list (&n);

  for (guint i = 0; i < n; i++)
    if (all[i].kind == PARLEY_PROVIDER_TTS && all[i].get_type
        && g_str_equal (all[i].name, name))
      return g_object_new (all[i].get_type (), "loop", loop, NULL);
  return NULL;
}

static Speaker *
speaker_new (ParleyLoop * loop, const gchar * engine)
{
  Speaker *self = g_new0 (Speaker, 1);

  self->loop = loop ? loop : parley_loop_new (NULL);
  self->shared = loop != NULL;
  self->provider = engine_new (engine, self->loop);
  g_assert_nonnull (self->provider);
  self->order = g_string_new (NULL);
  self->cancel_at_first = G_MAXUINT;
  for (guint i = 0; i < MAX_IDS; i++)
    self->said[i].audio = g_byte_array_new ();
  g_signal_connect (self->provider, "audio", G_CALLBACK (on_audio), self);
  g_signal_connect (self->provider, "done", G_CALLBACK (on_done), self);
  g_signal_connect (self->provider, "failed", G_CALLBACK (on_failed), self);
  return self;
}

static gboolean
too_late (gpointer data)
{
  g_error ("no answer within %d s", LIMIT_SECONDS);
  return G_SOURCE_REMOVE;
}

static void
iterate_until (ParleyLoop * loop, gboolean (*reached) (gpointer data),
    gpointer data)
{
  GMainContext *context = parley_loop_get_context (loop);
  GSource *limit = g_timeout_source_new_seconds (LIMIT_SECONDS);

  g_source_set_callback (limit, too_late, NULL, NULL);
  g_source_attach (limit, context);
  while (!reached (data))
    g_main_context_iteration (context, TRUE);
  g_source_destroy (limit);
  g_source_unref (limit);
}

static gboolean
is_done (gpointer data)
{
  return ((Said *) data)->done;
}

/* Each piece of work under way holds the loop. */
static gboolean
is_unused (gpointer data)
{
  return g_atomic_int_get (&G_OBJECT (data)->ref_count) == 1;
}

static void
wait_done (Speaker * self, guint id)
{
  iterate_until (self->loop, is_done, &self->said[id]);
}

static void
loop_free (ParleyLoop * loop)
{
  iterate_until (loop, is_unused, loop);
  g_object_unref (loop);
}

static void
speaker_free (Speaker * self)
{
  g_clear_object (&self->provider);
  if (!self->shared)
    loop_free (self->loop);
  for (guint i = 0; i < MAX_IDS; i++) {
    g_byte_array_unref (self->said[i].audio);
    g_clear_error (&self->said[i].error);
  }
  g_string_free (self->order, TRUE);
  g_free (self);
}

static void
speak (Speaker * self, guint id, const gchar * text)
{
  self->started = g_get_monotonic_time ();
  parley_tts_provider_speak (self->provider, id, text);
}

/* One sentence by one voice, alone. */
static Speaker *
speaker_after (const gchar * engine, const gchar * voice, const gchar * text)
{
  Speaker *self = speaker_new (NULL, engine);

  g_object_set (self->provider, "voice", voice, NULL);
  speak (self, 1, text);
  wait_done (self, 1);
  g_assert_no_error (self->said[1].error);
  return self;
}

static gdouble
seconds_of (const Said * said)
{
  return said->audio->len / 2.0 / said->rate;
}

static gdouble
level_of (const Said * said)
{
  const gint16 *samples = (const gint16 *) said->audio->data;
  gdouble sum = 0;

  for (guint i = 0; i < said->audio->len / 2; i++)
    sum += (gdouble) samples[i] * samples[i];
  return sqrt (sum / MAX (said->audio->len / 2, 1));
}

/* Milliseconds below @level before the first sound or after the last. */
static guint
quiet_ms (const Said * said, gint level, gboolean at_end)
{
  const gint16 *samples = (const gint16 *) said->audio->data;
  guint n = said->audio->len / 2, quiet = 0;

  while (quiet < n && abs (samples[at_end ? n - 1 - quiet : quiet]) < level)
    quiet++;
  return quiet * 1000 / said->rate;
}

static void
assert_plausible (const Said * said, gint level)
{
  g_assert_cmpfloat (seconds_of (said), >, 1.5);
  g_assert_cmpfloat (seconds_of (said), <, 4.0);
  g_assert_cmpfloat (level_of (said), >, 600);
  g_assert_cmpfloat (level_of (said), <, 12000);
  /* A frame of 5 ms beside what is kept. */
  g_assert_cmpuint (quiet_ms (said, level, FALSE), <=, 15);
  g_assert_cmpuint (quiet_ms (said, level, TRUE), <=, 155);
}

/* What both engines keep: the argument is the engine */

static void
test_streams (gconstpointer engine)
{
  gboolean early = FALSE;

  /* The machine may be busy with something else once. */
  for (guint i = 0; i < 10 && !early; i++) {
    Speaker *self = speaker_after (engine, NULL,
        "Your table for four is booked for Friday evening at half past seven, "
        "and we are looking forward to seeing you then.");
    Said *said = &self->said[1];

    g_assert_cmpuint (said->chunks, >=, 20);
    g_assert_cmpuint (said->first_chunk, <=, said->rate * 6 / 100 * 2);
    g_assert_cmpuint (said->largest_chunk, <=, said->rate / 4 * 2);
    early = said->first_at < said->end_at / 2;
    speaker_free (self);
  }
  g_assert_true (early);
}

static void
test_order (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  for (guint id = 1; id <= 4; id++)
    speak (self, id, id == 3 ? "..." : "One sentence.");
  g_assert_cmpstr (self->order->str, ==, "");
  wait_done (self, 4);
  g_assert_cmpstr (self->order->str, ==, "1<1>2<2>3>4<4>");
  speaker_free (self);
}

static void
test_cancel_in_the_middle (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  self->cancel_at_first = 1;
  speak (self, 1, SENTENCE);
  speak (self, 2, SENTENCE);
  wait_done (self, 2);
  g_assert_cmpstr (self->order->str, ==, "1<2<2>");
  g_assert_cmpuint (self->said[1].chunks, ==, 1);
  speaker_free (self);
}

static void
test_cancel_waiting (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  for (guint id = 1; id <= 3; id++)
    speak (self, id, "One sentence.");
  parley_tts_provider_cancel (self->provider, 2);
  wait_done (self, 3);
  g_assert_cmpstr (self->order->str, ==, "1<1>3<3>");
  speaker_free (self);
}

static void
test_cancel_at_once (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  speak (self, 1, "One sentence.");
  parley_tts_provider_cancel (self->provider, 1);
  speak (self, 2, "One sentence.");
  wait_done (self, 2);
  g_assert_cmpstr (self->order->str, ==, "2<2>");
  speaker_free (self);
}

static void
test_cancel_unknown (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  parley_tts_provider_cancel (self->provider, 7);
  speak (self, 1, "One sentence.");
  parley_tts_provider_cancel (self->provider, 7);
  wait_done (self, 1);
  parley_tts_provider_cancel (self->provider, 1);
  g_assert_cmpstr (self->order->str, ==, "1<1>");
  speaker_free (self);
}

static void
test_destroy_under_way (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  parley_provider_warm (PARLEY_PROVIDER (self->provider), NULL);
  for (guint id = 1; id <= 3; id++)
    speak (self, id, SENTENCE);
  g_clear_object (&self->provider);
  iterate_until (self->loop, is_unused, self->loop);
  g_assert_cmpstr (self->order->str, ==, "");
  speaker_free (self);
}

static void
test_destroy_from_signal (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);

  self->unref_at_first = TRUE;
  for (guint id = 1; id <= 3; id++)
    speak (self, id, SENTENCE);
  iterate_until (self->loop, is_unused, self->loop);
  g_assert_cmpstr (self->order->str, ==, "1<");
  speaker_free (self);
}

static void
test_nothing_to_say (gconstpointer engine)
{
  static const gchar *texts[] = { "", " ", "\n\t \r", "...", "?!", "—",
    "\x01\x02\x7f", "\xff\xfe", "😀", ")(][}{", "\"'`"
  };
  Speaker *self = speaker_new (NULL, engine);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    speak (self, i, texts[i]);
  wait_done (self, G_N_ELEMENTS (texts) - 1);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_assert_no_error (self->said[i].error);
    g_assert_true (self->said[i].done);
    g_assert_cmpuint (self->said[i].chunks, ==, 0);
  }
  speaker_free (self);
}

static void
test_nasty_texts (gconstpointer engine)
{
  static const gchar *texts[] = { "Café für Elise, señor Łódź!",
    ("a\x01" "b\x02\x1b[31mc"), "100% of <b>bold</b> & \"quoted\" $5.99 #1",
    "Dr. St. John's 3rd 1/2 XIV VIII. 3:45pm 1998-01-31 +1 (555) 010-9999",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "123456789012345678901234567890.123456789", "[[h@loU]] <speak> &amp; %s%n",
    "привет hello 😀", "I", "x", "e.g. i.e. U.S.A. http://a.b/c?d=e&f",
    "zzzkrpt 'n' rock-n-roll -- ~~^^ _under_score_"
  };
  Speaker *self = speaker_new (NULL, engine);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    speak (self, i, texts[i]);
  wait_done (self, G_N_ELEMENTS (texts) - 1);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_assert_no_error (self->said[i].error);
    g_assert_cmpuint (self->said[i].audio->len, >, 0);
  }
  speaker_free (self);
}

static void
test_speed (gconstpointer engine)
{
  Speaker *plain = speaker_after (engine, NULL, SENTENCE);
  Speaker *fast = speaker_new (NULL, engine);

  g_object_set (fast->provider, "speed", 2.0, NULL);
  speak (fast, 1, SENTENCE);
  g_object_set (fast->provider, "speed", 0.5, NULL);
  speak (fast, 2, SENTENCE);
  wait_done (fast, 2);
  g_assert_cmpfloat (seconds_of (&fast->said[1]), <,
      seconds_of (&plain->said[1]) * 0.7);
  g_assert_cmpfloat (seconds_of (&fast->said[2]), >,
      seconds_of (&plain->said[1]) * 1.5);
  speaker_free (plain);
  speaker_free (fast);
}

static void
test_unknown_voice (gconstpointer engine)
{
  Speaker *self = speaker_new (NULL, engine);
  GError *error = NULL;

  g_object_set (self->provider, "voice", "nobody", NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (self->provider),
          &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "nobody"));
  g_clear_error (&error);

  speak (self, 1, SENTENCE);
  g_assert_false (self->said[1].done);
  wait_done (self, 1);
  g_assert_error (self->said[1].error, PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_SETTINGS);

  g_object_set (self->provider, "voice", NULL, NULL);
  g_assert_true (parley_provider_warm (PARLEY_PROVIDER (self->provider),
          &error));
  g_assert_no_error (error);
  speak (self, 2, "One sentence.");
  wait_done (self, 2);
  g_assert_no_error (self->said[2].error);
  speaker_free (self);
}

static void
assert_describes (Speaker * self, const gchar * expected)
{
  gchar *description = parley_tts_provider_describe (self->provider);

  g_assert_cmpstr (description, ==, expected);
  g_free (description);
}

/* flite */

static void
test_flite_voices (void)
{
  static const gchar *voices[] = { "slt", "rms", "awb", "kal16" };

  for (guint i = 0; i < G_N_ELEMENTS (voices); i++) {
    Speaker *self = speaker_after ("flite", voices[i], SENTENCE);

    g_test_message ("%s: %.2f s, level %.0f", voices[i],
        seconds_of (&self->said[1]), level_of (&self->said[1]));
    g_assert_cmpuint (self->said[1].rate, ==, 16000);
    assert_plausible (&self->said[1], 200);
    speaker_free (self);
  }
}

static void
test_flite_describe (void)
{
  Speaker *self = speaker_new (NULL, "flite");

  assert_describes (self, "flite voice=slt speed=1.000");
  g_object_set (self->provider, "voice", "rms", "speed", 1.25, NULL);
  assert_describes (self, "flite voice=rms speed=1.250");
  speaker_free (self);
}

static void
test_flite_long_text (void)
{
  GString *text = g_string_new (NULL);
  Speaker *self;

  while (text->len < 10000)
    g_string_append (text, "It was a bright cold day in April, and the clocks "
        "were striking thirteen. ");
  self = speaker_after ("flite", "kal16", text->str);
  g_assert_cmpfloat (seconds_of (&self->said[1]), >, 300);
  g_assert_cmpuint (self->said[1].largest_chunk, <, 16000);
  g_assert_cmpint (self->said[1].first_at, <, self->said[1].end_at / 4);
  speaker_free (self);
  g_string_free (text, TRUE);
}

static const gchar *crowd_texts[] = {
  SENTENCE, "What day would you like?", "It costs 25 dollars and 99 cents.",
  "Goodbye, and thank you for calling."
};

#define N_TEXTS G_N_ELEMENTS (crowd_texts)
#define N_CROWD 8

/* Each of the crowd says all texts, at once with the others, on one loop;
 * @voices: of one each. */
static void
crowd_speak (Speaker ** crowd, const gchar * engine, const gchar ** voices)
{
  ParleyLoop *loop = parley_loop_new (NULL);

  for (guint i = 0; i < N_CROWD; i++) {
    crowd[i] = speaker_new (loop, engine);
    g_object_set (crowd[i]->provider, "voice", voices[i], NULL);
  }
  for (guint t = 0; t < N_TEXTS; t++)
    for (guint i = 0; i < N_CROWD; i++)
      speak (crowd[i], t, crowd_texts[t]);
  for (guint i = 0; i < N_CROWD; i++)
    wait_done (crowd[i], N_TEXTS - 1);
}

static void
crowd_free (Speaker ** crowd)
{
  ParleyLoop *loop = crowd[0]->loop;

  for (guint i = 0; i < N_CROWD; i++)
    speaker_free (crowd[i]);
  loop_free (loop);
}

static void
test_flite_crowd_same_bits (void)
{
  static const gchar *voices[N_CROWD] = { "kal16", "kal16", "kal16", "kal16",
    "kal16", "kal16", "kal16", "kal16"
  };
  Speaker *crowd[N_CROWD];

  crowd_speak (crowd, "flite", voices);
  for (guint t = 0; t < N_TEXTS; t++) {
    Speaker *alone = speaker_after ("flite", "kal16", crowd_texts[t]);
    GByteArray *expected = alone->said[1].audio;

    for (guint i = 0; i < N_CROWD; i++)
      g_assert_cmpmem (crowd[i]->said[t].audio->data,
          crowd[i]->said[t].audio->len, expected->data, expected->len);
    speaker_free (alone);
  }
  crowd_free (crowd);
}

/* The statistical voices' breath is random, and espeak-ng carries a phase from
 * sentence to sentence: the same length and level. */
static void
assert_crowd_alike (const gchar * engine, const gchar ** voices)
{
  Speaker *crowd[N_CROWD];

  crowd_speak (crowd, engine, voices);
  for (guint i = 0; i < N_CROWD; i++) {
    for (guint t = 0; t < N_TEXTS; t++) {
      Speaker *alone = speaker_after (engine, voices[i], crowd_texts[t]);

      g_assert_cmpfloat_with_epsilon (seconds_of (&alone->said[1]),
          seconds_of (&crowd[i]->said[t]), 0.08);
      g_assert_cmpfloat_with_epsilon (level_of (&alone->said[1]) /
          level_of (&crowd[i]->said[t]), 1, 0.05);
      speaker_free (alone);
    }
  }
  crowd_free (crowd);
}

static void
test_flite_crowd_alike (void)
{
  static const gchar *voices[N_CROWD] = { "slt", "rms", "slt", "awb", "slt",
    "kal16", "rms", "slt"
  };

  assert_crowd_alike ("flite", voices);
}

/* espeak */

static void
test_espeak_voices (void)
{
  static const gchar *voices[] = { "en-us", "de", "es", "fr+f3", "cmn",
    "EN-GB", "Spanish (Spain)", "gmw/en-US"
  };

  for (guint i = 0; i < G_N_ELEMENTS (voices); i++) {
    Speaker *self = speaker_after ("espeak", voices[i], SENTENCE);

    g_test_message ("%s: %.2f s, level %.0f", voices[i],
        seconds_of (&self->said[1]), level_of (&self->said[1]));
    g_assert_cmpuint (self->said[1].rate, ==, 22050);
    assert_plausible (&self->said[1], 32);
    speaker_free (self);
  }
}

static void
test_espeak_scripts (void)
{
  static const struct
  {
    const gchar *language, *text;
  } lines[] = {
    {"ru", "Ваш столик заказан на пятницу."},
    {"el-GR", "Το τραπέζι σας είναι κλεισμένο."},
    {"hi-IN",
        "आपकी मेज़ शुक्रवार के लिए बुक है।"},
    {"zh-CN", "您的桌子已预订。"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    Speaker *self = speaker_new (NULL, "espeak");

    g_object_set (self->provider, "language", lines[i].language, NULL);
    speak (self, 1, lines[i].text);
    wait_done (self, 1);
    g_assert_no_error (self->said[1].error);
    g_assert_cmpfloat (seconds_of (&self->said[1]), >, 0.8);
    speaker_free (self);
  }
}

static void
test_espeak_languages (void)
{
  static const struct
  {
    const gchar *language, *expected;
  } lines[] = {
    {"en-US", "espeak voice=gmw/en-US speed=1.000 pitch=50"},
    {"en", "espeak voice=gmw/en speed=1.000 pitch=50"},
    {"de-AT", "espeak voice=gmw/de speed=1.000 pitch=50"},
    {"es-MX", "espeak voice=roa/es-419 speed=1.000 pitch=50"},
    {"es", "espeak voice=roa/es speed=1.000 pitch=50"},
    {"pt_BR", "espeak voice=roa/pt-BR speed=1.000 pitch=50"},
    {"no", "espeak voice=gmq/nb speed=1.000 pitch=50"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    Speaker *self = speaker_new (NULL, "espeak");

    g_object_set (self->provider, "language", lines[i].language, NULL);
    assert_describes (self, lines[i].expected);
    speaker_free (self);
  }
}

static void
test_espeak_unknown (void)
{
  static const gchar *settings[][2] = {
    {"voice", "de+nobody"}, {"voice", "de+../../x"}, {"voice", "+f3"},
    {"voice", "xx"}, {"language", "xx-YY"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    Speaker *self = speaker_new (NULL, "espeak");
    GError *error = NULL;

    g_object_set (self->provider, settings[i][0], settings[i][1], NULL);
    g_assert_false (parley_provider_warm (PARLEY_PROVIDER (self->provider),
            &error));
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_assert_nonnull (strstr (error->message, settings[i][1]));
    g_assert_nonnull (strstr (error->message, "espeak-ng --voices"));
    g_clear_error (&error);
    speaker_free (self);
  }
}

static void
test_espeak_pitch (void)
{
  Speaker *self = speaker_new (NULL, "espeak");

  speak (self, 1, SENTENCE);
  g_object_set (self->provider, "pitch", 99, NULL);
  speak (self, 2, SENTENCE);
  wait_done (self, 2);
  assert_plausible (&self->said[2], 32);
  g_assert_false (self->said[1].audio->len == self->said[2].audio->len
      && memcmp (self->said[1].audio->data, self->said[2].audio->data,
          self->said[1].audio->len) == 0);
  speaker_free (self);
}

static void
test_espeak_crowd_alike (void)
{
  static const gchar *voices[N_CROWD] = { "en-us", "de", "es", "fr+f3",
    "en-us", "it", "de", "en-gb"
  };

  assert_crowd_alike ("espeak", voices);
}

/* A long text of one must not keep the others waiting. */
static void
test_espeak_takes_turns (void)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  Speaker *talker = speaker_new (loop, "espeak");
  Speaker *other = speaker_new (loop, "espeak");
  GString *text = g_string_new (NULL);

  while (text->len < 10000)
    g_string_append (text, "It was a bright cold day in April, and the clocks "
        "were striking thirteen. ");
  speak (talker, 1, text->str);
  speak (other, 1, SENTENCE);
  wait_done (other, 1);
  g_assert_false (talker->said[1].done);
  g_assert_cmpfloat (seconds_of (&talker->said[1]), <, 60);
  speaker_free (other);
  speaker_free (talker);
  loop_free (loop);
  g_string_free (text, TRUE);
}

static gboolean
have (const gchar * engine)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  gpointer provider = engine_new (engine, loop);
  gboolean found = provider != NULL;

  g_clear_object (&provider);
  g_object_unref (loop);
  return found;
}

static void
add_common (const gchar * engine)
{
  static const struct
  {
    const gchar *name;
    GTestDataFunc func;
  } tests[] = {
    {"streams", test_streams},
    {"order", test_order},
    {"cancel-in-the-middle", test_cancel_in_the_middle},
    {"cancel-waiting", test_cancel_waiting},
    {"cancel-at-once", test_cancel_at_once},
    {"cancel-unknown", test_cancel_unknown},
    {"destroy-under-way", test_destroy_under_way},
    {"destroy-from-signal", test_destroy_from_signal},
    {"nothing-to-say", test_nothing_to_say},
    {"nasty-texts", test_nasty_texts},
    {"speed", test_speed},
    {"unknown-voice", test_unknown_voice},
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    gchar *path = g_strdup_printf ("/tts/%s/%s", engine, tests[i].name);

    g_test_add_data_func (path, engine, tests[i].func);
    g_free (path);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (have ("flite")) {
    add_common ("flite");
    g_test_add_func ("/tts/flite/voices", test_flite_voices);
    g_test_add_func ("/tts/flite/describe", test_flite_describe);
    g_test_add_func ("/tts/flite/long-text", test_flite_long_text);
    g_test_add_func ("/tts/flite/crowd-same-bits", test_flite_crowd_same_bits);
    g_test_add_func ("/tts/flite/crowd-alike", test_flite_crowd_alike);
  }
  if (have ("espeak")) {
    add_common ("espeak");
    g_test_add_func ("/tts/espeak/voices", test_espeak_voices);
    g_test_add_func ("/tts/espeak/scripts", test_espeak_scripts);
    g_test_add_func ("/tts/espeak/languages", test_espeak_languages);
    g_test_add_func ("/tts/espeak/unknown", test_espeak_unknown);
    g_test_add_func ("/tts/espeak/pitch", test_espeak_pitch);
    g_test_add_func ("/tts/espeak/crowd-alike", test_espeak_crowd_alike);
    g_test_add_func ("/tts/espeak/takes-turns", test_espeak_takes_turns);
  }
  return g_test_run ();
}
