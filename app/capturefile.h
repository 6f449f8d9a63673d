/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A call that parley serve --capture wrote down; docs/replay.md has the
 * format. Immutable. */

typedef enum
{
  PARLEY_CAPTURE_IN,            /* on the wire, from the caller's side */
  PARLEY_CAPTURE_OUT,
  PARLEY_CAPTURE_CALLER,        /* {"turn","take","text","final"}: so far */
  PARLEY_CAPTURE_AGENT,         /* {"turn","reply","sequence","text"}, or
                                 * {"hang-up"}: of the last reply */
  PARLEY_CAPTURE_HEARD,         /* {"reply","text","done"}: so far */
  PARLEY_CAPTURE_TURN,          /* as of turnjson.h */
  PARLEY_CAPTURE_SOUND,         /* {"reply","sequence","caps","audio"} */
  PARLEY_CAPTURE_N_KINDS
} ParleyCaptureKind;

typedef struct
{
  gint64 us;                    /* since the call came; never going back */
  ParleyCaptureKind kind;
  gchar *wire;                  /* of IN and OUT, else NULL */
  JsonObject *fields;           /* of the others, else NULL */
} ParleyCaptureEntry;

typedef struct
{
  gchar *path;
  gchar *pipeline;              /* the file of the pipeline that took it */
  GArray *entries;              /* of ParleyCaptureEntry */
} ParleyCaptureFile;

#define PARLEY_CAPTURE_ERROR (parley_capture_error_quark ())
GQuark parley_capture_error_quark (void);

/* NULL with @error, "FILE:LINE: reason". A last line that is cut off, as the
 * end of a server leaves it, is left out. Waits for the file. */
ParleyCaptureFile *parley_capture_file_load (const gchar * path,
    GError ** error);
void parley_capture_file_free (ParleyCaptureFile * file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyCaptureFile, parley_capture_file_free)

G_END_DECLS
