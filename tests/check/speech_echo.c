/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our own voice through telephones and rooms that nothing was fitted on, with
 * and without somebody who speaks over it. The agent's recordings are those of
 * one Debian package, the callers' those of another; without them there is
 * nothing to test.
 */
#include <math.h>
#include <string.h>

#include "net/call.h"
#include "net/clock.h"
#include "mock/spoken.h"
#include "speech/echo.h"
#include "speech/g711.h"
#include "vadfixture.h"

#define SECOND 8000
#define SLOT PARLEY_PLAYED_SLOT
#define ORIGIN (1000 * G_TIME_SPAN_SECOND)
#define CALLERS "/usr/share/pocketsphinx/test/data/"
/* The sink sends so far ahead, and we know of frames once they came. */
#define LEAD_MS 100

static const gchar *const prompts[] = { "demo-instruct", "demo-abouttotry",
  "conf-adminmenu-18", "demo-congrats", "vm-options", "demo-moreinfo"
};

/* --- what is played --- */

static void
test_played (void)
{
  g_autoptr (ParleyPlayedSound) played = parley_played_new ();
  guint8 sent[4 * SLOT], got[SLOT];

  for (guint i = 0; i < sizeof sent; i++)
    sent[i] = i % 100;
  g_assert_false (parley_played_read (played, ORIGIN / 10000, got));
  g_assert_cmpint (parley_played_get_end (played), ==, 0);
  /* The second comes while the first plays: it is played behind it. */
  parley_played_send (played, ORIGIN, sent, 2 * SLOT);
  parley_played_send (played, ORIGIN + 5000, sent + 2 * SLOT, 2 * SLOT);
  g_assert_cmpint (parley_played_get_end (played), ==, ORIGIN + 40000);
  for (guint i = 0; i < 4; i++) {
    g_assert_true (parley_played_read (played, ORIGIN / 10000 + i, got));
    g_assert_cmpmem (got, SLOT, sent + i * SLOT, SLOT);
  }
  g_assert_false (parley_played_read (played, ORIGIN / 10000 + 4, got));
}

static void
test_played_clear (void)
{
  g_autoptr (ParleyPlayedSound) played = parley_played_new ();
  guint8 sent[4 * SLOT] = { 1 }, got[SLOT];

  parley_played_send (played, ORIGIN, sent, sizeof sent);
  parley_played_clear (played, ORIGIN + 20000);
  g_assert_true (parley_played_read (played, ORIGIN / 10000 + 1, got));
  g_assert_false (parley_played_read (played, ORIGIN / 10000 + 2, got));
  /* What is sent later is not joined to it. */
  parley_played_send (played, ORIGIN + 60000, sent, SLOT);
  g_assert_true (parley_played_read (played, ORIGIN / 10000 + 3, got));
  g_assert_cmpint (got[0], ==, PARLEY_MULAW_SILENCE);
  g_assert_true (parley_played_read (played, ORIGIN / 10000 + 6, got));
  g_assert_cmpint (got[0], ==, 1);
}

static void
test_played_is_bounded (void)
{
  g_autoptr (ParleyPlayedSound) played = parley_played_new ();
  guint8 sent[10 * SLOT] = { 0 }, got[SLOT];

  for (guint i = 0; i < 1000; i++)
    parley_played_send (played, ORIGIN, sent, sizeof sent);
  g_assert_cmpint (parley_played_get_end (played), <=, ORIGIN
      + 2 * G_TIME_SPAN_SECOND);
  parley_played_send (played, ORIGIN + 3600 * G_TIME_SPAN_SECOND, sent, SLOT);
  g_assert_true (parley_played_read (played, ORIGIN / 10000 + 360000, got));
  g_assert_false (parley_played_read (played, ORIGIN / 10000 + 359999, got));
}

/* --- telephones and rooms --- */

typedef struct
{
  guint delay;                  /* ms */
  gfloat loss;                  /* dB */
  guint room;                   /* ms until it is 60 dB softer */
  gfloat drive;                 /* of the loudspeaker: 0 distorts nothing */
  gboolean dull;                /* a mobile's band */
  guint32 seed;
} Telephone;

