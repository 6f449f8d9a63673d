/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cachedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/cachefile.h"

#define N_THREADS 2
#define TEMPORARY "tmp-"
#define NAME_LEN 64
/* Files larger than this are not ours. */
#define MAX_FILE (64 * 1024 * 1024)
/* Nobody writes one file for so long: its writer was killed. */
#define ABANDONED_S 60
/* What others wrote is seen after so much of the bound. */
#define LOOK_SHARE 16
/* When the bound is reached, so much of it stays. */
#define KEEP_SHARE(max) ((max) / 8 * 7)

struct _ParleyCacheDir
{
  ParleyCacheStore parent;
  gint fd;                      /* of the directory */
  gsize max_bytes;              /* 0: no bound */
  gint pending;                 /* atomic: tasks that wait */

  GMutex lock;                  /* guards the rest */
  gsize unseen;                 /* bytes written since the last look */
  ParleyCacheStoreStats stats;
};

G_DEFINE_FINAL_TYPE (ParleyCacheDir, parley_cache_dir, PARLEY_TYPE_CACHE_STORE);
G_DEFINE_QUARK (parley - cache - dir - error - quark, parley_cache_dir_error);

/* Tasks for the threads */

typedef struct _Task Task;
typedef void (*TaskFunc) (ParleyCacheDir * self, Task * task);

struct _Task
{
  ParleyCacheDir *self;
  TaskFunc func;
  ParleyCacheEntry *entry;      /* put */
  gchar *key;                   /* get */
  ParleyCacheMatch *match;      /* drop */
  ParleyLoop *loop;             /* or NULL */
  GCallback answer;
  gpointer data;
};

static void
task_free (Task * task)
{
  g_clear_pointer (&task->entry, parley_cache_entry_free);
  g_clear_pointer (&task->match, parley_cache_match_free);
  g_clear_object (&task->loop);
  g_object_unref (task->self);
  g_free (task->key);
  g_free (task);
}

static void
run_task (gpointer data, gpointer user_data)
{
  Task *task = data;

  g_atomic_int_add (&task->self->pending, -1);
  task->func (task->self, task);
  task_free (task);
}

static gpointer
pool_new (gpointer data)
{
  return g_thread_pool_new (run_task, NULL, N_THREADS, FALSE, NULL);
}

static GThreadPool *
get_pool (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, pool_new, NULL);
}

static Task *
task_new (gpointer self, TaskFunc func, ParleyLoop * loop, GCallback answer,
    gpointer data)
{
  Task *task = g_new0 (Task, 1);

  task->self = g_object_ref (self);
  task->func = func;
  task->loop = loop ? g_object_ref (loop) : NULL;
  task->answer = answer;
  task->data = data;
  return task;
}

/* Takes @task. */
static void
submit (Task * task)
{
  g_atomic_int_inc (&task->self->pending);
  g_thread_pool_push (get_pool (), task, NULL);
}

static gboolean
is_stuck (ParleyCacheDir * self)
{
  return g_atomic_int_get (&self->pending) >= PARLEY_CACHE_DIR_PENDING;
}

/* Counting */

static void
count (ParleyCacheDir * self, guint64 * counter)
{
  g_mutex_lock (&self->lock);
  ++*counter;
  g_mutex_unlock (&self->lock);
}

static void
count_gone (ParleyCacheDir * self, gsize size)
{
  g_mutex_lock (&self->lock);
  self->stats.bytes -= MIN (size, self->stats.bytes);
  self->stats.entries -= self->stats.entries > 0;
  g_mutex_unlock (&self->lock);
}

/* Files */

/* The key's: says nothing of it, and is no path. Transfer full. */
static gchar *
name_of (const gchar * key)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
}

static gboolean
is_name (const gchar * name)
{
  return strlen (name) == NAME_LEN
      && strspn (name, "0123456789abcdef") == NAME_LEN;
}

static void
remove_file (ParleyCacheDir * self, const gchar * name, gsize size)
{
  if (unlinkat (self->fd, name, 0) == 0)
    count_gone (self, size);
}

/* At most @max bytes; NULL: not to be read. */
static GByteArray *
read_all (gint fd, gsize max)
{
  GByteArray *data = g_byte_array_new ();
  gsize len = 0;
  gssize n;

  do {
    g_byte_array_set_size (data, MIN (len + 64 * 1024, max));
    n = TEMP_FAILURE_RETRY (read (fd, data->data + len, data->len - len));
    len += MAX (n, 0);
  } while (n > 0 && len < max);
  g_byte_array_set_size (data, len);
  if (n >= 0)
    return data;
  g_byte_array_unref (data);
  return NULL;
}

