/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>
#include <string.h>

#include "jsontext.h"
#include "net/cachedir.h"
#include "net/caches.h"
#include "verbs.h"

static const char description[] =
    "PATH is what stands after dir: in cache=dir:PATH. It lists or drops what "
    "lies there,\nwhoever uses it meanwhile; a running server still has its "
    "own memory. drop with the\nURL of a server drops from its memory and its "
    "directories.\n\n"
    "An entry fits when all that is asked for fits. AGE is a number with s, m, "
    "h or d:\n  parley cache list /var/cache/parley --prefix elevenlabs/\n"
    "  parley cache drop /var/cache/parley --older-than 7d\n"
    "  parley cache drop http://127.0.0.1:8080 --all\n\n"
    "Keys are PROVIDER/VOICE/MODEL and a hash; the hash alone names an entry, "
    "too.\n";

typedef struct
{
  gchar *key;
  gchar *prefix;
  gchar *older_than;
  gchar *token_env;
  gboolean all;
  gboolean json;
  ParleyCacheMatch match;
} Options;

/* Ages */

static const struct
{
  gchar unit;
  gint64 us;
} units[] = {
  {'d', G_TIME_SPAN_DAY},
  {'h', G_TIME_SPAN_HOUR},
  {'m', G_TIME_SPAN_MINUTE},
  {'s', G_TIME_SPAN_SECOND}
};

static gboolean
parse_age (const gchar * text, gint64 * us)
{
  gchar *end;
  gint64 number = g_ascii_strtoll (text, &end, 10);

  if (end == text || number < 0 || number > 100000 || !end[0] || end[1])
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++) {
    if (units[i].unit != *end)
      continue;
    *us = number * units[i].us;
    return TRUE;
  }
  return FALSE;
}

/* In its largest unit; transfer full. */
static gchar *
age_to_text (gint64 us)
{
  guint i = 0;

  if (us == G_MAXINT64)
    return g_strdup ("-");
  while (i < G_N_ELEMENTS (units) - 1 && us < units[i].us)
    i++;
  return g_strdup_printf ("%" G_GINT64_FORMAT "%c", us / units[i].us,
      units[i].unit);
}

/* Directories */

typedef struct
{
  const Options *options;
  gboolean drop;
  gboolean done;                /* what was asked for last */
  guint n;                      /* entries that fit */
  guint64 bytes;
  const gchar *name;            /* of the present kind */
  JsonArray *array;
} Work;

static gint
compare_age (gconstpointer a, gconstpointer b)
{
  gint64 x = (*(ParleyCacheEntry * const *) a)->age;
  gint64 y = (*(ParleyCacheEntry * const *) b)->age;

  return x < y ? -1 : x > y;
}

static void
print_entry (Work * work, const ParleyCacheEntry * entry)
{
  g_autofree gchar *age = age_to_text (entry->age);
  g_autofree gchar *left = age_to_text (MAX (entry->left, 0));

  g_print ("%-8s %9" G_GSIZE_FORMAT " %6s %6s  %s\n", work->name, entry->size,
      age, left, entry->key);
}

static void
add_entry (Work * work, const ParleyCacheEntry * entry)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "cache", work->name);
  json_object_set_string_member (object, "key", entry->key);
  json_object_set_int_member (object, "bytes", entry->size);
  json_object_set_int_member (object, "age_s", entry->age / G_TIME_SPAN_SECOND);
  if (entry->left != G_MAXINT64)
    json_object_set_int_member (object, "left_s",
        MAX (entry->left, 0) / G_TIME_SPAN_SECOND);
  json_object_set_boolean_member (object, "fixed",
      entry->rank == PARLEY_CACHE_FIXED);
  json_array_add_object_element (work->array, object);
}

static void
listed (GPtrArray * entries, gpointer data)
{
  Work *work = data;

  g_ptr_array_sort (entries, compare_age);
  for (guint i = 0; i < entries->len; i++) {
    ParleyCacheEntry *entry = g_ptr_array_index (entries, i);

    if (!parley_cache_match_fits (&work->options->match, entry->key,
            entry->age))
      continue;
    work->n++;
    work->bytes += entry->size;
    if (work->array)
      add_entry (work, entry);
    else
      print_entry (work, entry);
  }
  work->done = TRUE;
}

static void
dropped (guint n, gpointer data)
{
  Work *work = data;

  work->n += n;
  work->done = TRUE;
}

static gboolean
work_on (Work * work, const gchar * path, GError ** error)
{
  g_autoptr (ParleyCacheStore) store = parley_cache_dir_open (path, error);
  g_autoptr (ParleyLoop) loop = NULL;

  if (!store)
    return FALSE;
  loop = parley_loop_new (NULL);
  work->done = FALSE;
  if (work->drop)
    parley_cache_store_drop (store, &work->options->match, loop, dropped, work);
  else
    parley_cache_store_list (store, loop, listed, work);
  while (!work->done)
    g_main_context_iteration (parley_loop_get_context (loop), TRUE);
  return TRUE;
}

static void
print_result (Work * work)
{
  if (work->array) {
    g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
    g_autofree gchar *text = NULL;

    json_node_set_array (node, work->array);
    text = parley_json_to_text (node, TRUE);
    g_print ("%s\n", text);
  } else if (work->drop) {
    g_print ("%u dropped\n", work->n);
  } else {
    g_print ("%u entries, %.1f MiB\n", work->n,
        work->bytes / (1024.0 * 1024.0));
  }
}

