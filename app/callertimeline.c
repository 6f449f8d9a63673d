/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "callertimeline.h"

#include <string.h>

#include "jsontext.h"
#include "net/clock.h"
#include "net/jsoncheck.h"
#include "percentile.h"
#include "turnjson.h"

#define FRAME_US (20 * G_TIME_SPAN_MILLISECOND)
/* How far apart both may see the end of a turn's speech. */
#define MATCH_US G_TIME_SPAN_SECOND
/* Further apart two clocks are not the same one. */
#define CLOCK_US (10 * G_TIME_SPAN_SECOND)
#define RETRY_US (100 * G_TIME_SPAN_MILLISECOND)
#define TIMEOUT_SECONDS 10
#define MAX_PAGE (8 * 1024 * 1024)
#define MAX_DEPTH 8

G_DEFINE_QUARK (parley - caller - timeline - error - quark,
    parley_caller_timeline_error);

static ParleyCallerTurnResult *
turn_at (const ParleyCallerResult * result, guint index)
{
  return &g_array_index (result->turns, ParleyCallerTurnResult, index);
}

static gboolean
was_spoken (const ParleyCallerTurnResult * turn)
{
  return turn->answered && turn->end_us > 0;
}

/* Joining */

/* When the frame was sent that holds the last sample before @position, a media
 * timestamp in µs. FALSE: none was. */
static gboolean
find_frame (const ParleyCallerResult * result, gint64 position, gint64 * sent)
{
  gint64 index = (position - 1) / FRAME_US;

  if (position <= 0 || index >= result->frame_times->len)
    return FALSE;
  *sent = g_array_index (result->frame_times, gint64, index);
  return TRUE;
}

static gint64
speech_end (const ParleyTurnReport * report)
{
  return GST_CLOCK_TIME_IS_VALID (report->speech_end)
      ? (gint64) GST_TIME_AS_USECONDS (report->speech_end) : -1;
}

/* The one of @turns, of ParleyLoggedTurn, that fits best; the first of those
 * that fit alike, which is what was heard first. */
static ParleyLoggedTurn *
find_turn (const ParleyCallerResult * result, GPtrArray * turns,
    const ParleyCallerTurnResult * turn)
{
  ParleyLoggedTurn *best = NULL;
  gint64 nearest = MATCH_US + 1, sent;

  for (guint i = 0; i < turns->len; i++) {
    ParleyLoggedTurn *other = g_ptr_array_index (turns, i);
    gint64 end = other->report ? speech_end (other->report) : -1;

    if (ABS (end - turn->end_us) < nearest && find_frame (result, end, &sent)) {
      nearest = ABS (end - turn->end_us);
      best = other;
    }
  }
  return best;
}

static gboolean
read_turns (JsonNode * page, GPtrArray * turns, GError ** error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (page)
      ? json_node_get_object (page) : NULL;
  JsonNode *node = object ? json_object_get_member (object, "turns") : NULL;
  JsonArray *array;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, PARLEY_CALLER_TIMELINE_ERROR, 0,
        "the page of the call has no \"turns\"");
    return FALSE;
  }
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    ParleyLoggedTurn *turn = parley_turn_from_json (json_array_get_element
        (array, i), error);

    if (!turn)
      return FALSE;
    g_ptr_array_add (turns, turn);
  }
  return TRUE;
}

gboolean
parley_caller_join (ParleyCallerResult * result, JsonNode * page,
    gboolean same_clock, GError ** error)
{
  g_autoptr (GPtrArray) turns = g_ptr_array_new_with_free_func (
      (GDestroyNotify) parley_logged_turn_free);

  result->joined = TRUE;
  result->same_clock = same_clock;
  if (!read_turns (page, turns, error))
    return FALSE;
  for (guint i = 0; i < result->turns->len; i++) {
    ParleyCallerTurnResult *turn = turn_at (result, i);
    ParleyLoggedTurn *found = was_spoken (turn)
        ? find_turn (result, turns, turn) : NULL;

    g_clear_pointer (&turn->report, parley_turn_report_free);
    if (found)
      turn->report = g_steal_pointer (&found->report);
  }
  return TRUE;
}

gboolean
parley_caller_is_joined (const ParleyCallerResult * result)
{
  for (guint i = 0; i < result->turns->len; i++)
    if (was_spoken (turn_at (result, i)) && !turn_at (result, i)->report)
      return FALSE;
  return TRUE;
}

