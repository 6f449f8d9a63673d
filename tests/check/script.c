/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/phrase.h"
#include "providers/llm/script.h"
#include "providers/llm/utterance.h"
#include "providers/registry.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define DICTIONARY "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"

static const gchar small_script[] =
    "{\"slots\": {\"drink\": [\"coffee\", [\"green tea\", \"tea\"]]},"
    " \"states\": {\"size\": {\"fallback\": [\"Small or large?\"]}},"
    " \"intents\": {"
    "  \"order\": {\"phrases\": [\"i want {n:number} {drink}\","
    "   \"[i want] a {drink}\"],"
    "   \"replies\": [\"${n} ${drink}. Which size?\", \"A ${drink}. Which"
    " size?\"], \"next\": \"size\"},"
    "  \"size\": {\"state\": \"size\","
    "   \"phrases\": [\"(small|large) [please]\"],"
    "   \"replies\": [\"Your ${drink} is coming.\"], \"next\": \"start\"},"
    "  \"bye\": {\"phrases\": [\"goodbye\"], \"replies\": [\"Bye one.\","
    "   \"Bye two.\"], \"hang_up\": true},"
    "  \"again\": {\"phrases\": [\"say that again\"], \"replies\":"
    "   [\"Nothing yet.\"], \"repeat\": true},"
    "  \"long\": {\"phrases\": [\"what is the price of the cake\"],"
    "   \"replies\": [\"Two dollars.\"]}},"
    " \"fallback\": [\"Pardon?\", \"What?\"]}";

static ParleyScript *
parse (const gchar * json)
{
  GError *error = NULL;
  ParleyScript *script = parley_script_parse ("test.json", json, -1, &error);

  g_assert_no_error (error);
  return script;
}

static gchar *
appointments_path (void)
{
  return g_build_filename (g_getenv ("PARLEY_SOURCE"), "pipelines",
      "appointments.json", NULL);
}

static ParleyScript *
load_appointments (void)
{
  gchar *path = appointments_path ();
  GError *error = NULL;
  ParleyScript *script = parley_script_load (path, &error);

  g_assert_no_error (error);
  g_free (path);
  return script;
}

static GPtrArray *
messages_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) parley_message_free);
}

static void
add (GPtrArray * messages, ParleyRole role, const gchar * text)
{
  g_ptr_array_add (messages, parley_message_new (role, text));
}

/* The conversation of user messages in @said, " / " between them. */
static ParleyScriptAnswer *
converse (ParleyScript * script, const gchar * said)
{
  GPtrArray *messages = messages_new ();
  gchar **turns = g_strsplit (said, " / ", -1);
  ParleyScriptAnswer *answer;
  guint i;

  add (messages, PARLEY_ROLE_SYSTEM, "i want a coffee");
  for (i = 0; turns[i]; i++) {
    if (i > 0)
      add (messages, PARLEY_ROLE_ASSISTANT, "What was heard.");
    add (messages, PARLEY_ROLE_USER, turns[i]);
  }
  answer = parley_script_answer (script, messages);
  g_strfreev (turns);
  g_ptr_array_unref (messages);
  return answer;
}

/* @expected: "intent: reply", intent "-" for fallback; reply may be left
 * out. */
static void
check_answer (ParleyScript * script, const gchar * said, const gchar * expected)
{
  ParleyScriptAnswer *answer = converse (script, said);
  gchar *got = g_strdup_printf ("%s%s%s", answer->intent ? answer->intent : "-",
      strchr (expected, ':') ? ": " : "",
      strchr (expected, ':') ? answer->text : "");

  if (g_strcmp0 (got, expected) != 0)
    g_test_message ("said \"%s\"", said);
  g_assert_cmpstr (got, ==, expected);
  g_free (got);
  parley_script_answer_free (answer);
}

typedef struct
{
  const gchar *said;
  const gchar *expected;
} Case;

static void
check_answers (ParleyScript * script, const Case * cases)
{
  for (; cases->said; cases++)
    check_answer (script, cases->said, cases->expected);
}

