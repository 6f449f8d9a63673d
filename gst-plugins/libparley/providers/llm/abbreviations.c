/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/abbreviations.h"

#include <string.h>

/* Lower case, without the last stop; English, German, Spanish, French and
 * Italian. */
static const gchar *const never_ends[] = {
  "adm", "approx", "apdo", "attn", "avv", "bzgl", "bzw", "ca", "capt", "cf",
  "cmdr", "col", "dipl", "dott", "dr", "dra", "d.h", "e.g", "ee", "ej", "evtl",
  "excl", "exkl", "fr", "frl", "gen", "geom", "gegr", "geb", "ggf", "gob",
  "gov", "hon", "hr", "hrn", "i.d.r", "i.e", "inkl", "incl", "ing", "lic",
  "lt", "maj", "messrs", "mlle", "mme", "mr", "mrs", "ms",
  "mt", "mx", "o.g", "p.ej", "pres", "prof", "profa", "prov", "rep", "rev",
  "sen", "sgt", "sig", "sig.ra", "sigg", "sog", "sr", "sra", "srta", "sres",
  "supt", "tel", "u.a", "ud", "uds", "v.a", "vgl", "vs", "z.b", "z.t",
  "zb", "zzgl", "z.hd", "b.d.w", "c.-à-d", "dgl", "resp",
};

static const gchar *const with_number[] = {
  "abb", "abs", "apt", "art", "bd", "cap", "ch", "chap", "eq", "ext", "fig",
  "kap",
  "max", "nº", "no", "nos", "nr", "nro", "num", "núm", "pag", "pág", "p",
  "pp", "sec",
  "tab", "vol",
};

static const gchar *const before_capital[] = {
  "a.m", "am", "cm", "etc", "ecc", "ft", "hrs", "kg", "lb", "lbs", "min",
  "mins", "oz", "p.m", "pm", "std", "sek", "secs", "usf", "usw", "uhr",
};

static const gchar *const in_names[] = {
  "apr", "aug", "ave", "av", "blvd", "bros", "cía", "cia", "co", "corp", "ct",
  "dec", "dept", "dez", "dic", "est", "feb", "fri", "ft", "gmbh", "hwy", "inc",
  "jan", "jr", "jul", "jun", "ltd", "ltda", "mar", "mon", "mtn", "nov", "oct",
  "okt", "pl", "rd", "sat", "sep", "sept", "snr", "st", "str", "ste", "sun",
  "thu", "thur", "thurs", "tue", "tues", "univ", "uu", "wed", "ph.d", "phd",
  "dpto", "avda", "depto", "mag", "s.p.a", "s.a", "b.sc", "m.sc",
};

/* Short forms that are words of their own in small letters. */
static const gchar *const capital_only[] = {
  "mar", "sat", "sun", "wed", "mon", "dec", "jan", "est", "co", "gen", "rep",
  "col", "sen", "pl", "ms", "fr", "ing", "hon", "ee", "uu", "st", "am",
};

static const gchar *const starters[] = {
  "A", "After", "All", "Also", "Although", "An", "And", "Any", "Are", "As",
  "At", "Because", "Before", "But", "By", "Can", "Could", "Do", "Does", "Each",
  "For", "From", "Have", "He", "Her", "Here", "His", "How", "However", "I",
  "If", "In", "Is", "It", "Its", "Let", "Many", "May", "Most", "My", "No",
  "Now", "Of", "On", "Once", "One", "Or", "Our", "Please", "She", "Should",
  "Since", "So", "Some", "Thank", "Thanks", "That", "The", "Their", "Then",
  "There", "These", "They", "This", "Those", "To", "We", "Well", "What",
  "When", "Where", "Which", "While", "Who", "Why", "Will", "With", "Would",
  "Yes", "You", "Your",
  "Aber", "Bitte", "Danach", "Das", "Dann", "Der", "Die", "Ein", "Eine", "Er",
  "Es", "Haben", "Ich", "Ihr", "Im", "Ist", "Können", "Sie", "Sind", "Und",
  "Was", "Wann", "Wie", "Wir", "Wo",
  "Al", "El", "Ella", "En", "Es", "Está", "Gracias", "La", "Las", "Lo", "Los",
  "No", "Nos", "Para", "Pero", "Por", "Puede", "Se", "Si", "Sí", "Su", "Tiene",
  "Un", "Una", "Y", "Yo",
  "Avec", "Ce", "Cela", "C'est", "Elle", "Et", "Il", "Ils", "Je", "Le", "Les",
  "Mais", "Merci", "Nous", "Oui", "On", "Que", "Une", "Vous",
  "Anche", "Che", "Con", "Gli", "Grazie", "Ho", "Ma", "Non", "Per", "Può",
  "Questo", "Un",
};

