/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The files of app/web/, which are part of the program. Any thread. */

/* Answers @message with the file of @path below /talk: "/talk" and "/talk/"
 * are talk.html, "/talk/NAME" is NAME. 404 if there is none. */
void parley_pages_answer (SoupServerMessage * message, const gchar * path);

G_END_DECLS