/* Who is on the line: samples from the call's beginning, and what was sent. */
typedef struct
{
  GArray *line;                 /* gfloat */
  GByteArray *sent;             /* codes; by time of play */
} Scene;

static Scene *
scene_new (void)
{
  Scene *scene = g_new0 (Scene, 1);

  scene->line = g_array_new (FALSE, TRUE, sizeof (gfloat));
  scene->sent = g_byte_array_new ();
  return scene;
}

static void
scene_free (Scene * scene)
{
  g_array_unref (scene->line);
  g_byte_array_unref (scene->sent);
  g_free (scene);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free);

static void
add_at (Scene * scene, gsize at, gfloat sample)
{
  if (scene->line->len <= at)
    g_array_set_size (scene->line, at + 1);
  g_array_index (scene->line, gfloat, at) += sample;
}

/* A loudspeaker that is driven too hard. */
static gfloat
distort (gfloat sample, gfloat drive)
{
  gfloat x = sample / 32768.0f, k = 1.0f + 8.0f * drive;

  return drive > 0.0f ? 32768.0f * (tanhf (2.0f * k * x) / (2.0f * k)
      + 0.5f * drive * x * x) : sample;
}

/* Reflections at random times, the later the softer. */
static void
add_room (Scene * scene, gsize at, const gfloat * sound, gsize n,
    const Telephone * phone)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (phone->seed);
  guint length = MAX (phone->room * 8, 1);

  for (guint k = 0; k < 60; k++) {
    guint when = k == 0 ? 0 : g_rand_int_range (rand, 8, length + 9);
    gfloat gain = k == 0 ? 0.8f : (gfloat) (g_rand_double_range (rand, -0.5,
            0.5) * exp (-6.9 * when / length));

    for (gsize i = 0; i < n; i++)
      add_at (scene, at + when + i, gain * sound[i]);
  }
}

/* What is sent from @ms on comes back through @phone. */
static void
add_agent (Scene * scene, guint ms, const gchar * prompt,
    const Telephone * phone)
{
  g_autofree gchar *path = g_strconcat (VAD_SOUNDS, prompt, ".wav", NULL);
  g_autoptr (GByteArray) codes = spoken_file (path);
  g_autofree gfloat *sound = NULL;
  gsize at = ms * MS, from = at + phone->delay * MS;
  gfloat low = 0.0f, high = 0.0f, last = 0.0f;
  gfloat gain = powf (10.0f, -phone->loss / 20.0f);

  g_assert_nonnull (codes);
  g_byte_array_set_size (codes, MIN (codes->len, 6 * SECOND) / 160 * 160);
  if (scene->sent->len < at + codes->len) {
    guint was = scene->sent->len;

    g_byte_array_set_size (scene->sent, at + codes->len);
    memset (scene->sent->data + was, PARLEY_MULAW_SILENCE,
        scene->sent->len - was);
  }
  memcpy (scene->sent->data + at, codes->data, codes->len);
  sound = g_new (gfloat, codes->len);
  for (guint i = 0; i < codes->len; i++) {
    gfloat x = distort (parley_mulaw_decode_sample (codes->data[i]),
        phone->drive);

    low += (phone->dull ? 0.85f : 0.95f) * (x - low);
    high = (phone->dull ? 0.76f : 0.85f) * (high + low - last);
    last = low;
    sound[i] = gain * high;
  }
  if (phone->loss < 90.0f)
    add_room (scene, from, sound, codes->len, phone);
}

static void
add_caller (Scene * scene, guint ms, const gchar * recording, gfloat gain)
{
  g_autofree gchar *path = g_strconcat (CALLERS, recording, ".wav", NULL);
  g_autoptr (GByteArray) codes = spoken_file (path);

  g_assert_nonnull (codes);
  for (guint i = 0; i < codes->len; i++)
    add_at (scene, ms * MS + i, gain
        * parley_mulaw_decode_sample (codes->data[i]));
}

