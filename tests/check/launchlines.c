/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "mock/peer.h"

/* The launch line in the description of each element runs as it stands, but for
 * the names of files and the port. */

static gchar *folder;

static void
add_plugins (void)
{
  static const gchar *names[] = { "coreelements", "wavenc", "wavparse",
    "audioconvert", "audioresample"
  };
  gchar *path = g_strconcat (g_getenv ("GST_PLUGIN_PATH"), ":", folder, NULL);
  gchar *registry = g_build_filename (folder, "registry.bin", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *file = g_strdup_printf ("libgst%s.so", names[i]);
    gchar *target = g_build_filename (g_getenv ("PARLEY_SYSTEM_PLUGINS"), file,
        NULL);
    gchar *link = g_build_filename (folder, file, NULL);

    g_assert_cmpint (symlink (target, link), ==, 0);
    g_free (file);
    g_free (target);
    g_free (link);
  }
  g_setenv ("GST_PLUGIN_PATH", path, TRUE);
  g_setenv ("GST_REGISTRY", registry, TRUE);
  g_free (path);
  g_free (registry);
}

static gchar *
in_folder (const gchar * name)
{
  return g_build_filename (folder, name, NULL);
}

/* The line after "gst-launch-1.0" in the description of @element, its files in
 * the test's folder, its output in the file "out". */
static gchar *
launch_line (const gchar * element)
{
  gchar *path = g_strdup_printf ("%s/gst-plugins/elements/gst%s.c",
      g_getenv ("PARLEY_SOURCE"), element);
  gchar *location = g_strdup_printf ("location=%s/", folder);
  gchar *sink = g_strdup_printf ("filesink location=%s/out", folder);
  gchar *source, *begin, *end;
  GString *line;

  g_assert_true (g_file_get_contents (path, &source, NULL, NULL));
  begin = strstr (source, " * gst-launch-1.0 ");
  g_assert_nonnull (begin);
  begin += strlen (" * gst-launch-1.0 ");
  if (g_str_has_prefix (begin, "-m "))
    begin += strlen ("-m ");
  end = strstr (begin, "\n * ]|");
  g_assert_nonnull (end);
  line = g_string_new_len (begin, end - begin);
  g_string_replace (line, " \\\n *  ", "", 0);
  g_string_replace (line, "location=", location, 0);
  g_string_replace (line, "fdsink", sink, 0);
  g_string_replace (line, "port=8080", "port=0", 0);
  g_free (source);
  g_free (location);
  g_free (sink);
  g_free (path);
  return g_string_free (line, FALSE);
}

static GstElement *
start (const gchar * line)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  return pipeline;
}

static void
wait_for_end (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 120 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GError *error = NULL;

  g_assert_nonnull (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static void
run (const gchar * element)
{
  gchar *line = launch_line (element);

  wait_for_end (start (line));
  g_free (line);
}

static void
write_text (const gchar * name, const gchar * text)
{
  gchar *path = in_folder (name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_free (path);
}

/* Transfer full. */
static gchar *
read_text (const gchar * name, gsize * len)
{
  gchar *path = in_folder (name);
  gchar *text;

  g_assert_true (g_file_get_contents (path, &text, len, NULL));
  g_free (path);
  return text;
}

/* @text spoken into the file @name, as a recording of a caller is. */
static void
record (const gchar * name, const gchar * text)
{
  gchar *line = g_strdup_printf ("filesrc location=%s/letter.txt ! "
      "text/x-raw,format=utf8 ! cloudtts provider=flite ! audioconvert ! "
      "wavenc ! filesink location=%s/%s", folder, folder, name);

  write_text ("letter.txt", text);
  wait_for_end (start (line));
  g_free (line);
}

static gboolean
has_provider (const gchar * element, const gchar * name)
{
  GstElement *tried = gst_element_factory_make (element, NULL);
  gboolean found;

  gst_object_ref_sink (tried);
  g_object_set (tried, "provider", name, NULL);
  found = gst_element_set_state (tried, GST_STATE_READY)
      != GST_STATE_CHANGE_FAILURE;
  gst_element_set_state (tried, GST_STATE_NULL);
  gst_object_unref (tried);
  if (!found)
    g_test_skip ("this build has no such engine");
  return found;
}

static void
cloudtts (void)
{
  gchar *sound;
  gsize len;

  if (!has_provider ("cloudtts", "flite"))
    return;
  write_text ("letter.txt", "Dear reader, all is well.\n");
  run ("cloudtts");
  sound = read_text ("letter.wav", &len);
  g_assert_cmpuint (len, >, 8000);
  g_assert_true (memcmp (sound, "RIFF", 4) == 0);
  g_free (sound);
}

static void
cloudstt (void)
{
  gchar *text;
  gsize len;

  if (!has_provider ("cloudtts", "flite")
      || !has_provider ("cloudstt", "pocketsphinx"))
    return;
  record ("speech.wav", "Good morning, how are you?");
  run ("cloudstt");
  text = read_text ("out", &len);
  g_assert_cmpuint (len, >, 0);
  g_assert_true (g_utf8_validate (text, len, NULL));
  g_free (text);
}

static void
vadendpoint (void)
{
  if (!has_provider ("cloudtts", "flite"))
    return;
  record ("caller.wav", "Good morning.");
  run ("vadendpoint");
}

static void
llmchat (void)
{
  gchar *text;
  gsize len;

  write_text ("questions.txt", "what are your opening hours\n");
  run ("llmchat");
  text = read_text ("out", &len);
  g_assert_cmpuint (len, >, 20);
  g_assert_true (g_utf8_validate (text, len, NULL));
  g_free (text);
}

static guint
port_of (GstElement * pipeline)
{
  GstIterator *sources = gst_bin_iterate_sources (GST_BIN (pipeline));
  GValue value = G_VALUE_INIT;
  guint port;

  g_assert_cmpint (gst_iterator_next (sources, &value), ==, GST_ITERATOR_OK);
  g_object_get (g_value_get_object (&value), "current-port", &port, NULL);
  g_value_unset (&value);
  gst_iterator_free (sources);
  return port;
}

/* It listens, on a free port, and ends with its call. */
static void
listens (const gchar * element)
{
  gchar *line = launch_line (element);
  GstElement *pipeline = start (line);
  ParleyMockPeer *peer = parley_mock_peer_new (port_of (pipeline));

  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", NULL, NULL), ==,
      101);
  parley_mock_peer_free (peer);
  wait_for_end (pipeline);
  g_free (line);
}

static void
twiliosrc (void)
{
  listens ("twiliosrc");
}

static void
mulawsink (void)
{
  listens ("mulawsink");
}

static void
remove_folder (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    gchar *path = in_folder (name);
    g_unlink (path);
    g_free (path);
  }
  g_dir_close (dir);
  g_rmdir (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  int result;

  folder = g_dir_make_tmp ("parley-XXXXXX", NULL);
  add_plugins ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (g_chdir (g_getenv ("PARLEY_SOURCE")), ==, 0);
  g_test_add_func ("/launchlines/cloudtts", cloudtts);
  g_test_add_func ("/launchlines/cloudstt", cloudstt);
  g_test_add_func ("/launchlines/vadendpoint", vadendpoint);
  g_test_add_func ("/launchlines/llmchat", llmchat);
  g_test_add_func ("/launchlines/twiliosrc", twiliosrc);
  g_test_add_func ("/launchlines/mulawsink", mulawsink);
  result = g_test_run ();
  remove_folder ();
  return result;
}
