/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/llm/phrase.h"
#include "providers/llm/script.h"

G_BEGIN_DECLS

#define PARLEY_SCRIPT_START "start"

typedef struct
{
  gchar *name;
  gchar **states;               /* where it is understood; NULL: everywhere */
  GPtrArray *phrases;           /* of ParleyPhrase */
  gchar **replies;
  gchar *tool;                  /* asked before the reply; NULL: none */
  gchar **failed;               /* the replies if it failed; NULL: fallback */
  gchar *next;                  /* NULL: the state stays */
  gboolean hang_up;
  gboolean repeat;              /* says the last reply again */
} ParleyScriptIntent;

struct _ParleyScript
{
  gatomicrefcount ref_count;
  GPtrArray *kinds;             /* of ParleySlotKind */
  GPtrArray *intents;           /* of ParleyScriptIntent, in file order */
  GHashTable *states;           /* name → fallback (gchar **), NULL: global */
  gchar **fallback;
  gchar *greeting;              /* or NULL */
};

/* The name in "${name}" at @p, transfer full; NULL: something else is there.
 * @end: behind it. */
gchar *parley_script_reference (const gchar * p, const gchar ** end);

G_END_DECLS
