/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/twiliofast.h"

#include <string.h>

#include "net/base64.h"

/* A scanner for exactly this: one object with plain values and one object
 * "media" in it. Strings are printable ASCII without escapes. Whatever else
 * comes makes it give up; it never has to say what is wrong. */

typedef struct
{
  const gchar *p;
  gsize len;
} Slice;

/* Which fields there were, by bit. */
typedef enum
{
  FIELD_EVENT,
  FIELD_SEQUENCE,
  FIELD_SID,
  FIELD_MEDIA,
  FIELD_TRACK,
  FIELD_CHUNK,
  FIELD_TIMESTAMP,
  FIELD_PAYLOAD,
  N_FIELDS
} Field;

#define HAS(scan, field) (((scan)->seen & (1u << (field))) != 0)

typedef struct
{
  const gchar *p;
  const gchar *end;
  guint seen;
  Slice values[N_FIELDS];
} Scan;

static const struct
{
  const gchar *name;
  gsize len;
} names[N_FIELDS] = {
  {"event", 5}, {"sequenceNumber", 14}, {"streamSid", 9}, {"media", 5},
  {"track", 5}, {"chunk", 5}, {"timestamp", 9}, {"payload", 7}
};

static inline void
skip_space (Scan * self)
{
  while (self->p < self->end && (*self->p == ' ' || *self->p == '\t'
          || *self->p == '\n' || *self->p == '\r'))
    self->p++;
}

static inline gboolean
take (Scan * self, gchar c)
{
  skip_space (self);
  if (self->p == self->end || *self->p != c)
    return FALSE;
  self->p++;
  return TRUE;
}

/* What is between the quotes, whatever it is: who uses it looks at each
 * character. */
static inline gboolean
take_string (Scan * self, Slice * out)
{
  const gchar *close;

  if (!take (self, '"'))
    return FALSE;
  close = memchr (self->p, '"', self->end - self->p);
  if (close == NULL)
    return FALSE;
  out->p = self->p;
  out->len = close - self->p;
  self->p = close + 1;
  return TRUE;
}

/* The digits of a JSON number, which may not begin with 0. */
static gboolean
take_number (Scan * self, Slice * out)
{
  out->p = self->p;
  while (self->p < self->end && g_ascii_isdigit (*self->p))
    self->p++;
  out->len = self->p - out->p;
  return out->len == 1 || (out->len > 1 && out->p[0] != '0');
}

static gboolean
is_plain (const Slice * slice)
{
  gsize i;

  for (i = 0; i < slice->len; i++) {
    guchar c = slice->p[i];

    if (c < 0x20 || c > 0x7e || c == '\\')
      return FALSE;
  }
  return TRUE;
}

/* Up to 18 digits, so that it cannot overflow; longer ones are unusual. */
static gboolean
to_number (const Slice * slice, guint64 * out)
{
  gsize i;

  if (slice->len == 0 || slice->len > 18)
    return FALSE;
  for (i = 0, *out = 0; i < slice->len; i++) {
    if (!g_ascii_isdigit (slice->p[i]))
      return FALSE;
    *out = *out * 10 + (slice->p[i] - '0');
  }
  return TRUE;
}

static gboolean
scan_value (Scan * self, Field field)
{
  skip_space (self);
  if (self->p < self->end && g_ascii_isdigit (*self->p))
    return (field == FIELD_SEQUENCE || field == FIELD_CHUNK
        || field == FIELD_TIMESTAMP)
        && take_number (self, &self->values[field]);
  return take_string (self, &self->values[field]);
}

