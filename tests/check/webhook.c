/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/webhook.h"

#include <string.h>

#include "mock/peer.h"
#include "net/server.h"
#include "net/twiliosignature.h"

/* Requests as Twilio sends them, through a real server. */

#define TOKEN "0123456789abcdef0123456789abcdef"
#define TOKEN_ENV "WEBHOOK_TEST_TOKEN"
#define PEER_HOST "127.0.0.1"   /* what the mock peer calls the server */

typedef struct
{
  ParleyWebhook *webhook;
  ParleyServer *server;
  ParleyLoop *loop;
  gboolean destroyed;
} Fixture;

static void
on_voice (SoupServerMessage * message, const gchar * path, gpointer data)
{
  Fixture *self = data;
  GPtrArray *fields = parley_webhook_read (self->webhook, message);

  if (!fields)
    return;
  if (parley_twilio_form_get (fields, "Say"))
    parley_webhook_answer_say (message, parley_twilio_form_get (fields, "Say"));
  else
    parley_webhook_answer_connect (self->webhook, message, fields);
  g_ptr_array_unref (fields);
}

static guint
on_check (SoupServerMessage * message, gpointer data)
{
  return parley_webhook_check_upgrade (((Fixture *) data)->webhook, message);
}

static void
on_call (const ParleyUpgrade * upgrade, gpointer data)
{
}

static void
set_true (gpointer data)
{
  ((Fixture *) data)->destroyed = TRUE;
}

/* What a case begins with. */
typedef struct
{
  const gchar *public_url;
  const gchar *media_path;
  gboolean signed_;
} Settings;

static const Settings open_settings = { NULL, "/media", FALSE };
static const Settings public_settings =
    { "https://voice.example.org/twilio", "/media", FALSE };
static const Settings signed_settings =
    { "https://voice.example.org/twilio", "/media", TRUE };

static ParleyWebhook *
new_webhook (const Settings * settings)
{
  GError *error = NULL;
  ParleyWebhook *webhook = parley_webhook_new (settings->public_url,
      settings->media_path, settings->signed_ ? TOKEN_ENV : NULL, &error);

  g_assert_no_error (error);
  return webhook;
}