/* --- words and slots --- */

static void
test_words (void)
{
  static const Case cases[] = {
    {"Hello, World!", "hello world"},
    {"What's up? I'd like 5pm.", "what is up i would like 5 pm"},
    {"at 3:30 p.m.", "at 3:30 pm"}, {"a.m", "am"},
    {"the 3rd, 1,000 or 3.5", "the 3rd 1000 or 3.5"},
    {"twenty-one", "twenty one"}, {"o’clock 'quoted'", "o'clock quoted"},
    {"ÄPFEL süß", "äpfel süß"}, {"...", ""}, {"", ""}, {"\xff\xfe", ""},
    {NULL},
  };
  const Case *c;

  for (c = cases; c->said; c++) {
    gchar **words = parley_utterance_words (c->said);
    gchar *joined = g_strjoinv (" ", words);

    g_assert_cmpstr (joined, ==, c->expected);
    g_free (joined);
    g_strfreev (words);
  }
}

typedef struct
{
  const gchar *type;
  const gchar *said;
  const gchar *expected;        /* NULL: no such value */
} SlotCase;

static const SlotCase slot_cases[] = {
  {"weekday", "friday", "Friday"}, {"weekday", "fry day", NULL},
  {"month", "may", "May"},
  {"number", "zero", "0"}, {"number", "nineteen", "19"},
  {"number", "forty two", "42"}, {"number", "a hundred", "100"},
  {"number", "one hundred and five", "105"},
  {"number", "three hundred forty two", "342"},
  {"number", "fifteen hundred", "1500"},
  {"number", "two thousand and one", "2001"},
  {"number", "nine thousand nine hundred ninety nine", "9999"},
  {"number", "1234", "1234"}, {"number", "12345", NULL},
  {"number", "two three", NULL}, {"number", "hundred", NULL},
  {"number", "one hundred and", NULL}, {"number", "twenty zero", NULL},
  {"number", "two thousand zero", NULL}, {"number", "and five", NULL},
  {"digits", "five five oh one", "5 5 0 1"}, {"digits", "555 12", "5 5 5 1 2"},
  {"digits", "double seven triple zero", "7 7 0 0 0"},
  {"digits", "double", NULL}, {"digits", "double double one", NULL},
  {"digits", "ten", NULL},
  {"time", "three", "3 o'clock"}, {"time", "three o'clock", "3 o'clock"},
  {"time", "three thirty", "3:30"}, {"time", "three oh five", "3:05"},
  {"time", "half past two", "2:30"}, {"time", "quarter to one", "12:45"},
  {"time", "a quarter past nine", "9:15"},
  {"time", "ten minutes to five p m", "4:50 p.m."},
  {"time", "five p m", "5 p.m."}, {"time", "5 p.m.", "5 p.m."},
  {"time", "ten a m", "10 a.m."}, {"time", "10:15", "10:15"},
  {"time", "15:30", "15:30"}, {"time", "noon", "noon"},
  {"time", "eleven in the morning", "11 a.m."},
  {"time", "eight fifteen in the evening", "8:15 p.m."},
  {"time", "thirteen", NULL}, {"time", "25:00", NULL}, {"time", "10:75", NULL},
  {"time", "three five", NULL}, {"time", "half to two", NULL},
  {"time", "p m", NULL},
  {"date", "march the third", "March the third"},
  {"date", "the third of march", "March the third"},
  {"date", "may twenty first", "May the twenty-first"},
  {"date", "March 30th", "March the thirtieth"}, {"date", "3 may",
      "May the third"},
  {"date", "tomorrow", "tomorrow"}, {"date", "february the thirtieth", NULL},
  {"date", "march", NULL}, {"date", "march the thirty second", NULL},
  {"yesno", "yeah", "yes"}, {"yesno", "nope", "no"}, {"yesno", "maybe", NULL},
};

