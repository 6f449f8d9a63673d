/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/base64.h"

static const gchar alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* Characters of the alphabet have a bit of their own: the four of a group are
 * anded, so that one comparison checks them all. */
#define GOOD 0x40
#define V(value) (GOOD | (value))

static const guint8 values[256] = {
  ['A'] = V (0),['B'] = V (1),['C'] = V (2),['D'] = V (3),['E'] = V (4),
  ['F'] = V (5),['G'] = V (6),['H'] = V (7),['I'] = V (8),['J'] = V (9),
  ['K'] = V (10),['L'] = V (11),['M'] = V (12),['N'] = V (13),
  ['O'] = V (14),['P'] = V (15),['Q'] = V (16),['R'] = V (17),
  ['S'] = V (18),['T'] = V (19),['U'] = V (20),['V'] = V (21),
  ['W'] = V (22),['X'] = V (23),['Y'] = V (24),['Z'] = V (25),
  ['a'] = V (26),['b'] = V (27),['c'] = V (28),['d'] = V (29),
  ['e'] = V (30),['f'] = V (31),['g'] = V (32),['h'] = V (33),
  ['i'] = V (34),['j'] = V (35),['k'] = V (36),['l'] = V (37),
  ['m'] = V (38),['n'] = V (39),['o'] = V (40),['p'] = V (41),
  ['q'] = V (42),['r'] = V (43),['s'] = V (44),['t'] = V (45),
  ['u'] = V (46),['v'] = V (47),['w'] = V (48),['x'] = V (49),
  ['y'] = V (50),['z'] = V (51),['0'] = V (52),['1'] = V (53),
  ['2'] = V (54),['3'] = V (55),['4'] = V (56),['5'] = V (57),
  ['6'] = V (58),['7'] = V (59),['8'] = V (60),['9'] = V (61),
  ['+'] = V (62),['/'] = V (63)
};

gboolean
parley_base64_decoded_len (const gchar * text, gsize len, gsize * decoded_len)
{
  gsize padding = 0;

  if (len % 4 != 0)
    return FALSE;
  if (len > 0 && text[len - 1] == '=')
    padding = text[len - 2] == '=' ? 2 : 1;
  *decoded_len = len / 4 * 3 - padding;
  return TRUE;
}

/* The last group, with @n = 2 or 3 characters before the padding. */
static gboolean
decode_tail (const guint8 * in, guint n, guint8 * out)
{
  guint8 a = values[in[0]], b = values[in[1]];
  guint8 c = n == 3 ? values[in[2]] : GOOD;

  if (!(a & b & c & GOOD))
    return FALSE;
  out[0] = a << 2 | (b >> 4 & 0x03);
  if (n == 2)
    return (b & 0x0f) == 0;
  out[1] = b << 4 | (c >> 2 & 0x0f);
  return (c & 0x03) == 0;
}

gboolean
parley_base64_decode (const gchar * text, gsize len, guint8 * out)
{
  const guint8 *in = (const guint8 *) text;
  gsize decoded_len, i, full;
  guint8 good = GOOD;

  if (!parley_base64_decoded_len (text, len, &decoded_len))
    return FALSE;

  full = decoded_len / 3;
  for (i = 0; i < full; i++, in += 4, out += 3) {
    guint8 a = values[in[0]], b = values[in[1]];
    guint8 c = values[in[2]], d = values[in[3]];

    good &= a & b & c & d;
    out[0] = a << 2 | (b >> 4 & 0x03);
    out[1] = b << 4 | (c >> 2 & 0x0f);
    out[2] = c << 6 | (d & 0x3f);
  }
  if (!good)
    return FALSE;
  return decoded_len % 3 == 0 || decode_tail (in, decoded_len % 3 + 1, out);
}

void
parley_base64_append (GString * out, const guint8 * data, gsize len)
{
  gsize start = out->len;
  gchar *p;

  g_string_set_size (out, start + (len + 2) / 3 * 4);
  for (p = out->str + start; len >= 3; data += 3, len -= 3) {
    *p++ = alphabet[data[0] >> 2];
    *p++ = alphabet[(data[0] & 0x03) << 4 | data[1] >> 4];
    *p++ = alphabet[(data[1] & 0x0f) << 2 | data[2] >> 6];
    *p++ = alphabet[data[2] & 0x3f];
  }
  if (len > 0) {
    guint8 second = len == 2 ? data[1] : 0;

    *p++ = alphabet[data[0] >> 2];
    *p++ = alphabet[(data[0] & 0x03) << 4 | second >> 4];
    *p++ = len == 2 ? alphabet[(second & 0x0f) << 2] : '=';
    *p++ = '=';
  }
}