static void
set_up (Fixture * self, gconstpointer data)
{
  GError *error = NULL;

  g_assert_true (g_main_context_acquire (NULL));
  self->webhook = new_webhook (data);
  self->loop = parley_loop_new (g_main_context_default ());
  self->server = parley_server_new ();
  parley_server_add_calls (self->server, "/media", on_check, on_call, self,
      set_true);
  parley_server_add_handler (self->server, "/", on_voice, self, NULL);
  parley_server_listen (self->server, "127.0.0.1", 0, NULL, self->loop, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  parley_server_close (self->server);
  g_object_unref (self->server);
  parley_mock_wait (self->destroyed);
  g_object_unref (self->loop);
  parley_webhook_free (self->webhook);
  g_main_context_release (NULL);
}

/* Status of a request; the body is appended to @answer. */
static guint
ask (Fixture * self, const gchar * method, const gchar * path,
    const gchar * signature, const gchar * form, GString * answer)
{
  ParleyMockPeer *peer =
      parley_mock_peer_new (parley_server_get_port (self->server));
  GString *request = g_string_new (NULL);
  GString *head = g_string_new (NULL);
  guint status;

  g_string_append_printf (request, "%s %s HTTP/1.1\r\nHost: by-host.example\r\n"
      "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n", method, path, strlen (form));
  if (signature)
    g_string_append_printf (request, "x-twilio-signature: %s\r\n", signature);
  g_string_append_printf (request, "\r\n%s", form);
  parley_mock_peer_print (peer, request->str);
  status = parley_mock_peer_response (peer, head, answer);
  if (status == 200)
    g_assert_nonnull (strstr (head->str, "text/xml; charset=utf-8"));
  g_string_free (request, TRUE);
  g_string_free (head, TRUE);
  parley_mock_peer_free (peer);
  return status;
}

static guint
upgrade (Fixture * self, const gchar * signature)
{
  ParleyMockPeer *peer =
      parley_mock_peer_new (parley_server_get_port (self->server));
  gchar *header = signature ? g_strdup_printf ("X-Twilio-Signature: %s\r\n",
      signature) : NULL;
  guint status = parley_mock_peer_upgrade (peer, "/media", header, NULL);

  parley_mock_peer_free (peer);
  g_free (header);
  return status;
}

/* TwiML as a list: name=value of each attribute, and texts, with bars. */

static void
on_element (GMarkupParseContext * context, const gchar * name,
    const gchar ** names, const gchar ** values, gpointer data, GError ** error)
{
  g_string_append_printf (data, "|%s", name);
  for (guint i = 0; names[i]; i++)
    g_string_append_printf (data, " %s=%s", names[i], values[i]);
}

static void
on_text (GMarkupParseContext * context, const gchar * text, gsize len,
    gpointer data, GError ** error)
{
  gchar *bare = g_strstrip (g_strndup (text, len));

  g_string_append (data, bare);
  g_free (bare);
}

static void
assert_twiml (GString * xml, const gchar * expected)
{
  const GMarkupParser parser = {.start_element = on_element,.text = on_text };
  GString *list = g_string_new (NULL);
  GMarkupParseContext *context = g_markup_parse_context_new (&parser, 0, list,
      NULL);
  GError *error = NULL;

  g_markup_parse_context_parse (context, xml->str, xml->len, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (list->str, ==, expected);
  g_markup_parse_context_free (context);
  g_string_free (list, TRUE);
  g_string_truncate (xml, 0);
}

#define CONNECT "|Response|Connect|Stream url="

/* Signatures */

static const gchar voice_form[] =
    "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01"
    "&CallSid=CA00000000000000000000000000000002&CallStatus=ringing"
    "&CallerName=&Direction=inbound&From=%2B15035550100"
    "&FromCity=SAINT+JOHN%27S&StirVerstat=TN-Validation-Passed-A"
    "&To=%2B15035550199";

static void
test_signed_post (Fixture * self, gconstpointer data)
{
  static const gchar good[] = "3RGas2ZfVdklSb5K1qVJXhl+pgA=";
  GString *answer = g_string_new (NULL);

  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=7", good, voice_form,
          answer), ==, 200);
  assert_twiml (answer, CONNECT "wss://voice.example.org/twilio/media"
      "|Parameter name=From value=+15035550100"
      "|Parameter name=To value=+15035550199"
      "|Parameter name=Direction value=inbound"
      "|Parameter name=FromCity value=SAINT JOHN'S|Hangup");
  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=8", good, voice_form,
          NULL), ==, 403);
  g_assert_cmpuint (ask (self, "POST", "/voice", good, voice_form, NULL), ==,
      403);
  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=7", good,
          voice_form + 1, NULL), ==, 403);
  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=7", NULL, voice_form,
          NULL), ==, 403);
  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=7", "", voice_form,
          NULL), ==, 403);
  g_assert_cmpuint (ask (self, "POST", "/voice?tenant=7", "***", voice_form,
          NULL), ==, 403);
  g_string_free (answer, TRUE);
}

static void
test_signed_get (Fixture * self, gconstpointer data)
{
  static const gchar path[] =
      "/voice?CallSid=CA00000000000000000000000000000002&From=%2B15035550100";
  GString *answer = g_string_new (NULL);

  g_assert_cmpuint (ask (self, "GET", path, "KFXC5g2vyeJUif2tRZA+Ywvok/E=",
          "", answer), ==, 200);
  assert_twiml (answer, CONNECT "wss://voice.example.org/twilio/media"
      "|Parameter name=From value=+15035550100|Hangup");
  g_assert_cmpuint (ask (self, "GET", "/voice?CallSid=CA1",
          "KFXC5g2vyeJUif2tRZA+Ywvok/E=", "", NULL), ==, 403);
  g_string_free (answer, TRUE);
}

static void
test_signed_upgrade (Fixture * self, gconstpointer data)
{
  g_assert_cmpuint (upgrade (self, "2rCRgsIjrw23mO+/2Wo8GAomY6I="), ==, 101);
  /* Of the URL with a slash behind it. */
  g_assert_cmpuint (upgrade (self, "cc22pH37ixvGE2GJBntCMpzbsGw="), ==, 101);
  /* Of the https form. */
  g_assert_cmpuint (upgrade (self, "avq7ol8tehSIgmaYzcbeX0CMz1w="), ==, 403);
  g_assert_cmpuint (upgrade (self, NULL), ==, 403);
  g_assert_cmpuint (upgrade (self, ""), ==, 403);
}

