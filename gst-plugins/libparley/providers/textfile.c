/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/textfile.h"

#include <glib/gstdio.h>

typedef struct
{
  struct timespec changed;
  goffset size;
  gchar *text;                  /* NULL: it cannot be read */
  GError *error;                /* then */
} TextFile;

G_LOCK_DEFINE_STATIC (files);
static GHashTable *files;       /* path → TextFile */

static void
text_file_free (gpointer data)
{
  TextFile *file = data;

  g_free (file->text);
  g_clear_error (&file->error);
  g_free (file);
}

static gboolean
is_known (const gchar * path, const GStatBuf * info)
{
  TextFile *file;
  gboolean known;

  G_LOCK (files);
  file = files ? g_hash_table_lookup (files, path) : NULL;
  known = file && file->text && file->size == info->st_size
      && file->changed.tv_sec == info->st_mtim.tv_sec
      && file->changed.tv_nsec == info->st_mtim.tv_nsec;
  G_UNLOCK (files);
  return known;
}

void
parley_text_file_load (const gchar * path)
{
  GStatBuf info = { 0 };
  TextFile *file;

  if (g_stat (path, &info) == 0 && is_known (path, &info))
    return;
  file = g_new0 (TextFile, 1);
  file->changed = info.st_mtim;
  file->size = info.st_size;
  if (g_file_get_contents (path, &file->text, NULL, &file->error))
    g_strchomp (file->text);
  G_LOCK (files);
  if (!files)
    files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        text_file_free);
  g_hash_table_replace (files, g_strdup (path), file);
  G_UNLOCK (files);
}

gboolean
parley_text_file_peek (const gchar * path, gchar ** text, GError ** error)
{
  TextFile *file;

  *text = NULL;
  G_LOCK (files);
  file = files ? g_hash_table_lookup (files, path) : NULL;
  if (file) {
    *text = g_strdup (file->text);
    if (file->error)
      g_propagate_error (error, g_error_copy (file->error));
  }
  G_UNLOCK (files);
  return file != NULL;
}
