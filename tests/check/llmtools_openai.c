/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elementrig.h"

#include <glib/gstdio.h>
#include <string.h>

#include "emulator/server.h"

/* llmchat with the provider openai before the emulator, which refuses a
 * conversation whose calls and results are not in order, and a web server of
 * the test as the tool. Time runs by itself. */

#define KEY_ENV "TEST_OPENAI_KEY"
#define CONFIG "{\"llm\": {\"replies\": [" \
    "{\"when\": \"shipped\", \"say\": \"It was shipped on Monday.\"}," \
    "{\"when\": \"where\", \"say\": \"Let me look.\", \"tool\": \"find\", " \
    "\"arguments\": {\"order\": 7}}," \
    "{\"when\": \"not finished\", \"say\": \"Still at it.\"}," \
    "{\"when\": \"thanks\", \"say\": \"You are welcome.\"}]}}"

typedef struct
{
  Rig rig;
  ParleyEmulator *emulator;
  SoupServer *server;
  GPtrArray *asked;             /* of SoupServerMessage that wait */
  gchar *file;
} Whole;

static void
handle (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  Whole *whole = data;

  soup_server_message_pause (message);
  g_ptr_array_add (whole->asked, g_object_ref (message));
}

static void
settle (Whole * whole)
{
  for (guint i = 0; i < 10; i++) {
    g_usleep (500);
    rig_settle (&whole->rig);
  }
}

#define wait_for(whole, condition) G_STMT_START { \
  for (guint i_ = 0; !(condition); i_++) { \
    g_assert_cmpuint (i_, <, 10000); \
    settle (whole); \
  } \
} G_STMT_END

static gchar *
temporary (const gchar * text)
{
  gchar *path;
  gint fd = g_file_open_tmp ("parley-XXXXXX.json", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
begin_emulator (Whole * whole)
{
  g_autofree gchar *path = temporary (CONFIG);
  g_autoptr (GError) error = NULL;
  ParleyEmulatorSettings *settings = parley_emulator_settings_new (path,
      &error);

  g_assert_no_error (error);
  whole->emulator = parley_emulator_new (settings);
  parley_emulator_listen (whole->emulator, "127.0.0.1", 0, &error);
  g_assert_no_error (error);
  g_unlink (path);
}

static void
begin_tool (Whole * whole)
{
  g_autofree gchar *json = NULL;
  GSList *uris;

  whole->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (whole->server, NULL, handle, whole, NULL);
  g_assert_true (soup_server_listen_local (whole->server, 0,
          SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (whole->server);
  json = g_strdup_printf ("{\"tools\": [{\"name\": \"find\", \"description\": "
      "\"D\", \"webhook\": {\"url\": \"http://127.0.0.1:%d/\"}}]}",
      g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  whole->file = temporary (json);
}

static void
setup (Whole * whole, gconstpointer data)
{
  g_autofree gchar *url = NULL;

  g_setenv (KEY_ENV, "key-1", TRUE);
  whole->asked = g_ptr_array_new_with_free_func (g_object_unref);
  rig_init (&whole->rig, "llmchat provider=openai api-key-env=" KEY_ENV);
  parley_clock_set_real ();
  begin_emulator (whole);
  begin_tool (whole);
  url = g_strdup_printf ("http://127.0.0.1:%u/v1",
      parley_emulator_get_port (whole->emulator));
  g_object_set (whole->rig.element, "base-url", url, "tools", whole->file,
      NULL);
  whole->rig.has_player = TRUE;
  rig_start (&whole->rig, TEXT);
  wait_for (whole, whole->rig.trace->len > 0);
  rig_expect (&whole->rig, "seg");
}

static void
teardown (Whole * whole, gconstpointer data)
{
  gst_element_set_state (whole->rig.element, GST_STATE_READY);
  settle (whole);
  soup_server_disconnect (whole->server);
  g_clear_object (&whole->server);
  g_ptr_array_unref (whole->asked);
  parley_emulator_free (whole->emulator);
  settle (whole);
  rig_clear (&whole->rig);
  g_unlink (whole->file);
  g_free (whole->file);
}

static void
answer (Whole * whole, const gchar * text)
{
  SoupServerMessage *message;

  wait_for (whole, whole->asked->len > 0);
  message = whole->asked->pdata[0];
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY,
      text, strlen (text));
  soup_server_message_unpause (message);
}

static void
heard (Whole * whole, guint epoch, const gchar * flags, const gchar * text)
{
  ParleyHeard report = {
    .epoch = whole->rig.epochs + epoch,
    .ms = 400,
    .begun = strchr (flags, 'b') != NULL,
    .done = strchr (flags, 'd') != NULL,
    .answer = strchr (flags, 'a') != NULL,
    .text = text
  };

  rig_upstream (&whole->rig, parley_event_new_heard (&report));
  settle (whole);
}

static void
until (Whole * whole, const gchar * trace)
{
  wait_for (whole, strstr (whole->rig.trace->str, "end"));
  rig_expect (&whole->rig, trace);
}

static void
two_rounds (Whole * whole, gconstpointer data)
{
  rig_push_text (&whole->rig, 1, 0, 0, "Where is it?");
  answer (whole, "{\"state\":\"shipped\"}");
  until (whole, "release1 e1.0\"Let me look.\" "
      "e1.1\"It was shipped on Monday.\" end1");
  heard (whole, 1, "bd", "Let me look. It was shipped on Monday.");
  rig_push_text (&whole->rig, 2, 0, 0, "Thanks.");
  until (whole, "release2 e2.0\"You are welcome.\" end2");
  rig_expect_no_message (&whole->rig, "warning");
}

static void
interrupted (Whole * whole, gconstpointer data)
{
  rig_push_text (&whole->rig, 1, 0, 0, "Where is it?");
  wait_for (whole, whole->asked->len > 0);
  rig_event (&whole->rig, parley_event_new_speech_start (2, 1));
  heard (whole, 1, "ba", "Let me");
  rig_push_text (&whole->rig, 2, 0, 0, "Thanks.");
  until (whole, "release1 e1.0\"Let me look.\" pause1 interrupt1 release2 "
      "e2.0\"You are welcome.\" end2");
  answer (whole, "{\"state\":\"shipped\"}");
  heard (whole, 2, "bd", "You are welcome.");
  rig_push_text (&whole->rig, 3, 0, 0, "Thanks again.");
  until (whole, "release3 e3.0\"You are welcome.\" end3");
  rig_expect_no_message (&whole->rig, "warning");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/llmtools-openai/two-rounds", Whole, NULL, setup, two_rounds,
      teardown);
  g_test_add ("/llmtools-openai/interrupted", Whole, NULL, setup, interrupted,
      teardown);
  return g_test_run ();
}
