/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "net/neterror.h"
#include "providers/stt/deepgramwire.h"

const gchar *const fuzz_seeds[] = {
  "{\"type\":\"Results\",\"channel_index\":[0,1],\"start\":1.2,"
      "\"duration\":1.05,\"is_final\":true,\"speech_final\":false,"
      "\"from_finalize\":true,\"channel\":{\"alternatives\":[{"
      "\"transcript\":\"i want to\",\"confidence\":0.97,\"words\":[]}]}}",
  "{\"type\":\"TurnInfo\",\"event\":\"EndOfTurn\",\"turn_index\":0,"
      "\"audio_window_start\":0.0,\"audio_window_end\":1.1,"
      "\"transcript\":\"hi\",\"words\":[{\"word\":\"hi\","
      "\"confidence\":0.98}]}",
  "{\"type\":\"TurnInfo\",\"event\":\"EagerEndOfTurn\","
      "\"audio_window_end\":1.1,\"transcript\":\"hi\"}",
  "{\"type\":\"UtteranceEnd\",\"channel\":[0,1],\"last_word_end\":3.1}",
  "{\"type\":\"SpeechStarted\",\"channel\":[0],\"timestamp\":1.1}",
  "{\"type\":\"Error\",\"code\":\"X\",\"description\":\"no\"}",
  "{\"type\":\"Metadata\",\"duration\":12.3}",
  NULL
};

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  ParleyDeepgramMessage message;
  GError *error = NULL;

  if (!parley_deepgram_parse ((const gchar *) data, size, &message, &error)) {
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_error_free (error);
    return 0;
  }
  g_assert_true (g_utf8_validate (message.text, -1, NULL));
  g_assert_true (message.confidence >= 0 && message.confidence <= 1);
  parley_deepgram_message_clear (&message);
  return 0;
}
