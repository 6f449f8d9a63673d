/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/history.h"

typedef struct
{
  guint64 epoch;                /* of a reply, else 0 */
  ParleyRole role;
  gchar *text;
} Entry;

struct _ParleyHistory
{
  GArray *entries;
};

ParleyMessage *
parley_message_new (ParleyRole role, const gchar * text)
{
  ParleyMessage *message = g_new (ParleyMessage, 1);

  message->role = role;
  message->text = g_strdup (text);
  return message;
}

void
parley_message_free (ParleyMessage * message)
{
  g_free (message->text);
  g_free (message);
}

static void
entry_clear (gpointer data)
{
  g_free (((Entry *) data)->text);
}

static void
append (ParleyHistory * self, guint64 epoch, ParleyRole role,
    const gchar * text)
{
  Entry entry = { epoch, role, g_strdup (text) };

  g_array_append_val (self->entries, entry);
}

ParleyHistory *
parley_history_new (const gchar * system)
{
  ParleyHistory *self = g_new0 (ParleyHistory, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->entries, entry_clear);
  if (system && *system)
    append (self, 0, PARLEY_ROLE_SYSTEM, system);
  return self;
}

void
parley_history_free (ParleyHistory * self)
{
  g_array_unref (self->entries);
  g_free (self);
}

void
parley_history_add_user (ParleyHistory * self, const gchar * text)
{
  append (self, 0, PARLEY_ROLE_USER, text);
}

void
parley_history_heard (ParleyHistory * self, guint64 epoch, const gchar * text)
{
  for (guint i = self->entries->len; i > 0; i--) {
    Entry *entry = &g_array_index (self->entries, Entry, i - 1);

    if (entry->epoch == epoch) {
      g_free (entry->text);
      entry->text = g_strdup (text);
      return;
    }
  }
  if (*text)
    append (self, epoch, PARLEY_ROLE_ASSISTANT, text);
}

GPtrArray *
parley_history_messages (ParleyHistory * self, const gchar * user)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_message_free);

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = &g_array_index (self->entries, Entry, i);
    g_ptr_array_add (messages, parley_message_new (entry->role, entry->text));
  }
  if (user)
    g_ptr_array_add (messages, parley_message_new (PARLEY_ROLE_USER, user));
  return messages;
}
