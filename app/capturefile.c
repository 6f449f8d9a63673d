/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capturefile.h"

#include <gio/gio.h>
#include <string.h>

/* The only version there is. */
#define VERSION 1

G_DEFINE_QUARK (parley - capture - error, parley_capture_error);

static const gchar *const kinds[PARLEY_CAPTURE_N_KINDS] = {
  "in", "out", "caller", "agent", "heard", "turn", "sound"
};

static void
entry_clear (gpointer data)
{
  ParleyCaptureEntry *entry = data;

  g_free (entry->wire);
  g_clear_pointer (&entry->fields, json_object_unref);
}

void
parley_capture_file_free (ParleyCaptureFile * self)
{
  g_free (self->path);
  g_free (self->pipeline);
  g_array_unref (self->entries);
  g_free (self);
}

static gboolean
fail (ParleyCaptureFile * self, guint line, const gchar * reason,
    GError ** error)
{
  g_set_error (error, PARLEY_CAPTURE_ERROR, 0, "%s:%u: %s", self->path, line,
      reason);
  return FALSE;
}

/* Fills @entry; FALSE: what is wrong with @object is in @reason. */
static gboolean
read_entry (JsonObject * object, ParleyCaptureEntry * entry,
    const gchar ** reason)
{
  JsonNode *node = NULL;

  for (guint i = 0; i < PARLEY_CAPTURE_N_KINDS && !node; i++) {
    entry->kind = i;
    node = json_object_get_member (object, kinds[i]);
  }
  *reason = "no entry of a capture that this version knows; is parley older "
      "than the server that wrote it?";
  if (!node)
    return FALSE;
  entry->us = json_object_get_int_member_with_default (object, "us", -1);
  *reason = "\"us\" must be a time, not before that of the line before";
  if (entry->us < 0)
    return FALSE;
  *reason = "the entry's value is of a wrong kind";
  if (entry->kind <= PARLEY_CAPTURE_OUT) {
    if (json_node_get_value_type (node) != G_TYPE_STRING)
      return FALSE;
    entry->wire = json_node_dup_string (node);
  } else {
    if (!JSON_NODE_HOLDS_OBJECT (node))
      return FALSE;
    entry->fields = json_node_dup_object (node);
  }
  return TRUE;
}

static gboolean
add_entry (ParleyCaptureFile * self, guint line, JsonObject * object,
    GError ** error)
{
  ParleyCaptureEntry entry = { 0 };
  guint n = self->entries->len;
  gint64 last = n ? g_array_index (self->entries, ParleyCaptureEntry,
      n - 1).us : 0;
  const gchar *reason;

  if (!read_entry (object, &entry, &reason))
    return fail (self, line, reason, error);
  entry.us = MAX (entry.us, last);
  g_array_append_val (self->entries, entry);
  return TRUE;
}

static gboolean
read_header (ParleyCaptureFile * self, JsonObject * object, GError ** error)
{
  JsonNode *node = json_object_get_member (object, "capture");
  JsonObject *header;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return fail (self, 1, "this is no capture; parley serve --capture DIR "
        "makes one", error);
  header = json_node_get_object (node);
  if (json_object_get_int_member_with_default (header, "version", 0)
      != VERSION)
    return fail (self, 1, "the capture is of a version that this parley does "
        "not know; use the one that made it", error);
  self->pipeline = g_strdup (json_object_get_string_member_with_default
      (header, "file", NULL));
  return TRUE;
}

static gboolean
read_line (ParleyCaptureFile * self, guint number, const gchar * line,
    GError ** error)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return fail (self, number, number == 1 ? "this is no capture; parley "
        "serve --capture DIR makes one" : "the line is not a JSON object",
        error);
  if (number == 1)
    return read_header (self, json_node_get_object (node), error);
  return add_entry (self, number, json_node_get_object (node), error);
}

static gboolean
read_lines (ParleyCaptureFile * self, gchar * text, GError ** error)
{
  gchar *end;

  for (guint number = 1; (end = strchr (text, '\n')); number++) {
    *end = '\0';
    if (!read_line (self, number, text, error))
      return FALSE;
    text = end + 1;
  }
  return self->pipeline || fail (self, 1, "the file is empty", error);
}

ParleyCaptureFile *
parley_capture_file_load (const gchar * path, GError ** error)
{
  ParleyCaptureFile *self;
  g_autofree gchar *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  self = g_new0 (ParleyCaptureFile, 1);
  self->path = g_strdup (path);
  self->entries = g_array_new (FALSE, FALSE, sizeof (ParleyCaptureEntry));
  g_array_set_clear_func (self->entries, entry_clear);
  if (read_lines (self, text, error))
    return self;
  parley_capture_file_free (self);
  return NULL;
}
