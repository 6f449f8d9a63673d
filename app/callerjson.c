/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caller.h"

#include "callertimeline.h"
#include "percentile.h"

/* Whole milliseconds; a negative @us of what cannot be negative is null. */
static void
add_ms (JsonObject * object, const gchar * name, gboolean known, gint64 us)
{
  if (known)
    json_object_set_int_member (object, name,
        (us >= 0 ? us + 500 : us - 500) / 1000);
  else
    json_object_set_null_member (object, name);
}

static JsonArray *
turns_to_json (const ParleyCallerResult * result)
{
  JsonArray *array = json_array_new ();
  guint i;

  for (i = 0; i < result->turns->len; i++) {
    ParleyCallerTurnResult *turn =
        &g_array_index (result->turns, ParleyCallerTurnResult, i);
    JsonObject *object = json_object_new ();

    json_object_set_string_member (object, "said", turn->said);
    add_ms (object, "response_ms", turn->answered, turn->response_us);
    add_ms (object, "reply_ms", turn->answered, turn->reply_us);
    if (result->joined)
      parley_caller_turn_set_timeline (object, result, turn);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonObject *
result_to_object (const ParleyCallerResult * result)
{
  JsonObject *root = json_object_new ();
  JsonObject *call = json_object_new ();
  JsonObject *media = json_object_new ();

  add_ms (call, "setup_ms", result->setup_us >= 0, result->setup_us);
  add_ms (call, "greeting_ms", result->greeting_us >= 0, result->greeting_us);
  add_ms (call, "duration_ms", TRUE, result->duration_us);
  json_object_set_object_member (root, "call", call);
  json_object_set_array_member (root, "turns", turns_to_json (result));
  json_object_set_int_member (media, "sent", result->sent);
  json_object_set_int_member (media, "received", result->received);
  json_object_set_int_member (media, "underruns", result->underruns);
  json_object_set_int_member (media, "clears", result->clears);
  json_object_set_int_member (media, "marks", result->marks);
  json_object_set_object_member (root, "media", media);
  if (result->error != NULL)
    json_object_set_string_member (root, "error", result->error->message);
  if (result->timeline_error != NULL)
    json_object_set_string_member (root, "timeline_error",
        result->timeline_error->message);
  return root;
}

JsonNode *
parley_caller_result_to_json (const ParleyCallerResult * result)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, result_to_object (result));
  return node;
}

/* Whole milliseconds; null without values. */
static JsonObject *
percentiles_to_object (GArray * times)
{
  static const struct
  {
    const gchar *name;
    guint percent;
  } ranks[] = { {"p50", 50}, {"p90", 90}, {"p99", 99} };
  JsonObject *object = json_object_new ();
  guint i;

  parley_percentile_sort (times);
  for (i = 0; i < G_N_ELEMENTS (ranks); i++)
    add_ms (object, ranks[i].name, times->len > 0, times->len > 0
        ? parley_percentile (times, ranks[i].percent) : 0);
  return object;
}

typedef struct
{
  GArray *responses;
  GArray *setups;
  guint failed;
  guint unanswered;
  guint underruns;
  guint clears;
  gboolean joined;
} Sums;

static void
add_to_sums (Sums * sums, const ParleyCallerResult * result)
{
  guint i;

  for (i = 0; i < result->turns->len; i++) {
    ParleyCallerTurnResult *turn =
        &g_array_index (result->turns, ParleyCallerTurnResult, i);

    if (turn->answered)
      g_array_append_val (sums->responses, turn->response_us);
    else
      sums->unanswered++;
  }
  if (result->setup_us >= 0)
    g_array_append_val (sums->setups, result->setup_us);
  sums->failed += result->error != NULL;
  sums->underruns += result->underruns;
  sums->clears += result->clears;
  sums->joined |= result->joined;
}

static JsonObject *
summary_to_object (GPtrArray * results)
{
  g_autoptr (GArray) responses = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) setups = g_array_new (FALSE, FALSE, sizeof (gint64));
  Sums sums = { responses, setups };
  JsonObject *summary = json_object_new ();
  guint i;

  for (i = 0; i < results->len; i++)
    add_to_sums (&sums, results->pdata[i]);
  json_object_set_int_member (summary, "calls", results->len);
  json_object_set_int_member (summary, "failed", sums.failed);
  json_object_set_int_member (summary, "unanswered", sums.unanswered);
  json_object_set_object_member (summary, "response_ms",
      percentiles_to_object (responses));
  json_object_set_object_member (summary, "setup_ms",
      percentiles_to_object (setups));
  json_object_set_int_member (summary, "underruns", sums.underruns);
  json_object_set_int_member (summary, "clears", sums.clears);
  if (sums.joined)
    json_object_set_object_member (summary, "difference",
        parley_caller_differences_to_object (results));
  return summary;
}

JsonNode *
parley_caller_results_to_json (GPtrArray * results)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *root = json_object_new ();
  JsonArray *calls = json_array_new ();
  guint i;

  for (i = 0; i < results->len; i++)
    json_array_add_object_element (calls, result_to_object (results->pdata[i]));
  json_object_set_array_member (root, "calls", calls);
  json_object_set_object_member (root, "summary", summary_to_object (results));
  json_node_take_object (node, root);
  return node;
}
