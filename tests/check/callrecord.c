/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#include "cardmask.h"
#include "jsontext.h"
#include "net/webhooksignature.h"
#include "server/delivery.h"
#include "server/transcript.h"

/* What leaves the server at the end of a call: words, with cards hidden, in a
 * file and in a signed webhook. */

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaswAAAA"
#define SECRET_ENV "CALLRECORD_TEST_SECRET"

/* Cards */

static void
test_cards_are_hidden (void)
{
  static const gchar *const cases[][2] = {
    {"it is 4111111111111111.", "it is ************1111."},
    {"4111 1111-1111,1111 thanks", "************1111 thanks"},
    {"amex 378282246310005", "amex ***********0005"},
    /* One digit misheard. */
    {"4111 1111 1111 1112", "************1112"},
    {"four one one one, one one one one, one one one one, one one one one",
        "************1111"},
    {"four triple one double one double one double one double one double one "
          "double one ok",
        "************1111 ok"},
    {"forty one eleven eleven eleven eleven eleven eleven eleven",
        "************1111"},
    {"Forty-one eleven eleven eleven eleven eleven eleven eleven, please",
        "************1111, please"},
    /* Within a longer number. */
    {"00 4111111111111111 12", "00 ************1111 12"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *masked = parley_card_mask (cases[i][0]);

    g_assert_cmpstr (masked, ==, cases[i][1]);
  }
}

static void
test_other_numbers_stay (void)
{
  static const gchar *const cases[] = {
    "", "nothing here", "call +1 (503) 555-0100 please",
    "order 1234567", "4111 1111 1111", "on the 21st of 11 2026 at 10 30",
    "one of us, two of them", "491512345678 and then 3",
    "12345678901234 is my meter", "a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 1 k"
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *masked = parley_card_mask (cases[i]);

    g_assert_cmpstr (masked, ==, cases[i]);
  }
}

static void
test_lines_stay (void)
{
  g_autofree gchar *masked =
      parley_card_mask ("4111 1111\n1111 11\n11\nthat is it");

  g_assert_cmpstr (masked, ==, "********\n****11\n11\nthat is it");
}

/* Transcripts */

static gchar *
transcript_text (ParleyTranscript * transcript, gboolean mask)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, parley_transcript_to_json (transcript, mask));
  return parley_json_to_text (node, FALSE);
}

static void
test_transcript_is_what_was_heard (void)
{
  ParleyTranscript *transcript = parley_transcript_new ();
  g_autofree gchar *text = NULL;

  parley_transcript_add_heard (transcript, 7, "Hello.", FALSE, 100);
  parley_transcript_add_caller (transcript, 1, "hi", 900);
  /* The mark of the greeting comes late. */
  parley_transcript_add_heard (transcript, 7, "Hello. How are you?", TRUE,
      1000);
  parley_transcript_add_heard (transcript, 8, "Fine,", FALSE, 2000);
  parley_transcript_add_caller (transcript, 2, "", 2100);
  text = transcript_text (transcript, TRUE);
  g_assert_cmpstr (text, ==, "["
      "{\"role\":\"agent\",\"ms\":100,\"reply\":7,\"whole\":true,"
      "\"text\":\"Hello. How are you?\"},"
      "{\"role\":\"caller\",\"ms\":900,\"turn\":1,\"text\":\"hi\"},"
      "{\"role\":\"agent\",\"ms\":2000,\"reply\":8,\"whole\":false,"
      "\"text\":\"Fine,\"}]");
  parley_transcript_free (transcript);
}

static void
test_card_in_several_turns (void)
{
  ParleyTranscript *transcript = parley_transcript_new ();
  g_autofree gchar *masked = NULL, *plain = NULL;

  parley_transcript_add_caller (transcript, 1, "four one one one\none one one",
      0);
  parley_transcript_add_heard (transcript, 3, "Go on.", TRUE, 1);
  parley_transcript_add_caller (transcript, 2, "1 1111 1111", 2);
  masked = transcript_text (transcript, TRUE);
  plain = transcript_text (transcript, FALSE);
  g_assert_null (strstr (masked, "four"));
  g_assert_nonnull (strstr (masked, "\"*******\""));
  g_assert_nonnull (strstr (masked, "\"*****1111\""));
  g_assert_nonnull (strstr (masked, "Go on."));
  g_assert_nonnull (strstr (plain, "1 1111 1111"));
  parley_transcript_free (transcript);
}