/* Public URLs of all shapes sign, and appear in TwiML, as they are. */
static void
test_public_urls (Fixture * self, gconstpointer data)
{
  static const struct
  {
    const gchar *public_url, *http, *media;
  } cases[] = {
    {"https://a.example", "https://a.example", "wss://a.example/media"},
    {"https://a.example/", "https://a.example", "wss://a.example/media"},
    {"wss://a.example/x/y/", "https://a.example/x/y",
        "wss://a.example/x/y/media"},
    {"http://a.example:8080", "http://a.example:8080",
        "ws://a.example:8080/media"},
    {"https://a.example:8443/p", "https://a.example:8443/p",
        "wss://a.example:8443/p/media"},
    {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443",
        "wss://[2001:db8::1]:8443/media"},
    {"http://[::1]/p", "http://[::1]/p", "ws://[::1]/p/media"},
  };
  GString *answer = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Settings settings = { cases[i].public_url, "/media", TRUE };
    gchar *url = g_strconcat (cases[i].http, "/voice", NULL);
    gchar *expected = g_strconcat (CONNECT, cases[i].media, "|Hangup", NULL);
    gchar *signature = parley_twilio_sign (TOKEN, url, NULL);

    parley_webhook_free (self->webhook);
    self->webhook = new_webhook (&settings);
    g_assert_cmpuint (ask (self, "GET", "/voice", signature, "", answer), ==,
        200);
    assert_twiml (answer, expected);
    g_free (signature);
    signature = parley_twilio_sign (TOKEN, cases[i].media, NULL);
    g_assert_cmpuint (upgrade (self, signature), ==, 101);
    g_free (signature);
    g_free (expected);
    g_free (url);
  }
  g_string_free (answer, TRUE);
}

/* TwiML */

static void
test_unsigned (Fixture * self, gconstpointer data)
{
  GString *answer = g_string_new (NULL);

  g_assert_cmpuint (ask (self, "POST", "/voice", NULL, "To=b&From=a", answer),
      ==, 200);
  assert_twiml (answer, CONNECT "wss://by-host.example/media"
      "|Parameter name=From value=a|Parameter name=To value=b|Hangup");
  g_assert_cmpuint (ask (self, "GET", "/voice", NULL, "", answer), ==, 200);
  assert_twiml (answer, CONNECT "wss://by-host.example/media|Hangup");
  g_assert_cmpuint (upgrade (self, NULL), ==, 101);
  g_assert_cmpuint (ask (self, "PUT", "/voice", NULL, "From=a", NULL), ==, 405);
  g_assert_cmpuint (ask (self, "POST", "/voice", NULL, "From=%00", NULL), ==,
      400);
  g_string_free (answer, TRUE);
}

static void
test_escapes (Fixture * self, gconstpointer data)
{
  GString *answer = g_string_new (NULL);

  g_assert_cmpuint (ask (self, "POST", "/voice", NULL,
          "From=%22%3E%3CHangup/%3E%26amp;'&To=sip:%C3%A9@h", answer), ==, 200);
  g_assert_null (strstr (answer->str, "><Hangup/>&"));
  assert_twiml (answer, CONNECT "wss://by-host.example/media"
      "|Parameter name=From value=\"><Hangup/>&amp;'"
      "|Parameter name=To value=sip:é@h|Hangup");
  g_assert_cmpuint (ask (self, "POST", "/voice", NULL,
          "Say=%3C%2FSay%3E%26+1+%3C+2", answer), ==, 200);
  assert_twiml (answer, "|Response|Say</Say>& 1 < 2|Hangup");
  g_string_free (answer, TRUE);
}

/* What no XML can hold is left out, or Twilio would refuse all of it. */
static void
test_not_xml (Fixture * self, gconstpointer data)
{
  static const gchar *forms[] = {
    "From=%FF%FE&To=b", "From=%01&To=b", "From=a%1Bz&To=b", "From=%0B&To=b",
    "From=%EF%BF%BF&To=b"
  };
  GString *answer = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_assert_cmpuint (ask (self, "POST", "/voice", NULL, forms[i], answer),
        ==, 200);
    assert_twiml (answer, CONNECT "wss://by-host.example/media"
        "|Parameter name=To value=b|Hangup");
  }
  g_string_free (answer, TRUE);
}

static guint
upgrade_from (Fixture * self, const gchar * origin)
{
  ParleyMockPeer *peer =
      parley_mock_peer_new (parley_server_get_port (self->server));
  gchar *headers = g_strdup_printf ("Origin: %s\r\n", origin);
  guint status = parley_mock_peer_upgrade (peer, "/media", headers, NULL);

  g_free (headers);
  parley_mock_peer_free (peer);
  return status;
}

