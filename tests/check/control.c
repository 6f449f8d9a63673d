/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What those that run the server have done to a call, by HTTP: a service in
 * this process whose agent speaks with tones, and telephones that call it. */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "server/log.h"
#include "server/service.h"
#include "tests/mock/providers.h"
#include "tests/mock/served.h"

#define SID "CA00000000000000000000000000000002"
#define TOKEN "0123456789abcdef0123456789abcdef"
#define JSON "application/json"
#define ECHO "twiliosrc ! mulawsink"
#define AGENT "twiliosrc ! vadendpoint ! cloudstt provider=mock " \
    "! llmchat provider=mock hold-text=\"One moment.\" " \
    "! cloudtts provider=mock ! mulawsink"

typedef struct
{
  gchar *dir;
  gchar *path;
  ParleyService *service;
  Served served;                /* its address, for telephones */
} Fixture;

static void
set_up (Fixture * f, gconstpointer launch)
{
  mock_reset ();
  mock_script ()->ms_per_word = 50;
  f->dir = g_dir_make_tmp ("parley-control-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "a.pipeline", NULL);
  g_assert_true (g_file_set_contents (f->path, launch, -1, NULL));
}

static void
start (Fixture * f, const gchar * token_env)
{
  ParleyServiceConfig config = { 0 };
  g_autoptr (GError) error = NULL;

  config.file = f->path;
  config.host = "127.0.0.1";
  config.max_calls = 4;
  config.keep_calls = 100;
  config.admin_token_env = token_env;
  f->service = parley_service_new (&config, &error);
  g_assert_no_error (error);
  f->served.url = g_strdup_printf ("http://127.0.0.1:%u",
      parley_service_get_port (f->service));
  f->served.session = soup_session_new ();
}

static void
tear_down (Fixture * f, gconstpointer data)
{
  soup_session_abort (f->served.session);
  g_object_unref (f->served.session);
  g_free (f->served.url);
  parley_service_free (f->service);
  g_remove (f->path);
  g_rmdir (f->dir);
  g_free (f->dir);
  g_free (f->path);
}

/* The status; what is answered must say @part. */
static guint
post (Fixture * f, const gchar * path, const gchar * type, const gchar * body,
    const gchar * part)
{
  g_autofree gchar *url = g_strconcat (f->served.url, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GBytes) bytes = g_bytes_new_static (body, strlen (body));
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  soup_message_set_request_body_from_bytes (message, type, bytes);
  answer = soup_session_send_and_read (f->served.session, message, NULL,
      &error);
  g_assert_no_error (error);
  text = g_strndup (g_bytes_get_data (answer, NULL), g_bytes_get_size (answer));
  if (!strstr (text, part))
    g_error ("“%s” should say “%s”", text, part);
  return soup_message_get_status (message);
}

/* The pipeline works when the call is in the list. */
static Phone *
begin_call (Fixture * f)
{
  Phone *phone = phone_new (&f->served, SID, "+15035550199");
  g_autofree gchar *url = g_strconcat (f->served.url, "/calls/" SID, NULL);

  g_assert_nonnull (phone->socket);
  phone_speak (phone);
  for (guint status = 0; status != 200;) {
    g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
    g_autoptr (GBytes) answer =
        soup_session_send_and_read (f->served.session, message, NULL, NULL);

    g_assert_nonnull (answer);
    status = soup_message_get_status (message);
  }
  return phone;
}

static void
hang_up (Phone * phone)
{
  phone_hang_up (phone);
  phone_free (phone);
}

static void
await_media (Phone * phone)
{
  while (phone->n_media == 0 && !phone->closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (phone->n_media, >, 0);
}

static void
test_say (Fixture * f, gconstpointer data)
{
  Phone *phone;

  start (f, NULL);
  phone = begin_call (f);
  g_assert_cmpuint (phone->n_media, ==, 0);
  g_assert_cmpuint (post (f, "/calls/" SID "/say", JSON,
          "{\"text\": \"Please hold the line.\", \"interrupt\": true}",
          "under way"), ==, 202);
  await_media (phone);
  hang_up (phone);
}

static void
test_hold (Fixture * f, gconstpointer data)
{
  Phone *phone;

  start (f, NULL);
  phone = begin_call (f);
  g_assert_cmpuint (post (f, "/calls/" SID "/unhold", JSON, "{}", "under way"),
      ==, 202);
  g_assert_cmpuint (phone->n_media, ==, 0);
  g_assert_cmpuint (post (f, "/calls/" SID "/hold", JSON, "{}", "under way"),
      ==, 202);
  await_media (phone);
  hang_up (phone);
}

static void
test_hang_up (Fixture * f, gconstpointer data)
{
  Phone *phone;

  start (f, NULL);
  phone = begin_call (f);
  g_assert_cmpuint (post (f, "/calls/" SID "/hangup", JSON, "{}", "under way"),
      ==, 202);
  phone_await_closed (phone);
  phone_free (phone);
}

static void
test_understands (Fixture * f, gconstpointer data)
{
  static const struct
  {
    const gchar *verb, *type, *body, *part;
    guint status;
  } wrong[] = {
    {"say", "text/plain", "{\"text\":\"Hi.\"}", "application/json", 400},
    {"say", "application/x-www-form-urlencoded", "text=Hi.", "Send JSON", 400},
    {"say", JSON, "{\"text\":", "object of JSON", 400},
    {"say", JSON, "[]", "object of JSON", 400},
    {"say", JSON, "", "object of JSON", 400},
    {"say", JSON, "{}", "is missing", 400},
    {"say", JSON, "{\"text\":\"  \"}", "is missing", 400},
    {"say", JSON, "{\"text\":5}", "“text” is not a string", 400},
    {"say", JSON, "{\"text\":\"Hi.\",\"interrupt\":1}", "neither true", 400},
    {"hold", JSON, "", "object of JSON", 400},
    {"hangup", JSON, "{\"text\":[]}", "“text” is not a string", 400},
    {"transfer", JSON, "{\"to\":5}", "“to” is not a string", 400},
    {"transfer", JSON, "{\"to\":\"desk\"}", "has no tool that does", 409},
    {"sing", JSON, "{}", "/calls/SID/say", 404},
  };
  g_autofree gchar *text = g_strnfill (4001, 'a');
  g_autofree gchar *body = g_strdup_printf ("{\"text\":\"%s\"}", text);
  Phone *phone;

  start (f, NULL);
  phone = begin_call (f);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *path = g_strconcat ("/calls/" SID "/", wrong[i].verb,
        NULL);

    g_assert_cmpuint (post (f, path, wrong[i].type, wrong[i].body,
            wrong[i].part), ==, wrong[i].status);
  }
  g_assert_cmpuint (post (f, "/calls/" SID "/say", JSON, body, "4000 bytes"),
      ==, 400);
  g_assert_cmpuint (phone->n_media, ==, 0);
  hang_up (phone);
}

static void
test_no_call (Fixture * f, gconstpointer data)
{
  start (f, NULL);
  g_assert_cmpuint (post (f, "/calls/CA1/say", JSON, "{\"text\":\"Hi.\"}",
          "no such call"), ==, 404);
  hang_up (begin_call (f));
  while (parley_service_get_calls (f->service) > 0)
    g_thread_yield ();
  g_assert_cmpuint (post (f, "/calls/" SID "/hangup", JSON, "{}", "is over"),
      ==, 409);
}

static void
test_no_llmchat (Fixture * f, gconstpointer data)
{
  Phone *phone;

  start (f, NULL);
  phone = begin_call (f);
  g_assert_cmpuint (post (f, "/calls/" SID "/say", JSON, "{\"text\":\"Hi.\"}",
          "no llmchat"), ==, 409);
  hang_up (phone);
}

static void
test_token (Fixture * f, gconstpointer data)
{
  start (f, "PARLEY_TEST_ADMIN");
  g_assert_cmpuint (post (f, "/calls/" SID "/hangup", JSON, "{}",
          "Authorization"), ==, 401);
}

#define ADD(name, launch, func) \
    g_test_add ("/control/" name, Fixture, launch, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("PARLEY_TEST_ADMIN", TOKEN, TRUE);
  gst_init (&argc, &argv);
  parley_log_set_level (PARLEY_LOG_QUIET);
  ADD ("say", AGENT, test_say);
  ADD ("hold", AGENT, test_hold);
  ADD ("hang-up", AGENT, test_hang_up);
  ADD ("understands", AGENT, test_understands);
  ADD ("no-call", AGENT, test_no_call);
  ADD ("no-llmchat", ECHO, test_no_llmchat);
  ADD ("token", ECHO, test_token);
  return g_test_run ();
}
