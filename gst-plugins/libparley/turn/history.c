/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/history.h"

#include <string.h>

typedef struct
{
  guint64 epoch;                /* of a reply, else 0 */
  ParleyMessage *message;       /* a result that is missing has no text */
  gchar *said;                  /* of a reply with calls: what it had said when
                                 * they were answered; NULL: they are not */
} Entry;

struct _ParleyHistory
{
  GArray *entries;
};

/* Messages */

ParleyToolCall *
parley_tool_call_new (const gchar * id, const gchar * name,
    const gchar * arguments)
{
  ParleyToolCall *call = g_new (ParleyToolCall, 1);

  call->id = g_strdup (id);
  call->name = g_strdup (name);
  call->arguments = g_strdup (arguments);
  return call;
}

ParleyToolCall *
parley_tool_call_copy (const ParleyToolCall * call)
{
  return parley_tool_call_new (call->id, call->name, call->arguments);
}

void
parley_tool_call_free (ParleyToolCall * call)
{
  g_free (call->id);
  g_free (call->name);
  g_free (call->arguments);
  g_free (call);
}

ParleyMessage *
parley_message_new (ParleyRole role, const gchar * text)
{
  ParleyMessage *message = g_new0 (ParleyMessage, 1);

  message->role = role;
  message->text = g_strdup (text);
  return message;
}

static gpointer
copy_call (gconstpointer call, gpointer data)
{
  return parley_tool_call_copy (call);
}

ParleyMessage *
parley_message_new_calls (const gchar * text, GPtrArray * calls)
{
  ParleyMessage *message = parley_message_new (PARLEY_ROLE_ASSISTANT, text);

  message->calls = g_ptr_array_copy (calls, copy_call, NULL);
  g_ptr_array_set_free_func (message->calls,
      (GDestroyNotify) parley_tool_call_free);
  return message;
}

ParleyMessage *
parley_message_new_result (const gchar * call, const gchar * text)
{
  ParleyMessage *message = parley_message_new (PARLEY_ROLE_TOOL, text);

  message->call = g_strdup (call);
  return message;
}

void
parley_message_free (ParleyMessage * message)
{
  g_clear_pointer (&message->calls, g_ptr_array_unref);
  g_free (message->call);
  g_free (message->text);
  g_free (message);
}

static ParleyMessage *
copy_message (const ParleyMessage * message)
{
  if (message->calls)
    return parley_message_new_calls (message->text, message->calls);
  if (message->call)
    return parley_message_new_result (message->call,
        message->text ? message->text : PARLEY_HISTORY_PENDING);
  return parley_message_new (message->role, message->text);
}

/* The history */

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  parley_message_free (entry->message);
  g_free (entry->said);
}

/* Takes @message. */
static void
append (ParleyHistory * self, guint64 epoch, ParleyMessage * message)
{
  Entry entry = { epoch, message, NULL };

  g_array_append_val (self->entries, entry);
}

ParleyHistory *
parley_history_new (const gchar * system)
{
  ParleyHistory *self = g_new0 (ParleyHistory, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->entries, entry_clear);
  if (system && *system)
    append (self, 0, parley_message_new (PARLEY_ROLE_SYSTEM, system));
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
  append (self, 0, parley_message_new (PARLEY_ROLE_USER, text));
}

static gboolean
is_said (const Entry * entry, guint64 epoch)
{
  return entry->epoch == epoch && entry->message->role == PARLEY_ROLE_ASSISTANT;
}

static void
set_text (Entry * entry, const gchar * text, gsize len)
{
  g_free (entry->message->text);
  entry->message->text = g_strstrip (g_strndup (text, len));
}

/* A reply with calls has a message for what was said before each of them, and
 * one for the rest. */
void
parley_history_heard (ParleyHistory * self, guint64 epoch, const gchar * text)
{
  const gchar *rest = text;
  gsize done;

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = &g_array_index (self->entries, Entry, i);

    if (!is_said (entry, epoch))
      continue;
    done = rest - text;
    if (!entry->said || strlen (entry->said) < done
        || !g_str_has_prefix (text, entry->said)) {
      set_text (entry, rest, strlen (rest));
      return;
    }
    set_text (entry, rest, strlen (entry->said) - done);
    rest = text + strlen (entry->said);
  }
  rest += strspn (rest, " ");
  if (*rest)
    append (self, epoch, parley_message_new (PARLEY_ROLE_ASSISTANT, rest));
}

/* The reply's last message, if nothing was called after it. */
static Entry *
find_open (ParleyHistory * self, guint64 epoch)
{
  for (guint i = self->entries->len; i > 0; i--) {
    Entry *entry = &g_array_index (self->entries, Entry, i - 1);

    if (is_said (entry, epoch))
      return entry->message->calls ? NULL : entry;
  }
  return NULL;
}

void
parley_history_add_calls (ParleyHistory * self, guint64 epoch,
    GPtrArray * calls)
{
  Entry *open = find_open (self, epoch);
  ParleyMessage *message = parley_message_new_calls (open
      ? open->message->text : "", calls);
  guint at = open ? open - (Entry *) self->entries->data + 1
      : self->entries->len + 1;

  if (open) {
    parley_message_free (open->message);
    open->message = message;
  } else {
    append (self, epoch, message);
  }
  for (guint i = 0; i < calls->len; i++) {
    ParleyToolCall *call = g_ptr_array_index (calls, i);
    Entry entry = { epoch, parley_message_new_result (call->id, NULL), NULL };

    g_array_insert_val (self->entries, at + i, entry);
  }
}

void
parley_history_set_result (ParleyHistory * self, guint64 epoch,
    const gchar * id, const gchar * text)
{
  for (guint i = self->entries->len; i > 0; i--) {
    Entry *entry = &g_array_index (self->entries, Entry, i - 1);

    if (entry->epoch == epoch && g_strcmp0 (entry->message->call, id) == 0) {
      g_free (entry->message->text);
      entry->message->text = g_strdup (text);
      return;
    }
  }
}

void
parley_history_end_calls (ParleyHistory * self, guint64 epoch,
    const gchar * said)
{
  for (guint i = self->entries->len; i > 0; i--) {
    Entry *entry = &g_array_index (self->entries, Entry, i - 1);

    if (is_said (entry, epoch)) {
      if (entry->message->calls && !entry->said)
        entry->said = g_strdup (said);
      return;
    }
  }
}

GPtrArray *
parley_history_messages (ParleyHistory * self, const gchar * user)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_message_free);

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = &g_array_index (self->entries, Entry, i);

    g_ptr_array_add (messages, copy_message (entry->message));
  }
  if (user)
    g_ptr_array_add (messages, parley_message_new (PARLEY_ROLE_USER, user));
  return messages;
}
