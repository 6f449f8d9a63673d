/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elementrig.h"

#include <glib/gstdio.h>
#include <string.h>

#include "turn/timeline.h"

/* llmchat and a model that calls tools when the test says so; the tools are a
 * web server of the test, which answers when the test says so. Each is called
 * by its name: "look" is safe, "book" has effects, "end" hangs up, "through"
 * transfers. */

#define FILE_TEXT "{\"tools\": [" \
  "{\"name\": \"look\", \"description\": \"D\", \"safe\": true, \"webhook\": " \
  "{\"url\": \"${TEST_URL}/look\"}}," \
  "{\"name\": \"book\", \"description\": \"D\", \"webhook\": " \
  "{\"url\": \"${TEST_URL}/book\"}}," \
  "{\"name\": \"end\", \"description\": \"D\", \"hang_up\": {}}," \
  "{\"name\": \"through\", \"description\": \"D\", \"transfer\": {\"to\": " \
  "{\"desk\": \"+15035550199\"}, \"base_url\": \"${TEST_URL}\"}}]}"

typedef struct
{
  Rig rig;
  SoupServer *server;
  GPtrArray *asked;             /* of SoupServerMessage that wait */
  GString *paths;
  gchar *file;
} Tools;

static void
handle (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  Tools *t = data;

  g_string_append_printf (t->paths, "%s ", path);
  soup_server_message_pause (message);
  g_ptr_array_add (t->asked, g_object_ref (message));
}

static void
settle (Tools * t)
{
  for (guint i = 0; i < 10; i++) {
    g_usleep (500);
    rig_settle (&t->rig);
  }
}

#define wait_for(t, condition) G_STMT_START { \
  for (guint i_ = 0; !(condition); i_++) { \
    g_assert_cmpuint (i_, <, 10000); \
    settle (t); \
  } \
} G_STMT_END

/* The @index-th request is answered. */
static void
answer (Tools * t, guint index, guint status, const gchar * text)
{
  SoupServerMessage *message;

  wait_for (t, t->asked->len > index);
  message = t->asked->pdata[index];
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY,
      text, strlen (text));
  soup_server_message_unpause (message);
}

/* A tool has answered. */
static gboolean
took_message (Tools * t)
{
  GstMessage *message = rig_take_message (&t->rig, "llmchat-tool");

  if (message)
    gst_message_unref (message);
  return message != NULL;
}

static gboolean
took_warning (Tools * t)
{
  GstMessage *message = rig_take_message (&t->rig, "warning");

  if (message)
    gst_message_unref (message);
  return message != NULL;
}

static void
write_file (Tools * t, const gchar * text)
{
  gint fd = g_file_open_tmp ("parley-XXXXXX", &t->file, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (t->file, text, -1, NULL));
}

