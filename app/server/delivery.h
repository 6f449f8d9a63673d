/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"

G_BEGIN_DECLS

/* Hands the records of calls over, once each call is over: as files of a folder
 * and to a URL. Texts are made and files written by the process's workers; what
 * the URL does not take is sent again after 0.5, 1, 2, 4, 8 and 16 s.
 *
 * A request is a POST of JSON, signed as the Standard Webhooks specification
 * has it (net/webhooksignature.h). Its webhook-id is the same at each try, so
 * that the receiver can tell a second copy. */

typedef struct _ParleyDelivery ParleyDelivery;

typedef struct
{
  const gchar *dir;             /* made if it is not there; NULL: no files */
  const gchar *url;             /* http or https; NULL: none */
  const gchar *secret_env;      /* the variable with the webhook's secret;
                                 * NULL: not signed */
} ParleyDeliveryConfig;

/* NULL with @error in one line when a setting is wrong. Not on a loop. */
ParleyDelivery *parley_delivery_new (const ParleyDeliveryConfig * config,
    GError ** error);
/* Waits some seconds for what is under way; what has not arrived then is logged
 * and is in its file only. Not on a loop. */
void parley_delivery_free (ParleyDelivery * self);

/* The JSON of a record, on a worker; transfer full. Frees @data. */
typedef gchar *(*ParleyDeliveryMake) (gpointer data);

/* On @loop. @name: of the call, for the file's name and the webhook-id; in it
 * anything but letters, digits, "-" and "_" is replaced. */
void parley_delivery_send_in_loop (ParleyDelivery * self, ParleyLoop * loop,
    const gchar * name, ParleyDeliveryMake make, gpointer data);

G_END_DECLS
