/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well speech is recognised, and how well speech outside the grammar is
 * told apart, for each voice; what a decoder costs. All at 8 kHz mu-law with
 * noise, each take on a line that was not heard before.
 *
 *   bench-stt-eval                              figures, one a line, in 45 s
 *   bench-stt-eval [--quick] desk|pizza|bank... tables, minutes for each
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <glib/gstdio.h>

#include "mock/spoken.h"
#include "providers/stt/garbage.h"
#include "providers/stt/pocketsphinx.h"
#include "providers/stt/resample16.h"
#include "providers/stt/sphinxdecoder.h"
#include "speech/g711.h"

#define STEP 1600
#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison"
#define MAX_PROMPTS 80
/* Of the figures. */
#define FIGURE_STEP 4
#define FIGURE_VOICES 2
#define FRAME 160
#define FRAME_MS 20
/* Of human speech, in bytes of a WAV file: 1 to 8 s. */
#define MIN_PROMPT 16000
#define MAX_PROMPT 128000

static const struct
{
  const gchar *engine, *voice;
  gdouble speed;
} voices[] = {
  {"flite", "slt", 1.0}, {"flite", "rms", 1.0}, {"flite", "awb", 1.1},
  {"flite", "kal16", 1.0}, {"espeak", "en-us", 0.9}, {"espeak", "en-gb", 0.9},
};

static const struct
{
  const gchar *name, *grammar, *sentences;
} tasks[] = {
  {"desk", "public <t> = <book> [<when>] | <when> | <cancel> | what are your "
        "opening hours | how much does a (filling | cleaning) cost | what is "
        "your address | yes [please] | no [thank you] | [i want to] speak to "
        "(a person | the doctor) | [please] say that again | goodbye | do you "
        "take my insurance;\n"
        "<book> = [i would like to | can i] (book | make) an appointment;\n"
        "<cancel> = i want to cancel my appointment | i can not come;\n"
        "<day> = monday | tuesday | wednesday | thursday | friday;\n"
        "<hour> = eight | nine | ten | eleven | one | two | three | four;\n"
        "<time> = <hour> [thirty | o'clock] [in the (morning | afternoon)];\n"
        "<when> = [on] <day> [at <time>] | [at] <time>;\n",
      "i would like to book an appointment|can i make an appointment|"
        "on tuesday at three o'clock|wednesday|at eleven in the morning|"
        "thursday at nine thirty|i want to cancel my appointment|"
        "what are your opening hours|how much does a filling cost|"
        "what is your address|yes please|no thank you|say that again|"
        "i want to speak to a person|goodbye|do you take my insurance"},
  {"pizza", "public <t> = [i would like | give me | can i have] <n> <size> "
        "<kind> (pizza | pizzas) [with <top> [and <top>]] | for (delivery | "
        "pick up) | i will pick it up | nothing to drink | that is all | "
        "cancel my order | where is my order | how long will it take | what "
        "is on the menu;\n"
        "<n> = a | two | three | four; <size> = small | medium | large;\n"
        "<kind> = cheese | vegetarian | pepperoni | hawaiian;\n"
        "<top> = mushrooms | onions | olives | extra cheese | bacon;\n",
      "i would like a large pepperoni pizza|for delivery|that is all|"
        "can i have a large vegetarian pizza with olives and extra cheese|"
        "a small cheese pizza with onions and bacon|i will pick it up|"
        "nothing to drink|cancel my order|where is my order|"
        "how long will it take|what is on the menu"},
  {"bank", "public <t> = [what is | tell me] (my balance | the balance of my "
        "<account> account) | how much money do i have | transfer <sum> "
        "dollars [from <account>] to <account> | i lost my card | my card was "
        "stolen | order a new card | [my pin is] <d> <d> <d> <d> | i forgot "
        "my pin | talk to an agent | what was my last payment | i want a "
        "loan;\n<account> = checking | savings | business;\n"
        "<sum> = twenty | fifty | [one] hundred | two hundred | a thousand;\n"
        "<d> = zero | oh | one | two | three | four | five | six | seven | "
        "eight | nine;\n",
      "what is my balance|tell me the balance of my savings account|"
        "how much money do i have|transfer fifty dollars to savings|"
        "transfer two hundred dollars from checking to business|"
        "i lost my card|my card was stolen|order a new card|"
        "my pin is four seven one nine|i forgot my pin|talk to an agent|"
        "what was my last payment|i want a loan"},
};