/* A name out of @first to @last and its colon; each only once. */
static gboolean
scan_name (Scan * self, Field first, Field last, Field * field)
{
  Slice name;
  guint i;

  if (!take_string (self, &name) || !take (self, ':'))
    return FALSE;
  for (i = first; i <= last; i++) {
    if (names[i].len == name.len
        && memcmp (names[i].name, name.p, name.len) == 0) {
      if (HAS (self, i))
        return FALSE;
      self->seen |= 1u << i;
      *field = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
scan_media (Scan * self)
{
  Field field;

  if (!take (self, '{'))
    return FALSE;
  do {
    if (!scan_name (self, FIELD_TRACK, FIELD_PAYLOAD, &field)
        || !scan_value (self, field))
      return FALSE;
  } while (take (self, ','));
  return take (self, '}');
}

/* The whole message; TRUE when it is media and ends where it should. */
static gboolean
scan_message (Scan * self)
{
  Field field;

  if (!take (self, '{'))
    return FALSE;
  do {
    if (!scan_name (self, FIELD_EVENT, FIELD_MEDIA, &field))
      return FALSE;
    if (!(field == FIELD_MEDIA ? scan_media (self) : scan_value (self, field)))
      return FALSE;
  } while (take (self, ','));
  if (!take (self, '}'))
    return FALSE;
  skip_space (self);
  return self->p == self->end && HAS (self, FIELD_EVENT)
      && HAS (self, FIELD_SID) && HAS (self, FIELD_PAYLOAD)
      && self->values[FIELD_EVENT].len == 5
      && memcmp (self->values[FIELD_EVENT].p, "media", 5) == 0;
}

/* Everything but the payload is checked and decoded into @out already. */
static gboolean
take_payload (const Scan * self, gsize max, ParleyTwilioMessage * out)
{
  const Slice *text = &self->values[FIELD_PAYLOAD];
  gsize len;

  if (!parley_base64_decoded_len (text->p, text->len, &len)
      || len > max)
    return FALSE;
  /* One more than needed: an empty payload is not NULL. */
  out->payload = g_malloc (len + 1);
  out->payload_len = len;
  if (parley_base64_decode (text->p, text->len, out->payload))
    return TRUE;
  g_free (out->payload);
  return FALSE;
}

gboolean
parley_twilio_parse_fast (const gchar * json, gsize len,
    ParleyTwilioMessage * out)
{
  Scan scan = { json, json + len, 0 };
  ParleyTwilioMessage message = { PARLEY_TWILIO_MEDIA };
  const Slice *sid = &scan.values[FIELD_SID];
  const Slice *track = &scan.values[FIELD_TRACK];

  if (len > PARLEY_TWILIO_MAX_MESSAGE || !scan_message (&scan)
      || !HAS (&scan, FIELD_CHUNK) || !HAS (&scan, FIELD_TIMESTAMP)
      || !to_number (&scan.values[FIELD_CHUNK], &message.chunk)
      || !to_number (&scan.values[FIELD_TIMESTAMP], &message.timestamp))
    return FALSE;
  if (HAS (&scan, FIELD_SEQUENCE)
      && !to_number (&scan.values[FIELD_SEQUENCE], &message.sequence))
    return FALSE;
  if (sid->len == 0 || !is_plain (sid) || !is_plain (track)
      || !take_payload (&scan, PARLEY_TWILIO_MAX_PAYLOAD, &message))
    return FALSE;

  message.stream_sid = g_strndup (sid->p, sid->len);
  if (HAS (&scan, FIELD_TRACK))
    message.track = g_strndup (track->p, track->len);
  *out = message;
  return TRUE;
}

gboolean
parley_twilio_parse_outbound_fast (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out)
{
  Scan scan = { json, json + len, 0 };
  ParleyTwilioMessage message = { PARLEY_TWILIO_MEDIA };
  const Slice *sid = &scan.values[FIELD_SID];

  if (len > PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE || !scan_message (&scan)
      || scan.seen != (1u << FIELD_EVENT | 1u << FIELD_SID
          | 1u << FIELD_MEDIA | 1u << FIELD_PAYLOAD)
      || sid->len != strlen (stream_sid)
      || memcmp (sid->p, stream_sid, sid->len) != 0 || !is_plain (sid)
      || sid->len == 0
      || !take_payload (&scan, PARLEY_TWILIO_MAX_OUTBOUND_PAYLOAD, &message))
    return FALSE;

  message.stream_sid = g_strndup (sid->p, sid->len);
  *out = message;
  return TRUE;
}