static void
test_slots (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (slot_cases); i++) {
    const SlotCase *c = &slot_cases[i];
    gchar **words = parley_utterance_words (c->said);
    gchar *value = parley_slot_type_find (c->type)->read (words,
        g_strv_length (words));

    if (g_strcmp0 (value, c->expected) != 0)
      g_test_message ("%s \"%s\"", c->type, c->said);
    g_assert_cmpstr (value, ==, c->expected);
    g_free (value);
    g_strfreev (words);
  }
}

/* --- conversations --- */

static void
test_matching (void)
{
  static const Case cases[] = {
    {"i want two coffee", "order: 2 coffee. Which size?"},
    {"I want two TEA!", "order: 2 green tea. Which size?"},
    {"a coffee", "order: A coffee. Which size?"},
    {"um hello i want a green tea please", "order: A green tea. Which size?"},
    {"yes a tea thank you", "order: A green tea. Which size?"},
    {"a coffee / large", "size: Your coffee is coming."},
    {"a coffee / uh small please", "size: Your coffee is coming."},
    {"a coffee / goodbye", "bye: Bye two."},
    {"goodbye", "bye: Bye one."},
    {"large", "-: Pardon?"}, {"what", "-: Pardon?"}, {"", "-: Pardon?"},
    {"a beer", "-: Pardon?"}, {"a coffee and a tea", "-: Pardon?"},
    {"i want coffee two", "-: Pardon?"}, {"coffee", "-: Pardon?"},
    {"i want twelve hundred beer", "-: Pardon?"}, {"um", "-: Pardon?"},
    {"hello", "-: Pardon?"}, {"please", "-: Pardon?"},
    {"hm / what", "-: What?"},
    {"a coffee / banana", "-: Small or large?"},
    {"a coffee / banana / banana / small", "size: Your coffee is coming."},
    {"a coffee / small / large", "-: Pardon?"},
    {NULL},
  };
  ParleyScript *script = parse (small_script);

  check_answers (script, cases);
  parley_script_unref (script);
}

static void
test_one_slip (void)
{
  static const Case cases[] = {
    {"what is the price of the cake", "long"},
    {"what's the price of the cake", "long"},
    {"what is a price of the cake", "long"},
    {"what is price of the cake", "long"},
    {"what is the price of the the cake", "long"},
    {"what is price of cake", "-"},
    {"what is the price the cake", "-"},
    {"what is the price of the cakes", "-"},
    {"what is the rice of the cake", "-"},
    {"what is not the price of the cake", "-"},
    {"say the that again", "-"}, {"the goodbye", "-"},
    {NULL},
  };
  ParleyScript *script = parse (small_script);

  check_answers (script, cases);
  parley_script_unref (script);
}

static void
test_joined_messages (void)
{
  static const Case cases[] = {
    {"I want a coffee. Large.", "size: Your coffee is coming."},
    {"i want a coffee\nlarge please", "size: Your coffee is coming."},
    {"i want a coffee large", "size: Your coffee is coming."},
    {"Banana banana. Goodbye.", "bye: Bye one."},
    {"Goodbye. Banana banana.", "-: Pardon?"},
    {"i want a coffee banana", "-: Pardon?"},
    {"i want a coffee goodbye", "-: Pardon?"},
    {"a tea. Banana / small", "-: What?"},
    {NULL},
  };
  ParleyScript *script = parse (small_script);

  check_answers (script, cases);
  parley_script_unref (script);
}

static void
test_repeat (void)
{
  static const Case cases[] = {
    {"say that again", "again: Nothing yet."},
    {"a coffee / say that again", "again: A coffee. Which size?"},
    {"a coffee / say that again / say that again / large",
        "size: Your coffee is coming."},
    {NULL},
  };
  ParleyScript *script = parse (small_script);
  GPtrArray *messages = messages_new ();
  ParleyScriptAnswer *answer;

  check_answers (script, cases);
  add (messages, PARLEY_ROLE_ASSISTANT, "Welcome!");
  add (messages, PARLEY_ROLE_USER, "say that again");
  answer = parley_script_answer (script, messages);
  g_assert_cmpstr (answer->text, ==, "Welcome!");
  parley_script_answer_free (answer);
  g_ptr_array_unref (messages);
  parley_script_unref (script);
}

