/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/twiliomessage.h"

#include <string.h>

#include "net/base64.h"
#include "net/twiliofast.h"

#define SID "MZ00000000000000000000000000000003"
#define ACCOUNT "AC00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000002"

static const gchar start_json[] =
    "{\"event\":\"start\",\"sequenceNumber\":\"1\",\n"
    " \"start\":{\"accountSid\":\"" ACCOUNT "\",\n"
    "          \"streamSid\":\"" SID "\",\n"
    "          \"callSid\":\"" CALL "\",\n"
    "          \"tracks\":[\"inbound\"],\n"
    "          \"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
    "\"sampleRate\":8000,\"channels\":1},\n"
    "         \"customParameters\":{\"token\":\"9f2c0d7e\",\"lang\":\"es\"}},\n"
    " \"streamSid\":\"" SID "\"}";

static const gchar media_json[] =
    "{\"event\":\"media\",\"sequenceNumber\":\"2\",\n"
    " \"media\":{\"track\":\"inbound\",\"chunk\":\"1\",\"timestamp\":\"60\","
    "\"payload\":\"//4AgH8=\"},\n \"streamSid\":\"" SID "\"}";

static void
parse (const gchar * json, ParleyTwilioMessage * out)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (parley_twilio_parse (json, strlen (json), out, &error));
  g_assert_no_error (error);
}

static void
assert_refused_len (const gchar * json, gsize len, gint code)
{
  g_autoptr (GError) error = NULL;
  ParleyTwilioMessage message;

  g_assert_false (parley_twilio_parse (json, len, &message, &error));
  g_assert_error (error, PARLEY_TWILIO_ERROR, code);
  g_assert_cmpuint (strlen (error->message), <, 160);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_null (message.payload);
}

static void
assert_refused (const gchar * json, gint code)
{
  assert_refused_len (json, strlen (json), code);
}

/* @json with the first @from replaced by @to. */
static gchar *
with (const gchar * json, const gchar * from, const gchar * to)
{
  const gchar *at = strstr (json, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (gint) (at - json), json, to,
      at + strlen (from));
}

static void
assert_refused_with (const gchar * json, const gchar * from, const gchar * to,
    gint code)
{
  g_autofree gchar *changed = with (json, from, to);

  assert_refused (changed, code);
}

static void
test_connected (void)
{
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse ("{\"event\":\"connected\",\"protocol\":\"Call\","
      "\"version\":\"1.0.0\"}", &message);
  g_assert_cmpint (message.type, ==, PARLEY_TWILIO_CONNECTED);
  g_assert_cmpuint (message.sequence, ==, 0);
  g_assert_null (message.stream_sid);
}

static void
test_start (void)
{
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse (start_json, &message);
  g_assert_cmpint (message.type, ==, PARLEY_TWILIO_START);
  g_assert_cmpuint (message.sequence, ==, 1);
  g_assert_cmpstr (message.stream_sid, ==, SID);
  g_assert_cmpstr (message.account_sid, ==, ACCOUNT);
  g_assert_cmpstr (message.call_sid, ==, CALL);
  g_assert_cmpuint (g_strv_length (message.tracks), ==, 1);
  g_assert_cmpstr (message.tracks[0], ==, "inbound");
  g_assert_cmpstr (message.encoding, ==, "audio/x-mulaw");
  g_assert_cmpuint (message.rate, ==, 8000);
  g_assert_cmpuint (message.channels, ==, 1);
  g_assert_cmpuint (g_hash_table_size (message.custom_parameters), ==, 2);
  g_assert_cmpstr (g_hash_table_lookup (message.custom_parameters, "token"),
      ==, "9f2c0d7e");
}

static void
test_start_without_parameters (void)
{
  g_autofree gchar *empty = with (start_json,
      "{\"token\":\"9f2c0d7e\",\"lang\":\"es\"}", "{}");
  g_autofree gchar *absent = with (start_json, "customParameters", "other");
  const gchar *const forms[] = { empty, absent };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_auto (ParleyTwilioMessage) message = { 0 };

    parse (forms[i], &message);
    g_assert_cmpuint (g_hash_table_size (message.custom_parameters), ==, 0);
  }
}