gboolean
parley_caller_get_difference (const ParleyCallerResult * result,
    const ParleyCallerTurnResult * turn, ParleyCallerDifference * difference)
{
  const ParleyTurnReport *report = turn->report;
  gint64 up, down, sent;

  memset (difference, 0, sizeof *difference);
  if (!report || !find_frame (result, speech_end (report), &sent))
    return FALSE;
  up = report->begin - sent;
  down = turn->received_at - parley_turn_get_first_frame (report);
  difference->detector_us = sent - turn->sent_at;
  if (result->same_clock && ABS (up) < CLOCK_US && ABS (down) < CLOCK_US) {
    difference->wire_up_us = MAX (up, 0);
    difference->wire_down_us = MAX (down, 0);
  }
  difference->playout_us = turn->sent_at + turn->response_us
      - turn->received_at - turn->sound_us;
  difference->rest_us = turn->response_us - report->sent_us
      - difference->detector_us - difference->wire_up_us
      - difference->wire_down_us - difference->playout_us;
  return TRUE;
}

/* Asking */

static gboolean
accept_any_certificate (SoupMessage * message, GTlsCertificate * certificate,
    GTlsCertificateFlags flags, gpointer data)
{
  return TRUE;
}

static const gchar *
refusal_hint (guint status)
{
  switch (status) {
    case SOUP_STATUS_UNAUTHORIZED:
    case SOUP_STATUS_FORBIDDEN:
      return ": it wants its admin token (--admin-token-env)";
    case SOUP_STATUS_NOT_FOUND:
      return ": it does not know the call, or has no such page";
    default:
      return "";
  }
}

/* All of @stream, but no more than MAX_PAGE. */
static GByteArray *
read_all (GInputStream * stream, GError ** error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 part[4096];
  gssize n;

  while ((n = g_input_stream_read (stream, part, sizeof part, NULL, error))
      > 0) {
    g_byte_array_append (bytes, part, n);
    if (bytes->len > MAX_PAGE) {
      g_set_error (error, PARLEY_CALLER_TIMELINE_ERROR, 0,
          "the page of the call is too long");
      return NULL;
    }
  }
  return n == 0 ? g_steal_pointer (&bytes) : NULL;
}

static JsonNode *
parse_page (GByteArray * bytes, GError ** error)
{
  const gchar *wrong = parley_json_check ((const gchar *) bytes->data,
      bytes->len, MAX_DEPTH);
  g_autofree gchar *text = NULL;

  if (wrong) {
    g_set_error (error, PARLEY_CALLER_TIMELINE_ERROR, 0,
        "the page of the call is no JSON: %s", wrong);
    return NULL;
  }
  text = g_strndup ((const gchar *) bytes->data, bytes->len);
  return json_from_string (text, error);
}

static JsonNode *
get_page (SoupSession * session, SoupMessage * message, GError ** error)
{
  g_autoptr (GInputStream) stream = soup_session_send (session, message, NULL,
      error);
  guint status = soup_message_get_status (message);
  g_autoptr (GByteArray) bytes = NULL;

  if (!stream)
    return NULL;
  if (status != SOUP_STATUS_OK) {
    g_set_error (error, PARLEY_CALLER_TIMELINE_ERROR, status,
        "the server answers %u %s%s", status, soup_status_get_phrase (status),
        refusal_hint (status));
    return NULL;
  }
  bytes = read_all (stream, error);
  return bytes ? parse_page (bytes, error) : NULL;
}

static SoupMessage *
make_request (const ParleyCallerResult * result, const gchar * base,
    const gchar * token, gboolean insecure)
{
  const gchar *slash = g_str_has_suffix (base, "/") ? "" : "/";
  g_autofree gchar *url = g_strconcat (base, slash, "calls/", result->sid,
      NULL);
  g_autofree gchar *bearer = token ? g_strconcat ("Bearer ", token, NULL)
      : NULL;
  SoupMessage *message = soup_message_new (SOUP_METHOD_GET, url);

  if (!message)
    return NULL;
  /* The token is for this host alone. */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (bearer)
    soup_message_headers_replace (soup_message_get_request_headers (message),
        "Authorization", bearer);
  if (insecure)
    g_signal_connect (message, "accept-certificate",
        G_CALLBACK (accept_any_certificate), NULL);
  return message;
}

