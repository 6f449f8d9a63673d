// SPDX-License-Identifier: LGPL-2.1-or-later
// G.711 mu-law, bit-exact with ITU-T's tables. Samples are 16 bit.

export const SILENCE = 0xff;

function decodeOne(code) {
  const inverted = ~code & 0xff;
  const magnitude =
    ((((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7)) - 132;
  return inverted & 0x80 ? -magnitude : magnitude;
}

export const DECODED = Int16Array.from({ length: 256 }, (_, i) => decodeOne(i));

export function encodeSample(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  // One's complement, as the standard's reference does it.
  const biased = Math.min((sign ? ~sample : sample) + 132, 32767);
  const segment = 24 - Math.clz32(biased);
  return ~(sign | (segment << 4) | ((biased >> (segment + 3)) & 15)) & 0xff;
}

// Floats of -1 to 1 to mu-law.
export function encode(samples) {
  const out = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round(samples[i] * 32768);
    out[i] = encodeSample(Math.max(-32768, Math.min(32767, scaled)));
  }
  return out;
}

export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
