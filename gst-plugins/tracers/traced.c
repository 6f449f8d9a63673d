/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "traced.h"

#include "../elements/gstloopelement.h"
#include "../elements/gstvadendpoint.h"

/* Elements that are gone but still told of by name. */
#define MAX_GONE 64

enum
{
  LEVEL_NONE,
  LEVEL_OF_ELEMENT,             /* queue, queue2 */
  LEVEL_OF_PAD,                 /* multiqueue */
  LEVEL_OF_INBOX                /* ours */
};

/* The elements of a factory that are not told of one by one any more. */
typedef struct
{
  gboolean any[2];
  ResidenceSums sums[2];        /* turn 0; in turns */
} Others;

struct _TracedRegistry
{
  TracedStayFunc func;

  /* Taken when something is seen for the first time or goes away, never while
   * data passes otherwise. Before an element's lock. */
  GMutex lock;
  /* Under lock: */
  guint last_id;
  GQueue live;                  /* of TracedElement, borrowed */
  GQueue gone;                  /* of TracedElement, owned */
  GHashTable *others;           /* factory → Others */
};

static GQuark pad_quark;
static GQuark element_quark;

/* Elements */

static void
traced_element_unref (TracedElement * self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  residence_free (self->residence);
  g_free (self->name);
  g_free (self);
}

static TracedElement *
traced_element_ref (TracedElement * self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

static void
stay_over (const ResidenceStay * stay, gpointer user_data)
{
  TracedElement *self = user_data;

  self->registry->func (self, stay);
}

static void
close_element (TracedElement * self)
{
  residence_lock (self->residence);
  residence_close (self->residence);
  residence_unlock (self->residence);
}

static void
merge_gone_unlocked (TracedRegistry * self, TracedElement * element)
{
  Others *others = g_hash_table_lookup (self->others, element->factory);

  if (!others) {
    others = g_new0 (Others, 1);
    g_hash_table_insert (self->others, (gpointer) element->factory, others);
  }
  for (guint i = 0; i < 2; i++) {
    ResidenceSums sums;

    residence_lock (element->residence);
    others->any[i] |= residence_get_sums (element->residence, i, &sums);
    residence_unlock (element->residence);
    residence_sums_merge (&others->sums[i], &sums);
  }
}

/* Returns whom to let go instead, or NULL. */
static TracedElement *
keep_gone_unlocked (TracedRegistry * self, TracedElement * element)
{
  g_queue_push_tail (&self->gone, element);
  if (self->gone.length <= MAX_GONE)
    return NULL;
  element = g_queue_pop_head (&self->gone);
  merge_gone_unlocked (self, element);
  return element;
}

/* The element is being finalized. */
static void
element_gone (gpointer data)
{
  TracedElement *self = data;
  TracedRegistry *registry = self->registry;
  TracedElement *oldest;

  residence_lock (self->residence);
  residence_close (self->residence);
  residence_forget (self->residence);
  residence_unlock (self->residence);

  g_mutex_lock (&registry->lock);
  g_queue_remove (&registry->live, self);
  oldest = keep_gone_unlocked (registry, self);
  g_mutex_unlock (&registry->lock);
  if (oldest)
    traced_element_unref (oldest);
}

static gboolean
has_level_properties (GObjectClass * klass)
{
  return g_object_class_find_property (klass, "current-level-buffers")
      && g_object_class_find_property (klass, "current-level-time");
}

static gint
find_level_source (GstElement * element)
{
  gint source = LEVEL_NONE;

  if (GST_IS_LOOP_ELEMENT (element))
    return LEVEL_OF_INBOX;
  if (has_level_properties (G_OBJECT_GET_CLASS (element)))
    return LEVEL_OF_ELEMENT;
  GST_OBJECT_LOCK (element);
  if (element->sinkpads
      && has_level_properties (G_OBJECT_GET_CLASS (element->sinkpads->data)))
    source = LEVEL_OF_PAD;
  GST_OBJECT_UNLOCK (element);
  return source;
}

static ResidenceKind
find_kind (GstElement * element, gint level_source)
{
  if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK))
    return RESIDENCE_SINK;
  if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE))
    return RESIDENCE_SOURCE;
  if (level_source == LEVEL_OF_ELEMENT || level_source == LEVEL_OF_PAD)
    return RESIDENCE_QUEUE;
  if (GST_IS_VAD_ENDPOINT (element))
    return RESIDENCE_TELLS;
  return RESIDENCE_PLAIN;
}

static const gchar *
find_factory (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return g_intern_string (factory ?
      gst_plugin_feature_get_name (GST_PLUGIN_FEATURE (factory))
      : G_OBJECT_TYPE_NAME (element));
}

