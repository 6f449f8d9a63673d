/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenario.h"

#include <string.h>

#include "net/clock.h"
#include "scenarioproviders.h"
#include "scenariosounds.h"
#include "scenariotools.h"
#include "speech/g711.h"
#include "virtualcall.h"

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME_US (20 * MS)
#define FRAME_LEN 160
#define SID "MZ00000000000000000000000000000001"
/* An agent that says nothing for so long has nothing to say. */
#define PATIENCE_US (8 * G_TIME_SPAN_SECOND)

/* A word that was heard. */
typedef struct
{
  guint number;
  guint synthesis;
  const gchar *text;
  gint64 at;                    /* µs since the call began */
} Heard;

typedef struct
{
  const gchar *path;
  guint line;
  gchar *problem;               /* NULL: none yet */
  GHashTable *elements;         /* factory's name to more of its properties */
  GHashTable *parameters;       /* of the call's start */
  gint64 start_at;              /* when it comes; -1: it did */

  ParleyVirtualCall *call;
  GstElement *pipeline;         /* the call's; NULL: it has not started */
  guint clears;                 /* that the agent sent */
  gboolean broken;              /* a voice broke off */
  guint64 n_frames;
  guint64 sequence;
  gint64 speech_end;            /* of the last word said; -1: none */
  GByteArray *speech;           /* to be sent; NULL: quiet */
  gsize sent;

  GByteArray *line_out;         /* what came to the caller's ear */
  gsize scanned;
  GArray *heard;                /* of Heard: everything */
  guint checked;                /* of these a step has looked at */
  guint before;                 /* of these: before the caller's last words */
  gint64 answered;              /* the first word after the last said one */
  gchar *error;                 /* of the pipeline */
} Scenario;

static void
G_GNUC_PRINTF (2, 3)
fail (Scenario * self, const gchar * format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  if (self->problem)
    return;
  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  self->problem = g_strdup_printf ("%s:%u: %s", self->path, self->line, reason);
}

/* The caller's ear */

/* All that was heard, with blanks around each word. What was heard twice,
 * since the agent went on from a little before where it had stopped, is there
 * once. */
static GString *
all_heard (Scenario * self)
{
  GString *all = g_string_new (" ");
  guint next = 0;

  for (guint i = 0; i < self->heard->len; i++) {
    const Heard *word = &g_array_index (self->heard, Heard, i);

    if (word->number >= next)
      g_string_append_printf (all, "%s ", word->text);
    next = MAX (next, word->number + 1);
  }
  return all;
}

static guint
find_last (gchar ** lines, const gchar * prefix)
{
  guint i = g_strv_length (lines);

  while (i > 0 && !g_str_has_prefix (lines[i - 1], prefix))
    i--;
  return i;
}

/* Whether @all has these words, with others between them. */
static gboolean
has_words (const gchar * all, const gchar * some)
{
  g_auto (GStrv) words = g_strsplit (some, " ", -1);

  for (guint i = 0; words[i]; i++) {
    g_autofree gchar *word = g_strdup_printf (" %s ", words[i]);

    if (!*words[i])
      continue;
    all = strstr (all, word);
    if (!all)
      return FALSE;
    all += strlen (words[i]);
  }
  return TRUE;
}

/* The model may know of no word that was not heard, but for what it has just
 * said itself before it called a tool. */
static void
check_history (Scenario * self)
{
  g_autoptr (GString) ever = all_heard (self);
  g_auto (GStrv) lines = g_strsplit (scenario_get_history (), "\n", -1);
  guint n = find_last (lines, "user: ");

  for (guint i = 0; i < n; i++) {
    g_autofree gchar *words = NULL;

    if (!g_str_has_prefix (lines[i], "assistant: "))
      continue;
    words = g_strdup_printf (" %s ", lines[i] + strlen ("assistant: "));
    if (self->broken ? !has_words (ever->str, words)
        : !strstr (ever->str, words))
      fail (self, "the model is told that “%s” was heard; it was “%s”",
          words, ever->str);
  }
}

