/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Voices of espeak-ng for many languages, on this machine and without an
 * account.
 *
 * espeak-ng is one engine for the process, and not reentrant: whatever calls
 * it runs as an exclusive piece, see localsynth.h. The one exception is the
 * list of its voices, which is read before the engine first runs. */

#include <string.h>

#include <espeak-ng/espeak_ng.h>
#include <espeak-ng/speak_lib.h>

#include "providers/tts/localsynth.h"
#include "providers/tts/speechtext.h"

#define DEFAULT_LANGUAGE "en-US"
#define BUFFER_MS 20
/* Its silence is digital. */
#define SILENCE 32
#define PITCH_DEFAULT 50

enum
{
  PROP_0,
  PROP_VOICE,
  PROP_LANGUAGE,
  PROP_PITCH
};

#define PARLEY_TYPE_TTS_ESPEAK (parley_tts_espeak_get_type ())
G_DECLARE_FINAL_TYPE (ParleyTtsEspeak, parley_tts_espeak, PARLEY, TTS_ESPEAK,
    ParleyLocalSynth);

struct _ParleyTtsEspeak
{
  ParleyLocalSynth parent;
  gchar *voice;
  gchar *language;
  guint pitch;
};

typedef struct
{
  gchar *voice;                 /* as espeak-ng takes it */
  guint words_a_minute;
  guint pitch;
} Snapshot;

G_DEFINE_FINAL_TYPE (ParleyTtsEspeak, parley_tts_espeak,
    PARLEY_TYPE_LOCAL_SYNTH);

/* The voices */

/* Lower-case language, identifier or name → its identifier's file name. */
static GHashTable *voices;      /* constant once made */
static const gchar *data_path;

typedef struct
{
  const espeak_VOICE *voice;
  guint priority;               /* of the voice for that language; 0 is best */
} Candidate;

static void
add_voice (GHashTable * best, const gchar * name, const espeak_VOICE * voice,
    guint priority)
{
  gchar *key = g_ascii_strdown (name, -1);
  Candidate *known = g_hash_table_lookup (best, key);
  Candidate *candidate;

  if (known && known->priority <= priority) {
    g_free (key);
    return;
  }
  candidate = g_new (Candidate, 1);
  *candidate = (Candidate) {
  voice, priority};
  g_hash_table_replace (best, key, candidate);
}

/* A voice's languages are one string: a byte of priority, the tag and its
 * zero, again and again, and a zero byte. */
static void
add_languages (GHashTable * best, const espeak_VOICE * voice)
{
  for (const gchar * p = voice->languages; *p; p += strlen (p + 1) + 2)
    add_voice (best, p + 1, voice, *(const guint8 *) p);
}

/* Reads the list from a hundred small files: 2 ms, once a process. */
static gpointer
list_voices (gpointer data)
{
  GHashTable *best = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  const espeak_VOICE **all;
  GHashTableIter iter;
  gpointer key, value;

  espeak_ng_InitializePath (NULL);
  espeak_Info (&data_path);
  all = espeak_ListVoices (NULL);
  for (guint i = 0; all && all[i]; i++) {
    const gchar *slash = strrchr (all[i]->identifier, '/');

    add_voice (best, all[i]->identifier, all[i], 0);
    add_voice (best, slash ? slash + 1 : all[i]->identifier, all[i], 0);
    add_voice (best, all[i]->name, all[i], 0);
    add_languages (best, all[i]);
  }
  voices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, best);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (voices, g_strdup (key),
        g_strdup (((Candidate *) value)->voice->identifier));
  g_hash_table_unref (best);
  return NULL;
}

/* The identifier of the voice called @name, or NULL. */
static const gchar *
find_voice (const gchar * name)
{
  static GOnce once = G_ONCE_INIT;
  gchar *key = g_ascii_strdown (name, -1);
  const gchar *found;

  g_once (&once, list_voices, NULL);
  found = g_hash_table_lookup (voices, key);
  g_free (key);
  return found;
}

static gboolean
variant_exists (const gchar * name)
{
  gchar *path;
  gboolean exists;

  if (*name == '\0' || strchr (name, '/'))
    return FALSE;
  path = g_build_filename (data_path, "voices", "!v", name, NULL);
  exists = g_file_test (path, G_FILE_TEST_IS_REGULAR);
  g_free (path);
  return exists;
}

