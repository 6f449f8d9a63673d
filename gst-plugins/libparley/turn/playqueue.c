/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/playqueue.h"

#include <string.h>

#include "speech/g711.h"
#include "turn/playpassages.h"

#define BYTES_PER_MS 8
#define US_PER_BYTE 125
#define MARK_BYTES (500 * BYTES_PER_MS)
/* Audio that was heard is freed in steps of at least this much. */
#define TRIM_BYTES 4000
/* A far end that echoes no marks must not fill the memory with audio that
 * nobody will ask for again: of epoch 0 at most a minute is kept. */
#define MAX_UNECHOED (60 * 1000 * BYTES_PER_MS)
/* Epochs that are over are remembered, so that events that come late find how
 * they ended; the lowest go first. */
#define MAX_ENTRIES 16

typedef struct
{
  guint64 position;
  guint sequence;
} Place;

typedef struct
{
  guint64 epoch;
  guint64 order;                /* of the first frame; 0: none was sent */
  gboolean released;
  gboolean paused;
  gboolean ended;               /* nothing more will come */
  gboolean over;                /* all heard, or void: holds no audio */
  gboolean dry;                 /* an underrun was counted */

  GByteArray *audio;            /* from base on */
  guint64 base;
  guint64 heard;
  guint64 sent;
  guint64 marked;               /* the last mark was sent there */
  guint sequence;               /* of the audio that came last */
  guint heard_sequence;
  GArray *sentences;            /* of Place: where they ended, after heard */
  GArray *marks;                /* of Place: sent and not echoed */
  GArray *passages;             /* of ParleyPlayPassage */
  guint standing;               /* a pause waits for the end of this one, from
                                 * 1; 0: none does */
  gint64 appended;              /* when audio came last */
} Entry;

struct _ParleyPlayQueue
{
  ParleyPlayStats *stats;
  GPtrArray *entries;           /* of Entry, in order of arrival */
  GQueue actions;               /* of ParleyPlayAction */
  guint64 last_order;
  guint64 last_void;
  guint clears;
  gint64 played_at;
};

/* Entries */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_byte_array_unref (entry->audio);
  g_array_unref (entry->sentences);
  g_array_unref (entry->marks);
  g_array_unref (entry->passages);
  g_free (entry);
}

static Entry *
entry_new (guint64 epoch)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->epoch = epoch;
  entry->released = epoch == 0;
  entry->audio = g_byte_array_new ();
  entry->sentences = g_array_new (FALSE, FALSE, sizeof (Place));
  entry->marks = g_array_new (FALSE, FALSE, sizeof (Place));
  entry->passages = g_array_new (FALSE, FALSE, sizeof (ParleyPlayPassage));
  return entry;
}

static guint64
entry_length (const Entry * entry)
{
  return entry->base + entry->audio->len;
}

/* Bytes that were not sent yet; none once it is over. */
static guint64
entry_waiting (const Entry * entry)
{
  return entry->over ? 0 : entry_length (entry) - entry->sent;
}

/* Where sending must stop. */
static guint64
entry_limit (const Entry * entry)
{
  return entry->standing ? parley_play_passages_nth (entry->passages,
      entry->standing)->end : PARLEY_PLAY_OPEN;
}

/* Bytes that may be sent. */
static guint64
entry_sendable (const Entry * entry)
{
  guint64 limit = MIN (entry_limit (entry), entry_length (entry));

  return entry->over || entry->sent >= limit ? 0 : limit - entry->sent;
}

static void
entry_close (Entry * entry)
{
  entry->over = TRUE;
  entry->paused = FALSE;
  entry->standing = 0;
  g_array_set_size (entry->passages, 0);
  g_byte_array_set_size (entry->audio, 0);
  g_array_set_size (entry->sentences, 0);
  g_array_set_size (entry->marks, 0);
}

static void
drop_places_until (GArray * places, guint64 position)
{
  guint n = 0;

  while (n < places->len
      && g_array_index (places, Place, n).position <= position)
    n++;
  if (n)
    g_array_remove_range (places, 0, n);
}