/* The noise of a line, and silence at its end. */
static void
finish_scene (Scene * scene, guint ms)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (gsize i = 0; i < ms * MS; i++)
    add_at (scene, i, (gfloat) g_rand_double_range (rand, -40.0, 40.0));
}

/* --- listening --- */

typedef struct
{
  ParleyPlayedSound *played;
  ParleyEcho *echo;
  ParleyVad *vad;
  GRand *rand;
  gsize at;                     /* samples */
} Ear;

static Ear *
ear_new (void)
{
  Ear *ear = g_new0 (Ear, 1);

  ear->played = parley_played_new ();
  ear->echo = parley_echo_new (ear->played);
  ear->vad = parley_vad_new (0.5);
  ear->rand = g_rand_new_with_seed (5);
  return ear;
}

static void
ear_free (Ear * ear)
{
  parley_echo_free (ear->echo);
  parley_played_unref (ear->played);
  parley_vad_free (ear->vad);
  g_rand_free (ear->rand);
  g_free (ear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ear, ear_free);

static void
send_played (ParleyPlayedSound * played, const Scene * scene, gsize at)
{
  gsize ahead = at + LEAD_MS * MS;
  const guint8 *codes = scene->sent->data + ahead;

  /* As mulawsink: nothing where nothing is to be said. */
  if (at % 160 == 0 && ahead + 160 <= scene->sent->len)
    for (guint i = 0; i < 160; i++)
      if (codes[i] != PARLEY_MULAW_SILENCE) {
        parley_played_send (played, ORIGIN + at * 125, codes, 160);
        break;
      }
}

static void
read_frame (const Scene * scene, gsize at, gint16 * frame)
{
  for (guint i = 0; i < SLOT; i++) {
    gfloat sample = at + i < scene->line->len ?
        g_array_index (scene->line, gfloat, at + i) : 0.0f;

    frame[i] = parley_mulaw_decode_sample (parley_mulaw_encode_sample ((gint16)
            CLAMP (sample, -32000.0f, 32000.0f)));
  }
}

/* Listens up to @ms; how many frames of voice were thought to be the
 * caller's. @first: ms of the first of them. */
static guint
listen (Ear * ear, const Scene * scene, guint ms, guint * first)
{
  guint n = 0;

  for (; ear->at < ms * MS; ear->at += SLOT) {
    gint16 frame[SLOT];
    gboolean voice;
    gint64 now = ORIGIN + (ear->at + SLOT) * 125;

    send_played (ear->played, scene, ear->at);
    read_frame (scene, ear->at, frame);
    /* One packet in ten is late. */
    if (g_rand_int_range (ear->rand, 0, 10) == 0)
      now += g_rand_int_range (ear->rand, 0, 60000);
    voice = parley_vad_frame (ear->vad, frame, NULL);
    if (parley_echo_frame (ear->echo, ear->at / SLOT, now, frame, voice)
        || !voice)
      continue;
    if (n++ == 0 && first)
      *first = ear->at / MS;
  }
  return n;
}

static const Telephone phones[] = {
  {80, 6, 30, 0.3f, FALSE, 101},
  {250, 12, 120, 0.2f, TRUE, 102},
  {420, 20, 300, 0.0f, FALSE, 103},
  {610, 30, 200, 0.1f, TRUE, 104},
  {760, 40, 60, 0.0f, FALSE, 105},
  {170, 9, 300, 0.3f, TRUE, 106},
};

/* Voice that nobody had: at most one frame in fifty, while without all of it
 * counts. */
static void
test_our_own_voice (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (phones); i++) {
    g_autoptr (Scene) scene = scene_new ();
    g_autoptr (Ear) ear = ear_new ();
    guint n;

    for (guint k = 0; k < 3; k++)
      add_agent (scene, 500 + 8000 * k, prompts[(i + k) % 6], &phones[i]);
    finish_scene (scene, 25000);
    n = listen (ear, scene, 25000, NULL);
    g_test_message ("telephone %u: %u frames of voice", i, n);
    g_assert_cmpuint (n, <=, 36);
  }
}

