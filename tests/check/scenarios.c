/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Conversations by voice with pipelines/local.pipeline, through the socket.
 * What was said and done is compared, never when. */
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "caller.h"
#include "mock/coreplugins.h"
#include "mock/peer.h"
#include "mock/spoken.h"
#include "server/log.h"
#include "server/service.h"
#include "speech/g711.h"

#define GREETING "agent: Thank you for calling Bright Smile Dental.\n" \
    "agent: How can I help you?\n"

static ParleyService *service;
static GMutex lock;
static GHashTable *said;        /* call's sid to GString, under lock */

/* One caller */

typedef struct
{
  SoupSession *session;
  ParleyCaller *caller;
  gchar *url;
  GPtrArray *turns;
  GString *events;              /* a letter each: S K H E U C */
  GString *marks;               /* names, "|" after each */
  gboolean stale;               /* a mark of a voided reply after its clear */
  gboolean done;
} Phone;

static void
on_caption (const ParleyCaption * caption, gpointer data)
{
  GString *text;

  if (!caption->final)
    return;
  g_mutex_lock (&lock);
  text = g_hash_table_lookup (said, caption->sid);
  if (!text) {
    text = g_string_new (NULL);
    g_hash_table_insert (said, g_strdup (caption->sid), text);
  }
  g_string_append_printf (text, "%s: %s\n", caption->agent ? "agent" : "caller",
      caption->text);
  g_mutex_unlock (&lock);
}

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  static const gchar letters[] = {
    [PARLEY_CALLER_SPEAKS] = 'S',[PARLEY_CALLER_SPOKE] = 'K',
    [PARLEY_CALLER_HEARS] = 'H',[PARLEY_CALLER_REPLY_ENDED] = 'E',
    [PARLEY_CALLER_UNANSWERED] = 'U',[PARLEY_CALLER_CLEAR] = 'C',
  };
  Phone *self = data;

  if (event == PARLEY_CALLER_MARK)
    g_string_append_printf (self->marks, "%s|", text);
  else if (event < G_N_ELEMENTS (letters) && letters[event])
    g_string_append_c (self->events, letters[event]);
  else if (event == PARLEY_CALLER_INVALID)
    g_error ("the server sent what it must not: %s", text);
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  ((Phone *) data)->done = TRUE;
}

static Phone *
phone_new (void)
{
  Phone *self = g_new0 (Phone, 1);

  self->session = parley_caller_session_new ();
  self->turns = g_ptr_array_new_with_free_func (parley_caller_turn_free);
  self->events = g_string_new (NULL);
  self->marks = g_string_new (NULL);
  self->url = g_strdup_printf ("ws://127.0.0.1:%u/media",
      parley_service_get_port (service));
  return self;
}

static void
phone_add (Phone * self, const gchar * name, GByteArray * audio)
{
  GBytes *bytes = g_byte_array_free_to_bytes (audio);

  g_ptr_array_add (self->turns, parley_caller_turn_new (name, bytes, NULL));
  g_bytes_unref (bytes);
}

static void
phone_say (Phone * self, const gchar * text)
{
  phone_add (self, text, spoken_text ("flite", "rms", 1.0, text));
}

static void
phone_call (Phone * self, gint barge_in_ms)
{
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;

  config.url = self->url;
  config.turns = self->turns;
  config.barge_in_ms = barge_in_ms;
  self->caller = parley_caller_new (&config, self->session, on_event, on_done,
      self);
  parley_caller_start (self->caller);
}

static void
phone_free (Phone * self)
{
  g_test_message ("%s; %s", self->events->str, self->marks->str);
  parley_caller_free (self->caller);
  g_object_unref (self->session);
  g_ptr_array_unref (self->turns);
  g_string_free (self->events, TRUE);
  g_string_free (self->marks, TRUE);
  g_free (self->url);
  g_free (self);
}

/* Waits until all calls are over; what was said in the only one. */
static gchar *
take_said (void)
{
  GHashTableIter iter;
  GString *text = NULL;
  gchar *result;

  parley_mock_wait (parley_service_get_calls (service) == 0);
  g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, said);
  g_assert_cmpuint (g_hash_table_size (said), <=, 1);
  g_hash_table_iter_next (&iter, NULL, (gpointer *) & text);
  result = g_strdup (text ? text->str : "");
  g_hash_table_remove_all (said);
  g_mutex_unlock (&lock);
  return result;
}

