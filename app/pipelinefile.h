/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A pipeline in a text file: gst-launch syntax with line breaks, "#" comments
 * (to the end of the line; the # begins the line or follows a blank) and
 * variables: ${NAME} from the environment, ${NAME:-default} when it is unset or
 * empty (a default may hold variables in its turn), ${DIR} the absolute folder
 * of the file. A variable in the value of a
 * property is always one value, blanks and quotes included; elsewhere its text
 * is inserted as it is.
 *
 * Immutable once loaded; any thread. Errors are one line, "FILE:LINE: reason"
 * or "FILE: reason". */

typedef struct
{
  gchar *path;                  /* as it was named */
  gchar *dir;                   /* absolute */
  gchar *launch;                /* comments blanked, variables replaced */
} ParleyPipelineFile;

#define PARLEY_PIPELINE_FILE_MAX (1024 * 1024)

#define PARLEY_PIPELINE_FILE_ERROR (parley_pipeline_file_error_quark ())
GQuark parley_pipeline_file_error_quark (void);

typedef enum
{
  PARLEY_PIPELINE_FILE_ERROR_READ,      /* no such file, not a text file */
  PARLEY_PIPELINE_FILE_ERROR_VARIABLE,  /* unset, or not well written */
  PARLEY_PIPELINE_FILE_ERROR_KEY,       /* a key stands in the file */
  PARLEY_PIPELINE_FILE_ERROR_PARSE,     /* GStreamer cannot make it */
  PARLEY_PIPELINE_FILE_ERROR_SHELL      /* a shell would change it */
} ParleyPipelineFileError;

/* Reads @path and refuses keys; makes no element. Waits for the file. */
ParleyPipelineFile *parley_pipeline_file_load (const gchar * path,
    GError ** error);
void parley_pipeline_file_free (ParleyPipelineFile * file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyPipelineFile, parley_pipeline_file_free)

/* The line, from 1, of byte @offset of launch. */
guint parley_pipeline_file_line (const ParleyPipelineFile * file,
    gsize offset);

/* A new pipeline in NULL; transfer full (not floating). */
GstElement *parley_pipeline_file_build (const ParleyPipelineFile * file,
    GError ** error);

/* The pipeline on one line, for gst-launch-1.0 $(parley expand FILE): what a
 * shell would split, match or swallow there is refused. Transfer full. */
gchar *parley_pipeline_file_to_line (const ParleyPipelineFile * file,
    GError ** error);

G_END_DECLS
