/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The input of a fuzz target, under the name that libFuzzer looks for. Returns
 * 0; a fault is a failed assertion or a sanitizer's report. */
int LLVMFuzzerTestOneInput (const guint8 * data, gsize size);

/* Good inputs to begin from, NULL at the end; NUL-terminated. */
extern const gchar *const fuzz_seeds[];