static void
note_word (Scenario * self, const gchar * text, guint number, guint synthesis,
    gint64 at)
{
  guint n = self->heard->len;
  Heard word = { number, synthesis, text, at };
  Heard *last = n ? &g_array_index (self->heard, Heard, n - 1) : NULL;

  if (last && last->number == number)
    return;
  if (last && last->synthesis > synthesis)
    fail (self, "stale: “%s” of “%s” after “%s”", text,
        scenario_get_sentence (synthesis), last->text);
  if (self->answered < 0)
    self->answered = at;
  g_array_append_val (self->heard, word);
}

static void
listen (Scenario * self)
{
  gint64 now = parley_virtual_call_now (self->call);

  parley_playout_read (parley_virtual_call_get_playout (self->call),
      parley_clock_now (), self->line_out);
  for (; self->scanned + SCENARIO_FRAME_LEN <= self->line_out->len;
      self->scanned++) {
    guint number, synthesis;
    const gchar *text = scenario_find_word (self->line_out->data
        + self->scanned, &number, &synthesis);

    if (text)
      note_word (self, text, number, synthesis,
          now - (gint64) (self->line_out->len - self->scanned) * 125);
  }
}

/* All that was heard since the last step that looked, as all_heard(). */
static gchar *
take_heard (Scenario * self)
{
  GString *text = g_string_new (NULL);
  guint next = 0;

  for (; self->checked < self->heard->len; self->checked++) {
    const Heard *word = &g_array_index (self->heard, Heard, self->checked);

    if (word->number >= next)
      g_string_append_printf (text, "%s%s", text->len ? " " : "", word->text);
    next = MAX (next, word->number + 1);
  }
  return g_string_free (text, FALSE);
}

/* The caller's mouth */

static void
send (Scenario * self, GString * json)
{
  parley_virtual_call_send (self->call, json->str);
  g_string_free (json, TRUE);
}

static void
send_start (Scenario * self)
{
  GString *json = g_string_new (NULL);

  parley_twilio_build_start (json, SID, "AC1", "CA1", self->parameters);
  send (self, json);
  self->sequence = 1;
  self->start_at = -1;
}

/* Lets it be @now, with all that happens on networks. */
static void
advance (Scenario * self)
{
  parley_virtual_call_advance_to (self->call, self->n_frames * FRAME_US);
  scenario_tools_settle ();
}

/* 20 ms go by. */
static void
step (Scenario * self)
{
  GString *json;
  guint8 frame[FRAME_LEN];

  self->n_frames++;
  advance (self);
  if (self->start_at >= 0) {
    if (parley_virtual_call_now (self->call) >= self->start_at)
      send_start (self);
    return;
  }
  json = g_string_new (NULL);
  memset (frame, PARLEY_MULAW_SILENCE, sizeof frame);
  if (self->speech) {
    gsize len = MIN (sizeof frame, self->speech->len - self->sent);

    memcpy (frame, self->speech->data + self->sent, len);
    self->sent += len;
    if (self->sent == self->speech->len)
      self->speech = NULL;
  }
  parley_twilio_build_inbound_media (json, SID, ++self->sequence,
      self->n_frames, (self->n_frames - 1) * 20, frame, sizeof frame);
  send (self, json);
  listen (self);
  check_history (self);
}

static void
pass (Scenario * self, gint64 us)
{
  gint64 end = parley_virtual_call_now (self->call) + us;

  while (!self->problem && parley_virtual_call_now (self->call) < end
      && !parley_virtual_call_is_over (self->call))
    step (self);
}

/* Until @us after the first word that is heard from now on. */
static void
await_word (Scenario * self, gint64 us)
{
  gint64 begin = parley_virtual_call_now (self->call);
  guint n = MAX (self->checked, self->before);

  while (!self->problem && self->heard->len <= n) {
    if (parley_virtual_call_now (self->call) - begin > PATIENCE_US
        || parley_virtual_call_is_over (self->call)) {
      fail (self, "the agent says nothing");
      return;
    }
    step (self);
  }
  if (!self->problem)
    pass (self, g_array_index (self->heard, Heard, n).at + us
        - parley_virtual_call_now (self->call));
}

