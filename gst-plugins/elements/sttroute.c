/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sttroute.h"

#include "sttendpoint.h"

/* Audio kept of a take; vadendpoint ends turns before. */
#define MAX_KEPT_SECONDS 60

/* A take that has no answer yet. */
typedef struct
{
  guint turn;
  guint take;
  ParleyAudioFormat format;
  gpointer provider;            /* that hears it; borrowed */
  gpointer probe;               /* hears it too, for nobody; or NULL */
  GQueue audio;                 /* of GBytes; empty without a fallback */
  gsize kept;                   /* bytes of it */
  gsize bytes;                  /* of the take */
  gboolean finished;
} Take;

struct _SttRoute
{
  GstProviderElement *element;  /* borrowed: it owns this */
  GQueue takes;                 /* oldest first */
  guint turn;                   /* the last one that was given to somebody */
  gpointer provider;            /* to this one; borrowed */
  GQueue pause;                 /* of GBytes: what it heard since the last
                                 * take; empty without a fallback */
  gdouble bytes_a_second;       /* of the last take */
  gdouble paused;               /* seconds of it that were not told to cost */
};

static gdouble
bytes_a_second (const Take * take)
{
  return take->format.rate * (take->format.mulaw ? 1.0 : 2.0);
}

static void
unref_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

static void
take_free (gpointer data)
{
  Take *take = data;

  g_queue_clear_full (&take->audio, unref_bytes);
  g_free (take);
}

static Take *
find_take (SttRoute * self, guint turn)
{
  for (GList * l = self->takes.head; l; l = l->next)
    if (((Take *) l->data)->turn == turn)
      return l->data;
  return NULL;
}

/* The one whose audio comes. */
static Take *
open_take (SttRoute * self)
{
  Take *take = g_queue_peek_tail (&self->takes);

  return take && !take->finished ? take : NULL;
}

static void
forget_pause (SttRoute * self)
{
  g_queue_clear_full (&self->pause, unref_bytes);
}

static void
post_pause_usage (SttRoute * self)
{
  if (self->paused > 0)
    gst_provider_element_post_usage_in_loop (self->element, self->provider,
        "second", self->paused);
  self->paused = 0;
}

static void
post_usage (SttRoute * self, const Take * take, gpointer provider)
{
  gst_provider_element_post_usage_in_loop (self->element, provider, "second",
      take->bytes / bytes_a_second (take));
}

void
stt_route_begin (SttRoute * self, guint turn, guint number,
    const ParleyAudioFormat * format)
{
  Take *take = g_new0 (Take, 1);

  take->turn = turn;
  take->take = number;
  take->format = *format;
  self->bytes_a_second = bytes_a_second (take);
  post_pause_usage (self);
  if (turn != self->turn)
    forget_pause (self);
  take->audio = self->pause;
  g_queue_init (&self->pause);
  for (GList * l = take->audio.head; l; l = l->next)
    take->kept += g_bytes_get_size (l->data);
  if (turn != self->turn || !self->provider)
    self->provider = gst_provider_element_choose_in_loop (self->element, turn,
        &take->probe);
  self->turn = turn;
  take->provider = self->provider;
  g_queue_push_tail (&self->takes, take);
  parley_stt_provider_begin (take->provider, turn, number, format);
  if (take->probe)
    parley_stt_provider_begin (take->probe, turn, number, format);
}

static void
keep (SttRoute * self, Take * take, GBytes * samples)
{
  gsize most = MAX_KEPT_SECONDS * bytes_a_second (take);

  if (!gst_provider_element_has_fallback_in_loop (self->element,
          take->provider))
    return;
  g_queue_push_tail (&take->audio, g_bytes_ref (samples));
  take->kept += g_bytes_get_size (samples);
  while (take->kept > most) {
    GBytes *oldest = g_queue_pop_head (&take->audio);

    take->kept -= g_bytes_get_size (oldest);
    g_bytes_unref (oldest);
  }
}

void
stt_route_audio (SttRoute * self, GBytes * samples)
{
  Take *take = open_take (self);

  if (!take)
    return;
  take->bytes += g_bytes_get_size (samples);
  keep (self, take, samples);
  parley_stt_provider_audio (take->provider, samples);
  if (take->probe)
    parley_stt_provider_audio (take->probe, samples);
}

