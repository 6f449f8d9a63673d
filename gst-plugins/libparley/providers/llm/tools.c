/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/tools.h"

#include <string.h>

#include "net/jsoncheck.h"
#include "providers/provider.h"
#include "providers/textfile.h"

#define MAX_BYTES (256 * 1024)
#define MAX_DEPTH 32
#define MAX_TOOLS 64
/* What services allow. */
#define MAX_NAME 64
#define NAME_CHARS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-"
#define VARIABLE_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_"
#define DEFAULT_TIMEOUT_MS 10000
#define MIN_TIMEOUT_MS 100
#define MAX_TIMEOUT_MS 120000
#define TWILIO_URL "https://api.twilio.com"

struct _ParleyTools
{
  gatomicrefcount refs;
  GPtrArray *tools;             /* of ParleyTool */
};

/* What is read, and the first thing that is wrong with it. */
typedef struct
{
  const gchar *file;
  GError **error;
  gboolean failed;
} Reader;

static void
fail (Reader * reader, const gchar * place, const gchar * format, ...)
G_GNUC_PRINTF (3, 4);

     static void
         fail (Reader * reader, const gchar * place, const gchar * format, ...)
{
  va_list args;
  gchar *text;

  if (reader->failed)
    return;
  reader->failed = TRUE;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (reader->error, PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_SETTINGS, "%s: %s%s%s", reader->file, place,
      *place ? ": " : "", text);
  g_free (text);
}

/* JSON */

/* Each member of @object is one of the blank-separated @known. */
static void
check_keys (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * known)
{
  g_auto (GStrv) names = g_strsplit (known, " ", -1);
  g_autofree gchar *list = g_strjoinv (", ", names);
  JsonObjectIter iter;
  const gchar *name;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, NULL))
    if (!g_strv_contains ((const gchar * const *) names, name))
      fail (reader, place, "unknown key \"%s\"; known are %s", name, list);
}

static const gchar *
string_of (JsonNode * node)
{
  return node && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_get_string (node) : NULL;
}

/* NULL: it is not there, or wrong. */
static const gchar *
get_text (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);
  const gchar *text = string_of (node);

  if (node && (!text || !*text))
    fail (reader, place, "\"%s\" must be a text that is not empty", key);
  return text && *text ? text : NULL;
}

static JsonObject *
get_object (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  fail (reader, place, "\"%s\" must be an object, {…}", key);
  return NULL;
}

static gboolean
get_flag (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node)
    return FALSE;
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  fail (reader, place, "\"%s\" must be true or false", key);
  return FALSE;
}

static gint64
get_timeout (Reader * reader, JsonObject * object, const gchar * place)
{
  JsonNode *node = json_object_get_member (object, "timeout_ms");
  gint64 ms = DEFAULT_TIMEOUT_MS;

  if (node)
    ms = JSON_NODE_HOLDS_VALUE (node)
        && json_node_get_value_type (node) == G_TYPE_INT64
        ? json_node_get_int (node) : 0;
  if (ms < MIN_TIMEOUT_MS || ms > MAX_TIMEOUT_MS)
    fail (reader, place, "\"timeout_ms\" must be a whole number of "
        "milliseconds from %d to %d", MIN_TIMEOUT_MS, MAX_TIMEOUT_MS);
  return ms * G_TIME_SPAN_MILLISECOND;
}

/* The environment */

/* Borrowed; NULL: it failed. */
static const gchar *
get_variable (Reader * reader, const gchar * place, const gchar * key,
    const gchar * name)
{
  const gchar *value = *name && strspn (name, VARIABLE_CHARS) == strlen (name)
      ? g_getenv (name) : NULL;

  if (!*name || strspn (name, VARIABLE_CHARS) != strlen (name))
    fail (reader, place, "\"%s\" must name an environment variable, such as "
        "SHOP_KEY", key);
  else if (!value || !*value)
    fail (reader, place, "\"%s\" needs the environment variable %s, which is "
        "not set; set it, or name another", key, name);
  return value && *value ? value : NULL;
}