static void
assert_begins (const gchar * text, const gchar * beginning)
{
  if (!g_str_has_prefix (text, beginning))
    g_error ("“%s” should begin with “%s”", text, beginning);
}

static void
assert_has (const gchar * text, const gchar * part)
{
  if (!strstr (text, part))
    g_error ("“%s” should contain “%s”", text, part);
}

/* The milliseconds of the last mark: how much of its reply was heard. */
static guint64
last_mark_ms (Phone * self)
{
  g_auto (GStrv) marks = g_strsplit (self->marks->str, "|", -1);
  g_auto (GStrv) parts = NULL;

  g_assert_cmpuint (g_strv_length (marks), >=, 2);
  parts = g_strsplit (marks[g_strv_length (marks) - 2], ":", 4);
  return g_ascii_strtoull (parts[2], NULL, 10);
}

/* Conversations */

static void
test_four_turns (void)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;

  phone_say (phone, "what are your opening hours");
  phone_say (phone, "i would like to book an appointment");
  phone_say (phone, "how about tuesday");
  phone_say (phone, "at half past two");
  phone_call (phone, -1);
  parley_mock_wait (phone->done);
  g_assert_no_error (parley_caller_get_result (phone->caller)->error);
  g_assert_cmpstr (phone->events->str, ==, "HESKHESKHESKHESKHE");
  phone_free (phone);
  text = take_said ();
  assert_begins (text, GREETING "caller: what are your opening hours\nagent: ");
  assert_has (text, "i would like to book an appointment\nagent: ");
  assert_has (text, "caller: how about tuesday\nagent: ");
  assert_has (text, "at half past two\nagent: ");
  /* A reply that was begun on less than the whole turn is told to nobody. */
  g_assert_null (strstr (text, "I am afraid"));
  assert_has (text, "Tuesday at ");
}

static void
test_barge_in (void)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;

  phone_say (phone, "what are your opening hours");
  phone_call (phone, 400);
  parley_mock_wait (phone->done);
  g_assert_no_error (parley_caller_get_result (phone->caller)->error);
  assert_begins (phone->events->str, "HESCK");
  g_assert_cmpuint (parley_caller_get_result (phone->caller)->clears, ==, 1);
  /* Marks end in the number of clears: after it nothing of the greeting, which
   * is the call's first reply, was played. */
  g_assert_cmpint (phone->marks->str[0], ==, 'e');
  for (const gchar * at = phone->marks->str; *at; at = strchr (at, '|') + 1) {
    gsize epoch = strcspn (phone->marks->str, ":");

    if (strncmp (at, phone->marks->str, epoch + 1) == 0)
      g_assert_cmpint (strchr (at, '|')[-1], ==, '0');
  }
  phone_free (phone);
  text = take_said ();
  assert_has (text, "what are your opening hours\nagent: ");
  assert_has (text, "nine to five");
}

static guint64
greeting_heard (GByteArray * noise, guint * n_clears)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;
  guint64 ms;

  if (noise)
    phone_add (phone, "noise", noise);
  /* Before it is known that the line has no echo it might be one. */
  phone_call (phone, noise ? 2200 : -1);
  parley_mock_wait (phone->done);
  *n_clears = parley_caller_get_result (phone->caller)->clears;
  ms = last_mark_ms (phone);
  phone_free (phone);
  text = take_said ();
  g_assert_cmpstr (text, ==, GREETING);
  return ms;
}

/* Two bursts of a rough voice within half a second, then a quiet line for
 * longer than the agent speaks. Noise alone would not pass for a caller. */
static GByteArray *
cough (void)
{
  GByteArray *audio = spoken_quiet (7000);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 1600; i < 5600; i++) {
    guint at = (i - 1600) % 2000;
    gdouble sum = g_rand_double_range (rand, -1.0, 1.0);

    for (gint k = 1; k <= 12; k++)
      sum += sin (2.0 * G_PI * k * (170.0 - 0.03 * at) * at / 8000.0);
    if (at < 1200)
      audio->data[i] = parley_mulaw_encode_sample ((gint16)
          (2500.0 * sum * sin (G_PI * at / 1200.0)));
  }
  return audio;
}

/* Whatever is paused goes on from where it was, and nothing is answered. */
static void
test_cough (void)
{
  guint clears;
  guint64 undisturbed = greeting_heard (NULL, &clears), disturbed;

  g_assert_cmpuint (clears, ==, 0);
  disturbed = greeting_heard (cough (), &clears);
  g_assert_cmpuint (clears, ==, 1);
  /* A sentence may have a frame of silence more or less at its end. */
  g_assert_cmpuint (disturbed + 100, >, undisturbed);
  g_assert_cmpuint (disturbed, <, undisturbed + 100);
}