static gboolean
run_dir (const Options * options, gboolean drop, const gchar * path,
    GError ** error)
{
  g_autoptr (JsonArray) array = options->json && !drop ? json_array_new ()
      : NULL;
  Work work = {.options = options,.drop = drop,.array = array };
  guint n_found = 0;

  for (guint i = 0; i < PARLEY_N_CACHE_KINDS; i++) {
    g_autofree gchar *own = NULL;

    work.name = parley_cache_kind_to_string (i);
    own = g_build_filename (path, work.name, NULL);
    if (!g_file_test (own, G_FILE_TEST_EXISTS))
      continue;
    n_found++;
    if (!work_on (&work, own, error))
      return FALSE;
  }
  if (n_found > 0) {
    print_result (&work);
    return TRUE;
  }
  g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0, "there is no cache in %s; "
      "name what stands after dir: in cache=", path);
  return FALSE;
}

/* A running server */

static gboolean
is_url (const gchar * word)
{
  return g_str_has_prefix (word, "http://")
      || g_str_has_prefix (word, "https://");
}

static gchar *
drop_url (const Options * options, const gchar * server)
{
  GString *url = g_string_new (server);

  if (g_str_has_suffix (url->str, "/"))
    g_string_truncate (url, url->len - 1);
  g_string_append_printf (url, "/cache?older-than=%" G_GINT64_FORMAT,
      options->match.older_than / G_TIME_SPAN_SECOND);
  if (options->key)
    g_string_append_uri_escaped (g_string_append (url, "&key="), options->key,
        NULL, TRUE);
  if (options->prefix)
    g_string_append_uri_escaped (g_string_append (url, "&prefix="),
        options->prefix, NULL, TRUE);
  return g_string_free (url, FALSE);
}

static gboolean
add_token (SoupMessage * message, const gchar * name, GError ** error)
{
  const gchar *token = name ? g_getenv (name) : NULL;
  g_autofree gchar *value = NULL;

  if (!name)
    return TRUE;
  if (!token) {
    g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0,
        "the environment variable %s is not set", name);
    return FALSE;
  }
  value = g_strconcat ("Bearer ", token, NULL);
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Authorization", value);
  return TRUE;
}

static gboolean
drop_from_server (const Options * options, const gchar * server,
    GError ** error)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree gchar *url = drop_url (options, server);
  g_autoptr (SoupMessage) message = soup_message_new ("DELETE", url);
  g_autoptr (GBytes) body = NULL;

  if (!message) {
    g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0, "%s is no address", server);
    return FALSE;
  }
  if (!add_token (message, options->token_env, error))
    return FALSE;
  body = soup_session_send_and_read (session, message, NULL, error);
  if (!body)
    return FALSE;
  if (SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message))) {
    g_print ("the server drops what fits\n");
    return TRUE;
  }
  g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0, "the server answered %u: %.*s",
      soup_message_get_status (message), (gint) g_bytes_get_size (body),
      (const gchar *) g_bytes_get_data (body, NULL));
  g_strchomp ((*error)->message);
  return FALSE;
}

/* The verb */

static int
run (Options * options, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean drop = argc > 1 && strcmp (argv[1], "drop") == 0;
  gboolean ok;

  if (argc < 2 || (!drop && strcmp (argv[1], "list") != 0))
    return parley_usage_error ("say what to do: list or drop");
  if (argc < 3)
    return parley_usage_error ("name the directory of the cache");
  if (options->older_than
      && !parse_age (options->older_than, &options->match.older_than))
    return parley_usage_error ("--older-than takes a number with s, m, h or d, "
        "such as 7d");
  if (drop && !options->all && !options->key && !options->prefix
      && !options->older_than)
    return parley_usage_error ("say what to drop: --key, --prefix, "
        "--older-than or --all");
  options->match.key = options->key;
  options->match.prefix = options->prefix;
  if (!drop && is_url (argv[2]))
    return parley_usage_error ("a server's cache is not listed; its numbers "
        "are in /metrics");
  ok = is_url (argv[2]) ? drop_from_server (options, argv[2], &error)
      : run_dir (options, drop, argv[2], &error);
  if (ok)
    return 0;
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  return 1;
}

int
parley_verb_cache (int argc, char **argv)
{
  Options options = { 0 };
  GOptionEntry entries[] = {
    {"key", 0, 0, G_OPTION_ARG_STRING, &options.key,
        "the entry with this key or hash", "KEY"},
    {"prefix", 0, 0, G_OPTION_ARG_STRING, &options.prefix,
        "entries whose key begins so", "TEXT"},
    {"older-than", 0, 0, G_OPTION_ARG_STRING, &options.older_than,
        "entries that are so old", "AGE"},
    {"all", 0, 0, G_OPTION_ARG_NONE, &options.all, "drop everything", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "list as JSON", NULL},
    {"admin-token-env", 0, 0, G_OPTION_ARG_STRING, &options.token_env,
        "the environment variable with the server's token", "NAME"},
    {NULL}
  };
  GOptionContext *context =
      g_option_context_new ("list PATH | drop PATH | drop URL");
  int status = PARLEY_EXIT_USAGE;

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (parley_verb_parse (context, &argc, &argv, 2))
    status = run (&options, argc, argv);
  g_free (options.key);
  g_free (options.prefix);
  g_free (options.older_than);
  g_free (options.token_env);
  return status;
}
