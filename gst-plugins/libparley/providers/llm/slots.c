/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/slots.h"
#include "providers/llm/utterance.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 20

static const gchar *const weekdays[] = {
  "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
};

static const gchar *const months[] = {
  "january", "february", "march", "april", "may", "june", "july", "august",
  "september", "october", "november", "december",
};

static const gchar *const small_numbers[] = {
  "zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
  "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
  "sixteen", "seventeen", "eighteen", "nineteen",
};

static const gchar *const tens[] = {
  "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
  "ninety",
};

static const gchar *const ordinals[] = {
  "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh",
  "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
  "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
  "nineteenth", "twentieth",
};

static gint
find (const gchar * const *list, guint n, const gchar * word)
{
  guint i;

  for (i = 0; i < n; i++) {
    if (*list[i] && strcmp (list[i], word) == 0)
      return i;
  }
  return -1;
}

#define FIND(list, word) find (list, G_N_ELEMENTS (list), word)

static gboolean
is (gchar ** words, guint n_words, const gchar * text)
{
  guint taken;

  return parley_utterance_begins (words, n_words, text, &taken)
      && taken == n_words;
}

static gboolean
is_digits (const gchar * word)
{
  return *word && word[strspn (word, "0123456789")] == 0;
}

static gchar *
capitalised (const gchar * word)
{
  gchar *text = g_strdup (word);

  text[0] = g_ascii_toupper (text[0]);
  return text;
}

/* --- numbers --- */

static gint
read_below_100 (gchar ** words, guint n)
{
  gint ten, unit;

  if (n == 1 && FIND (small_numbers, words[0]) >= 0)
    return FIND (small_numbers, words[0]);
  if (n == 0 || n > 2)
    return -1;
  ten = FIND (tens, words[0]);
  if (ten < 0 || n == 1)
    return ten < 0 ? -1 : ten * 10;
  unit = FIND (small_numbers, words[1]);
  return unit >= 1 && unit <= 9 ? ten * 10 + unit : -1;
}

/* "a", "one" … "ninety nine" in front of hundred or thousand. */
static gint
read_count (gchar ** words, guint n, gint most)
{
  gint count = n == 1 && strcmp (words[0], "a") == 0 ? 1 :
      read_below_100 (words, n);

  return count >= 1 && count <= most ? count : -1;
}

/* COUNT @unit [[and] REST]: @size times the count plus what @read makes of the
 * rest. */
static gint
read_scaled (gchar ** words, guint n, const gchar * unit, gint size, gint most,
    gint (*read) (gchar **, guint))
{
  gint count, rest = 0;
  guint at;

  for (at = 0; at < n && strcmp (words[at], unit) != 0; at++);
  if (at == n)
    return -1;
  count = read_count (words, at, most);
  at++;
  if (at + 1 < n && strcmp (words[at], "and") == 0)
    at++;
  if (at < n)
    rest = read (words + at, n - at);
  return count < 0 || rest < 0 || (at < n && rest == 0) ? -1 :
      count * size + rest;
}

static gint
read_below_1000 (gchar ** words, guint n)
{
  gint number = read_scaled (words, n, "hundred", 100, 9, read_below_100);

  return number >= 0 ? number : read_below_100 (words, n);
}

gint
parley_slot_read_number (gchar ** words, guint n_words)
{
  gint number;

  if (n_words == 1 && is_digits (words[0]))
    return strlen (words[0]) <= 4 ? atoi (words[0]) : -1;
  number = read_scaled (words, n_words, "thousand", 1000, 9, read_below_1000);
  if (number < 0)
    number = read_scaled (words, n_words, "hundred", 100, 99, read_below_100);
  return number >= 0 ? number : read_below_1000 (words, n_words);
}

static gchar *
read_number (gchar ** words, guint n_words)
{
  gint number = parley_slot_read_number (words, n_words);

  return number < 0 ? NULL : g_strdup_printf ("%d", number);
}