static void
test_history_without_user (void)
{
  ParleyScript *script = parse (small_script);
  GPtrArray *messages = messages_new ();
  ParleyScriptAnswer *answer = parley_script_answer (script, messages);

  g_assert_null (answer->intent);
  g_assert_cmpstr (answer->text, ==, "Pardon?");
  g_assert_cmpstr (answer->state, ==, "start");
  parley_script_answer_free (answer);
  g_ptr_array_unref (messages);
  parley_script_unref (script);
}

static void
test_appointments (void)
{
  static const Case cases[] = {
    {"what are your opening hours",
        "hours: We are open from Monday to Friday, nine to five."},
    {"When do you open?", "hours"},
    {"I'd like to book an appointment.",
        "book: With pleasure. Which day suits you?"},
    {"i want to book an appointment / friday",
        "day: We have room on Friday. What time suits you?"},
    {"book an appointment / on friday / half past two",
        "time: That is Friday at 2:30. Shall I book it?"},
    {"book an appointment / friday / at three / yes",
        "confirm_yes: Done. We will see you on Friday at 3 o'clock. Can I do"
          " anything else for you?"},
    {"book an appointment / friday / at three / no", "confirm_no"},
    {"book an appointment / friday / at three / yes / no thank you",
        "nothing_else"},
    {"book an appointment / friday at five p m",
        "day_time: That is Friday at 5 p.m. Shall I book it?"},
    {"i need an appointment for monday", "book_day"},
    {"book an appointment. for friday", "book_day"},
    {"book an appointment / what are your opening hours / tuesday", "day"},
    {"book an appointment / bananas",
        "-: Please tell me a day, for example Tuesday."},
    {"cancel my appointment / yes", "cancel_yes"},
    {"i need to move my appointment / thursday", "day"},
    {"how much is a cleaning",
        "price: A cleaning is eighty dollars. Most insurance pays for it."},
    {"what's the price of a checkup",
        "price: A check up is eighty dollars. Most insurance pays for it."},
    {"where are you located", "address"},
    {"can i speak to a person", "person"},
    {"hello", "greeting"}, {"thank you", "thanks"},
    {NULL},
  };
  ParleyScript *script = load_appointments ();
  ParleyScriptAnswer *answer;

  check_answers (script, cases);
  answer = converse (script, "um thank you goodbye");
  g_assert_cmpstr (answer->intent, ==, "goodbye");
  g_assert_true (answer->hang_up);
  parley_script_answer_free (answer);
  parley_script_unref (script);
}

/* Wherever the conversation is, these are not understood. */
static void
test_outside_reaches_fallback (void)
{
  static const gchar *const outside[] = {
    "what is the weather like today", "tell me a joke", "book a flight",
    "book a table for friday", "i want to book", "cancel my subscription",
    "how much is a car", "how much is a", "where is my car", "my tooth hurts",
    "do not book an appointment", "i do not want an appointment",
    "cancel", "speak to the dentist", "what is your name", "are you a robot",
    "yes no", "friday the thirteenth", "the quick brown fox", "price",
    "what are your opening", "opening hours what are your", "and then",
    "when are you closed", "i want to cancel an appointment on mars",
  };
  static const gchar *const before[] = {
    "", "book an appointment / ", "book an appointment / friday / ",
    "book an appointment / friday / at three / ", "cancel my appointment / ",
  };
  ParleyScript *script = load_appointments ();
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (outside); i++) {
    for (j = 0; j < G_N_ELEMENTS (before); j++) {
      gchar *said = g_strconcat (before[j], outside[i], NULL);

      check_answer (script, said, "-");
      g_free (said);
    }
  }
  parley_script_unref (script);
}

/* --- what a recogniser and a page get --- */

