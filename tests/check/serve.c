/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

#include "net/twiliosignature.h"
#include "tests/mock/coreplugins.h"
#include "tests/mock/served.h"

#define SID "CA00000000000000000000000000000002"
#define TOKEN "0123456789abcdef0123456789abcdef"
#define PUBLIC "https://voice.example.org/twilio"

#define ECHO "twiliosrc\n! mulawsink\n"
#define MUTE "twiliosrc\n! fakesink async=false\n"

typedef struct
{
  gchar *dir;
  gchar *path;                  /* a pipeline file: ECHO */
  gchar *other;                 /* another one, not there yet */
} Fixture;

static void
write_file (const gchar * path, const gchar * text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
fixture_set_up (Fixture * fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("parley-serve-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "a.pipeline", NULL);
  fixture->other = g_build_filename (fixture->dir, "b.pipeline", NULL);
  write_file (fixture->path, ECHO);
}

static void
fixture_tear_down (Fixture * fixture, gconstpointer data)
{
  g_remove (fixture->path);
  g_remove (fixture->other);
  g_rmdir (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->other);
  g_free (fixture->dir);
}

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static void
assert_says (const gchar * text, const gchar * part)
{
  if (!strstr (text, part))
    g_error ("“%s” should say “%s”", text, part);
}

/* A call that hears itself: the server works. */
static gboolean
call_echoes (Served * served, const gchar * to)
{
  Phone *phone = phone_new (served, SID, to);
  gboolean echoes;

  g_assert_nonnull (phone->socket);
  echoes = phone_has_echo (phone, 100);
  phone_hang_up (phone);
  phone_free (phone);
  return echoes;
}

static void
await_no_calls (Served * served)
{
  gboolean none = FALSE;

  while (!none) {
    g_autofree gchar *body = NULL;

    served_request (served, "/health", NULL, NULL, &body);
    none = strstr (body, "\"calls\":0") != NULL;
  }
}

/* Pages */

static void
test_health (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  g_autofree gchar *body = NULL;

  g_assert_cmpuint (served_request (served, "/health", NULL, NULL, &body), ==,
      200);
  g_assert_cmpstr (body, ==, "{\"status\":\"ok\",\"calls\":0}\n");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_ready (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));

  served_await_ready (served);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_unknown_path (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));

  g_assert_cmpuint (served_request (served, "/nothing", NULL, NULL, NULL), ==,
      404);
  g_assert_cmpuint (served_request (served, "/talk/nothing", NULL, NULL,
          NULL), ==, 404);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_talk_page (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  g_autofree gchar *body = NULL;

  g_assert_cmpuint (served_request (served, "/talk", NULL, NULL, &body), ==,
      200);
  assert_says (body, "<html");
  g_assert_cmpint (served_free (served), ==, 0);
}

/* Beside the call's audio, one text that makes llmchat greet at once. */
static void
write_talk_pipeline (Fixture * fixture)
{
  g_autofree gchar *text = g_strdup_printf ("twiliosrc ! fakesink "
      "async=false  fakesrc num-buffers=1 sizetype=fixed sizemax=1 ! "
      "text/x-raw,format=utf8 ! llmchat provider=script greeting=Hello. "
      "script=%s/pipelines/appointments.json ! fakesink async=false",
      g_getenv ("PARLEY_SOURCE"));

  write_file (fixture->path, text);
}

static void
test_talk_script (Fixture * fixture, gconstpointer data)
{
  Served *served;
  g_autofree gchar *body = NULL;

  write_talk_pipeline (fixture);
  served = served_new (ARGS (fixture->path));
  g_assert_cmpuint (served_request (served, "/talk/script", NULL, NULL,
          &body), ==, 200);
  assert_says (body, "{\"sentences\":[\"what are your opening hours\",");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_talk_captions (Fixture * fixture, gconstpointer data)
{
  Served *served;
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autofree gchar *url = NULL;
  gchar text[1024] = "";
  gsize n_read;
  Phone *phone;

  write_talk_pipeline (fixture);
  served = served_new (ARGS (fixture->path));
  url = g_strconcat (served->url, "/talk/events/talk-me", NULL);
  message = soup_message_new ("GET", url);
  stream = soup_session_send (served->session, message, NULL, NULL);
  phone = phone_new (served, "talk-me", NULL);
  phone_has_echo (phone, 10);
  phone_hang_up (phone);
  phone_free (phone);
  /* The stream ends with the call. */
  g_assert_true (g_input_stream_read_all (stream, text, sizeof text - 1,
          &n_read, NULL, NULL));
  assert_says (text, "data: {\"who\":\"agent\",\"text\":\"Hello.\","
      "\"final\":true,");
  assert_says (text, "event: end");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_talk_needs_unsigned_calls (Fixture * fixture, gconstpointer data)
{
  Served *served;

  g_setenv ("PARLEY_TEST_TOKEN", TOKEN, TRUE);
  served = served_new (ARGS (fixture->path, "--public-url", PUBLIC,
          "--auth-token-env", "PARLEY_TEST_TOKEN"));
  g_assert_cmpuint (served_request (served, "/talk", NULL, NULL, NULL), ==,
      404);
  g_assert_cmpint (served_free (served), ==, 0);
}

/* The webhook */

static void
test_twiml (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path, "--public-url", PUBLIC));
  g_autofree gchar *body = NULL;

  g_assert_cmpuint (served_request (served, "/twiml",
          "CallSid=CA1&From=%2B15035550100&To=%2B15035550199&FromCity=A%26B",
          NULL, &body), ==, 200);
  assert_says (body, "<Stream url=\"wss://voice.example.org/twilio/media\">");
  assert_says (body, "<Parameter name=\"From\" value=\"+15035550100\"/>");
  assert_says (body, "<Parameter name=\"To\" value=\"+15035550199\"/>");
  assert_says (body, "<Parameter name=\"FromCity\" value=\"A&amp;B\"/>");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_twiml_signature (Fixture * fixture, gconstpointer data)
{
  const gchar *form = "From=%2B15035550100&To=%2B15035550199&CallerName=";
  g_autoptr (GPtrArray) fields = parley_twilio_form_parse (form, strlen (form));
  g_autofree gchar *good = parley_twilio_sign (TOKEN, PUBLIC "/twiml", fields);
  g_autofree gchar *other = parley_twilio_sign (TOKEN,
      "https://elsewhere.example.org/twiml", fields);
  Served *served;

  g_setenv ("PARLEY_TEST_TOKEN", TOKEN, TRUE);
  served = served_new (ARGS (fixture->path, "--public-url", PUBLIC,
          "--auth-token-env", "PARLEY_TEST_TOKEN"));
  g_assert_cmpuint (served_request (served, "/twiml", form, good, NULL), ==,
      200);
  g_assert_cmpuint (served_request (served, "/twiml", form, other, NULL), ==,
      403);
  g_assert_cmpuint (served_request (served, "/twiml", form, NULL, NULL), ==,
      403);
  g_assert_cmpuint (served_request (served, "/twiml", "From=1", good, NULL),
      ==, 403);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_unsigned_call_refused (Fixture * fixture, gconstpointer data)
{
  Served *served;
  Phone *phone;

  g_setenv ("PARLEY_TEST_TOKEN", TOKEN, TRUE);
  served = served_new (ARGS (fixture->path, "--public-url", PUBLIC,
          "--auth-token-env", "PARLEY_TEST_TOKEN"));
  phone = phone_new (served, SID, NULL);
  g_assert_null (phone->socket);
  g_assert_cmpuint (phone->status, ==, 403);
  phone_free (phone);
  g_assert_cmpint (served_free (served), ==, 0);
}

/* Calls */

static void
test_call (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  g_autofree gchar *line = NULL;

  g_assert_true (call_echoes (served, NULL));
  g_assert_true (call_echoes (served, NULL));
  line = served_await_log (served, "call ended");
  assert_says (line, SID);
  await_no_calls (served);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_caller_is_masked (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  g_autofree gchar *line = NULL;

  g_assert_true (call_echoes (served, "+15035550199"));
  line = served_await_log (served, "call began");
  assert_says (line, "from +********100 to +15035550199");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_socket_dropped (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  Phone *phone = phone_new (served, SID, NULL);

  g_assert_true (phone_has_echo (phone, 100));
  g_io_stream_close (soup_websocket_connection_get_io_stream (phone->socket),
      NULL, NULL);
  phone_free (phone);
  await_no_calls (served);
  g_assert_true (call_echoes (served, NULL));
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_no_start (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  Phone *phone = phone_new (served, NULL, NULL);

  soup_websocket_connection_send_text (phone->socket, "{\"event\":");
  phone_await_closed (phone);
  phone_free (phone);
  await_no_calls (served);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_error_ends_one_call (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *route = g_strdup_printf ("666=%s", fixture->other);
  g_autofree gchar *line = NULL;
  Served *served;
  Phone *good, *bad;

  write_file (fixture->other, "twiliosrc ! identity error-after=2 name=faulty "
      "! fakesink async=false");
  served = served_new (ARGS (fixture->path, "--route", route));
  good = phone_new (served, SID, NULL);
  g_assert_true (phone_has_echo (good, 100));
  bad = phone_new (served, "CA666", "666");
  g_assert_false (phone_has_echo (bad, 100));
  phone_await_closed (bad);
  phone_free (bad);
  line = served_await_log (served, "error of faulty");
  assert_says (line, "CA666");
  g_assert_true (phone_has_echo (good, 100));
  phone_hang_up (good);
  phone_free (good);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_route (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *route = g_strdup_printf ("+15035550199=%s",
      fixture->other);
  Served *served;

  write_file (fixture->other, MUTE);
  served = served_new (ARGS (fixture->path, "--route", route));
  g_assert_false (call_echoes (served, "+15035550199"));
  g_assert_true (call_echoes (served, "+15035550100"));
  g_assert_true (call_echoes (served, NULL));
  g_assert_cmpint (served_free (served), ==, 0);
}

/* A pipeline with a thread of its own, which does not hear the caller. */
static void
test_foreign_thread (Fixture * fixture, gconstpointer data)
{
  Served *served;
  Phone *phone;
  g_autofree gchar *line = NULL;

  write_file (fixture->path, "fakesrc is-live=true do-timestamp=true ! "
      "fakesink async=false");
  served = served_new (ARGS (fixture->path));
  phone = phone_new (served, SID, NULL);
  phone_hang_up (phone);
  phone_free (phone);
  line = served_await_log (served, "call ended");
  assert_says (line, "hung up");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_end_of_pipeline_ends_call (Fixture * fixture, gconstpointer data)
{
  Served *served;
  Phone *phone;
  g_autofree gchar *line = NULL;

  write_file (fixture->path, "fakesrc num-buffers=3 ! fakesink async=false");
  served = served_new (ARGS (fixture->path));
  phone = phone_new (served, SID, NULL);
  phone_await_closed (phone);
  phone_free (phone);
  line = served_await_log (served, "call ended");
  assert_says (line, "the agent hung up");
  g_assert_cmpint (served_free (served), ==, 0);
}

/* Only calls write, and only into the folder that the file names. */
static void
test_variables_in_file_names (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *literal = g_build_filename (fixture->dir,
      "%{call.sid}.ul", NULL);
  g_autofree gchar *written = g_build_filename (fixture->dir,
      "_._.__evil.ul", NULL);
  Served *served;
  Phone *phone;

  write_file (fixture->path, "twiliosrc ! filesink async=false "
      "location=${DIR}/%{call.sid}.ul");
  served = served_new (ARGS (fixture->path));
  g_assert_false (g_file_test (literal, G_FILE_TEST_EXISTS));
  phone = phone_new (served, "../../evil", NULL);
  phone_has_echo (phone, 3);
  phone_hang_up (phone);
  phone_free (phone);
  g_free (served_await_log (served, "call ended"));
  g_assert_true (g_file_test (written, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (literal, G_FILE_TEST_EXISTS));
  g_remove (written);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_max_calls (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path, "--max-calls", "1"));
  Phone *first = phone_new (served, SID, NULL);
  Phone *second;
  g_autofree gchar *body = NULL;

  g_assert_true (phone_has_echo (first, 100));
  second = phone_new (served, SID, NULL);
  g_assert_null (second->socket);
  g_assert_cmpuint (second->status, ==, 503);
  phone_free (second);
  g_assert_cmpuint (served_request (served, "/twiml", "From=1", NULL, &body),
      ==, 200);
  assert_says (body, "<Say>All our lines are busy");
  g_assert_null (strstr (body, "<Stream"));
  phone_hang_up (first);
  phone_free (first);
  await_no_calls (served);
  g_assert_true (call_echoes (served, NULL));
  g_assert_cmpint (served_free (served), ==, 0);
}

/* Signals */

static void
test_hangup_takes_edit (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  Phone *running = phone_new (served, SID, NULL);

  g_assert_true (phone_has_echo (running, 100));
  write_file (fixture->path, MUTE);
  g_subprocess_send_signal (served->process, SIGHUP);
  g_free (served_await_log (served, "read again"));
  g_assert_false (call_echoes (served, NULL));
  g_assert_true (phone_has_echo (running, 100));
  phone_hang_up (running);
  phone_free (running);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_hangup_refuses_edit (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  g_autofree gchar *expected = g_strdup_printf ("%s:2: there is no element",
      fixture->path);

  write_file (fixture->path, "twiliosrc\n! no-such-element\n");
  g_subprocess_send_signal (served->process, SIGHUP);
  g_free (served_await_log (served, expected));
  g_free (served_await_log (served, "what was there before"));
  g_assert_true (call_echoes (served, NULL));
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_terminate_waits_for_call (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  Phone *running = phone_new (served, SID, NULL);
  Phone *late;
  g_autofree gchar *body = NULL;

  g_assert_true (phone_has_echo (running, 100));
  g_subprocess_send_signal (served->process, SIGTERM);
  g_free (served_await_log (served, "no more calls"));
  late = phone_new (served, SID, NULL);
  g_assert_cmpuint (late->status, ==, 503);
  phone_free (late);
  g_assert_cmpuint (served_request (served, "/ready", NULL, NULL, NULL), ==,
      503);
  g_assert_cmpuint (served_request (served, "/health", NULL, NULL, NULL), ==,
      200);
  served_request (served, "/twiml", "From=1", NULL, &body);
  assert_says (body, "<Say>We cannot take your call");
  g_assert_true (phone_has_echo (running, 100));
  phone_hang_up (running);
  phone_free (running);
  g_assert_cmpint (served_wait (served), ==, 0);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_drain_ends (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path, "--drain-seconds", "0"));
  Phone *phone = phone_new (served, SID, NULL);

  g_assert_true (phone_has_echo (phone, 100));
  g_subprocess_send_signal (served->process, SIGTERM);
  phone_await_closed (phone);
  phone_free (phone);
  g_assert_cmpint (served_wait (served), ==, 0);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_second_signal_ends (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  Phone *phone = phone_new (served, SID, NULL);

  g_assert_true (phone_has_echo (phone, 100));
  g_subprocess_send_signal (served->process, SIGINT);
  g_free (served_await_log (served, "no more calls"));
  g_subprocess_send_signal (served->process, SIGINT);
  phone_await_closed (phone);
  phone_free (phone);
  g_assert_cmpint (served_wait (served), ==, 0);
  g_assert_cmpint (served_free (served), ==, 0);
}

/* What does not start */

static void
refused (Fixture * fixture, const gchar * const *args, int status,
    const gchar * reason)
{
  g_autofree gchar *said = NULL;

  g_assert_cmpint (served_fail (args, &said), ==, status);
  assert_says (said, reason);
  g_assert_true (strchr (said, '\n') == said + strlen (said) - 1);
}

static void
test_bad_pipeline (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *place = g_strdup_printf ("%s:3: ", fixture->path);

  write_file (fixture->path, "# one\ntwiliosrc\n! mulawsnik\n");
  refused (fixture, ARGS (fixture->path), 1, place);
}

static void
test_not_ready (Fixture * fixture, gconstpointer data)
{
  write_file (fixture->path, "twiliosrc ! cloudstt provider=nobody ! "
      "fakesink async=false");
  refused (fixture, ARGS (fixture->path), 1, "nobody");
}

static void
test_missing_token (Fixture * fixture, gconstpointer data)
{
  refused (fixture, ARGS (fixture->path, "--public-url", PUBLIC,
          "--auth-token-env", "PARLEY_TEST_NO_TOKEN"), 1,
      "PARLEY_TEST_NO_TOKEN is not set");
}

static void
test_missing_record_url (Fixture * fixture, gconstpointer data)
{
  refused (fixture, ARGS (fixture->path, "--call-record-url-env",
          "PARLEY_TEST_NO_URL"), 1, "PARLEY_TEST_NO_URL is not set");
  g_setenv ("PARLEY_TEST_URL", "ftp://example.org/secret-path", TRUE);
  refused (fixture, ARGS (fixture->path, "--call-record-url-env",
          "PARLEY_TEST_URL"), 1, "webhook: the address must begin with https://"
      "HOST or http://HOST\n");
}

static void
test_port_in_use (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path));
  const gchar *address = served->url + strlen ("http://");

  refused (fixture, ARGS (fixture->path, "--listen", address), 1,
      "is taken by another program");
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_usage (Fixture * fixture, gconstpointer data)
{
  refused (fixture, ARGS ("--verbose"), 2, "name a pipeline file");
  refused (fixture, ARGS (fixture->path, "more"), 2, "one word too many");
  refused (fixture, ARGS (fixture->path, "--listen", "here"), 2, "HOST:PORT");
  refused (fixture, ARGS (fixture->path, "--listen", "h:99999"), 2,
      "HOST:PORT");
  refused (fixture, ARGS (fixture->path, "--route", "555"), 2, "NUMBER=FILE");
  refused (fixture, ARGS (fixture->path, "--max-calls", "0"), 2, "--max-calls");
  refused (fixture, ARGS (fixture->path, "--workers", "65"), 2, "--workers");
  refused (fixture, ARGS (fixture->path, "--tls-key", "k"), 2, "--tls-cert");
}

/* TLS */

static void
test_tls (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *openssl = g_find_program_in_path ("openssl");
  g_autofree gchar *key = g_build_filename (fixture->dir, "key.pem", NULL);
  g_autofree gchar *cert = g_build_filename (fixture->dir, "cert.pem", NULL);
  g_autofree gchar *make = g_strdup_printf ("openssl req -x509 -newkey ec "
      "-pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s -out %s "
      "-days 2 -subj /CN=localhost", key, cert);
  gint status;
  Served *served;

  if (!openssl) {
    g_test_skip ("openssl makes the certificate, and is not installed");
    return;
  }
  g_assert_true (g_spawn_command_line_sync (make, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  served = served_new (ARGS (fixture->path, "--tls-cert", cert, "--tls-key",
          key));
  g_assert_true (g_str_has_prefix (served->url, "https://"));
  g_assert_true (call_echoes (served, NULL));
  g_assert_cmpint (served_free (served), ==, 0);
  g_remove (key);
  g_remove (cert);
}

static void
test_bad_certificate (Fixture * fixture, gconstpointer data)
{
  refused (fixture, ARGS (fixture->path, "--tls-cert", fixture->path), 1,
      fixture->path);
}

/* The one file in @dir, which is removed. */
static JsonNode *
take_record (const gchar * dir)
{
  g_autoptr (GDir) files = g_dir_open (dir, 0, NULL);
  g_autofree gchar *path = g_build_filename (dir, g_dir_read_name (files),
      NULL);
  g_autofree gchar *text = NULL;

  g_assert_null (g_dir_read_name (files));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_remove (path);
  return json_from_string (text, NULL);
}

/* It is there once the server has ended. */
static void
test_call_record (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *dir = g_build_filename (fixture->dir, "records", NULL);
  Served *served = served_new (ARGS (fixture->path, "--call-record-dir", dir));
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;

  g_assert_true (call_echoes (served, "+15035550111"));
  g_assert_cmpint (served_free (served), ==, 0);
  root = take_record (dir);
  object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "sid"), ==, SID);
  g_assert_cmpstr (json_object_get_string_member (object, "to"), ==,
      "+15035550111");
  g_assert_cmpstr (json_object_get_string_member (object, "end"), ==,
      "hung-up");
  g_assert_true (json_object_has_member (object, "transcript"));
  g_rmdir (dir);
}

#define ADD(name, func) \
    g_test_add ("/serve/" name, Fixture, NULL, fixture_set_up, func, \
        fixture_tear_down)

static void
add_refusal_tests (void)
{
  ADD ("call-record/file", test_call_record);
  ADD ("refuses/bad-pipeline", test_bad_pipeline);
  ADD ("refuses/not-ready", test_not_ready);
  ADD ("refuses/missing-token", test_missing_token);
  ADD ("refuses/missing-record-url", test_missing_record_url);
  ADD ("refuses/port-in-use", test_port_in_use);
  ADD ("refuses/usage", test_usage);
  ADD ("refuses/bad-certificate", test_bad_certificate);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  ADD ("page/health", test_health);
  ADD ("page/ready", test_ready);
  ADD ("page/unknown", test_unknown_path);
  ADD ("page/talk", test_talk_page);
  ADD ("page/talk-script", test_talk_script);
  ADD ("page/talk-captions", test_talk_captions);
  ADD ("page/talk-needs-unsigned-calls", test_talk_needs_unsigned_calls);
  ADD ("twiml/parameters", test_twiml);
  ADD ("twiml/signature", test_twiml_signature);
  ADD ("call/unsigned-refused", test_unsigned_call_refused);
  ADD ("call/echo", test_call);
  ADD ("call/caller-is-masked", test_caller_is_masked);
  ADD ("call/socket-dropped", test_socket_dropped);
  ADD ("call/malformed-before-start", test_no_start);
  ADD ("call/error-ends-one", test_error_ends_one_call);
  ADD ("call/route", test_route);
  ADD ("call/foreign-thread", test_foreign_thread);
  ADD ("call/end-of-pipeline", test_end_of_pipeline_ends_call);
  ADD ("call/variables-in-file-names", test_variables_in_file_names);
  ADD ("call/max-calls", test_max_calls);
  ADD ("call/tls", test_tls);
  ADD ("signal/hangup-takes-edit", test_hangup_takes_edit);
  ADD ("signal/hangup-refuses-edit", test_hangup_refuses_edit);
  ADD ("signal/terminate-waits-for-call", test_terminate_waits_for_call);
  ADD ("signal/drain-ends", test_drain_ends);
  ADD ("signal/second-signal-ends", test_second_signal_ends);
  add_refusal_tests ();
  return g_test_run ();
}
