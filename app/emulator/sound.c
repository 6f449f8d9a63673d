/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/sound.h"

#include <string.h>

#include "speech/g711.h"

#define WAV_PCM 1
#define WAV_ALAW 6
#define WAV_MULAW 7
#define HEADER_LEN 44

/* Little endian, at any address. */
static guint
read_le (const guint8 * bytes, guint n)
{
  guint value = 0;

  for (guint i = n; i > 0; i--)
    value = value << 8 | bytes[i - 1];
  return value;
}

static void
write_le (guint8 * bytes, guint n, guint value)
{
  for (guint i = 0; i < n; i++)
    bytes[i] = value >> 8 * i;
}

gsize
parley_sound_sample_size (ParleySoundEncoding encoding)
{
  return encoding == PARLEY_SOUND_S16 ? 2 : 1;
}

/* G.711 A-law: even bits are inverted; the segment is in bits 4 to 6. */
static gint16
decode_alaw (guint8 code)
{
  gint segment, value;

  code ^= 0x55;
  segment = (code >> 4) & 7;
  value = ((code & 15) << 4) + 8;
  if (segment > 0)
    value = (value + 256) << (segment - 1);
  return code & 0x80 ? value : -value;
}

static guint8
encode_alaw (gint16 sample)
{
  guint8 sign = sample >= 0 ? 0x80 : 0;
  gint value = (sample >= 0 ? sample : -(sample + 1)) >> 4;
  gint segment = 0;

  while (value > 31) {
    value >>= 1;
    segment++;
  }
  if (value > 15) {
    value -= 16;
    segment++;
  }
  return (sign | segment << 4 | value) ^ 0x55;
}

void
parley_sound_decode (ParleySoundEncoding encoding, const guint8 * bytes,
    gsize len, GArray * samples)
{
  gsize size = parley_sound_sample_size (encoding);
  guint start = samples->len;
  gint16 *out;

  g_array_set_size (samples, start + len / size);
  out = &g_array_index (samples, gint16, start);
  for (gsize i = 0; i < len / size; i++) {
    if (encoding == PARLEY_SOUND_S16)
      out[i] = read_le (bytes + 2 * i, 2);
    else
      out[i] = encoding == PARLEY_SOUND_MULAW
          ? parley_mulaw_decode_sample (bytes[i]) : decode_alaw (bytes[i]);
  }
}

void
parley_sound_encode (ParleySoundEncoding encoding, const gint16 * samples,
    gsize n, GByteArray * bytes)
{
  guint start = bytes->len;
  guint8 *out;

  g_byte_array_set_size (bytes, start + n * parley_sound_sample_size
      (encoding));
  out = bytes->data + start;
  for (gsize i = 0; i < n; i++) {
    if (encoding == PARLEY_SOUND_S16)
      write_le (out + 2 * i, 2, samples[i]);
    else
      out[i] = encoding == PARLEY_SOUND_MULAW
          ? parley_mulaw_encode_sample (samples[i])
          : encode_alaw (samples[i]);
  }
}

void
parley_sound_rate_push (ParleySoundRate * self, const gint16 * samples,
    gsize n, GArray * out)
{
  gdouble step = (gdouble) self->in / self->out;

  if (n == 0)
    return;
  /* Input sample 0 is the last one of before, 1 the first of these. */
  while (self->position <= n) {
    gsize whole = self->position;
    gdouble part = self->position - whole;
    gint16 before = whole == 0 ? self->last : samples[whole - 1];
    gint16 after = samples[MIN (whole, n - 1)];
    gint16 value = before + part * (after - before);

    if (part > 0.0 && whole == n)
      break;
    g_array_append_val (out, value);
    self->position += step;
  }
  self->position -= n;
  self->last = samples[n - 1];
}

static gboolean
encoding_of (guint tag, guint bits, ParleySoundEncoding * encoding)
{
  if (tag == WAV_PCM && bits == 16)
    *encoding = PARLEY_SOUND_S16;
  else if (tag == WAV_MULAW && bits == 8)
    *encoding = PARLEY_SOUND_MULAW;
  else if (tag == WAV_ALAW && bits == 8)
    *encoding = PARLEY_SOUND_ALAW;
  else
    return FALSE;
  return TRUE;
}

static void
decode_first_channel (const guint8 * data, gsize len,
    ParleySoundEncoding encoding, guint channels, GArray * samples)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gint16));

  parley_sound_decode (encoding, data, len, all);
  for (guint i = 0; i < all->len; i += channels)
    g_array_append_val (samples, g_array_index (all, gint16, i));
}

gboolean
parley_sound_parse_wav (const guint8 * file, gsize len, GArray * samples,
    guint * rate)
{
  ParleySoundEncoding encoding = PARLEY_SOUND_S16;
  guint channels = 0;
  gsize at = 12;

  if (len < HEADER_LEN || memcmp (file, "RIFF", 4) != 0
      || memcmp (file + 8, "WAVE", 4) != 0)
    return FALSE;
  while (at + 8 <= len) {
    const guint8 *chunk = file + at + 8;
    /* Of a file that is still written the size is 0 or anything. */
    gsize size = MIN (read_le (file + at + 4, 4), len - at - 8);

    if (memcmp (file + at, "fmt ", 4) == 0 && size >= 16) {
      channels = read_le (chunk + 2, 2);
      *rate = read_le (chunk + 4, 4);
      if (!encoding_of (read_le (chunk, 2), read_le (chunk + 14, 2), &encoding))
        return FALSE;
    } else if (memcmp (file + at, "data", 4) == 0) {
      if (channels == 0 || channels > 8 || *rate < 4000 || *rate > 192000)
        return FALSE;
      decode_first_channel (chunk, size > 0 ? size : len - at - 8, encoding,
          channels, samples);
      return TRUE;
    }
    at += 8 + size + (size & 1);
  }
  return FALSE;
}

void
parley_sound_wav_header (const ParleySoundFormat * format, guint8 header[44])
{
  guint size = parley_sound_sample_size (format->encoding);

  memcpy (header, "RIFF\377\377\377\377WAVEfmt ", 16);
  write_le (header + 16, 4, 16);
  write_le (header + 20, 2, format->encoding == PARLEY_SOUND_S16
      ? WAV_PCM : format->encoding == PARLEY_SOUND_MULAW ? WAV_MULAW
      : WAV_ALAW);
  write_le (header + 22, 2, 1);
  write_le (header + 24, 4, format->rate);
  write_le (header + 28, 4, format->rate * size);
  write_le (header + 32, 2, size);
  write_le (header + 34, 2, size * 8);
  memcpy (header + 36, "data\377\377\377\377", 8);
}