static void
test_examples_are_understood (void)
{
  static const gchar *const before[] = {
    "", "book an appointment / ", "book an appointment / friday / ",
    "book an appointment / friday / at three / ", "cancel my appointment / ",
  };
  ParleyScript *script = load_appointments ();
  GPtrArray *examples = parley_script_examples (script);
  guint i, j;

  g_assert_cmpuint (examples->len, >, 40);
  for (i = 0; i < examples->len; i++) {
    gboolean understood = FALSE;

    for (j = 0; j < G_N_ELEMENTS (before); j++) {
      gchar *said = g_strconcat (before[j], g_ptr_array_index (examples, i),
          NULL);
      ParleyScriptAnswer *answer = converse (script, said);

      understood |= answer->intent != NULL;
      parley_script_answer_free (answer);
      g_free (said);
    }
    if (!understood)
      g_test_message ("%s", (gchar *) g_ptr_array_index (examples, i));
    g_assert_true (understood);
  }
  g_ptr_array_unref (examples);
  parley_script_unref (script);
}

static void
test_grammar (void)
{
  ParleyScript *script = parse (small_script);
  gchar *jsgf = parley_script_to_jsgf (script);

  g_assert_true (g_str_has_prefix (jsgf, "#JSGF V1.0;\ngrammar parley;\n"
          "public <utterance> = <intent_order> | <intent_size> | <intent_bye>"
          " | <intent_again> | <intent_long>;\n"
          "<intent_order> = [<before>] (\n"
          "    i want <number> <slot_drink>\n"
          "    | [i want] a <slot_drink>\n  ) [<after>];\n"));
  g_assert_nonnull (strstr (jsgf,
          "\n<slot_drink> = coffee | green tea | tea;"));
  g_assert_nonnull (strstr (jsgf, "\n<number> = zero | "));
  g_assert_nonnull (strstr (jsgf, "\n<unit> = one | "));
  g_free (jsgf);
  parley_script_unref (script);
}

/* Each rule is defined once, and each that is named is defined. */
static void
test_grammar_is_closed (void)
{
  ParleyScript *script = parse ("{\"intents\": {\"a\": {\"phrases\": ["
      "\"{a:number} {b:digits} {c:time} {d:date} {e:month} {f:yesno}"
      " {g:weekday} o'clock a.m. x-ray\"], \"replies\": [\"ok\"]}},"
      " \"fallback\": \"no\"}");
  gchar *jsgf = parley_script_to_jsgf (script);
  GMatchInfo *match;
  GRegex *rule = g_regex_new ("<(\\w+)>", 0, 0, NULL);

  g_assert_nonnull (strstr (jsgf, "<weekday> o'clock a.m. x-ray"));
  for (g_regex_match (rule, jsgf, 0, &match); g_match_info_matches (match);
      g_match_info_next (match, NULL)) {
    gchar *name = g_match_info_fetch (match, 1);
    gchar *line = g_strdup_printf ("<%s> =", name);
    gchar *first = strstr (jsgf, line);

    g_assert_nonnull (first);
    g_assert_null (strstr (first + 1, line));
    g_free (line);
    g_free (name);
  }
  g_match_info_free (match);
  g_regex_unref (rule);
  g_free (jsgf);
  parley_script_unref (script);
}

static void
test_words_are_in_the_dictionary (void)
{
  ParleyScript *script;
  GPtrArray *words;
  gchar *dictionary;
  guint i;

  if (!g_file_get_contents (DICTIONARY, &dictionary, NULL, NULL)) {
    g_test_skip ("no " DICTIONARY);
    return;
  }
  script = load_appointments ();
  words = parley_script_words (script);
  g_assert_cmpuint (words->len, >, 100);
  for (i = 0; i < words->len; i++) {
    gchar *line = g_strdup_printf ("\n%s ",
        (gchar *) g_ptr_array_index (words, i));

    if (!strstr (dictionary, line))
      g_test_message ("missing: %s", line + 1);
    g_assert_nonnull (strstr (dictionary, line));
    g_free (line);
  }
  g_ptr_array_unref (words);
  parley_script_unref (script);
  g_free (dictionary);
}

/* --- files --- */

