/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/tts/silencegate.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_A_SECOND 200
#define MS_A_FRAME (1000 / FRAMES_A_SECOND)

struct _ParleySilenceGate
{
  gint level;
  guint frame_bytes;
  gboolean begun;               /* the first sound was seen */
  gint pause_ms;                /* of the silence under way; -1: as it is */
  GByteArray *frame;            /* the frame under way */
  GByteArray *held;             /* silence that may turn out to be a pause */
};

ParleySilenceGate *
parley_silence_gate_new (guint rate, guint level)
{
  ParleySilenceGate *gate = g_new0 (ParleySilenceGate, 1);

  gate->level = level;
  gate->pause_ms = -1;
  gate->frame_bytes = MAX (rate / FRAMES_A_SECOND, 1) * sizeof (gint16);
  gate->frame = g_byte_array_sized_new (gate->frame_bytes);
  gate->held = g_byte_array_new ();
  return gate;
}

void
parley_silence_gate_free (ParleySilenceGate * gate)
{
  g_byte_array_unref (gate->frame);
  g_byte_array_unref (gate->held);
  g_free (gate);
}

static gboolean
is_silent (ParleySilenceGate * gate)
{
  const gint16 *samples = (const gint16 *) gate->frame->data;

  for (guint i = 0; i < gate->frame->len / sizeof (gint16); i++)
    if (abs (samples[i]) >= gate->level)
      return FALSE;
  return TRUE;
}

static guint
bytes_of (ParleySilenceGate * gate, guint ms)
{
  return ms / MS_A_FRAME * gate->frame_bytes;
}

/* Silence is taken from the middle or put there, for the voice fades out
 * before it and begins softly behind it. */
static void
set_pause (ParleySilenceGate * gate)
{
  GByteArray *held = gate->held;
  guint is = held->len;
  guint want = bytes_of (gate, gate->pause_ms);
  guint half = MIN (is, want) / gate->frame_bytes / 2 * gate->frame_bytes;

  if (is > want) {
    g_byte_array_remove_range (held, half, is - want);
  } else {
    g_byte_array_set_size (held, want);
    memmove (held->data + want - (is - half), held->data + half, is - half);
    memset (held->data + half, 0, want - is);
  }
  gate->pause_ms = -1;
}

static void
take_frame (ParleySilenceGate * gate, GByteArray * out)
{
  GByteArray *held = gate->held;

  if (!is_silent (gate)) {
    if (gate->pause_ms >= 0)
      set_pause (gate);
    g_byte_array_append (out, held->data, held->len);
    g_byte_array_append (out, gate->frame->data, gate->frame->len);
    g_byte_array_set_size (held, 0);
    gate->begun = TRUE;
  } else if (!gate->begun) {
    /* Of the silence before, the newest counts. */
    g_byte_array_append (held, gate->frame->data, gate->frame->len);
    if (held->len > bytes_of (gate, PARLEY_GATE_LEAD_MS))
      g_byte_array_remove_range (held, 0,
          held->len - bytes_of (gate, PARLEY_GATE_LEAD_MS));
  } else if (held->len < bytes_of (gate, PARLEY_GATE_PAUSE_MS)) {
    g_byte_array_append (held, gate->frame->data, gate->frame->len);
  }
  g_byte_array_set_size (gate->frame, 0);
}

void
parley_silence_gate_push (ParleySilenceGate * gate, const gint16 * samples,
    gsize n, GByteArray * out)
{
  const guint8 *data = (const guint8 *) samples;
  gsize left = n * sizeof (gint16);

  while (left > 0) {
    gsize take = MIN (left, gate->frame_bytes - gate->frame->len);

    g_byte_array_append (gate->frame, data, take);
    data += take;
    left -= take;
    if (gate->frame->len == gate->frame_bytes)
      take_frame (gate, out);
  }
}

void
parley_silence_gate_join (ParleySilenceGate * gate, guint ms, GByteArray * out)
{
  /* What was said so far belongs before the pause. */
  if (gate->frame->len > 0)
    take_frame (gate, out);
  if (gate->begun)
    gate->pause_ms = ms;
}

void
parley_silence_gate_finish (ParleySilenceGate * gate, GByteArray * out)
{
  if (gate->frame->len > 0)
    take_frame (gate, out);
  if (gate->begun)
    g_byte_array_append (out, gate->held->data,
        MIN (gate->held->len, bytes_of (gate, PARLEY_GATE_TAIL_MS)));
  g_byte_array_set_size (gate->held, 0);
  gate->begun = FALSE;
}
