/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstloopelement.h"
#include "providers/registry.h"

G_BEGIN_DECLS

/* What the elements with a provider behind them share: making and warming it
 * and its fallbacks in READY, making them anew once a call's variables are
 * known, letting them go on the loop, who is asked and who goes on when one
 * fails, and properties that are settings. Those of services on the network
 * (base-url, api-key-env, max-concurrent and timeouts) and fallback are
 * installed here.
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

  /* On the loop, for each provider; either may be NULL. From now on @provider
   * serves: connect to its signals, with the element as data. */
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

/* The first provider, from start to stop; borrowed. */
gpointer gst_provider_element_get_in_loop (GstProviderElement * self);
/* The same from READY on, any thread; transfer full, NULL in NULL. */
gpointer gst_provider_element_dup (GstProviderElement * self);

/* The provider for something new: the first, unless it is down or too busy and
 * a fallback is up, which is then told as a switch of @turn (0: none). @probe
 * (may be NULL): the first may be back; ask it the same as well, and let nobody
 * wait for the answer, so that no caller has to find out. Borrowed. */
gpointer gst_provider_element_choose_in_loop (GstProviderElement * self,
    guint turn, gpointer * probe);
/* @failed could not do it: who goes on, NULL for nobody. Warns and posts
 * "parley-provider-switch" or "parley-provider-failed". Nothing that @failed
 * still says of it may be taken. Borrowed. */
gpointer gst_provider_element_switch_in_loop (GstProviderElement * self,
    gpointer failed, const GError * error, guint turn);
/* The same where nobody can go on, as part of it was heard: only posts
 * "parley-provider-failed". */
void gst_provider_element_failed_in_loop (GstProviderElement * self,
    gpointer failed, const GError * error, guint turn);
/* Whether there is anybody behind @provider. */
gboolean gst_provider_element_has_fallback_in_loop (GstProviderElement * self,
    gpointer provider);
/* And whether one of them can be asked now. */
gboolean gst_provider_element_is_next_up_in_loop (GstProviderElement * self,
    gpointer provider);
/* As in provider=NAME; borrowed. */
const gchar *gst_provider_element_get_name_in_loop (GstProviderElement * self,
    gpointer provider);
/* The nth, from 0; NULL: there are no more. Borrowed. */
gpointer gst_provider_element_get_nth_in_loop (GstProviderElement * self,
    guint n);

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

/* Posts "parley-usage": what is to be paid for, as this class does for what
 * @provider tells. @unit: "second",
 * "input_token", "output_token", "cached_input_token" or "character". */
void gst_provider_element_post_usage_in_loop (GstProviderElement * self,
    gpointer provider, const gchar * unit, gdouble amount);

G_END_DECLS
