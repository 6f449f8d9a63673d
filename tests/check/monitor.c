/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "server/log.h"
#include "server/service.h"
#include "tests/mock/coreplugins.h"
#include "tests/mock/promtext.h"
#include "tests/mock/served.h"
#include "turn/timeline.h"

#define SID "CA00000000000000000000000000000002"
#define TOKEN "0123456789abcdef0123456789abcdef"
#define PRICES "{\"stt\":{\"pocketsphinx\":{\"second\":0.25}}}"

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static void
assert_says (const gchar * text, const gchar * part)
{
  if (!strstr (text, part))
    g_error ("“%s” should say “%s”", text, part);
}

/* An element that tells of a turn, of usage and of trouble, once, as those of
 * a call with an agent do. */

typedef struct
{
  GstElement parent;
  GstPad *src;
  gboolean told;
} Teller;

typedef struct
{
  GstElementClass parent_class;
} TellerClass;

GType teller_get_type (void);
G_DEFINE_TYPE (Teller, teller, GST_TYPE_ELEMENT);

static GstStaticPadTemplate teller_sink = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate teller_src = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
post (Teller * self, GstStructure * structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static GstStructure *
turn_message (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;

  parley_timeline_set_turn (timeline, 1, 1, GST_CLOCK_TIME_NONE);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, 1000000);
  parley_timeline_stamp (timeline, PARLEY_AT_STT_TAKEN, 1400000);
  parley_timeline_set_provider (timeline, PARLEY_AT_STT_FINAL, "pocketsphinx");
  parley_timeline_stamp (timeline, PARLEY_AT_STT_FINAL, 1420000);
  parley_timeline_stamp (timeline, PARLEY_AT_STT_OUT, 1421500);
  parley_timeline_stamp (timeline, PARLEY_AT_SENT, 1500000);
  parley_timeline_stamp (timeline, PARLEY_AT_HEARD, 1600000);
  report = parley_turn_report_new (timeline, 1);
  return parley_turn_report_to_structure (report);
}

static GstStructure *
usage_message (void)
{
  return gst_structure_new ("parley-usage", "kind", G_TYPE_STRING, "stt",
      "provider", G_TYPE_STRING, "pocketsphinx", "unit", G_TYPE_STRING,
      "second", "amount", G_TYPE_DOUBLE, 2.0, NULL);
}

static GstFlowReturn
teller_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  Teller *self = (Teller *) parent;

  if (!self->told) {
    post (self, turn_message ());
    post (self, usage_message ());
    GST_ELEMENT_WARNING (self, STREAM, FAILED, ("A warning."), (NULL));
  }
  self->told = TRUE;
  return gst_pad_push (self->src, buffer);
}

/* The one called "late" tells when nobody listens any more. */
static GstStateChangeReturn
teller_change_state (GstElement * element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_READY_TO_NULL
      && g_str_equal (GST_OBJECT_NAME (element), "late")) {
    post ((Teller *) element, usage_message ());
    post ((Teller *) element, turn_message ());
  }
  return GST_ELEMENT_CLASS (teller_parent_class)->change_state (element,
      transition);
}

static void
teller_init (Teller * self)
{
  GstPad *sink = gst_pad_new_from_static_template (&teller_sink, "sink");

  self->src = gst_pad_new_from_static_template (&teller_src, "src");
  gst_pad_set_chain_function (sink, teller_chain);
  GST_PAD_SET_PROXY_CAPS (sink);
  gst_element_add_pad (GST_ELEMENT (self), sink);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}

static void
teller_class_init (TellerClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  element_class->change_state = teller_change_state;
  gst_element_class_add_static_pad_template (element_class, &teller_sink);
  gst_element_class_add_static_pad_template (element_class, &teller_src);
  gst_element_class_set_static_metadata (element_class, "Teller", "Generic",
      "Tells", "Parley developers");
}

/* A service in this process, whose calls have a teller */

typedef struct
{
  gchar *dir;
  gchar *path;
  gchar *prices;
  ParleyService *service;
  Served served;                /* its address, for telephones */
} Fixture;

