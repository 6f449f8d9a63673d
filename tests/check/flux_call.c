/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "elementrig.h"
#include "emulatorrig.h"
#include "mock/spoken.h"

/* vadendpoint and cloudstt with Deepgram's Flux, which says when turns are
 * over, as the emulator speaks it over real sockets. Time goes on by the
 * caller's packets; what comes of them is looked at by its order. */

#define FRAME 160
/* Of the caller's silence: more than any wait there is. */
#define PATIENCE_MS 20000

typedef struct
{
  Rig rig;
  EmulatorRig *emulator;
  GstClockTime pts;
} Call;

static void
call_init (Call * call, const gchar * stt, const gchar * vadendpoint,
    const gchar * cloudstt)
{
  g_autofree gchar *launch = g_strdup_printf ("vadendpoint %s ! cloudstt "
      "name=stt provider=deepgram model=flux-general-en %s", vadendpoint,
      cloudstt);
  g_autofree gchar *address = NULL;
  g_autoptr (GstElement) element = NULL;

  memset (call, 0, sizeof *call);
  rig_init (&call->rig, launch);
  call->emulator = emulator_rig_new (stt);
  address = g_strdup_printf ("http://127.0.0.1:%u", call->emulator->port);
  element = gst_bin_get_by_name (GST_BIN (call->rig.element), "stt");
  g_object_set (element, "base-url", address, NULL);
  rig_start (&call->rig, MULAW);
}

static void
call_clear (Call * call)
{
  gst_harness_teardown (call->rig.harness);
  call->rig.harness = NULL;
  gst_element_set_state (call->rig.element, GST_STATE_NULL);
  rig_settle (&call->rig);
  emulator_rig_free (call->emulator);
  rig_settle (&call->rig);
  rig_clear (&call->rig);
}

/* A packet, and time for the sockets. */
static void
step (Call * call, const guint8 * frame)
{
  GstBuffer *buffer = gst_buffer_new_memdup (frame, FRAME);

  GST_BUFFER_PTS (buffer) = call->pts;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  call->pts += 20 * GST_MSECOND;
  gst_harness_push (call->rig.harness, buffer);
  rig_wait_ms (&call->rig, 20);
  for (guint i = 0; i < 4; i++) {
    g_usleep (300);
    rig_settle (&call->rig);
  }
}

static void
send (Call * call, GByteArray * audio)
{
  for (guint at = 0; at + FRAME <= audio->len; at += FRAME)
    step (call, audio->data + at);
  g_byte_array_unref (audio);
}

static void
quiet (Call * call, guint ms)
{
  send (call, spoken_quiet (ms));
}

static void
say (Call * call, const gchar * text)
{
  send (call, spoken_text ("flite", "rms", 1.0, text));
}

/* He is quiet until @part is there. */
static void
await (Call * call, const gchar * part)
{
  for (guint i = 0; !strstr (call->rig.trace->str, part); i++) {
    if (i > PATIENCE_MS / 20)
      g_error ("no “%s” in “%s”", part, call->rig.trace->str);
    quiet (call, 20);
  }
}

/* In this order, whatever is between. */
static void
assert_order (Call * call, const gchar * const *parts)
{
  const gchar *at = call->rig.trace->str;

  for (; *parts; parts++) {
    const gchar *found = strstr (at, *parts);

    if (!found)
      g_error ("no “%s” in “%s” of “%s”", *parts, at,
          call->rig.trace->str);
    at = found + strlen (*parts);
  }
}

#define ORDER(...) (const gchar * const[]) { __VA_ARGS__, NULL }
#define TEXT_1 "one two three"
#define STT "{'keys':'none','stt':{'texts':['" TEXT_1 "','four five']," \
    "'silence_ms':%s,'eager_ms':%s}%s}"

static void
init (Call * call, const gchar * silence, const gchar * eager,
    const gchar * faults, const gchar * vadendpoint, const gchar * cloudstt)
{
  g_autofree gchar *config = g_strdup_printf (STT, silence, eager, faults);

  call_init (call, config, vadendpoint, cloudstt);
  quiet (call, 1000);
}

