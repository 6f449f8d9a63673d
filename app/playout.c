/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "playout.h"

#include <string.h>

#include "speech/g711.h"
#include "speech/loud.h"

/* Inside, time is counted in samples since the origin, so that audio joins
 * without rounding. */
#define SAMPLE_US 125
#define MAX_QUEUED (10 * 60 * 8000)
#define NONE G_MAXINT64

typedef struct
{
  gint64 begin;                 /* position of its first sample */
  gsize len;
  guint8 audio[];               /* only if kept */
} Chunk;

typedef struct
{
  gint64 due;                   /* position */
  gchar *name;
} Mark;

struct _ParleyPlayout
{
  gint64 origin;                /* µs */
  gboolean keep_audio;

  GQueue chunks;                /* heard and not read yet, then still to hear */
  gint64 end;                   /* after the last sample queued */
  gint64 read;                  /* all before it was read */
  GQueue marks;

  gint64 first_loud;            /* of this reply; NONE */
  gint64 last_loud;
  gint64 last_push;             /* µs: when media came last */
  gint64 stalled;               /* µs: until when nothing was read; 0: never */
  gboolean running;             /* media came since the last clear */

  gint64 run_received;          /* µs: when the media without a pause began */
  gint64 run_samples;           /* of it so far */
  gint64 reply_received;        /* both of the first loud sample */
  gint64 reply_samples;

  guint underruns;
  guint64 discarded;
};

static void
mark_free (gpointer data)
{
  Mark *mark = data;

  g_free (mark->name);
  g_free (mark);
}

ParleyPlayout *
parley_playout_new (gint64 origin, gboolean keep_audio)
{
  ParleyPlayout *self = g_new0 (ParleyPlayout, 1);

  self->origin = origin;
  self->keep_audio = keep_audio;
  g_queue_init (&self->chunks);
  g_queue_init (&self->marks);
  parley_playout_begin_reply (self);
  return self;
}

void
parley_playout_free (ParleyPlayout * self)
{
  g_queue_clear_full (&self->chunks, g_free);
  g_queue_clear_full (&self->marks, mark_free);
  g_free (self);
}

/* The first sample that is not heard yet at @now. */
static gint64
position (ParleyPlayout * self, gint64 now)
{
  return MAX ((now - self->origin + SAMPLE_US - 1) / SAMPLE_US, 0);
}

static gint64
time_of (ParleyPlayout * self, gint64 at)
{
  return self->origin + at * SAMPLE_US;
}

static void
keep (ParleyPlayout * self, gint64 begin, const guint8 * mulaw, gsize len)
{
  Chunk *chunk;

  if (!self->keep_audio)
    return;
  chunk = g_malloc (sizeof *chunk + len);
  chunk->begin = begin;
  chunk->len = len;
  memcpy (chunk->audio, mulaw, len);
  g_queue_push_tail (&self->chunks, chunk);
}

/* The media that comes at @now begins a run if there was a pause before it. An
 * underrun within a reply is none. */
static void
begin_run (ParleyPlayout * self, gint64 now)
{
  if (self->running && (self->end > position (self, now)
          || now - self->last_push < PARLEY_PLAYOUT_REPLY_END_US))
    return;
  self->run_received = now;
  self->run_samples = 0;
}

void
parley_playout_push (ParleyPlayout * self, gint64 now, const guint8 * mulaw,
    gsize len)
{
  gint64 here = position (self, now), begin = self->end;
  gsize room;
  gssize loud;

  if (len == 0)
    return;
  begin_run (self, now);
  if (begin <= here) {
    if (self->running && now - self->last_push < PARLEY_PLAYOUT_REPLY_END_US)
      self->underruns++;
    begin = here + PARLEY_PLAYOUT_BUFFER_US / SAMPLE_US;
  }
  self->last_push = now;
  room = MAX (here + MAX_QUEUED - begin, 0);
  if (len > room) {
    self->discarded += len - room;
    len = room;
  }
  self->running = TRUE;
  self->end = begin + len;
  keep (self, begin, mulaw, len);
  loud = parley_mulaw_first_loud (mulaw, len);
  self->run_samples += len;
  if (loud < 0)
    return;
  if (self->first_loud == NONE) {
    self->first_loud = begin + loud;
    self->reply_received = self->run_received;
    self->reply_samples = self->run_samples - len + loud;
  }
  self->last_loud = begin + parley_mulaw_last_loud (mulaw, len);
}