static void
entry_trim (Entry * entry)
{
  guint64 n = entry->heard - entry->base;

  drop_places_until (entry->sentences, entry->heard);
  if (n < MAX (TRIM_BYTES, entry->audio->len / 2) && n != entry->audio->len)
    return;
  g_byte_array_remove_range (entry->audio, 0, n);
  entry->base = entry->heard;
}

static void
entry_expect_no_echo (Entry * entry)
{
  if (entry->epoch != 0 || entry->sent - entry->heard <= MAX_UNECHOED)
    return;
  entry->heard = entry->sent - MAX_UNECHOED / 2;
  drop_places_until (entry->marks, entry->heard);
  entry_trim (entry);
}

static void
entry_unsend (Entry * entry)
{
  entry->sent = entry->marked = entry->heard;
  g_array_set_size (entry->marks, 0);
}

static Entry *
find (ParleyPlayQueue * self, guint64 epoch)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->epoch == epoch)
      return entry;
  }
  return NULL;
}

static void
forget_oldest (ParleyPlayQueue * self)
{
  Entry *oldest = NULL;

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->over && (!oldest || entry->epoch < oldest->epoch))
      oldest = entry;
  }
  if (oldest)
    g_ptr_array_remove (self->entries, oldest);
}

/* NULL: the epoch is void and not remembered. */
static Entry *
find_or_add (ParleyPlayQueue * self, guint64 epoch)
{
  Entry *entry = find (self, epoch);

  if (entry || (epoch != 0 && epoch <= self->last_void))
    return entry;
  if (self->entries->len >= MAX_ENTRIES)
    forget_oldest (self);
  entry = entry_new (epoch);
  g_ptr_array_add (self->entries, entry);
  return entry;
}

/* The one that is played now, or would be if it had audio. */
static Entry *
current (ParleyPlayQueue * self)
{
  Entry *begun = NULL, *fresh = NULL, *zero = NULL;

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    gboolean waiting = entry_waiting (e) > 0;

    if (e->over || !e->released)
      continue;
    if (e->epoch == 0)
      zero = waiting && !e->paused ? e : NULL;
    else if (e->order && (waiting || !e->ended))
      begun = !begun || e->order < begun->order ? e : begun;
    else if (!e->order && waiting)
      fresh = !fresh || e->epoch < fresh->epoch ? e : fresh;
  }
  if (begun && !begun->paused)
    return begun;
  if (zero || begun)
    return zero;
  return fresh && !fresh->paused ? fresh : NULL;
}

/* What is to be done */

static ParleyPlayAction *
push_action (ParleyPlayQueue * self, ParleyPlayKind kind, guint64 epoch)
{
  ParleyPlayAction *action = g_new0 (ParleyPlayAction, 1);

  action->kind = kind;
  action->epoch = epoch;
  g_queue_push_tail (&self->actions, action);
  return action;
}

static void
push_playing (ParleyPlayQueue * self, Entry * entry, gboolean playing)
{
  push_action (self, PARLEY_PLAY_PLAYING, entry->epoch)->playing = playing;
}

static ParleyHeard *
push_heard (ParleyPlayQueue * self, guint64 epoch, const Entry * entry,
    gboolean done, gboolean answer)
{
  ParleyHeard *heard = &push_action (self, PARLEY_PLAY_HEARD, epoch)->heard;

  heard->epoch = epoch;
  heard->answer = answer;
  heard->done = done;
  if (entry) {
    heard->sequence = entry->heard_sequence;
    heard->ms = entry->heard / BYTES_PER_MS;
    heard->begun = entry->order != 0;
  }
  return heard;
}

static gboolean
all_heard (const Entry * entry)
{
  return entry->released && !entry->paused && !entry->standing && !entry->over
      && entry->ended && entry->heard == entry_length (entry);
}

/* Epoch 0 only rests until more comes. */
static void
finish (ParleyPlayQueue * self, Entry * entry)
{
  push_heard (self, entry->epoch, entry, TRUE, FALSE);
  if (entry->order)
    push_playing (self, entry, FALSE);
  if (entry->epoch != 0)
    entry_close (entry);
  else
    entry->order = 0;
}