static void
test_transcript_is_bounded (void)
{
  ParleyTranscript *transcript = parley_transcript_new ();
  g_autofree gchar *long_text = g_strnfill (10000, 'a');
  JsonArray *array;

  for (guint i = 1; i < 3 * PARLEY_TRANSCRIPT_MAX_ENTRIES; i++)
    parley_transcript_add_caller (transcript, i, "yes", i);
  for (guint i = 0; i < 50; i++)
    parley_transcript_add_heard (transcript, 1, long_text, FALSE, i);
  array = parley_transcript_to_json (transcript, TRUE);
  g_assert_cmpuint (json_array_get_length (array), ==,
      PARLEY_TRANSCRIPT_MAX_ENTRIES);
  json_array_unref (array);
  parley_transcript_free (transcript);
}

/* Signatures */

/* Made with the package standardwebhooks 1.0 of the npm registry. */
static void
test_signature (void)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{\"sid\":\"CA1\"}", 13);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = NULL;
  g_autofree gchar *signature = NULL;

  g_setenv (SECRET_ENV, SECRET, TRUE);
  key = parley_webhook_key_from_env (SECRET_ENV, &error);
  g_assert_no_error (error);
  signature = parley_webhook_sign (key, "call_CA1_5f", 1614265330, body);
  g_assert_cmpstr (signature, ==,
      "v1,4P+bxI/1aDgTbqlr6MmW2lv0r/e6wN5vYWYiZAmSnmE=");
}

static void
test_wrong_secrets (void)
{
  static const gchar *const wrong[] = { "", "tiny", "whsec_c2hvcnQ=" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_setenv (SECRET_ENV, wrong[i], TRUE);
    g_assert_null (parley_webhook_key_from_env (SECRET_ENV, &error));
    g_assert_nonnull (strstr (error->message, SECRET_ENV));
    g_assert_true (!*wrong[i] || !strstr (error->message, wrong[i]));
  }
}

/* Delivery */

typedef struct
{
  SoupServer *server;
  gchar *url;
  gchar *dir;
  guint n_requests;
  guint n_refuse;               /* with 503, the first ones */
  gboolean hang;
  GPtrArray *ids;
  gchar *body;
  gchar *signature;
  gchar *timestamp;
} Fixture;

static void
on_request (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  Fixture *self = data;
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  g_ptr_array_add (self->ids,
      g_strdup (soup_message_headers_get_one (headers, "webhook-id")));
  g_free (self->body);
  self->body = g_strndup (body->data, body->length);
  g_free (self->signature);
  self->signature =
      g_strdup (soup_message_headers_get_one (headers, "webhook-signature"));
  g_free (self->timestamp);
  self->timestamp =
      g_strdup (soup_message_headers_get_one (headers, "webhook-timestamp"));
  if (self->hang)
    soup_server_message_pause (message);
  else
    soup_server_message_set_status (message,
        self->n_requests < self->n_refuse ? 503 : 200, NULL);
  self->n_requests++;
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->dir = g_dir_make_tmp ("parley-records-XXXXXX", &error);
  g_assert_no_error (error);
  self->ids = g_ptr_array_new_with_free_func (g_free);
  self->server = soup_server_new (NULL, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY,
      &error);
  g_assert_no_error (error);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  uris = soup_server_get_uris (self->server);
  self->url = g_uri_to_string (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_setenv (SECRET_ENV, SECRET, TRUE);
}

static gchar *
only_file (Fixture * self)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const gchar *name = g_dir_read_name (dir);
  gchar *path = name ? g_build_filename (self->dir, name, NULL) : NULL;

  g_assert_null (g_dir_read_name (dir));
  return path;
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_autofree gchar *file = only_file (self);

  if (file)
    g_remove (file);
  g_rmdir (self->dir);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_ptr_array_unref (self->ids);
  g_free (self->url);
  g_free (self->dir);
  g_free (self->body);
  g_free (self->signature);
  g_free (self->timestamp);
}