static void
listen_for_tools (Tools * t)
{
  g_autofree gchar *url = NULL;
  GSList *uris;

  t->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (t->server, NULL, handle, t, NULL);
  g_assert_true (soup_server_listen_local (t->server, 0,
          SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (t->server);
  url = g_strdup_printf ("http://127.0.0.1:%d", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_setenv ("TEST_URL", url, TRUE);
}

static void
begin (Tools * t, const gchar * more)
{
  g_autofree gchar *launch = NULL;

  write_file (t, FILE_TEXT);
  launch = g_strdup_printf ("llmchat provider=mock tools=%s %s", t->file, more);
  t->asked = g_ptr_array_new_with_free_func (g_object_unref);
  t->paths = g_string_new (NULL);
  rig_init (&t->rig, launch);
  listen_for_tools (t);
}

static void
setup_with (Tools * t, gboolean player, const gchar * more)
{
  begin (t, more);
  t->rig.has_player = player;
  rig_start (&t->rig, TEXT);
  wait_for (t, t->rig.trace->len > 0);
  rig_expect (&t->rig, "seg");
}

static void
setup (Tools * t, gconstpointer data)
{
  setup_with (t, TRUE, "filler-text=\"Wait.| A moment. \"");
}

static void
teardown (Tools * t, gconstpointer data)
{
  soup_server_disconnect (t->server);
  g_clear_object (&t->server);
  g_ptr_array_unref (t->asked);
  settle (t);
  rig_clear (&t->rig);
  g_string_free (t->paths, TRUE);
  g_unlink (t->file);
  g_free (t->file);
}

static void
say (Tools * t, guint turn, const gchar * text)
{
  rig_push_text (&t->rig, turn, 0, 0, text);
}

static void
call (guint nth, const gchar * name)
{
  mock_llm_call (nth, name, "{}");
}

static void
playing (Tools * t, guint epoch)
{
  rig_upstream (&t->rig, parley_event_new_playing (t->rig.epochs + epoch,
          TRUE));
  settle (t);
}

/* b begun, d done, a answer. */
static void
heard (Tools * t, guint epoch, const gchar * flags, const gchar * text)
{
  ParleyHeard report = {
    .epoch = t->rig.epochs + epoch,
    .ms = 400,
    .begun = strchr (flags, 'b') != NULL,
    .done = strchr (flags, 'd') != NULL,
    .answer = strchr (flags, 'a') != NULL,
    .text = text
  };

  rig_upstream (&t->rig, parley_event_new_heard (&report));
  settle (t);
}

#define expect(t, trace) rig_expect (&(t)->rig, trace)
#define expect_log(t, log) rig_expect_log (&(t)->rig, log)

/* A turn in which the model calls @name without a word. */
static void
ask (Tools * t, const gchar * name)
{
  say (t, 1, "please");
  expect_log (t, "request U:please +tools");
  call (1, name);
  mock_llm_done (1, FALSE);
  expect (t, "release1");
}

/* One round */

static void
result_goes_back (Tools * t, gconstpointer data)
{
  ask (t, "look");
  answer (t, 0, 200, "in the post");
  wait_for (t, mock_llm_count () == 2);
  expect_log (t, "request U:please A:[look] T:in the post +tools");
  mock_llm_delta (2, "It is in the post.");
  mock_llm_done (2, FALSE);
  expect (t, "e1.0\"It is in the post.\" end1");
  /* The next turn has it all. */
  playing (t, 1);
  heard (t, 1, "bd", "It is in the post.");
  say (t, 2, "thanks");
  expect_log (t, "request U:please A:[look] T:in the post A:It is in the post."
      " U:thanks +tools");
}

static void
text_before_is_spoken_at_once (Tools * t, gconstpointer data)
{
  say (t, 1, "please");
  mock_llm_delta (1, "Let me look");
  call (1, "look");
  expect (t, "release1");
  mock_llm_done (1, FALSE);
  expect (t, "e1.0\"Let me look\"");
  /* Who said something himself needs no filler. */
  rig_wait_ms (&t->rig, 2000);
  expect (t, "");
  answer (t, 0, 200, "fine");
  wait_for (t, mock_llm_count () == 2);
  mock_llm_delta (2, "Fine.");
  mock_llm_done (2, FALSE);
  expect (t, "e1.1\"Fine.\" end1");
  playing (t, 1);
  heard (t, 1, "bd", "Let me look Fine.");
  expect_log (t, "request U:please +tools; request U:please A:Let me look[look]"
      " T:fine +tools");
  say (t, 2, "ok");
  expect_log (t, "request U:please A:Let me look[look] T:fine A:Fine. U:ok "
      "+tools");
}

static void
two_at_once (Tools * t, gconstpointer data)
{
  say (t, 1, "please");
  call (1, "look");
  call (1, "book");
  mock_llm_done (1, FALSE);
  wait_for (t, t->asked->len == 2);
  answer (t, 1, 200, "second");
  settle (t);
  expect_log (t, "request U:please +tools");
  answer (t, 0, 200, "first");
  wait_for (t, mock_llm_count () == 2);
  if (g_str_has_prefix (t->paths->str, "/look"))
    expect_log (t, "request U:please A:[look][book] T:first T:second +tools");
  else
    expect_log (t, "request U:please A:[look][book] T:second T:first +tools");
}

/* What the model does wrong is told to the model. */
static void
mistakes (Tools * t, gconstpointer data)
{
  say (t, 1, "please");
  mock_llm_call (1, "look", "{\"a");
  mock_llm_call (1, "lose", "{}");
  mock_llm_call (1, "through", "{\"to\":\"nobody\"}");
  mock_llm_done (1, FALSE);
  expect_log (t, "request U:please +tools; request U:please "
      "A:[look][lose][through] T:{\"error\":\"a string is not closed\"} "
      "T:{\"error\":\"there is no tool of this name\"} "
      "T:{\"error\":\"\\\"to\\\" must be one of the list\"} +tools");
  g_assert_cmpuint (t->asked->len, ==, 0);
}

static void
failure (Tools * t, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *structure;
  gboolean worked = TRUE;

  ask (t, "book");
  answer (t, 0, 500, "oops");
  wait_for (t, mock_llm_count () == 2);
  message = rig_take_message (&t->rig, "llmchat-tool");
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_get_boolean (structure, "worked", &worked));
  g_assert_false (worked);
  g_assert_cmpstr (gst_structure_get_string (structure, "name"), ==, "book");
  g_assert_cmpstr (gst_structure_get_string (structure, "arguments"), ==, "{}");
  gst_message_unref (message);
  rig_expect_fault (&t->rig, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_FAILED, "A tool failed: book: ");
}

static void
many_rounds (Tools * t, gconstpointer data)
{
  say (t, 1, "please");
  for (guint i = 1; i <= 5; i++) {
    mock_llm_call (i, "lose", "{}");
    mock_llm_done (i, FALSE);
  }
  g_assert_cmpuint (mock_llm_count (), ==, 6);
  g_free (mock_take_log ());
  rig_expect_no_message (&t->rig, "warning");
  /* It was not offered any. */
  mock_llm_call (6, "lose", "{}");
  mock_llm_done (6, FALSE);
  rig_expect_fault (&t->rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "after 5 rounds");
  expect (t, "release1 e1.0\"Sorry, something went wrong.\" "
      "e1.1\"Please say that again.\" end1");
}

/* On what the caller said so far: what is safe begins, the rest waits until the
 * reply may be heard. */
static void
begun_on_a_guess (Tools * t, gconstpointer data)
{
  rig_event (&t->rig, parley_event_new_speech_start (1, 1));
  rig_event (&t->rig, parley_event_new_turn_guess (1, 1, "Book it please."));
  expect_log (t, "request U:Book it please. +tools");
  call (1, "look");
  call (1, "book");
  mock_llm_done (1, FALSE);
  wait_for (t, t->asked->len == 1);
  rig_wait_ms (&t->rig, 5000);
  g_assert_cmpstr (t->paths->str, ==, "/look ");
  expect (t, "");
  say (t, 1, "Book it please.");
  wait_for (t, t->asked->len == 2);
  g_assert_cmpstr (t->paths->str, ==, "/look /book ");
  expect (t, "release1");
  answer (t, 0, 200, "there");
  answer (t, 1, 200, "booked");
  wait_for (t, mock_llm_count () == 2);
  expect_log (t, "request U:Book it please. A:[look][book] T:there T:booked "
      "+tools");
}

/* He went on: the model is not asked again until it is known what he says. */
static void
suspended (Tools * t, gconstpointer data)
{
  rig_event (&t->rig, parley_event_new_speech_start (1, 1));
  rig_event (&t->rig, parley_event_new_turn_guess (1, 1, "Where is it?"));
  call (1, "look");
  mock_llm_done (1, FALSE);
  wait_for (t, t->asked->len == 1);
  rig_event (&t->rig, parley_event_new_speech_resume (1, 1));
  answer (t, 0, 200, "there");
  wait_for (t, took_message (t));
  settle (t);
  g_assert_cmpuint (mock_llm_count (), ==, 1);
  say (t, 1, "Where is it?");
  wait_for (t, mock_llm_count () == 2);
  expect (t, "release1");
}

/* Where the time went */

static ParleyTurnReport *
first_report (Tools * t)
{
  GstBuffer *buffer = gst_harness_pull (t->rig.harness);
  ParleyTimeline *timeline = parley_buffer_get_timeline (buffer);
  ParleyTurnReport *report;

  parley_timeline_stamp (timeline, PARLEY_AT_SENT, parley_clock_now ());
  report = parley_turn_report_new (timeline, 1);
  gst_buffer_unref (buffer);
  return report;
}

/* Milliseconds; the stages must sum to the whole. */
static guint
stage_ms (ParleyTurnReport * report, const gchar * name)
{
  gint64 found = 0, sum = 0;

  for (guint i = 0; i < report->stages->len; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    sum += stage->us;
    if (strcmp (stage->name, name) == 0)
      found = stage->us;
    if (strcmp (stage->name, "tool") == 0)
      g_assert_nonnull (stage->provider);
  }
  g_assert_cmpint (sum, ==, report->sent_us);
  return found / 1000;
}

/* Two rounds are one wait for the model and one for the tools. */
static void
time_of_two_rounds (Tools * t, gconstpointer data)
{
  g_autoptr (ParleyTurnReport) report = NULL;

  say (t, 1, "please");
  for (guint i = 1; i <= 2; i++) {
    rig_wait_ms (&t->rig, 100 * i);
    call (i, "look");
    mock_llm_done (i, FALSE);
    wait_for (t, t->asked->len == i);
    rig_wait_ms (&t->rig, 10 * i);
    answer (t, i - 1, 200, "x");
    wait_for (t, mock_llm_count () == i + 1);
  }
  rig_wait_ms (&t->rig, 5);
  mock_llm_delta (3, "There it");
  rig_wait_ms (&t->rig, 7);
  mock_llm_done (3, FALSE);
  report = first_report (t);
  g_assert_cmpuint (stage_ms (report, "llm-tool-call"), ==, 300);
  g_assert_cmpuint (stage_ms (report, "tool"), ==, 30);
  g_assert_cmpuint (stage_ms (report, "llm-first-token"), ==, 5);
  g_assert_cmpuint (stage_ms (report, "llm-first-sentence"), ==, 7);
  g_assert_cmpint (report->sent_us, ==, 342000);
}

/* Its work begins when the caller is known to have finished. */
static void
time_of_a_held_tool (Tools * t, gconstpointer data)
{
  g_autoptr (ParleyTurnReport) report = NULL;

  rig_event (&t->rig, parley_event_new_speech_start (1, 1));
  rig_event (&t->rig, parley_event_new_turn_guess (1, 1, "Book it please."));
  rig_wait_ms (&t->rig, 50);
  mock_llm_call (1, "book", "{}");
  mock_llm_done (1, FALSE);
  rig_wait_ms (&t->rig, 200);
  say (t, 1, "Book it please.");
  wait_for (t, t->asked->len == 1);
  rig_wait_ms (&t->rig, 30);
  answer (t, 0, 200, "booked");
  wait_for (t, mock_llm_count () == 2);
  mock_llm_delta (2, "Booked.");
  mock_llm_done (2, FALSE);
  report = first_report (t);
  g_assert_cmpuint (stage_ms (report, "llm-tool-call"), ==, 50);
  g_assert_cmpuint (stage_ms (report, "tool-held"), ==, 200);
  g_assert_cmpuint (stage_ms (report, "tool"), ==, 30);
}

/* What is heard first is the filler. */
static void
time_to_the_filler (Tools * t, gconstpointer data)
{
  g_autoptr (ParleyTurnReport) report = NULL;

  say (t, 1, "please");
  rig_wait_ms (&t->rig, 50);
  call (1, "look");
  mock_llm_done (1, FALSE);
  wait_for (t, t->asked->len == 1);
  rig_wait_ms (&t->rig, 700);
  report = first_report (t);
  g_assert_cmpuint (stage_ms (report, "llm-tool-call"), ==, 50);
  g_assert_cmpuint (stage_ms (report, "tool"), ==, 700);
  g_assert_cmpint (report->sent_us, ==, 750000);
}

/* Fillers */

static void
filler (Tools * t, gconstpointer data)
{
  ask (t, "book");
  wait_for (t, t->asked->len == 1);
  rig_wait_ms (&t->rig, 699);
  expect (t, "");
  rig_wait_ms (&t->rig, 1);
  expect (t, "e1.0\"Wait.\"");
  rig_wait_ms (&t->rig, 5000);
  expect (t, "");
  answer (t, 0, 200, "booked");
  wait_for (t, mock_llm_count () == 2);
  call (2, "look");
  mock_llm_done (2, FALSE);
  wait_for (t, t->asked->len == 2);
  rig_wait_ms (&t->rig, 700);
  expect (t, "e1.1\"A moment.\"");
  answer (t, 1, 200, "there");
  wait_for (t, mock_llm_count () == 3);
  mock_llm_delta (3, "Done.");
  mock_llm_done (3, FALSE);
  expect (t, "e1.2\"Done.\" end1");
  playing (t, 1);
  heard (t, 1, "bd", "Wait. A moment. Done.");
  g_free (mock_take_log ());
  say (t, 2, "ok");
  expect_log (t, "request U:please A:Wait.[book] T:booked A:A moment.[look] "
      "T:there A:Done. U:ok +tools");
}

/* As it was spoken before the call: not clause by clause. */
static void
filler_is_whole (void)
{
  Tools t = { 0 };

  setup_with (&t, TRUE, "filler-text=\"Let me look that up for you, this takes "
      "but a moment.\"");
  ask (&t, "book");
  wait_for (&t, t.asked->len == 1);
  rig_wait_ms (&t.rig, 700);
  expect (&t, "e1.0\"Let me look that up for you, this takes but a moment.\"");
  teardown (&t, NULL);
}

/* The model is slow, and then begins with a long sentence. */
static void
first_clause_after_a_filler (void)
{
  Tools t = { 0 };

  setup_with (&t, TRUE, "filler-text=Wait. model-filler-after=500");
  say (&t, 1, "please");
  rig_wait_ms (&t.rig, 500);
  mock_llm_delta (1, "You can come on Monday morning, or on any other");
  expect (&t, "release1 e1.0\"Wait.\" e1.1\"You can come on Monday morning,\"");
  teardown (&t, NULL);
}

static void
no_filler_after_the_result (Tools * t, gconstpointer data)
{
  ask (t, "book");
  answer (t, 0, 200, "booked");
  wait_for (t, mock_llm_count () == 2);
  rig_wait_ms (&t->rig, 5000);
  expect (t, "");
}

static void
no_filler_while_the_caller_speaks (Tools * t, gconstpointer data)
{
  ask (t, "book");
  wait_for (t, t->asked->len == 1);
  rig_event (&t->rig, parley_event_new_speech_start (2, 1));
  heard (t, 1, "a", "");
  rig_wait_ms (&t->rig, 5000);
  expect (t, "pause1");
  rig_event (&t->rig, parley_event_new_turn_empty (2, 1, NULL));
  rig_wait_ms (&t->rig, 700);
  expect (t, "unpause1 e1.0\"Wait.\"");
}

/* Interruptions */

/* What has effects goes on, and the model knows. */
static void
interrupted (Tools * t, gconstpointer data)
{
  ask (t, "book");
  wait_for (t, t->asked->len == 1);
  rig_event (&t->rig, parley_event_new_speech_start (2, 1));
  heard (t, 1, "a", "");
  say (t, 2, "no wait");
  expect (t, "pause1 interrupt1 release2");
  expect_log (t, "cancel; request U:please A:[book] T:{\"status\":\"not "
      "finished yet\"} U:no wait +tools");
  answer (t, 0, 200, "booked");
  wait_for (t, took_message (t));
  mock_llm_delta (2, "It is booked.");
  mock_llm_done (2, FALSE);
  expect (t, "e2.0\"It is booked.\" end2");
  playing (t, 2);
  heard (t, 2, "bd", "It is booked.");
  say (t, 3, "well");
  expect_log (t, "request U:please A:[book] T:booked U:no wait "
      "A:It is booked. U:well +tools");
}

/* Nobody was told of it, and it had no effects: it never was. */
static void
interrupted_safe (Tools * t, gconstpointer data)
{
  ask (t, "look");
  wait_for (t, t->asked->len == 1);
  rig_event (&t->rig, parley_event_new_speech_start (2, 1));
  heard (t, 1, "a", "");
  say (t, 2, "no wait");
  expect_log (t, "cancel; request U:please. no wait +tools");
  answer (t, 0, 200, "late");
  settle (t);
  rig_expect_no_message (&t->rig, "llmchat-tool");
}

/* The call is over. */
static void
stopped_while_working (Tools * t, gconstpointer data)
{
  ask (t, "book");
  wait_for (t, t->asked->len == 1);
  rig_state (&t->rig, GST_STATE_READY);
  settle (t);
  answer (t, 0, 200, "booked");
  settle (t);
  rig_expect_no_message (&t->rig, "llmchat-tool");
}

static void
flushed_while_working (Tools * t, gconstpointer data)
{
  ask (t, "book");
  wait_for (t, t->asked->len == 1);
  rig_flush (&t->rig);
  answer (t, 0, 200, "booked");
  wait_for (t, took_message (t));
  g_assert_cmpuint (mock_llm_count (), ==, 1);
}

/* The end of the call */

static void
hang_up_after_the_last_word (Tools * t, gconstpointer data)
{
  say (t, 1, "bye");
  mock_llm_delta (1, "Goodbye.");
  call (1, "end");
  mock_llm_done (1, FALSE);
  expect (t, "release1 e1.0\"Goodbye.\" end1");
  playing (t, 1);
  heard (t, 1, "b", "Good");
  rig_expect_no_message (&t->rig, "llmchat-hangup");
  heard (t, 1, "bd", "Goodbye.");
  expect (t, "eos");
  gst_message_unref (rig_take_message (&t->rig, "llmchat-hangup"));
}

/* It said nothing: it is asked for a farewell, and offered no tools. */
static void
hang_up_without_a_word (Tools * t, gconstpointer data)
{
  say (t, 1, "bye");
  call (1, "end");
  mock_llm_done (1, FALSE);
  g_assert_cmpuint (mock_llm_count (), ==, 2);
  g_free (mock_take_log ());
  mock_llm_fail (2, "nothing to say");
  expect (t, "release1 end1");
  heard (t, 1, "d", "");
  expect (t, "eos");
}

static void
hang_up_interrupted (Tools * t, gconstpointer data)
{
  say (t, 1, "bye");
  mock_llm_delta (1, "Goodbye.");
  call (1, "end");
  mock_llm_done (1, FALSE);
  playing (t, 1);
  g_free (mock_take_log ());
  rig_event (&t->rig, parley_event_new_speech_start (2, 1));
  heard (t, 1, "ba", "Good");
  say (t, 2, "one more thing");
  expect (t, "release1 e1.0\"Goodbye.\" end1 pause1 interrupt1 release2");
  expect_log (t, "request U:bye A:Good[end] T:{\"status\":\"not done: the "
      "caller went on speaking\"} U:one more thing +tools");
}

/* Twilio takes the call out of our hands: nothing more is said. */
static void
transfer_works (void)
{
  Tools t = { 0 };

  begin (&t, "");
  rig_give_call (&t.rig);
  t.rig.has_player = TRUE;
  rig_start (&t.rig, NULL);
  call_pair_start (&t.rig.pair, NULL);
  gst_harness_set_src_caps_str (t.rig.harness, TEXT);
  wait_for (&t, t.rig.trace->len > 0);
  say (&t, 1, "a human");
  mock_llm_delta (1, "I put you through.");
  mock_llm_call (1, "through", "{\"to\":\"desk\"}");
  mock_llm_done (1, FALSE);
  expect (&t, "seg release1 e1.0\"I put you through.\" end1");
  playing (&t, 1);
  heard (&t, 1, "b", "I put");
  g_assert_cmpuint (t.asked->len, ==, 0);
  heard (&t, 1, "bd", "I put you through.");
  wait_for (&t, t.asked->len == 1);
  g_assert_cmpstr (t.paths->str, ==,
      "/2010-04-01/Accounts/AC1/Calls/CA1.json ");
  answer (&t, 0, 200, "{}");
  wait_for (&t, took_message (&t));
  expect (&t, "");
  g_assert_cmpuint (mock_llm_count (), ==, 1);
  teardown (&t, NULL);
}

/* No model is asked. */
static void
transfer_by_the_operator (void)
{
  Tools t = { 0 };
  g_autofree gchar *done = NULL, *refused = NULL;

  begin (&t, "");
  rig_give_call (&t.rig);
  t.rig.has_player = TRUE;
  rig_start (&t.rig, NULL);
  call_pair_start (&t.rig.pair, NULL);
  gst_harness_set_src_caps_str (t.rig.harness, TEXT);
  wait_for (&t, t.rig.trace->len > 0);
  g_signal_emit_by_name (t.rig.element, "transfer", "nobody", &refused);
  g_assert_cmpstr (refused, ==, "\"to\" must be one of the list");
  g_signal_emit_by_name (t.rig.element, "transfer", "desk", &done);
  g_assert_null (done);
  wait_for (&t, t.asked->len == 1);
  g_assert_cmpstr (t.paths->str, ==,
      "/2010-04-01/Accounts/AC1/Calls/CA1.json ");
  answer (&t, 0, 400, "{}");
  rig_expect (&t.rig, "seg");
  settle (&t);
  wait_for (&t, took_warning (&t));
  teardown (&t, NULL);
}

static void
transfer_fails (Tools * t, gconstpointer data)
{
  say (t, 1, "a human");
  mock_llm_delta (1, "I put you through.");
  mock_llm_call (1, "through", "{\"to\":\"desk\"}");
  mock_llm_done (1, FALSE);
  expect (t, "release1 e1.0\"I put you through.\" end1");
  playing (t, 1);
  g_free (mock_take_log ());
  heard (t, 1, "bd", "I put you through.");
  /* There is no phone call here. */
  wait_for (t, mock_llm_count () == 2);
  expect_log (t, "request U:a human A:I put you through.[through] T:{\"error\":"
      "\"through: there is no phone call\"} +tools");
  mock_llm_delta (2, "That did not work.");
  mock_llm_done (2, FALSE);
  expect (t, "release2 e2.0\"That did not work.\" end2");
}

/* Without a player, and without a file */

static void
without_player (void)
{
  Tools t = { 0 };

  setup_with (&t, FALSE, "");
  say (&t, 1, "bye");
  mock_llm_delta (1, "Goodbye.");
  call (1, "end");
  mock_llm_done (1, FALSE);
  expect (&t, "release1 e1.0\"Goodbye.\" end1 eos");
  teardown (&t, NULL);
}

static void
wrong_file (void)
{
  GstElement *element = gst_element_factory_make ("llmchat", NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  g_autofree gchar *path = NULL;
  GError *error = NULL;

  mock_reset ();
  g_close (g_file_open_tmp ("parley-XXXXXX", &path, NULL), NULL);
  g_assert_true (g_file_set_contents (path, "{\"tools\": [{}]}", -1, NULL));
  gst_element_set_bus (element, bus);
  g_object_set (element, "provider", "mock", "tools", path, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "tools[0]: \"name\" must be"));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  g_clear_error (&error);
  gst_message_unref (message);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  g_unlink (path);
}

#define ADD(name) g_test_add ("/llmtools/" #name, Tools, NULL, setup, name, \
    teardown)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_setenv ("TWILIO_ACCOUNT_SID", "AC1", TRUE);
  g_setenv ("TWILIO_AUTH_TOKEN", "secret", TRUE);
  ADD (result_goes_back);
  ADD (text_before_is_spoken_at_once);
  ADD (two_at_once);
  ADD (mistakes);
  ADD (failure);
  ADD (many_rounds);
  ADD (begun_on_a_guess);
  ADD (suspended);
  ADD (time_of_two_rounds);
  ADD (time_to_the_filler);
  ADD (time_of_a_held_tool);
  ADD (filler);
  ADD (no_filler_after_the_result);
  ADD (no_filler_while_the_caller_speaks);
  ADD (interrupted);
  ADD (interrupted_safe);
  ADD (stopped_while_working);
  ADD (flushed_while_working);
  ADD (hang_up_after_the_last_word);
  ADD (hang_up_without_a_word);
  ADD (hang_up_interrupted);
  ADD (transfer_fails);
  g_test_add_func ("/llmtools/transfer_works", transfer_works);
  g_test_add_func ("/llmtools/transfer_by_the_operator",
      transfer_by_the_operator);
  g_test_add_func ("/llmtools/filler_is_whole", filler_is_whole);
  g_test_add_func ("/llmtools/first_clause_after_a_filler",
      first_clause_after_a_filler);
  g_test_add_func ("/llmtools/without_player", without_player);
  g_test_add_func ("/llmtools/wrong_file", wrong_file);
  return g_test_run ();
}
