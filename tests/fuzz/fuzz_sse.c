/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

#include "net/neterror.h"
#include "net/sse.h"

#define MAX_EVENT 512

const gchar *const fuzz_seeds[] = {
  "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: [DONE]\n\n",
  "\xEF\xBB\xBF: OPENROUTER PROCESSING\r\n\r\nevent: a\r\nid: 7\r\ndata: x\r\n"
      "data: y\r\n\r\n",
  "event: ping\r\rdata\rdata:  two\r\rretry: 10\r:\rid\r\r",
  "{\"error\":{\"message\":\"bad9key sk-abc\",\"code\":\"x\"}}",
  "{\"detail\":{\"status\":\"busy\",\"message\":\"key 0123456789abcdef01\"}}",
  "Fri, 01 Jan 2010 00:00:00 GMT", "17.5",
  NULL
};

/* Events as one text, from pieces of @piece bytes. */
static GString *
parse (const guint8 * data, gsize size, gsize piece)
{
  g_autoptr (ParleySse) sse = parley_sse_new (MAX_EVENT);
  GString *out = g_string_new (NULL);
  ParleySseEvent event;

  for (gsize at = 0; at < size; at += piece) {
    parley_sse_push (sse, data + at, MIN (piece, size - at));
    while (parley_sse_next (sse, &event)) {
      g_assert_cmpuint (event.len, <=, MAX_EVENT);
      g_assert_true (event.data[event.len] == '\0');
      g_string_append_printf (out, "%s|%s|", event.type, event.id);
      g_string_append_len (out, event.data, event.len);
    }
  }
  return out;
}

/* Any body of an error makes one line without the key. */
static void
fuzz_error (const gchar * text, gsize size)
{
  static const gchar *const secrets[] = { "bad9key", NULL };
  g_autoptr (GError) error = parley_net_error_new_status ("acme", "host", 429,
      -1, text, size, secrets);

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\r\n"));
  g_assert_null (strstr (error->message, "bad9key"));
  g_assert_cmpuint (strlen (error->message), <, 500);
}

static void
fuzz_retry_after (const gchar * text, gsize size)
{
  g_autofree gchar *value = g_strndup (text, size);
  gint64 after = parley_retry_after_parse (value, 1000);

  g_assert_cmpint (after, >=, -1);
  g_assert_cmpint (after, <=, G_TIME_SPAN_DAY);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GString) whole = parse (data, size, MAX (size, 1));
  g_autoptr (GString) bytes = parse (data, size, 1);
  g_autoptr (GString) odd = parse (data, size, 7);

  g_assert_cmpmem (whole->str, whole->len, bytes->str, bytes->len);
  g_assert_cmpmem (whole->str, whole->len, odd->str, odd->len);
  fuzz_error ((const gchar *) data, size);
  fuzz_retry_after ((const gchar *) data, size);
  return 0;
}