static const gchar *outside[] = {
  "the weather is lovely today", "my brother plays the trumpet in a band",
  "how do i get to the train station", "tell me a joke about elephants",
  "i would like to buy a bicycle for my daughter", "excuse me a second",
  "what time does the football game start", "are you a real human being",
  "please send me a copy of the invoice", "my name is christopher anderson",
  "the quick brown fox jumps over the lazy dog", "let me think about it",
  "i forgot to feed the cat this morning", "is there a discount for students",
  "do you know where i parked my car", "could you turn down the music",
  "we are going to the beach on sunday", "my computer does not start",
  "the package has not arrived yet", "i want to complain about the noise",
  "she sells sea shells by the sea shore", "how old is the president",
  "i live at twenty two baker street", "can you speak more slowly",
  "what is the capital of australia", "who won the election last night",
  "there is smoke coming out of the kitchen", "sorry wrong number",
  "i would like to rent a car for the weekend", "he likes fresh vegetables",
  "on tuesday i went swimming with my friends", "maybe some other time",
  "my appointment with the lawyer was terrible", "the dog ate my homework",
  "please wait someone is at the door", "what is the meaning of life",
  "give me the manager right now", "my flight was delayed by two hours",
  "how much does a new engine cost", "it depends on the price of oil",
  "i want to cancel my magazine subscription", "my password does not work",
  "do you take credit cards or only cash", "what is your favorite color",
  "at nine thirty the bus leaves for chicago", "can i bring my children",
  "he said it would be finished by friday", "well i am not quite sure",
  "large trees grow along the river bank", "seven brides for seven brothers",
  "transfer me to the sales department", "yes but only if my wife agrees",
  "my card was signed by everybody", "no that was not what i was asking for",
  "a small amount of sugar is enough", "i hope you have a nice christmas",
  "one hundred and eleven dalmatians", "please explain the difference",
  "the museum is closed for renovation", "your voice sounds very familiar",
};

typedef struct
{
  guint n, right, unclear;
} Score;

typedef struct
{
  ParleySphinxModel *model;
  gdouble cpu, audio;           /* s */
  gdouble slowest_finish;       /* s */
  guint step;                   /* every how many sentences */
  Score inside, strange;        /* of all voices */
} Eval;

static gdouble
cpu_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static GArray *
to_16k (GByteArray * mulaw)
{
  ParleyResample16 *resample = parley_resample16_new (8000);
  GArray *out = g_array_new (FALSE, FALSE, sizeof (gint16));
  gint16 *linear = g_new (gint16, mulaw->len);

  parley_mulaw_decode (mulaw->data, linear, mulaw->len);
  parley_resample16_process (resample, linear, mulaw->len, out);
  parley_resample16_free (resample);
  g_free (linear);
  return out;
}

/* Takes @mulaw over. @sentence NULL: outside. */
static void
hear (Eval * eval, GByteArray * mulaw, const gchar * sentence, Score * score)
{
  ParleySphinxDecoder *decoder =
      parley_sphinx_decoder_acquire (eval->model, NULL);
  GArray *samples = to_16k (mulaw);
  ParleySphinxResult result;
  ParleySphinxMean mean;
  gdouble begun = cpu_now (), ending;

  parley_sphinx_mean_init (&mean, 8000);
  parley_sphinx_decoder_start (decoder, &mean);
  for (guint at = 0; at < samples->len; at += STEP)
    parley_sphinx_decoder_feed (decoder, (gint16 *) samples->data + at,
        MIN (STEP, samples->len - at));
  ending = cpu_now ();
  if (!parley_sphinx_decoder_finish (decoder, &result))
    g_error ("the decoder stopped");
  eval->slowest_finish = MAX (eval->slowest_finish, cpu_now () - ending);
  eval->cpu += cpu_now () - begun;
  eval->audio += mulaw->len / 8000.0;
  score->n++;
  score->right += sentence && strcmp (result.text, sentence) == 0;
  score->unclear += strcmp (result.text, PARLEY_STT_UNCLEAR) == 0;
  g_free (result.text);
  parley_sphinx_decoder_release (eval->model, decoder);
  g_array_unref (samples);
  g_byte_array_unref (mulaw);
}

