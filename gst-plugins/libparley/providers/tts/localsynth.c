/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/tts/localsynth.h"

#include "providers/tts/silencegate.h"
#include "providers/tts/speechtext.h"

#define PIECE_BYTES 160
#define FIRST_CHUNK_MS 20
#define CHUNK_MS 40

enum
{
  PROP_0,
  PROP_SPEED
};

typedef struct
{
  ParleyLocalSynthClass *klass;
  gpointer snapshot;
  gint refs;                    /* atomic */
} Settings;

/* One number of one provider. The loop owns it until a piece of it is in
 * work; then the worker has the fields below the line to itself until it
 * hands the piece back. */
typedef struct
{
  gint refs;                    /* atomic */
  gint cancelled;               /* atomic */
  GWeakRef owner;
  ParleyLoop *loop;
  guint id;
  Settings *settings;
  GPtrArray *pieces;
  guint next_piece;
  /* --- */
  ParleyAudioFormat format;
  ParleySilenceGate *gate;
  GByteArray *ready;            /* sure to be heard, not handed over yet */
  gboolean begun;               /* the first chunk was handed over */
  GError *error;
} Job;

struct _ParleyLocalSink
{
  Job *job;
};

typedef struct
{
  gdouble speed;
  GQueue waiting;               /* of Job */
  Job *current;                 /* a piece of it is in work, or will be */
  Settings *settings;           /* of the properties as they are, or NULL */
} ParleyLocalSynthPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ParleyLocalSynth, parley_local_synth,
    PARLEY_TYPE_TTS_PROVIDER);

/* Settings */

static Settings *
settings_new (ParleyLocalSynth * self, GError ** error)
{
  ParleyLocalSynthClass *klass = PARLEY_LOCAL_SYNTH_GET_CLASS (self);
  gpointer snapshot = klass->snapshot (self, error);
  Settings *settings;

  if (!snapshot)
    return NULL;
  settings = g_new0 (Settings, 1);
  /* Kept, so that a worker may use the class when the provider is gone. */
  settings->klass = g_type_class_ref (G_OBJECT_TYPE (self));
  settings->snapshot = snapshot;
  settings->refs = 1;
  return settings;
}

static Settings *
settings_ref (Settings * settings)
{
  g_atomic_int_inc (&settings->refs);
  return settings;
}

static void
settings_unref (Settings * settings)
{
  if (!g_atomic_int_dec_and_test (&settings->refs))
    return;
  settings->klass->free_snapshot (settings->snapshot);
  g_type_class_unref (settings->klass);
  g_free (settings);
}

/* Jobs */

static Job *
job_new (ParleyLocalSynth * self, guint id, const gchar * text)
{
  ParleyLocalSynthClass *klass = PARLEY_LOCAL_SYNTH_GET_CLASS (self);
  Job *job = g_new0 (Job, 1);
  gchar *prepared = klass->prepare (text);

  job->refs = 1;
  g_weak_ref_init (&job->owner, self);
  job->loop = g_object_ref (parley_provider_get_loop (PARLEY_PROVIDER (self)));
  job->id = id;
  job->pieces = parley_speech_text_split (prepared, PIECE_BYTES,
      klass->first_piece);
  job->ready = g_byte_array_new ();
  g_free (prepared);
  return job;
}

static Job *
job_ref (Job * job)
{
  g_atomic_int_inc (&job->refs);
  return job;
}

static void
job_unref (Job * job)
{
  if (!g_atomic_int_dec_and_test (&job->refs))
    return;
  g_weak_ref_clear (&job->owner);
  g_object_unref (job->loop);
  g_clear_pointer (&job->settings, settings_unref);
  g_ptr_array_unref (job->pieces);
  g_clear_pointer (&job->gate, parley_silence_gate_free);
  g_byte_array_unref (job->ready);
  g_clear_error (&job->error);
  g_free (job);
}

static void
job_cancel (Job * job)
{
  g_atomic_int_set (&job->cancelled, TRUE);
  job_unref (job);
}

/* The provider, if the job is still wanted; a reference. */
static gpointer
job_owner (Job * job)
{
  return g_atomic_int_get (&job->cancelled) ? NULL
      : g_weak_ref_get (&job->owner);
}

/* The one queue of engines that do one thing at a time. A worker that is done
 * submits the next step, so none ever waits for the engine. */

typedef struct
{
  ParleyLoop *loop;
  ParleyWorkFunc work;
  ParleyWorkFunc done;
  gpointer data;
} Step;

static GMutex lane_lock;
static GQueue lane = G_QUEUE_INIT;      /* of Step, under lane_lock */
static gboolean lane_busy;      /* under lane_lock */

static void lane_work (gpointer data);