/* Until what is being said has been heard, or nothing comes. */
static void
await_quiet (Scenario * self)
{
  gint64 since = parley_virtual_call_now (self->call);
  guint n = self->heard->len;
  gboolean waits = self->answered < 0 || self->heard->len == self->checked;
  gint64 patience = waits ? PATIENCE_US : PARLEY_PLAYOUT_REPLY_END_US;

  while (!self->problem && !parley_virtual_call_is_over (self->call)
      && parley_virtual_call_now (self->call) - since < patience) {
    step (self);
    if (self->heard->len > n) {
      n = self->heard->len;
      since = parley_virtual_call_now (self->call);
      patience = PARLEY_PLAYOUT_REPLY_END_US + 200 * MS;
    }
  }
}

static void
utter (Scenario * self, GByteArray * audio)
{
  self->speech = audio;
  self->sent = 0;
  while (self->speech && !self->problem
      && !parley_virtual_call_is_over (self->call))
    step (self);
}

/* Words of the file */

/* "…", taken off the front of *@text. NULL: there is none. */
static gchar *
take_quoted (gchar ** text)
{
  gchar *begin, *end;

  *text = g_strchug (*text);
  if (**text != '"')
    return NULL;
  begin = *text + 1;
  end = strchr (begin, '"');
  if (!end)
    return NULL;
  *text = end + 1;
  return g_strndup (begin, end - begin);
}

/* "at MS" in @text: the time; -1: none. */
static gint64
take_at (const gchar * text)
{
  const gchar *at = strstr (text, "at ");

  return at ? g_ascii_strtoll (at + strlen ("at "), NULL, 10) * MS : -1;
}

static void
on_made (GstElement * pipeline, gpointer data)
{
  ((Scenario *) data)->pipeline = pipeline;
}

static void
on_sent (const ParleyTwilioMessage * message, gpointer data)
{
  if (message->type == PARLEY_TWILIO_CLEAR)
    ((Scenario *) data)->clears++;
}

static void
begin_call (Scenario * self)
{
  static const gchar *const order[] = {
    "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts", "mulawsink"
  };
  static const ParleyVirtualCallHooks hooks = {
    .sent = on_sent,.made = on_made
  };
  g_autoptr (GString) launch = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  ParleyPipelineFile file = { (gchar *) self->path, NULL, NULL };
  const gchar *tools = scenario_tools_get_file ();

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    const gchar *more = g_hash_table_lookup (self->elements, order[i]);

    g_string_append_printf (launch, "%s%s name=%s%s %s", i ? " ! " : "",
        order[i], order[i], i >= 2 && i <= 4 ? " provider=scenario" : "",
        more ? more : "");
  }
  if (tools)
    g_string_replace (launch, "! llmchat", "! llmchat tools=TOOLS", 1);
  if (tools)
    g_string_replace (launch, "TOOLS", tools, 1);
  file.launch = launch->str;
  self->call = parley_virtual_call_new (&file, &hooks, self, &error);
  g_assert_no_error (error);
  scenario_tools_serve ();
  if (self->start_at == 0)
    send_start (self);
}

static void
do_element (Scenario * self, gchar * rest)
{
  gchar *space = strchr (rest, ' ');
  gchar *name =
      g_strndup (rest, space ? (gsize) (space - rest) : strlen (rest));
  const gchar *before = g_hash_table_lookup (self->elements, name);
  gchar *all = g_strconcat (before ? before : "", space ? space : "", NULL);

  g_hash_table_insert (self->elements, name, all);
}

static void
do_param (Scenario * self, gchar * rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 2);

  if (g_strv_length (words) == 2)
    g_hash_table_insert (self->parameters, g_strdup (words[0]),
        g_strdup (words[1]));
  else
    fail (self, "write: param NAME VALUE");
}

static ScenarioKind
kind_of (Scenario * self, const gchar * name)
{
  static const gchar *const names[] = { "stt", "llm", "tts" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (name, names[i]))
      return i;
  fail (self, "“%s” is none of stt, llm, tts", name);
  return SCENARIO_KIND_STT;
}

static void
do_delay (Scenario * self, gchar * rest)
{
  gchar *number = strchr (rest, ' ');
  gint64 us = number ? g_ascii_strtoll (number, NULL, 10) * MS : 0;

  if (g_str_has_prefix (rest, "sentence"))
    scenario_set_sentence_delay (us);
  else if (g_str_has_prefix (rest, "start"))
    self->start_at = us;
  else
    scenario_set_delay (kind_of (self, rest), us);
}

