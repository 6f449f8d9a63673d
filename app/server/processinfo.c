/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/processinfo.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static gdouble
resident_bytes (void)
{
  g_autofree gchar *text = NULL;
  unsigned long size, resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL)
      || sscanf (text, "%lu %lu", &size, &resident) != 2)
    return 0;
  return (gdouble) resident *sysconf (_SC_PAGESIZE);
}

static guint
count_descriptors (void)
{
  GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  if (!dir)
    return 0;
  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n - 1;                 /* that of the folder itself */
}

static gdouble
seconds (const struct timeval *time)
{
  return time->tv_sec + time->tv_usec / 1e6;
}

void
parley_process_info_read (ParleyProcessInfo * info)
{
  struct rlimit limit = { 0 };
  struct rusage usage = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  getrusage (RUSAGE_SELF, &usage);
  info->resident_bytes = resident_bytes ();
  info->open_descriptors = count_descriptors ();
  info->max_descriptors = limit.rlim_cur;
  info->cpu_seconds = seconds (&usage.ru_utime) + seconds (&usage.ru_stime);
}