/* -1: there is none. */
static gint
open_file (ParleyCacheDir * self, const gchar * name, struct stat *info)
{
  gint fd = openat (self->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC
      | O_NONBLOCK);

  if (fd >= 0 && (fstat (fd, info) != 0 || !S_ISREG (info->st_mode)
          || info->st_size > MAX_FILE)) {
    close (fd);
    fd = -1;
  }
  return fd;
}

/* Looking one up */

/* @data: all of the file @name. */
static ParleyCacheEntry *
take_file (ParleyCacheDir * self, const gchar * name, GByteArray * data,
    const gchar * key)
{
  ParleyCacheEntry *entry = parley_cache_file_parse (data->data, data->len,
      g_get_real_time ());
  guint64 *why = NULL;

  if (!entry || strcmp (entry->key, key) != 0)
    why = &self->stats.damaged;
  else if (entry->left <= 0)
    why = &self->stats.expired;
  if (!why)
    return entry;
  count (self, why);
  remove_file (self, name, data->len);
  g_clear_pointer (&entry, parley_cache_entry_free);
  return NULL;
}

static ParleyCacheEntry *
read_entry (ParleyCacheDir * self, const gchar * key)
{
  static const struct timespec now[] = { {0, UTIME_NOW}, {0, UTIME_NOW} };
  gchar *name = name_of (key);
  ParleyCacheEntry *entry = NULL;
  GByteArray *data = NULL;
  struct stat info;
  gint fd = open_file (self, name, &info);

  if (fd >= 0)
    data = read_all (fd, MAX_FILE);
  if (data)
    entry = take_file (self, name, data, key);
  /* The order in which files make room. */
  if (entry)
    futimens (fd, now);
  if (fd >= 0)
    close (fd);
  g_clear_pointer (&data, g_byte_array_unref);
  g_free (name);
  return entry;
}

static void
run_get (ParleyCacheDir * self, Task * task)
{
  parley_cache_answer_got (task->loop, (ParleyCacheGotFunc) task->answer,
      read_entry (self, task->key), task->data);
}

static void
parley_cache_dir_get (ParleyCacheStore * store, const gchar * key,
    ParleyLoop * loop, ParleyCacheGotFunc func, gpointer data)
{
  ParleyCacheDir *self = PARLEY_CACHE_DIR (store);
  Task *task;

  if (is_stuck (self)) {
    count (self, &self->stats.failures);
    parley_cache_answer_got (loop, func, NULL, data);
    return;
  }
  task = task_new (self, run_get, loop, G_CALLBACK (func), data);
  task->key = g_strdup (key);
  submit (task);
}

/* Going over all of them */

typedef struct
{
  gchar name[NAME_LEN + 1];
  gsize size;
  struct timespec used;
} File;

/* Its writer may still be at work. */
static void
remove_if_abandoned (ParleyCacheDir * self, const gchar * name,
    const struct stat *info)
{
  if (g_str_has_prefix (name, TEMPORARY)
      && info->st_mtime + ABANDONED_S < g_get_real_time () / G_USEC_PER_SEC)
    unlinkat (self->fd, name, 0);
}

/* Of File. What a killed process left half written is removed. */
static GArray *
list_files (ParleyCacheDir * self)
{
  GArray *files = g_array_new (FALSE, FALSE, sizeof (File));
  gint fd = openat (self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *item;
  struct stat info;

  while (dir && (item = readdir (dir))) {
    if (fstatat (self->fd, item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0
        || !S_ISREG (info.st_mode))
      continue;
    if (is_name (item->d_name)) {
      File file = {.size = info.st_size,.used = info.st_mtim };

      memcpy (file.name, item->d_name, sizeof file.name);
      g_array_append_val (files, file);
    } else {
      remove_if_abandoned (self, item->d_name, &info);
    }
  }
  if (dir)
    closedir (dir);
  return files;
}

/* The entry of a file without its bytes, or NULL. */
static ParleyCacheEntry *
read_header (ParleyCacheDir * self, const File * file)
{
  struct stat info;
  gint fd = open_file (self, file->name, &info);
  ParleyCacheEntry *entry = NULL;
  GByteArray *data;

  if (fd < 0)
    return NULL;
  data = read_all (fd, PARLEY_CACHE_FILE_HEADER);
  if (data)
    entry = parley_cache_file_parse_header (data->data, data->len,
        info.st_size, g_get_real_time ());
  g_clear_pointer (&data, g_byte_array_unref);
  close (fd);
  return entry;
}

static void
run_list (ParleyCacheDir * self, Task * task)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_cache_entry_free);
  GArray *files = list_files (self);

  for (guint i = 0; i < files->len; i++) {
    ParleyCacheEntry *entry =
        read_header (self, &g_array_index (files, File, i));

    if (entry)
      g_ptr_array_add (entries, entry);
  }
  g_array_unref (files);
  parley_cache_answer_list (task->loop, (ParleyCacheListFunc) task->answer,
      entries, task->data);
}