static void
do_connect (Scenario * self, gchar * rest)
{
  gchar *number = strchr (rest, ' ');

  scenario_set_connect (kind_of (self, rest), number
      ? g_ascii_strtoll (number, NULL, 10) * MS : 0);
}

/* "KIND [N]"; without a number, 1. */
static guint
number_behind (const gchar * rest)
{
  const gchar *number = strchr (rest, ' ');

  return number ? g_ascii_strtoull (number, NULL, 10) : 1;
}

static void
do_fail (Scenario * self, gchar * rest)
{
  scenario_fail (kind_of (self, rest), number_behind (rest));
}

static void
do_break (Scenario * self, gchar * rest)
{
  scenario_break (kind_of (self, rest), number_behind (rest));
  self->broken |= g_str_has_prefix (rest, "tts");
}

static void
do_tool (Scenario * self, gchar * rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 3);
  guint n = g_strv_length (words);

  if (n < 2)
    fail (self, "write: tool NAME MS [safe]");
  else
    scenario_tools_add (words[0], g_ascii_strtoll (words[1], NULL, 10) * MS,
        n == 3 && strcmp (words[2], "safe") == 0);
}

static void
do_called (Scenario * self, gchar * rest)
{
  g_auto (GStrv) words = g_strsplit (rest, " ", 2);
  guint n = scenario_tools_count (words[0]);

  if (n != g_ascii_strtoull (words[1] ? words[1] : "", NULL, 10))
    fail (self, "the tool %s was called %u times", words[0], n);
}

/* What those that run the server want done. */
static void
do_order (Scenario * self, gchar * rest)
{
  GstElement *llmchat = self->pipeline ? gst_bin_get_by_name (GST_BIN
      (self->pipeline), "llmchat") : NULL;
  gchar *behind = strchr (rest, '"');
  g_autofree gchar *text = behind ? take_quoted (&behind) : NULL;

  if (!llmchat)
    fail (self, "the call has not started");
  else if (g_str_has_prefix (rest, "say") || g_str_has_prefix (rest, "stop"))
    g_signal_emit_by_name (llmchat, "say", text, *rest == 's'
        && rest[1] == 't');
  else if (g_str_has_prefix (rest, "hang up"))
    g_signal_emit_by_name (llmchat, "hang-up", text);
  else if (g_str_has_prefix (rest, "hold") || g_str_has_prefix (rest, "unhold"))
    g_signal_emit_by_name (llmchat, "hold", *rest == 'h');
  else
    fail (self, "write: order say \"text\", stop \"text\", hang up, hold or "
        "unhold");
  g_clear_object (&llmchat);
}

static void
do_answer (Scenario * self, gchar * rest)
{
  g_autofree gchar *said = *rest == '*' ? g_strdup ("*") : take_quoted (&rest);
  gchar *arrow = strstr (rest, "->");
  gchar *text = arrow ? arrow + 2 : rest;
  g_autofree gchar *reply = take_quoted (&text);

  if (!said || !arrow || !reply)
    fail (self, "write: answer \"what is said\" -> \"the reply\"");
  else
    scenario_add_answer (said, reply);
}

/* One text of a step that may have several; "pause MS" behind it is how long
 * the line is quiet then. FALSE: it was the last. */
static gboolean
say_part (Scenario * self, gchar ** rest)
{
  g_autofree gchar *text = take_quoted (rest);
  GByteArray *voice = text ? scenario_sound_voice (text) : NULL;
  gboolean more = g_str_has_prefix (g_strchug (*rest), "pause ");

  if (!voice) {
    fail (self, "write: say \"text\" [pause MS \"text\"]… [at MS]");
    return FALSE;
  }
  scenario_begin_saying (text);
  utter (self, voice);
  if (more)
    pass (self, g_ascii_strtoull (*rest + strlen ("pause "), rest, 10) * MS);
  return more;
}

/* The caller has spoken: from now on counts what is heard. */
static void
await_answer (Scenario * self)
{
  self->speech_end = parley_virtual_call_now (self->call);
  self->answered = -1;
  self->before = self->heard->len;
}

static void
do_say (Scenario * self, gchar * rest)
{
  gchar *behind = strrchr (rest, '"');
  gint64 at = behind ? take_at (behind) : -1;

  if (at >= 0)
    await_word (self, at);
  while (say_part (self, &rest) && !self->problem);
  await_answer (self);
}

