/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "speech/prosody.h"

G_BEGIN_DECLS

/* How long to wait for more of a turn, from what was said and how it sounded.
 * The rules are data, a file for each language (docs/endpointing.md has the
 * format); this reads and applies them.
 *
 * Immutable, reference counted; any thread. */
typedef struct _ParleyEndpointRules ParleyEndpointRules;

/* Where in the range of silence a turn ends: at the least, in the middle, at
 * the most; per cent between. */
#define PARLEY_ENDPOINT_LEAST 0
#define PARLEY_ENDPOINT_MIDDLE 50
#define PARLEY_ENDPOINT_MOST 100

typedef struct
{
  const gchar *reason;          /* the rule's name, static; "doubtful": none */
  guint wait;                   /* per cent */
} ParleyEndpointVerdict;

/* Of @data (@len bytes); @name: what an error calls it. NULL and @error (of
 * G_KEY_FILE_ERROR): the one thing to mend. */
ParleyEndpointRules *parley_endpoint_rules_new (const gchar * data, gsize len,
    const gchar * name, GError ** error);

/* Reads the file once in a process: what was found then is what is found
 * later. */
ParleyEndpointRules *parley_endpoint_rules_load (const gchar * path,
    GError ** error);

/* Those that come with Parley; @language: a BCP 47 tag, of which the first part
 * counts. NULL: there are none. */
ParleyEndpointRules *parley_endpoint_rules_for_language (const gchar *
    language);
/* "en", ...; NULL-terminated. */
const gchar *const *parley_endpoint_rules_languages (void);

ParleyEndpointRules *parley_endpoint_rules_ref (ParleyEndpointRules * self);
void parley_endpoint_rules_unref (ParleyEndpointRules * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyEndpointRules, parley_endpoint_rules_unref)

/* The first rule all of whose conditions hold. @text: NULL or "" if there is
 * none yet. @self may be NULL: no rules. */
void parley_endpoint_rules_decide (ParleyEndpointRules * self,
    const gchar * text, ParleyTone tone, ParleyEndpointVerdict * verdict);

/* The names of the rules of all languages that come with Parley, and of the
 * reasons that are no rule, sorted: what a metric may be labelled with. */
#define PARLEY_ENDPOINT_REASONS 24
const gchar *const *parley_endpoint_reasons (void);

G_END_DECLS