static void
test_media (void)
{
  static const guint8 expected[] = { 0xff, 0xfe, 0x00, 0x80, 0x7f };
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse (media_json, &message);
  g_assert_cmpint (message.type, ==, PARLEY_TWILIO_MEDIA);
  g_assert_cmpuint (message.sequence, ==, 2);
  g_assert_cmpstr (message.stream_sid, ==, SID);
  g_assert_cmpstr (message.track, ==, "inbound");
  g_assert_cmpuint (message.chunk, ==, 1);
  g_assert_cmpuint (message.timestamp, ==, 60);
  g_assert_cmpmem (message.payload, message.payload_len, expected,
      sizeof expected);
}

static void
test_numbers_in_both_forms (void)
{
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse ("{\"streamSid\":\"MZ1\",\"media\":{\"payload\":\"\",\"chunk\":7,"
      "\"timestamp\":18446744073709551615e0,\"timestamp\":"
      "\"18446744073709551615\"},\"sequenceNumber\":0,\"event\":\"media\"}",
      &message);
  g_assert_cmpuint (message.chunk, ==, 7);
  g_assert_cmpuint (message.timestamp, ==, G_MAXUINT64);
  g_assert_cmpuint (message.sequence, ==, 0);
  g_assert_cmpuint (message.payload_len, ==, 0);
  g_assert_nonnull (message.payload);
}

static void
test_dtmf (void)
{
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse ("{\"event\":\"dtmf\",\"streamSid\":\"" SID "\","
      "\"sequenceNumber\":\"812\","
      "\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"5\"}}", &message);
  g_assert_cmpint (message.type, ==, PARLEY_TWILIO_DTMF);
  g_assert_cmpuint (message.sequence, ==, 812);
  g_assert_cmpstr (message.track, ==, "inbound_track");
  g_assert_cmpint (message.digit, ==, '5');
}