static void
finish_if_heard (ParleyPlayQueue * self, Entry * entry)
{
  if (all_heard (entry) && (entry->order || entry->epoch != 0))
    finish (self, entry);
}

/* Everything at the far end that is not known heard is forgotten there. */
static void
clear (ParleyPlayQueue * self)
{
  push_action (self, PARLEY_PLAY_CLEAR, 0);
  self->clears++;
  self->stats->clears++;
  self->played_at = 0;
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (!entry->over)
      entry_unsend (entry);
  }
}

/* Marks */

/* The sentence that ended within what was sent since the last mark, if any. */
static const Place *
sentence_ended (const Entry * entry)
{
  const Place *ended = NULL;

  for (guint i = 0; i < entry->sentences->len; i++) {
    const Place *place = &g_array_index (entry->sentences, Place, i);
    if (place->position > entry->marked && place->position <= entry->sent)
      ended = place;
  }
  return ended;
}

static guint
sequence_at_sent (const Entry * entry)
{
  for (guint i = 0; i < entry->sentences->len; i++) {
    const Place *place = &g_array_index (entry->sentences, Place, i);
    if (place->position >= entry->sent)
      return place->sequence;
  }
  return entry->sequence;
}

static void
send_mark (ParleyPlayQueue * self, Entry * entry, guint sequence)
{
  Place mark = { entry->sent, sequence };
  ParleyPlayAction *action = push_action (self, PARLEY_PLAY_MARK,
      entry->epoch);

  g_snprintf (action->mark, sizeof action->mark,
      "e%" G_GUINT64_FORMAT ":%u:%" G_GUINT64_FORMAT ":%u", entry->epoch,
      sequence, entry->sent / BYTES_PER_MS, self->clears);
  g_array_append_val (entry->marks, mark);
  entry->marked = entry->sent;
  self->stats->marks_sent++;
}

static void
mark_if_due (ParleyPlayQueue * self, Entry * entry, gboolean lull)
{
  const Place *ended = sentence_ended (entry);
  gboolean at_end = entry->ended && entry_waiting (entry) == 0;

  if (entry->over || entry->sent <= entry->marked)
    return;
  if (ended && !at_end)
    send_mark (self, entry, ended->sequence);
  else if (at_end || lull || entry->sent - entry->marked >= MARK_BYTES
      || parley_play_passages_end_between (entry->passages, entry->marked,
          entry->sent))
    send_mark (self, entry, sequence_at_sent (entry));
}

static gboolean
parse_number (const gchar ** text, gchar end, guint64 * number)
{
  gchar *rest;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  *number = g_ascii_strtoull (*text, &rest, 10);
  if (*rest != end)
    return FALSE;
  *text = rest + 1;
  return TRUE;
}

static gboolean
find_mark (const Entry * entry, guint64 sequence, guint64 ms, Place * found)
{
  for (guint i = 0; i < entry->marks->len; i++) {
    *found = g_array_index (entry->marks, Place, i);
    if (found->sequence == sequence && found->position / BYTES_PER_MS == ms)
      return TRUE;
  }
  return FALSE;
}

/* Pauses and passages */

/* For a far end that echoes nothing, a passage has been heard this long after
 * it must have been played. */
static gboolean
is_over (ParleyPlayQueue * self, const Entry * entry,
    const ParleyPlayPassage * passage, gint64 now)
{
  if (entry->heard >= passage->end)
    return TRUE;
  return entry->sent >= passage->end && now >= self->played_at
      - (gint64) (entry->sent - passage->end) * US_PER_BYTE
      + PARLEY_PLAY_ECHO_US;
}

/* The passage that is being played, from 1; 0: none is. */
static guint
passage_at (ParleyPlayQueue * self, const Entry * entry, gint64 now)
{
  guint64 ahead = MAX (self->played_at - now, 0) / US_PER_BYTE;
  guint64 played = entry->sent - MIN (entry->sent, ahead);

  for (guint n = entry->passages->len; n > 0; n--) {
    const ParleyPlayPassage *passage =
        parley_play_passages_nth (entry->passages, n);

    if (passage->begin <= played && passage->begin < entry->sent
        && !is_over (self, entry, passage, now))
      return n;
  }
  return 0;
}

