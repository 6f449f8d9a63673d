/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "tests/mock/coreplugins.h"
#include "tests/mock/program.h"

/* What the program is for, whole and in real time: half a minute. */
/* Each answer says where its time went, and the stages sum to all of it. */
static void
assert_timed (JsonArray * turns, guint index, JsonNode * node, gpointer data)
{
  JsonObject *turn = json_node_get_object (node);
  JsonArray *stages = json_object_get_array_member (turn, "stages");
  gdouble sum = 0;

  for (guint i = 0; i < json_array_get_length (stages); i++)
    sum += json_object_get_double_member (json_array_get_object_element
        (stages, i), "ms");
  g_assert_cmpfloat_with_epsilon (sum, json_object_get_double_member (turn,
          "total_ms"), 1e-6);
  g_assert_cmpfloat (json_object_get_double_member (turn, "sent_ms"), <=, sum);
}

static void
test_demo (void)
{
  static const gchar *args[] = { "demo", "--json", NULL };
  g_autofree gchar *dir = g_dir_make_tmp ("parley-demo-XXXXXX", NULL);
  g_autofree gchar *here = g_get_current_dir ();
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonArray *turns;
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
  turns = json_object_get_array_member (json_node_get_object (root), "turns");
  g_assert_cmpuint (json_array_get_length (turns), ==, 4);
  json_array_foreach_element (turns, assert_timed, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  g_test_add_func ("/demo/whole", test_demo);
  return g_test_run ();
}
