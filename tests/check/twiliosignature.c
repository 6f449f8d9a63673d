/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/twiliosignature.h"

#include <string.h>

#define KEY "0123456789abcdef0123456789abcdef"
#define BASE "mycompany.com/myapp.php?foo=1&bar=2"

static GPtrArray *
fields_of (const gchar * body)
{
  return parley_twilio_form_parse (body, strlen (body));
}

static void
assert_signs (const gchar * key, const gchar * url, const gchar * body,
    const gchar * expected)
{
  g_autoptr (GPtrArray) fields = fields_of (body);
  g_autofree gchar *signature = parley_twilio_sign (key, url, fields);

  g_assert_cmpstr (signature, ==, expected);
}

static const gchar library_body[] = "CallSid=CA1234567890ABCDE"
    "&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"
    "&To=%2B18005551212";

static void
test_sign_form (void)
{
  assert_signs ("12345", "https://" BASE, library_body,
      "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
  assert_signs ("12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2",
      library_body, "kvajT1Ptam85bY51eRf/AJRuM3w=");
  assert_signs ("12345", "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
      library_body, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=");
  assert_signs ("12345", "https://example.com/myapp.php?foo=1&bar=2",
      "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234"
      "&From=%2B14158675310&To=%2B18005551212", "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

static void
test_sign_sorts_bytewise (void)
{
  assert_signs (KEY, "https://voice.example.org/twilio/voice?tenant=7",
      "To=%2B15035550199&StirVerstat=TN-Validation-Passed-A"
      "&FromCity=SAINT+JOHN%27S&From=%2B15035550100&Direction=inbound"
      "&CallerName=&CallStatus=ringing"
      "&CallSid=CA00000000000000000000000000000002&ApiVersion=2010-04-01"
      "&AccountSid=AC00000000000000000000000000000001",
      "3RGas2ZfVdklSb5K1qVJXhl+pgA=");
}

static void
test_sign_duplicates_once (void)
{
  assert_signs ("12345", "https://" BASE,
      "Digits=1234&Sid=CA123&Digits=5678&SidAccount=AC123&Digits=1234",
      "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
}

static void
test_sign_leaves_out_user_and_fragment (void)
{
  assert_signs ("12345", "https://user:pass@" BASE "#rc=2", library_body,
      "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
}

static gboolean
verify_form (const gchar * url, const gchar * signature)
{
  return parley_twilio_verify_form ("12345", url, library_body,
      strlen (library_body), signature);
}

static void
test_verify_form_ports (void)
{
  const gchar *bare = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  const gchar *with = "kvajT1Ptam85bY51eRf/AJRuM3w=";
  const gchar *url = "https://" BASE;
  const gchar *url_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";

  g_assert_true (verify_form (url, bare));
  g_assert_true (verify_form (url, with));
  g_assert_true (verify_form (url_port, bare));
  g_assert_true (verify_form (url_port, with));
  g_assert_true (verify_form ("http://mycompany.com:1234/myapp.php?foo=1&bar=2",
          "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="));
}

static void
test_verify_form_refuses (void)
{
  const gchar *good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  const gchar *tampered = "CallSid=CA1234567890ABCDE&Digits=1235";
  const gchar *nul = "Digits=%00";

  g_assert_false (verify_form ("http://" BASE, good));
  g_assert_false (verify_form ("https://" BASE, NULL));
  g_assert_false (verify_form ("https://" BASE, ""));
  g_assert_false (verify_form ("https://" BASE,
          "rSOYDt4T1cUTdK1PDd93/VVr8B8="));
  g_assert_false (parley_twilio_verify_form ("12346", "https://" BASE,
          library_body, strlen (library_body), good));
  g_assert_false (parley_twilio_verify_form ("12345", "https://" BASE,
          tampered, strlen (tampered), good));
  g_assert_false (parley_twilio_verify_form ("12345", "https://" BASE, nul,
          strlen (nul), good));
}

static void
test_verify_get (void)
{
  g_assert_true (parley_twilio_verify_form (KEY,
          "https://voice.example.org/twilio/voice"
          "?CallSid=CA00000000000000000000000000000002&From=%2B15035550100",
          NULL, 0, "KFXC5g2vyeJUif2tRZA+Ywvok/E="));
}

static gboolean
verify_json (const gchar * key, const gchar * url, const gchar * body,
    const gchar * signature)
{
  return parley_twilio_verify_json (key, url, body, strlen (body), signature);
}

#define BODY_HASH \
  "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define EVENT_HASH \
  "2c0666189e06a136563bd761c2f72f38f9bac28ae28ac660caca87f3e6e3fa6f"

static void
test_verify_json (void)
{
  const gchar *url = "https://" BASE "&bodySHA256=" BODY_HASH;
  const gchar *body = "{\"property\": \"value\", \"boolean\": true}";
  const gchar *signature = "a9nBmqA0ju/hNViExpshrM61xv4=";

  g_assert_true (verify_json ("12345", url, body, signature));
  g_assert_true (verify_json (KEY,
          "https://voice.example.org/twilio/events?bodySHA256=" EVENT_HASH,
          "{\"event\":\"demo\",\"n\":1}", "sAE7r2qWGJpzRQIGzfrjeQnZJEM="));
  g_assert_false (verify_json ("12345", url, "{}", signature));
  g_assert_false (verify_json ("12345", "https://" BASE, body, signature));
  g_assert_false (verify_json ("12345", url, body, NULL));
}

static void
test_verify_upgrade (void)
{
  const gchar *url = "wss://voice.example.org/twilio/media";
  g_autofree gchar *with_port = parley_twilio_sign (KEY,
      "wss://voice.example.org:443/twilio/media", NULL);

  g_assert_true (parley_twilio_verify_upgrade (KEY, url,
          "2rCRgsIjrw23mO+/2Wo8GAomY6I="));
  g_assert_true (parley_twilio_verify_upgrade (KEY, url,
          "cc22pH37ixvGE2GJBntCMpzbsGw="));
  g_assert_true (parley_twilio_verify_upgrade (KEY, url, with_port));
  g_assert_false (parley_twilio_verify_upgrade (KEY, url,
          "avq7ol8tehSIgmaYzcbeX0CMz1w="));
  g_assert_false (parley_twilio_verify_upgrade (KEY, url, NULL));
  g_assert_false (parley_twilio_verify_upgrade (KEY,
          "wss://voice.example.org/other", "2rCRgsIjrw23mO+/2Wo8GAomY6I="));
}

static void
test_upgrade_to_ipv6 (void)
{
  g_autofree gchar *signature = parley_twilio_sign (KEY,
      "wss://[2001:db8::1]/media", NULL);

  g_assert_true (parley_twilio_verify_upgrade (KEY,
          "wss://[2001:db8::1]:443/media", signature));
}

static void
test_form_decodes (void)
{
  g_autoptr (GPtrArray) fields =
      fields_of ("&a=1+2&b%20c=%zz%4&empty&a=3&=x&q=a=b&");

  g_assert_cmpuint (fields->len, ==, 6);
  g_assert_cmpstr (parley_twilio_form_get (fields, "a"), ==, "1 2");
  g_assert_cmpstr (parley_twilio_form_get (fields, "b c"), ==, "%zz%4");
  g_assert_cmpstr (parley_twilio_form_get (fields, "empty"), ==, "");
  g_assert_cmpstr (parley_twilio_form_get (fields, ""), ==, "x");
  g_assert_cmpstr (parley_twilio_form_get (fields, "q"), ==, "a=b");
  g_assert_null (parley_twilio_form_get (fields, "none"));
}

static void
test_form_bounds (void)
{
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree gchar *large = g_strnfill (64 * 1024 + 1, 'a');
  guint i;

  for (i = 0; i < 513; i++)
    g_string_append (many, "a=1&");
  g_assert_null (parley_twilio_form_parse (many->str, many->len));
  g_assert_null (parley_twilio_form_parse (large, strlen (large)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/twilio-signature/sign/form", test_sign_form);
  g_test_add_func ("/twilio-signature/sign/sorts-bytewise",
      test_sign_sorts_bytewise);
  g_test_add_func ("/twilio-signature/sign/duplicates-once",
      test_sign_duplicates_once);
  g_test_add_func ("/twilio-signature/sign/leaves-out-user-and-fragment",
      test_sign_leaves_out_user_and_fragment);
  g_test_add_func ("/twilio-signature/verify/form-ports",
      test_verify_form_ports);
  g_test_add_func ("/twilio-signature/verify/form-refuses",
      test_verify_form_refuses);
  g_test_add_func ("/twilio-signature/verify/get", test_verify_get);
  g_test_add_func ("/twilio-signature/verify/json", test_verify_json);
  g_test_add_func ("/twilio-signature/verify/upgrade", test_verify_upgrade);
  g_test_add_func ("/twilio-signature/verify/upgrade-to-ipv6",
      test_upgrade_to_ipv6);
  g_test_add_func ("/twilio-signature/form/decodes", test_form_decodes);
  g_test_add_func ("/twilio-signature/form/bounds", test_form_bounds);
  return g_test_run ();
}