/* “de”, “en-us+f3”, “Spanish (Spain)”: what espeak-ng is to be asked for, or
 * NULL. Transfer full. */
static gchar *
resolve_voice (const gchar * name)
{
  const gchar *plus = strchr (name, '+');
  gchar *base = plus ? g_strndup (name, plus - name) : g_strdup (name);
  const gchar *identifier = find_voice (base);
  gchar *resolved = NULL;

  if (identifier && !plus)
    resolved = g_strdup (identifier);
  else if (identifier && variant_exists (plus + 1))
    resolved = g_strconcat (identifier, plus, NULL);
  g_free (base);
  return resolved;
}

/* “es-MX” is spoken by the voice of es-mx, “de-AT” by that of de. Transfer
 * full; NULL if nobody speaks it. */
static gchar *
resolve_language (const gchar * language)
{
  gchar *tag = g_strdelimit (g_strdup (language), "_", '-');
  gchar *resolved = NULL;

  for (;;) {
    const gchar *identifier = find_voice (tag);
    gchar *dash = strrchr (tag, '-');

    if (identifier)
      resolved = g_strdup (identifier);
    if (identifier || !dash)
      break;
    *dash = '\0';
  }
  g_free (tag);
  return resolved;
}

/* In a worker, one at a time */

static gint sample_rate;        /* 0: not initialised yet */
static gchar *selected;         /* the engine's voice */

static gboolean
start_engine (GError ** error)
{
  if (sample_rate == 0)
    sample_rate = espeak_Initialize (AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, NULL,
        espeakINITIALIZE_DONT_EXIT);
  if (sample_rate > 0)
    return TRUE;
  sample_rate = 0;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_ENGINE,
      "espeak-ng does not start; is espeak-ng-data installed?");
  return FALSE;
}

static gboolean
select_voice (const gchar * voice, GError ** error)
{
  if (g_strcmp0 (voice, selected) == 0)
    return TRUE;
  g_clear_pointer (&selected, g_free);
  if (espeak_SetVoiceByName (voice) != EE_OK) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_ENGINE,
        "espeak-ng could not load the voice “%s”", voice);
    return FALSE;
  }
  selected = g_strdup (voice);
  return TRUE;
}

static int
take_samples (short *samples, int n, espeak_EVENT * events)
{
  /* The end comes without samples; so may others. */
  if (!samples || n <= 0)
    return 0;
  return parley_local_sink_write (events->user_data, sample_rate, samples, n)
      ? 0 : 1;
}

static gboolean
synthesise (gconstpointer data, const gchar * text, ParleyLocalSink * sink,
    GError ** error)
{
  const Snapshot *snapshot = data;

  if (!start_engine (error) || !select_voice (snapshot->voice, error))
    return FALSE;
  espeak_SetParameter (espeakRATE, snapshot->words_a_minute, 0);
  espeak_SetParameter (espeakPITCH, snapshot->pitch, 0);
  espeak_SetSynthCallback (take_samples);
  if (espeak_Synth (text, strlen (text) + 1, 0, POS_CHARACTER, 0,
          espeakCHARS_UTF8, NULL, sink) == EE_OK)
    return TRUE;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_ENGINE,
      "espeak-ng could not speak “%s”", text);
  return FALSE;
}

static void
load (gconstpointer data)
{
  const Snapshot *snapshot = data;

  /* The first synthesis reports what does not work. */
  if (start_engine (NULL))
    select_voice (snapshot->voice, NULL);
}

/* On the loop */

static const gchar *
language_of (ParleyTtsEspeak * self)
{
  return self->language && *self->language ? self->language : DEFAULT_LANGUAGE;
}

static gchar *
resolve (ParleyTtsEspeak * self, GError ** error)
{
  gboolean by_name = self->voice && *self->voice;
  const gchar *asked = by_name ? self->voice : language_of (self);
  gchar *voice = by_name ? resolve_voice (asked) : resolve_language (asked);

  if (!voice)
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "espeak-ng has no voice for %s=%s; “espeak-ng --voices” lists the "
        "voices, “espeak-ng --voices=variant” what may follow a +",
        by_name ? "voice" : "language", asked);
  return voice;
}