static void
stop (ParleyPlayQueue * self, Entry * entry)
{
  entry->standing = 0;
  entry->paused = TRUE;
  if (entry->sent > entry->heard)
    clear (self);
}

/* A pause that stands takes effect at the end of its passage. */
static gboolean
stop_if_over (ParleyPlayQueue * self, Entry * entry, gint64 now)
{
  if (!entry->standing || !is_over (self, entry,
          parley_play_passages_nth (entry->passages, entry->standing), now))
    return FALSE;
  stop (self, entry);
  push_heard (self, entry->epoch, entry, FALSE, TRUE);
  return TRUE;
}

void
parley_play_queue_passage (ParleyPlayQueue * self, guint64 epoch, gboolean open)
{
  Entry *entry = find_or_add (self, epoch);

  if (!entry || entry->over || entry->ended)
    return;
  if (open) {
    parley_play_passages_open (entry->passages, entry_length (entry));
  } else {
    parley_play_passages_close (entry->passages, entry_length (entry));
    mark_if_due (self, entry, FALSE);
    stop_if_over (self, entry, G_MININT64);
  }
}

gboolean
parley_play_queue_echo (ParleyPlayQueue * self, const gchar * name)
{
  guint64 epoch, sequence, ms, clears;
  Entry *entry;
  Place mark;

  if (*name++ != 'e' || !parse_number (&name, ':', &epoch)
      || !parse_number (&name, ':', &sequence)
      || !parse_number (&name, ':', &ms)
      || !parse_number (&name, '\0', &clears) || clears != self->clears)
    return FALSE;
  entry = find (self, epoch);
  if (!entry || entry->over || !find_mark (entry, sequence, ms, &mark))
    return FALSE;
  drop_places_until (entry->marks, mark.position);
  entry->heard = mark.position;
  entry->heard_sequence = mark.sequence;
  entry_trim (entry);
  self->stats->marks_echoed++;
  if (stop_if_over (self, entry, G_MININT64))
    return TRUE;
  if (all_heard (entry))
    finish (self, entry);
  else
    push_heard (self, epoch, entry, FALSE, FALSE);
  return TRUE;
}

/* What the reply's maker says */

gboolean
parley_play_queue_append (ParleyPlayQueue * self, gint64 now, guint64 epoch,
    guint sequence, const guint8 * data, gsize len)
{
  Entry *entry;

  if (len == 0)
    return TRUE;
  entry = find_or_add (self, epoch);
  if (entry && epoch == 0)
    entry->ended = FALSE;
  if (!entry || entry->over || entry->ended) {
    self->stats->bytes_dropped += len;
    return FALSE;
  }
  if (sequence != entry->sequence && entry_length (entry) > 0) {
    Place end = { entry_length (entry), entry->sequence };
    g_array_append_val (entry->sentences, end);
  }
  entry->sequence = sequence;
  g_byte_array_append (entry->audio, data, len);
  entry->appended = now;
  entry->dry = FALSE;
  mark_if_due (self, entry, FALSE);
  return TRUE;
}

static void
end_entry (ParleyPlayQueue * self, Entry * entry)
{
  if (entry->over || entry->ended)
    return;
  parley_play_passages_close (entry->passages, entry_length (entry));
  entry->ended = TRUE;
  mark_if_due (self, entry, FALSE);
  if (!stop_if_over (self, entry, G_MININT64))
    finish_if_heard (self, entry);
}

void
parley_play_queue_reply_end (ParleyPlayQueue * self, guint64 epoch)
{
  Entry *entry = find_or_add (self, epoch);

  if (entry)
    end_entry (self, entry);
}

void
parley_play_queue_end (ParleyPlayQueue * self)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->released)
      end_entry (self, entry);
  }
}