/* The value of the variable that "@key" names; transfer full. */
static gchar *
get_secret (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * key, const gchar * otherwise)
{
  const gchar *name = get_text (reader, object, place, key);

  if (!name)
    name = otherwise;
  return name ? g_strdup (get_variable (reader, place, key, name)) : NULL;
}

/* @text with each ${NAME} replaced; transfer full. */
static gchar *
expand (Reader * reader, const gchar * place, const gchar * key,
    const gchar * text)
{
  GString *out = g_string_new (NULL);
  const gchar *open, *close;

  while ((open = strstr (text, "${")) && (close = strchr (open, '}'))) {
    g_autofree gchar *name = g_strndup (open + 2, close - open - 2);
    const gchar *value = get_variable (reader, place, key, name);

    g_string_append_len (out, text, open - text);
    g_string_append (out, value ? value : "");
    text = close + 1;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

/* Webhooks */

static void
header_free (gpointer data)
{
  ParleyToolHeader *header = data;

  g_free (header->name);
  g_free (header->value);
  g_free (header->secret);
  g_free (header);
}

static gboolean
is_secret_name (const gchar * name)
{
  static const gchar *const parts[] = { "auth", "key", "token", "secret",
    "password", "cookie"
  };
  g_autofree gchar *low = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strstr (low, parts[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_header_text (const gchar * text)
{
  for (; *text; text++)
    if (!g_ascii_isprint (*text))
      return FALSE;
  return TRUE;
}

static gboolean
is_header_name (const gchar * name)
{
  return *name && strspn (name, NAME_CHARS) == strlen (name);
}

/* "Bearer ${NAME}": a secret stands at the end. */
static void
read_header (Reader * reader, const gchar * place, const gchar * name,
    const gchar * value, GPtrArray * headers)
{
  ParleyToolHeader *header = g_new0 (ParleyToolHeader, 1);
  const gchar *open = value ? strstr (value, "${") : NULL;
  g_autofree gchar *variable = NULL;

  g_ptr_array_add (headers, header);
  if (!value || !is_header_name (name) || !is_header_text (value)) {
    fail (reader, place, "each header is \"Name\": \"text\", of letters that "
        "a header may hold");
  } else if (open && open[strlen (open) - 1] != '}') {
    fail (reader, place, "in \"%s\" ${NAME} must come last, as in "
        "\"Bearer ${NAME}\"", name);
  } else if (!open && is_secret_name (name)) {
    fail (reader, place, "the header \"%s\" looks like a secret: put it in an "
        "environment variable and write ${NAME}", name);
  } else {
    header->name = g_strdup (name);
    header->value = open ? g_strndup (value, open - value) : g_strdup (value);
    if (open) {
      variable = g_strndup (open + 2, strlen (open) - 3);
      header->secret = g_strdup (get_variable (reader, place, name, variable));
    }
  }
  if (header->secret && !is_header_text (header->secret))
    fail (reader, place,
        "the value of ${%s} cannot stand in a header: it holds "
        "what is not ASCII, or a line's end", variable);
}

static void
read_headers (Reader * reader, JsonObject * webhook, const gchar * place,
    GPtrArray * headers)
{
  JsonObject *object = get_object (reader, webhook, place, "headers");
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (!object)
    return;
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &value))
    read_header (reader, place, name, string_of (value), headers);
}

static void
check_url (Reader * reader, const gchar * place, const gchar * url)
{
  if (!g_str_has_prefix (url, "http://") && !g_str_has_prefix (url, "https://"))
    fail (reader, place, "\"url\" must begin with https:// or http://");
  else if (strcspn (strstr (url, "://") + 3, "/?") == 0
      || memchr (url, '%', strcspn (strstr (url, "://") + 3, "/?")
          + (strstr (url, "://") + 3 - url)))
    fail (reader, place, "\"url\" needs a host that no variable of the call "
        "changes");
}

static void
read_webhook (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  static const gchar *const methods[] = { "POST", "GET", "PUT", "PATCH",
    "DELETE", NULL
  };
  const gchar *url = get_text (reader, object, place, "url");
  const gchar *method = get_text (reader, object, place, "method");

  check_keys (reader, object, place, "url method headers signature_env");
  if (!url)
    fail (reader, place, "\"url\" is missing: where the tool is");
  if (method && !g_strv_contains (methods, method))
    fail (reader, place, "\"method\" must be POST, GET, PUT, PATCH or DELETE");
  tool->kind = PARLEY_TOOL_WEBHOOK;
  tool->method = g_strdup (method ? method : methods[0]);
  tool->url = expand (reader, place, "url", url ? url : "");
  if (!reader->failed)
    check_url (reader, place, tool->url);
  read_headers (reader, object, place, tool->headers);
  tool->signing_key = get_secret (reader, object, place, "signature_env", NULL);
}

/* Twilio */

static gboolean
is_number (const gchar * text)
{
  if (g_str_has_prefix (text, "sip:") && text[4])
    return !strpbrk (text, "<>&\" \n");
  return text[0] == '+' && strlen (text) >= 4 && strlen (text) <= 16
      && strspn (text + 1, G_CSET_DIGITS) == strlen (text + 1);
}

static gchar *
get_number (Reader * reader, const gchar * place, const gchar * key,
    const gchar * text, gboolean variables)
{
  gchar *number = expand (reader, place, key, text ? text : "");

  if (strstr (number, "%{arg."))
    fail (reader, place, "in \"%s\" the model must not choose the number: "
        "list those it may, {\"sales\": \"+15035550199\"}", key);
  else if (!is_number (number) && !(variables && strstr (number, "%{")))
    fail (reader, place, "\"%s\" must be a number such as +15035550199, or "
        "sip:NAME@DOMAIN", key);
  return number;
}

/* "to": a number, or the list of those the model may choose from. */
static void
read_numbers (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  JsonNode *to = json_object_get_member (object, "to");
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (!to || !JSON_NODE_HOLDS_OBJECT (to)) {
    tool->number = get_number (reader, place, "to", string_of (to), TRUE);
    return;
  }
  tool->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  json_object_iter_init (&iter, json_node_get_object (to));
  while (json_object_iter_next (&iter, &name, &value))
    g_hash_table_insert (tool->numbers, g_strdup (name), get_number (reader,
            place, name, string_of (value), FALSE));
  if (g_hash_table_size (tool->numbers) == 0)
    fail (reader, place, "\"to\" is empty; write a number, or a list such as "
        "{\"sales\": \"+15035550199\"}");
}

static void
read_account (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  const gchar *url = get_text (reader, object, place, "base_url");

  tool->url = expand (reader, place, "base_url", url ? url : TWILIO_URL);
  if (!reader->failed)
    check_url (reader, place, tool->url);
  if (g_str_has_suffix (tool->url, "/"))
    tool->url[strlen (tool->url) - 1] = '\0';
  tool->account = get_secret (reader, object, place, "account_sid_env",
      "TWILIO_ACCOUNT_SID");
  tool->token = get_secret (reader, object, place, "auth_token_env",
      "TWILIO_AUTH_TOKEN");
}

static void
read_transfer (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  const gchar *from = get_text (reader, object, place, "caller_id");

  check_keys (reader, object, place,
      "to caller_id account_sid_env auth_token_env base_url");
  tool->kind = PARLEY_TOOL_TRANSFER;
  if (!json_object_has_member (object, "to"))
    fail (reader, place, "\"to\" is missing: the number to transfer to");
  else
    read_numbers (reader, object, place, tool);
  if (from)
    tool->from = get_number (reader, place, "caller_id", from, TRUE);
  read_account (reader, object, place, tool);
}

static void
read_message (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  const gchar *from = get_text (reader, object, place, "from");

  check_keys (reader, object, place,
      "to from account_sid_env auth_token_env base_url");
  tool->kind = PARLEY_TOOL_SEND_MESSAGE;
  if (json_object_has_member (object, "to"))
    read_numbers (reader, object, place, tool);
  else
    tool->number = g_strdup ("%{call.from}");
  tool->from = get_number (reader, place, "from", from ? from : "%{call.to}",
      TRUE);
  read_account (reader, object, place, tool);
}

/* Parameters */

static void
add_property (JsonObject * properties, JsonArray * required,
    const gchar * name, const gchar * description, GHashTable * values)
{
  JsonObject *property = json_object_new ();
  g_autoptr (GList) keys = values ? g_hash_table_get_keys (values) : NULL;

  json_object_set_string_member (property, "type", "string");
  json_object_set_string_member (property, "description", description);
  if (keys) {
    JsonArray *list = json_array_new ();

    keys = g_list_sort (keys, (GCompareFunc) strcmp);
    for (GList * l = keys; l; l = l->next)
      json_array_add_string_element (list, l->data);
    json_object_set_array_member (property, "enum", list);
  }
  json_object_set_object_member (properties, name, property);
  json_array_add_string_element (required, name);
}

/* Of what is built in. */
static JsonNode *
make_parameters (const ParleyTool * tool)
{
  JsonObject *schema = json_object_new (), *properties = json_object_new ();
  JsonArray *required = json_array_new ();
  JsonNode *node = json_node_alloc ();

  if (tool->numbers)
    add_property (properties, required, "to", "To whom", tool->numbers);
  if (tool->kind == PARLEY_TOOL_SEND_MESSAGE)
    add_property (properties, required, "text", "The message", NULL);
  json_object_set_string_member (schema, "type", "object");
  json_object_set_object_member (schema, "properties", properties);
  json_object_set_array_member (schema, "required", required);
  json_node_init_object (node, schema);
  json_object_unref (schema);
  return node;
}

static void
read_parameters (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  JsonObject *given = get_object (reader, object, place, "parameters");
  const gchar *type = given && json_object_has_member (given, "type")
      ? string_of (json_object_get_member (given, "type")) : NULL;

  if (given && tool->kind != PARLEY_TOOL_WEBHOOK)
    fail (reader, place, "what is built in has its own parameters; leave "
        "\"parameters\" out");
  else if (given && g_strcmp0 (type, "object") != 0)
    fail (reader, place, "\"parameters\" must be the JSON schema of an "
        "object: {\"type\": \"object\", \"properties\": {…}}");
  else if (given)
    tool->parameters = json_node_copy (json_object_get_member (object,
            "parameters"));
  else
    tool->parameters = make_parameters (tool);
}

/* Tools */

static void
tool_free (gpointer data)
{
  ParleyTool *tool = data;

  g_free (tool->name);
  g_free (tool->description);
  g_clear_pointer (&tool->parameters, json_node_unref);
  g_free (tool->method);
  g_free (tool->url);
  g_ptr_array_unref (tool->headers);
  g_free (tool->signing_key);
  g_free (tool->account);
  g_free (tool->token);
  g_clear_pointer (&tool->numbers, g_hash_table_unref);
  g_free (tool->number);
  g_free (tool->from);
  g_free (tool);
}

/* What the tool does: one of these. */
static void
read_kind (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  static const gchar *const kinds[] = { "webhook", "hang_up", "transfer",
    "send_message"
  };
  const gchar *kind = NULL;
  JsonObject *settings;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (!json_object_has_member (object, kinds[i]))
      continue;
    if (kind)
      fail (reader, place, "both \"%s\" and \"%s\": a tool is one of them",
          kind, kinds[i]);
    kind = kinds[i];
  }
  if (!kind) {
    fail (reader, place, "say what the tool does: \"webhook\": {\"url\": …}, "
        "\"hang_up\": {}, \"transfer\": {…} or \"send_message\": {…}");
    return;
  }
  settings = get_object (reader, object, place, kind);
  if (!settings)
    return;
  if (g_str_equal (kind, "webhook"))
    read_webhook (reader, settings, place, tool);
  else if (g_str_equal (kind, "transfer"))
    read_transfer (reader, settings, place, tool);
  else if (g_str_equal (kind, "send_message"))
    read_message (reader, settings, place, tool);
  else
    tool->kind = PARLEY_TOOL_HANG_UP;
}

static void
read_tool (Reader * reader, JsonObject * object, const gchar * place,
    ParleyTool * tool)
{
  const gchar *name = get_text (reader, object, place, "name");
  const gchar *description = get_text (reader, object, place, "description");

  check_keys (reader, object, place, "name description parameters safe "
      "timeout_ms webhook hang_up transfer send_message comment");
  if (!name || strspn (name, NAME_CHARS) != strlen (name)
      || strlen (name) > MAX_NAME)
    fail (reader, place, "\"name\" must be up to %d letters, digits, _ and -",
        MAX_NAME);
  if (!description)
    fail (reader, place, "\"description\" is missing: when the model is to "
        "call it");
  tool->name = g_strdup (name);
  tool->description = g_strdup (description);
  tool->safe = get_flag (reader, object, place, "safe");
  tool->timeout = get_timeout (reader, object, place);
  read_kind (reader, object, place, tool);
  read_parameters (reader, object, place, tool);
  if (tool->safe && tool->kind != PARLEY_TOOL_WEBHOOK)
    fail (reader, place, "what is built in has effects: leave \"safe\" out");
}

static void
add_tool (Reader * reader, ParleyTools * self, JsonNode * node, guint index)
{
  g_autofree gchar *place = g_strdup_printf ("tools[%u]", index);
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node)
      ? json_node_get_object (node) : NULL;
  const gchar *name = object
      ? string_of (json_object_get_member (object, "name")) : NULL;
  g_autofree gchar *named = g_strdup_printf ("%s (%s)", place, name);
  ParleyTool *tool;

  if (!object) {
    fail (reader, place, "must be an object, {…}");
    return;
  }
  if (name && parley_tools_find (self, name))
    fail (reader, named, "there are two tools called \"%s\"", name);
  tool = g_new0 (ParleyTool, 1);
  tool->headers = g_ptr_array_new_with_free_func (header_free);
  read_tool (reader, object, name ? named : place, tool);
  g_ptr_array_add (self->tools, tool);
}

static void
read_root (Reader * reader, ParleyTools * self, JsonNode * root)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root) : NULL;
  JsonNode *list = object ? json_object_get_member (object, "tools") : NULL;
  JsonArray *array = list && JSON_NODE_HOLDS_ARRAY (list)
      ? json_node_get_array (list) : NULL;

  if (!array) {
    fail (reader, "", "write it as {\"tools\": [{\"name\": …}, …]}");
    return;
  }
  check_keys (reader, object, "", "tools comment");
  if (json_array_get_length (array) > MAX_TOOLS)
    fail (reader, "tools", "at most %d tools; split the agent", MAX_TOOLS);
  for (guint i = 0; i < json_array_get_length (array) && !reader->failed; i++)
    add_tool (reader, self, json_array_get_element (array, i), i);
}