static void
test_path_is_found_and_kept (void)
{
  g_autoptr (Scene) scene = scene_new ();
  g_autoptr (Ear) ear = ear_new ();
  gfloat loss, later;
  guint delay, then;

  g_assert_false (parley_echo_get_path (ear->echo, &loss, &delay));
  add_agent (scene, 500, prompts[0], &phones[1]);
  finish_scene (scene, 60000);
  listen (ear, scene, 7000, NULL);
  g_assert_true (parley_echo_get_path (ear->echo, &loss, &delay));
  /* It is played a lead later, and known once the frame came. */
  g_assert_cmpuint (ABS ((gint) delay - (250 + LEAD_MS)), <=, 70);
  g_assert_cmpfloat (loss, >, 6.0f);
  g_assert_cmpfloat (loss, <, 30.0f);
  listen (ear, scene, 60000, NULL);
  g_assert_true (parley_echo_get_path (ear->echo, &later, &then));
  g_assert_cmpfloat (ABS (later - loss), <, 3.0f);
}

static void
test_caller_over_echo (void)
{
  static const gchar *const callers[] = { "cards/001", "cards/002",
    "cards/003", "cards/004", "cards/005"
  };
  guint late = 0;

  for (guint i = 0; i < G_N_ELEMENTS (callers); i++) {
    g_autoptr (Scene) scene = scene_new ();
    g_autoptr (Scene) alone = scene_new ();
    g_autoptr (Ear) ear = ear_new ();
    g_autoptr (Ear) plain = ear_new ();
    guint first = 0, without = 0;

    add_agent (scene, 500, prompts[i], &phones[1 + i % 3]);
    add_agent (scene, 8000, prompts[i + 1], &phones[1 + i % 3]);
    add_caller (scene, 9000, callers[i], 1.0f);
    add_caller (alone, 9000, callers[i], 1.0f);
    finish_scene (scene, 14000);
    finish_scene (alone, 14000);
    listen (ear, scene, 8900, NULL);
    g_assert_cmpuint (listen (ear, scene, 14000, &first), >, 20);
    g_assert_cmpuint (listen (plain, alone, 14000, &without), >, 20);
    g_test_message ("caller %u: %d ms later", i, (gint) (first - without));
    late += first > without + 300;
  }
  g_assert_cmpuint (late, <=, 1);
}

/* Whoever speaks while we do, on a line without echo, is not us, however alike
 * we are. */
static void
test_line_without_echo (void)
{
  static const Telephone none = { 200, 99, 1, 0, FALSE, 1 };
  g_autoptr (Scene) scene = scene_new ();
  g_autoptr (Scene) other = scene_new ();
  g_autoptr (Ear) ear = ear_new ();
  g_autoptr (Ear) plain = ear_new ();
  guint first = 0, without = 0;
  gfloat loss;
  guint delay;

  add_agent (scene, 500, prompts[0], &none);
  /* The same voice, from the caller's end. */
  add_agent (other, 3000, prompts[3], &(Telephone) {
      0, 6, 1, 0, FALSE, 1});
  for (guint i = 0; i < other->line->len; i++)
    add_at (scene, i, g_array_index (other->line, gfloat, i));
  g_byte_array_set_size (other->sent, 0);
  finish_scene (scene, 12000);
  finish_scene (other, 12000);
  g_assert_cmpuint (listen (ear, scene, 2900, NULL), ==, 0);
  g_assert_cmpuint (listen (ear, scene, 12000, &first), >, 50);
  g_assert_cmpuint (listen (plain, other, 12000, &without), >, 50);
  g_assert_cmpuint (first, <=, without + 100);
  g_assert_false (parley_echo_get_path (ear->echo, &loss, &delay));
}