void
parley_play_queue_release (ParleyPlayQueue * self, guint64 epoch)
{
  Entry *entry = find_or_add (self, epoch);

  if (!entry || entry->released)
    return;
  entry->released = TRUE;
  finish_if_heard (self, entry);
}

void
parley_play_queue_pause (ParleyPlayQueue * self, gint64 now, guint64 epoch,
    gboolean at_once)
{
  Entry *entry = find_or_add (self, epoch);

  if (entry && !entry->over && !entry->paused && !at_once)
    entry->standing = passage_at (self, entry, now);
  if (entry && entry->standing && !at_once) {
    push_heard (self, epoch, entry, FALSE, FALSE)->deferred = TRUE;
    return;
  }
  if (entry && !entry->over)
    stop (self, entry);
  /* What is void has not ended: make_void(). */
  push_heard (self, epoch, entry, entry && entry->over && entry->ended, TRUE);
}

/* Nobody is to wait for its answer. */
static void
drop_standing (ParleyPlayQueue * self, Entry * entry)
{
  if (!entry->standing)
    return;
  entry->standing = 0;
  push_heard (self, entry->epoch, entry, FALSE, TRUE);
}

void
parley_play_queue_unpause (ParleyPlayQueue * self, guint64 epoch)
{
  Entry *entry = find (self, epoch);

  if (!entry || !(entry->paused || entry->standing))
    return;
  drop_standing (self, entry);
  entry->paused = FALSE;
  finish_if_heard (self, entry);
}

static void
make_void (ParleyPlayQueue * self, Entry * entry)
{
  self->stats->bytes_dropped += entry_length (entry) - entry->heard;
  drop_standing (self, entry);
  if (entry->order)
    push_playing (self, entry, FALSE);
  entry->ended = FALSE;
  entry_close (entry);
}

void
parley_play_queue_interrupt (ParleyPlayQueue * self, guint64 epoch)
{
  gboolean in_flight = FALSE;

  self->last_void = MAX (self->last_void, epoch);
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if (e->epoch != 0 && e->epoch <= epoch && !e->over)
      in_flight |= e->sent > e->heard;
  }
  if (in_flight)
    clear (self);
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if (e->epoch != 0 && e->epoch <= epoch && !e->over)
      make_void (self, e);
  }
}

void
parley_play_queue_flush (ParleyPlayQueue * self)
{
  Entry *zero = find (self, 0);

  if (!zero)
    return;
  if (zero->sent > zero->heard)
    clear (self);
  make_void (self, zero);
  g_ptr_array_remove (self->entries, zero);
}

/* As time goes on */

static gboolean
is_lull (const Entry * entry, gint64 now)
{
  return now - entry->appended >= PARLEY_PLAY_LULL_US;
}

/* Begun, neither over nor paused, and its end is not known. */
static gboolean
is_under_way (const Entry * entry)
{
  return entry->order && !entry->over && !entry->paused && !entry->ended;
}

void
parley_play_queue_advance (ParleyPlayQueue * self, gint64 now)
{
  Entry *playing = current (self);

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    stop_if_over (self, entry, now);
    if (entry->epoch == 0 && is_lull (entry, now))
      end_entry (self, entry);
    else if (is_under_way (entry) && is_lull (entry, now)
        && entry_waiting (entry) == 0)
      mark_if_due (self, entry, TRUE);
  }
  if (playing && playing->epoch != 0 && is_under_way (playing)
      && !playing->dry && now >= self->played_at
      && entry_waiting (playing) < PARLEY_PLAY_FRAME) {
    playing->dry = TRUE;
    self->stats->underruns++;
  }
}

static Entry *
due_entry (ParleyPlayQueue * self, gint64 now, gint64 lead)
{
  Entry *entry = current (self);
  gint64 ahead = MAX (self->played_at - now, 0);
  guint64 waiting = entry ? entry_sendable (entry) : 0;

  if (waiting == 0)
    return NULL;
  if (ahead + PARLEY_PLAY_FRAME_US > lead && ahead >= PARLEY_PLAY_FRAME_US)
    return NULL;
  if (waiting < PARLEY_PLAY_FRAME && !entry->ended
      && entry->sent + waiting < entry_limit (entry)
      && (ahead >= PARLEY_PLAY_FRAME_US || !is_lull (entry, now)))
    return NULL;
  return entry;
}

