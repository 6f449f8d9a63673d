/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/llmprovider.h"
#include "providers/sttprovider.h"
#include "providers/ttsprovider.h"

G_BEGIN_DECLS

typedef enum
{
  PARLEY_PROVIDER_STT,
  PARLEY_PROVIDER_LLM,
  PARLEY_PROVIDER_TTS
} ParleyProviderKind;

typedef struct
{
  ParleyProviderKind kind;
  const gchar *name;            /* as in provider=NAME */
  const gchar *summary;         /* one line for people */
  GType (*get_type) (void);     /* NULL: this build was made without it */
  const gchar *package;         /* what to install then; NULL for none */
  gboolean cloud;               /* a service on the network; wants a key */
} ParleyProviderInfo;

/* Every provider that Parley brings, in order of preference within its kind. */
const ParleyProviderInfo *parley_provider_list (guint * n_providers);

/* Adds a provider from outside, such as an application's own. @info must live
 * as long as the process. Before the first use of it; any thread. */
void parley_provider_register (const ParleyProviderInfo * info);

/* What becomes of a text setting on its way to the provider; transfer full. */
typedef gchar *(*ParleyExpandFunc) (const gchar * text, gpointer data);

/* A provider by name. It takes its settings from the properties of @settings
 * (the element; may be NULL) that have the same name and type, texts through
 * @expand (may be NULL). Returns NULL with @error: unknown, or not in this
 * build; the text says what to do. Transfer full. */
gpointer parley_provider_new (ParleyProviderKind kind, const gchar * name,
    ParleyLoop * loop, GObject * settings, ParleyExpandFunc expand,
    gpointer data, GError ** error);

G_END_DECLS
