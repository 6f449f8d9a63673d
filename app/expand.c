/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsetup.h"
#include "pipelinefile.h"
#include "verbs.h"

static const gchar description[] =
    "Prints the pipeline of FILE on one line, so that GStreamer's own tools "
    "run it:\n\n"
    "  gst-launch-1.0 $(parley expand FILE)\n\n"
    "FILE holds gst-launch syntax with line breaks, # comments and variables:\n"
    "  ${NAME}           from the environment\n"
    "  ${NAME:-default}  the default when NAME is unset or empty\n"
    "  ${DIR}            the folder of FILE\n\n"
    "Refused, with the line: a file GStreamer cannot parse, keys written into "
    "it\n(use …-env=NAME), and what a shell would change on the way "
    "(* ? [, backslashes,\nruns of blanks).\n";

static int
refuse (const GError * error)
{
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  return 1;
}

int
parley_verb_expand (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("FILE");
  g_autoptr (ParleyPipelineFile) file = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;

  g_option_context_set_description (context, description);
  if (!parley_verb_parse (context, &argc, &argv, 1))
    return PARLEY_EXIT_USAGE;
  if (argc < 2)
    return parley_usage_error ("name a pipeline file");
  file = parley_pipeline_file_load (argv[1], &error);
  if (!file)
    return refuse (error);
  parley_gst_setup ();
  pipeline = parley_pipeline_file_build (file, &error);
  if (!pipeline)
    return refuse (error);
  line = parley_pipeline_file_to_line (file, &error);
  if (!line)
    return refuse (error);
  g_print ("%s\n", line);
  return 0;
}
