/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/svg.h"

#include "net/clock.h"

#define PROGRAM "dot"
/* Processes at once. */
#define MAX_RUNNING 2
#define TIMEOUT_US (10 * G_TIME_SPAN_SECOND)

#define TEXT_MISSING "Graphviz is not installed, so there is no SVG. Install " \
    "it (on Debian: apt install graphviz), or leave out format=svg to get " \
    "the dot text.\n"
#define TEXT_BUSY "Other graphs are being drawn. Ask again.\n"
#define TEXT_FAILED "Graphviz did not draw the graph. Leave out format=svg " \
    "to get the dot text.\n"

typedef struct
{
  ParleyAnswer *answer;
  ParleyLoop *loop;             /* of the answer; borrowed */
  gchar *dot;
  GSubprocess *process;         /* NULL: it could not be started */
  gboolean missing;
  GSource *timer;
} Drawing;

static gint n_running;          /* atomic */

static void
give (Drawing * self, guint status, const gchar * type, gchar * text)
{
  parley_timer_clear (&self->timer);
  parley_answer_give (self->answer, status, type, text);
  g_clear_object (&self->process);
  g_free (self->dot);
  g_free (self);
  g_atomic_int_add (&n_running, -1);
}

static gboolean
too_late (gpointer data)
{
  g_subprocess_force_exit (((Drawing *) data)->process);
  return G_SOURCE_REMOVE;
}

static void
drawn (GObject * process, GAsyncResult * result, gpointer data)
{
  Drawing *self = data;
  gchar *svg = NULL;

  if (g_subprocess_communicate_utf8_finish (self->process, result, &svg, NULL,
          NULL) && g_subprocess_get_successful (self->process)) {
    give (self, SOUP_STATUS_OK, "image/svg+xml", svg);
  } else {
    g_free (svg);
    give (self, SOUP_STATUS_INTERNAL_SERVER_ERROR, PARLEY_TYPE_TEXT,
        g_strdup (TEXT_FAILED));
  }
}

/* On the loop of the answer. */
static void
started (gpointer data)
{
  Drawing *self = data;
  GMainContext *context = parley_loop_get_context (self->loop);

  if (!self->process) {
    give (self, self->missing ? SOUP_STATUS_NOT_IMPLEMENTED
        : SOUP_STATUS_INTERNAL_SERVER_ERROR, PARLEY_TYPE_TEXT,
        g_strdup (self->missing ? TEXT_MISSING : TEXT_FAILED));
    return;
  }
  self->timer = parley_loop_add_timer (self->loop,
      parley_clock_now () + TIMEOUT_US, too_late, self);
  g_main_context_push_thread_default (context);
  g_subprocess_communicate_utf8_async (self->process, self->dot, NULL, drawn,
      self);
  g_main_context_pop_thread_default (context);
}

/* On a worker: a process with much memory takes its time to start another. It
 * gets none of the keys in our environment. */
static void
start (gpointer data)
{
  Drawing *self = data;
  g_autofree gchar *program = g_find_program_in_path (PROGRAM);
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_auto (GStrv) environment = NULL;

  self->missing = program == NULL;
  if (self->missing)
    return;
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
      | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  environment = g_environ_setenv (NULL, "PATH", g_getenv ("PATH"), TRUE);
  g_subprocess_launcher_set_environ (launcher, environment);
  self->process = g_subprocess_launcher_spawn (launcher, NULL, program,
      "-Tsvg", NULL);
}

void
parley_svg_answer (ParleyAnswer * answer, gchar * dot)
{
  Drawing *self = g_new0 (Drawing, 1);

  self->answer = answer;
  self->loop = parley_answer_get_loop (answer);
  self->dot = dot;
  if (g_atomic_int_add (&n_running, 1) >= MAX_RUNNING)
    give (self, SOUP_STATUS_SERVICE_UNAVAILABLE, PARLEY_TYPE_TEXT,
        g_strdup (TEXT_BUSY));
  else
    parley_work_submit (self->loop, start, started, self);
}