ParleyTools *
parley_tools_parse (const gchar * name, const gchar * json, GError ** error)
{
  Reader reader = { name, error, FALSE };
  ParleyTools *self = g_new0 (ParleyTools, 1);
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize len = strlen (json);
  const gchar *wrong;
  guint line;

  g_atomic_ref_count_init (&self->refs);
  self->tools = g_ptr_array_new_with_free_func (tool_free);
  if (len > MAX_BYTES)
    fail (&reader, "", "it has over %d bytes", MAX_BYTES);
  else if ((wrong = parley_json_check_line (json, len, MAX_DEPTH, &line)))
    fail (&reader, "", "line %u is not JSON: %s", line, wrong);
  else if (json_parser_load_from_data (parser, json, len, NULL))
    read_root (&reader, self, json_parser_get_root (parser));
  if (reader.failed)
    g_clear_pointer (&self, parley_tools_unref);
  return self;
}

ParleyTools *
parley_tools_ref (ParleyTools * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_tools_unref (ParleyTools * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->tools);
  g_free (self);
}

guint
parley_tools_get_n (ParleyTools * self)
{
  return self->tools->len;
}

const ParleyTool *
parley_tools_get (ParleyTools * self, guint index)
{
  return g_ptr_array_index (self->tools, index);
}