#define INTENT(phrase, more) "{\"intents\": {\"a\": {\"phrases\": [\"" phrase \
  "\"], \"replies\": [\"r\"]" more "}}, \"fallback\": [\"f\"]}"

static void
test_errors_say_where_and_what (void)
{
  static const Case cases[] = {
    {"{", "JSON: "}, {"[]", "a script is an object"}, {"", "JSON|line 1"},
    {"{}", "intents: there is none"}, {"\xff", "encoding"},
    {"[[[[[[[[[[[[[[[[[[[[", "nesting"},
    {INTENT ("", ""), "intents.a: \"phrases\"[0] is empty"},
    {INTENT ("x {d:weekdy}", ""), "unknown slot type in {d:weekdy}; use one of"
          " weekday"},
    {INTENT ("x", ", \"next\": \"nowhere\""), "intents.a: unknown state"
          " \"nowhere\"; add it to \"states\""},
    {INTENT ("x", ", \"state\": [\"start\", \"gone\"]"), "unknown state"
          " \"gone\""},
    {INTENT ("x", ", \"reply\": \"y\""), "unknown key \"reply\"; known are"
          " phrases, replies"},
    {INTENT ("x", ", \"hang_up\": 1"), "\"hang_up\" must be true or false"},
    {INTENT ("[x]", ""), "would match silence"},
    {INTENT ("(x", ""), "\")\" is missing"}, {INTENT ("x)", ""), "\")\""},
    {INTENT ("x []", ""), "between brackets is empty"},
    {INTENT ("x | ", ""), "the phrase is empty"},
    {INTENT ("x {n", ""), "\"{\" without \"}\""},
    {INTENT ("x } y", ""), "\"}\" without \"{\""},
    {INTENT ("a <b> c", ""), "is no word a caller could say"},
    {INTENT ("((((((((((((((((((x))))))))))))))))))", ""), "too many brackets"},
    {"{\"intents\": {\"a\": {\"phrases\": [], \"replies\": \"r\"}}}",
        "\"phrases\" is empty"},
    {"{\"intents\": {\"a\": {\"phrases\": \"x\"}}}", "\"replies\" is missing"},
    {"{\"intents\": {\"a\": {\"replies\": \"x\"}}}", "\"phrases\" is missing"},
    {"{\"intents\": {\"a b\": {\"phrases\": \"x\", \"replies\": \"r\"}}}",
        "letters, digits and _"},
    {"{\"intents\": {\"a\": {\"phrases\": \"x\", \"replies\": \"r\"}}}",
        "\"fallback\" is missing"},
    {"{\"intents\": {\"a\": {\"phrases\": \"x\", \"replies\": \"${y}\"}},"
          " \"fallback\": \"f\"}", "intents.a.replies: no phrase fills ${y}"},
    {"{\"slots\": {\"time\": [\"now\"]}}", "slots.time: \"time\" is built in"},
    {"{\"slots\": {\"x\": []}}", "slots.x: must be a list"},
    {"{\"slots\": {\"x\": [1]}}", "slots.x: each value"},
    {"{\"slots\": 3}", "\"slots\" must be an object"},
    {"{\"states\": {\"x\": 3}}", "states.x: must be an object"},
    {NULL},
  };
  const Case *c;

  for (c = cases; c->said; c++) {
    GError *error = NULL;
    gchar **any = g_strsplit (c->expected, "|", -1);
    gboolean found = FALSE;
    guint i;

    g_assert_null (parley_script_parse ("my.json", c->said, -1, &error));
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_assert_true (g_str_has_prefix (error->message, "my.json: "));
    for (i = 0; any[i]; i++)
      found |= strstr (error->message, any[i]) != NULL;
    if (!found)
      g_test_message ("\"%s\" is not in \"%s\"", c->expected, error->message);
    g_assert_true (found);
    g_strfreev (any);
    g_error_free (error);
  }
}

static gchar *
write_script (const gchar * json, gint64 changed)
{
  gchar *path = g_strdup_printf ("%s/parley-script-%d.json",
      g_get_tmp_dir (), (gint) getpid ());
  struct utimbuf times = { changed, changed };

  g_assert_true (g_file_set_contents (path, json, -1, NULL));
  g_assert_cmpint (g_utime (path, &times), ==, 0);
  return path;
}

