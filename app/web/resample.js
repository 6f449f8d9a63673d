// SPDX-License-Identifier: LGPL-2.1-or-later
// Sample rate conversion by a windowed sinc, one set of taps for each phase of
// the ratio. Made for telephone speech: what is kept ends at 3.4 kHz of 8.

const PASS = 0.425; // of the lower rate
const STOP = 0.525; // what is above folds to 0.475 and more
const ATTENUATION = 70; // dB

function greatestDivisor(a, b) {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

// The modified Bessel function of order 0.
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

export class Resampler {
  // Rates in Hz; fractions are ignored.
  constructor(from, to) {
    const lower = Math.min(from, to) / from; // in cycles of the input
    const width = 2 * Math.PI * (STOP - PASS) * lower;
    const divisor = greatestDivisor(Math.round(from), Math.round(to));
    this.phases = Math.round(to) / divisor;
    this.step = Math.round(from) / divisor;
    this.taps = 2 * Math.ceil((ATTENUATION - 8) / (2.285 * width) / 2);
    this.table = this.design(((PASS + STOP) / 2) * lower);
    this.input = new Float32Array(this.taps);
    this.filled = this.taps - 1; // silence came before
    this.phase = 0;
  }

  // cutoff: in cycles a sample of the input.
  design(cutoff) {
    const { phases, taps } = this;
    const beta = 0.1102 * (ATTENUATION - 8.7);
    const table = new Float32Array(phases * taps);
    for (let phase = 0; phase < phases; phase++) {
      let sum = 0;
      for (let k = 0; k < taps; k++) {
        const at = k - taps / 2 + 1 - phase / phases;
        const edge = Math.max(0, 1 - (at / (taps / 2)) ** 2);
        const value =
          sinc(2 * cutoff * at) * (bessel(beta * Math.sqrt(edge)) / bessel(beta));
        table[phase * taps + k] = value;
        sum += value;
      }
      for (let k = 0; k < taps; k++) table[phase * taps + k] /= sum;
    }
    return table;
  }

  append(samples) {
    const needed = this.filled + samples.length;
    if (needed > this.input.length) {
      const larger = new Float32Array(2 * needed);
      larger.set(this.input.subarray(0, this.filled));
      this.input = larger;
    }
    this.input.set(samples, this.filled);
    this.filled = needed;
  }

  // How many input samples must come before `count` more can go out.
  need(count) {
    const last = this.phase + (count - 1) * this.step;
    return Math.max(0, Math.floor(last / this.phases) + this.taps - this.filled);
  }

  // Takes Float32Array, returns what can be made of it so far, `limit` samples
  // at most; the rest comes with the next push.
  push(samples, limit = Infinity) {
    const { phases, step, taps, table } = this;
    this.append(samples);
    const room = (this.filled - taps + 1) * phases - this.phase;
    const ready = Math.max(0, Math.ceil(room / step));
    const out = new Float32Array(Math.min(limit, ready));
    let start = 0;
    for (let n = 0; n < out.length; n++) {
      const row = this.phase * taps;
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += table[row + k] * this.input[start + k];
      out[n] = sum;
      this.phase += step;
      start += Math.floor(this.phase / phases);
      this.phase %= phases;
    }
    this.input.copyWithin(0, start, this.filled);
    this.filled -= start;
    return out;
  }
}
