/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "jsontext.h"
#include "net/clock.h"
#include "server/log.h"
#include "server/recordname.h"
#include "turn/turnmeta.h"
#include "turnjson.h"

/* Written when so much is there. A disk that keeps up with nothing costs the
 * capture at MAX_BYTES, never the call. */
#define WRITE_BYTES (64 * 1024)
#define MAX_BYTES (16 * 1024 * 1024)

struct _ParleyCaptures
{
  gchar *dir;
  GMutex lock;                  /* guards the rest */
  GCond changed;
  guint n_open;
};

struct _ParleyCapture
{
  ParleyCaptures *captures;
  ParleyLoop *loop;
  ParleyCall *call;
  guint handler;
  gint64 begin;
  gchar *name;                  /* NULL: not started */
  GString *lines;               /* not handed to a worker yet */
  gboolean writing;             /* a worker has the rest */
  gboolean ended;
  gboolean failed;              /* nothing more is kept */

  /* The worker's, while writing: */
  GString *out;
  gint fd;                      /* -1: not open */
  gint error;                   /* errno */
};

/* Writing, on a worker */

static gboolean
open_file (ParleyCapture * self)
{
  g_autofree gchar *path = NULL;

  if (self->fd >= 0)
    return TRUE;
  path = parley_record_path (self->captures->dir, self->name, ".capture");
  self->fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return self->fd >= 0;
}

static void
write_out (gpointer data)
{
  ParleyCapture *self = data;
  gsize done = 0;

  if (!open_file (self)) {
    self->error = errno;
    return;
  }
  while (done < self->out->len) {
    gssize n = write (self->fd, self->out->str + done, self->out->len - done);

    if (n < 0 && errno != EINTR) {
      self->error = errno;
      return;
    }
    done += MAX (n, 0);
  }
}

static void
capture_free (ParleyCapture * self)
{
  ParleyCaptures *captures = self->captures;

  if (self->fd >= 0)
    close (self->fd);
  g_string_free (self->lines, TRUE);
  g_string_free (self->out, TRUE);
  parley_loop_release (self->loop);
  g_free (self->name);
  g_free (self);
  g_mutex_lock (&captures->lock);
  captures->n_open--;
  g_cond_broadcast (&captures->changed);
  g_mutex_unlock (&captures->lock);
}

static void
give_up (ParleyCapture * self, const gchar * why)
{
  if (!self->failed)
    parley_log_problem (self->name, "the call is captured no further: %s", why);
  self->failed = TRUE;
}

static void write_if_due (ParleyCapture * self);

static void
is_written (gpointer data)
{
  ParleyCapture *self = data;

  self->writing = FALSE;
  g_string_truncate (self->out, 0);
  if (self->error)
    give_up (self, g_strerror (self->error));
  write_if_due (self);
}

static void
write_if_due (ParleyCapture * self)
{
  gboolean any = self->name && !self->failed && self->lines->len > 0;

  if (self->writing)
    return;
  if (any && (self->ended || self->lines->len >= WRITE_BYTES)) {
    GString *full = self->lines;

    self->lines = self->out;
    self->out = full;
    self->writing = TRUE;
    parley_work_submit (self->loop, write_out, is_written, self);
  } else if (self->ended) {
    capture_free (self);
  }
}

/* Lines */

/* @key: of the value @json, which is JSON already. */
static void
add_line (ParleyCapture * self, const gchar * key, const gchar * json,
    gsize len)
{
  if (self->failed)
    return;
  if (self->lines->len + len > MAX_BYTES) {
    give_up (self, "the disk is too slow");
    return;
  }
  g_string_append_printf (self->lines, "{\"us\":%" G_GINT64_FORMAT ",\"%s\":",
      parley_clock_now () - self->begin, key);
  g_string_append_len (self->lines, json, len);
  g_string_append (self->lines, "}\n");
  write_if_due (self);
}

static gchar *
object_to_text (JsonObject * object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return parley_json_to_text (node, FALSE);
}

static void
add_object (ParleyCapture * self, const gchar * key, JsonObject * object)
{
  g_autofree gchar *text = object_to_text (object);

  add_line (self, key, text, strlen (text));
}

/* As a text: what comes need not be JSON. */
static void
add_wire (ParleyCapture * self, const gchar * key, const gchar * json,
    gsize len)
{
  g_autoptr (JsonNode) node = json_node_alloc ();
  g_autofree gchar *valid = g_utf8_make_valid (json, len);
  g_autofree gchar *text = NULL;

  json_node_init_string (node, valid);
  text = json_to_string (node, FALSE);
  add_line (self, key, text, strlen (text));
}

static void
on_received (ParleyCall * call, const gchar * json, gsize len, gpointer data)
{
  add_wire (data, "in", json, len);
}

static void
on_sent (ParleyCall * call, const gchar * json, gsize len, gpointer data)
{
  add_wire (data, "out", json, len);
}