const ParleyTool *
parley_tools_find (ParleyTools * self, const gchar * name)
{
  for (guint i = 0; i < self->tools->len; i++) {
    ParleyTool *tool = g_ptr_array_index (self->tools, i);

    if (strcmp (tool->name, name) == 0)
      return tool;
  }
  return NULL;
}

gboolean
parley_tool_is_last (const ParleyTool * tool)
{
  return tool->kind == PARLEY_TOOL_HANG_UP
      || tool->kind == PARLEY_TOOL_TRANSFER;
}

JsonNode *
parley_tool_read_arguments (const gchar * arguments, const gchar ** wrong)
{
  JsonNode *node = NULL;

  *wrong = parley_json_check (arguments, strlen (arguments), MAX_DEPTH);
  if (!*wrong)
    node = json_from_string (arguments, NULL);
  if (!*wrong && (!node || !JSON_NODE_HOLDS_OBJECT (node)))
    *wrong = "it is no object";
  if (*wrong)
    g_clear_pointer (&node, json_node_unref);
  return node;
}

const gchar *
parley_tool_check_arguments (const ParleyTool * tool, JsonNode * arguments)
{
  JsonObject *object = json_node_get_object (arguments);
  const gchar *to = string_of (json_object_get_member (object, "to"));

  if (tool->numbers && (!to || !g_hash_table_contains (tool->numbers, to)))
    return "\"to\" must be one of the list";
  if (tool->kind == PARLEY_TOOL_SEND_MESSAGE
      && !string_of (json_object_get_member (object, "text")))
    return "\"text\" is missing";
  return NULL;
}

