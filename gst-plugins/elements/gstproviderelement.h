/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstloopelement.h"
#include "providers/registry.h"

G_BEGIN_DECLS

/* What the elements with a provider behind them share: making and warming it in
 * READY, making it anew once a call's variables are known, letting it go on the
 * loop, and properties that are its settings. Those of services on the network
 * (base-url, api-key-env, max-concurrent and timeouts) are installed here.
 *
 * Subclasses have a text property "provider" and pass open, start and stop of
 * GstLoopElement on to this class; flush too if they use
 * gst_provider_element_wait_in_loop(). */

#define GST_TYPE_PROVIDER_ELEMENT (gst_provider_element_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstProviderElement, gst_provider_element, GST,
    PROVIDER_ELEMENT, GstLoopElement)

struct _GstProviderElementClass
{
  GstLoopElementClass parent_class;

  ParleyProviderKind kind;

  /* On the loop; either may be NULL. From now on @provider serves: connect to
   * its signals, with the element as data. */
  void (*connect) (GstProviderElement * self, gpointer provider);
  /* It will serve no more: cancel what it works on. Its signals are
   * disconnected by this class. */
  void (*cancel) (GstProviderElement * self, gpointer provider);

  /* NULL-terminated names of text properties whose value may be @FILE; NULL for
   * none. */
  const gchar *const *file_texts;
  /* The same of text properties whose value is a FILE: it is read as those are,
   * for parley_text_file_peek(). */
  const gchar *const *files;
};

/* From start to stop; borrowed. */
gpointer gst_provider_element_get_in_loop (GstProviderElement * self);
/* From READY on, any thread; transfer full, NULL in NULL. */
gpointer gst_provider_element_dup (GstProviderElement * self);

/* At the begin of a stream, when the call has started: makes the provider anew
 * if a text property holds a call variable, such as %{param.voice}. Once a
 * run. */
void gst_provider_element_refresh_in_loop (GstProviderElement * self);

/* Whether one does: what the provider makes before the call has started is not
 * what it will make. Any thread. */
gboolean gst_provider_element_has_variables (GstProviderElement * self);

/* TRUE while a worker reads files that the element cannot begin without: @item
 * (a buffer or event; taken) comes again, in order, once they are there. */
gboolean gst_provider_element_wait_in_loop (GstProviderElement * self,
    GstMiniObject * item);

/* Properties that are the provider's settings, texts or numbers. Installed ones
 * can be set up to READY; the subclass's accessors begin with these, which are
 * TRUE when they did the work. */
void gst_provider_element_class_install_text (GstProviderElementClass * klass,
    guint id, const gchar * name, const gchar * nick, const gchar * blurb,
    const gchar * value);
void gst_provider_element_class_install_number (GstProviderElementClass *
    klass, guint id, GParamSpec * pspec);
gboolean gst_provider_element_set_setting (GstProviderElement * self,
    const GValue * value, GParamSpec * pspec);
gboolean gst_provider_element_get_setting (GstProviderElement * self,
    GValue * value, GParamSpec * pspec);
/* The value of one; transfer full. Any thread. */
gchar *gst_provider_element_dup_text (GstProviderElement * self,
    const gchar * name);
/* The same of one of file_texts, @FILE replaced by what is in it, which was
 * read before; a file that cannot be read is warned of, and NULL. */
gchar *gst_provider_element_dup_file_text (GstProviderElement * self,
    const gchar * name);

/* Posts "parley-usage": what is to be paid for, as this class does for what the
 * provider tells. @unit: "second",
 * "input_token", "output_token", "cached_input_token" or "character". */
void gst_provider_element_post_usage (GstProviderElement * self,
    const gchar * unit, gdouble amount);

G_END_DECLS