static void
test_files_are_read_once (void)
{
  gchar *path = write_script (small_script, 1000000);
  ParleyScript *first = parley_script_load (path, NULL);
  ParleyScript *second = parley_script_load (path, NULL);
  ParleyScript *third;

  g_assert_nonnull (first);
  g_assert_true (first == second);
  g_free (path);
  path = write_script (small_script, 2000000);
  third = parley_script_load (path, NULL);
  g_assert_nonnull (third);
  g_assert_true (third != first);
  parley_script_unref (first);
  parley_script_unref (second);
  parley_script_unref (third);
  g_remove (path);
  g_free (path);
}

static void
test_missing_file (void)
{
  GError *error = NULL;

  g_assert_null (parley_script_load ("/nonexistent/x.json", &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "/nonexistent/x.json"));
  g_clear_error (&error);
  g_assert_null (parley_script_load ("/", &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_error_free (error);
}

/* The example of docs/script.md does what the page says. */
static void
test_documented_example (void)
{
  static const Case cases[] = {
    {"um, I'd like two teas",
        "-: Sorry, I did not get that. What would you like?"},
    {"i want two tea please", "order: 2 times green tea. Small or large?"},
    {"hm / i want two tea please / when are you open",
        "hours: From seven to six."},
    {"i want two tea please / medium", "-: Sorry, small or large?"},
    {"i want two tea please / a large one",
        "size: A large green tea. When will you come?"},
    {"i want two tea please / a large one / half past two",
        "pickup: Your green tea will be ready at 2:30."},
    {NULL},
  };
  gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"), "docs",
      "script.md", NULL);
  GError *error = NULL;
  gchar *page, *begin, *end;
  GString *json;
  ParleyScript *script;

  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  begin = strstr (page, "```json\n") + strlen ("```json\n");
  end = strstr (begin, "```");
  json = g_string_new_len (begin, end - begin);
  script = parse (json->str);
  check_answers (script, cases);
  parley_script_unref (script);
  g_string_replace (json, "\"cup_size\":", "\"cups\":", 1);
  g_assert_null (parley_script_parse ("cafe.json", json->str, -1, &error));
  g_assert_true (g_str_has_prefix (error->message, "cafe.json: intents.size: "
          "phrases[0], \"[a] {size:cup_size} [one] [please]\": unknown slot"));
  g_error_free (error);
  g_string_free (json, TRUE);
  g_free (page);
  g_free (path);
}

/* --- damage --- */

static void
mutate (GRand * rand, GString * json)
{
  static const gchar marks[] = "{}[]()|:,\"\\$ax0-<>";
  guint i, n = g_rand_int_range (rand, 1, 8);

  for (i = 0; i < n && json->len > 1; i++) {
    gsize at = g_rand_int_range (rand, 0, json->len);

    switch (g_rand_int_range (rand, 0, 4)) {
      case 0:
        json->str[at] = marks[g_rand_int_range (rand, 0, sizeof (marks) - 1)];
        break;
      case 1:
        g_string_erase (json, at, g_rand_int_range (rand, 1,
                MIN (30, json->len - at) + 1));
        break;
      case 2:
        g_string_insert_c (json, at,
            marks[g_rand_int_range (rand, 0, sizeof (marks) - 1)]);
        break;
      default:
        json->str[at] = (gchar) g_rand_int_range (rand, 0, 256);
    }
  }
}

/* Loads or says why not; what loads answers. */
static void
try_script (const gchar * json, gsize length)
{
  GError *error = NULL;
  ParleyScript *script = parley_script_parse ("x", json, length, &error);

  if (script) {
    ParleyScriptAnswer *answer = converse (script, "i want two coffee / large");
    gchar *jsgf = parley_script_to_jsgf (script);

    g_assert_no_error (error);
    g_assert_true (g_utf8_validate (jsgf, -1, NULL));
    g_ptr_array_unref (parley_script_examples (script));
    g_ptr_array_unref (parley_script_words (script));
    g_free (jsgf);
    parley_script_answer_free (answer);
    parley_script_unref (script);
  } else {
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    g_error_free (error);
  }
}

static void
test_damaged_scripts (void)
{
  GRand *rand = g_rand_new_with_seed (42);
  guint i, j;

  for (i = 0; i < 3000; i++) {
    GString *json = g_string_new (small_script);

    mutate (rand, json);
    try_script (json->str, json->len);
    g_string_free (json, TRUE);
  }
  for (i = 0; i < 500; i++) {
    gchar bytes[200];

    for (j = 0; j < sizeof (bytes); j++)
      bytes[j] = (gchar) g_rand_int_range (rand, 0, 256);
    try_script (bytes, sizeof (bytes));
  }
  g_rand_free (rand);
}

static void
test_random_utterances (void)
{
  ParleyScript *script = load_appointments ();
  GPtrArray *words = parley_script_words (script);
  GRand *rand = g_rand_new_with_seed (5);
  guint i, j;

  for (i = 0; i < 300; i++) {
    GString *said = g_string_new (NULL);
    guint n = g_rand_int_range (rand, 0, 40);

    for (j = 0; j < n; j++)
      g_string_append_printf (said, "%s%s", (gchar *)
          g_ptr_array_index (words, g_rand_int_range (rand, 0, words->len)),
          g_rand_boolean (rand) ? " " : ". ");
    parley_script_answer_free (converse (script, said->str));
    g_string_free (said, TRUE);
  }
  g_rand_free (rand);
  g_ptr_array_unref (words);
  parley_script_unref (script);
}

static void
test_greeting (void)
{
  const gchar *rest = "\"intents\": {\"a\": {\"phrases\": \"yes\","
      " \"replies\": \"Fine.\"}}, \"fallback\": \"Pardon?\"}";
  gchar *good = g_strconcat ("{\"greeting\": \"Good day, %{call.from}.\",",
      rest, NULL);
  gchar *bad = g_strconcat ("{\"greeting\": 7,", rest, NULL);
  GError *error = NULL;
  ParleyScript *script = parley_script_parse ("x.json", good, -1, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (parley_script_get_greeting (script), ==,
      "Good day, %{call.from}.");
  parley_script_unref (script);
  script = parley_script_parse ("x.json", bad, -1, &error);
  g_assert_null (script);
  g_assert_nonnull (strstr (error->message, "\"greeting\" must be a string"));
  g_error_free (error);
  g_free (good);
  g_free (bad);
}

gint
main (gint argc, gchar ** argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/script/words", test_words);
  g_test_add_func ("/script/slots", test_slots);
  g_test_add_func ("/script/matching", test_matching);
  g_test_add_func ("/script/one-slip", test_one_slip);
  g_test_add_func ("/script/joined-messages", test_joined_messages);
  g_test_add_func ("/script/repeat", test_repeat);
  g_test_add_func ("/script/history-without-user", test_history_without_user);
  g_test_add_func ("/script/appointments", test_appointments);
  g_test_add_func ("/script/outside", test_outside_reaches_fallback);
  g_test_add_func ("/script/examples", test_examples_are_understood);
  g_test_add_func ("/script/grammar", test_grammar);
  g_test_add_func ("/script/grammar-is-closed", test_grammar_is_closed);
  g_test_add_func ("/script/dictionary", test_words_are_in_the_dictionary);
  g_test_add_func ("/script/errors", test_errors_say_where_and_what);
  g_test_add_func ("/script/read-once", test_files_are_read_once);
  g_test_add_func ("/script/missing-file", test_missing_file);
  g_test_add_func ("/script/documented-example", test_documented_example);
  g_test_add_func ("/script/damaged", test_damaged_scripts);
  g_test_add_func ("/script/random-utterances", test_random_utterances);
  g_test_add_func ("/script/greeting", test_greeting);
  return g_test_run ();
}
