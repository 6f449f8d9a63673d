/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/cloud.h"

#include <string.h>

#include "net/clock.h"
#include "providers/textfile.h"

/* What an answer does not depend on comes first. The property's number is one
 * more. */
typedef enum
{
  BASE_URL,
  API_KEY_ENV,
  MAX_CONCURRENT,
  CONNECT_TIMEOUT,
  FIRST_BYTE_TIMEOUT,
  TOTAL_TIMEOUT,
  FALLBACK_AFTER,
  N_COMMON,
  MODEL = N_COMMON,
  VOICE,
  LANGUAGE,
  HINTS,
  INSTRUCTIONS,
  TEMPERATURE,
  MAX_TOKENS,
  SPEED,
  STABILITY,
  SIMILARITY,
  TRANSPORT,
  ENCODING,
  EOT_THRESHOLD,
  EAGER_EOT_THRESHOLD,
  EOT_TIMEOUT,
  N_SETTINGS
} SettingId;

typedef struct
{
  const gchar *name;
  const gchar *blurb;
  GType type;
  gdouble number;               /* unless set */
} Setting;

static const Setting settings[N_SETTINGS] = {
  [BASE_URL] = {"base-url", "Address of the service", G_TYPE_STRING, 0},
  [API_KEY_ENV] = {"api-key-env", "Name of the variable with the key",
      G_TYPE_STRING, 0},
  [MAX_CONCURRENT] = {"max-concurrent",
      "Requests at once, of the whole process", G_TYPE_UINT, 0},
  [CONNECT_TIMEOUT] = {"connect-timeout", "Milliseconds", G_TYPE_UINT, 0},
  [FIRST_BYTE_TIMEOUT] = {"first-byte-timeout", "Milliseconds", G_TYPE_UINT,
      0},
  [TOTAL_TIMEOUT] = {"total-timeout", "Milliseconds", G_TYPE_UINT, 0},
  [FALLBACK_AFTER] = {"fallback-after", "Milliseconds; 0: no fallback",
      G_TYPE_UINT, 0},
  [MODEL] = {"model", "Name of the model", G_TYPE_STRING, 0},
  [VOICE] = {"voice", "Name of the voice", G_TYPE_STRING, 0},
  [LANGUAGE] = {"language", "A BCP 47 tag", G_TYPE_STRING, 0},
  [HINTS] = {"hints", "Words to expect, or @FILE", G_TYPE_STRING, 0},
  [INSTRUCTIONS] = {"instructions", "How to speak", G_TYPE_STRING, 0},
  [TEMPERATURE] = {"temperature", "Below 0: not set", G_TYPE_DOUBLE, -1},
  [MAX_TOKENS] = {"max-tokens", "0: not set", G_TYPE_UINT, 0},
  [SPEED] = {"speed", "Factor", G_TYPE_DOUBLE, 1},
  [STABILITY] = {"stability", "0 to 1; below 0: not set", G_TYPE_DOUBLE, -1},
  [SIMILARITY] = {"similarity", "0 to 1; below 0: not set", G_TYPE_DOUBLE, -1},
  [TRANSPORT] = {"transport", "websocket or http", G_TYPE_STRING, 0},
  [ENCODING] = {"encoding", "Of the audio that is sent", G_TYPE_STRING, 0},
  [EOT_THRESHOLD] = {"eot-threshold", "0: the service's own", G_TYPE_DOUBLE,
      0},
  [EAGER_EOT_THRESHOLD] = {"eager-eot-threshold", "0: no early ends",
      G_TYPE_DOUBLE, 0.5},
  [EOT_TIMEOUT] = {"eot-timeout", "Milliseconds; 0: the provider's default",
      G_TYPE_UINT, 0},
};

/* What lives on the loop, from the first use there to the provider's end. */
typedef struct
{
  ParleyHttpSession *session;
  ParleyHttpRequest *request;   /* that keeps it warm; or NULL */
  gchar *warmth;                /* key of the session's warmth; NULL: none */
} Connection;