static void
fixture_set_up (Fixture * fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("parley-monitor-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "a.pipeline", NULL);
  fixture->prices = g_build_filename (fixture->dir, "prices.json", NULL);
  g_assert_true (g_file_set_contents (fixture->path, data, -1, NULL));
  g_assert_true (g_file_set_contents (fixture->prices, PRICES, -1, NULL));
}

static void
start (Fixture * fixture)
{
  ParleyServiceConfig config = { 0 };
  g_autoptr (GError) error = NULL;

  config.file = fixture->path;
  config.host = "127.0.0.1";
  config.max_calls = 4;
  config.keep_calls = 100;
  config.prices = fixture->prices;
  fixture->service = parley_service_new (&config, &error);
  g_assert_no_error (error);
  fixture->served.url = g_strdup_printf ("http://127.0.0.1:%u",
      parley_service_get_port (fixture->service));
  fixture->served.session = soup_session_new ();
}

static void
fixture_tear_down (Fixture * fixture, gconstpointer data)
{
  if (fixture->service) {
    soup_session_abort (fixture->served.session);
    g_object_unref (fixture->served.session);
    g_free (fixture->served.url);
    parley_service_free (fixture->service);
  }
  g_remove (fixture->path);
  g_remove (fixture->prices);
  g_rmdir (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->prices);
}

/* GET with one header, or none. */
static guint
get (Served * served, const gchar * path, const gchar * header,
    const gchar * value, gchar ** body)
{
  g_autofree gchar *url = g_strconcat (served->url, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = NULL;

  if (header)
    soup_message_headers_append (soup_message_get_request_headers (message),
        header, value);
  answer = soup_session_send_and_read (served->session, message, NULL, &error);
  g_assert_no_error (error);
  if (body)
    *body = g_strndup (g_bytes_get_data (answer, NULL),
        g_bytes_get_size (answer));
  return soup_message_get_status (message);
}

static JsonObject *
get_object (Served * served, const gchar * path)
{
  g_autofree gchar *body = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_assert_cmpuint (get (served, path, NULL, NULL, &body), ==, 200);
  root = json_from_string (body, NULL);
  g_assert_nonnull (root);
  return json_object_ref (json_node_get_object (root));
}

static Phone *
call (Fixture * fixture)
{
  Phone *phone = phone_new (&fixture->served, SID, "+15035550199");

  g_assert_nonnull (phone->socket);
  g_assert_true (phone_has_echo (phone, 100));
  return phone;
}

static void
hang_up (Phone * phone)
{
  phone_hang_up (phone);
  phone_free (phone);
}

/* Until the call is over for the server too. */
static void
await_ended (Fixture * fixture)
{
  while (parley_service_get_calls (fixture->service) > 0)
    g_thread_yield ();
}

/* Calls */

static void
test_record (Fixture * fixture, gconstpointer data)
{
  g_autoptr (JsonObject) record = NULL;
  JsonObject *turn, *used;
  Phone *phone;

  start (fixture);
  phone = call (fixture);
  record = get_object (&fixture->served, "/calls/" SID);
#define TEXT(object, name) json_object_get_string_member (object, name)
  g_assert_cmpstr (TEXT (record, "sid"), ==, SID);
  g_assert_cmpstr (TEXT (record, "state"), ==, "live");
  g_assert_cmpstr (TEXT (record, "from"), ==, "+********100");
  g_assert_cmpstr (TEXT (record, "to"), ==, "+15035550199");
  g_assert_cmpstr (TEXT (record, "file"), ==, fixture->path);
  g_assert_false (json_object_has_member (record, "end"));
  g_assert_cmpint (json_object_get_int_member (record, "n_turns"), ==, 1);
  turn = json_array_get_object_element (json_object_get_array_member (record,
          "turns"), 0);
  g_assert_cmpfloat (json_object_get_double_member (turn, "total_ms"), ==, 600);
  g_assert_cmpfloat (json_object_get_double_member (turn, "sent_ms"), ==, 500);
  used = json_array_get_object_element (json_object_get_array_member (record,
          "usage"), 0);
  g_assert_cmpstr (TEXT (used, "provider"), ==, "pocketsphinx");
  g_assert_cmpstr (TEXT (used, "unit"), ==, "second");
  g_assert_cmpstr (TEXT (used, "cost"), ==, "0.500000");
  g_assert_cmpstr (TEXT (record, "cost"), ==, "0.500000");
  g_assert_cmpstr (TEXT (record, "currency"), ==, "USD");
  hang_up (phone);
}

static void
test_record_of_ended (Fixture * fixture, gconstpointer data)
{
  g_autoptr (JsonObject) record = NULL;

  start (fixture);
  hang_up (call (fixture));
  await_ended (fixture);
  record = get_object (&fixture->served, "/calls/" SID);
  g_assert_cmpstr (TEXT (record, "state"), ==, "ended");
  g_assert_cmpstr (TEXT (record, "end"), ==, "hung-up");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member
          (record, "turns")), ==, 1);
}