#define SLOW "silence=10000 eager-silence=0"

/* Long before silence would. */
static void
test_end (void)
{
  Call call;

  init (&call, "400", "9000", "", SLOW, "endpointing=provider");
  say (&call, "I would like to book a table");
  await (&call, " 1/1\"" TEXT_1 "\"");
  assert_order (&call, ORDER ("start1/1", "1/1\"" TEXT_1));
  g_assert_null (strstr (call.rig.trace->str, "resume"));
  say (&call, "for two persons");
  await (&call, " 2/1\"four five\"");
  call_clear (&call);
}

static void
test_eager_end (void)
{
  Call call;

  init (&call, "800", "200", "", SLOW, "endpointing=provider");
  say (&call, "I would like to book a table");
  await (&call, " 1/1\"" TEXT_1 "\" ");
  assert_order (&call, ORDER ("start1/1", "guess1/1\"" TEXT_1, " 1/1\""));
  call_clear (&call);
}

static void
test_resumed (void)
{
  Call call;

  init (&call, "1500", "200", "", SLOW, "endpointing=provider");
  say (&call, "I would like to book a table");
  await (&call, "guess1/1");
  say (&call, "for two persons");
  await (&call, " 1/2\"" TEXT_1 "\" ");
  assert_order (&call, ORDER ("start1/1", "guess1/1\"" TEXT_1, "resume1/1",
          " 1/2\""));
  g_assert_null (strstr (call.rig.trace->str, "start2"));
  call_clear (&call);
}

static void
test_no_eager_end (void)
{
  Call call;

  init (&call, "500", "200", "", SLOW,
      "endpointing=provider eager-eot-threshold=0");
  say (&call, "I would like to book a table");
  await (&call, " 1/1\"" TEXT_1 "\"");
  g_assert_null (strstr (call.rig.trace->str, "resume"));
  call_clear (&call);
}

/* Silence is first; Flux ends its turn later, and the next one is another. */
static void
test_both (void)
{
  Call call;

  init (&call, "2500", "9000", "", "silence=400 eager-silence=50",
      "endpointing=both");
  say (&call, "table");
  await (&call, "\"" TEXT_1 "\"");
  await (&call, "1/");
  quiet (&call, 1000);
  say (&call, "persons");
  await (&call, "\"four five\"");
  assert_order (&call, ORDER ("start1/1", TEXT_1, "start2/1", "four five"));
  call_clear (&call);
}

/* Nothing is told any more: silence decides, with what was told. */
static void
test_hang (void)
{
  Call call;

  init (&call, "300", "9000", ",'faults':[{'protocol':'deepgram-flux',"
      "'fault':'hang','after':8,'count':1}]", "silence=400",
      "endpointing=provider eot-timeout=500");
  say (&call, "I would like to book a table for two persons");
  await (&call, " 1/");
  assert_order (&call, ORDER ("start1/1", " 1/"));
  quiet (&call, 2000);
  say (&call, "I would like to book a table");
  await (&call, " 2/1\"");
  call_clear (&call);
}

/* Over another websocket. */
static void
test_drop (void)
{
  Call call;

  init (&call, "400", "9000", ",'faults':[{'protocol':'deepgram-flux',"
      "'fault':'drop','after':8,'count':1}]", SLOW, "endpointing=provider");
  say (&call, "I would like to book a table for two persons");
  await (&call, " 1/1\"" TEXT_1 "\"");
  call_clear (&call);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flux-call/end", test_end);
  g_test_add_func ("/flux-call/eager-end", test_eager_end);
  g_test_add_func ("/flux-call/resumed", test_resumed);
  g_test_add_func ("/flux-call/no-eager-end", test_no_eager_end);
  g_test_add_func ("/flux-call/both", test_both);
  g_test_add_func ("/flux-call/hang", test_hang);
  g_test_add_func ("/flux-call/drop", test_drop);
  return g_test_run ();
}
