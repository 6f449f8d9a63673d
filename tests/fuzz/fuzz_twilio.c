/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "net/twiliofast.h"
#include "net/twiliosignature.h"

#define SID "MZ00000000000000000000000000000003"

const gchar *const fuzz_seeds[] = {
  "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}",
  "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":"
      "\"AC1\",\"streamSid\":\"" SID "\",\"callSid\":\"CA2\",\"tracks\":"
      "[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
      "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{\"token\":"
      "\"9f2c\",\"lang\":\"es\"}},\"streamSid\":\"" SID "\"}",
  "{\"event\":\"media\",\"sequenceNumber\":\"2\",\"media\":{\"track\":"
      "\"inbound\",\"chunk\":\"1\",\"timestamp\":\"60\",\"payload\":"
      "\"//4AgH8=\"},\"streamSid\":\"" SID "\"}",
  "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"sequenceNumber\":\"812\","
      "\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"5\"}}",
  "{\"event\":\"mark\",\"sequenceNumber\":940,\"streamSid\":\"" SID "\","
      "\"mark\":{\"name\":\"r7\\u003a3 \\ud83d\\ude00\"}}",
  "{\"event\":\"stop\",\"sequenceNumber\":\"1711\",\"streamSid\":\"" SID
      "\",\"stop\":{\"accountSid\":\"AC1\",\"callSid\":\"CA2\"}}",
  "{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":"
      "\"//4AgH8=\"}}",
  "{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"a\"}}",
  "{\"event\":\"clear\",\"streamSid\":\"" SID "\"}",
  "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&a+b=%00",
  NULL
};

/* Says TRUE or gives one error that is short and on one line. */
static void
check_outcome (gboolean ok, GError * error)
{
  g_assert_true (ok == (error == NULL));
  if (error == NULL)
    return;
  g_assert_cmpuint (strlen (error->message), <, 200);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\n'));
}

static void
check_same (const ParleyTwilioMessage * a, const ParleyTwilioMessage * b)
{
  g_assert_cmpint (a->type, ==, b->type);
  g_assert_cmpuint (a->sequence, ==, b->sequence);
  g_assert_cmpstr (a->stream_sid, ==, b->stream_sid);
  g_assert_cmpstr (a->track, ==, b->track);
  g_assert_cmpuint (a->chunk, ==, b->chunk);
  g_assert_cmpuint (a->timestamp, ==, b->timestamp);
  g_assert_cmpmem (a->payload, a->payload_len, b->payload, b->payload_len);
}

static void
fuzz_inbound (const gchar * text, gsize size)
{
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_auto (ParleyTwilioMessage) tree = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = parley_twilio_parse (text, size, &message, &error);

  check_outcome (ok, error);
  g_assert_true (ok == parley_twilio_parse_tree (text, size, &tree, NULL));
  check_same (&message, &tree);
  if (ok && message.type == PARLEY_TWILIO_START) {
    g_assert_nonnull (message.tracks);
    g_assert_nonnull (message.custom_parameters);
  }
}

static void
fuzz_outbound (const gchar * text, gsize size)
{
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_auto (ParleyTwilioMessage) tree = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = parley_twilio_parse_outbound (text, size, SID, &message,
      &error);

  check_outcome (ok, error);
  g_assert_true (ok == parley_twilio_parse_outbound_tree (text, size, SID,
          &tree, NULL));
  check_same (&message, &tree);
}

/* A form verifies with its own signature and no other. */
static void
fuzz_form (const gchar * text, gsize size)
{
  g_autoptr (GPtrArray) fields = parley_twilio_form_parse (text, size);
  g_autofree gchar *signature = NULL;
  g_autofree gchar *url = NULL;

  if (fields == NULL)
    return;
  url = g_strconcat ("https://a.example/", fields->len > 0
      ? ((ParleyTwilioField *) fields->pdata[0])->name : "", NULL);
  signature = parley_twilio_sign ("key", url, fields);
  g_assert_true (parley_twilio_verify_form ("key", url, text, size, signature));
  g_assert_false (parley_twilio_verify_form ("other", url, text, size,
          signature));
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  fuzz_inbound ((const gchar *) data, size);
  fuzz_outbound ((const gchar *) data, size);
  fuzz_form ((const gchar *) data, size);
  return 0;
}
