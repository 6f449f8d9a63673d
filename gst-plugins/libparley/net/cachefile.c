/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cachefile.h"

#include <string.h>

#define MAGIC "parley-cache-1"
#define SUM_LEN 32
/* Of the header, without the key. */
#define NUMBERS_LEN 128

enum
{
  FIELD_MAGIC,
  FIELD_RANK,
  FIELD_CREATED,                /* µs since 1970 */
  FIELD_EXPIRES,                /* 0: never */
  FIELD_SIZE,
  FIELD_KEY,                    /* the rest of the line */
  N_FIELDS
};

static void
sum_of (const guint8 * data, gsize len, guint8 * sum)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize sum_len = SUM_LEN;

  g_checksum_update (checksum, data, len);
  g_checksum_get_digest (checksum, sum, &sum_len);
  g_checksum_free (checksum);
}

GBytes *
parley_cache_file_build (const ParleyCacheEntry * entry, gint64 now)
{
  GByteArray *file;
  gchar *header;
  gsize len;
  const guint8 *data = g_bytes_get_data (entry->bytes, &len);
  gint64 expires = entry->left < G_MAXINT64 - now ? now + entry->left : 0;
  guint8 sum[SUM_LEN];

  if (strlen (entry->key) > PARLEY_CACHE_FILE_HEADER - NUMBERS_LEN
      || strchr (entry->key, '\n'))
    return NULL;
  header = g_strdup_printf (MAGIC " %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
      " %" G_GSIZE_FORMAT " %s\n", entry->rank, now, expires, len, entry->key);
  file = g_byte_array_new ();
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  g_byte_array_append (file, data, len);
  sum_of (file->data, file->len, sum);
  g_byte_array_append (file, sum, SUM_LEN);
  g_free (header);
  return g_byte_array_free_to_bytes (file);
}

static gboolean
get_number (const gchar * text, gint64 max, gint64 * number)
{
  return g_ascii_string_to_signed (text, 10, 0, max, number, NULL);
}

static ParleyCacheEntry *
take_fields (gchar ** fields, gint64 now)
{
  ParleyCacheEntry entry = { 0 };
  gint64 rank, created, expires, size;

  if (g_strv_length (fields) != N_FIELDS
      || strcmp (fields[FIELD_MAGIC], MAGIC) != 0
      || !get_number (fields[FIELD_RANK], PARLEY_CACHE_FIXED, &rank)
      || !get_number (fields[FIELD_CREATED], G_MAXINT64, &created)
      || !get_number (fields[FIELD_EXPIRES], G_MAXINT64, &expires)
      || !get_number (fields[FIELD_SIZE], G_MAXINT64, &size))
    return NULL;
  entry.key = fields[FIELD_KEY];
  entry.size = size;
  entry.rank = rank;
  entry.age = MAX (now - created, 0);
  entry.left = expires ? expires - now : G_MAXINT64;
  return parley_cache_entry_copy (&entry);
}

/* @header_len: with the line's end. */
static ParleyCacheEntry *
parse_header (const guint8 * data, gsize len, gsize size, gint64 now,
    gsize * header_len)
{
  const guint8 *end = len == 0 ? NULL
      : memchr (data, '\n', MIN (len, PARLEY_CACHE_FILE_HEADER));
  ParleyCacheEntry *entry;
  gchar *line, **fields;

  if (!end)
    return NULL;
  *header_len = end + 1 - data;
  line = g_strndup ((const gchar *) data, end - data);
  fields = g_strsplit (line, " ", N_FIELDS);
  entry = take_fields (fields, now);
  g_strfreev (fields);
  g_free (line);
  if (entry && (size < *header_len + SUM_LEN
          || entry->size != size - *header_len - SUM_LEN))
    g_clear_pointer (&entry, parley_cache_entry_free);
  return entry;
}

ParleyCacheEntry *
parley_cache_file_parse_header (const guint8 * data, gsize len, gsize size,
    gint64 now)
{
  gsize header_len;

  return parse_header (data, len, size, now, &header_len);
}

ParleyCacheEntry *
parley_cache_file_parse (const guint8 * data, gsize len, gint64 now)
{
  gsize header_len;
  ParleyCacheEntry *entry = parse_header (data, len, len, now, &header_len);
  guint8 sum[SUM_LEN];

  if (!entry)
    return NULL;
  sum_of (data, len - SUM_LEN, sum);
  if (memcmp (sum, data + len - SUM_LEN, SUM_LEN) != 0) {
    parley_cache_entry_free (entry);
    return NULL;
  }
  entry->bytes = g_bytes_new (data + header_len, entry->size);
  return entry;
}
