/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "providers/tts/elevenlabswire.h"

const gchar *const fuzz_seeds[] = {
  "{\"audio\":\"//79/A==\",\"contextId\":\"r1\",\"alignment\":null}",
  "{\"audio\":null,\"isFinal\":true,\"context_id\":\"r1\"}",
  "{\"is_final\":true,\"contextId\":\"r1\"}",
  "{\"message\":\"Have not received\",\"error\":\"input_timeout_exceeded\","
      "\"code\":1008}",
  "{\"type\":\"flush_done\",\"context_id\":\"r1\"}",
  NULL
};

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  ParleyElevenlabsMessage message;
  GError *error = NULL;

  if (!parley_elevenlabs_parse ((const gchar *) data, size, &message, &error)) {
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_error_free (error);
    return 0;
  }
  if (message.error)
    g_assert_cmpint (parley_elevenlabs_error_code (message.error), !=,
        PARLEY_NET_ERROR_SETTINGS);
  if (message.audio)
    g_assert_cmpuint (g_bytes_get_size (message.audio), <, size);
  parley_elevenlabs_message_clear (&message);
  return 0;
}