static void
parley_cache_dir_list (ParleyCacheStore * store, ParleyLoop * loop,
    ParleyCacheListFunc func, gpointer data)
{
  submit (task_new (store, run_list, loop, G_CALLBACK (func), data));
}

static gboolean
is_everything (const ParleyCacheMatch * match)
{
  return !match->key && !match->prefix && match->older_than <= 0;
}

static void
run_drop (ParleyCacheDir * self, Task * task)
{
  GArray *files = list_files (self);
  guint n = 0;

  for (guint i = 0; i < files->len; i++) {
    File *file = &g_array_index (files, File, i);
    ParleyCacheEntry *entry = read_header (self, file);

    /* Damaged ones go with all others. */
    if (entry ? parley_cache_match_fits (task->match, entry->key, entry->age)
        : is_everything (task->match)) {
      remove_file (self, file->name, file->size);
      n++;
    }
    g_clear_pointer (&entry, parley_cache_entry_free);
  }
  g_array_unref (files);
  parley_cache_answer_drop (task->loop, (ParleyCacheDropFunc) task->answer, n,
      task->data);
}

static void
parley_cache_dir_drop (ParleyCacheStore * store,
    const ParleyCacheMatch * match, ParleyLoop * loop,
    ParleyCacheDropFunc func, gpointer data)
{
  Task *task = task_new (store, run_drop, loop, G_CALLBACK (func), data);

  task->match = parley_cache_match_copy (match);
  submit (task);
}

/* Making room */

static gint
compare_use (gconstpointer a, gconstpointer b)
{
  const struct timespec *x = &((const File *) a)->used;
  const struct timespec *y = &((const File *) b)->used;

  if (x->tv_sec != y->tv_sec)
    return x->tv_sec < y->tv_sec ? -1 : 1;
  return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

/* @files: with @bytes. */
static void
make_room (ParleyCacheDir * self, GArray * files, gsize bytes)
{
  gsize keep = KEEP_SHARE (self->max_bytes);

  g_array_sort (files, compare_use);
  for (guint i = 0; i < files->len && bytes > keep; i++) {
    File *file = &g_array_index (files, File, i);

    remove_file (self, file->name, file->size);
    count (self, &self->stats.evictions);
    bytes -= file->size;
  }
}

/* Sees what others wrote, too. */
static void
look (ParleyCacheDir * self)
{
  GArray *files;
  gsize bytes = 0;

  g_mutex_lock (&self->lock);
  self->unseen = 0;
  g_mutex_unlock (&self->lock);
  files = list_files (self);
  for (guint i = 0; i < files->len; i++)
    bytes += g_array_index (files, File, i).size;
  g_mutex_lock (&self->lock);
  self->stats.bytes = bytes;
  self->stats.entries = files->len;
  g_mutex_unlock (&self->lock);
  if (self->max_bytes && bytes > self->max_bytes)
    make_room (self, files, bytes);
  g_array_unref (files);
}

/* What nobody asks for any more would stay until it makes room. */
static void
remove_expired (ParleyCacheDir * self)
{
  GArray *files = list_files (self);

  for (guint i = 0; i < files->len; i++) {
    File *file = &g_array_index (files, File, i);
    ParleyCacheEntry *entry = read_header (self, file);

    if (entry && entry->left <= 0) {
      remove_file (self, file->name, file->size);
      count (self, &self->stats.expired);
    }
    g_clear_pointer (&entry, parley_cache_entry_free);
  }
  g_array_unref (files);
}

static void
run_begin (ParleyCacheDir * self, Task * task)
{
  look (self);
  remove_expired (self);
}

/* Writing */

static gboolean
write_all (gint fd, GBytes * bytes)
{
  gsize left;
  const guint8 *data = g_bytes_get_data (bytes, &left);

  while (left > 0) {
    gssize n = TEMP_FAILURE_RETRY (write (fd, data, left));

    if (n <= 0)
      return FALSE;
    data += n;
    left -= n;
  }
  return TRUE;
}

/* Whole under its name, or not at all. */
static gboolean
write_file (ParleyCacheDir * self, const gchar * name, GBytes * bytes)
{
  gchar *temporary = g_strdup_printf (TEMPORARY "%d-%08x%08x", (gint) getpid (),
      g_random_int (), g_random_int ());
  gint fd = openat (self->fd, temporary, O_WRONLY | O_CREAT | O_EXCL
      | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean ok = fd >= 0;

  if (ok) {
    ok = write_all (fd, bytes);
    ok &= close (fd) == 0;
    ok = ok && renameat (self->fd, temporary, self->fd, name) == 0;
    if (!ok)
      unlinkat (self->fd, temporary, 0);
  }
  g_free (temporary);
  return ok;
}

/* TRUE: it is time for a look. */
static gboolean
count_written (ParleyCacheDir * self, gsize size, gsize replaced)
{
  gboolean due;

  g_mutex_lock (&self->lock);
  self->stats.bytes += size - MIN (replaced, self->stats.bytes);
  self->stats.entries += replaced == 0;
  self->unseen += size;
  due = self->max_bytes && (self->stats.bytes > self->max_bytes
      || self->unseen > self->max_bytes / LOOK_SHARE);
  g_mutex_unlock (&self->lock);
  return due;
}

static void
run_put (ParleyCacheDir * self, Task * task)
{
  GBytes *bytes = parley_cache_file_build (task->entry, g_get_real_time ());
  gchar *name = name_of (task->entry->key);
  struct stat old = { 0 };
  gsize size = bytes ? g_bytes_get_size (bytes) : 0;

  fstatat (self->fd, name, &old, AT_SYMLINK_NOFOLLOW);
  if (!bytes || size > MAX_FILE || (self->max_bytes && size > self->max_bytes)
      || !write_file (self, name, bytes))
    count (self, &self->stats.failures);
  else if (count_written (self, size, old.st_size))
    look (self);
  g_free (name);
  g_clear_pointer (&bytes, g_bytes_unref);
}

static void
parley_cache_dir_put (ParleyCacheStore * store, const ParleyCacheEntry * entry)
{
  ParleyCacheDir *self = PARLEY_CACHE_DIR (store);
  Task *task;

  if (is_stuck (self)) {
    count (self, &self->stats.failures);
    return;
  }
  task = task_new (self, run_put, NULL, NULL, NULL);
  task->entry = parley_cache_entry_copy (entry);
  submit (task);
}

static void
parley_cache_dir_get_stats (ParleyCacheStore * store,
    ParleyCacheStoreStats * stats)
{
  ParleyCacheDir *self = PARLEY_CACHE_DIR (store);

  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

/* Life */

static gboolean
is_private (gint fd, const gchar * path, GError ** error)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && info.st_uid == geteuid ()
      && (info.st_mode & 077) == 0)
    return TRUE;
  g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0,
      "the cache directory %s must belong to this user alone; take another, "
      "or as its owner: chmod 700 '%s'", path, path);
  return FALSE;
}