static gint
read_digit (const gchar * word)
{
  gint digit = strcmp (word, "oh") == 0 || strcmp (word, "o") == 0 ? 0 :
      FIND (small_numbers, word);

  return digit <= 9 ? digit : -1;
}

/* "five five oh", "double five", "5550": written apart, so that a voice says
 * one digit after the other. */
static gchar *
read_digits (gchar ** words, guint n_words)
{
  GString *text = g_string_new (NULL);
  guint i, times = 1;
  gboolean valid = TRUE;

  for (i = 0; valid && i < n_words; i++) {
    gint digit = read_digit (words[i]);

    if (is_digits (words[i])) {
      g_string_append (text, words[i]);
    } else if (digit >= 0) {
      for (; times > 0; times--)
        g_string_append_c (text, '0' + digit);
    } else {
      valid = times == 1 && i + 1 < n_words && (strcmp (words[i], "double") == 0
          || strcmp (words[i], "triple") == 0)
          && read_digit (words[i + 1]) >= 0;
      times = words[i][0] == 'd' ? 2 : 3;
      continue;
    }
    times = 1;
  }
  valid = valid && text->len > 0 && text->len <= MAX_DIGITS;
  for (i = text->len; valid && i > 1; i--)
    g_string_insert_c (text, i - 1, ' ');
  return g_string_free (text, !valid);
}

/* --- days and dates --- */

static gchar *
read_weekday (gchar ** words, guint n_words)
{
  return n_words == 1 && FIND (weekdays, words[0]) >= 0 ?
      capitalised (words[0]) : NULL;
}

static gchar *
read_month (gchar ** words, guint n_words)
{
  return n_words == 1 && FIND (months, words[0]) >= 0 ?
      capitalised (words[0]) : NULL;
}

/* "third", "twenty first", "3rd", "21"; 1 to 31, else -1. */
static gint
read_ordinal (gchar ** words, guint n)
{
  static const gchar *const endings[] = { "", "st", "nd", "rd", "th", NULL };
  gint day = -1, ten;
  const gchar *rest;

  if (n == 1 && g_ascii_isdigit (*words[0])) {
    rest = words[0] + strspn (words[0], "0123456789");
    if (g_strv_contains (endings, rest))
      day = strlen (words[0]) <= 4 ? atoi (words[0]) : -1;
  } else if (n == 1 && strcmp (words[0], "thirtieth") == 0) {
    day = 30;
  } else if (n == 1 && FIND (ordinals, words[0]) > 0) {
    day = FIND (ordinals, words[0]);
  } else if (n == 2) {
    ten = FIND (tens, words[0]);
    day = FIND (ordinals, words[1]);
    day = (ten == 2 || ten == 3) && day >= 1 && day <= 9 ? ten * 10 + day : -1;
  }
  if (day < 0)
    day = read_below_100 (words, n);
  return day >= 1 && day <= 31 ? day : -1;
}

static gchar *
write_date (gint month, gint day)
{
  static const gint lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
    31
  };
  gchar *name, *text;

  if (month < 0 || day < 1 || day > lengths[month])
    return NULL;
  name = capitalised (months[month]);
  if (day <= 20)
    text = g_strdup_printf ("%s the %s", name, ordinals[day]);
  else if (day == 30)
    text = g_strdup_printf ("%s the thirtieth", name);
  else
    text = g_strdup_printf ("%s the %s-%s", name, tens[day / 10],
        ordinals[day % 10]);
  g_free (name);
  return text;
}

/* "march [the] third", "[the] third of march", "today", "tomorrow". */
static gchar *
read_date (gchar ** words, guint n)
{
  gint month;

  if (is (words, n, "today") || is (words, n, "tomorrow"))
    return g_strdup (words[0]);
  if (n < 2)
    return NULL;
  month = FIND (months, words[0]);
  if (month >= 0) {
    guint skip = n > 2 && strcmp (words[1], "the") == 0 ? 2 : 1;
    return write_date (month, read_ordinal (words + skip, n - skip));
  }
  month = FIND (months, words[n - 1]);
  if (month < 0)
    return NULL;
  if (strcmp (words[0], "the") == 0) {
    words++;
    n--;
  }
  n--;
  if (n > 1 && strcmp (words[n - 1], "of") == 0)
    n--;
  return write_date (month, read_ordinal (words, n));
}

