/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who decides that the caller has finished. vadendpoint numbers turns and takes
 * in any case, and a turn begins with what it hears; who recognises tells it
 * what he thinks of the end. */

typedef enum
{
  PARLEY_ENDPOINTING_LOCAL,     /* vadendpoint, by silence */
  PARLEY_ENDPOINTING_PROVIDER,  /* who recognises, if he hears words */
  PARLEY_ENDPOINTING_BOTH       /* whoever is first */
} ParleyEndpointing;

/* What who recognises tells of a turn. */
typedef enum
{
  PARLEY_STT_HEARS,             /* words: it is a turn */
  PARLEY_STT_MAY_END,           /* it may be over: what there is may be
                                 * answered, but not told */
  PARLEY_STT_GOES_ON,           /* it was not */
  PARLEY_STT_ENDS               /* it is over */
} ParleySttEndpoint;

/* "local", "provider", "both". */
const gchar *parley_endpointing_to_string (ParleyEndpointing endpointing);
/* FALSE for another text; NULL is "local". */
gboolean parley_endpointing_from_string (const gchar * text,
    ParleyEndpointing * endpointing);

G_END_DECLS
