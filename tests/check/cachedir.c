/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stores of a cache: what memory and directory have in common, and what a
 * directory has to stand: other processes, killed ones, damage, foreign files.
 * Run as "check-cachedir --writer PATH" it is such another process. */
#include "net/cachedir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "net/caches.h"
#include "net/cachememory.h"

#define SIZE 1000
#define MANY (1024 * 1024)
#define MINUTE G_TIME_SPAN_MINUTE

typedef struct
{
  gchar *base;
  gchar *path;                  /* of the store */
  ParleyLoop *loop;
  ParleyCacheStore *store;
  gboolean answered;
  ParleyCacheEntry *entry;
  GPtrArray *entries;
  guint n;
} Rig;

static const gchar *program;

static void
remove_all (const gchar * path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    gchar *file = g_build_filename (path, name, NULL);

    if (g_unlink (file) != 0)
      remove_all (file);
    g_free (file);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

static void
open_dir (Rig * rig, gsize max_bytes)
{
  GError *error = NULL;

  g_clear_object (&rig->store);
  rig->store = parley_cache_dir_new (rig->path, max_bytes, &error);
  g_assert_no_error (error);
}

static void
setup (Rig * rig, gconstpointer data)
{
  rig->base = g_dir_make_tmp ("cachedir-XXXXXX", NULL);
  rig->path = g_build_filename (rig->base, "a", "b", NULL);
  rig->loop = parley_loop_new (NULL);
  if (GPOINTER_TO_INT (data))
    rig->store = PARLEY_CACHE_STORE (parley_cache_memory_new (MANY));
  else
    open_dir (rig, MANY);
}

static void
teardown (Rig * rig, gconstpointer data)
{
  g_clear_pointer (&rig->entry, parley_cache_entry_free);
  g_clear_pointer (&rig->entries, g_ptr_array_unref);
  g_clear_object (&rig->store);
  g_object_unref (rig->loop);
  remove_all (rig->base);
  g_free (rig->path);
  g_free (rig->base);
}

/* Waits for one answer; what was asked before it is done by then, for the most
 * part: two threads work. */
static void
await (Rig * rig)
{
  while (!rig->answered)
    g_main_context_iteration (parley_loop_get_context (rig->loop), TRUE);
  rig->answered = FALSE;
}

static void
got (const ParleyCacheEntry * entry, gpointer data)
{
  Rig *rig = data;

  g_assert_true (parley_loop_is_current (rig->loop));
  g_clear_pointer (&rig->entry, parley_cache_entry_free);
  rig->entry = entry ? parley_cache_entry_copy (entry) : NULL;
  rig->answered = TRUE;
}

static gboolean
get (Rig * rig, const gchar * key)
{
  parley_cache_store_get (rig->store, key, rig->loop, got, rig);
  g_assert_false (rig->answered);
  await (rig);
  return rig->entry != NULL;
}

static void
listed (GPtrArray * entries, gpointer data)
{
  Rig *rig = data;

  g_clear_pointer (&rig->entries, g_ptr_array_unref);
  rig->entries = g_ptr_array_ref (entries);
  rig->answered = TRUE;
}

static guint
list (Rig * rig)
{
  parley_cache_store_list (rig->store, rig->loop, listed, rig);
  await (rig);
  return rig->entries->len;
}

static void
dropped (guint n, gpointer data)
{
  Rig *rig = data;

  rig->n = n;
  rig->answered = TRUE;
}

static guint
drop (Rig * rig, const gchar * key, const gchar * prefix, gint64 older_than)
{
  ParleyCacheMatch match = { key, prefix, older_than };

  parley_cache_store_drop (rig->store, &match, rig->loop, dropped, rig);
  await (rig);
  return rig->n;
}

static void
put_only (ParleyCacheStore * store, const gchar * key, gsize size, gint64 left)
{
  guint8 *data = g_malloc (size);
  ParleyCacheEntry entry = {.key = key,.size = size,.left = left };

  memset (data, key[strlen (key) - 1], size);
  entry.bytes = g_bytes_new_take (data, size);
  parley_cache_store_put (store, &entry);
  g_bytes_unref (entry.bytes);
}

static ParleyCacheStoreStats
stats_of (Rig * rig)
{
  ParleyCacheStoreStats stats;

  parley_cache_store_get_stats (rig->store, &stats);
  return stats;
}

/* Until it is there; for as long as it takes. */
static void
put (Rig * rig, const gchar * key, gsize size)
{
  put_only (rig->store, key, size, MINUTE);
  while (!get (rig, key))
    g_thread_yield ();
}

static void
assert_whole (Rig * rig, const gchar * key, gsize size)
{
  gsize len;
  const gchar *data = g_bytes_get_data (rig->entry->bytes, &len);

  g_assert_cmpstr (rig->entry->key, ==, key);
  g_assert_cmpuint (len, ==, size);
  for (gsize i = 0; i < len; i++)
    g_assert_cmpint (data[i], ==, key[strlen (key) - 1]);
}

/* Of both kinds */

static void
put_and_get (Rig * rig, gconstpointer data)
{
  g_assert_false (get (rig, "a/b/ x"));
  put (rig, "a/b/ x", SIZE);
  assert_whole (rig, "a/b/ x", SIZE);
  g_assert_cmpint (rig->entry->left, <=, MINUTE);
  g_assert_cmpint (rig->entry->rank, ==, PARLEY_CACHE_REPLY);
  put (rig, "a/b/ x", SIZE / 2);
  while (rig->entry->size != SIZE / 2)
    g_assert_true (get (rig, "a/b/ x"));
  assert_whole (rig, "a/b/ x", SIZE / 2);
  g_assert_cmpuint (stats_of (rig).entries, ==, 1);
}

static void
too_old (Rig * rig, gconstpointer data)
{
  put (rig, "a", SIZE);
  put_only (rig->store, "a", SIZE, 0);
  while (get (rig, "a"))
    g_thread_yield ();
  g_assert_cmpuint (list (rig), ==, 0);
}

static void
list_all (Rig * rig, gconstpointer data)
{
  guint64 sum = 0;

  put (rig, "one a", 10);
  put (rig, "two b", 20);
  g_assert_cmpuint (list (rig), ==, 2);
  for (guint i = 0; i < 2; i++) {
    ParleyCacheEntry *entry = g_ptr_array_index (rig->entries, i);

    g_assert_true (g_str_equal (entry->key, "one a")
        || g_str_equal (entry->key, "two b"));
    g_assert_null (entry->bytes);
    sum += entry->size;
  }
  g_assert_cmpuint (sum, ==, 30);
}

static void
drop_by_key_prefix_and_age (Rig * rig, gconstpointer data)
{
  put (rig, "one/x a", SIZE);
  put (rig, "one/y b", SIZE);
  put (rig, "two/x c", SIZE);
  put (rig, "two/x d", SIZE);
  g_assert_cmpuint (drop (rig, NULL, NULL, G_TIME_SPAN_DAY), ==, 0);
  g_assert_cmpuint (drop (rig, "b", "two", 0), ==, 0);
  g_assert_cmpuint (drop (rig, NULL, "one/", 0), ==, 2);
  g_assert_cmpuint (drop (rig, "c", NULL, 0), ==, 1);
  g_assert_cmpuint (drop (rig, "two/x d", NULL, 0), ==, 1);
  g_assert_cmpuint (stats_of (rig).entries, ==, 0);
  put (rig, "e", SIZE);
  g_assert_cmpuint (drop (rig, NULL, NULL, 0), ==, 1);
  g_assert_false (get (rig, "e"));
  g_assert_cmpuint (stats_of (rig).bytes, ==, 0);
}

static void
bound (Rig * rig, gconstpointer data)
{
  for (guint i = 0; i < 100; i++) {
    gchar *key = g_strdup_printf ("key %u", i);

    put (rig, key, MANY / 20);
    g_assert_cmpuint (stats_of (rig).bytes, <=, MANY * 5 / 4);
    g_free (key);
  }
  g_assert_cmpuint (stats_of (rig).evictions, >=, 79);
  g_assert_true (get (rig, "key 99"));
  g_assert_false (get (rig, "key 0"));
  g_assert_cmpuint (list (rig), <=, 20);
}

/* Directories */

/* The one file in it; transfer full. */
static gchar *
only_file (Rig * rig)
{
  GDir *dir = g_dir_open (rig->path, 0, NULL);
  gchar *file = g_build_filename (rig->path, g_dir_read_name (dir), NULL);

  g_assert_null (g_dir_read_name (dir));
  g_dir_close (dir);
  return file;
}

static void
outlives_the_process (Rig * rig, gconstpointer data)
{
  put (rig, "a", SIZE);
  open_dir (rig, MANY);
  g_assert_true (get (rig, "a"));
  assert_whole (rig, "a", SIZE);
}

/* Until all that it was asked for is done. */
static void
close_dir (Rig * rig)
{
  GWeakRef weak;
  gpointer store;

  g_weak_ref_init (&weak, rig->store);
  g_clear_object (&rig->store);
  while ((store = g_weak_ref_get (&weak))) {
    g_object_unref (store);
    g_thread_yield ();
  }
  g_weak_ref_clear (&weak);
}

static void
expired_files_go_at_the_start (Rig * rig, gconstpointer data)
{
  close_dir (rig);
  rig->store = parley_cache_dir_open (rig->path, NULL);
  put_only (rig->store, "old", SIZE, 0);
  put_only (rig->store, "good", SIZE, MINUTE);
  close_dir (rig);
  open_dir (rig, MANY);
  while (stats_of (rig).expired < 1)
    g_thread_yield ();
  g_assert_cmpuint (list (rig), ==, 1);
  g_assert_true (get (rig, "good"));
  g_assert_cmpuint (stats_of (rig).entries, ==, 1);
}

static void
names_and_modes_tell_nothing (Rig * rig, gconstpointer data)
{
  gchar *file, *name;
  GStatBuf info;

  put (rig, "../../outside a\tsecret", SIZE);
  file = only_file (rig);
  name = g_path_get_basename (file);
  g_assert_cmpuint (strspn (name, "0123456789abcdef"), ==, 64);
  g_assert_cmpuint (strlen (name), ==, 64);
  g_assert_cmpint (g_stat (file, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (rig->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_free (name);
  g_free (file);
}

static void
keys_that_are_no_line (Rig * rig, gconstpointer data)
{
  gchar *big = g_strnfill (5000, 'k');

  put_only (rig->store, "two\nlines", SIZE, MINUTE);
  put_only (rig->store, big, SIZE, MINUTE);
  while (stats_of (rig).failures < 2)
    g_thread_yield ();
  g_assert_cmpuint (list (rig), ==, 0);
  g_free (big);
}

/* Each byte once, and each length. */
static void
damage (Rig * rig, gconstpointer data)
{
  gchar *file, *whole;
  gsize len;

  put (rig, "a", 20);
  file = only_file (rig);
  g_assert_true (g_file_get_contents (file, &whole, &len, NULL));
  for (gsize i = 0; i < 2 * len; i++) {
    gchar *copy = g_memdup2 (whole, len);

    if (i < len)
      copy[i] ^= 1;
    g_assert_true (g_file_set_contents_full (file, copy,
            i < len ? len : i - len, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_false (get (rig, "a"));
    g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
    g_free (copy);
  }
  g_assert_cmpuint (stats_of (rig).damaged + stats_of (rig).expired, ==,
      2 * len);
  put (rig, "a", 20);
  g_free (whole);
  g_free (file);
}

/* A file that was given another's name. */
static void
exchanged_files (Rig * rig, gconstpointer data)
{
  gchar *a, *b;

  put (rig, "a", SIZE);
  a = only_file (rig);
  b = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "b", -1);
  {
    gchar *to = g_build_filename (rig->path, b, NULL);

    g_assert_cmpint (g_rename (a, to), ==, 0);
    g_free (to);
  }
  g_assert_false (get (rig, "b"));
  g_assert_cmpuint (stats_of (rig).damaged, ==, 1);
  g_free (a);
  g_free (b);
}

/* Links and directories under an entry's name lead nowhere. */
static void
links_are_not_followed (Rig * rig, gconstpointer data)
{
  gchar *name = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "a", -1);
  gchar *file, *elsewhere = g_build_filename (rig->base, "else", NULL);
  gchar *link = g_build_filename (rig->path, name, NULL);
  GStatBuf info;

  put (rig, "a", SIZE);
  file = only_file (rig);
  g_assert_cmpint (g_rename (file, elsewhere), ==, 0);
  g_assert_cmpint (symlink (elsewhere, link), ==, 0);
  g_assert_false (get (rig, "a"));
  /* Writing takes the link's place and leaves its target. */
  put (rig, "a", SIZE / 2);
  g_assert_cmpint (g_lstat (link, &info), ==, 0);
  g_assert_true (S_ISREG (info.st_mode));
  g_assert_cmpint (g_stat (elsewhere, &info), ==, 0);
  g_assert_cmpint (info.st_size, >, SIZE);
  g_free (name);
  g_free (file);
  g_free (elsewhere);
  g_free (link);
}

static void
assert_refused (const gchar * path, const gchar * why)
{
  GError *error = NULL;

  g_assert_null (parley_cache_dir_new (path, MANY, &error));
  g_assert_error (error, PARLEY_CACHE_DIR_ERROR, 0);
  g_assert_nonnull (strstr (error->message, why));
  g_assert_nonnull (strstr (error->message, path));
  g_error_free (error);
}

static void
open_to_others (Rig * rig, gconstpointer data)
{
  gchar *link = g_build_filename (rig->base, "link", NULL);
  gchar *file = g_build_filename (rig->base, "file", NULL);

  g_assert_cmpint (symlink (rig->path, link), ==, 0);
  assert_refused (link, "cannot be opened");
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  assert_refused (file, "cannot be");
  g_assert_cmpint (g_chmod (rig->path, 0750), ==, 0);
  assert_refused (rig->path, "chmod 700");
  g_free (link);
  g_free (file);
}

static void
left_over_files (Rig * rig, gconstpointer data)
{
  gchar *old = g_build_filename (rig->path, "tmp-1-old", NULL);
  gchar *fresh = g_build_filename (rig->path, "tmp-2-fresh", NULL);
  gchar *foreign = g_build_filename (rig->path, "README", NULL);
  struct timespec times[2] = { {.tv_sec = 1}, {.tv_sec = 1} };

  g_assert_true (g_file_set_contents (old, "x", 1, NULL));
  g_assert_true (g_file_set_contents (fresh, "x", 1, NULL));
  g_assert_true (g_file_set_contents (foreign, "x", 1, NULL));
  g_assert_cmpint (utimensat (AT_FDCWD, old, times, 0), ==, 0);
  g_assert_cmpint (utimensat (AT_FDCWD, foreign, times, 0), ==, 0);
  g_assert_cmpuint (list (rig), ==, 0);
  g_assert_false (g_file_test (old, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fresh, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  g_free (old);
  g_free (fresh);
  g_free (foreign);
}

/* Using one keeps it. */
static void
least_recently_used_goes_first (Rig * rig, gconstpointer data)
{
  put (rig, "keep a", MANY / 20);
  for (guint i = 0; i < 60; i++) {
    gchar *key = g_strdup_printf ("other %u", i);

    put (rig, key, MANY / 20);
    g_assert_true (get (rig, "keep a"));
    g_free (key);
  }
}

static void
directory_that_went_away (Rig * rig, gconstpointer data)
{
  put (rig, "a", SIZE);
  remove_all (rig->path);
  g_assert_false (get (rig, "a"));
  put_only (rig->store, "b", SIZE, MINUTE);
  while (stats_of (rig).failures == 0)
    g_thread_yield ();
  g_assert_cmpuint (list (rig), ==, 0);
}

/* Other processes */

static gsize
bytes_in (const gchar * path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  gsize sum = 0;

  while ((name = g_dir_read_name (dir))) {
    gchar *file = g_build_filename (path, name, NULL);
    GStatBuf info = { 0 };

    if (!g_str_has_prefix (name, "tmp-") && g_stat (file, &info) == 0)
      sum += info.st_size;
    g_free (file);
  }
  g_dir_close (dir);
  return sum;
}

#define WRITER_KEYS 40
#define SHARED (4 * MANY)

/* Writes for ever. */
static gint
writer (const gchar * path)
{
  ParleyCacheStore *store = parley_cache_dir_new (path, SHARED, NULL);

  for (guint i = 0;; i++) {
    gchar *key = g_strdup_printf ("writer %u", i % WRITER_KEYS);

    put_only (store, key, MANY / 40 + i % 100, MINUTE);
    g_usleep (200);
    g_free (key);
  }
  return 0;
}

static GPid
start_writer (Rig * rig)
{
  const gchar *argv[] = { program, "--writer", rig->path, NULL };
  GError *error = NULL;
  GPid pid;

  g_spawn_async (NULL, (gchar **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
      NULL, &pid, &error);
  g_assert_no_error (error);
  return pid;
}

static void
kill_writer (GPid pid)
{
  gint status;

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
}

static void
two_processes (Rig * rig, gconstpointer data)
{
  GPid pid = start_writer (rig);

  open_dir (rig, SHARED);
  for (guint i = 0; i < 4 * WRITER_KEYS; i++) {
    gchar *own = g_strdup_printf ("own %u", i);
    gchar *others = g_strdup_printf ("writer %u", i % WRITER_KEYS);

    /* The other one may have taken its room. */
    do
      put_only (rig->store, own, MANY / 40, MINUTE);
    while (!get (rig, own));
    assert_whole (rig, own, MANY / 40);
    while (!get (rig, others))
      g_thread_yield ();
    assert_whole (rig, others, rig->entry->size);
    g_free (own);
    g_free (others);
  }
  kill_writer (pid);
  g_assert_cmpuint (stats_of (rig).damaged, ==, 0);
  close_dir (rig);
  g_assert_cmpuint (bytes_in (rig->path), <=, SHARED * 5 / 4);
}

static gboolean
has_half_written (Rig * rig)
{
  GDir *dir = g_dir_open (rig->path, 0, NULL);
  const gchar *name;
  gboolean found = FALSE;

  while ((name = g_dir_read_name (dir)))
    found |= g_str_has_prefix (name, "tmp-");
  g_dir_close (dir);
  return found;
}

/* Killed with kill -9, each time while a file was being written. */
static void
killed_while_writing (Rig * rig, gconstpointer data)
{
  for (guint i = 0; i < 10; i++) {
    GPid pid = start_writer (rig);

    while (!has_half_written (rig));
    kill_writer (pid);
    for (guint j = 0; j < WRITER_KEYS; j++) {
      gchar *key = g_strdup_printf ("writer %u", j);

      if (get (rig, key))
        assert_whole (rig, key, rig->entry->size);
      g_free (key);
    }
  }
  g_assert_cmpuint (stats_of (rig).damaged, ==, 0);
  put (rig, "goes on", SIZE);
}

/* Caches that pipelines name */

static void
caches_of_the_process (Rig * rig, gconstpointer data)
{
  gchar *where = g_strconcat ("dir:", rig->path, NULL);
  ParleyCache *cache, *again;
  GError *error = NULL;

  g_assert_true (parley_caches_open (PARLEY_CACHE_SPEECH, where, 0, &cache,
          &error));
  g_assert_no_error (error);
  g_assert_true (parley_caches_open (PARLEY_CACHE_SPEECH, where, 0, &again,
          NULL));
  g_assert_true (cache == again);
  g_assert_true (parley_caches_open (PARLEY_CACHE_ANSWERS, where, 0, &again,
          NULL));
  g_assert_true (cache != again);
  g_assert_true (parley_caches_open (PARLEY_CACHE_SPEECH, "off", 0, &cache,
          NULL));
  g_assert_null (cache);
  g_assert_false (parley_caches_open (PARLEY_CACHE_SPEECH, "disk", 0, &cache,
          &error));
  g_assert_nonnull (strstr (error->message, "dir:PATH"));
  g_clear_error (&error);
  g_assert_false (parley_caches_open (PARLEY_CACHE_SPEECH, "dir:/proc/x", 0,
          &cache, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_free (where);
}

#define ADD(name, func) \
    g_test_add ("/cachedir/" name, Rig, NULL, setup, func, teardown)
#define ADD_BOTH(name, func) \
    g_test_add ("/cachestore/memory/" name, Rig, GINT_TO_POINTER (1), setup, \
        func, teardown); \
    g_test_add ("/cachestore/dir/" name, Rig, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  program = argv[0];
  if (argc == 3 && strcmp (argv[1], "--writer") == 0)
    return writer (argv[2]);
  g_test_init (&argc, &argv, NULL);
  ADD_BOTH ("put-and-get", put_and_get);
  ADD_BOTH ("too-old", too_old);
  ADD_BOTH ("list", list_all);
  ADD_BOTH ("drop", drop_by_key_prefix_and_age);
  ADD_BOTH ("bound", bound);
  ADD ("outlives-the-process", outlives_the_process);
  ADD ("expired-files", expired_files_go_at_the_start);
  ADD ("names-and-modes", names_and_modes_tell_nothing);
  ADD ("keys-that-are-no-line", keys_that_are_no_line);
  ADD ("damage", damage);
  ADD ("exchanged-files", exchanged_files);
  ADD ("links-are-not-followed", links_are_not_followed);
  ADD ("open-to-others", open_to_others);
  ADD ("left-over-files", left_over_files);
  ADD ("least-recently-used", least_recently_used_goes_first);
  ADD ("directory-that-went-away", directory_that_went_away);
  ADD ("two-processes", two_processes);
  ADD ("killed-while-writing", killed_while_writing);
  ADD ("caches-of-the-process", caches_of_the_process);
  return g_test_run ();
}
