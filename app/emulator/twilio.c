/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twilio's Calls and Messages. A call that the emulator did not create is one
 * that came in: it is in progress until it is ended here. */
#include <string.h>

#include "emulator/protocols.h"
#include "emulator/wirejson.h"

#define MAX_CALLS 100000
#define MAX_TWIML 4000

static void
fail (ParleyExchange * exchange, guint status, gint code, const gchar * message)
{
  g_autofree gchar *body = parley_wire_json ("{'code':%d,'message':%q,"
      "'more_info':'https://www.twilio.com/docs/errors/%d','status':%d}",
      code, message, code, (gint) status);

  parley_exchange_respond (exchange, status, "application/json", body);
}

static void
refuse (ParleyExchange * exchange, guint status)
{
  if (status == SOUP_STATUS_UNAUTHORIZED)
    fail (exchange, status, 20003, "Authenticate");
  else if (status == PARLEY_STATUS_TOO_MANY_REQUESTS)
    fail (exchange, status, 20429, "Too many requests");
  else
    fail (exchange, status, 20500, "An internal server error has occurred");
}

/* The password of basic authentication: the auth token, or an API key's
 * secret. */
static gchar *
get_key (ParleyExchange * exchange)
{
  const gchar *value = parley_exchange_header (exchange, "Authorization");
  g_autofree guchar *decoded = NULL;
  const gchar *colon;
  gsize len;

  if (value == NULL || g_ascii_strncasecmp (value, "Basic ", 6) != 0)
    return NULL;
  decoded = g_base64_decode (value + 6, &len);
  colon = memchr (decoded, ':', len);
  return colon == NULL ? NULL
      : g_strndup (colon + 1, (gchar *) decoded + len - colon - 1);
}

static GHashTable *
read_form (ParleyExchange * exchange)
{
  g_autoptr (GBytes) body = parley_exchange_body (exchange);
  g_autofree gchar *text = g_strndup (g_bytes_get_data (body, NULL),
      g_bytes_get_size (body));

  return soup_form_decode (text);
}

/* A part of /2010-04-01/Accounts/SID/Calls/SID.json; transfer full. */
static gchar *
path_part (ParleyExchange * exchange, guint index)
{
  g_auto (GStrv) parts = g_strsplit (parley_exchange_path (exchange), "/", -1);
  gchar *part = index < g_strv_length (parts) ? g_strdup (parts[index])
      : g_strdup ("");

  if (g_str_has_suffix (part, ".json"))
    part[strlen (part) - strlen (".json")] = '\0';
  return part;
}

static gchar *
now_text (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format (now, "%a, %d %b %Y %H:%M:%S +0000");
}

static gchar *
new_sid (ParleyExchange * exchange, const gchar * prefix)
{
  return g_strdup_printf ("%s%032x", prefix, parley_exchange_number (exchange));
}

static void
set_status (ParleyExchange * exchange, const gchar * sid, const gchar * status)
{
  GHashTable *calls = parley_exchange_shared (exchange);

  if (g_hash_table_size (calls) >= MAX_CALLS)
    g_hash_table_remove_all (calls);
  g_hash_table_insert (calls, g_strdup (sid), g_strdup (status));
}

/* NULL: there is no such call. */
static const gchar *
get_status (ParleyExchange * exchange, const gchar * sid)
{
  const gchar *status =
      g_hash_table_lookup (parley_exchange_shared (exchange), sid);

  if (strlen (sid) != 34 || !g_str_has_prefix (sid, "CA"))
    return NULL;
  return status != NULL ? status : "in-progress";
}

static void
send_call (ParleyExchange * exchange, guint http_status, const gchar * sid,
    const gchar * status, GHashTable * form)
{
  g_autofree gchar *account = path_part (exchange, 3);
  g_autofree gchar *now = now_text ();
  g_autofree gchar *body = parley_wire_json ("{'sid':%q,'account_sid':%q,"
      "'api_version':'2010-04-01','parent_call_sid':null,'status':%q,"
      "'direction':'outbound-api','from':%q,'to':%q,'date_created':%q,"
      "'date_updated':%q,'start_time':null,'end_time':null,'duration':null,"
      "'price':null,'price_unit':'USD','answered_by':null,'queue_time':'0',"
      "'uri':'/2010-04-01/Accounts/%s/Calls/%s.json'}", sid, account, status,
      form != NULL ? g_hash_table_lookup (form, "From") : NULL,
      form != NULL ? g_hash_table_lookup (form, "To") : NULL, now, now,
      account, sid);

  parley_exchange_respond (exchange, http_status,
      "application/json; charset=utf-8", body);
}