/* --- times --- */

static const struct
{
  const gchar *said;
  const gchar *written;
} day_halves[] = {
  {"a m", "a.m."}, {"p m", "p.m."}, {"am", "a.m."}, {"pm", "p.m."},
  {"in the morning", "a.m."}, {"in the afternoon", "p.m."},
  {"in the evening", "p.m."}, {"at night", "p.m."},
};

/* Takes "p m" and the like off the end; NULL when nothing is said. */
static const gchar *
take_half (gchar ** words, guint * n)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (day_halves); i++) {
    guint length = 1;
    const gchar *p;

    for (p = day_halves[i].said; *p; p++)
      length += *p == ' ';
    if (*n > length && is (words + *n - length, length, day_halves[i].said)) {
      *n -= length;
      return day_halves[i].written;
    }
  }
  return NULL;
}

static gint
read_hour (const gchar * word, gint most)
{
  gint hour = is_digits (word) ? (strlen (word) <= 2 ? atoi (word) : -1) :
      FIND (small_numbers, word);

  return hour >= (most > 12 ? 0 : 1) && hour <= most ? hour : -1;
}

/* "quarter", "ten", "twenty five [minutes]" past or to. */
static gint
read_minutes (gchar ** words, guint n)
{
  gint minutes;

  if (n > 0 && strcmp (words[0], "a") == 0) {
    words++;
    n--;
  }
  if (is (words, n, "half"))
    return 30;
  if (is (words, n, "quarter"))
    return 15;
  if (n > 1 && strcmp (words[n - 1], "minutes") == 0)
    n--;
  minutes = parley_slot_read_number (words, n);
  return minutes >= 1 && minutes <= 59 ? minutes : -1;
}

/* "half past two", "ten to five", in minutes since midnight. */
static gint
read_relative (gchar ** words, guint n)
{
  gint hour, minutes;
  gboolean past, to;

  if (n < 3)
    return -1;
  past = strcmp (words[n - 2], "past") == 0
      || strcmp (words[n - 2], "after") == 0;
  to = strcmp (words[n - 2], "to") == 0 || strcmp (words[n - 2], "of") == 0;
  hour = read_hour (words[n - 1], 12);
  minutes = read_minutes (words, n - 2);
  if (hour < 0 || minutes < 0 || (!past && !to) || (to && minutes == 30))
    return -1;
  return past ? hour * 60 + minutes : (hour == 1 ? 13 : hour) * 60 - minutes;
}

/* "three", "three o'clock", "three thirty", "three oh five", "15:30". */
static gint
read_clock (gchar ** words, guint n)
{
  const gchar *colon = strchr (words[0], ':');
  gint hour, minutes;

  if (n == 1 && colon) {
    hour = atoi (words[0]);
    minutes = atoi (colon + 1);
    return strlen (colon) == 3 && g_ascii_isdigit (colon[1]) && hour <= 23
        && minutes <= 59 ? hour * 60 + minutes : -1;
  }
  hour = read_hour (words[0], 12);
  if (hour < 0)
    return -1;
  if (n == 1 || (n == 2 && strcmp (words[1], "o'clock") == 0))
    return hour * 60;
  if (n == 3 && read_digit (words[2]) > 0 && read_digit (words[1]) == 0)
    return hour * 60 + read_digit (words[2]);
  minutes = parley_slot_read_number (words + 1, n - 1);
  return minutes >= 10 && minutes <= 59 ? hour * 60 + minutes : -1;
}