static void
test_list (Fixture * fixture, gconstpointer data)
{
  g_autoptr (JsonObject) list = NULL;
  JsonArray *calls;
  Phone *phone;

  start (fixture);
  hang_up (call (fixture));
  await_ended (fixture);
  phone = call (fixture);
  list = get_object (&fixture->served, "/calls");
  g_assert_cmpint (json_object_get_int_member (list, "active"), ==, 1);
  calls = json_object_get_array_member (list, "calls");
  g_assert_cmpuint (json_array_get_length (calls), ==, 2);
  g_assert_cmpstr (TEXT (json_array_get_object_element (calls, 0), "state"),
      ==, "live");
  g_assert_cmpstr (TEXT (json_array_get_object_element (calls, 1), "state"),
      ==, "ended");
  hang_up (phone);
}

static void
test_unknown_call (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *body = NULL;

  start (fixture);
  g_assert_cmpuint (get (&fixture->served, "/calls/CA1", NULL, NULL, &body),
      ==, 404);
  assert_says (body, "no such call");
  g_assert_cmpuint (get (&fixture->served, "/calls/CA1/graph", NULL, NULL,
          NULL), ==, 404);
}

/* Metrics */

static void
test_metrics (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *text = NULL;
  g_autofree gchar *after = NULL;
  g_autoptr (GHashTable) live = NULL;
  g_autoptr (GHashTable) ended = NULL;
  Phone *phone;

  start (fixture);
  phone = call (fixture);
  /* What the sink did before this one is published. */
  g_assert_true (phone_has_echo (phone, 100));
  g_assert_cmpuint (get (&fixture->served, "/metrics", NULL, NULL, &text), ==,
      200);
  live = prom_parse (text);
  g_assert_cmpfloat (prom_get (live, "parley_calls_active"), ==, 1);
  g_assert_cmpfloat (prom_get (live, "parley_frames_sent_total"), >, 0);
  g_assert_cmpfloat (prom_get (live, "parley_warnings_total{element=\"other\","
          "domain=\"stream\"}"), ==, 1);
  g_assert_cmpfloat (prom_get (live,
          "parley_response_seconds_sum{end=\"heard\"}"), ==, 0.6);
  g_assert_null (strstr (text, SID));
  hang_up (phone);
  await_ended (fixture);
  get (&fixture->served, "/metrics", NULL, NULL, &after);
  ended = prom_parse (after);
  g_assert_cmpfloat (prom_get (ended, "parley_calls_active"), ==, 0);
  g_assert_cmpfloat (prom_get (ended, "parley_calls_total"), ==, 1);
  g_assert_cmpfloat (prom_get (ended,
          "parley_call_ends_total{end=\"hung-up\"}"), ==, 1);
  g_assert_cmpfloat (prom_get (ended, "parley_frames_sent_total"), >=,
      prom_get (live, "parley_frames_sent_total"));
  g_assert_cmpfloat (prom_get (ended, "parley_cost_total{kind=\"stt\","
          "provider=\"pocketsphinx\",currency=\"USD\"}"), ==, 0.5);
  if (!prom_check_with_tool (after))
    g_test_skip ("promtool (Debian's prometheus) is not installed");
}

/* Clients that are gone before the answer is there. */
static void
test_impatient_clients (Fixture * fixture, gconstpointer data)
{
  static const gchar request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  const gchar *address;

  start (fixture);
  address = fixture->served.url + strlen ("http://");
  for (guint i = 0; i < 50; i++) {
    g_autoptr (GSocketConnection) connection =
        g_socket_client_connect_to_host (client, address, 80, NULL, NULL);

    g_assert_nonnull (connection);
    g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream
            (G_IO_STREAM (connection)), request, strlen (request), NULL, NULL,
            NULL));
    g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  }
  g_assert_cmpuint (get (&fixture->served, "/metrics", NULL, NULL, NULL), ==,
      200);
}

static void
test_only_get (Fixture * fixture, gconstpointer data)
{
  start (fixture);
  g_assert_cmpuint (served_request (&fixture->served, "/metrics", "a=b", NULL,
          NULL), ==, 405);
}

/* Graphs */