gboolean
parley_play_queue_frame_due (ParleyPlayQueue * self, gint64 now, gint64 lead,
    guint64 * epoch)
{
  Entry *entry = due_entry (self, now, lead);

  if (!entry)
    return FALSE;
  *epoch = entry->epoch;
  return TRUE;
}

gboolean
parley_play_queue_take_frame (ParleyPlayQueue * self, gint64 now,
    gint64 lead, guint8 frame[PARLEY_PLAY_FRAME])
{
  Entry *entry = due_entry (self, now, lead);
  gsize n;

  if (!entry)
    return FALSE;
  n = MIN (entry_sendable (entry), PARLEY_PLAY_FRAME);
  memcpy (frame, entry->audio->data + (entry->sent - entry->base), n);
  memset (frame + n, PARLEY_MULAW_SILENCE, PARLEY_PLAY_FRAME - n);
  entry->sent += n;
  entry_expect_no_echo (entry);
  self->played_at = MAX (self->played_at, now) + PARLEY_PLAY_FRAME_US;
  self->stats->frames_sent++;
  if (!entry->order) {
    entry->order = ++self->last_order;
    push_playing (self, entry, TRUE);
  }
  /* A padded one came of a lull or an end. */
  mark_if_due (self, entry, n < PARLEY_PLAY_FRAME);
  return TRUE;
}

gboolean
parley_play_queue_pop (ParleyPlayQueue * self, ParleyPlayAction * action)
{
  ParleyPlayAction *next = g_queue_pop_head (&self->actions);

  if (!next)
    return FALSE;
  *action = *next;
  g_free (next);
  return TRUE;
}

/* Questions */

guint64
parley_play_queue_get_standing (ParleyPlayQueue * self)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if (e->standing)
      return e->epoch;
  }
  return 0;
}

gboolean
parley_play_queue_wants_tick (ParleyPlayQueue * self)
{
  Entry *playing = current (self);

  if (playing && entry_waiting (playing) > 0)
    return TRUE;
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if ((e->epoch == 0 && !e->ended) || e->standing)
      return TRUE;
    if (is_under_way (e) && (e->sent > e->marked || (e == playing && !e->dry)))
      return TRUE;
  }
  return FALSE;
}

gboolean
parley_play_queue_is_pending (ParleyPlayQueue * self)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if (e->released && !e->over && entry_length (e) > e->heard)
      return TRUE;
  }
  return FALSE;
}

gint64
parley_play_queue_get_remaining (ParleyPlayQueue * self, gint64 now)
{
  gint64 remaining = MAX (self->played_at - now, 0);

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = g_ptr_array_index (self->entries, i);
    if (e->released)
      remaining += entry_waiting (e) * US_PER_BYTE;
  }
  return remaining;
}

gint64
parley_play_queue_get_played_at (ParleyPlayQueue * self)
{
  return self->played_at;
}

gsize
parley_play_queue_get_backlog (ParleyPlayQueue * self)
{
  Entry *playing = current (self);

  return playing && playing->epoch == 0 ? entry_waiting (playing) : 0;
}

/* Life */

ParleyPlayQueue *
parley_play_queue_new (ParleyPlayStats * stats)
{
  ParleyPlayQueue *self = g_new0 (ParleyPlayQueue, 1);

  self->stats = stats;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  g_queue_init (&self->actions);
  return self;
}

void
parley_play_queue_reset (ParleyPlayQueue * self)
{
  g_queue_clear_full (&self->actions, g_free);
  g_ptr_array_set_size (self->entries, 0);
  self->last_order = 0;
  self->last_void = 0;
  self->clears = 0;
  self->played_at = 0;
}

void
parley_play_queue_free (ParleyPlayQueue * self)
{
  parley_play_queue_reset (self);
  g_ptr_array_unref (self->entries);
  g_free (self);
}