static void
lane_done (gpointer data)
{
  Step *step = data;

  if (step->done)
    step->done (step->data);
  g_object_unref (step->loop);
  g_free (step);
}

static void
lane_submit_next (void)
{
  Step *step;

  g_mutex_lock (&lane_lock);
  step = g_queue_pop_head (&lane);
  lane_busy = step != NULL;
  g_mutex_unlock (&lane_lock);
  if (step)
    parley_work_submit (step->loop, lane_work, lane_done, step);
}

static void
lane_work (gpointer data)
{
  Step *step = data;

  step->work (step->data);
  lane_submit_next ();
}

static void
submit (Settings * settings, ParleyLoop * loop, ParleyWorkFunc work,
    ParleyWorkFunc done, gpointer data)
{
  Step *step;
  gboolean idle;

  if (!settings->klass->exclusive) {
    parley_work_submit (loop, work, done, data);
    return;
  }
  step = g_new (Step, 1);
  *step = (Step) {
  g_object_ref (loop), work, done, data};
  g_mutex_lock (&lane_lock);
  g_queue_push_tail (&lane, step);
  idle = !lane_busy;
  lane_busy = TRUE;
  g_mutex_unlock (&lane_lock);
  if (idle)
    lane_submit_next ();
}

/* In a worker */

static void
deliver (gpointer data, gpointer user_data)
{
  Job *job = data;
  GBytes *samples = user_data;
  ParleyTtsProvider *owner = job_owner (job);

  if (owner) {
    parley_tts_provider_audio_in_loop (owner, job->id, &job->format, samples);
    g_object_unref (owner);
  }
  g_bytes_unref (samples);
  job_unref (job);
}

static void
hand_over (Job * job)
{
  gint16 *words = (gint16 *) job->ready->data;
  GBytes *samples;

  if (job->ready->len == 0)
    return;
  for (guint i = 0; i < job->ready->len / 2; i++)
    words[i] = GINT16_TO_LE (words[i]);
  samples = g_byte_array_free_to_bytes (job->ready);
  job->ready = g_byte_array_new ();
  job->begun = TRUE;
  parley_loop_invoke (job->loop, deliver, job_ref (job), samples);
}

gboolean
parley_local_sink_write (ParleyLocalSink * sink, guint rate,
    const gint16 * samples, gsize n)
{
  Job *job = sink->job;
  guint chunk = job->begun ? CHUNK_MS : FIRST_CHUNK_MS;

  if (g_atomic_int_get (&job->cancelled))
    return FALSE;
  if (!job->gate) {
    job->format = (ParleyAudioFormat) {
    .mulaw = FALSE,.rate = rate};
    job->gate = parley_silence_gate_new (rate, job->settings->klass->silence);
  }
  parley_silence_gate_push (job->gate, samples, n, job->ready);
  if (job->ready->len >= rate * chunk / 1000 * sizeof (gint16))
    hand_over (job);
  return TRUE;
}

static gboolean
job_at_end (Job * job)
{
  return job->error || job->next_piece >= job->pieces->len;
}

static void
piece_work (gpointer data)
{
  Job *job = data;
  ParleyLocalSink sink = { job };

  if (g_atomic_int_get (&job->cancelled))
    return;
  if (job->next_piece < job->pieces->len) {
    const gchar *text = g_ptr_array_index (job->pieces, job->next_piece++);

    job->settings->klass->synthesise (job->settings->snapshot, text, &sink,
        &job->error);
    if (job->gate && !job_at_end (job))
      parley_silence_gate_join (job->gate, parley_speech_text_pause (text),
          job->ready);
  }
  if (job->gate && job_at_end (job)) {
    parley_silence_gate_finish (job->gate, job->ready);
    hand_over (job);
  }
}

/* On the loop */

static void start_next_in_loop (ParleyLocalSynth * self);

static void
job_end_in_loop (ParleyLocalSynth * self, Job * job)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);
  ParleyTtsProvider *provider = PARLEY_TTS_PROVIDER (self);

  g_assert (priv->current == job);
  priv->current = NULL;
  /* First, so that the next one is in work while this one's end is told. */
  start_next_in_loop (self);
  if (job->error)
    parley_tts_provider_failed_in_loop (provider, job->id, job->error);
  else
    parley_tts_provider_done_in_loop (provider, job->id);
  job_unref (job);
}

static void
piece_done (gpointer data)
{
  Job *job = data;
  ParleyLocalSynth *owner = job_owner (job);

  if (owner && !job_at_end (job))
    submit (job->settings, job->loop, piece_work, piece_done, job_ref (job));
  else if (owner)
    job_end_in_loop (owner, job);
  g_clear_object (&owner);
  job_unref (job);
}