/* The recogniser tells what it thinks of the turn. */
static void
do_tell (Scenario * self, gchar * rest)
{
  static const gchar *const names[] = {
    [PARLEY_STT_HEARS] = "hears",
    [PARLEY_STT_MAY_END] = "may-end",
    [PARLEY_STT_GOES_ON] = "goes-on",
    [PARLEY_STT_ENDS] = "ends",
  };
  gchar *quote = strchr (rest, '"');
  g_autofree gchar *text = quote ? take_quoted (&quote) : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (rest, names[i])) {
      scenario_tell (i, text);
      return;
    }
  fail (self, "write: tell hears|may-end|goes-on|ends [\"text\"]");
}

/* Speech of which nothing is recognised. */
static void
do_mumble (Scenario * self, gchar * rest)
{
  g_autofree gchar *text = take_quoted (&rest);
  GByteArray *voice = text ? scenario_sound_voice (text) : NULL;
  gint64 at = take_at (rest);

  if (at >= 0)
    await_word (self, at);
  if (voice)
    utter (self, voice);
  else
    fail (self, "write: mumble \"text\" [at MS]");
}

static void
do_cough (Scenario * self, gchar * rest)
{
  gint64 at = take_at (rest);
  guint ms = g_ascii_strtoull (rest, NULL, 10);
  GByteArray *audio = scenario_sound_cough (ms ? ms : 300);

  if (at >= 0)
    await_word (self, at);
  utter (self, audio);
  g_byte_array_unref (audio);
}

static void
do_beep (Scenario * self, gchar * rest)
{
  guint ms = g_ascii_strtoull (rest, NULL, 10);
  GByteArray *audio = scenario_sound_beep (ms ? ms : 400);

  utter (self, audio);
  self->speech_end = parley_virtual_call_now (self->call);
  self->answered = -1;
  g_byte_array_unref (audio);
}

static void
do_press (Scenario * self, gchar * rest)
{
  gint64 at = take_at (rest);

  if (at >= 0)
    await_word (self, at);
  for (; *rest && *rest != ' '; rest++) {
    GString *json = g_string_new (NULL);

    parley_twilio_build_dtmf (json, SID, ++self->sequence, *rest);
    send (self, json);
    pass (self, 100 * MS);
  }
  await_answer (self);
}

static void
do_hear (Scenario * self, gchar * rest)
{
  g_autofree gchar *expected = take_quoted (&rest);
  g_autofree gchar *heard = NULL;

  await_quiet (self);
  heard = take_heard (self);
  if (!expected || strcmp (heard, expected) != 0)
    fail (self, "the caller heard “%s”, not “%s”", heard, expected);
}

/* What was interrupted, or goes on: no waiting. */
static void
do_heard (Scenario * self, gchar * rest)
{
  g_autofree gchar *expected = take_quoted (&rest);
  g_autofree gchar *heard = take_heard (self);

  if (!expected || strcmp (heard, expected) != 0)
    fail (self, "the caller heard “%s”, not “%s”", heard, expected);
}

static void
do_silent (Scenario * self, gchar * rest)
{
  g_autofree gchar *heard = NULL;

  pass (self, g_ascii_strtoll (rest, NULL, 10) * MS);
  heard = take_heard (self);
  if (*heard)
    fail (self, "the caller heard “%s” where silence was meant", heard);
}

static void
do_within (Scenario * self, gchar * rest)
{
  gint64 limit = g_ascii_strtoll (rest, NULL, 10) * MS;
  gint64 took = self->answered - self->speech_end;

  if (self->answered < 0 || took > limit)
    fail (self, "the answer came after %.0f ms", took / 1e3);
}

static void
do_absent (Scenario * self, gchar * rest)
{
  g_autofree gchar *word = take_quoted (&rest);

  for (guint i = 0; word && i < self->heard->len; i++)
    if (strcmp (g_array_index (self->heard, Heard, i).text, word) == 0)
      fail (self, "the caller heard “%s”", word);
}

/* The last request's messages: "role: text | role: text". */
static void
do_history (Scenario * self, gchar * rest)
{
  g_autofree gchar *history = g_strchomp (g_strdup (scenario_get_history ()));
  g_auto (GStrv) lines = g_strsplit (history, "\n", -1);
  g_autofree gchar *joined = g_strjoinv (" | ", lines);

  if (strcmp (joined, rest) != 0)
    fail (self, "the model was told: %s", joined);
}

