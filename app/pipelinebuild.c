/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pipelinefile.h"
#include "pipelinescan.h"

static const gchar *our_elements[] = {
  "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts", "mulawsink"
};

/* Where the elements that pipelines of calls use are in Debian. */
static const struct
{
  const gchar *element;
  const gchar *package;
} packages[] = {
  {"audioconvert", "gstreamer1.0-plugins-base"},
  {"audioresample", "gstreamer1.0-plugins-base"},
  {"audiointerleave", "gstreamer1.0-plugins-base"},
  {"audiomixer", "gstreamer1.0-plugins-base"},
  {"audiotestsrc", "gstreamer1.0-plugins-base"},
  {"decodebin", "gstreamer1.0-plugins-base"},
  {"decodebin3", "gstreamer1.0-plugins-base"},
  {"oggmux", "gstreamer1.0-plugins-base"},
  {"opusenc", "gstreamer1.0-plugins-base"},
  {"opusdec", "gstreamer1.0-plugins-base"},
  {"volume", "gstreamer1.0-plugins-base"},
  {"alsasink", "gstreamer1.0-alsa"},
  {"alsasrc", "gstreamer1.0-alsa"},
  {"autoaudiosink", "gstreamer1.0-plugins-good"},
  {"autoaudiosrc", "gstreamer1.0-plugins-good"},
  {"interleave", "gstreamer1.0-plugins-good"},
  {"level", "gstreamer1.0-plugins-good"},
  {"mulawdec", "gstreamer1.0-plugins-good"},
  {"mulawenc", "gstreamer1.0-plugins-good"},
  {"pulsesink", "gstreamer1.0-plugins-good"},
  {"pulsesrc", "gstreamer1.0-plugins-good"},
  {"souphttpsrc", "gstreamer1.0-plugins-good"},
  {"wavenc", "gstreamer1.0-plugins-good"},
  {"wavparse", "gstreamer1.0-plugins-good"},
  {"srtenc", "gstreamer1.0-plugins-bad"},
  {"webrtcdsp", "gstreamer1.0-plugins-bad"},
  {"webvttenc", "gstreamer1.0-plugins-bad"},
  {"mpg123audiodec", "gstreamer1.0-plugins-good"},
  {"lamemp3enc", "gstreamer1.0-plugins-good"},
};

static gchar *
missing_advice (const gchar * element)
{
  for (guint i = 0; i < G_N_ELEMENTS (our_elements); i++)
    if (strcmp (our_elements[i], element) == 0)
      return g_strdup ("it is one of Parley's own; set GST_PLUGIN_PATH to the "
          "folder of libgstparley.so");
  for (guint i = 0; i < G_N_ELEMENTS (packages); i++)
    if (strcmp (packages[i].element, element) == 0)
      return g_strdup_printf ("install %s", packages[i].package);
  return g_strdup ("is it spelt right? gst-inspect-1.0 lists what is "
      "installed");
}

/* The line of the word that is @text, or of an assignment @text=…; 0: none. */
static guint
line_of (const ParleyPipelineFile * file, const gchar * text,
    const gchar * value)
{
  gsize at = 0, len = strlen (text);
  ParleyWord word;

  while (parley_pipeline_scan (file->launch, &at, &word)) {
    const gchar *found = file->launch + word.offset;
    gsize found_len = word.kind == PARLEY_WORD_ASSIGNMENT
        ? word.name_length : word.length;

    if (found_len != len || strncmp (found, text, len) != 0)
      continue;
    if (!value || (word.kind == PARLEY_WORD_ASSIGNMENT
            && word.value_length == strlen (value)
            && strncmp (file->launch + word.value_offset, value,
                word.value_length) == 0))
      return parley_pipeline_file_line (file, word.offset);
  }
  return 0;
}

/* The @index-th thing in “” quotes or "" of a message of the parser. */
static gchar *
quoted (const gchar * message, guint index)
{
  gchar **parts = g_strsplit (message, "\"", -1);
  gchar *part = g_strv_length (parts) > 2 * index + 1
      ? g_strdup (parts[2 * index + 1]) : NULL;

  g_strfreev (parts);
  return part;
}

/* The line of the element that a message calls @name: what name= says, or the
 * factory with a number behind it. */
static guint
line_of_element (const ParleyPipelineFile * file, const gchar * name)
{
  guint line = line_of (file, "name", name);
  g_autofree gchar *factory = g_strdup (name);
  gsize len = strlen (factory);

  while (len > 0 && g_ascii_isdigit (factory[len - 1]))
    factory[--len] = '\0';
  return line ? line : line_of (file, factory, NULL);
}