static gpointer
snapshot_new (ParleyLocalSynth * synth, GError ** error)
{
  ParleyTtsEspeak *self = PARLEY_TTS_ESPEAK (synth);
  gchar *voice = resolve (self, error);
  Snapshot *snapshot;

  if (!voice)
    return NULL;
  snapshot = g_new (Snapshot, 1);
  *snapshot = (Snapshot) {
  voice,
        espeakRATE_NORMAL * parley_local_synth_get_speed (synth) + 0.5,
        self->pitch};
  return snapshot;
}

static void
snapshot_free (gpointer data)
{
  Snapshot *snapshot = data;

  g_free (snapshot->voice);
  g_free (snapshot);
}

static gchar *
parley_tts_espeak_describe (ParleyTtsProvider * provider)
{
  ParleyTtsEspeak *self = PARLEY_TTS_ESPEAK (provider);
  gchar *voice = resolve (self, NULL);
  gchar speed[G_ASCII_DTOSTR_BUF_SIZE];
  gchar *text;

  g_ascii_formatd (speed, sizeof (speed), "%.3f",
      parley_local_synth_get_speed (PARLEY_LOCAL_SYNTH (self)));
  text = g_strdup_printf ("espeak voice=%s speed=%s pitch=%u",
      voice ? voice : "", speed, self->pitch);
  g_free (voice);
  return text;
}

static void
parley_tts_espeak_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyTtsEspeak *self = PARLEY_TTS_ESPEAK (object);

  switch (prop_id) {
    case PROP_VOICE:
      g_free (self->voice);
      self->voice = g_value_dup_string (value);
      break;
    case PROP_LANGUAGE:
      g_free (self->language);
      self->language = g_value_dup_string (value);
      break;
    case PROP_PITCH:
      self->pitch = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
parley_tts_espeak_get_property (GObject * object, guint prop_id,
    GValue * value, GParamSpec * pspec)
{
  ParleyTtsEspeak *self = PARLEY_TTS_ESPEAK (object);

  switch (prop_id) {
    case PROP_VOICE:
      g_value_set_string (value, self->voice);
      break;
    case PROP_LANGUAGE:
      g_value_set_string (value, self->language);
      break;
    case PROP_PITCH:
      g_value_set_uint (value, self->pitch);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
parley_tts_espeak_finalize (GObject * object)
{
  ParleyTtsEspeak *self = PARLEY_TTS_ESPEAK (object);

  g_free (self->voice);
  g_free (self->language);
  G_OBJECT_CLASS (parley_tts_espeak_parent_class)->finalize (object);
}

static void
parley_tts_espeak_init (ParleyTtsEspeak * self)
{
  self->language = g_strdup (DEFAULT_LANGUAGE);
  self->pitch = PITCH_DEFAULT;
}

static void
install_properties (GObjectClass * object_class)
{
  g_object_class_install_property (object_class, PROP_VOICE,
      g_param_spec_string ("voice", "Voice",
          "A voice of espeak-ng, with a variant after + if wanted, such as "
          "en-us, de or fr+f3 (NULL = the language's)", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_LANGUAGE,
      g_param_spec_string ("language", "Language",
          "The language as a BCP 47 tag, such as de or es-MX; without voice",
          DEFAULT_LANGUAGE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_PITCH,
      g_param_spec_uint ("pitch", "Pitch",
          "How high the voice is, 0 to 100 (50 = its own)", 0, 100,
          PITCH_DEFAULT, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void
parley_tts_espeak_class_init (ParleyTtsEspeakClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyLocalSynthClass *synth_class = PARLEY_LOCAL_SYNTH_CLASS (klass);

  object_class->set_property = parley_tts_espeak_set_property;
  object_class->get_property = parley_tts_espeak_get_property;
  object_class->finalize = parley_tts_espeak_finalize;
  PARLEY_TTS_PROVIDER_CLASS (klass)->describe = parley_tts_espeak_describe;
  synth_class->silence = SILENCE;
  synth_class->exclusive = TRUE;
  synth_class->snapshot = snapshot_new;
  synth_class->free_snapshot = snapshot_free;
  synth_class->prepare = parley_speech_text_clean;
  synth_class->load = load;
  synth_class->synthesise = synthesise;

  install_properties (object_class);
}