void
parley_playout_stalled (ParleyPlayout * self, gint64 now)
{
  self->stalled = now;
}

void
parley_playout_mark (ParleyPlayout * self, gint64 now, const gchar * name)
{
  Mark *mark = g_new (Mark, 1);

  mark->due = MAX (self->end, position (self, now));
  mark->name = g_strdup (name);
  g_queue_push_tail (&self->marks, mark);
}

void
parley_playout_clear (ParleyPlayout * self, gint64 now)
{
  gint64 here = position (self, now);
  Chunk *chunk;
  GList *l;

  while ((chunk = g_queue_peek_tail (&self->chunks)) != NULL
      && chunk->begin >= here)
    g_free (g_queue_pop_tail (&self->chunks));
  if (chunk != NULL)
    chunk->len = MIN (chunk->len, (gsize) (here - chunk->begin));

  self->end = MIN (self->end, here);
  self->running = FALSE;
  if (self->first_loud != NONE && self->first_loud >= here)
    self->first_loud = self->last_loud = NONE;
  else if (self->first_loud != NONE)
    self->last_loud = MIN (self->last_loud, here);
  for (l = self->marks.head; l != NULL; l = l->next)
    ((Mark *) l->data)->due = MIN (((Mark *) l->data)->due, here);
}

gchar *
parley_playout_pop_mark (ParleyPlayout * self, gint64 now)
{
  Mark *mark = g_queue_peek_head (&self->marks);
  gchar *name;

  if (mark == NULL || mark->due > position (self, now))
    return NULL;
  g_queue_pop_head (&self->marks);
  name = g_steal_pointer (&mark->name);
  mark_free (mark);
  return name;
}

gint64
parley_playout_next_mark (ParleyPlayout * self)
{
  Mark *mark = g_queue_peek_head (&self->marks);

  return mark != NULL ? time_of (self, mark->due) : PARLEY_PLAYOUT_NEVER;
}

void
parley_playout_begin_reply (ParleyPlayout * self)
{
  self->first_loud = NONE;
  self->last_loud = NONE;
}

gint64
parley_playout_reply_begin (ParleyPlayout * self)
{
  return self->first_loud != NONE ? time_of (self, self->first_loud)
      : PARLEY_PLAYOUT_NEVER;
}

gboolean
parley_playout_reply_origin (ParleyPlayout * self, gint64 * received,
    gint64 * offset)
{
  if (self->first_loud == NONE)
    return FALSE;
  *received = self->reply_received;
  *offset = self->reply_samples * SAMPLE_US;
  return TRUE;
}

gboolean
parley_playout_reply_ended (ParleyPlayout * self, gint64 now, gint64 * end)
{
  gint64 here = position (self, now), silent;
  gint64 quiet = now - MAX (self->last_push, self->stalled);

  if (self->first_loud == NONE || self->first_loud >= here)
    return FALSE;
  if (self->end <= here && quiet >= PARLEY_PLAYOUT_REPLY_END_US) {
    *end = time_of (self, self->end);
    return TRUE;
  }
  silent = time_of (self, self->last_loud + 1);
  *end = silent;
  return now - MAX (silent, self->stalled) >= PARLEY_PLAYOUT_SILENCE_END_US;
}

void
parley_playout_read (ParleyPlayout * self, gint64 now, GByteArray * out)
{
  gint64 here = position (self, now);
  guint start = out->len;
  Chunk *chunk;

  if (here <= self->read)
    return;
  g_byte_array_set_size (out, start + (here - self->read));
  memset (out->data + start, PARLEY_MULAW_SILENCE, here - self->read);
  while ((chunk = g_queue_peek_head (&self->chunks)) != NULL
      && chunk->begin < here) {
    gint64 from = MAX (chunk->begin, self->read);
    gint64 to = MIN (chunk->begin + (gint64) chunk->len, here);

    if (to > from)
      memcpy (out->data + start + (from - self->read),
          chunk->audio + (from - chunk->begin), to - from);
    if (chunk->begin + (gint64) chunk->len > here)
      break;
    g_free (g_queue_pop_head (&self->chunks));
  }
  self->read = here;
}

guint
parley_playout_get_underruns (ParleyPlayout * self)
{
  return self->underruns;
}

guint64
parley_playout_get_discarded (ParleyPlayout * self)
{
  return self->discarded;
}
