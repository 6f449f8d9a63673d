/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/sttprovider.h"

G_BEGIN_DECLS

/* English recognised on this machine by pocketsphinx; see the .c file for what
 * its texts mean. Settings: grammar, language, model. */
#define PARLEY_TYPE_STT_POCKETSPHINX (parley_stt_pocketsphinx_get_type ())
G_DECLARE_FINAL_TYPE (ParleySttPocketsphinx, parley_stt_pocketsphinx, PARLEY,
    STT_POCKETSPHINX, ParleySttProvider)

G_END_DECLS