static gchar *
read_time (gchar ** words, guint n)
{
  const gchar *half;
  gint time, hour, minutes;

  if (is (words, n, "noon") || is (words, n, "midnight"))
    return g_strdup (words[0]);
  half = take_half (words, &n);
  time = read_relative (words, n);
  if (time < 0)
    time = read_clock (words, n);
  if (time < 0)
    return NULL;
  hour = time / 60;
  minutes = time % 60;
  if (half && (hour > 12 || hour == 0))
    return NULL;
  if (minutes == 0 && half)
    return g_strdup_printf ("%d %s", hour, half);
  if (minutes == 0 && hour <= 12 && hour > 0)
    return g_strdup_printf ("%d o'clock", hour);
  return g_strdup_printf ("%d:%02d%s%s", hour, minutes, half ? " " : "",
      half ? half : "");
}

static gchar *
read_yesno (gchar ** words, guint n)
{
  static const gchar *const yes[] = { "yes", "yeah", "yep", "sure", "okay" };
  static const gchar *const no[] = { "no", "nope", "nah" };

  if (n != 1)
    return NULL;
  if (FIND (yes, words[0]) >= 0)
    return g_strdup ("yes");
  return FIND (no, words[0]) >= 0 ? g_strdup ("no") : NULL;
}

/* --- the table --- */

/* The rules leave out what hardly anybody says ("three oh seven"), although it
 * would be read: each choice more makes a recogniser hear times in noise. */

#define UNIT_RULE \
  "<unit> = one | two | three | four | five | six | seven | eight | nine;\n"
#define BELOW_100_RULES UNIT_RULE \
  "<teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen" \
  " | seventeen | eighteen | nineteen;\n" \
  "<tens> = twenty | thirty | forty | fifty | sixty | seventy | eighty" \
  " | ninety;\n" \
  "<below_hundred> = <unit> | <teen> | <tens> [<unit>];\n"

static const ParleySlotType types[] = {
  {"weekday", "friday", 1,
      "<weekday> = monday | tuesday | wednesday | thursday | friday"
        " | saturday | sunday;\n", read_weekday},
  {"number", "two", 9,
      "<number> = zero | <below_hundred>"
        " | (a | <below_hundred>) hundred [[and] <below_hundred>]"
        " | (a | <unit>) thousand [[and] <below_hundred>"
        " | (a | <unit>) hundred [[and] <below_hundred>]];\n"
        BELOW_100_RULES, read_number},
  {"digits", "five five five one", MAX_DIGITS,
      "<digits> = <digit> <digit>*;\n"
        "<digit> = [double | triple] (oh | zero | <unit>);\n"
        UNIT_RULE, read_digits},
  {"time", "three thirty", 8,
      "<time> = <clock> [<day_half>] | noon | midnight;\n"
        "<clock> = <hour> [o'clock | <minutes>]"
        " | (five | ten | [a] quarter | twenty [five]) (past | to) <hour>"
        " | half past <hour>;\n"
        "<day_half> = a m | p m | in the (morning | afternoon | evening);\n"
        "<hour> = <unit> | ten | eleven | twelve;\n"
        "<minutes> = oh five | ten | fifteen | (twenty | thirty | forty"
        " | fifty) [five];\n" UNIT_RULE, read_time},
  {"month", "march", 1,
        "<month> = january | february | march | april | may | june | july"
        " | august | september | october | november | december;\n",
      read_month},
  {"date", "march the third", 6,
        "<date> = <month> [the] <ordinal> | [the] <ordinal> of <month>"
        " | today | tomorrow;\n"
        "<ordinal> = <unit_ordinal> | tenth | eleventh | twelfth | thirteenth"
        " | fourteenth | fifteenth | sixteenth | seventeenth | eighteenth"
        " | nineteenth | twentieth | twenty <unit_ordinal> | thirtieth"
        " | thirty first;\n"
        "<unit_ordinal> = first | second | third | fourth | fifth | sixth"
        " | seventh | eighth | ninth;\n"
        "<month> = january | february | march | april | may | june | july"
        " | august | september | october | november | december;\n",
      read_date},
  {"yesno", "yes", 1,
      "<yesno> = yes | yeah | yep | sure | okay | no | nope;\n", read_yesno},
};

const ParleySlotType *
parley_slot_type_find (const gchar * name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    if (strcmp (types[i].name, name) == 0)
      return &types[i];
  }
  return NULL;
}