static const gchar *const time_words[] = {
  "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  "January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December", "Eastern", "Central",
  "Mountain", "Pacific", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT",
  "GMT", "UTC", "BST", "CET", "CEST", "MEZ", "MESZ",
  "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag",
  "Sonnabend", "Sonntag", "Januar", "Jänner", "Februar", "März", "Mai",
  "Juni",
  "Juli", "Oktober", "Dezember", "Jan", "Feb", "Apr", "Aug", "Sept", "Okt",
  "Nov", "Dez", "Etage", "Jahrhundert", "Klasse", "Mal", "Platz", "Quartal",
  "Stock", "Stunde", "Tag", "Weltkrieg", "Woche",
};

static gboolean
listed (const gchar * const *list, guint n, const gchar * word, gsize length)
{
  guint i;

  for (i = 0; i < n; i++) {
    if (strlen (list[i]) == length && memcmp (list[i], word, length) == 0)
      return TRUE;
  }
  return FALSE;
}

#define LISTED(list, word, length) \
  listed (list, G_N_ELEMENTS (list), word, length)

/* "U.S", "p.m", "J": single letters with stops between them. */
static gboolean
is_initials (const gchar * word, gsize length)
{
  const gchar *p = word;
  const gchar *end = word + length;

  while (p < end) {
    if (!g_unichar_isalpha (g_utf8_get_char (p)))
      return FALSE;
    p = g_utf8_next_char (p);
    if (p < end && *p++ != '.')
      return FALSE;
  }
  return length > 0;
}

/* German streets end in "str.": Hauptstr. 5. */
static ParleyStop
classify_lower (const gchar * word, gsize length)
{
  if (LISTED (never_ends, word, length))
    return PARLEY_STOP_NEVER;
  if (LISTED (with_number, word, length)
      || (length > 3 && memcmp (word + length - 3, "str", 3) == 0))
    return PARLEY_STOP_NUMBER;
  if (LISTED (before_capital, word, length))
    return PARLEY_STOP_CAPITAL;
  if (LISTED (in_names, word, length) || is_initials (word, length))
    return PARLEY_STOP_NAME;
  return PARLEY_STOP_ENDS;
}

static gboolean
is_short_number (const gchar * word, gsize length)
{
  return (length == 1 || length == 2) && g_ascii_isdigit (word[0])
      && g_ascii_isdigit (word[length - 1]);
}

ParleyStop
parley_abbreviation_classify (const gchar * word, gsize length)
{
  ParleyStop stop;
  gchar *lower;

  if (length == 0 || length > 16)
    return PARLEY_STOP_ENDS;
  if (is_short_number (word, length))
    return PARLEY_STOP_ORDINAL;
  lower = g_utf8_strdown (word, length);
  stop = classify_lower (lower, strlen (lower));
  if (stop != PARLEY_STOP_NUMBER && !g_unichar_isupper (g_utf8_get_char (word))
      && LISTED (capital_only, lower, strlen (lower)))
    stop = PARLEY_STOP_ENDS;
  g_free (lower);
  return stop;
}

gboolean
parley_abbreviation_is_starter (const gchar * word, gsize length)
{
  return LISTED (starters, word, length);
}

gboolean
parley_abbreviation_is_time_word (const gchar * word, gsize length)
{
  return LISTED (time_words, word, length);
}
