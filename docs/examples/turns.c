/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* turns FILE.wav: prints when somebody speaks in a sound file.
 *
 *   cc -o turns turns.c $(pkg-config --cflags --libs parley-1.0)
 */
#include <gst/gst.h>
#include <parley/parley.h>

typedef struct
{
  GMainLoop *loop;
  guint64 samples;              /* of the turn under way */
  guint turns;
  gboolean failed;
} App;

/* On the thread that pushes: the buffers and events that leave vadendpoint. */
static GstPadProbeReturn
on_data (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  App *app = data;
  guint turn, take;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

    if (meta && meta->turn)
      app->samples += gst_buffer_get_size (buffer) / 2;
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

    if (parley_event_get_kind (event) == PARLEY_EVENT_TURN_END
        && parley_event_parse_take (event, &turn, &take)) {
      g_print ("turn %u: %.2f s of speech\n", turn, app->samples / 16000.0);
      app->samples = 0;
      app->turns++;
    }
  }
  return GST_PAD_PROBE_OK;
}

static gboolean
on_message (GstBus * bus, GstMessage * message, gpointer data)
{
  App *app = data;
  GError *error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_OBJECT_NAME (message->src), error->message);
    g_clear_error (&error);
    app->failed = TRUE;
  }
  if (app->failed || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    g_main_loop_quit (app->loop);
  return G_SOURCE_CONTINUE;
}

static GstElement *
make_pipeline (const char *path, App * app)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch ("filesrc name=file ! wavparse "
      "! audioconvert ! audioresample "
      "! audio/x-raw,format=S16LE,rate=16000,channels=1 "
      "! vadendpoint name=ears silence=400 ! fakesink", &error);
  GstElement *file, *ears;
  GstPad *pad;

  if (!pipeline) {
    g_printerr ("%s\n", error->message);
    g_clear_error (&error);
    return NULL;
  }
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  gst_object_unref (file);
  ears = gst_bin_get_by_name (GST_BIN (pipeline), "ears");
  pad = gst_element_get_static_pad (ears, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data, app, NULL);
  gst_object_unref (pad);
  gst_object_unref (ears);
  return pipeline;
}

int
main (int argc, char **argv)
{
  App app = { 0 };
  GstElement *pipeline;
  GstBus *bus;

  gst_init (&argc, &argv);
  pipeline = argc == 2 ? make_pipeline (argv[1], &app) : NULL;
  if (!pipeline) {
    g_printerr ("usage: turns FILE.wav\n");
    return 2;
  }
  app.loop = g_main_loop_new (NULL, FALSE);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_message, &app);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (app.loop);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_main_loop_unref (app.loop);
  g_print ("%u turn%s\n", app.turns, app.turns == 1 ? "" : "s");
  return app.failed;
}