static void
test_dtmf_keys (void)
{
  const gchar *json = "{\"event\":\"dtmf\",\"streamSid\":\"MZ1\","
      "\"dtmf\":{\"digit\":\"5\"}}";
  const gchar *key;

  for (key = "0123456789*#ABCD"; *key != '\0'; key++) {
    gchar text[] = { '"', *key, '"', '\0' };
    g_autofree gchar *changed = with (json, "\"5\"", text);
    g_auto (ParleyTwilioMessage) message = { 0 };

    parse (changed, &message);
    g_assert_cmpint (message.digit, ==, *key);
  }
  assert_refused_with (json, "\"5\"", "\"E\"", PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_with (json, "\"5\"", "\"55\"", PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_with (json, "\"5\"", "\"\"", PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_with (json, "\"5\"", "5", PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_with (json, "\"5\"", "null", PARLEY_TWILIO_ERROR_MISSING);
}

static void
test_mark_and_stop (void)
{
  g_auto (ParleyTwilioMessage) mark = { 0 };
  g_auto (ParleyTwilioMessage) stop = { 0 };

  parse ("{\"event\":\"mark\",\"sequenceNumber\":\"940\",\"streamSid\":\""
      SID "\",\"mark\":{\"name\":\"r7:3 \\u00fc\"}}", &mark);
  g_assert_cmpint (mark.type, ==, PARLEY_TWILIO_MARK);
  g_assert_cmpstr (mark.mark_name, ==, "r7:3 \303\274");

  parse ("{\"event\":\"stop\",\"sequenceNumber\":\"1711\",\"streamSid\":\""
      SID "\",\"stop\":{\"accountSid\":\"" ACCOUNT "\",\"callSid\":\"" CALL
      "\"}}", &stop);
  g_assert_cmpint (stop.type, ==, PARLEY_TWILIO_STOP);
  g_assert_cmpstr (stop.call_sid, ==, CALL);
}

static void
test_unknown_events (void)
{
  const gchar *const forms[] = {
    "{\"event\":\"close\",\"streamSid\":5,\"sequenceNumber\":[]}",
    "{\"event\":\"clear\",\"streamSid\":\"MZ1\"}",
    "{\"event\":\"\"}"
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_auto (ParleyTwilioMessage) message = { 0 };

    parse (forms[i], &message);
    g_assert_cmpint (message.type, ==, PARLEY_TWILIO_UNKNOWN);
  }
}

static void
test_unknown_keys (void)
{
  g_autofree gchar *json = with (media_json, "\"track\"",
      "\"new\":{\"x\":[1,2.5e3,true,null]},\"track\"");
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse (json, &message);
  g_assert_cmpuint (message.payload_len, ==, 5);
}

static void
test_refuses_what_is_not_json (void)
{
  const gchar *const forms[] = {
    "", " ", "{", "{}x", "{\"event\":\"media\"", "[]", "\"event\"", "12",
    "{'event':'stop'}", "{\"event\":\"stop\",}", "{\"event\" \"stop\"}",
    "{\"event\":\"st\\xop\"}", "{\"event\":\"a\nb\"}", "{\"event\":tru}",
    "{/* */\"event\":\"stop\"}", "{\"event\":\"\\ud800\"}",
    "{\"event\":\"\\u0000\"}", "{\"event\":\"\\u12\"}", "{\"event\":01}",
    "{\"event\":1.}", "{\"event\":\"\377\"}", "{\"event\":\"\355\240\200\"}",
    "{\"event\":1111111111111111111111111111111111111111111}",
    "{\"event\":5}", "{\"event\":{}}", "{event:1}"
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (forms); i++)
    assert_refused (forms[i], PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_len ("{\"event\":\"stop\"}\0", 17,
      PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused_len ("{\"event\":\"st\0op\"}", 17,
      PARLEY_TWILIO_ERROR_MALFORMED);
}

static void
test_refuses_nesting_bombs (void)
{
  g_autofree gchar *brackets = g_strnfill (100000, '[');
  g_autofree gchar *bomb = g_strdup_printf ("{\"event\":\"x\",\"a\":%s",
      brackets);

  assert_refused (brackets, PARLEY_TWILIO_ERROR_MALFORMED);
  assert_refused (bomb, PARLEY_TWILIO_ERROR_MALFORMED);
}

static void
test_refuses_missing_fields (void)
{
  gint code = PARLEY_TWILIO_ERROR_MISSING;

  assert_refused ("{}", code);
  assert_refused ("{\"event\":null}", code);
  assert_refused ("{\"event\":\"stop\"}", code);
  assert_refused ("{\"event\":\"media\",\"streamSid\":\"MZ1\"}", code);
  assert_refused ("{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{}}",
      code);
  assert_refused_with (media_json, "streamSid", "stream_sid", code);
  assert_refused_with (media_json, SID, "", code);
  assert_refused_with (media_json, "payload", "data", code);
  assert_refused_with (media_json, "chunk", "chonk", code);
  assert_refused_with (media_json, "timestamp", "time", code);
  assert_refused_with (start_json, "accountSid", "x", code);
  assert_refused_with (start_json, "callSid", "x", code);
  assert_refused_with (start_json, "mediaFormat", "x", code);
  assert_refused_with (start_json, "\"start\":{", "\"begin\":{", code);
}

static void
test_refuses_wrong_kinds (void)
{
  gint code = PARLEY_TWILIO_ERROR_MALFORMED;

  assert_refused_with (media_json, "\"1\"", "\"-1\"", code);
  assert_refused_with (media_json, "\"1\"", "-1", code);
  assert_refused_with (media_json, "\"1\"", "1.5", code);
  assert_refused_with (media_json, "\"1\"", "\"\"", code);
  assert_refused_with (media_json, "\"1\"", "\" 1\"", code);
  assert_refused_with (media_json, "\"1\"", "\"18446744073709551616\"", code);
  assert_refused_with (media_json, "\"1\"", "99999999999999999999", code);
  assert_refused_with (media_json, "\"1\"", "{}", code);
  assert_refused_with (media_json, "\"//4AgH8=\"", "5", code);
  assert_refused_with (start_json, "[\"inbound\"]", "\"inbound\"", code);
  assert_refused_with (start_json, "[\"inbound\"]", "[1]", code);
  assert_refused_with (start_json, "\"es\"", "{}", code);
  assert_refused_with (start_json, SID, "MZother", code);
  assert_refused ("{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":[]}",
      code);
}

static void
test_refuses_bad_base64 (void)
{
  const gchar *const forms[] = {
    "//4AgH8", "//4AgH8==", "//4AgH8-", "//4A gH8", "//4A\\ngH8=", "=", "====",
    "A===", "//4AgH9=", "/x==", "/=4A", "//=A", "_-4A", "\303\274AA"
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (forms); i++)
    assert_refused_with (media_json, "//4AgH8=", forms[i],
        PARLEY_TWILIO_ERROR_BASE64);
}

static void
test_escaped_base64 (void)
{
  g_autofree gchar *json = with (media_json, "//4AgH8=", "\\/\\/4AgH\\u0038=");
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse (json, &message);
  g_assert_cmpuint (message.payload_len, ==, 5);
  g_assert_cmpuint (message.payload[4], ==, 0x7f);
}

static void
test_refuses_other_encodings (void)
{
  gint code = PARLEY_TWILIO_ERROR_ENCODING;
  g_autofree gchar *garbage = g_strnfill (5000, 'z');

  assert_refused_with (start_json, "audio/x-mulaw", "audio/l16", code);
  assert_refused_with (start_json, "audio/x-mulaw", garbage, code);
  assert_refused_with (start_json, "audio/x-mulaw", "a\\nb", code);
  assert_refused_with (start_json, "8000", "16000", code);
  assert_refused_with (start_json, "\"channels\":1", "\"channels\":2", code);
}

static gchar *
media_of_length (gsize len)
{
  g_autofree guint8 *audio = g_malloc0 (len);
  g_autoptr (GString) json = g_string_new (NULL);

  parley_twilio_build_inbound_media (json, SID, 2, 1, 0, audio, len);
  return g_string_free (g_steal_pointer (&json), FALSE);
}

static void
test_refuses_oversize (void)
{
  g_autofree gchar *largest = media_of_length (PARLEY_TWILIO_MAX_PAYLOAD);
  g_autofree gchar *over = media_of_length (PARLEY_TWILIO_MAX_PAYLOAD + 1);
  g_autofree gchar *spaces = g_strnfill (PARLEY_TWILIO_MAX_MESSAGE, ' ');
  g_autofree gchar *padded = g_strconcat (media_json, spaces, NULL);
  g_auto (ParleyTwilioMessage) message = { 0 };

  parse (largest, &message);
  g_assert_cmpuint (message.payload_len, ==, PARLEY_TWILIO_MAX_PAYLOAD);
  assert_refused (over, PARLEY_TWILIO_ERROR_OVERSIZE);
  assert_refused (padded, PARLEY_TWILIO_ERROR_OVERSIZE);
}

static void
assert_same (const ParleyTwilioMessage * a, const ParleyTwilioMessage * b)
{
  g_assert_cmpint (a->type, ==, b->type);
  g_assert_cmpuint (a->sequence, ==, b->sequence);
  g_assert_cmpstr (a->stream_sid, ==, b->stream_sid);
  g_assert_cmpstr (a->track, ==, b->track);
  g_assert_cmpuint (a->chunk, ==, b->chunk);
  g_assert_cmpuint (a->timestamp, ==, b->timestamp);
  g_assert_cmpmem (a->payload, a->payload_len, b->payload, b->payload_len);
}

/* Damages up to four places, mostly with characters that mean something. */
static gchar *
mutate (GRand * rand, const gchar * json, gsize * len)
{
  static const gchar meaning[] = "\"\\{}[]:,0123456789 +/=-AZaz.eun\n";
  g_autoptr (GString) out = g_string_new (json);
  guint n = g_rand_int_range (rand, 0, 5);

  while (n-- > 0) {
    gsize at = g_rand_int_range (rand, 0, out->len);
    gchar c = meaning[g_rand_int_range (rand, 0, sizeof meaning - 1)];

    switch (g_rand_int_range (rand, 0, 4)) {
      case 0:
        out->str[at] = c;
        break;
      case 1:
        g_string_insert_c (out, at, c);
        break;
      case 2:
        g_string_erase (out, at, 1);
        break;
      default:
        out->str[at] = g_rand_int_range (rand, 0, 256);
    }
  }
  *len = out->len;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Whatever the shortcut takes, the tree reads the same. */
static void
test_shortcut_equals_tree (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20);
  g_autofree gchar *numbers = with (media_json, "\"60\"", "60");
  g_autofree gchar *outbound = g_strdup ("{\"event\":\"media\",\"streamSid\":"
      "\"" SID "\",\"media\":{\"payload\":\"//4AgH8=\"}}");
  guint taken = 0, i;

  for (i = 0; i < 60000; i++) {
    gsize len;
    g_autofree gchar *json = mutate (rand, i % 3 == 0 ? outbound
        : i % 3 == 1 ? numbers : media_json, &len);
    g_auto (ParleyTwilioMessage) fast = { 0 };
    g_auto (ParleyTwilioMessage) tree = { 0 };
    gboolean ok = i % 3 == 0
        ? parley_twilio_parse_outbound_fast (json, len, SID, &fast)
        : parley_twilio_parse_fast (json, len, &fast);

    if (!ok)
      continue;
    taken++;
    if (i % 3 == 0)
      g_assert_true (parley_twilio_parse_outbound_tree (json, len, SID, &tree,
              NULL));
    else
      g_assert_true (parley_twilio_parse_tree (json, len, &tree, NULL));
    assert_same (&fast, &tree);
  }
  g_assert_cmpuint (taken, >, 10000);
}

static void
test_shortcut_takes_the_usual (void)
{
  g_autofree gchar *built = media_of_length (160);
  const gchar *const forms[] = {
    media_json, built,
    "{\"streamSid\":\"MZ1\",\"media\":{\"payload\":\"/w==\",\"timestamp\":5,"
        "\"chunk\":1},\"event\":\"media\"}"
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_auto (ParleyTwilioMessage) message = { 0 };

    g_assert_true (parley_twilio_parse_fast (forms[i], strlen (forms[i]),
            &message));
  }
}

static void
test_build_exact (void)
{
  static const guint8 audio[] = { 0xff, 0xfe, 0x00, 0x80, 0x7f };
  g_autoptr (GString) out = g_string_new (NULL);

  parley_twilio_build_media (out, SID, audio, sizeof audio);
  g_string_append_c (out, '\n');
  parley_twilio_build_mark (out, SID, "e1:2:\"\\\n\303\274");
  g_string_append_c (out, '\n');
  parley_twilio_build_clear (out, SID);
  g_assert_cmpstr (out->str, ==,
      "{\"event\":\"media\",\"streamSid\":\"" SID "\","
      "\"media\":{\"payload\":\"//4AgH8=\"}}\n"
      "{\"event\":\"mark\",\"streamSid\":\"" SID "\","
      "\"mark\":{\"name\":\"e1:2:\\\"\\\\\\u000a\303\274\"}}\n"
      "{\"event\":\"clear\",\"streamSid\":\"" SID "\"}");
}

static void
test_build_as_caller (void)
{
  g_autoptr (GHashTable) parameters = g_hash_table_new (g_str_hash,
      g_str_equal);
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (ParleyTwilioMessage) start = { 0 };
  g_auto (ParleyTwilioMessage) mark = { 0 };
  g_auto (ParleyTwilioMessage) stop = { 0 };
  g_auto (ParleyTwilioMessage) dtmf = { 0 };

  g_hash_table_insert (parameters, (gchar *) "From", (gchar *) "+1 \"x\"");
  g_hash_table_insert (parameters, (gchar *) "To", (gchar *) "");
  parley_twilio_build_start (out, SID, ACCOUNT, CALL, parameters);
  parse (out->str, &start);
  g_assert_cmpstr (g_hash_table_lookup (start.custom_parameters, "From"), ==,
      "+1 \"x\"");
  g_assert_cmpuint (g_hash_table_size (start.custom_parameters), ==, 2);
  g_assert_cmpstr (start.call_sid, ==, CALL);

  g_string_truncate (out, 0);
  parley_twilio_build_mark_echo (out, SID, 9, "r7");
  parse (out->str, &mark);
  g_assert_cmpstr (mark.mark_name, ==, "r7");
  g_assert_cmpuint (mark.sequence, ==, 9);

  g_string_truncate (out, 0);
  parley_twilio_build_stop (out, SID, 10, ACCOUNT, CALL);
  parse (out->str, &stop);
  g_assert_cmpint (stop.type, ==, PARLEY_TWILIO_STOP);
  g_assert_cmpstr (stop.account_sid, ==, ACCOUNT);

  g_string_truncate (out, 0);
  parley_twilio_build_dtmf (out, SID, 11, '#');
  parse (out->str, &dtmf);
  g_assert_cmpint (dtmf.digit, ==, '#');
}

static void
test_build_connected (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (ParleyTwilioMessage) message = { 0 };

  parley_twilio_build_connected (out);
  parse (out->str, &message);
  g_assert_cmpint (message.type, ==, PARLEY_TWILIO_CONNECTED);
}

/* Every length and every byte comes back, through the shortcut and the tree. */
static void
test_payload_round_trip (void)
{
  guint8 audio[259];
  gsize len;

  for (len = 0; len < sizeof audio; len++)
    audio[len] = len * 7;
  for (len = 0; len < sizeof audio; len++) {
    g_autoptr (GString) json = g_string_new (NULL);
    g_auto (ParleyTwilioMessage) fast = { 0 };
    g_auto (ParleyTwilioMessage) tree = { 0 };

    parley_twilio_build_inbound_media (json, SID, 3, 2, 20, audio, len);
    g_assert_true (parley_twilio_parse_fast (json->str, json->len, &fast));
    g_assert_cmpmem (fast.payload, fast.payload_len, audio, len);
    g_assert_true (parley_twilio_parse_tree (json->str, json->len, &tree,
            NULL));
    assert_same (&fast, &tree);
  }
}

static void
assert_outbound (const gchar * json, gint type)
{
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (parley_twilio_parse_outbound (json, strlen (json), SID,
          &message, &error));
  g_assert_no_error (error);
  g_assert_cmpint (message.type, ==, type);
  g_assert_cmpstr (message.stream_sid, ==, SID);
}

static void
assert_outbound_refused (const gchar * json, gint code)
{
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (parley_twilio_parse_outbound (json, strlen (json), SID,
          &message, &error));
  g_assert_error (error, PARLEY_TWILIO_ERROR, code);
}

static void
test_outbound (void)
{
  assert_outbound ("{\"event\":\"media\",\"streamSid\":\"" SID
      "\",\"media\":{\"payload\":\"//4A\"}}", PARLEY_TWILIO_MEDIA);
  assert_outbound ("{\"mark\":{\"name\":\"a\"},\"event\":\"mark\","
      "\"streamSid\":\"" SID "\"}", PARLEY_TWILIO_MARK);
  assert_outbound ("{\"event\":\"clear\",\"streamSid\":\"" SID "\"}",
      PARLEY_TWILIO_CLEAR);
}

static void
test_outbound_as_strict_as_twilio (void)
{
  gint malformed = PARLEY_TWILIO_ERROR_MALFORMED;
  gint lacking = PARLEY_TWILIO_ERROR_MISSING;

  assert_outbound_refused ("{\"event\":\"media\",\"streamSid\":\"" SID
      "\",\"sequenceNumber\":\"1\",\"media\":{\"payload\":\"//4A\"}}",
      malformed);
  assert_outbound_refused ("{\"event\":\"media\",\"streamSid\":\"" SID
      "\",\"media\":{\"payload\":\"//4A\",\"track\":\"outbound\"}}", malformed);
  assert_outbound_refused ("{\"event\":\"media\",\"stream_sid\":\"" SID
      "\",\"media\":{\"payload\":\"//4A\"}}", malformed);
  assert_outbound_refused ("{\"event\":\"media\",\"streamSid\":\"MZother\","
      "\"media\":{\"payload\":\"//4A\"}}", malformed);
  assert_outbound_refused ("{\"event\":\"stop\",\"streamSid\":\"" SID "\"}",
      malformed);
  assert_outbound_refused ("{\"event\":\"mark\",\"streamSid\":\"" SID
      "\",\"mark\":{}}", lacking);
  assert_outbound_refused ("{\"event\":\"media\",\"media\":{\"payload\":"
      "\"//4A\"}}", lacking);
  assert_outbound_refused ("{\"event\":\"media\",\"streamSid\":\"" SID
      "\",\"media\":{\"payload\":\"//4\"}}", PARLEY_TWILIO_ERROR_BASE64);
}

static void
test_speed (void)
{
  g_autofree gchar *json = media_of_length (160);
  gsize len = strlen (json);
  guint8 audio[160] = { 0 };
  g_autoptr (GString) out = g_string_new (NULL);
  guint i, n = 20000;
  gdouble parse_us, build_us;

  g_test_timer_start ();
  for (i = 0; i < n; i++) {
    g_auto (ParleyTwilioMessage) message = { 0 };

    g_assert_true (parley_twilio_parse (json, len, &message, NULL));
  }
  parse_us = g_test_timer_elapsed () * 1e6 / n;
  g_test_timer_start ();
  for (i = 0; i < n; i++) {
    g_string_truncate (out, 0);
    parley_twilio_build_media (out, SID, audio, sizeof audio);
  }
  build_us = g_test_timer_elapsed () * 1e6 / n;
  g_test_minimized_result (parse_us, "parse %.3f us", parse_us);
  g_test_minimized_result (build_us, "build %.3f us", build_us);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/twilio-message/" name, func)
  ADD ("parse/connected", test_connected);
  ADD ("parse/start", test_start);
  ADD ("parse/start-without-parameters", test_start_without_parameters);
  ADD ("parse/media", test_media);
  ADD ("parse/numbers-in-both-forms", test_numbers_in_both_forms);
  ADD ("parse/dtmf", test_dtmf);
  ADD ("parse/dtmf-keys", test_dtmf_keys);
  ADD ("parse/mark-and-stop", test_mark_and_stop);
  ADD ("parse/unknown-events", test_unknown_events);
  ADD ("parse/unknown-keys", test_unknown_keys);
  ADD ("parse/escaped-base64", test_escaped_base64);
  ADD ("refuse/not-json", test_refuses_what_is_not_json);
  ADD ("refuse/nesting-bombs", test_refuses_nesting_bombs);
  ADD ("refuse/missing-fields", test_refuses_missing_fields);
  ADD ("refuse/wrong-kinds", test_refuses_wrong_kinds);
  ADD ("refuse/bad-base64", test_refuses_bad_base64);
  ADD ("refuse/other-encodings", test_refuses_other_encodings);
  ADD ("refuse/oversize", test_refuses_oversize);
  ADD ("shortcut/equals-tree", test_shortcut_equals_tree);
  ADD ("shortcut/takes-the-usual", test_shortcut_takes_the_usual);
  ADD ("shortcut/speed", test_speed);
  ADD ("build/exact", test_build_exact);
  ADD ("build/as-caller", test_build_as_caller);
  ADD ("build/connected", test_build_connected);
  ADD ("build/payload-round-trip", test_payload_round_trip);
  ADD ("outbound/reads", test_outbound);
  ADD ("outbound/as-strict-as-twilio", test_outbound_as_strict_as_twilio);
#undef ADD
  return g_test_run ();
}