static gdouble
percent (guint part, guint all)
{
  return all > 0 ? 100.0 * part / all : 0;
}

static void
add_score (Score * sum, const Score * score)
{
  sum->n += score->n;
  sum->right += score->right;
  sum->unclear += score->unclear;
}

static void
eval_voice (Eval * eval, guint voice, gchar ** sentences)
{
  Score inside = { 0 }, strange = { 0 };
  GByteArray *audio;

  for (guint i = 0; sentences[i]; i += eval->step)
    if ((audio = spoken_text (voices[voice].engine, voices[voice].voice,
                voices[voice].speed, sentences[i])))
      hear (eval, audio, sentences[i], &inside);
  for (guint i = 0; i < G_N_ELEMENTS (outside); i += eval->step)
    if ((audio = spoken_text (voices[voice].engine, voices[voice].voice,
                voices[voice].speed, outside[i])))
      hear (eval, audio, NULL, &strange);
  add_score (&eval->inside, &inside);
  add_score (&eval->strange, &strange);
  g_print ("  %-8s %-6s inside: %5.1f %% right, %4.1f %% unclear (%u); "
      "outside: %5.1f %% unclear (%u)\n", voices[voice].engine,
      voices[voice].voice, percent (inside.right, inside.n),
      percent (inside.unclear, inside.n), inside.n,
      percent (strange.unclear, strange.n), strange.n);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

static void
eval_human (Eval * eval)
{
  GDir *dir = g_dir_open (PROMPTS, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  Score strange = { 0 };
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    g_ptr_array_add (names, g_build_filename (PROMPTS, name, NULL));
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len && strange.n < MAX_PROMPTS;
      i += 4 * eval->step) {
    GStatBuf info;
    GByteArray *audio = NULL;

    name = g_ptr_array_index (names, i);
    if (g_stat (name, &info) == 0 && info.st_size >= MIN_PROMPT
        && info.st_size <= MAX_PROMPT)
      audio = spoken_file (name);
    if (audio)
      hear (eval, audio, NULL, &strange);
  }
  add_score (&eval->strange, &strange);
  g_print ("  a person        outside: %5.1f %% unclear (%u)\n",
      percent (strange.unclear, strange.n), strange.n);
  g_ptr_array_unref (names);
}

/* The grammar as a file of its own, to be freed and unlinked. */
static gchar *
write_grammar (guint task)
{
  gchar *text = g_strdup_printf ("#JSGF V1.0;\ngrammar %s;\n%s",
      tasks[task].name, tasks[task].grammar);
  gchar *path = NULL;

  g_close (g_file_open_tmp ("parley-XXXXXX.gram", &path, NULL), NULL);
  g_file_set_contents (path, text, -1, NULL);
  g_free (text);
  return path;
}

static void
eval_task (Eval * eval, guint task, guint n_voices)
{
  gchar **sentences = g_strsplit (tasks[task].sentences, "|", -1);
  gchar *path = write_grammar (task);
  GError *error = NULL;
  gdouble begun = cpu_now ();

  eval->model = parley_sphinx_model_load (NULL, path, &error);
  if (!eval->model || !parley_sphinx_decoder_warm (eval->model, &error))
    g_error ("%s: %s", tasks[task].name, error->message);
  g_print ("%s (model and decoder ready after %.0f ms of CPU)\n",
      tasks[task].name, (cpu_now () - begun) * 1000);
  for (guint voice = 0; voice < n_voices; voice++)
    eval_voice (eval, voice, sentences);
  eval_human (eval);
  g_print ("  %.3f s of CPU a second of audio; slowest final %.0f ms of CPU\n",
      eval->cpu / eval->audio, eval->slowest_finish * 1000);
  parley_sphinx_model_unref (eval->model);
  g_unlink (path);
  g_free (path);
  g_strfreev (sentences);
}

/* From finish() to the final text, with audio that comes in real time */

typedef struct
{
  ParleyLoop *loop;
  ParleySttProvider *stt;
  GByteArray *audio;
  guint sent;
  gint64 finished;              /* µs */
  gdouble ms;                   /* < 0: no final yet */
} Caller;

static gboolean
on_frame (gpointer data)
{
  Caller *caller = data;
  guint n = MIN (FRAME, caller->audio->len - caller->sent);
  GBytes *frame = g_bytes_new (caller->audio->data + caller->sent, n);

  parley_stt_provider_audio (caller->stt, frame);
  g_bytes_unref (frame);
  caller->sent += n;
  if (caller->sent < caller->audio->len)
    return G_SOURCE_CONTINUE;
  caller->finished = g_get_monotonic_time ();
  parley_stt_provider_finish (caller->stt);
  return G_SOURCE_REMOVE;
}

static void
on_final (gpointer stt, guint turn, guint take, const gchar * text,
    gdouble confidence, Caller * caller)
{
  caller->ms = (g_get_monotonic_time () - caller->finished) / 1000.0;
}

static gdouble
time_final (Caller * caller, const gchar * sentence)
{
  ParleyAudioFormat format = {.mulaw = TRUE,.rate = 8000 };
  GSource *timer = g_timeout_source_new (FRAME_MS);

  caller->audio = spoken_text ("flite", "slt", 1.0, sentence);
  caller->sent = 0;
  caller->ms = -1;
  parley_stt_provider_begin (caller->stt, 1, 0, &format);
  g_source_set_callback (timer, on_frame, caller, NULL);
  g_source_attach (timer, parley_loop_get_context (caller->loop));
  while (caller->ms < 0)
    g_main_context_iteration (parley_loop_get_context (caller->loop), TRUE);
  g_source_unref (timer);
  g_byte_array_unref (caller->audio);
  return caller->ms;
}

static gint
by_value (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

/* The median of some sentences, in ms. The first one makes the decoder. */
static gdouble
final_ms (void)
{
  static const gchar *sentences[] = { "yes please",
    "what are your opening hours", "on tuesday at three o'clock",
    "i would like to book an appointment", "no thank you", "goodbye"
  };
  gdouble ms[G_N_ELEMENTS (sentences)];
  gchar *path = write_grammar (0);
  Caller caller = {.loop = parley_loop_new (NULL) };

  g_main_context_acquire (parley_loop_get_context (caller.loop));
  caller.stt = g_object_new (PARLEY_TYPE_STT_POCKETSPHINX, "loop", caller.loop,
      "grammar", path, NULL);
  g_signal_connect (caller.stt, "final", G_CALLBACK (on_final), &caller);
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++)
    ms[i] = time_final (&caller, sentences[i]);
  g_object_unref (caller.stt);
  g_main_context_release (parley_loop_get_context (caller.loop));
  g_object_unref (caller.loop);
  g_unlink (path);
  g_free (path);
  qsort (ms + 1, G_N_ELEMENTS (ms) - 1, sizeof ms[0], by_value);
  return ms[G_N_ELEMENTS (ms) / 2];
}

static void
print_figure (const gchar * name, gdouble value, const gchar * unit,
    gdouble goal, const gchar * better)
{
  g_print ("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"goal\":%g,"
      "\"better\":\"%s\",\"against\":null,\"ratio\":null}\n", name, value,
      unit, goal, better);
}

static void
print_figures (void)
{
  Eval eval = {.step = FIGURE_STEP };

  eval_task (&eval, 0, FIGURE_VOICES);
  print_figure ("stt-inside-right", percent (eval.inside.right,
          eval.inside.n), "%", 95, "higher");
  print_figure ("stt-outside-refused", percent (eval.strange.unclear,
          eval.strange.n), "%", 90, "higher");
  print_figure ("stt-cpu", eval.cpu / eval.audio, "s/s", 0.25, "lower");
  print_figure ("stt-final-ms", final_ms (), "ms", 100, "lower");
}

int
main (int argc, char **argv)
{
  guint step = 1;

  if (argc == 1)
    print_figures ();
  for (gint i = 1; i < argc; i++) {
    if (strcmp (argv[i], "--quick") == 0)
      step = 5;
    for (guint task = 0; task < G_N_ELEMENTS (tasks); task++) {
      Eval eval = {.step = step };

      if (strcmp (argv[i], tasks[task].name) == 0)
        eval_task (&eval, task, G_N_ELEMENTS (voices));
    }
  }
  return EXIT_SUCCESS;
}