static ParleyDelivery *
new_delivery (Fixture * self)
{
  const ParleyDeliveryConfig config = { self->dir, self->url, SECRET_ENV };
  g_autoptr (GError) error = NULL;
  ParleyDelivery *delivery = parley_delivery_new (&config, &error);

  g_assert_no_error (error);
  return delivery;
}

static gchar *
make (gpointer data)
{
  return g_strdup (data);
}

static void
send (gpointer data, gpointer loop)
{
  parley_delivery_send_in_loop (data, loop, "CA1/../x", make, "{\"a\":1}");
}

/* Ends the delivery on a thread, as the main one has the receiver. */
static gpointer
end_delivery (gpointer data)
{
  parley_delivery_free (data);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
deliver (Fixture * self, guint n_requests)
{
  ParleyLoop *loop = parley_loop_acquire ();
  ParleyDelivery *delivery = new_delivery (self);
  GThread *thread;

  parley_loop_invoke (loop, send, delivery, loop);
  while (self->n_requests < n_requests)
    g_main_context_iteration (NULL, TRUE);
  thread = g_thread_new ("end", end_delivery, delivery);
  while (g_main_context_iteration (NULL, FALSE));
  g_thread_join (thread);
  parley_loop_release (loop);
}

static void
assert_signed (Fixture * self)
{
  g_autoptr (GBytes) key = parley_webhook_key_from_env (SECRET_ENV, NULL);
  g_autoptr (GBytes) body = g_bytes_new (self->body, strlen (self->body));
  g_autofree gchar *signature = parley_webhook_sign (key, self->ids->pdata[0],
      g_ascii_strtoll (self->timestamp, NULL, 10), body);

  g_assert_cmpstr (self->signature, ==, signature);
}

static void
test_sent_again_until_taken (Fixture * self, gconstpointer data)
{
  g_autofree gchar *path = NULL, *text = NULL;
  GStatBuf info;

  self->n_refuse = 2;
  deliver (self, 3);
  g_assert_cmpuint (self->n_requests, ==, 3);
  g_assert_cmpstr (self->body, ==, "{\"a\":1}");
  assert_signed (self);
  g_assert_cmpstr (self->ids->pdata[0], ==, self->ids->pdata[2]);
  g_assert_true (g_str_has_prefix (self->ids->pdata[0], "call_CA1____x_"));
  path = only_file (self);
  g_assert_nonnull (strstr (path, "-CA1____x.json"));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "{\"a\":1}");
}

static void
test_stopped_while_the_receiver_hangs (Fixture * self, gconstpointer data)
{
  g_autofree gchar *path = NULL;

  self->hang = TRUE;
  deliver (self, 1);
  path = only_file (self);
  g_assert_nonnull (path);
}

static void
test_wrong_settings (Fixture * self, gconstpointer data)
{
  const ParleyDeliveryConfig wrong[] = {
    {"/dev/null/records", NULL, NULL},
    {NULL, "ftp://example.org/", NULL},
    {NULL, self->url, "NO_SUCH_VARIABLE"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (parley_delivery_new (&wrong[i], &error));
    g_assert_nonnull (error);
  }
}

#define ADD(name, func) \
    g_test_add ("/callrecord/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/callrecord/cards/are-hidden", test_cards_are_hidden);
  g_test_add_func ("/callrecord/cards/other-numbers-stay",
      test_other_numbers_stay);
  g_test_add_func ("/callrecord/cards/lines-stay", test_lines_stay);
  g_test_add_func ("/callrecord/transcript/what-was-heard",
      test_transcript_is_what_was_heard);
  g_test_add_func ("/callrecord/transcript/card-in-several-turns",
      test_card_in_several_turns);
  g_test_add_func ("/callrecord/transcript/bounded",
      test_transcript_is_bounded);
  g_test_add_func ("/callrecord/signature/standard-webhooks", test_signature);
  g_test_add_func ("/callrecord/signature/wrong-secrets", test_wrong_secrets);
  ADD ("delivery/sent-again-until-taken", test_sent_again_until_taken);
  ADD ("delivery/stopped-while-the-receiver-hangs",
      test_stopped_while_the_receiver_hangs);
  ADD ("delivery/wrong-settings", test_wrong_settings);
  return g_test_run ();
}