static void
do_requests (Scenario * self, gchar * rest)
{
  guint n = g_ascii_strtoull (rest, NULL, 10);

  if (scenario_get_requests () != n)
    fail (self, "the model was asked %u times", scenario_get_requests ());
}

static void
do_clears (Scenario * self, gchar * rest)
{
  if (self->clears != g_ascii_strtoull (rest, NULL, 10))
    fail (self, "the agent stopped %u times", self->clears);
}

static void
do_quiet (Scenario * self, gchar * rest)
{
  pass (self, g_ascii_strtoll (rest, NULL, 10) * MS);
}

static void
do_hang_up (Scenario * self, gchar * rest)
{
  GString *json = g_string_new (NULL);

  parley_twilio_build_stop (json, SID, ++self->sequence, "AC1", "CA1");
  send (self, json);
}

static void
do_over (Scenario * self, gchar * rest)
{
  await_quiet (self);
  if (!parley_virtual_call_is_over (self->call))
    fail (self, "the agent did not hang up");
}

typedef struct
{
  const gchar *word;
  void (*func) (Scenario * self, gchar * rest);
  gboolean before;              /* the call may not have begun */
} Step;

static const Step steps[] = {
  {"element", do_element, TRUE},
  {"param", do_param, TRUE},
  {"delay", do_delay, TRUE},
  {"connect", do_connect, TRUE},
  {"fail", do_fail, TRUE},
  {"break", do_break, TRUE},
  {"tool", do_tool, TRUE},
  {"answer", do_answer, TRUE},
  {"say", do_say},
  {"tell", do_tell},
  {"mumble", do_mumble},
  {"cough", do_cough},
  {"beep", do_beep},
  {"press", do_press},
  {"heard", do_heard},
  {"hear", do_hear},
  {"silent", do_silent},
  {"within", do_within},
  {"absent", do_absent},
  {"history", do_history},
  {"requests", do_requests},
  {"clears", do_clears},
  {"quiet", do_quiet},
  {"called", do_called},
  {"order", do_order},
  {"hang up", do_hang_up},
  {"over", do_over},
};

static void
do_line (Scenario * self, gchar * line)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    gsize len = strlen (steps[i].word);

    if (strncmp (line, steps[i].word, len) != 0
        || (line[len] && line[len] != ' '))
      continue;
    if (!steps[i].before && !self->call)
      begin_call (self);
    steps[i].func (self, g_strchug (line + len));
    return;
  }
  fail (self, "no step is called “%s”", line);
}

static gchar **
read_lines (const gchar * path)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (text, "\n", -1);
}

static gboolean
is_spoken (const gchar * line)
{
  return g_str_has_prefix (line, "say ") || g_str_has_prefix (line, "mumble ");
}

void
scenario_prepare (const gchar * path)
{
  g_auto (GStrv) lines = read_lines (path);

  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], "\"", -1);

    /* What stands in quotes is every second part. */
    for (guint j = 1; is_spoken (lines[i]) && parts[j] && parts[j + 1]; j += 2)
      scenario_sound_prepare (parts[j]);
  }
}

gchar *
scenario_play (const gchar * path)
{
  g_auto (GStrv) lines = read_lines (path);
  Scenario self = {.path = path,.speech_end = -1,.answered = -1 };

  scenario_providers_reset ();
  scenario_tools_reset ();
  self.elements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  self.parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  self.heard = g_array_new (FALSE, FALSE, sizeof (Heard));
  self.line_out = g_byte_array_new ();
  for (guint i = 0; lines[i] && !self.problem; i++) {
    self.line = i + 1;
    g_strchomp (lines[i]);
    if (*lines[i] && *lines[i] != '#')
      do_line (&self, lines[i]);
  }
  if (self.call) {
    scenario_tools_hurry ();
    scenario_tools_reset ();
    parley_virtual_call_free (self.call);
  }
  g_hash_table_unref (self.elements);
  g_hash_table_unref (self.parameters);
  g_array_unref (self.heard);
  g_byte_array_unref (self.line_out);
  return self.problem;
}