static void
create_call (ParleyExchange * exchange)
{
  g_autoptr (GHashTable) form = read_form (exchange);
  g_autofree gchar *sid = new_sid (exchange, "CA");
  const gchar *twiml = g_hash_table_lookup (form, "Twiml");

  if (!g_hash_table_contains (form, "To"))
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21201,
        "No 'To' number is specified");
  else if (!g_hash_table_contains (form, "From"))
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21213,
        "No 'From' number is specified");
  else if (!g_hash_table_contains (form, "Url") && twiml == NULL
      && !g_hash_table_contains (form, "ApplicationSid"))
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21205,
        "Url parameter is required.");
  else if (twiml != NULL && g_utf8_strlen (twiml, -1) > MAX_TWIML)
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21218, "Twiml is too long");
  else {
    set_status (exchange, sid, "queued");
    send_call (exchange, SOUP_STATUS_CREATED, sid, "queued", form);
  }
}

static void
update_call (ParleyExchange * exchange)
{
  g_autoptr (GHashTable) form = read_form (exchange);
  g_autofree gchar *sid = path_part (exchange, 5);
  const gchar *now = get_status (exchange, sid);
  const gchar *wanted = g_hash_table_lookup (form, "Status");
  gboolean twiml = g_hash_table_contains (form, "Twiml");
  gboolean url = g_hash_table_contains (form, "Url");

  if (now == NULL)
    fail (exchange, SOUP_STATUS_NOT_FOUND, 20404,
        "The requested resource was not found");
  else if (g_str_equal (now, "completed") || g_str_equal (now, "canceled"))
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21220,
        "Call is not in-progress. Cannot redirect.");
  else if (twiml && url)
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 20001,
        "Only one of Url and Twiml may be given");
  else if (wanted != NULL && !g_str_equal (wanted, "completed")
      && !g_str_equal (wanted, "canceled"))
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 20001, "Invalid Status");
  else {
    set_status (exchange, sid, wanted != NULL ? wanted : "in-progress");
    send_call (exchange, SOUP_STATUS_OK, sid,
        wanted != NULL ? wanted : "in-progress", form);
  }
}

static void
fetch_call (ParleyExchange * exchange)
{
  g_autofree gchar *sid = path_part (exchange, 5);
  const gchar *status = get_status (exchange, sid);

  if (status == NULL)
    fail (exchange, SOUP_STATUS_NOT_FOUND, 20404,
        "The requested resource was not found");
  else
    send_call (exchange, SOUP_STATUS_OK, sid, status, NULL);
}

static void
create_message (ParleyExchange * exchange)
{
  g_autoptr (GHashTable) form = read_form (exchange);
  g_autofree gchar *account = path_part (exchange, 3);
  g_autofree gchar *sid = new_sid (exchange, "SM");
  g_autofree gchar *now = now_text ();
  g_autofree gchar *body = NULL;

  if (!g_hash_table_contains (form, "To")) {
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21604,
        "A 'To' phone number is required.");
    return;
  }
  if (!g_hash_table_contains (form, "From")
      && !g_hash_table_contains (form, "MessagingServiceSid")) {
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21603,
        "A 'From' phone number is required.");
    return;
  }
  if (!g_hash_table_contains (form, "Body")
      && !g_hash_table_contains (form, "MediaUrl")
      && !g_hash_table_contains (form, "ContentSid")) {
    fail (exchange, SOUP_STATUS_BAD_REQUEST, 21602,
        "Message body is required.");
    return;
  }
  body = parley_wire_json ("{'sid':%q,'account_sid':%q,"
      "'api_version':'2010-04-01','body':%q,'status':'queued',"
      "'direction':'outbound-api','from':%q,'to':%q,'date_created':%q,"
      "'date_updated':%q,'date_sent':null,'num_segments':'1',"
      "'num_media':'0','error_code':null,'error_message':null,'price':null,"
      "'price_unit':null,'messaging_service_sid':null,"
      "'uri':'/2010-04-01/Accounts/%s/Messages/%s.json'}", sid, account,
      g_hash_table_lookup (form, "Body"), g_hash_table_lookup (form, "From"),
      g_hash_table_lookup (form, "To"), now, now, account, sid);
  parley_exchange_respond (exchange, SOUP_STATUS_CREATED,
      "application/json; charset=utf-8", body);
}

const ParleyProtocol parley_twilio_protocols[] = {
  {"twilio-calls", "POST", "/2010-04-01/Accounts/*/Calls.json", FALSE,
      get_key, refuse, create_call, TRUE},
  {"twilio-calls", "POST", "/2010-04-01/Accounts/*/Calls/*.json", FALSE,
      get_key, refuse, update_call, TRUE},
  {"twilio-calls", "GET", "/2010-04-01/Accounts/*/Calls/*.json", FALSE,
      get_key, refuse, fetch_call, TRUE},
  {"twilio-messages", "POST", "/2010-04-01/Accounts/*/Messages.json", FALSE,
      get_key, refuse, create_message, TRUE},
  {NULL}
};
