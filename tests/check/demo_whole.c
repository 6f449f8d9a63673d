/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "tests/mock/coreplugins.h"
#include "tests/mock/program.h"

/* What the program is for, whole and in real time: half a minute. */
static void
test_demo (void)
{
  static const gchar *args[] = { "demo", "--json", NULL };
  g_autofree gchar *dir = g_dir_make_tmp ("parley-demo-XXXXXX", NULL);
  g_autofree gchar *here = g_get_current_dir ();
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  g_autoptr (JsonNode) root = NULL;
  int status;

  g_assert_cmpint (g_chdir (dir), ==, 0);
  status = program_run (args, &out, &err);
  g_remove ("demo.wav");
  g_assert_cmpint (g_chdir (here), ==, 0);
  g_rmdir (dir);
  g_strdelimit (out, "\n", ' ');
  g_strdelimit (err, "\n", ' ');
  g_test_message ("%s %s", out, err);
  g_assert_cmpint (status, ==, 0);
  root = json_from_string (out, NULL);
  g_assert_nonnull (root);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member
          (json_node_get_object (root), "turns")), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  g_test_add_func ("/demo/whole", test_demo);
  return g_test_run ();
}
