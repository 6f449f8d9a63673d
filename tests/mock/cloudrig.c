/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "mock/cloudrig.h"

#include <string.h>

#include "net/clock.h"

#define STEP (50 * G_TIME_SPAN_MILLISECOND)

static void
on_delta (gpointer provider, guint id, const gchar * text, ParleyCloudRig * rig)
{
  g_string_append (rig->text, text);
}

static void
on_tool_call (gpointer provider, guint id, const gchar * call,
    const gchar * name, const gchar * arguments, ParleyCloudRig * rig)
{
  g_string_append_printf (rig->log, "tool(%s %s %s) ", call, name, arguments);
}

static void
on_llm_done (gpointer provider, guint id, gboolean hang_up,
    ParleyCloudRig * rig)
{
  rig->ended++;
  g_string_append_printf (rig->log, "done%u ", id);
}

static void
take_error (ParleyCloudRig * rig, const GError * error)
{
  rig->ended++;
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, PARLEY_MOCK_KEY));
  g_assert_null (strstr (error->message, "0123456789abcdef"));
  g_assert_null (strchr (error->message, '\n'));
  g_free (rig->error);
  rig->error = g_strdup (error->message);
}

static void
on_failed (gpointer provider, guint id, GError * error, ParleyCloudRig * rig)
{
  take_error (rig, error);
  g_string_append_printf (rig->log, "failed%u ", id);
}

static void
on_usage (gpointer provider, const gchar * unit, gdouble amount,
    ParleyCloudRig * rig)
{
  g_string_append_printf (rig->log, "%s=%g ", unit, amount);
}

static void
on_partial (gpointer provider, guint turn, guint take, const gchar * text,
    ParleyCloudRig * rig)
{
  g_string_append_printf (rig->log, "partial(%s) ", text);
}

static void
on_final (gpointer provider, guint turn, guint take, const gchar * text,
    gdouble confidence, ParleyCloudRig * rig)
{
  rig->ended++;
  rig->confidence = confidence;
  g_string_assign (rig->text, text);
  g_string_append_printf (rig->log, "final%u/%u ", turn, take);
}

static void
on_stt_failed (gpointer provider, guint turn, guint take, GError * error,
    ParleyCloudRig * rig)
{
  take_error (rig, error);
  g_string_append_printf (rig->log, "failed%u/%u ", turn, take);
}

static void
on_audio (gpointer provider, guint id, const ParleyAudioFormat * format,
    GBytes * samples, ParleyCloudRig * rig)
{
  gsize len = g_bytes_get_size (samples);

  g_assert_cmpuint (len, >, 0);
  g_assert_true (format->mulaw || len % 2 == 0);
  if (rig->audio->len == 0)
    g_string_append_printf (rig->log, "audio%u(%s %u) ", id,
        format->mulaw ? "mulaw" : "S16LE", format->rate);
  g_byte_array_append (rig->audio, g_bytes_get_data (samples, NULL), len);
}

static void
on_tts_done (gpointer provider, guint id, ParleyCloudRig * rig)
{
  rig->ended++;
  g_string_append_printf (rig->log, "done%u ", id);
}

static void
connect_all (ParleyCloudRig * rig, ParleyProviderKind kind)
{
  g_signal_connect (rig->provider, "usage", G_CALLBACK (on_usage), rig);
  g_signal_connect (rig->provider, "failed", kind == PARLEY_PROVIDER_STT
      ? G_CALLBACK (on_stt_failed) : G_CALLBACK (on_failed), rig);
  if (kind == PARLEY_PROVIDER_STT) {
    g_signal_connect (rig->provider, "partial", G_CALLBACK (on_partial), rig);
    g_signal_connect (rig->provider, "final", G_CALLBACK (on_final), rig);
  } else if (kind == PARLEY_PROVIDER_LLM) {
    g_signal_connect (rig->provider, "delta", G_CALLBACK (on_delta), rig);
    g_signal_connect (rig->provider, "tool-call", G_CALLBACK (on_tool_call),
        rig);
    g_signal_connect (rig->provider, "done", G_CALLBACK (on_llm_done), rig);
  } else {
    g_signal_connect (rig->provider, "audio", G_CALLBACK (on_audio), rig);
    g_signal_connect (rig->provider, "done", G_CALLBACK (on_tts_done), rig);
  }
}

ParleyCloudRig *
parley_cloud_rig_new (ParleyProviderKind kind, const gchar * provider, ...)
{
  ParleyCloudRig *rig = g_new0 (ParleyCloudRig, 1);
  GError *error = NULL;
  const gchar *name;
  va_list args;

  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  g_setenv (PARLEY_MOCK_KEY_ENV, PARLEY_MOCK_KEY, TRUE);
  rig->cloud = parley_mock_cloud_new ();
  rig->loop = parley_loop_new (g_main_context_default ());
  rig->log = g_string_new (NULL);
  rig->text = g_string_new (NULL);
  rig->audio = g_byte_array_new ();
  rig->provider = parley_provider_new (kind, provider, rig->loop, NULL, NULL,
      NULL, &error);
  g_assert_no_error (error);
  g_object_set (rig->provider, "base-url", rig->cloud->url, "api-key-env",
      PARLEY_MOCK_KEY_ENV, NULL);
  va_start (args, provider);
  while ((name = va_arg (args, const gchar *)))
      g_object_set (rig->provider, name, va_arg (args, const gchar *), NULL);
  va_end (args);
  parley_provider_warm (rig->provider, &error);
  g_assert_no_error (error);
  connect_all (rig, kind);
  parley_mock_wait (rig->cloud->warmed > 0);
  return rig;
}

void
parley_cloud_rig_free (ParleyCloudRig * rig)
{
  g_assert_finalize_object (rig->provider);
  parley_mock_settle ();
  parley_mock_cloud_free (rig->cloud);
  parley_mock_settle ();
  g_assert_finalize_object (rig->loop);
  g_string_free (rig->log, TRUE);
  g_string_free (rig->text, TRUE);
  g_byte_array_unref (rig->audio);
  g_free (rig->error);
  g_free (rig);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

void
parley_cloud_rig_wait (ParleyCloudRig * rig, guint ended)
{
  parley_mock_wait (rig->ended >= ended);
}

void
parley_cloud_rig_step (ParleyCloudRig * rig, guint ended, gint64 limit)
{
  for (gint64 t = 0; rig->ended < ended; t += STEP) {
    g_assert_cmpint (t, <=, limit);
    parley_mock_advance (STEP);
  }
}

void
parley_cloud_rig_clear (ParleyCloudRig * rig)
{
  rig->ended = 0;
  g_string_truncate (rig->log, 0);
  g_string_truncate (rig->text, 0);
  g_byte_array_set_size (rig->audio, 0);
  g_clear_pointer (&rig->error, g_free);
}