struct _ParleyCloud
{
  ParleyProvider *provider;     /* borrowed: it owns this */
  const ParleyCloudInfo *info;
  GValue values[N_SETTINGS];
  gchar *base_url;              /* without a slash at its end */
  gchar *key;
  ParleyLoop *loop;
  Connection *connection;       /* on the loop; ended there */
  guint n_places;               /* on the loop: at the breaker, held open */
};

/* All providers of a loop that ask the same service for the same kind of thing
 * keep one connection warm. The kinds have their own, as a reply is spoken
 * while its end is still written. */
typedef struct
{
  ParleyHttpWarm *warm;
  guint users;
} Warmth;

/* Settings */

static GQuark
cloud_quark (void)
{
  return g_quark_from_static_string ("parley-cloud");
}

static GParamSpec *
new_spec (const Setting * setting)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  if (setting->type == G_TYPE_STRING)
    return g_param_spec_string (setting->name, setting->name, setting->blurb,
        NULL, flags);
  if (setting->type == G_TYPE_UINT)
    return g_param_spec_uint (setting->name, setting->name, setting->blurb, 0,
        G_MAXUINT, setting->number, flags);
  return g_param_spec_double (setting->name, setting->name, setting->blurb,
      -G_MAXDOUBLE, G_MAXDOUBLE, setting->number, flags);
}

static void
set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  ParleyCloud *self = g_object_get_qdata (object, cloud_quark ());

  g_value_copy (value, &self->values[id - 1]);
  g_clear_pointer (&self->base_url, g_free);
}

static void
get_property (GObject * object, guint id, GValue * value, GParamSpec * pspec)
{
  ParleyCloud *self = g_object_get_qdata (object, cloud_quark ());

  g_value_copy (&self->values[id - 1], value);
}

void
parley_cloud_class_init (GObjectClass * klass, const gchar * const *names)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  for (guint i = 0; i < N_SETTINGS; i++)
    if (i < N_COMMON || g_strv_contains (names, settings[i].name))
      g_object_class_install_property (klass, i + 1, new_spec (&settings[i]));
}

static SettingId
find_setting (const gchar * name)
{
  guint i = 0;

  while (i < N_SETTINGS - 1 && !g_str_equal (settings[i].name, name))
    i++;
  return i;
}

static const gchar *
get_text (ParleyCloud * self, SettingId id, const gchar * fallback)
{
  const gchar *text = g_value_get_string (&self->values[id]);

  return text && *text ? text : fallback;
}

const gchar *
parley_cloud_get_text (ParleyCloud * self, const gchar * name,
    const gchar * fallback)
{
  return get_text (self, find_setting (name), fallback);
}

gdouble
parley_cloud_get_double (ParleyCloud * self, const gchar * name)
{
  return g_value_get_double (&self->values[find_setting (name)]);
}

guint
parley_cloud_get_uint (ParleyCloud * self, const gchar * name)
{
  return g_value_get_uint (&self->values[find_setting (name)]);
}

gchar **
parley_cloud_dup_hints (ParleyCloud * self)
{
  const gchar *value = get_text (self, HINTS, "");
  gchar *text = NULL, **words;
  GPtrArray *hints = g_ptr_array_new ();

  if (*value == '@')
    parley_text_file_peek (value + 1, &text, NULL);
  else
    text = g_strdup (value);
  words = g_strsplit_set (text ? text : "", ",\r\n", -1);
  for (guint i = 0; words[i]; i++)
    if (*g_strstrip (words[i]))
      g_ptr_array_add (hints, g_strdup (words[i]));
  g_ptr_array_add (hints, NULL);
  g_strfreev (words);
  g_free (text);
  return (gchar **) g_ptr_array_free (hints, FALSE);
}

gchar *
parley_cloud_describe (ParleyCloud * self)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (self->provider);
  GString *text = g_string_new (self->info->name);

  g_string_append_printf (text, " %s", parley_cloud_get_base_url (self));
  for (guint i = N_COMMON; i < N_SETTINGS; i++) {
    const GValue *value = &self->values[i];
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    if (!g_object_class_find_property (klass, settings[i].name))
      continue;
    g_string_append_printf (text, "\n%s=", settings[i].name);
    if (G_VALUE_HOLDS_STRING (value))
      g_string_append (text, get_text (self, i, ""));
    else if (G_VALUE_HOLDS_UINT (value))
      g_string_append_printf (text, "%u", g_value_get_uint (value));
    else
      g_string_append (text, g_ascii_formatd (number, sizeof number, "%.3f",
              g_value_get_double (value)));
  }
  return g_string_free (text, FALSE);
}