/* The reference belongs to the element's qdata. */
static TracedElement *
add_element_unlocked (TracedRegistry * registry, GstElement * element)
{
  TracedElement *self = g_new0 (TracedElement, 1);

  self->refs = 1;
  self->registry = registry;
  self->id = ++registry->last_id;
  self->name = gst_object_get_name (GST_OBJECT (element));
  self->factory = find_factory (element);
  self->level_source = find_level_source (element);
  self->kind = find_kind (element, self->level_source);
  self->track.id = self->id;
  self->track.name = self->name;
  self->residence = residence_new (self->kind, stay_over, self);
  g_queue_push_tail (&registry->live, self);
  g_object_set_qdata_full (G_OBJECT (element), element_quark, self,
      element_gone);
  return self;
}

TracedElement *
traced_registry_get_element (TracedRegistry * self, GstElement * element)
{
  TracedElement *traced =
      g_object_get_qdata (G_OBJECT (element), element_quark);

  if (traced || GST_IS_BIN (element))
    return traced;
  g_mutex_lock (&self->lock);
  traced = g_object_get_qdata (G_OBJECT (element), element_quark);
  if (!traced)
    traced = add_element_unlocked (self, element);
  g_mutex_unlock (&self->lock);
  return traced;
}

/* Levels */

static void
read_properties (gpointer object, ResidenceLevel * level)
{
  g_object_get (object, "current-level-buffers", &level->buffers,
      "current-level-time", &level->time, NULL);
}

static void
read_element (TracedElement * self, GstObject * element, ResidenceLevel * level)
{
  if (self->level_source == LEVEL_OF_INBOX)
    gst_loop_element_get_level (GST_LOOP_ELEMENT (element), &level->buffers,
        &level->time);
  else
    read_properties (element, level);
}

gboolean
traced_pad_read_level (TracedPad * self, GstPad * pad, ResidenceLevel * level)
{
  TracedElement *traced = g_atomic_pointer_get (&self->element);
  GstObject *element;

  if (!self->has_level)
    return FALSE;
  if (traced->level_source == LEVEL_OF_PAD) {
    read_properties (pad, level);
    return TRUE;
  }
  element = gst_object_get_parent (GST_OBJECT (pad));
  if (!element)
    return FALSE;
  read_element (traced, element, level);
  gst_object_unref (element);
  return TRUE;
}

/* Pads */

#define CACHE_LINE 64
G_STATIC_ASSERT (offsetof (TracedPad, element) <= CACHE_LINE);

/* Counts pads that went away: a new one may have the address of one of them. */
static gint generation;         /* atomic */

/* The pad is being finalized. */
static void
traced_pad_free (gpointer data)
{
  TracedPad *self = data;

  g_atomic_int_inc (&generation);
  if (self->other)
    traced_element_unref (self->other);
  if (self->element)
    traced_element_unref (self->element);
  g_slist_free_full (self->former, (GDestroyNotify) traced_element_unref);
  g_aligned_free (self);
}

TracedPad *
traced_registry_add_pad (TracedRegistry * self, GstPad * pad)
{
  TracedPad *traced = NULL;

  g_mutex_lock (&self->lock);
  if (!traced_pad_find (pad)) {
    traced = g_aligned_alloc0 (1, sizeof *traced, CACHE_LINE);
    traced->registry = self;
    g_object_set_qdata_full (G_OBJECT (pad), pad_quark, traced,
        traced_pad_free);
  }
  g_mutex_unlock (&self->lock);
  return traced;
}

TracedPad *
traced_pad_find (GstPad * pad)
{
  return g_object_get_qdata (G_OBJECT (pad), pad_quark);
}

/* The one it had may still be in use. */
static void
set_element_unlocked (TracedPad * self, TracedElement * element)
{
  if (self->element)
    self->former = g_slist_prepend (self->former, self->element);
  self->residence = element ? element->residence : NULL;
  self->kind = element ? element->kind : RESIDENCE_PLAIN;
  self->has_level = element && element->level_source != LEVEL_NONE;
  g_atomic_pointer_set (&self->element,
      element ? traced_element_ref (element) : NULL);
}

static TracedElement *
find_element (TracedPad * self, GstPad * pad)
{
  GstObject *parent = gst_object_get_parent (GST_OBJECT (pad));
  TracedElement *element = NULL;

  if (parent && GST_IS_ELEMENT (parent))
    element = traced_registry_get_element (self->registry,
        GST_ELEMENT (parent));
  g_mutex_lock (&self->registry->lock);
  if (self->element != element)
    set_element_unlocked (self, element);
  g_atomic_pointer_set (&self->parent, parent);
  g_mutex_unlock (&self->registry->lock);
  gst_clear_object (&parent);
  return element;
}

