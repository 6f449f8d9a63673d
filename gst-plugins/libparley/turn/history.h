/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What was said and heard in a conversation, as a language model wants it. A
 * reply counts as far as the caller heard it, never more.
 *
 * Pure; one thread at a time. */

typedef enum
{
  PARLEY_ROLE_SYSTEM,
  PARLEY_ROLE_USER,
  PARLEY_ROLE_ASSISTANT
} ParleyRole;

typedef struct
{
  ParleyRole role;
  gchar *text;
} ParleyMessage;

ParleyMessage *parley_message_new (ParleyRole role, const gchar * text);
void parley_message_free (ParleyMessage * message);

typedef struct _ParleyHistory ParleyHistory;

/* @system: the system prompt, or NULL. */
ParleyHistory *parley_history_new (const gchar * system);
void parley_history_free (ParleyHistory * history);

void parley_history_add_user (ParleyHistory * history, const gchar * text);
/* @text is all that was heard of the reply @epoch so far. A reply's message
 * stands where it was first heard. */
void parley_history_heard (ParleyHistory * history, guint64 epoch,
    const gchar * text);

/* The messages so far, oldest first (of ParleyMessage), @user behind them where
 * it is not NULL. Transfer full. */
GPtrArray *parley_history_messages (ParleyHistory * history,
    const gchar * user);

G_END_DECLS