/* The address, the key, times */

const gchar *
parley_cloud_get_base_url (ParleyCloud * self)
{
  gsize len;

  if (self->base_url)
    return self->base_url;
  self->base_url = g_strdup (get_text (self, BASE_URL, self->info->base_url));
  len = strlen (self->base_url);
  while (len && self->base_url[len - 1] == '/')
    self->base_url[--len] = '\0';
  return self->base_url;
}

gboolean
parley_cloud_is_usual_host (ParleyCloud * self)
{
  return g_str_equal (parley_cloud_get_base_url (self), self->info->base_url);
}

const gchar *
parley_cloud_get_key (ParleyCloud * self)
{
  return self->key;
}

static gboolean
read_key (ParleyCloud * self, GError ** error)
{
  const gchar *usual = parley_cloud_is_usual_host (self)
      ? self->info->key_env : NULL;
  const gchar *name = get_text (self, API_KEY_ENV, usual);
  const gchar *key = name ? g_getenv (name) : NULL;

  g_clear_pointer (&self->key, g_free);
  if (!name)
    return TRUE;
  if (!key || !*key) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "%s: there is no key in the environment: set %s, or api-key-env=NAME",
        self->info->name, name);
    return FALSE;
  }
  self->key = g_strdup (key);
  return TRUE;
}

static void
set_timeout (ParleyCloud * self, SettingId id, gint64 * timeout)
{
  guint ms = g_value_get_uint (&self->values[id]);

  if (ms)
    *timeout = ms * G_TIME_SPAN_MILLISECOND;
}

static gint64
fallback_after (ParleyCloud * self)
{
  return g_value_get_uint (&self->values[FALLBACK_AFTER])
      * G_TIME_SPAN_MILLISECOND;
}

static void
shorten (gint64 * timeout, gint64 most)
{
  *timeout = *timeout ? MIN (*timeout, most) : most;
}

/* What a model has begun to say is spoken meanwhile, so that it may stall for
 * longer. */
static void
hurry (ParleyCloud * self, ParleyTimeouts * timeouts)
{
  gint64 after = fallback_after (self);

  if (!after)
    return;
  shorten (&timeouts->connect, after);
  shorten (&timeouts->first_byte, after);
  shorten (&timeouts->idle, self->info->operation == PARLEY_OPERATION_LLM
      ? 2 * after : after);
}

void
parley_cloud_get_timeouts (ParleyCloud * self, ParleyTimeouts * timeouts)
{
  parley_timeouts_get_default (self->info->operation, timeouts);
  set_timeout (self, CONNECT_TIMEOUT, &timeouts->connect);
  set_timeout (self, FIRST_BYTE_TIMEOUT, &timeouts->first_byte);
  set_timeout (self, TOTAL_TIMEOUT, &timeouts->total);
  hurry (self, timeouts);
}

ParleyRetry *
parley_cloud_new_retry (ParleyCloud * self)
{
  ParleyRetryPolicy policy = {
    .first = PARLEY_RETRY_FIRST,.max_after = PARLEY_RETRY_MAX_AFTER
  };

  return parley_retry_new (parley_cloud_get_loop (self),
      fallback_after (self) ? &policy : NULL);
}

gint64
parley_cloud_get_queue_deadline (ParleyCloud * self, gint64 deadline)
{
  gint64 after = fallback_after (self);

  return after ? MIN (deadline, parley_clock_now () + after / 4) : deadline;
}

ParleyCloud *
parley_cloud_of (ParleyProvider * provider)
{
  return g_object_get_qdata (G_OBJECT (provider), cloud_quark ());
}

void
parley_cloud_add_place_in_loop (ParleyCloud * self, gint n)
{
  self->n_places += n;
}

