/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenario.h"

#include <math.h>
#include <string.h>

#include "net/clock.h"
#include "scenarioproviders.h"
#include "speech/g711.h"
#include "spoken.h"
#include "virtualcall.h"

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME_US (20 * MS)
#define FRAME_LEN 160
#define SID "MZ00000000000000000000000000000001"
/* An agent that says nothing for so long has nothing to say. */
#define PATIENCE_US (8 * G_TIME_SPAN_SECOND)
/* Of a voice; the line's noise is 60. */
#define LOUD 400

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

  ParleyVirtualCall *call;
  guint clears;                 /* that the agent sent */
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

static GHashTable *voices;      /* text to GByteArray */

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

/* The model may know of no word that was not heard. */
static void
check_history (Scenario * self)
{
  g_autoptr (GString) ever = all_heard (self);
  g_auto (GStrv) lines = g_strsplit (scenario_get_history (), "\n", -1);

  for (guint i = 0; lines[i]; i++) {
    g_autofree gchar *words = NULL;

    if (!g_str_has_prefix (lines[i], "assistant: "))
      continue;
    words = g_strdup_printf (" %s ", lines[i] + strlen ("assistant: "));
    if (!strstr (ever->str, words))
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

/* 20 ms go by. */
static void
step (Scenario * self)
{
  GString *json = g_string_new (NULL);
  guint8 frame[FRAME_LEN];

  memset (frame, PARLEY_MULAW_SILENCE, sizeof frame);
  if (self->speech) {
    gsize len = MIN (sizeof frame, self->speech->len - self->sent);

    memcpy (frame, self->speech->data + self->sent, len);
    self->sent += len;
    if (self->sent == self->speech->len)
      self->speech = NULL;
  }
  self->n_frames++;
  parley_virtual_call_advance_to (self->call, self->n_frames * FRAME_US);
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

/* Bursts of noise, as a cough or a knock. */
static GByteArray *
make_cough (guint ms)
{
  GByteArray *audio = spoken_quiet (ms + 100);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < ms * 8; i++)
    if (i % 2000 < 1200)
      audio->data[i] = g_rand_int_range (rand, 0, 2) << 7
          | g_rand_int_range (rand, 0x08, 0x20);
  return audio;
}

/* An answering machine's. */
static GByteArray *
make_beep (guint ms)
{
  GByteArray *audio = spoken_quiet (ms + 200);

  for (guint i = 0; i < ms * 8; i++)
    audio->data[i] = parley_mulaw_encode_sample (8000 * sin (G_PI / 4 * i));
  return audio;
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
  static const ParleyVirtualCallHooks hooks = {.sent = on_sent };
  g_autoptr (GString) launch = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  ParleyPipelineFile file = { (gchar *) self->path, NULL, NULL };
  GString *json = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    const gchar *more = g_hash_table_lookup (self->elements, order[i]);

    g_string_append_printf (launch, "%s%s%s %s", i ? " ! " : "", order[i],
        i >= 2 && i <= 4 ? " provider=scenario" : "", more ? more : "");
  }
  file.launch = launch->str;
  self->call = parley_virtual_call_new (&file, &hooks, self, &error);
  g_assert_no_error (error);
  parley_twilio_build_start (json, SID, "AC1", "CA1", self->parameters);
  send (self, json);
  self->sequence = 1;
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
  else
    scenario_set_delay (kind_of (self, rest), us);
}

static void
do_fail (Scenario * self, gchar * rest)
{
  gchar *number = strchr (rest, ' ');

  scenario_fail (kind_of (self, rest),
      number ? g_ascii_strtoull (number, NULL, 10) : 1);
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
  GByteArray *voice = text ? g_hash_table_lookup (voices, text) : NULL;
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

/* Speech of which nothing is recognised. */
static void
do_mumble (Scenario * self, gchar * rest)
{
  g_autofree gchar *text = take_quoted (&rest);
  GByteArray *voice = text ? g_hash_table_lookup (voices, text) : NULL;
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
  GByteArray *audio = make_cough (ms ? ms : 300);

  if (at >= 0)
    await_word (self, at);
  utter (self, audio);
  g_byte_array_unref (audio);
}

static void
do_beep (Scenario * self, gchar * rest)
{
  guint ms = g_ascii_strtoull (rest, NULL, 10);
  GByteArray *audio = make_beep (ms ? ms : 400);

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
  {"fail", do_fail, TRUE},
  {"answer", do_answer, TRUE},
  {"say", do_say},
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
is_loud (guint8 sample)
{
  return ABS (parley_mulaw_decode_sample (sample)) > LOUD;
}

/* Without what is quiet before and behind it: pauses are as long as they are
 * said to be. */
static void
prepare_voice (const gchar * text)
{
  GByteArray *voice;
  guint quiet = 0;

  if (g_hash_table_contains (voices, text))
    return;
  voice = spoken_text ("flite", "rms", 1.0, text);
  while (voice->len > 0 && !is_loud (voice->data[voice->len - 1]))
    g_byte_array_set_size (voice, voice->len - 1);
  while (quiet < voice->len && !is_loud (voice->data[quiet]))
    quiet++;
  g_byte_array_remove_range (voice, 0, quiet);
  g_hash_table_insert (voices, g_strdup (text), voice);
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

  if (!voices)
    voices = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], "\"", -1);

    /* What stands in quotes is every second part. */
    for (guint j = 1; is_spoken (lines[i]) && parts[j] && parts[j + 1]; j += 2)
      prepare_voice (parts[j]);
  }
}

gchar *
scenario_play (const gchar * path)
{
  g_auto (GStrv) lines = read_lines (path);
  Scenario self = {.path = path,.speech_end = -1,.answered = -1 };

  scenario_providers_reset ();
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
  if (self.call)
    parley_virtual_call_free (self.call);
  g_hash_table_unref (self.elements);
  g_hash_table_unref (self.parameters);
  g_array_unref (self.heard);
  g_byte_array_unref (self.line_out);
  return self.problem;
}