/* A page on another site must not call the agent on a visitor's machine. */
static void
test_origins (Fixture * self, gconstpointer data)
{
  g_assert_cmpuint (upgrade_from (self, "https://evil.example"), ==, 403);
  g_assert_cmpuint (upgrade_from (self, "null"), ==, 403);
  g_assert_cmpuint (upgrade_from (self, "http://" PEER_HOST), ==, 101);
  g_assert_cmpuint (upgrade_from (self, "https://" PEER_HOST ".evil.example"),
      ==, 403);
  g_assert_cmpuint (upgrade (self, NULL), ==, 101);
}

static void
test_public_origin (Fixture * self, gconstpointer data)
{
  g_assert_cmpuint (upgrade_from (self, "https://Voice.example.org"), ==, 101);
  g_assert_cmpuint (upgrade_from (self, "https://voice.example.or"), ==, 403);
  g_assert_cmpuint (upgrade_from (self, "https://voice.example.org.evil"), ==,
      403);
}

/* Name and value of a parameter are under 500 bytes together. */
static void
test_long_parameters (Fixture * self, gconstpointer data)
{
  GString *answer = g_string_new (NULL);

  for (gsize len = 490; len < 500; len++) {
    gchar *value = g_strnfill (len, 'x');
    gchar *form = g_strdup_printf ("From=%s&To=b", value);
    gchar *parameter = len + 4 < 500
        ? g_strdup_printf ("|Parameter name=From value=%s", value)
        : g_strdup ("");
    gchar *expected = g_strdup_printf (CONNECT "wss://by-host.example/media%s"
        "|Parameter name=To value=b|Hangup", parameter);

    g_assert_cmpuint (ask (self, "POST", "/voice", NULL, form, answer), ==,
        200);
    assert_twiml (answer, expected);
    g_free (expected);
    g_free (parameter);
    g_free (form);
    g_free (value);
  }
  g_string_free (answer, TRUE);
}

/* Settings */

static const struct
{
  const gchar *public_url, *env, *says, *hides;
} wrong[] = {
  {"https://a.example", "WEBHOOK_TEST_NOT_SET", "WEBHOOK_TEST_NOT_SET", NULL},
  {"https://a.example", "WEBHOOK_TEST_EMPTY", "WEBHOOK_TEST_EMPTY", NULL},
  /* The token itself where its variable's name belongs. */
  {"https://a.example", TOKEN, "environment variable", TOKEN},
  {"https://a.example", "deadbeefdeadbeefdeadbeefdeadbeef",
      "environment variable", "deadbeef"},
  {NULL, TOKEN_ENV, "public-url", TOKEN},
  {"voice.example.org", NULL, "https://HOST", NULL},
  {"ftp://a.example", NULL, "https://HOST", NULL},
  {"https://", NULL, "https://HOST", NULL},
  {"", NULL, "https://HOST", NULL},
  {"https:///path", NULL, "https://HOST", NULL},
};

static void
test_wrong_settings (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    GError *error = NULL;

    g_assert_null (parley_webhook_new (wrong[i].public_url, "/media",
            wrong[i].env, &error));
    g_assert_error (error, PARLEY_WEBHOOK_ERROR, 0);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, wrong[i].says));
    g_assert_null (strchr (error->message, '\n'));
    g_assert_true (!wrong[i].hides || !strstr (error->message, wrong[i].hides));
    g_error_free (error);
  }
}

static void
add (const gchar * name, const Settings * settings,
    void (*func) (Fixture *, gconstpointer))
{
  gchar *path = g_strconcat ("/webhook/", name, NULL);

  g_test_add (path, Fixture, settings, set_up, func, tear_down);
  g_free (path);
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_setenv (TOKEN_ENV, TOKEN, TRUE);
  g_setenv ("WEBHOOK_TEST_EMPTY", "", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  add ("signed/post", &signed_settings, test_signed_post);
  add ("signed/get", &signed_settings, test_signed_get);
  add ("signed/upgrade", &signed_settings, test_signed_upgrade);
  add ("signed/public-urls", &signed_settings, test_public_urls);
  add ("origin/host", &open_settings, test_origins);
  add ("origin/public-url", &public_settings, test_public_origin);
  add ("unsigned", &open_settings, test_unsigned);
  add ("twiml/escapes", &open_settings, test_escapes);
  add ("twiml/not-xml", &open_settings, test_not_xml);
  add ("twiml/long-parameters", &open_settings, test_long_parameters);
  g_test_add_func ("/webhook/wrong-settings", test_wrong_settings);
  return g_test_run ();
}