ParleyCacheStore *
parley_cache_dir_open (const gchar * path, GError ** error)
{
  gint fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  ParleyCacheDir *self;

  if (fd < 0) {
    g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0,
        "the cache directory %s cannot be opened: %s", path,
        g_strerror (errno));
    return NULL;
  }
  if (!is_private (fd, path, error)) {
    close (fd);
    return NULL;
  }
  self = g_object_new (PARLEY_TYPE_CACHE_DIR, NULL);
  self->fd = fd;
  return PARLEY_CACHE_STORE (self);
}

ParleyCacheStore *
parley_cache_dir_new (const gchar * path, gsize max_bytes, GError ** error)
{
  ParleyCacheStore *store;

  if (g_mkdir_with_parents (path, 0700) != 0) {
    g_set_error (error, PARLEY_CACHE_DIR_ERROR, 0,
        "the cache directory %s cannot be made: %s", path, g_strerror (errno));
    return NULL;
  }
  store = parley_cache_dir_open (path, error);
  if (!store)
    return NULL;
  PARLEY_CACHE_DIR (store)->max_bytes = max_bytes;
  submit (task_new (store, run_begin, NULL, NULL, NULL));
  return store;
}

static void
parley_cache_dir_finalize (GObject * object)
{
  ParleyCacheDir *self = PARLEY_CACHE_DIR (object);

  close (self->fd);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (parley_cache_dir_parent_class)->finalize (object);
}

static void
parley_cache_dir_init (ParleyCacheDir * self)
{
  self->fd = -1;
  g_mutex_init (&self->lock);
}

static void
parley_cache_dir_class_init (ParleyCacheDirClass * klass)
{
  ParleyCacheStoreClass *store = PARLEY_CACHE_STORE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = parley_cache_dir_finalize;
  store->get = parley_cache_dir_get;
  store->put = parley_cache_dir_put;
  store->drop = parley_cache_dir_drop;
  store->list = parley_cache_dir_list;
  store->get_stats = parley_cache_dir_get_stats;
}
