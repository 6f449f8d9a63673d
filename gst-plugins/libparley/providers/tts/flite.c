/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* English voices of flite, on this machine and without an account.
 *
 * flite keeps no state outside an utterance once its voices are registered:
 * the streaming callback and the pace are features of the utterance, which
 * shadow those of the voice, and constant data is not reference counted. So
 * one voice serves all threads at once. (The statistical voices draw their
 * breath noise from rand(), so that two runs differ in the last bits.) */

#include <flite/flite.h>

#include "providers/tts/localsynth.h"
#include "providers/tts/speechtext.h"

#define DEFAULT_VOICE "slt"
#define STREAM_MS 20
/* Before its first sample a voice thinks 0.35 ms for each letter. */
#define FIRST_PIECE 80
/* Peaks of the voices' noise in silence are below 120, those of the softest
 * first sounds above 200. */
#define SILENCE 200

cst_voice *register_cmu_us_slt (const char *voxdir);
cst_voice *register_cmu_us_rms (const char *voxdir);
cst_voice *register_cmu_us_awb (const char *voxdir);
cst_voice *register_cmu_us_kal16 (const char *voxdir);

static const struct
{
  const gchar *name;
  cst_voice *(*register_voice) (const char *voxdir);
} voices[] = {
  {"slt", register_cmu_us_slt},
  {"rms", register_cmu_us_rms},
  {"awb", register_cmu_us_awb},
  {"kal16", register_cmu_us_kal16},
};

static cst_voice *registered[G_N_ELEMENTS (voices)];    /* by register_all() */
static gint loaded[G_N_ELEMENTS (voices)];      /* atomic */

enum
{
  PROP_0,
  PROP_VOICE
};

#define PARLEY_TYPE_TTS_FLITE (parley_tts_flite_get_type ())
G_DECLARE_FINAL_TYPE (ParleyTtsFlite, parley_tts_flite, PARLEY, TTS_FLITE,
    ParleyLocalSynth);

struct _ParleyTtsFlite
{
  ParleyLocalSynth parent;
  gchar *voice;
};

typedef struct
{
  guint voice;                  /* index */
  gdouble speed;
} Snapshot;

G_DEFINE_FINAL_TYPE (ParleyTtsFlite, parley_tts_flite, PARLEY_TYPE_LOCAL_SYNTH);

static gpointer
register_all (gpointer data)
{
  flite_init ();
  for (guint i = 0; i < G_N_ELEMENTS (voices); i++)
    registered[i] = voices[i].register_voice (NULL);
  return NULL;
}

static cst_voice *
get_voice (guint index)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, register_all, NULL);
  return registered[index];
}

/* In a worker */

typedef struct
{
  ParleyLocalSink *sink;
  guint rate;
  gboolean stopped;
} Stream;

static int
take_samples (const cst_wave * wave, int start, int size, int last,
    cst_audio_streaming_info * info)
{
  Stream *stream = info->userdata;

  if (size > 0 && !parley_local_sink_write (stream->sink, stream->rate,
          wave->samples + start, size))
    stream->stopped = TRUE;
  return stream->stopped ? CST_AUDIO_STREAM_STOP : CST_AUDIO_STREAM_CONT;
}

static gboolean
synthesise (gconstpointer data, const gchar * text, ParleyLocalSink * sink,
    GError ** error)
{
  const Snapshot *snapshot = data;
  cst_voice *voice = get_voice (snapshot->voice);
  Stream stream = { sink, flite_get_param_int (voice->features, "sample_rate",
        16000)
  };
  cst_audio_streaming_info *info = new_audio_streaming_info ();
  cst_utterance *utterance = new_utterance ();

  info->asc = take_samples;
  info->userdata = &stream;
  info->min_buffsize = stream.rate * STREAM_MS / 1000;
  utt_set_input_text (utterance, text);
  flite_feat_set_float (utterance->features, "duration_stretch",
      1.0 / snapshot->speed);
  /* The utterance owns the information from here. */
  flite_feat_set (utterance->features, "streaming_info",
      audio_streaming_info_val (info));
  utterance = flite_do_synth (utterance, voice, utt_synth);
  if (utterance)
    delete_utterance (utterance);
  if (utterance || stream.stopped)
    return TRUE;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_ENGINE,
      "flite could not speak “%s”", text);
  return FALSE;
}

