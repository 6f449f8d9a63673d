/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/livecount.h"

#include <malloc.h>

#define MAX_WATCHED 16

/* Of the address sanitizer, which has a heap of its own. */
gsize __sanitizer_get_current_allocated_bytes (void) __attribute__((weak));

typedef struct
{
  GType type;
  gint alive;                   /* atomic */
  void (*constructed) (GObject * object);
  void (*finalize) (GObject * object);
} Watched;

static Watched watched[MAX_WATCHED];
static guint n_watched;

static Watched *
find (GType type)
{
  for (guint i = 0; i < n_watched; i++)
    if (watched[i].type == type)
      return &watched[i];
  g_assert_not_reached ();
}

static void
count_constructed (GObject * object)
{
  Watched *self = find (G_OBJECT_TYPE (object));

  g_atomic_int_inc (&self->alive);
  self->constructed (object);
}

static void
count_finalize (GObject * object)
{
  Watched *self = find (G_OBJECT_TYPE (object));

  self->finalize (object);
  g_atomic_int_add (&self->alive, -1);
}

void
livecount_watch (GType type)
{
  GObjectClass *klass = g_type_class_ref (type);
  Watched *self = &watched[n_watched++];

  g_assert_cmpuint (n_watched, <=, MAX_WATCHED);
  self->type = type;
  self->alive = 0;
  self->constructed = klass->constructed;
  self->finalize = klass->finalize;
  klass->constructed = count_constructed;
  klass->finalize = count_finalize;
}

gint
livecount_get (GType type)
{
  return g_atomic_int_get (&find (type)->alive);
}

guint
livecount_descriptors (void)
{
  GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n - 1;                 /* without the one that looks */
}

gsize
livecount_bytes (void)
{
  struct mallinfo2 info;

  if (__sanitizer_get_current_allocated_bytes)
    return __sanitizer_get_current_allocated_bytes ();
  info = mallinfo2 ();
  return info.uordblks + info.hblkhd;
}
