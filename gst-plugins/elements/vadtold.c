/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vadendpoint.h"

#include "net/clock.h"
#include "turn/timeline.h"
#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_EXTERN (vad_endpoint_debug);
#define GST_CAT_DEFAULT vad_endpoint_debug

/* After its longest silence a recogniser is believed to be there for so long,
 * ms: for what it says to come. */
#define MARGIN 1000

/* What a recogniser told. */
typedef struct
{
  guint turn;
  guint take;
  ParleySttEndpoint endpoint;
  const gchar *provider;        /* interned; NULL: a partial text, of anybody */
} Told;

void
vad_told_clear (GstVadEndpoint * self)
{
  VadTold *told = &self->told;

  GST_OBJECT_LOCK (self);
  g_queue_clear_full (&told->waiting, g_free);
  told->wanted = told->decider = PARLEY_ENDPOINTING_LOCAL;
  told->wanted_wait = told->wait = 0;
  GST_OBJECT_UNLOCK (self);
  parley_endpointer_set_decider (self->endpointer, told->decider, 0);
  g_atomic_pointer_set (&told->pusher, NULL);
}

/* Any thread */

static Told *
read_told (GstEvent * event)
{
  Told told = {.endpoint = PARLEY_STT_HEARS };
  const gchar *text = NULL, *provider = NULL;

  if (parley_event_parse_text (event, &text) ? !text || !*text
      : !parley_event_parse_endpoint (event, &told.endpoint, &provider))
    return NULL;
  parley_event_parse_take (event, &told.turn, &told.take);
  told.provider = g_intern_string (provider);
  return g_memdup2 (&told, sizeof told);
}

static void
take_event (GstVadEndpoint * self, GstEvent * event)
{
  VadTold *told = &self->told;
  Told *one = NULL;

  if (!parley_event_parse_endpointing (event, &told->wanted,
          &told->wanted_wait))
    one = read_told (event);
  if (one && told->wanted != PARLEY_ENDPOINTING_LOCAL)
    g_queue_push_tail (&told->waiting, one);
  else
    g_free (one);
}

/* The thread that pushes need not wait for itself. */
static gboolean
is_ours (GstVadEndpoint * self)
{
  return g_atomic_pointer_get (&self->told.pusher) == g_thread_self ();
}

void
vad_told_take (GstVadEndpoint * self, GstEvent * event)
{
  GST_OBJECT_LOCK (self);
  take_event (self, event);
  GST_OBJECT_UNLOCK (self);
  if (!is_ours (self) || !GST_PAD_STREAM_TRYLOCK (self->sinkpad))
    return;
  if (!self->told.busy && self->frames) {
    speech_gate_begin (&self->gate);
    vad_told_settle (self);
  }
  GST_PAD_STREAM_UNLOCK (self->sinkpad);
}

/* Under the stream lock */

void
vad_told_enter (GstVadEndpoint * self)
{
  self->told.busy = TRUE;
  g_atomic_pointer_set (&self->told.pusher, g_thread_self ());
}

void
vad_told_leave (GstVadEndpoint * self)
{
  self->told.busy = FALSE;
}

static Told *
next_told (GstVadEndpoint * self)
{
  VadTold *told = &self->told;
  Told *one;
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = told->decider != told->wanted || told->wait != told->wanted_wait;
  told->decider = told->wanted;
  told->wait = told->wanted_wait;
  one = g_queue_pop_head (&told->waiting);
  GST_OBJECT_UNLOCK (self);
  if (changed)
    parley_endpointer_set_decider (self->endpointer, told->decider,
        told->wait + MARGIN);
  return one;
}

/* Silence decides with it about the take that is being said, and about no
 * other. */
static gboolean
counts (GstVadEndpoint * self, const Told * told)
{
  switch (self->told.decider) {
    case PARLEY_ENDPOINTING_PROVIDER:
      return told->turn == self->turn;
    case PARLEY_ENDPOINTING_BOTH:
      return told->turn == self->turn && told->take == self->take;
    default:
      return FALSE;
  }
}

void
vad_told_settle (GstVadEndpoint * self)
{
  gboolean was_busy = self->told.busy;
  Told *told;

  self->told.busy = TRUE;
  while ((told = next_told (self))) {
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];

    if (counts (self, told)) {
      self->told.by = told->provider;
      vad_turns_apply (self, actions, parley_endpointer_told (self->endpointer,
              told->endpoint, actions));
      self->told.by = NULL;
    }
    g_free (told);
  }
  self->told.busy = was_busy;
}

/* The packet that is looked at says nothing about when that was. */
void
vad_told_mark (GstVadEndpoint * self, GstEvent * event)
{
  ParleyTimeline *timeline = parley_event_get_timeline (event);

  if (!self->told.by)
    return;
  parley_event_set_provider (event, self->told.by);
  if (!timeline)
    return;
  parley_timeline_move (timeline, PARLEY_AT_QUIET, parley_clock_now ());
  parley_timeline_unstamp (timeline, PARLEY_AT_READ);
  parley_timeline_unstamp (timeline, PARLEY_AT_VAD_IN);
  parley_timeline_set_provider (timeline, PARLEY_AT_QUIET, self->told.by);
}