static gboolean
is_loopback (SoupMessage * message)
{
  const gchar *host = g_uri_get_host (soup_message_get_uri (message));
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address ? g_inet_address_get_is_loopback (address)
      : g_ascii_strcasecmp (host, "localhost") == 0;
}

/* Asks once. */
static gboolean
ask (ParleyCallerResult * result, SoupSession * session, SoupMessage * message,
    GError ** error)
{
  g_autoptr (JsonNode) page = NULL;

  if (!message) {
    g_set_error (error, PARLEY_CALLER_TIMELINE_ERROR, 0,
        "--timeline-url is no URL");
    return FALSE;
  }
  page = get_page (session, message, error);
  return page && parley_caller_join (result, page, is_loopback (message),
      error);
}

/* Whether asking again is of no use. */
static gboolean
is_refused (const GError * error)
{
  return error && error->domain == PARLEY_CALLER_TIMELINE_ERROR
      && (error->code == SOUP_STATUS_UNAUTHORIZED
      || error->code == SOUP_STATUS_FORBIDDEN);
}

void
parley_caller_fetch (ParleyCallerResult * result, const gchar * base,
    const gchar * token, gboolean insecure, gint64 deadline)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options ("timeout",
      TIMEOUT_SECONDS, "proxy-resolver", NULL, "user-agent", "parley call",
      NULL);

  result->joined = TRUE;
  while (TRUE) {
    g_autoptr (SoupMessage) message = make_request (result, base, token,
        insecure);

    g_clear_error (&result->timeline_error);
    if (ask (result, session, message, &result->timeline_error)
        && parley_caller_is_joined (result))
      return;
    /* The last turn may still be on its way to the page. */
    if (is_refused (result->timeline_error)
        || parley_clock_now () >= deadline)
      return;
    g_usleep (RETRY_US);
  }
}

/* Telling */

static void
set_difference (JsonObject * object, const gchar * name, gboolean known,
    gint64 us)
{
  if (known)
    parley_json_set_ms (object, name, us);
  else
    json_object_set_null_member (object, name);
}

void
parley_caller_turn_set_timeline (JsonObject * object,
    const ParleyCallerResult * result, const ParleyCallerTurnResult * turn)
{
  ParleyCallerDifference difference;
  JsonObject *parts;

  parley_turn_set_summary (object, turn->report);
  if (!parley_caller_get_difference (result, turn, &difference)) {
    json_object_set_null_member (object, "difference");
    return;
  }
  parts = json_object_new ();
  parley_json_set_ms (parts, "detector_ms", difference.detector_us);
  set_difference (parts, "wire_up_ms", result->same_clock,
      difference.wire_up_us);
  set_difference (parts, "wire_down_ms", result->same_clock,
      difference.wire_down_us);
  parley_json_set_ms (parts, "playout_ms", difference.playout_us);
  parley_json_set_ms (parts, "rest_ms", difference.rest_us);
  json_object_set_object_member (object, "difference", parts);
}

/* In the order of the struct. */
static const gchar *const parts_of_difference[] = {
  "detector_ms", "wire_up_ms", "wire_down_ms", "playout_ms", "rest_ms"
};

#define N_PARTS G_N_ELEMENTS (parts_of_difference)

static void
collect (const ParleyCallerResult * result, GArray ** times)
{
  for (guint i = 0; i < result->turns->len; i++) {
    ParleyCallerDifference difference;
    const gint64 *parts = (const gint64 *) &difference;

    if (parley_caller_get_difference (result, turn_at (result, i), &difference))
      for (guint j = 0; j < N_PARTS; j++)
        g_array_append_val (times[j], parts[j]);
  }
}

JsonObject *
parley_caller_differences_to_object (GPtrArray * results)
{
  JsonObject *object = json_object_new ();
  GArray *times[N_PARTS];

  G_STATIC_ASSERT (sizeof (ParleyCallerDifference)
      == N_PARTS * sizeof (gint64));
  for (guint i = 0; i < N_PARTS; i++)
    times[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < results->len; i++)
    collect (g_ptr_array_index (results, i), times);
  json_object_set_int_member (object, "joined", times[0]->len);
  for (guint i = 0; i < N_PARTS; i++) {
    json_object_set_object_member (object, parts_of_difference[i],
        parley_percentiles_to_object (times[i]));
    g_array_unref (times[i]);
  }
  return object;
}