gboolean
parley_cloud_is_up_in_loop (ParleyCloud * self, gboolean * is_probe,
    const gchar ** reason)
{
  gint64 after = fallback_after (self), wait;

  *is_probe = FALSE;
  *reason = NULL;
  if (self->n_places > 0)
    return TRUE;
  wait = parley_breaker_get_wait (parley_cloud_get_breaker (self), is_probe);
  if (wait == G_MAXINT64)
    *reason = "open";
  else if (after && wait > after / 4)
    *reason = "busy";
  return !*reason;
}

/* Requests */

/* @error is of PARLEY_NET_ERROR or PARLEY_PROVIDER_ERROR. */
static ParleyHttpRequest *
new_request (ParleyCloud * self, ParleyOperation operation,
    const gchar * method, const gchar * path, GError ** error)
{
  gchar *url = g_strconcat (parley_cloud_get_base_url (self), path, NULL);
  ParleyHttpRequest *request = NULL;

  if (strpbrk (self->base_url, "?#"))
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "%s: the address holds a query: set base-url without it",
        self->info->name);
  else
    request = parley_http_request_new (self->info->name, operation, method,
        url, error);
  g_free (url);
  if (request && self->key && !parley_http_request_set_secret (request,
          self->info->key_header, self->info->key_prefix, self->key, error))
    g_clear_object (&request);
  return request;
}

ParleyHttpRequest *
parley_cloud_request_in_loop (ParleyCloud * self, const gchar * method,
    const gchar * path, GError ** error)
{
  ParleyHttpRequest *request = new_request (self, self->info->operation,
      method, path, error);
  ParleyTimeouts timeouts;

  if (!request)
    return NULL;
  parley_cloud_get_timeouts (self, &timeouts);
  parley_http_request_set_timeouts (request, &timeouts);
  return request;
}

ParleyLoop *
parley_cloud_get_loop (ParleyCloud * self)
{
  if (!self->loop)
    self->loop = g_object_ref (parley_provider_get_loop (self->provider));
  return self->loop;
}

ParleyHttpSession *
parley_cloud_get_session_in_loop (ParleyCloud * self)
{
  Connection *connection = self->connection;

  if (!connection->session)
    connection->session =
        parley_http_session_get_in_loop (parley_cloud_get_loop (self));
  return connection->session;
}

ParleyBreaker *
parley_cloud_get_breaker (ParleyCloud * self)
{
  gchar *name = g_strconcat (self->info->name, "-", self->info->kind, NULL);
  GUri *uri = g_uri_parse (parley_cloud_get_base_url (self), G_URI_FLAGS_NONE,
      NULL);
  gchar *host = NULL;
  ParleyBreaker *breaker;

  if (uri && g_uri_get_port (uri) > 0)
    host = g_strdup_printf ("%s:%d", g_uri_get_host (uri),
        g_uri_get_port (uri));
  breaker = parley_breaker_get (name, host ? host
      : uri ? g_uri_get_host (uri) : "");
  g_clear_pointer (&uri, g_uri_unref);
  g_free (host);
  g_free (name);
  return breaker;
}

/* Warmth */

static void
warmth_free (gpointer data)
{
  Warmth *warmth = data;

  parley_http_warm_free (warmth->warm);
  g_free (warmth);
}

static GHashTable *
warmths_of (ParleyHttpSession * session)
{
  GHashTable *all = g_object_get_qdata (G_OBJECT (session), cloud_quark ());

  if (!all) {
    all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, warmth_free);
    g_object_set_qdata_full (G_OBJECT (session), cloud_quark (), all,
        (GDestroyNotify) g_hash_table_unref);
  }
  return all;
}

static void
keep_warm (gpointer data, gpointer user_data)
{
  Connection *connection = data;
  ParleyLoop *loop = user_data;
  GHashTable *all;
  Warmth *warmth;

  if (!connection->session)
    connection->session = parley_http_session_get_in_loop (loop);
  g_object_unref (loop);
  all = warmths_of (connection->session);
  warmth = g_hash_table_lookup (all, connection->warmth);
  if (!warmth) {
    warmth = g_new0 (Warmth, 1);
    warmth->warm = parley_http_warm_new_in_loop (connection->request,
        connection->session, 0);
    g_hash_table_insert (all, g_strdup (connection->warmth), warmth);
  }
  warmth->users++;
  g_clear_object (&connection->request);
}

