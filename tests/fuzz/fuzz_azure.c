/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "net/neterror.h"
#include "providers/stt/azurewire.h"

#define HEAD(path) "X-RequestId: 0123456789abcdef0123456789abcdef\r\n" \
    "Path: " path "\r\nContent-Type: application/json\r\n\r\n"

const gchar *const fuzz_seeds[] = {
  HEAD ("speech.hypothesis") "{\"Text\":\"i need\",\"Offset\":430,"
      "\"Duration\":\"620\"}",
  HEAD ("speech.phrase") "{\"RecognitionStatus\":\"Success\",\"Offset\":430,"
      "\"Duration\":620,\"NBest\":[{\"Confidence\":0.93,"
      "\"Display\":\"I need.\"}]}",
  HEAD ("speech.phrase") "{\"RecognitionStatus\":\"TooManyRequests\"}",
  HEAD ("speech.phrase") "{\"RecognitionStatus\":\"Success\","
      "\"DisplayText\":\"Yes.\",\"Offset\":1e30,\"Duration\":-1}",
  HEAD ("turn.end") "{}", HEAD ("turn.end"),
  NULL
};

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  ParleyAzureMessage message;
  GError *error = NULL;

  if (!parley_azure_parse ((const gchar *) data, size, &message, &error)) {
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_error_free (error);
    return 0;
  }
  g_assert_cmpuint (strlen (message.id), <, PARLEY_AZURE_ID_SIZE);
  g_assert_true (g_utf8_validate (message.text, -1, NULL));
  g_assert_true (message.confidence >= 0 && message.confidence <= 1);
  g_assert_cmpint (message.end, >=, 0);
  parley_azure_message_clear (&message);
  return 0;
}
