/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* provider=pocketsphinx: English speech recognised on this machine, by a
 * grammar or, far less well on the telephone, by a language model of all
 * English.
 *
 * With a grammar the final text is one of its sentences, in lower case;
 * "[unclear]" with confidence 0 when something was said that is not in it; and
 * "" when nothing was said. Partial texts are always sentences of the grammar
 * so far, even where the final turns out to be "[unclear]".
 *
 * Without a grammar any English text comes out, plausible for clean speech at
 * 16 kHz ("go forward ten meters" is right, a reader's sentences have wrong
 * words); its confidence says little. Eleven recordings took 0.4 to 0.8 s of
 * CPU for a second of audio, 0.1 to 0.5 s of it after the take ended; the
 * decoder took 0.5 s to make and the process 120 MB. With a grammar: 0.2 to
 * 0.3 s, 20 ms at most, and 60 ms to make.
 *
 * Decoding goes on in the worker pool while audio arrives, so that little is
 * left to do when the take ends. Decoders are shared by all providers in the
 * process that have the same settings, and each take of a caller begins with
 * what the one before learnt about the line. */

#include "providers/stt/pocketsphinx.h"

#include "providers/stt/sphinxtake.h"

#include <string.h>

enum
{
  PROP_0,
  PROP_GRAMMAR,
  PROP_LANGUAGE,
  PROP_MODEL
};

#define DEFAULT_LANGUAGE "en-US"

struct _ParleySttPocketsphinx
{
  ParleySttProvider parent;

  gchar *grammar;
  gchar *language;
  gchar *model_dir;

  ParleySphinxSource *source;   /* of the settings; NULL: make it */
  GPtrArray *takes;             /* of Take: begun and not answered */
  gboolean open;                /* the last of them still takes audio */
  gboolean heard;               /* the mean is this caller's */
  ParleySphinxMean mean;
  guint rate;                   /* of the audio that the mean came from */
};

G_DEFINE_FINAL_TYPE (ParleySttPocketsphinx, parley_stt_pocketsphinx,
    PARLEY_TYPE_STT_PROVIDER);

typedef struct
{
  ParleySttPocketsphinx *provider;      /* borrowed: cancels it first */
  ParleySphinxTake *take;
  guint turn, number;
  guint rate;
} Take;

static void
take_free (gpointer data)
{
  Take *take = data;

  parley_sphinx_take_cancel (take->take);
  parley_sphinx_take_unref (take->take);
  g_free (take);
}

/* Takes @take out of the open ones; the caller frees it. */
static void
take_steal (Take * take)
{
  ParleySttPocketsphinx *self = take->provider;

  g_ptr_array_set_free_func (self->takes, NULL);
  g_ptr_array_remove (self->takes, take);
  g_ptr_array_set_free_func (self->takes, take_free);
}

static void
on_partial (ParleySphinxTake * sphinx_take, const gchar * text, gpointer data)
{
  Take *take = data;

  parley_stt_provider_partial_in_loop (PARLEY_STT_PROVIDER (take->provider),
      take->turn, take->number, text);
}

static void
on_final (ParleySphinxTake * sphinx_take, const gchar * text,
    gdouble confidence, const ParleySphinxMean * mean, gpointer data)
{
  Take *take = data;
  ParleySttPocketsphinx *self = g_object_ref (take->provider);

  take_steal (take);
  if (mean && *text) {
    self->mean = *mean;
    self->rate = take->rate;
    self->heard = TRUE;
  }
  parley_stt_provider_final_in_loop (PARLEY_STT_PROVIDER (self), take->turn,
      take->number, text, confidence);
  take_free (take);
  g_object_unref (self);
}

static void
on_failed (ParleySphinxTake * sphinx_take, const GError * error, gpointer data)
{
  Take *take = data;
  ParleySttPocketsphinx *self = g_object_ref (take->provider);

  take_steal (take);
  parley_stt_provider_failed_in_loop (PARLEY_STT_PROVIDER (self), take->turn,
      take->number, error);
  take_free (take);
  g_object_unref (self);
}

static const ParleySphinxTakeFuncs take_funcs = {
  on_partial, on_final, on_failed
};

/* Settings */

static gboolean
check_language (ParleySttPocketsphinx * self, GError ** error)
{
  if (g_ascii_strcasecmp (self->language, "en") == 0
      || g_ascii_strncasecmp (self->language, "en-", 3) == 0
      || g_ascii_strncasecmp (self->language, "en_", 3) == 0
      || (self->model_dir && *self->model_dir))
    return TRUE;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "pocketsphinx hears only English here, not “%s”; set language=en-US, or "
      "model= to the folder of a model of that language, or use another "
      "provider", self->language);
  return FALSE;
}

static ParleySphinxSource *
source_of (ParleySttPocketsphinx * self)
{
  if (!self->source)
    self->source = parley_sphinx_source_new (self->model_dir, self->grammar);
  return self->source;
}

/* What goes wrong here goes wrong again, in the first take. */
static void
warm_work (gpointer data)
{
  ParleySphinxModel *model = parley_sphinx_source_get_model (data, NULL);

  if (model)
    parley_sphinx_decoder_warm (model, NULL);
  parley_sphinx_source_unref (data);
}

