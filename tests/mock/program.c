/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"

#include <gio/gio.h>

int
program_run (const gchar * const *args, gchar ** out, gchar ** err)
{
  g_autofree gchar *program = g_build_filename (g_getenv ("PARLEY_BUILD"),
      "app", "parley", NULL);
  GStrvBuilder *builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_strv_builder_add (builder, program);
  g_strv_builder_addv (builder, (const gchar **) args);
  argv = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  process = g_subprocess_newv ((const gchar * const *) argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, out, err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}