static void
test_key (void)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;

  g_ptr_array_add (phone->turns, parley_caller_turn_new ("keys", NULL, "1"));
  phone_call (phone, -1);
  parley_mock_wait (phone->done);
  g_assert_no_error (parley_caller_get_result (phone->caller)->error);
  g_assert_cmpstr (phone->events->str, ==, "HESKHE");
  phone_free (phone);
  text = take_said ();
  assert_begins (text, GREETING "agent: ");
}

static void
test_outside_script (void)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;

  phone_say (phone, "my elephant enjoys classical music on the radio");
  phone_call (phone, -1);
  parley_mock_wait (phone->done);
  g_assert_cmpstr (phone->events->str, ==, "HESKHE");
  phone_free (phone);
  text = take_said ();
  assert_has (text, "agent: Sorry, I did not understand that.");
}

/* The agent's last word is heard to its end before it hangs up. */
static void
test_goodbye (void)
{
  Phone *phone = phone_new ();
  g_autofree gchar *text = NULL;

  phone_say (phone, "goodbye");
  phone_say (phone, "this is never said");
  phone_call (phone, -1);
  parley_mock_wait (phone->done);
  g_assert_nonnull (parley_caller_get_result (phone->caller)->error);
  assert_has (parley_caller_get_result (phone->caller)->error->message,
      "the agent hung up");
  assert_begins (phone->events->str, "HESKH");
  g_assert_cmpuint (parley_caller_get_result (phone->caller)->turns->len, ==,
      1);
  g_assert_cmpuint (parley_caller_get_result (phone->caller)->clears, ==, 0);
  g_assert_cmpuint (last_mark_ms (phone), >, 1000);
  phone_free (phone);
  text = take_said ();
  assert_has (text, "goodbye\nagent: ");
}

static void
test_two_at_once (void)
{
  Phone *one = phone_new (), *two = phone_new ();
  GHashTableIter iter;
  GString *text;
  guint n_hours = 0, n_address = 0;

  phone_say (one, "what are your opening hours");
  phone_say (two, "what is your address");
  phone_call (one, -1);
  phone_call (two, -1);
  parley_mock_wait (one->done && two->done);
  parley_mock_wait (parley_service_get_calls (service) == 0);
  g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, said);
  g_assert_cmpuint (g_hash_table_size (said), ==, 2);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) & text)) {
    gboolean hours = strstr (text->str, "opening hours") != NULL;

    assert_begins (text->str, GREETING "caller: what ");
    assert_has (text->str, hours ? "nine to five" : "Market Street");
    g_assert_null (strstr (text->str, hours ? "Market" : "nine to five"));
    n_hours += hours;
    n_address += !hours;
  }
  g_hash_table_remove_all (said);
  g_mutex_unlock (&lock);
  g_assert_cmpuint (n_hours, ==, 1);
  g_assert_cmpuint (n_address, ==, 1);
  phone_free (one);
  phone_free (two);
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * message,
    gpointer data)
{
}

static void
text_free (gpointer data)
{
  g_string_free (data, TRUE);
}

static void
serve (void)
{
  g_autofree gchar *file = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "local.pipeline", NULL);
  ParleyServiceConfig config = { file, NULL, "127.0.0.1" };
  GError *error = NULL;

  config.max_calls = 10;
  config.caption = on_caption;
  said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, text_free);
  service = parley_service_new (&config, &error);
  g_assert_no_error (error);
  parley_mock_wait (parley_service_is_ready (service));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  parley_log_set_level (PARLEY_LOG_QUIET);
  serve ();
  g_test_add_func ("/scenarios/four-turns", test_four_turns);
  g_test_add_func ("/scenarios/barge-in", test_barge_in);
  g_test_add_func ("/scenarios/cough", test_cough);
  g_test_add_func ("/scenarios/key", test_key);
  g_test_add_func ("/scenarios/outside-script", test_outside_script);
  g_test_add_func ("/scenarios/goodbye", test_goodbye);
  g_test_add_func ("/scenarios/two-at-once", test_two_at_once);
  status = g_test_run ();
  parley_service_free (service);
  g_hash_table_unref (said);
  return status;
}