static void
test_graph (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *dot = NULL;
  g_autofree gchar *over = NULL;
  Phone *phone;

  start (fixture);
  phone = call (fixture);
  g_assert_cmpuint (get (&fixture->served, "/calls/" SID "/graph", NULL, NULL,
          &dot), ==, 200);
  assert_says (dot, "digraph call {");
  assert_says (dot, "[label=\"twiliosrc\\nreads");
  assert_says (dot, "[label=\"queue\\nthreaded\\na thread of its own\"");
  assert_says (dot, "audio/x-mulaw 8000 Hz\\nwaiting: ");
  /* The teller is no element with stages; cloudstt is not in the pipeline. */
  g_assert_null (strstr (dot, "provider "));
  hang_up (phone);
  await_ended (fixture);
  g_assert_cmpuint (get (&fixture->served, "/calls/" SID "/graph", NULL, NULL,
          &over), ==, 404);
  assert_says (over, "The call is over");
}

static void
test_graph_svg (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *tool = g_find_program_in_path ("dot");
  g_autofree gchar *svg = NULL;
  g_autofree gchar *again = NULL;
  g_autofree gchar *accepted = NULL;
  Phone *phone;

  if (!tool) {
    g_test_skip ("dot (Debian's graphviz) is not installed");
    return;
  }
  start (fixture);
  phone = call (fixture);
  g_assert_cmpuint (get (&fixture->served, "/calls/" SID "/graph.svg", NULL,
          NULL, &svg), ==, 200);
  assert_says (svg, "<svg");
  assert_says (svg, "mulawsink");
  g_assert_cmpuint (get (&fixture->served, "/calls/" SID "/graph?format=svg",
          NULL, NULL, &again), ==, 200);
  assert_says (again, "<svg");
  g_assert_cmpuint (get (&fixture->served, "/calls/" SID "/graph", "Accept",
          "image/svg+xml", &accepted), ==, 200);
  assert_says (accepted, "<svg");
  hang_up (phone);
}

static void
test_graph_without_graphviz (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *path = g_strdup (g_getenv ("PATH"));
  g_autofree gchar *body = NULL;
  Served *served;
  Phone *phone;

  g_setenv ("PATH", "/nonexistent", TRUE);
  served = served_new (ARGS (fixture->path));
  g_setenv ("PATH", path, TRUE);
  phone = phone_new (served, SID, NULL);
  g_assert_true (phone_has_echo (phone, 100));
  g_assert_cmpuint (get (served, "/calls/" SID "/graph.svg", NULL, NULL,
          &body), ==, 501);
  assert_says (body, "apt install graphviz");
  g_assert_cmpuint (get (served, "/calls/" SID "/graph", NULL, NULL, NULL),
      ==, 200);
  hang_up (phone);
  g_assert_cmpint (served_free (served), ==, 0);
}

/* A token */