static void
start_next_in_loop (ParleyLocalSynth * self)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);
  Job *job;

  if (priv->current)
    return;
  job = priv->current = g_queue_pop_head (&priv->waiting);
  if (job)
    submit (job->settings, job->loop, piece_work, piece_done, job_ref (job));
}

static void
refuse_in_loop (gpointer data, gpointer user_data)
{
  Job *job = data;
  ParleyTtsProvider *owner = job_owner (job);

  if (owner) {
    parley_tts_provider_failed_in_loop (owner, job->id, job->error);
    g_object_unref (owner);
  }
  job_unref (job);
}

/* The settings for the next job: made once for all that have the same. */
static Settings *
current_settings (ParleyLocalSynth * self, GError ** error)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);

  if (!priv->settings)
    priv->settings = settings_new (self, error);
  return priv->settings;
}

static void
parley_local_synth_speak (ParleyTtsProvider * provider, guint id,
    const gchar * text)
{
  ParleyLocalSynth *self = PARLEY_LOCAL_SYNTH (provider);
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);
  Job *job = job_new (self, id, text);
  Settings *settings = current_settings (self, &job->error);

  if (!settings) {
    parley_loop_invoke (job->loop, refuse_in_loop, job, NULL);
    return;
  }
  job->settings = settings_ref (settings);
  g_queue_push_tail (&priv->waiting, job);
  start_next_in_loop (self);
}

static void
parley_local_synth_cancel (ParleyTtsProvider * provider, guint id)
{
  ParleyLocalSynth *self = PARLEY_LOCAL_SYNTH (provider);
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);

  for (GList * l = priv->waiting.head; l;) {
    GList *next = l->next;
    Job *job = l->data;

    if (job->id == id) {
      g_queue_delete_link (&priv->waiting, l);
      job_cancel (job);
    }
    l = next;
  }
  if (priv->current && priv->current->id == id) {
    /* The next one does not wait until the engine notices. */
    job_cancel (g_steal_pointer (&priv->current));
    start_next_in_loop (self);
  }
}

static void
load_work (gpointer data)
{
  Settings *settings = data;

  settings->klass->load (settings->snapshot);
}

static void
load_done (gpointer data)
{
  settings_unref (data);
}

static gboolean
parley_local_synth_warm (ParleyProvider * provider, GError ** error)
{
  Settings *settings = current_settings (PARLEY_LOCAL_SYNTH (provider), error);

  if (!settings)
    return FALSE;
  submit (settings, parley_provider_get_loop (provider), load_work, load_done,
      settings_ref (settings));
  return TRUE;
}

/* GObject */

gdouble
parley_local_synth_get_speed (ParleyLocalSynth * self)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);

  return priv->speed;
}

static void
parley_local_synth_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (PARLEY_LOCAL_SYNTH (object));

  if (prop_id == PROP_SPEED)
    priv->speed = g_value_get_double (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
parley_local_synth_get_property (GObject * object, guint prop_id,
    GValue * value, GParamSpec * pspec)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (PARLEY_LOCAL_SYNTH (object));

  if (prop_id == PROP_SPEED)
    g_value_set_double (value, priv->speed);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

/* Any property of a subclass may be part of the snapshot. */
static void
parley_local_synth_notify (GObject * object, GParamSpec * pspec)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (PARLEY_LOCAL_SYNTH (object));

  g_clear_pointer (&priv->settings, settings_unref);
}

static void
parley_local_synth_dispose (GObject * object)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (PARLEY_LOCAL_SYNTH (object));

  g_clear_pointer (&priv->current, job_cancel);
  g_queue_clear_full (&priv->waiting, (GDestroyNotify) job_cancel);
  g_clear_pointer (&priv->settings, settings_unref);
  G_OBJECT_CLASS (parley_local_synth_parent_class)->dispose (object);
}

static void
parley_local_synth_init (ParleyLocalSynth * self)
{
  ParleyLocalSynthPrivate *priv =
      parley_local_synth_get_instance_private (self);

  priv->speed = 1.0;
  g_queue_init (&priv->waiting);
}

static void
parley_local_synth_class_init (ParleyLocalSynthClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyTtsProviderClass *tts_class = PARLEY_TTS_PROVIDER_CLASS (klass);

  object_class->set_property = parley_local_synth_set_property;
  object_class->get_property = parley_local_synth_get_property;
  object_class->notify = parley_local_synth_notify;
  object_class->dispose = parley_local_synth_dispose;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_local_synth_warm;
  tts_class->speak = parley_local_synth_speak;
  tts_class->cancel = parley_local_synth_cancel;

  g_object_class_install_property (object_class, PROP_SPEED,
      g_param_spec_double ("speed", "Speed",
          "How fast the voice speaks, relative to its own pace (0.5 to 2)",
          0.5, 2.0, 1.0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}
