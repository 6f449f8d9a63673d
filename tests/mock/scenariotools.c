/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenariotools.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#include "net/breaker.h"
#include "net/clock.h"

typedef struct
{
  gchar *name;
  gint64 us;
  gboolean safe;
  guint n_calls;
} Tool;

/* A call that waits for its time. */
typedef struct
{
  SoupServerMessage *message;   /* NULL: it is over */
  GSource *timer;
  gulong handler;
} Waiting;

static GPtrArray *tools;        /* of Tool */
static GPtrArray *waiting;      /* of Waiting */
static GSocket *listener;       /* of the file's port; or NULL */
static gchar *path;             /* of the file; or NULL */
static SoupServer *server;

static void
tool_free (gpointer data)
{
  g_free (((Tool *) data)->name);
  g_free (data);
}

static void
waiting_free (gpointer data)
{
  Waiting *self = data;

  parley_timer_clear (&self->timer);
  g_signal_handler_disconnect (self->message, self->handler);
  g_object_unref (self->message);
  g_free (self);
}

static Tool *
find (const gchar * name)
{
  for (guint i = 0; tools && i < tools->len; i++)
    if (strcmp (((Tool *) tools->pdata[i])->name, name) == 0)
      return tools->pdata[i];
  return NULL;
}

void
scenario_tools_reset (void)
{
  if (server)
    soup_server_disconnect (server);
  g_clear_object (&server);
  g_clear_pointer (&waiting, g_ptr_array_unref);
  g_clear_pointer (&tools, g_ptr_array_unref);
  g_clear_object (&listener);
  if (path)
    g_unlink (path);
  g_clear_pointer (&path, g_free);
}

void
scenario_tools_add (const gchar * name, gint64 us, gboolean safe)
{
  Tool *tool = g_new0 (Tool, 1);

  if (!tools)
    tools = g_ptr_array_new_with_free_func (tool_free);
  tool->name = g_strdup (name);
  tool->us = us;
  tool->safe = safe;
  g_ptr_array_add (tools, tool);
}

guint
scenario_tools_count (const gchar * name)
{
  Tool *tool = find (name);

  return tool ? tool->n_calls : 0;
}

/* The file */

static guint
listen_somewhere (void)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (listener, address, FALSE, &error);
  g_assert_no_error (error);
  g_socket_listen (listener, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (listener, &error);
  g_assert_no_error (error);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

static gchar *
make_json (guint port)
{
  GString *json = g_string_new ("{\"tools\": [");

  for (guint i = 0; i < tools->len; i++) {
    const Tool *tool = tools->pdata[i];

    g_string_append_printf (json, "%s{\"name\": \"%s\", \"description\": "
        "\"Of a scenario.\", \"safe\": %s, \"webhook\": "
        "{\"url\": \"http://127.0.0.1:%u/%s\"}}", i ? ", " : "", tool->name,
        tool->safe ? "true" : "false", port, tool->name);
  }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}

const gchar *
scenario_tools_get_file (void)
{
  g_autofree gchar *json = NULL;
  g_autoptr (GError) error = NULL;
  gint fd;

  if (!tools || path)
    return path;
  json = make_json (listen_somewhere ());
  fd = g_file_open_tmp ("parley-scenario-XXXXXX.json", &path, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, json, -1, &error);
  g_assert_no_error (error);
  return path;
}

/* The server */

static void
answer (Waiting * self)
{
  SoupServerMessage *message = g_object_ref (self->message);

  g_ptr_array_remove_fast (waiting, self);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "application/json",
      SOUP_MEMORY_STATIC, "{\"done\":true}", strlen ("{\"done\":true}"));
  soup_server_message_unpause (message);
  g_object_unref (message);
}

static gboolean
on_due (gpointer data)
{
  answer (data);
  return G_SOURCE_REMOVE;
}

/* Nobody waits for it any more. */
static void
on_disconnected (SoupServerMessage * message, gpointer data)
{
  g_ptr_array_remove_fast (waiting, data);
}

static void
on_request (SoupServer * soup, SoupServerMessage * message,
    const char *request, GHashTable * query, gpointer data)
{
  Tool *tool = find (request + 1);
  Waiting *self;

  if (!tool) {
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
    return;
  }
  tool->n_calls++;
  self = g_new0 (Waiting, 1);
  self->message = g_object_ref (message);
  self->handler = g_signal_connect (message, "disconnected",
      G_CALLBACK (on_disconnected), self);
  self->timer = parley_timer_new (parley_clock_now () + tool->us);
  g_source_set_callback (self->timer, on_due, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  g_ptr_array_add (waiting, self);
  soup_server_message_pause (message);
}

void
scenario_tools_serve (void)
{
  g_autoptr (GError) error = NULL;

  if (!path)
    return;
  waiting = g_ptr_array_new_with_free_func (waiting_free);
  server = soup_server_new (NULL, NULL);
  soup_server_add_handler (server, NULL, on_request, NULL, NULL);
  soup_server_listen_socket (server, listener, 0, &error);
  g_assert_no_error (error);
}

void
scenario_tools_hurry (void)
{
  while (waiting && waiting->len)
    answer (waiting->pdata[0]);
  scenario_tools_settle ();
}

/* Calls that somebody waits for. */
static guint
count_calls (void)
{
  g_autoptr (GPtrArray) all = parley_breaker_list ();
  guint n = 0;

  for (guint i = 0; i < all->len; i++) {
    ParleyBreakerStats stats;

    if (!g_str_has_prefix (parley_breaker_get_name (all->pdata[i]), "tool "))
      continue;
    parley_breaker_get_stats (all->pdata[i], &stats);
    n += stats.in_flight + stats.waiting;
  }
  return n;
}

void
scenario_tools_settle (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  while (server && count_calls () > waiting->len)
    g_main_context_iteration (context, TRUE);
}
