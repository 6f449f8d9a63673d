/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* What providers and calls cost, from a JSON file:
 *
 *   {"currency": "USD",
 *    "stt": {"azure": {"second": 0.000278}},
 *    "llm": {"gpt-4o-mini": {"input_token": 1.5e-7, "output_token": 6e-7,
 *                            "cached_input_token": 7.5e-8}},
 *    "tts": {"elevenlabs": {"character": 0.0001}},
 *    "call": {"minute": 0.0085}}
 *
 * A name below a kind is a model's or a provider's; the model's comes first.
 * Immutable; any thread. */

typedef struct _ParleyPrices ParleyPrices;

/* What a call used, as an element message tells it: "parley-usage" with kind
 * ("stt", "llm", "tts"), provider, model (may be missing), unit ("second",
 * "input_token", "output_token", "cached_input_token", "character"; strings)
 * and amount (double). The strings are borrowed from the message. */
typedef struct
{
  const gchar *kind;
  const gchar *provider;
  const gchar *model;           /* NULL: none */
  const gchar *unit;
  gdouble amount;
} ParleyUsage;

/* FALSE: not such a structure. */
gboolean parley_usage_from_structure (ParleyUsage * usage,
    const GstStructure * structure);

#define PARLEY_PRICES_ERROR (parley_prices_error_quark ())
GQuark parley_prices_error_quark (void);

/* Reads the file: not on a loop. NULL with @error in one line that says what
 * to do. */
ParleyPrices *parley_prices_load (const gchar * path, GError ** error);
void parley_prices_free (ParleyPrices * prices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyPrices, parley_prices_free)

/* Such as "USD"; "USD" where the file names none. */
const gchar *parley_prices_get_currency (const ParleyPrices * prices);
/* FALSE: the file has no price for it. */
gboolean parley_prices_get_cost (const ParleyPrices * prices,
    const ParleyUsage * usage, gdouble * cost);
/* What @seconds of a call cost by themselves. */
gdouble parley_prices_get_call_cost (const ParleyPrices * prices,
    gdouble seconds);

G_END_DECLS
