/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sttrig.h"

#include <string.h>

#include "net/clock.h"
#include "net/neterror.h"

static void
G_GNUC_PRINTF (2, 3)
note (SttRig * rig, const gchar * format, ...)
{
  va_list args;

  if (rig->log->len)
    g_string_append (rig->log, "; ");
  va_start (args, format);
  g_string_append_vprintf (rig->log, format, args);
  va_end (args);
}

static void
on_partial (ParleySttProvider * stt, guint turn, guint take,
    const gchar * text, SttRig * rig)
{
  note (rig, "partial %u/%u %s", turn, take, text);
  if (rig->cancels)
    parley_stt_provider_cancel (stt);
}

static void
on_final (ParleySttProvider * stt, guint turn, guint take, const gchar * text,
    gdouble confidence, SttRig * rig)
{
  note (rig, "final %u/%u %s %.2f", turn, take, text, confidence);
}

static void
on_failed (ParleySttProvider * stt, guint turn, guint take, GError * error,
    SttRig * rig)
{
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, STT_RIG_KEY));
  g_assert_null (strchr (error->message, '\n'));
  note (rig, "failed %u/%u", turn, take);
  g_clear_error (&rig->error);
  rig->error = g_error_copy (error);
}

static void
on_endpoint (ParleySttProvider * stt, guint turn, guint take, guint endpoint,
    const gchar * text, SttRig * rig)
{
  static const gchar *const names[] = {
    [PARLEY_STT_HEARS] = "hears",
    [PARLEY_STT_MAY_END] = "may-end",
    [PARLEY_STT_GOES_ON] = "goes-on",
    [PARLEY_STT_ENDS] = "ends",
  };

  note (rig, "%s %u/%u %s", names[endpoint], turn, take, text);
  if (rig->on_endpoint)
    rig->on_endpoint (rig, endpoint);
}

void
stt_rig_set_up (SttRig * rig, const gchar * name)
{
  GError *error = NULL;

  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  g_setenv (STT_RIG_ENV, STT_RIG_KEY, TRUE);
  rig->service = parley_mock_service_new (rig);
  rig->loop = parley_loop_new (g_main_context_default ());
  rig->log = g_string_new (NULL);
  rig->stt = parley_provider_new (PARLEY_PROVIDER_STT, name, rig->loop, NULL,
      NULL, NULL, &error);
  g_assert_no_error (error);
  g_object_set (rig->stt, "base-url", rig->service->url, "api-key-env",
      STT_RIG_ENV, NULL);
  g_signal_connect (rig->stt, "partial", G_CALLBACK (on_partial), rig);
  g_signal_connect (rig->stt, "final", G_CALLBACK (on_final), rig);
  g_signal_connect (rig->stt, "failed", G_CALLBACK (on_failed), rig);
  g_signal_connect (rig->stt, "endpoint", G_CALLBACK (on_endpoint), rig);
}

void
stt_rig_tear_down (SttRig * rig)
{
  g_assert_finalize_object (rig->stt);
  parley_mock_settle ();
  parley_mock_service_free (rig->service);
  parley_mock_settle ();
  g_assert_finalize_object (rig->loop);
  g_string_free (rig->log, TRUE);
  g_clear_error (&rig->error);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

void
stt_rig_begin (SttRig * rig, guint turn, guint take)
{
  static const ParleyAudioFormat format = { TRUE, 8000 };

  parley_stt_provider_begin (rig->stt, turn, take, &format);
}

void
stt_rig_audio (SttRig * rig, gsize n, guint8 fill)
{
  guint8 *bytes = g_malloc (n);
  GBytes *samples;

  memset (bytes, fill, n);
  samples = g_bytes_new_take (bytes, n);
  parley_stt_provider_audio (rig->stt, samples);
  g_bytes_unref (samples);
}

void
stt_rig_finish (SttRig * rig)
{
  parley_stt_provider_finish (rig->stt);
}

void
stt_rig_expect (SttRig * rig, const gchar * log)
{
  parley_mock_settle ();
  g_assert_cmpstr (rig->log->str, ==, log);
  g_string_truncate (rig->log, 0);
}

void
stt_rig_await (SttRig * rig, const gchar * text)
{
  parley_mock_wait (strstr (rig->log->str, text));
}