static void
test_nothing_played (void)
{
  g_autoptr (Scene) scene = scene_new ();
  g_autoptr (Ear) ear = ear_new ();

  add_caller (scene, 500, "cards/001", 1.0f);
  finish_scene (scene, 4000);
  for (gsize at = 0; at < 4000 * MS; at += SLOT) {
    gint16 frame[SLOT];

    read_frame (scene, at, frame);
    g_assert_false (parley_echo_frame (ear->echo, at / SLOT, ORIGIN + at * 125,
            frame, TRUE));
  }
}

/* Holes in the line teach nothing. */
static void
test_lost_packets (void)
{
  g_autoptr (Scene) scene = scene_new ();
  g_autoptr (Ear) ear = ear_new ();
  guint n = 0;

  for (guint k = 0; k < 3; k++)
    add_agent (scene, 500 + 7000 * k, prompts[k], &phones[1]);
  finish_scene (scene, 21000);
  for (gsize at = 0; at < 21000 * MS; at += SLOT) {
    gint16 frame[SLOT];
    gboolean voice;

    send_played (ear->played, scene, at);
    read_frame (scene, at, frame);
    if (at / 160 % 15 == 0)
      continue;
    voice = parley_vad_frame (ear->vad, frame, NULL);
    n += !parley_echo_frame (ear->echo, at / SLOT, ORIGIN + (at + SLOT) * 125,
        frame, voice) && voice;
  }
  g_test_message ("%u frames of voice", n);
  g_assert_cmpuint (n, <=, 36);
}

/* --- the element --- */

/* How many turns vadendpoint opens when only our own voice comes. */
static guint
count_turns (gboolean suppress)
{
  g_autoptr (Scene) scene = scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (MULAW);
  ParleyLoop *loop = parley_loop_acquire ();
  g_autoptr (ParleyCall) call = parley_call_new (loop);
  GstContext *context = gst_context_new ("parley.call", TRUE);
  guint turns = 0;

  gst_structure_set (gst_context_writable_structure (context), "call",
      PARLEY_TYPE_CALL, call, NULL);
  gst_element_set_context (self->h->element, context);
  gst_context_unref (context);
  g_object_set (self->h->element, "echo-suppression", suppress, NULL);
  add_agent (scene, 500, prompts[0], &phones[1]);
  add_agent (scene, 8000, prompts[1], &phones[1]);
  finish_scene (scene, 16000);
  for (gsize at = 0; at < 16000 * MS; at += 160) {
    gint16 samples[160];

    parley_clock_set_manual (ORIGIN + at * 125);
    send_played (parley_call_get_played (call), scene, at);
    read_frame (scene, at, samples);
    read_frame (scene, at + SLOT, samples + SLOT);
    parley_clock_set_manual (ORIGIN + (at + 160) * 125);
    vad_fixture_push (self, samples, 160);
  }
  vad_fixture_push_eos (self);
  for (const gchar * at = self->events->str; (at = strstr (at, "speech-start"));
      at++)
    turns++;
  parley_clock_set_real ();
  parley_loop_release (loop);
  return turns;
}

static void
test_element (void)
{
  g_assert_cmpuint (count_turns (FALSE), >=, 2);
  g_assert_cmpuint (count_turns (TRUE), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (vad_skip_without_sounds ())
    return 0;
  g_test_add_func ("/played/send", test_played);
  g_test_add_func ("/played/clear", test_played_clear);
  g_test_add_func ("/played/is-bounded", test_played_is_bounded);
  g_test_add_func ("/echo/nothing-played", test_nothing_played);
  g_test_add_func ("/echo/our-own-voice", test_our_own_voice);
  g_test_add_func ("/echo/path-is-found-and-kept", test_path_is_found_and_kept);
  g_test_add_func ("/echo/caller-over-echo", test_caller_over_echo);
  g_test_add_func ("/echo/line-without-echo", test_line_without_echo);
  g_test_add_func ("/echo/lost-packets", test_lost_packets);
  g_test_add_func ("/echo/vadendpoint", test_element);
  return g_test_run ();
}
