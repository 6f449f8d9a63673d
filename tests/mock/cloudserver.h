/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A service on a free port of 127.0.0.1 that answers as a test has it answer,
 * on the default context. A GET, which keeps a connection warm, is answered by
 * itself and only counted. */

typedef enum
{
  PARLEY_MOCK_WHOLE,
  PARLEY_MOCK_DROP,             /* the connection closes behind the body */
  PARLEY_MOCK_HANG              /* nothing comes behind the body */
} ParleyMockEnd;

/* Texts and bytes are static. */
typedef struct
{
  guint status;                 /* 0: hangs before the first byte */
  const gchar *type;            /* Content-Type */
  const gchar *header, *value;  /* one more; NULL: none */
  const gchar *body;
  gsize len;                    /* 0: its strlen() */
  gsize cut;                    /* bytes a chunk; 0: all in one */
  ParleyMockEnd end;
  gboolean raw;                 /* body is all that goes onto the wire */
  const gchar *path;            /* the end of the paths it is for; NULL: any */
} ParleyMockAnswer;

typedef struct
{
  gchar *path;
  gchar *authorization;         /* or NULL */
  gchar *type;                  /* Content-Type, or NULL */
  gchar *body;                  /* NUL behind it */
  gsize len;
} ParleyMockAsked;

typedef struct
{
  SoupServer *server;
  gchar *url;                   /* http://127.0.0.1:PORT/v1 */
  GQueue answers;               /* of ParleyMockAnswer */
  GPtrArray *asked;             /* of ParleyMockAsked */
  guint warmed;                 /* GETs */
  guint connections;            /* that brought a request */
  guint gone;                   /* answers that the client did not wait for */
  GPtrArray *playing;
} ParleyMockCloud;

ParleyMockCloud *parley_mock_cloud_new (void);
void parley_mock_cloud_free (ParleyMockCloud * cloud);
/* For the next request of its path that has none yet; the last one of a path
 * serves all others. */
void parley_mock_cloud_answer (ParleyMockCloud * cloud,
    const ParleyMockAnswer * answer);
/* NULL: it has not come yet. */
ParleyMockAsked *parley_mock_cloud_get (ParleyMockCloud * cloud, guint index);

G_END_DECLS
