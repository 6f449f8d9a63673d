/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audiofile.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "speech/g711.h"

#define RATE 8000
#define WAV_HEADER_LEN 44

/* The error that stopped @pipeline, with the file's name before it. */
static void
take_bus_error (GstElement * pipeline, const gchar * path, GError ** error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus,
      GST_MESSAGE_ERROR);

  if (message == NULL) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s has no sound in it", path);
    return;
  }
  gst_message_parse_error (message, error, NULL);
  g_prefix_error (error, "%s: ", path);
}

/* A pipeline from a description without user text in it, so that no file name
 * can break it. */
static GstElement *
make_pipeline (const gchar * description, const gchar * element,
    const gchar * path, GError ** error)
{
  g_autoptr (GstElement) file = NULL;
  GstElement *pipeline = gst_parse_launch (description, error);

  if (pipeline == NULL || *error != NULL) {
    g_prefix_error (error, "a GStreamer plugin is missing: ");
    g_clear_object (&pipeline);
    return NULL;
  }
  file = gst_bin_get_by_name (GST_BIN (pipeline), element);
  g_object_set (file, "location", path, NULL);
  return pipeline;
}

static void
append_sample (GByteArray * out, GstSample * sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  guint start = out->len;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_byte_array_set_size (out, start + map.size / 2);
  parley_mulaw_encode ((const gint16 *) map.data, out->data + start,
      map.size / 2);
  gst_buffer_unmap (buffer, &map);
}

GBytes *
parley_audio_file_load (const gchar * path, GError ** error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GError) failure = NULL;
  GstSample *sample;

  if (g_access (path, R_OK) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  pipeline = make_pipeline ("filesrc name=file ! decodebin ! audioconvert "
      "! audioresample ! audio/x-raw,format=S16LE,rate=8000,channels=1 "
      "! appsink name=sink sync=false", "file", path, &failure);
  if (pipeline == NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  /* Returns NULL at the end and when the pipeline fails, but a failure before
   * the first sample leaves it in a state that never gets there. */
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING)
      != GST_STATE_CHANGE_FAILURE
      && gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE)
      != GST_STATE_CHANGE_FAILURE) {
    while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL) {
      append_sample (out, sample);
      gst_sample_unref (sample);
    }
  }
  if (out->len == 0)
    take_bus_error (pipeline, path, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return out->len > 0
      ? g_byte_array_free_to_bytes (g_steal_pointer (&out)) : NULL;
}

static gint16
sample_at (GByteArray * side, guint i)
{
  return i < side->len ? parley_mulaw_decode_sample (side->data[i]) : 0;
}

/* S16LE in turns, with @header bytes left free before. */
static GByteArray *
interleave (GByteArray * left, GByteArray * right, guint header)
{
  guint n = MAX (left->len, right->len), i;
  GByteArray *out = g_byte_array_sized_new (header + n * 4);

  g_byte_array_set_size (out, header + n * 4);
  for (i = 0; i < n; i++) {
    GST_WRITE_UINT16_LE (out->data + header + i * 4, sample_at (left, i));
    GST_WRITE_UINT16_LE (out->data + header + i * 4 + 2, sample_at (right, i));
  }
  return out;
}

static gboolean
save_wav (const gchar * path, GByteArray * left, GByteArray * right,
    GError ** error)
{
  g_autoptr (GByteArray) file = interleave (left, right, WAV_HEADER_LEN);
  guint8 *h = file->data;

  memcpy (h, "RIFF", 4);
  GST_WRITE_UINT32_LE (h + 4, file->len - 8);
  memcpy (h + 8, "WAVEfmt ", 8);
  GST_WRITE_UINT32_LE (h + 16, 16);
  GST_WRITE_UINT16_LE (h + 20, 1);      /* PCM */
  GST_WRITE_UINT16_LE (h + 22, 2);      /* channels */
  GST_WRITE_UINT32_LE (h + 24, RATE);
  GST_WRITE_UINT32_LE (h + 28, RATE * 4);
  GST_WRITE_UINT16_LE (h + 32, 4);      /* bytes a frame */
  GST_WRITE_UINT16_LE (h + 34, 16);     /* bits a sample */
  memcpy (h + 36, "data", 4);
  GST_WRITE_UINT32_LE (h + 40, file->len - WAV_HEADER_LEN);
  return g_file_set_contents (path, (const gchar *) file->data, file->len,
      error);
}

static gboolean
save_opus (const gchar * path, GByteArray * left, GByteArray * right,
    GError ** error)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) failure = NULL;
  GByteArray *audio;
  GstBuffer *buffer;
  gboolean ok;

  pipeline = make_pipeline ("appsrc name=source format=time caps="
      "audio/x-raw,format=S16LE,rate=8000,channels=2,layout=interleaved "
      "! audioconvert ! audioresample ! opusenc ! oggmux "
      "! filesink name=file", "file", path, &failure);
  if (pipeline == NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  audio = interleave (left, right, 0);
  buffer = gst_buffer_new_wrapped_bytes (g_byte_array_free_to_bytes (audio));
  GST_BUFFER_PTS (buffer) = 0;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  ok = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (!ok) {
    gst_message_parse_error (message, error, NULL);
    g_prefix_error (error, "%s: ", path);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return ok;
}

static gboolean
is_opus (const gchar * path)
{
  return g_str_has_suffix (path, ".opus") || g_str_has_suffix (path, ".ogg");
}

gboolean
parley_audio_file_can_save (const gchar * path)
{
  return is_opus (path) || g_str_has_suffix (path, ".wav");
}

gboolean
parley_audio_file_save (const gchar * path, GByteArray * left,
    GByteArray * right, GError ** error)
{
  return is_opus (path) ? save_opus (path, left, right, error)
      : save_wav (path, left, right, error);
}