gchar *
parley_slot_type_names (void)
{
  GString *names = g_string_new (types[0].name);
  guint i;

  for (i = 1; i < G_N_ELEMENTS (types); i++)
    g_string_append_printf (names, ", %s", types[i].name);
  return g_string_free (names, FALSE);
}

/* --- kinds --- */

typedef struct
{
  gchar **words;
  gchar *written;
} SlotValue;

struct _ParleySlotKind
{
  gchar *name;
  const ParleySlotType *type;   /* NULL for a list */
  GPtrArray *values;            /* of SlotValue, for a list */
  guint max_words;
};

static void
slot_value_free (gpointer data)
{
  SlotValue *value = data;

  g_strfreev (value->words);
  g_free (value->written);
  g_free (value);
}

ParleySlotKind *
parley_slot_kind_new (const gchar * name, const ParleySlotType * type)
{
  ParleySlotKind *kind = g_new0 (ParleySlotKind, 1);

  kind->name = g_strdup (name);
  kind->type = type;
  kind->values = g_ptr_array_new_with_free_func (slot_value_free);
  kind->max_words = type ? type->max_words : 0;
  return kind;
}

void
parley_slot_kind_free (ParleySlotKind * kind)
{
  g_free (kind->name);
  g_ptr_array_unref (kind->values);
  g_free (kind);
}

gboolean
parley_slot_kind_add (ParleySlotKind * kind, const gchar * said,
    const gchar * written)
{
  SlotValue *value = g_new0 (SlotValue, 1);
  guint n_words;

  value->words = parley_utterance_words (said);
  value->written = g_strdup (written);
  n_words = g_strv_length (value->words);
  if (n_words == 0) {
    slot_value_free (value);
    return FALSE;
  }
  kind->max_words = MAX (kind->max_words, n_words);
  g_ptr_array_add (kind->values, value);
  return TRUE;
}

const gchar *
parley_slot_kind_get_name (const ParleySlotKind * kind)
{
  return kind->name;
}

guint
parley_slot_kind_get_max_words (const ParleySlotKind * kind)
{
  return kind->max_words;
}

static gboolean
same_words (gchar ** words, guint n_words, gchar ** expected)
{
  guint i;

  for (i = 0; i < n_words && expected[i]; i++) {
    if (strcmp (words[i], expected[i]) != 0)
      return FALSE;
  }
  return i == n_words && !expected[i];
}

gchar *
parley_slot_kind_read (const ParleySlotKind * kind, gchar ** words,
    guint n_words)
{
  guint i;

  if (kind->type)
    return kind->type->read (words, n_words);
  for (i = 0; i < kind->values->len; i++) {
    const SlotValue *value = g_ptr_array_index (kind->values, i);

    if (same_words (words, n_words, value->words))
      return g_strdup (value->written);
  }
  return NULL;
}

gchar *
parley_slot_kind_example (const ParleySlotKind * kind)
{
  const SlotValue *first;

  if (kind->type)
    return g_strdup (kind->type->example);
  first = g_ptr_array_index (kind->values, 0);
  return g_strjoinv (" ", first->words);
}

gchar *
parley_slot_kind_rule_name (const ParleySlotKind * kind)
{
  return kind->type ? g_strdup (kind->name) :
      g_strconcat ("slot_", kind->name, NULL);
}

gchar *
parley_slot_kind_to_jsgf (const ParleySlotKind * kind)
{
  GString *rule;
  guint i;

  if (kind->type)
    return g_strdup (kind->type->grammar);
  rule = g_string_new (NULL);
  g_string_printf (rule, "<slot_%s> =", kind->name);
  for (i = 0; i < kind->values->len; i++) {
    const SlotValue *value = g_ptr_array_index (kind->values, i);
    gchar *said = g_strjoinv (" ", value->words);

    g_string_append_printf (rule, "%s %s", i ? " |" : "", said);
    g_free (said);
  }
  g_string_append (rule, ";\n");
  return g_string_free (rule, FALSE);
}