static TracedElement *
get_element (TracedPad * self, GstPad * pad)
{
  /* Only looked at. */
  if (G_LIKELY (g_atomic_pointer_get (&self->parent)
          == (gpointer) GST_OBJECT_PARENT (pad)))
    return g_atomic_pointer_get (&self->element);
  return find_element (self, pad);
}

Residence *
traced_pad_get_residence (TracedPad * self, GstPad * pad)
{
  TracedElement *element = get_element (self, pad);

  return element ? element->residence : NULL;
}

/* Transfer full. What a bin shows is linked to what is inside of it. */
static GstPad *
real_peer (GstPad * pad, gboolean * direct)
{
  GstPad *peer = gst_pad_get_peer (pad);

  *direct = TRUE;
  while (peer && GST_IS_PROXY_PAD (peer)) {
    GstProxyPad *other = gst_proxy_pad_get_internal (GST_PROXY_PAD (peer));

    *direct = FALSE;
    gst_object_unref (peer);
    peer = other ? gst_pad_get_peer (GST_PAD (other)) : NULL;
    gst_clear_object (&other);
  }
  return peer;
}

static void
set_other (TracedPad * self, TracedElement * other)
{
  if (other)
    traced_element_ref (other);
  if (self->other)
    traced_element_unref (self->other);
  self->other = other;
  self->other_residence = other ? other->residence : NULL;
  self->other_kind = other ? other->kind : RESIDENCE_PLAIN;
}

static void
find_other (TracedPad * self, GstPad * pad, gint now)
{
  gboolean direct;
  GstPad *peer = real_peer (pad, &direct);
  TracedPad *traced = peer ? traced_pad_find (peer) : NULL;

  set_other (self, traced ? get_element (traced, peer) : NULL);
  /* Links around a bin may change without one of @pad's. */
  self->peer = direct ? peer : NULL;
  self->generation = now;
  gst_clear_object (&peer);
}

void
traced_pad_update (TracedPad * self, GstPad * pad)
{
  gint now = g_atomic_int_get (&generation);

  get_element (self, pad);
  if (!self->peer || self->peer != (gpointer) GST_PAD_PEER (pad)
      || self->generation != now)
    find_other (self, pad, now);
}

/* The registry */

static void
tell_element (TracedElement * element, TracedNumbersFunc func,
    gpointer user_data)
{
  TracedNumbers *numbers = g_new0 (TracedNumbers, 1);

  numbers->id = element->id;
  numbers->name = element->name;
  numbers->factory = element->factory;
  for (guint i = 0; i < 2; i++) {
    gboolean any;

    residence_lock (element->residence);
    any = residence_get_sums (element->residence, i, &numbers->sums);
    numbers->has_level = residence_get_level (element->residence,
        &numbers->level_max, &numbers->level_last);
    residence_unlock (element->residence);
    numbers->in_turns = i;
    if (any)
      func (numbers, user_data);
  }
  g_free (numbers);
}

static void
tell_others (const gchar * factory, const Others * others,
    TracedNumbersFunc func, gpointer user_data)
{
  TracedNumbers *numbers = g_new0 (TracedNumbers, 1);

  numbers->factory = factory;
  for (guint i = 0; i < 2; i++) {
    numbers->in_turns = i;
    numbers->sums = others->sums[i];
    if (others->any[i])
      func (numbers, user_data);
  }
  g_free (numbers);
}

void
traced_registry_foreach (TracedRegistry * self, TracedNumbersFunc func,
    gpointer user_data)
{
  GHashTableIter iter;
  gpointer factory, others;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->others);
  while (g_hash_table_iter_next (&iter, &factory, &others))
    tell_others (factory, others, func, user_data);
  for (GList * l = self->gone.head; l; l = l->next)
    tell_element (l->data, func, user_data);
  for (GList * l = self->live.head; l; l = l->next)
    tell_element (l->data, func, user_data);
  g_mutex_unlock (&self->lock);
}

void
traced_registry_flush (TracedRegistry * self)
{
  g_mutex_lock (&self->lock);
  for (GList * l = self->live.head; l; l = l->next)
    close_element (l->data);
  g_mutex_unlock (&self->lock);
}

TracedRegistry *
traced_registry_new (TracedStayFunc func)
{
  TracedRegistry *self = g_new0 (TracedRegistry, 1);

  pad_quark = g_quark_from_static_string ("turnlatency-pad");
  element_quark = g_quark_from_static_string ("turnlatency-element");
  self->func = func;
  g_mutex_init (&self->lock);
  self->others = g_hash_table_new (NULL, NULL);
  return self;
}