static gchar *
link_advice (const gchar * message)
{
  if (!strstr (message, "could not link"))
    return g_strdup (message);
  if (strstr (message, "with caps"))
    return g_strdup_printf ("%s; these caps do not fit between them", message);
  return g_strdup_printf ("%s; what one gives the other does not take",
      message);
}

static guint
link_line (const ParleyPipelineFile * file, const gchar * message)
{
  gchar **words = g_strsplit (message, " ", -1);
  guint n = g_strv_length (words);
  guint line = 0;

  /* could not link A to B[, …] */
  for (guint i = 3; i < n && !line; i += 2) {
    words[i][strcspn (words[i], ",")] = '\0';
    line = line_of_element (file, words[i]);
  }
  g_strfreev (words);
  return line;
}

/* “NAME.” where no element has that name. */
static gchar *
explain_reference (const ParleyPipelineFile * file, const GError * cause,
    guint * line)
{
  gsize at = 0;
  ParleyWord word;

  while (parley_pipeline_scan (file->launch, &at, &word)) {
    g_autofree gchar *name =
        g_strndup (file->launch + word.offset, word.length);
    gchar *dot = strchr (name, '.');

    if (word.kind != PARLEY_WORD_PLAIN || !dot || strchr (name, '/'))
      continue;
    *dot = '\0';
    if (line_of (file, "name", name))
      continue;
    *line = parley_pipeline_file_line (file, word.offset);
    return
        g_strdup_printf ("no element is called “%s”; write name=%s behind "
        "the one that is meant", name, name);
  }
  return g_strdup (cause->message);
}

/* What is wrong, for people, and the line (0: unknown). */
static gchar *
explain (const ParleyPipelineFile * file, const GError * cause, guint * line)
{
  const gchar *message = cause->message;
  g_autofree gchar *first = quoted (message, 0);
  g_autofree gchar *second = first ? quoted (message, 1) : NULL;
  const gchar *fault;
  gsize offset;

  switch (cause->code) {
    case GST_PARSE_ERROR_NO_SUCH_ELEMENT:{
      g_autofree gchar *advice = missing_advice (first ? first : "");

      *line = first ? line_of (file, first, NULL) : 0;
      if (!g_str_has_prefix (message, "no element"))
        return explain_reference (file, cause, line);
      return g_strdup_printf ("there is no element “%s”; %s", first,
          advice);
    }
    case GST_PARSE_ERROR_NO_SUCH_PROPERTY:
      *line = first ? line_of (file, first, NULL) : 0;
      return g_strdup_printf ("%s has no property “%s”; gst-inspect-1.0 %s "
          "lists them", second, first, second);
    case GST_PARSE_ERROR_COULD_NOT_SET_PROPERTY:
      *line = first ? line_of (file, first, NULL) : 0;
      return g_strdup (message);
    case GST_PARSE_ERROR_LINK:
      *line = link_line (file, message);
      return link_advice (message);
    case GST_PARSE_ERROR_SYNTAX:
      fault = parley_pipeline_find_fault (file->launch, &offset);
      *line = fault ? parley_pipeline_file_line (file, offset) : 0;
      return g_strdup (fault ? fault : message);
    default:
      return g_strdup (message);
  }
}

static GstElement *
in_pipeline (GstElement * element)
{
  GstElement *pipeline;

  if (GST_IS_PIPELINE (element))
    return gst_object_ref_sink (element);
  pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add (GST_BIN (pipeline), element);
  return pipeline;
}

GstElement *
parley_pipeline_file_build (const ParleyPipelineFile * file, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GstElement *element = gst_parse_launch_full (file->launch, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, &cause);
  g_autofree gchar *reason = NULL;
  g_autofree gchar *place = NULL;
  guint line = 0;

  if (element && !cause)
    return in_pipeline (element);
  if (element)
    gst_object_unref (gst_object_ref_sink (element));
  reason = explain (file, cause, &line);
  g_strdelimit (reason, "\r\n", ' ');
  place = line ? g_strdup_printf (":%u", line) : g_strdup ("");
  g_set_error (error, PARLEY_PIPELINE_FILE_ERROR,
      PARLEY_PIPELINE_FILE_ERROR_PARSE, "%s%s: %s", file->path, place, reason);
  return NULL;
}