static void
test_token (Fixture * fixture, gconstpointer data)
{
  Served *served;
  g_autofree gchar *body = NULL;

  served = served_new (ARGS (fixture->path, "--admin-token-env",
          "PARLEY_TEST_ADMIN"));
  g_assert_cmpuint (get (served, "/metrics", NULL, NULL, &body), ==, 401);
  assert_says (body, "Authorization: Bearer TOKEN");
#define WITH(path, value) get (served, path, "Authorization", value, NULL)
  g_assert_cmpuint (WITH ("/metrics", "Bearer " TOKEN), ==, 200);
  g_assert_cmpuint (WITH ("/metrics", "Bearer " TOKEN "0"), ==, 401);
  g_assert_cmpuint (WITH ("/metrics", "Bearer "), ==, 401);
  g_assert_cmpuint (WITH ("/metrics", "Basic " TOKEN), ==, 401);
  g_assert_cmpuint (WITH ("/metrics?token=" TOKEN, "Bearer x"), ==, 401);
  g_assert_cmpuint (WITH ("/calls", "bearer " TOKEN), ==, 200);
  g_assert_cmpuint (WITH ("/calls", "Bearer x"), ==, 401);
  g_assert_cmpuint (WITH ("/calls/CA1", "Bearer x"), ==, 401);
  g_assert_cmpuint (WITH ("/calls/CA1/graph", "Bearer x"), ==, 401);
  g_assert_cmpuint (get (served, "/health", NULL, NULL, NULL), ==, 200);
  g_assert_cmpuint (get (served, "/talk", NULL, NULL, NULL), ==, 200);
  g_assert_cmpuint (get (served, "/talk/script", NULL, NULL, NULL), ==, 200);
  served_await_ready (served);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
test_closed_beyond_machine (Fixture * fixture, gconstpointer data)
{
  Served *served = served_new (ARGS (fixture->path, "--listen", "0.0.0.0:0"));
  g_autofree gchar *body = NULL;

  g_free (served_await_log (served, "/metrics and /calls are closed"));
  g_assert_cmpuint (get (served, "/metrics", NULL, NULL, &body), ==, 403);
  assert_says (body, "--admin-token-env");
  g_assert_cmpuint (WITH ("/calls", "Bearer "), ==, 403);
  g_assert_cmpuint (get (served, "/health", NULL, NULL, NULL), ==, 200);
  g_assert_cmpint (served_free (served), ==, 0);
}

static void
refused (const gchar * const *args, const gchar * reason)
{
  g_autofree gchar *said = NULL;

  g_assert_cmpint (served_fail (args, &said), ==, 1);
  assert_says (said, reason);
  g_assert_true (strchr (said, '\n') == said + strlen (said) - 1);
}

static void
test_bad_options (Fixture * fixture, gconstpointer data)
{
  refused (ARGS (fixture->path, "--admin-token-env", "PARLEY_TEST_NONE"),
      "PARLEY_TEST_NONE is not set; make a token with: ");
  refused (ARGS (fixture->path, "--admin-token-env", "PARLEY_TEST_SHORT"),
      "PARLEY_TEST_SHORT holds fewer than 16 characters");
  g_assert_true (g_file_set_contents (fixture->prices, "{\"tss\":{}}", -1,
          NULL));
  refused (ARGS (fixture->path, "--prices", fixture->prices),
      "there is no “tss” in a price file");
}

/* Readiness */

static void
await_ready (Fixture * fixture)
{
  while (get (&fixture->served, "/ready", NULL, NULL, NULL) != 200)
    g_thread_yield ();
}

static void
test_ready (Fixture * fixture, gconstpointer data)
{
  Phone *phones[4];
  g_autofree gchar *body = NULL;
  g_autofree gchar *full = NULL;

  start (fixture);
  await_ready (fixture);
  get (&fixture->served, "/ready", NULL, NULL, &body);
  g_assert_cmpstr (body, ==, "{\"ready\":true}");
  for (guint i = 0; i < G_N_ELEMENTS (phones); i++)
    phones[i] = call (fixture);
  g_assert_cmpuint (get (&fixture->served, "/ready", NULL, NULL, &full), ==,
      503);
  assert_says (full, "{\"ready\":false,\"reasons\":[\"all 4 calls that "
      "--max-calls allows are running; raise it, or add a server\"]}");
  for (guint i = 0; i < G_N_ELEMENTS (phones); i++)
    hang_up (phones[i]);
}

static void
no_call_left (gpointer data)
{
}

static void
test_draining (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *body = NULL;
  Phone *phone;

  start (fixture);
  await_ready (fixture);
  phone = call (fixture);
  parley_service_drain (fixture->service, no_call_left, NULL);
  g_assert_cmpuint (get (&fixture->served, "/ready", NULL, NULL, &body), ==,
      503);
  assert_says (body, "\"reasons\":[\"draining: ");
  hang_up (phone);
}

#define TELLER "twiliosrc name=reads ! teller ! queue name=threaded " \
    "max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! mulawsink"
#define ECHO "twiliosrc ! mulawsink"
#define LATE "twiliosrc ! teller name=late ! mulawsink"

#define ADD(name, pipeline, func) \
    g_test_add ("/monitor/" name, Fixture, pipeline, fixture_set_up, func, \
        fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("PARLEY_TEST_ADMIN", TOKEN, TRUE);
  g_setenv ("PARLEY_TEST_SHORT", "abc", TRUE);
  core_plugins_add ();
  gst_init (&argc, &argv);
  gst_element_register (NULL, "teller", GST_RANK_NONE, teller_get_type ());
  parley_log_set_level (PARLEY_LOG_QUIET);
  ADD ("call/record", TELLER, test_record);
  ADD ("call/ended", TELLER, test_record_of_ended);
  ADD ("call/told-behind-its-end", LATE, test_record_of_ended);
  ADD ("call/list", TELLER, test_list);
  ADD ("call/unknown", ECHO, test_unknown_call);
  ADD ("metrics/page", TELLER, test_metrics);
  ADD ("metrics/impatient-clients", ECHO, test_impatient_clients);
  ADD ("metrics/only-get", ECHO, test_only_get);
  ADD ("graph/dot", TELLER, test_graph);
  ADD ("graph/svg", TELLER, test_graph_svg);
  ADD ("graph/without-graphviz", ECHO, test_graph_without_graphviz);
  ADD ("token/needed", ECHO, test_token);
  ADD ("token/closed-beyond-machine", ECHO, test_closed_beyond_machine);
  ADD ("refuses/options", ECHO, test_bad_options);
  ADD ("ready/all-lines-busy", ECHO, test_ready);
  ADD ("ready/draining", ECHO, test_draining);
  return g_test_run ();
}