void
stt_route_finish (SttRoute * self)
{
  Take *take = open_take (self);

  if (!take)
    return;
  take->finished = TRUE;
  parley_stt_provider_finish (take->provider);
  post_usage (self, take, take->provider);
  if (!take->probe)
    return;
  parley_stt_provider_finish (take->probe);
  post_usage (self, take, take->probe);
}

void
stt_route_pause (SttRoute * self, guint turn, GBytes * samples)
{
  if (turn != self->turn || open_take (self)
      || !stt_endpoints_are_told_by (self->provider))
    return;
  parley_stt_provider_pause (self->provider, samples);
  self->paused += g_bytes_get_size (samples) / self->bytes_a_second;
  if (gst_provider_element_has_fallback_in_loop (self->element, self->provider))
    g_queue_push_tail (&self->pause, g_bytes_ref (samples));
}

void
stt_route_end_turn (SttRoute * self, guint turn)
{
  if (turn != self->turn || !self->provider)
    return;
  post_pause_usage (self);
  forget_pause (self);
  parley_stt_provider_end_turn (self->provider);
}

void
stt_route_cancel (SttRoute * self)
{
  gpointer provider;

  for (guint i = 0; (provider =
          gst_provider_element_get_nth_in_loop (self->element, i)); i++)
    parley_stt_provider_cancel (provider);
  g_queue_clear_full (&self->takes, take_free);
  forget_pause (self);
}

void
stt_route_forget (SttRoute * self)
{
  stt_route_cancel (self);
  self->provider = NULL;
}

gboolean
stt_route_is_of (SttRoute * self, gpointer provider, guint turn, guint number)
{
  for (GList * l = self->takes.head; l; l = l->next) {
    const Take *take = l->data;

    if (take->turn == turn && take->take == number)
      return take->provider == provider;
  }
  return FALSE;
}

gboolean
stt_route_is_heard_by (SttRoute * self, guint turn, gpointer provider)
{
  return self->turn == turn && self->provider == provider;
}

void
stt_route_answered (SttRoute * self, guint turn, guint number)
{
  for (GList * l = self->takes.head, *next; l; l = next) {
    Take *take = l->data;

    next = l->next;
    if (take->turn != turn || take->take > number)
      continue;
    g_queue_delete_link (&self->takes, l);
    take_free (take);
  }
}

gpointer
stt_route_get_provider (SttRoute * self, guint turn)
{
  Take *take = find_take (self, turn);

  return take ? take->provider : NULL;
}

/* From its begin; what comes goes there too. */
static void
hear_again (SttRoute * self, Take * take, gpointer provider)
{
  take->provider = provider;
  take->probe = NULL;
  parley_stt_provider_begin (provider, take->turn, take->take, &take->format);
  for (GList * l = take->audio.head; l; l = l->next)
    parley_stt_provider_audio (provider, l->data);
  if (!take->finished)
    return;
  parley_stt_provider_finish (provider);
  post_usage (self, take, provider);
}

/* All that he owes, so that the answers of a turn keep their order. */
gboolean
stt_route_switch (SttRoute * self, guint turn, const GError * error)
{
  gpointer failed = stt_route_get_provider (self, turn), next;

  if (!failed)
    return FALSE;
  next = gst_provider_element_switch_in_loop (self->element, failed, error,
      turn);
  if (!next)
    return FALSE;
  parley_stt_provider_cancel (failed);
  if (self->provider == failed)
    self->provider = next;
  for (GList * l = self->takes.head; l; l = l->next)
    if (((Take *) l->data)->provider == failed)
      hear_again (self, l->data, next);
  return TRUE;
}

SttRoute *
stt_route_new (GstProviderElement * element)
{
  SttRoute *self = g_new0 (SttRoute, 1);

  self->element = element;
  g_queue_init (&self->takes);
  g_queue_init (&self->pause);
  return self;
}

void
stt_route_free (SttRoute * self)
{
  g_queue_clear_full (&self->takes, take_free);
  forget_pause (self);
  g_free (self);
}
