/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/cacheadmin.h"

#include "net/caches.h"
#include "server/answer.h"

static void
drop (ParleyCacheKind kind, const gchar * where, ParleyCache * cache,
    gpointer data)
{
  ParleyCacheStore *behind = parley_cache_get_behind (cache);

  parley_cache_store_drop (parley_cache_get_memory (cache), data, NULL, NULL,
      NULL);
  if (behind)
    parley_cache_store_drop (behind, data, NULL, NULL, NULL);
}

/* FALSE: it says what nobody understands. */
static gboolean
take_query (GHashTable * query, ParleyCacheMatch * match)
{
  const gchar *seconds = g_hash_table_lookup (query, "older-than");
  guint64 number = 0;

  match->key = g_hash_table_lookup (query, "key");
  match->prefix = g_hash_table_lookup (query, "prefix");
  if (seconds && !g_ascii_string_to_unsigned (seconds, 10, 0,
          G_MAXINT64 / G_TIME_SPAN_SECOND, &number, NULL))
    return FALSE;
  match->older_than = number * G_TIME_SPAN_SECOND;
  return TRUE;
}

void
parley_cache_admin_drop_in_loop (SoupServerMessage * message)
{
  const gchar *text = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) query = soup_form_decode (text ? text : "");
  ParleyCacheMatch match = { 0 };

  if (!take_query (query, &match)) {
    parley_answer_text_in_loop (message, SOUP_STATUS_BAD_REQUEST,
        PARLEY_TYPE_TEXT, g_strdup ("older-than takes seconds.\n"));
    return;
  }
  parley_caches_for_each (drop, &match);
  parley_answer_text_in_loop (message, SOUP_STATUS_ACCEPTED, PARLEY_TYPE_JSON,
      g_strdup ("{\"status\":\"ok\"}\n"));
}
