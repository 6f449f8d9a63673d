/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "net/neterror.h"
#include "providers/llm/openaichat.h"
#include "providers/stt/openaitext.h"

/* Pieces of a chat's answer, one a line, and answers of a transcription. */

const gchar *const fuzz_seeds[] = {
  "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"},"
      "\"finish_reason\":null}],\"usage\":null}\n"
      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\","
      "\"function\":{\"name\":\"look\",\"arguments\":\"{}\"}}]}}]}\n"
      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n"
      "{\"choices\":[],\"usage\":{\"prompt_tokens\":25,"
      "\"completion_tokens\":9,\"prompt_tokens_details\":"
      "{\"cached_tokens\":5}}}\n[DONE]",
  "{\"error\":{\"code\":502,\"message\":\"no\"},\"choices\":[]}",
  "{\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n"
      "{\"type\":\"transcript.text.done\",\"text\":\"Hi\",\"logprobs\":"
      "[{\"token\":\"H\",\"logprob\":-0.1}]}",
  "{\"text\":\" [BLANK_AUDIO]\",\"segments\":[{\"avg_logprob\":-0.5}]}",
  "{\"error\":\"model not loaded\"}",
  NULL
};

static void
check_error (GError * error)
{
  g_assert_true (error->domain == PARLEY_NET_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_error_free (error);
}

static void
read_chat (gchar ** lines)
{
  g_autoptr (ParleyChatReply) reply = parley_chat_reply_new ("openai", NULL);
  GString *text = g_string_new (NULL);
  ParleyChatUsage usage;
  GError *error = NULL;

  for (; *lines && !error && !parley_chat_reply_is_over (reply); lines++)
    parley_chat_reply_take (reply, *lines, strlen (*lines), text, &error);
  if (!error)
    parley_chat_reply_finish (reply, &error);
  if (error)
    check_error (error);
  g_assert_true (g_utf8_validate (text->str, -1, NULL));
  parley_chat_reply_get_usage (reply, &usage);
  g_assert_true (usage.input >= 0 && usage.cached >= 0 && usage.output >= 0);
  g_string_free (text, TRUE);
}

static void
read_transcript (gchar ** lines, const gchar * data, gsize size)
{
  ParleyTranscript transcript;
  GError *error = NULL;

  parley_transcript_init (&transcript);
  for (; *lines && !error && !transcript.over; lines++)
    parley_transcript_take_event (&transcript, "openai", NULL, *lines,
        strlen (*lines), &error);
  if (error)
    check_error (g_steal_pointer (&error));
  g_assert_true (g_utf8_validate (transcript.text->str, -1, NULL));
  parley_transcript_clear (&transcript);
  parley_transcript_init (&transcript);
  if (!parley_transcript_take_json (&transcript, "openai", NULL, data, size,
          &error))
    check_error (error);
  g_assert_true (transcript.confidence >= 0 && transcript.confidence <= 1);
  parley_transcript_take_text (&transcript, data, size);
  g_assert_true (g_utf8_validate (transcript.text->str, -1, NULL));
  parley_transcript_clear (&transcript);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  gchar *text = g_strndup ((const gchar *) data, size);
  gchar **lines = g_strsplit (text, "\n", -1);

  read_chat (lines);
  read_transcript (lines, (const gchar *) data, size);
  g_strfreev (lines);
  g_free (text);
  return 0;
}