static void
end_connection (gpointer data, gpointer user_data)
{
  Connection *connection = data;

  if (connection->warmth) {
    GHashTable *all = warmths_of (connection->session);
    Warmth *warmth = g_hash_table_lookup (all, connection->warmth);

    if (--warmth->users == 0)
      g_hash_table_remove (all, connection->warmth);
  }
  g_clear_object (&connection->session);
  g_free (connection->warmth);
  g_free (connection);
}

/* In the order of these calls; so an end comes after its begin. */
static void
drop_connection (ParleyCloud * self)
{
  if (self->loop)
    parley_loop_invoke (self->loop, end_connection, self->connection, NULL);
  else
    g_free (self->connection);
  self->connection = NULL;
}

static gboolean
check_hints (ParleyCloud * self, GError ** error)
{
  const gchar *value = get_text (self, HINTS, "");
  GError *cause = NULL;
  gchar *text;

  if (*value != '@')
    return TRUE;
  if (!parley_loop_is_current (parley_cloud_get_loop (self)))
    parley_text_file_load (value + 1);
  parley_text_file_peek (value + 1, &text, &cause);
  g_free (text);
  if (!cause)
    return TRUE;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "%s: the file of hints was not read: %s", self->info->name,
      cause->message);
  g_error_free (cause);
  return FALSE;
}

/* What net/ finds wrong with the address or the key is a setting's fault. */
static void
take_error (GError ** error, GError * cause)
{
  if (cause->domain == PARLEY_PROVIDER_ERROR) {
    g_propagate_error (error, cause);
    return;
  }
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "%s%s", cause->message, strstr (cause->message, "api-key-env") ? ""
      : ": set base-url");
  g_error_free (cause);
}

gboolean
parley_cloud_warm (ParleyCloud * self, GError ** error)
{
  const gchar *path = self->info->warm_path;
  guint max = g_value_get_uint (&self->values[MAX_CONCURRENT]);
  ParleyLoop *loop = parley_cloud_get_loop (self);
  ParleyHttpRequest *request;
  GError *cause = NULL;

  if (!read_key (self, error) || !check_hints (self, error))
    return FALSE;
  request = new_request (self, PARLEY_OPERATION_WARM, "GET",
      path ? path : "", &cause);
  if (!request) {
    take_error (error, cause);
    return FALSE;
  }
  if (max || self->info->max_concurrent)
    parley_breaker_set_max_concurrent (parley_cloud_get_breaker (self),
        max ? max : self->info->max_concurrent);
  if (path && !self->connection->warmth) {
    self->connection->request = request;
    self->connection->warmth = g_strjoin ("\n", self->info->name,
        self->info->kind, self->base_url, path, self->key, NULL);
    parley_loop_invoke (loop, keep_warm, self->connection, g_object_ref (loop));
  } else {
    g_object_unref (request);
  }
  return TRUE;
}

/* Begin and end */

static void
cloud_free (gpointer data)
{
  ParleyCloud *self = data;

  drop_connection (self);
  for (guint i = 0; i < N_SETTINGS; i++)
    g_value_unset (&self->values[i]);
  g_clear_object (&self->loop);
  g_free (self->base_url);
  g_free (self->key);
  g_free (self);
}

ParleyCloud *
parley_cloud_new (ParleyProvider * provider, const ParleyCloudInfo * info)
{
  ParleyCloud *self = g_new0 (ParleyCloud, 1);

  self->provider = provider;
  self->info = info;
  self->connection = g_new0 (Connection, 1);
  for (guint i = 0; i < N_SETTINGS; i++) {
    g_value_init (&self->values[i], settings[i].type);
    if (settings[i].type == G_TYPE_DOUBLE)
      g_value_set_double (&self->values[i], settings[i].number);
  }
  g_object_set_qdata_full (G_OBJECT (provider), cloud_quark (), self,
      cloud_free);
  return self;
}
