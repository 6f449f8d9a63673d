/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"

G_BEGIN_DECLS

/* What all kinds of provider share: the loop they live on. Construct-only
 * property "loop". */

#define PARLEY_TYPE_PROVIDER (parley_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleyProvider, parley_provider, PARLEY, PROVIDER,
    GObject)

struct _ParleyProviderClass
{
  GObjectClass parent_class;
  /* Checks the settings and begins to warm what is slow (decoders, voices,
   * connections). Files are read here, but not on a loop: there it takes what
   * is kept of them, and has a worker look whether they changed, for the next
   * one. FALSE with @error: the settings cannot work. */
  gboolean (*warm) (ParleyProvider * self, GError ** error);
};

gboolean parley_provider_warm (ParleyProvider * self, GError ** error);

/* FALSE: what warm() needs of a file was never read, and a worker reads it now.
 * Signal "ready" (GError *error) tells when it has, NULL for success. What is
 * asked for meanwhile is answered then. */
gboolean parley_provider_is_ready_in_loop (ParleyProvider * self);
/* For subclasses; @error NULL unless reading failed. */
void parley_provider_set_ready_in_loop (ParleyProvider * self, gboolean ready,
    const GError * error);

/* For subclasses, where the service tells what an answer costs: signal "usage"
 * (gchararray unit, gdouble amount); @unit: "input_token", "output_token" or
 * "cached_input_token". What elements count by themselves (seconds of audio,
 * characters of text) is not told. */
void parley_provider_usage_in_loop (ParleyProvider * self, const gchar * unit,
    gdouble amount);

/* PROVIDER/VOICE/MODEL, as far as it has these settings: for people, where what
 * is cached is listed. @settings: its description. Transfer full. */
gchar *parley_provider_label (ParleyProvider * self, const gchar * settings);

/* Borrowed. */
ParleyLoop *parley_provider_get_loop (ParleyProvider * self);

typedef struct
{
  gboolean mulaw;               /* else S16LE */
  guint rate;                   /* Hz; one channel */
} ParleyAudioFormat;

#define PARLEY_PROVIDER_ERROR (parley_provider_error_quark ())
GQuark parley_provider_error_quark (void);

typedef enum
{
  PARLEY_PROVIDER_ERROR_SETTINGS,       /* wrong setting, missing file or key */
  PARLEY_PROVIDER_ERROR_UNKNOWN,        /* no such provider */
  PARLEY_PROVIDER_ERROR_MISSING,        /* not in this build */
  PARLEY_PROVIDER_ERROR_ENGINE,         /* the engine could not do it */
  PARLEY_PROVIDER_ERROR_NETWORK,        /* no connection, lost, timed out */
  PARLEY_PROVIDER_ERROR_REFUSED,        /* the service said no (401, 403) */
  PARLEY_PROVIDER_ERROR_REPLY   /* the service's answer is not readable */
} ParleyProviderError;

G_END_DECLS
