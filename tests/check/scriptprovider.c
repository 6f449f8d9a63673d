/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script.h"
#include "providers/registry.h"

/* The script as a provider: answers in pieces, later, on the loop. */

typedef struct
{
  ParleyLoop *loop;
  ParleyLlmProvider *provider;
  GString *text;
  guint n_deltas;
  guint n_done;
  guint n_failed;
  gboolean hang_up;
  guint cancel_in_delta;        /* id */
} Fixture;

static void
on_delta (ParleyLlmProvider * provider, guint id, const gchar * text,
    Fixture * f)
{
  g_assert_cmpstr (text, !=, "");
  g_string_append (f->text, text);
  f->n_deltas++;
  if (f->cancel_in_delta == id)
    parley_llm_provider_cancel (provider, id);
}

static void
on_done (ParleyLlmProvider * provider, guint id, gboolean hang_up, Fixture * f)
{
  f->n_done++;
  f->hang_up = hang_up;
}

static void
on_failed (ParleyLlmProvider * provider, guint id, GError * error, Fixture * f)
{
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  f->n_failed++;
}

static void
setup (Fixture * f, gconstpointer data)
{
  gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"), "pipelines",
      "appointments.json", NULL);

  f->loop = parley_loop_new (NULL);
  f->provider = g_object_new (PARLEY_TYPE_LLM_SCRIPT, "loop", f->loop,
      "script", data ? (const gchar *) data : path, NULL);
  f->text = g_string_new (NULL);
  g_signal_connect (f->provider, "delta", G_CALLBACK (on_delta), f);
  g_signal_connect (f->provider, "done", G_CALLBACK (on_done), f);
  g_signal_connect (f->provider, "failed", G_CALLBACK (on_failed), f);
  g_free (path);
}

static void
run (Fixture * f)
{
  GMainContext *context = parley_loop_get_context (f->loop);

  while (g_main_context_iteration (context, FALSE));
}

static void
teardown (Fixture * f, gconstpointer data)
{
  g_clear_object (&f->provider);
  run (f);
  g_object_unref (f->loop);
  g_string_free (f->text, TRUE);
}

static void
ask (Fixture * f, guint id, const gchar * said)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_message_free);

  g_ptr_array_add (messages, parley_message_new (PARLEY_ROLE_USER, said));
  parley_llm_provider_request (f->provider, id, messages);
  g_ptr_array_unref (messages);
}

static void
test_provider_streams (Fixture * f, gconstpointer data)
{
  GError *error = NULL;

  g_assert_true (parley_provider_warm (PARLEY_PROVIDER (f->provider), &error));
  g_assert_no_error (error);
  ask (f, 1, "goodbye");
  g_assert_cmpuint (f->n_deltas, ==, 0);
  run (f);
  g_assert_cmpstr (f->text->str, ==,
      "Thank you for calling Bright Smile Dental. Goodbye!");
  g_assert_cmpuint (f->n_deltas, ==, 2);
  g_assert_cmpuint (f->n_done, ==, 1);
  g_assert_true (f->hang_up);
}

static void
test_provider_cancel (Fixture * f, gconstpointer data)
{
  ask (f, 1, "goodbye");
  parley_llm_provider_cancel (f->provider, 1);
  parley_llm_provider_cancel (f->provider, 99);
  run (f);
  g_assert_cmpuint (f->n_deltas + f->n_done + f->n_failed, ==, 0);
}

static void
test_provider_cancel_while_streaming (Fixture * f, gconstpointer data)
{
  f->cancel_in_delta = 1;
  ask (f, 1, "goodbye");
  ask (f, 2, "where are you");
  run (f);
  g_assert_cmpuint (f->n_done, ==, 1);
  g_assert_false (f->hang_up);
}

static void
test_provider_freed_while_streaming (Fixture * f, gconstpointer data)
{
  ask (f, 1, "goodbye");
  g_clear_object (&f->provider);
  run (f);
  g_assert_cmpuint (f->n_deltas + f->n_done + f->n_failed, ==, 0);
}

static void
test_provider_bad_file (Fixture * f, gconstpointer data)
{
  GError *error = NULL;

  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (f->provider), &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_error_free (error);
  ask (f, 1, "goodbye");
  run (f);
  g_assert_cmpuint (f->n_failed, ==, 1);
  g_assert_cmpuint (f->n_done, ==, 0);
}

/* On the loop the file is read by a worker, and the answer waits for it. */
static void
test_provider_on_the_loop (Fixture * f, gconstpointer data)
{
  GMainContext *context = parley_loop_get_context (f->loop);
  const gchar *path = data;
  GError *error = NULL;

  g_main_context_acquire (context);
  g_assert_true (parley_provider_warm (PARLEY_PROVIDER (f->provider), &error));
  g_assert_no_error (error);
  if (path)
    g_assert_false (parley_provider_is_ready_in_loop (PARLEY_PROVIDER
            (f->provider)));
  ask (f, 1, "goodbye");
  while (f->n_done + f->n_failed == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (f->n_failed, ==, path ? 1 : 0);
  g_assert_true (parley_provider_is_ready_in_loop (PARLEY_PROVIDER
          (f->provider)));
  g_main_context_release (context);
}

#define ADD_PROVIDER_TEST(path, script, test) \
  g_test_add (path, Fixture, script, setup, test, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_PROVIDER_TEST ("/script/provider/streams", NULL, test_provider_streams);
  ADD_PROVIDER_TEST ("/script/provider/cancel", NULL, test_provider_cancel);
  ADD_PROVIDER_TEST ("/script/provider/cancel-while-streaming", NULL,
      test_provider_cancel_while_streaming);
  ADD_PROVIDER_TEST ("/script/provider/freed", NULL,
      test_provider_freed_while_streaming);
  ADD_PROVIDER_TEST ("/script/provider/bad-file", "/nonexistent.json",
      test_provider_bad_file);
  ADD_PROVIDER_TEST ("/script/provider/on-the-loop", NULL,
      test_provider_on_the_loop);
  ADD_PROVIDER_TEST ("/script/provider/bad-file-on-the-loop",
      "/nonexistent.json", test_provider_on_the_loop);
  return g_test_run ();
}
