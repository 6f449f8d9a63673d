/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"

G_BEGIN_DECLS

#define GST_TYPE_LLM_CHAT (gst_llm_chat_get_type ())
G_DECLARE_FINAL_TYPE (GstLlmChat, gst_llm_chat, GST, LLM_CHAT,
    GstProviderElement)

GST_ELEMENT_REGISTER_DECLARE (llmchat);

G_END_DECLS
