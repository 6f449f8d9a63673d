/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "net/loop.h"

G_BEGIN_DECLS

/* An answer to a request that is made somewhere else than on the loop of its
 * connection, and later. The client may have gone by then. */

typedef struct _ParleyAnswer ParleyAnswer;

/* The loop of the pool that calls this; NULL on another thread. Borrowed. */
ParleyLoop *parley_answer_current_loop (void);

/* On the loop of the request, which waits from now on. Give it, once. */
ParleyAnswer *parley_answer_begin_in_loop (SoupServerMessage * message);
/* Borrowed. */
ParleyLoop *parley_answer_get_loop (ParleyAnswer * answer);
/* Any thread: answers, and frees @answer. @type: such as "application/json";
 * @text: transfer full. */
void parley_answer_give (ParleyAnswer * answer, guint status,
    const gchar * type, gchar * text);

/* At once, on the loop of the request. @text: transfer full. */
void parley_answer_text_in_loop (SoupServerMessage * message, guint status,
    const gchar * type, gchar * text);

#define PARLEY_TYPE_TEXT "text/plain; charset=utf-8"
#define PARLEY_TYPE_JSON "application/json"

G_END_DECLS
