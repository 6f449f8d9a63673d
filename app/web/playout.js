// SPDX-License-Identifier: LGPL-2.1-or-later
// What the caller hears: the far end of the queue of mu-law audio, as a
// telephone network keeps it. Time is counted in samples of 8 kHz, by reading.

import { DECODED } from "./mulaw.js";

export const RATE = 8000;
const JITTER = 0.06 * RATE; // audio after a pause waits so long
const REPLY_END = 0.7 * RATE; // this much of nothing ends a reply
const LOUD = 200; // of 32768: what is louder is sound
const MOST = 600 * RATE; // beyond it is discarded

export class PlayoutQueue {
  // emit(event) gets {type: "mark", name}, {type: "begin", at} at the first
  // sound of a reply, {type: "end"} when it is over; `at` is in samples.
  constructor(emit) {
    this.emit = emit;
    this.clock = 0;
    this.latency = 0; // samples from reading to the ear
    this.queue = []; // {audio, from} or {mark}
    this.passed = []; // {mark, due}: read, but not heard yet
    this.queued = 0;
    this.startAt = 0;
    this.lastRead = -REPLY_END;
    this.speaking = false;
    this.underruns = 0;
    this.played = 0;
  }

  push(bytes) {
    if (bytes.length === 0 || this.queued + bytes.length > MOST) return;
    if (this.queued === 0) {
      this.startAt = this.clock + JITTER;
      if (this.speaking) this.underruns++;
    }
    this.queue.push({ audio: bytes, from: 0 });
    this.queued += bytes.length;
  }

  mark(name) {
    if (this.queued > 0) this.queue.push({ mark: name });
    else this.pass(name, this.lastRead + this.latency);
  }

  pass(name, due) {
    this.passed.push({ mark: name, due });
    this.tellDue();
  }

  // Nothing of what is queued will be heard; all marks are due at once.
  clear() {
    const marks = [...this.passed, ...this.queue.filter((item) => item.mark)];
    this.passed = [];
    this.queue = [];
    this.queued = 0;
    for (const { mark } of marks) this.emit({ type: "mark", name: mark });
    this.endReply();
  }

  endReply() {
    if (!this.speaking) return;
    this.speaking = false;
    this.emit({ type: "end" });
  }

  tellDue() {
    while (this.passed.length > 0 && this.passed[0].due <= this.clock) {
      this.emit({ type: "mark", name: this.passed.shift().mark });
    }
  }

  take(item, out, at) {
    const count = Math.min(out.length - at, item.audio.length - item.from);
    for (let i = 0; i < count; i++) {
      const sample = DECODED[item.audio[item.from + i]];
      out[at + i] = sample / 32768;
      if (!this.speaking && Math.abs(sample) > LOUD) {
        this.speaking = true;
        this.emit({ type: "begin", at: this.clock + at + i });
      }
    }
    item.from += count;
    this.queued -= count;
    this.played += count;
    return count;
  }

  // The next samples to be heard, as floats; silence where there are none.
  read(count) {
    const out = new Float32Array(count);
    let at = Math.min(count, Math.max(0, this.startAt - this.clock));
    while (this.queue.length > 0 && (at < count || this.queue[0].mark)) {
      const item = this.queue[0];
      if (item.mark) {
        this.passed.push({ mark: item.mark, due: this.lastRead + this.latency });
        this.queue.shift();
        continue;
      }
      at += this.take(item, out, at);
      this.lastRead = this.clock + at;
      if (item.from === item.audio.length) this.queue.shift();
    }
    this.clock += count;
    this.tellDue();
    if (this.clock - this.lastRead >= REPLY_END) this.endReply();
    return out;
  }
}