static int
drop_samples (const cst_wave * wave, int start, int size, int last,
    cst_audio_streaming_info * info)
{
  return CST_AUDIO_STREAM_STOP;
}

/* Speaks a word to nobody: that reads the voice's pages and the lexicon's. */
static void
load (gconstpointer data)
{
  const Snapshot *snapshot = data;
  cst_audio_streaming_info *info;
  cst_utterance *utterance;

  if (!g_atomic_int_compare_and_exchange (&loaded[snapshot->voice], 0, 1))
    return;
  info = new_audio_streaming_info ();
  utterance = new_utterance ();
  info->asc = drop_samples;
  info->min_buffsize = 320;
  utt_set_input_text (utterance, "The quick brown fox jumps.");
  flite_feat_set (utterance->features, "streaming_info",
      audio_streaming_info_val (info));
  utterance = flite_do_synth (utterance, get_voice (snapshot->voice),
      utt_synth);
  if (utterance)
    delete_utterance (utterance);
}

/* On the loop */

static gint
find_voice (const gchar * name)
{
  for (guint i = 0; i < G_N_ELEMENTS (voices); i++)
    if (g_strcmp0 (voices[i].name, name) == 0)
      return i;
  return -1;
}

static const gchar *
voice_name (ParleyTtsFlite * self)
{
  return self->voice && *self->voice ? self->voice : DEFAULT_VOICE;
}

static gpointer
snapshot_new (ParleyLocalSynth * synth, GError ** error)
{
  ParleyTtsFlite *self = PARLEY_TTS_FLITE (synth);
  const gchar *name = voice_name (self);
  gint index = find_voice (name);
  Snapshot *snapshot;

  if (index < 0) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "flite has no voice “%s”; set voice= to one of: slt, rms, awb, kal16",
        name);
    return NULL;
  }
  snapshot = g_new (Snapshot, 1);
  *snapshot = (Snapshot) {
  index, parley_local_synth_get_speed (synth)};
  return snapshot;
}

static gchar *
parley_tts_flite_describe (ParleyTtsProvider * provider)
{
  ParleyTtsFlite *self = PARLEY_TTS_FLITE (provider);
  gchar speed[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (speed, sizeof (speed), "%.3f",
      parley_local_synth_get_speed (PARLEY_LOCAL_SYNTH (self)));
  return g_strdup_printf ("flite voice=%s speed=%s", voice_name (self), speed);
}

static void
parley_tts_flite_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyTtsFlite *self = PARLEY_TTS_FLITE (object);

  if (prop_id == PROP_VOICE) {
    g_free (self->voice);
    self->voice = g_value_dup_string (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
parley_tts_flite_get_property (GObject * object, guint prop_id,
    GValue * value, GParamSpec * pspec)
{
  ParleyTtsFlite *self = PARLEY_TTS_FLITE (object);

  if (prop_id == PROP_VOICE)
    g_value_set_string (value, self->voice);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
parley_tts_flite_finalize (GObject * object)
{
  g_free (PARLEY_TTS_FLITE (object)->voice);
  G_OBJECT_CLASS (parley_tts_flite_parent_class)->finalize (object);
}

static void
parley_tts_flite_init (ParleyTtsFlite * self)
{
}

static void
parley_tts_flite_class_init (ParleyTtsFliteClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyLocalSynthClass *synth_class = PARLEY_LOCAL_SYNTH_CLASS (klass);

  object_class->set_property = parley_tts_flite_set_property;
  object_class->get_property = parley_tts_flite_get_property;
  object_class->finalize = parley_tts_flite_finalize;
  PARLEY_TTS_PROVIDER_CLASS (klass)->describe = parley_tts_flite_describe;
  synth_class->silence = SILENCE;
  synth_class->first_piece = FIRST_PIECE;
  synth_class->snapshot = snapshot_new;
  synth_class->free_snapshot = g_free;
  synth_class->prepare = parley_speech_text_to_ascii;
  synth_class->load = load;
  synth_class->synthesise = synthesise;

  g_object_class_install_property (object_class, PROP_VOICE,
      g_param_spec_string ("voice", "Voice",
          "The voice: slt, rms, awb or kal16 (NULL = slt)", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}
