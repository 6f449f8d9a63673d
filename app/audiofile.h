/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Audio files of the caller. Both functions need gst_init() and wait for the
 * file: never on a loop. Errors are GStreamer's or of G_FILE_ERROR, in one line
 * that names the file. */

/* A sound file (WAV of any kind; whatever GStreamer decodes) as 8 kHz mu-law.
 * Transfer full; NULL with @error. */
GBytes *parley_audio_file_load (const gchar * path, GError ** error);

/* Whether parley_audio_file_save() knows the ending of @path: .wav, .opus or
 * .ogg. */
gboolean parley_audio_file_can_save (const gchar * path);

/* Both sides of a call, 8 kHz mu-law, as a stereo file: @left the caller,
 * @right the agent; the shorter one is filled up with silence. */
gboolean parley_audio_file_save (const gchar * path, GByteArray * left,
    GByteArray * right, GError ** error);

G_END_DECLS