static gboolean
parley_stt_pocketsphinx_warm (ParleyProvider * provider, GError ** error)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (provider);

  if (!check_language (self, error))
    return FALSE;
  g_clear_pointer (&self->source, parley_sphinx_source_unref);
  if (!parley_loop_is_current (parley_provider_get_loop (provider))
      && !parley_sphinx_source_get_model (source_of (self), error))
    return FALSE;
  parley_work_submit (parley_provider_get_loop (provider), warm_work, NULL,
      parley_sphinx_source_ref (source_of (self)));
  return TRUE;
}

/* Takes */

static Take *
open_take (ParleySttPocketsphinx * self)
{
  return self->open && self->takes->len > 0
      ? g_ptr_array_index (self->takes, self->takes->len - 1) : NULL;
}

static void
parley_stt_pocketsphinx_begin (ParleySttProvider * provider, guint turn,
    guint number, const ParleyAudioFormat * format)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (provider);
  gboolean known = self->heard && self->rate == format->rate;
  Take *take = open_take (self), *opened;

  /* Begun and never finished: nobody waits for its text. */
  if (take)
    g_ptr_array_remove (self->takes, take);
  opened = g_new0 (Take, 1);
  opened->provider = self;
  opened->turn = turn;
  opened->number = number;
  opened->rate = format->rate;
  opened->take = parley_sphinx_take_new (parley_provider_get_loop
      (PARLEY_PROVIDER (self)), source_of (self), format,
      known ? &self->mean : NULL, &take_funcs, opened);
  g_ptr_array_add (self->takes, opened);
  self->open = TRUE;
}

static void
parley_stt_pocketsphinx_audio (ParleySttProvider * provider, GBytes * samples)
{
  Take *take = open_take (PARLEY_STT_POCKETSPHINX (provider));

  if (take)
    parley_sphinx_take_push (take->take, samples);
}

static void
parley_stt_pocketsphinx_finish (ParleySttProvider * provider)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (provider);
  Take *take = open_take (self);

  self->open = FALSE;
  if (take)
    parley_sphinx_take_finish (take->take);
}

static void
parley_stt_pocketsphinx_cancel (ParleySttProvider * provider)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (provider);

  self->open = FALSE;
  g_ptr_array_set_size (self->takes, 0);
}

/* Object */

static void
parley_stt_pocketsphinx_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (object);
  gchar **setting;

  switch (prop_id) {
    case PROP_GRAMMAR:
      setting = &self->grammar;
      break;
    case PROP_LANGUAGE:
      setting = &self->language;
      break;
    case PROP_MODEL:
      setting = &self->model_dir;
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
  }
  g_free (*setting);
  *setting = g_value_dup_string (value);
  g_clear_pointer (&self->source, parley_sphinx_source_unref);
  if (prop_id == PROP_LANGUAGE && (!*setting || !**setting)) {
    g_free (*setting);
    *setting = g_strdup (DEFAULT_LANGUAGE);
  }
}

static void
parley_stt_pocketsphinx_get_property (GObject * object, guint prop_id,
    GValue * value, GParamSpec * pspec)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (object);

  switch (prop_id) {
    case PROP_GRAMMAR:
      g_value_set_string (value, self->grammar);
      break;
    case PROP_LANGUAGE:
      g_value_set_string (value, self->language);
      break;
    case PROP_MODEL:
      g_value_set_string (value, self->model_dir);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
}

static void
parley_stt_pocketsphinx_finalize (GObject * object)
{
  ParleySttPocketsphinx *self = PARLEY_STT_POCKETSPHINX (object);

  g_ptr_array_unref (self->takes);
  g_clear_pointer (&self->source, parley_sphinx_source_unref);
  g_free (self->grammar);
  g_free (self->language);
  g_free (self->model_dir);
  G_OBJECT_CLASS (parley_stt_pocketsphinx_parent_class)->finalize (object);
}

static void
parley_stt_pocketsphinx_init (ParleySttPocketsphinx * self)
{
  self->language = g_strdup (DEFAULT_LANGUAGE);
  self->takes = g_ptr_array_new_with_free_func (take_free);
}

static void
parley_stt_pocketsphinx_class_init (ParleySttPocketsphinxClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyProviderClass *provider_class = PARLEY_PROVIDER_CLASS (klass);
  ParleySttProviderClass *stt_class = PARLEY_STT_PROVIDER_CLASS (klass);

  object_class->set_property = parley_stt_pocketsphinx_set_property;
  object_class->get_property = parley_stt_pocketsphinx_get_property;
  object_class->finalize = parley_stt_pocketsphinx_finalize;
  provider_class->warm = parley_stt_pocketsphinx_warm;
  stt_class->whole_turns = TRUE;
  stt_class->begin = parley_stt_pocketsphinx_begin;
  stt_class->audio = parley_stt_pocketsphinx_audio;
  stt_class->finish = parley_stt_pocketsphinx_finish;
  stt_class->cancel = parley_stt_pocketsphinx_cancel;

  g_object_class_install_property (object_class, PROP_GRAMMAR,
      g_param_spec_string ("grammar", "Grammar",
          "A JSGF file, or a conversation script ending in .json, that says "
          "what can be understood (empty = the whole language model)", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_LANGUAGE,
      g_param_spec_string ("language", "Language",
          "The caller's language; en-US and other English without a model of "
          "its own", DEFAULT_LANGUAGE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "The folder of an acoustic model, its dictionary and language model "
          "(empty = the installed US English one)", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}
