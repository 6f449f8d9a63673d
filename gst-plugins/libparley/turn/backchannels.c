/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/backchannels.h"

#include <string.h>

struct _ParleyBackchannels
{
  GPtrArray *phrases;           /* normalised, "" never */
};

/* No "yes" and "no": those are answers. */
static const struct
{
  const gchar *language;
  const gchar *words;
} known[] = {
  {"en", "mm,mmm,mm hm,mhm,mmhm,mmhmm,uh huh,uhhuh,hm,hmm,um,uh,ah,aha,oh,"
        "yeah,yep,yup,right,ok,okay,i see,sure,got it,alright,all right"},
  {"de", "mm,mhm,hm,hmm,aha,ah,ach so,ja ja,genau,ok,okay,gut,alles klar,"
        "verstehe,äh,ähm"},
  {"es", "mm,mhm,hm,ajá,aja,ah,eh,claro,vale,ok,okay,ya,bueno,entiendo"},
  {"fr", "mm,mhm,hm,hum,ah,ah bon,euh,d accord,ok,okay,je vois,bien sûr,"
        "voilà"},
  {"it", "mm,mhm,hm,ah,eh,già,certo,va bene,ok,okay,capisco,ho capito"},
  {"nl", "mm,mhm,hm,ah,eh,oké,ok,okay,precies,ja ja,juist,ik snap het"},
  {"pt", "mm,mhm,hm,ah,aham,é,certo,tá,ok,okay,claro,entendi,pois"},
};

/* Lower case; letters and digits, words separated by one blank. A hyphen joins,
 * as in "mm-hm". */
static gchar *
normalise (const gchar * text)
{
  g_autofree gchar *lower = g_utf8_strdown (text, -1);
  GString *out = g_string_new (NULL);

  for (const gchar * at = lower; *at; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (g_unichar_isalnum (c))
      g_string_append_unichar (out, c);
    else if (c != '-' && out->len > 0 && out->str[out->len - 1] != ' ')
      g_string_append_c (out, ' ');
  }
  return g_strchomp (g_string_free (out, FALSE));
}

static const gchar *
words_of (const gchar * words)
{
  gsize len = words ? strcspn (words, "-_") : 0;

  if (!words)
    return known[0].words;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strlen (known[i].language) == len
        && g_ascii_strncasecmp (words, known[i].language, len) == 0)
      return known[i].words;
  return words;
}

ParleyBackchannels *
parley_backchannels_new (const gchar * words)
{
  ParleyBackchannels *self = g_new0 (ParleyBackchannels, 1);
  g_auto (GStrv) parts = g_strsplit (words_of (words), ",", -1);

  self->phrases = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; parts[i]; i++) {
    gchar *phrase = normalise (parts[i]);

    if (*phrase)
      g_ptr_array_add (self->phrases, phrase);
    else
      g_free (phrase);
  }
  return self;
}

void
parley_backchannels_free (ParleyBackchannels * self)
{
  g_ptr_array_unref (self->phrases);
  g_free (self);
}

/* The longest phrase that @text begins with; 0: none. */
static gsize
match_phrase (ParleyBackchannels * self, const gchar * text)
{
  gsize longest = 0;

  for (guint i = 0; i < self->phrases->len; i++) {
    const gchar *phrase = g_ptr_array_index (self->phrases, i);
    gsize len = strlen (phrase);

    if (len > longest && strncmp (text, phrase, len) == 0
        && (text[len] == '\0' || text[len] == ' '))
      longest = len;
  }
  return longest;
}

gboolean
parley_backchannels_match (ParleyBackchannels * self, const gchar * text)
{
  g_autofree gchar *words = normalise (text);
  const gchar *at = words;

  while (*at) {
    gsize len = match_phrase (self, at);

    if (!len)
      return FALSE;
    at += len + (at[len] == ' ');
  }
  return at > words;
}
