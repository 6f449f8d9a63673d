/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The functions that a language model may call, from a JSON file; docs/tools.md
 * describes it.
 *
 * They never change once they are loaded: any thread may use them. The values
 * of environment variables are taken when the file is read; those of headers
 * are secrets. */

typedef enum
{
  PARLEY_TOOL_WEBHOOK,          /* an HTTP request */
  PARLEY_TOOL_HANG_UP,          /* ends the call after the last word */
  PARLEY_TOOL_TRANSFER,         /* Twilio: the caller is put through */
  PARLEY_TOOL_SEND_MESSAGE      /* Twilio: a text message */
} ParleyToolKind;

typedef struct
{
  gchar *name;
  gchar *value;                 /* or what comes before the secret */
  gchar *secret;                /* NULL: none */
} ParleyToolHeader;

typedef struct
{
  gchar *name;                  /* letters, digits, _ and - */
  gchar *description;
  JsonNode *parameters;         /* a JSON schema: an object's */
  ParleyToolKind kind;
  gboolean safe;                /* without effects: may run on a guess */
  gint64 timeout;               /* µs */

  /* A webhook, and where Twilio's REST is. */
  gchar *method;                /* "POST" */
  gchar *url;                   /* may hold %{…} */
  GPtrArray *headers;           /* of ParleyToolHeader */
  gchar *signing_key;           /* NULL: not signed */

  /* Twilio. */
  gchar *account;
  gchar *token;
  GHashTable *numbers;          /* what the model says → number; NULL: one */
  gchar *number;                /* the only one; may hold %{…} */
  gchar *from;                  /* the sender, or the caller ID; NULL: none */
} ParleyTool;

typedef struct _ParleyTools ParleyTools;

/* What parley_text_file_load() has read of @path, without looking at the file.
 * NULL without @error: it was never read; with PARLEY_PROVIDER_ERROR_SETTINGS:
 * it is wrong, and the text names file, place and remedy. Transfer full. */
ParleyTools *parley_tools_peek (const gchar * path, GError ** error);
/* The same from memory; @name stands for the file in messages. */
ParleyTools *parley_tools_parse (const gchar * name, const gchar * json,
    GError ** error);
ParleyTools *parley_tools_ref (ParleyTools * tools);
void parley_tools_unref (ParleyTools * tools);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyTools, parley_tools_unref)

guint parley_tools_get_n (ParleyTools * tools);
/* Borrowed, in the order of the file. */
const ParleyTool *parley_tools_get (ParleyTools * tools, guint index);
/* NULL: there is none of this name. */
const ParleyTool *parley_tools_find (ParleyTools * tools, const gchar * name);

/* What is wrong with @arguments, an object, for a tool that is built in; NULL:
 * nothing. A webhook judges for itself. Static. */
const gchar *parley_tool_check_arguments (const ParleyTool * tool,
    JsonNode * arguments);

/* Whether it happens once the reply's last word was heard, not at once. */
gboolean parley_tool_is_last (const ParleyTool * tool);

/* @arguments as an object, as the model must write them; NULL: it did not, and
 * *@wrong (static) says why. Transfer full. */
JsonNode *parley_tool_read_arguments (const gchar * arguments,
    const gchar ** wrong);

G_END_DECLS
