/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/answer.h"

G_BEGIN_DECLS

/* Answers with @dot (transfer full) as SVG, made by Graphviz in a process of
 * its own; no loop waits for it. 501 when Graphviz is not installed, 503 when
 * several are at it already. Any thread. */
void parley_svg_answer (ParleyAnswer * answer, gchar * dot);

G_END_DECLS
