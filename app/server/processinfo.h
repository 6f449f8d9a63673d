/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gdouble resident_bytes;
  guint open_descriptors;
  guint64 max_descriptors;
  gdouble cpu_seconds;          /* user and system, of all threads */
} ParleyProcessInfo;

/* Of this process, from /proc: not on a loop. What cannot be read is 0. */
void parley_process_info_read (ParleyProcessInfo * info);

G_END_DECLS