/* Files that were parsed */

typedef struct
{
  gchar *text;
  ParleyTools *tools;
} Parsed;

G_LOCK_DEFINE_STATIC (parsed);
static GHashTable *parsed;      /* path → Parsed */

static void
parsed_free (gpointer data)
{
  g_free (((Parsed *) data)->text);
  parley_tools_unref (((Parsed *) data)->tools);
  g_free (data);
}

static ParleyTools *
find_parsed (const gchar * path, const gchar * text)
{
  ParleyTools *tools = NULL;
  Parsed *known;

  G_LOCK (parsed);
  known = parsed ? g_hash_table_lookup (parsed, path) : NULL;
  if (known && strcmp (known->text, text) == 0)
    tools = parley_tools_ref (known->tools);
  G_UNLOCK (parsed);
  return tools;
}

static void
keep_parsed (const gchar * path, const gchar * text, ParleyTools * tools)
{
  Parsed *entry = g_new (Parsed, 1);

  entry->text = g_strdup (text);
  entry->tools = parley_tools_ref (tools);
  G_LOCK (parsed);
  if (!parsed)
    parsed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        parsed_free);
  g_hash_table_replace (parsed, g_strdup (path), entry);
  G_UNLOCK (parsed);
}

ParleyTools *
parley_tools_peek (const gchar * path, GError ** error)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) unread = NULL;
  ParleyTools *tools = NULL;

  if (!parley_text_file_peek (path, &text, &unread))
    return NULL;
  if (unread) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "The file of tools was not read: %s", unread->message);
    return NULL;
  }
  tools = find_parsed (path, text);
  if (!tools) {
    tools = parley_tools_parse (path, text, error);
    if (tools)
      keep_parsed (path, text, tools);
  }
  return tools;
}