/* The sound of a voice, with what it belongs to. */
static GstPadProbeReturn
on_sound (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  ParleyCapture *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autofree gchar *format = caps ? gst_caps_to_string (caps) : NULL;
  JsonObject *object;
  g_autofree gchar *base64 = NULL;
  GstMapInfo map;

  if (!meta || !format || !parley_loop_is_current (self->loop)
      || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_PAD_PROBE_OK;
  base64 = g_base64_encode (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  object = json_object_new ();
  json_object_set_int_member (object, "reply", meta->epoch);
  json_object_set_int_member (object, "sequence", meta->sequence);
  json_object_set_string_member (object, "caps", format);
  json_object_set_string_member (object, "audio", base64);
  add_object (self, "sound", object);
  return GST_PAD_PROBE_OK;
}

static void
watch_voice (const GValue * item, gpointer data)
{
  GstElement *element = g_value_get_object (item);
  GstElementFactory *factory = gst_element_get_factory (element);
  GstPad *pad;

  if (!factory || strcmp (GST_OBJECT_NAME (factory), "cloudtts") != 0)
    return;
  pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_sound, data, NULL);
  gst_object_unref (pad);
}

void
parley_capture_start_in_loop (ParleyCapture * self, const gchar * sid,
    const gchar * file, GstElement * pipeline)
{
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));
  JsonObject *object = json_object_new ();
  g_autofree gchar *text = NULL;
  g_autofree gchar *line = NULL;

  self->name = parley_record_name (sid);
  json_object_set_int_member (object, "version", 1);
  json_object_set_string_member (object, "file", file);
  text = object_to_text (object);
  line = g_strdup_printf ("{\"capture\":%s}\n", text);
  g_string_prepend (self->lines, line);
  gst_iterator_foreach (all, watch_voice, self);
  gst_iterator_free (all);
}

static void
add_said (ParleyCapture * self, const gchar * who, const GstStructure * fields)
{
  static const gchar *const names[][2] = {
    {"turn", "turn"}, {"take", "take"}, {"epoch", "reply"},
    {"sequence", "sequence"}
  };
  JsonObject *object = json_object_new ();
  gboolean flag;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    guint value;
    guint64 value64;

    if (gst_structure_get_uint (fields, names[i][0], &value))
      json_object_set_int_member (object, names[i][1], value);
    else if (gst_structure_get_uint64 (fields, names[i][0], &value64))
      json_object_set_int_member (object, names[i][1], value64);
  }
  if (gst_structure_has_field (fields, "text"))
    json_object_set_string_member (object, "text",
        gst_structure_get_string (fields, "text"));
  if (gst_structure_get_boolean (fields, "final", &flag))
    json_object_set_boolean_member (object, "final", flag);
  if (gst_structure_get_boolean (fields, "done", &flag))
    json_object_set_boolean_member (object, "done", flag);
  if (gst_structure_has_name (fields, "llmchat-hangup"))
    json_object_set_boolean_member (object, "hang-up", TRUE);
  add_object (self, who, object);
}

static void
add_turn (ParleyCapture * self, const ParleyTurnReport * report)
{
  g_autoptr (JsonNode) node =
      parley_turn_to_json (self->name, report, g_get_real_time ());
  g_autofree gchar *text = parley_json_to_text (node, FALSE);

  add_line (self, "turn", text, strlen (text));
}

void
parley_capture_message_in_loop (ParleyCapture * self,
    const GstStructure * fields)
{
  if (gst_structure_has_name (fields, "parley-turn")) {
    g_autoptr (ParleyTurnReport) report =
        parley_turn_report_from_structure (fields);

    if (report)
      add_turn (self, report);
  } else if (gst_structure_has_name (fields, "llmchat")
      || gst_structure_has_name (fields, "llmchat-hangup")) {
    add_said (self, "agent", fields);
  } else if (gst_structure_has_name (fields, "llmchat-heard")) {
    add_said (self, "heard", fields);
  } else if (gst_structure_has_name (fields, "cloudstt")) {
    add_said (self, "caller", fields);
  }
}

/* Life */

ParleyCapture *
parley_capture_begin_in_loop (ParleyCaptures * captures, ParleyCall * call)
{
  static const ParleyCallHandler handler = {
    .received = on_received,
    .sent = on_sent,
  };
  ParleyCapture *self = g_new0 (ParleyCapture, 1);

  self->captures = captures;
  self->call = call;
  self->loop = parley_loop_hold (parley_call_get_loop (call));
  self->begin = parley_clock_now ();
  self->lines = g_string_new (NULL);
  self->out = g_string_new (NULL);
  self->fd = -1;
  self->handler = parley_call_add_handler_in_loop (call, &handler, self);
  g_mutex_lock (&captures->lock);
  captures->n_open++;
  g_mutex_unlock (&captures->lock);
  return self;
}

void
parley_capture_end_in_loop (ParleyCapture * self)
{
  parley_call_remove_handler_in_loop (self->call, self->handler);
  self->ended = TRUE;
  write_if_due (self);
}

ParleyCaptures *
parley_captures_new (const gchar * dir, GError ** error)
{
  ParleyCaptures *self;

  if (g_mkdir_with_parents (dir, 0700) || g_access (dir, W_OK | X_OK)) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "calls cannot be captured to %s: %s", dir, g_strerror (errno));
    return NULL;
  }
  self = g_new0 (ParleyCaptures, 1);
  self->dir = g_strdup (dir);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

void
parley_captures_free (ParleyCaptures * self)
{
  g_mutex_lock (&self->lock);
  while (self->n_open > 0)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self->dir);
  g_free (self);
}
