/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/transcript.h"

#include <string.h>

#include "cardmask.h"

typedef struct
{
  gint64 ms;
  guint turn;                   /* the caller's */
  guint64 epoch;                /* the agent's; 0: the caller's */
  gboolean whole;
  gchar *text;
} Entry;

struct _ParleyTranscript
{
  GArray *entries;              /* of Entry */
  gsize bytes;
};

static void
entry_clear (gpointer data)
{
  g_free (((Entry *) data)->text);
}

ParleyTranscript *
parley_transcript_new (void)
{
  ParleyTranscript *self = g_new0 (ParleyTranscript, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->entries, entry_clear);
  return self;
}

void
parley_transcript_free (ParleyTranscript * self)
{
  g_array_unref (self->entries);
  g_free (self);
}

static gboolean
has_room (ParleyTranscript * self, const gchar * text)
{
  return self->entries->len < PARLEY_TRANSCRIPT_MAX_ENTRIES
      && self->bytes + strlen (text) <= PARLEY_TRANSCRIPT_MAX_BYTES;
}

static void
set_text (ParleyTranscript * self, Entry * entry, const gchar * text)
{
  self->bytes -= entry->text ? strlen (entry->text) : 0;
  self->bytes += strlen (text);
  g_free (entry->text);
  entry->text = g_strdelimit (g_strdup (text), "\n", ' ');
}

static void
append (ParleyTranscript * self, Entry entry, const gchar * text)
{
  if (!*text || !has_room (self, text))
    return;
  set_text (self, &entry, text);
  g_array_append_val (self->entries, entry);
}

void
parley_transcript_add_caller (ParleyTranscript * self, guint turn,
    const gchar * text, gint64 ms)
{
  append (self, (Entry) {
      .ms = ms,.turn = turn}, text);
}

void
parley_transcript_add_heard (ParleyTranscript * self, guint64 epoch,
    const gchar * text, gboolean done, gint64 ms)
{
  for (guint i = self->entries->len; i > 0; i--) {
    Entry *entry = &g_array_index (self->entries, Entry, i - 1);

    if (entry->epoch != epoch)
      continue;
    entry->whole |= done;
    if (has_room (self, text))
      set_text (self, entry, text);
    return;
  }
  append (self, (Entry) {
      .ms = ms,.epoch = epoch,.whole = done}
      , text);
}

/* JSON */

/* The texts of the caller, or else of the agent, a line each, with cards
 * hidden: also those that were read in several turns. */
static gchar **
mask_side (ParleyTranscript * self, gboolean agent)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree gchar *masked = NULL;

  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = &g_array_index (self->entries, Entry, i);

    if ((entry->epoch != 0) == agent)
      g_string_append_printf (all, "%s\n", entry->text);
  }
  masked = parley_card_mask (all->str);
  return g_strsplit (masked, "\n", -1);
}

static JsonObject *
entry_to_json (const Entry * entry, const gchar * text)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "role",
      entry->epoch ? "agent" : "caller");
  json_object_set_int_member (object, "ms", entry->ms);
  if (entry->epoch) {
    json_object_set_int_member (object, "reply", entry->epoch);
    json_object_set_boolean_member (object, "whole", entry->whole);
  } else {
    json_object_set_int_member (object, "turn", entry->turn);
  }
  json_object_set_string_member (object, "text", text);
  return object;
}

JsonArray *
parley_transcript_to_json (ParleyTranscript * self, gboolean mask)
{
  JsonArray *array = json_array_new ();
  g_auto (GStrv) caller = mask_side (self, FALSE);
  g_auto (GStrv) agent = mask_side (self, TRUE);
  gchar **next[] = { caller, agent };

  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = &g_array_index (self->entries, Entry, i);
    const gchar *masked = *next[entry->epoch != 0]++;

    json_array_add_object_element (array, entry_to_json (entry,
            mask ? masked : entry->text));
  }
  return array;
}
