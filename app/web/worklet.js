// SPDX-License-Identifier: LGPL-2.1-or-later
// The audio thread: microphone to mu-law frames, mu-law to the speakers.

import { encode } from "./mulaw.js";
import { PlayoutQueue, RATE } from "./playout.js";
import { Resampler } from "./resample.js";

const FRAME = 160; // 20 ms
const QUIET = new Float32Array(128); // for a microphone without channels

function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

// Posts {frame, level, time}: 160 bytes, 0 to 1, the context's time at its end.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.frame = new Float32Array(FRAME);
    this.filled = 0;
    this.over = false;
    this.port.onmessage = () => (this.over = true);
  }

  process([channels]) {
    for (const sample of this.resampler.push(channels[0] || QUIET)) {
      this.frame[this.filled++] = sample;
      if (this.filled === FRAME) this.post();
    }
    return !this.over;
  }

  post() {
    const frame = encode(this.frame);
    const time = currentTime + 128 / sampleRate;
    this.filled = 0;
    this.port.postMessage({ frame, level: loudness(this.frame), time }, [
      frame.buffer,
    ]);
  }
}

// Takes {audio}, {mark}, {clear}, {latency} (seconds), {over}. Posts what the
// queue tells, with times of the context, and {type: "level"} ten times a second.
class Playout extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = new PlayoutQueue((event) => this.tell(event));
    this.resampler = new Resampler(RATE, sampleRate);
    this.over = false;
    this.peak = 0;
    this.blocks = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(message) {
    if (message.audio) this.queue.push(message.audio);
    else if (message.mark) this.queue.mark(message.mark);
    else if (message.clear) this.queue.clear();
    else if (message.over) this.over = true;
    else this.queue.latency = Math.round(message.latency * RATE);
  }

  tell(event) {
    if (event.type === "begin") {
      event.time =
        currentTime + (event.at - this.queue.clock + this.queue.latency) / RATE;
    }
    this.port.postMessage(event);
  }

  process(inputs, [channels]) {
    const count = channels[0].length;
    const samples = this.queue.read(this.resampler.need(count));
    const out = this.resampler.push(samples, count);
    for (const channel of channels) channel.set(out);
    this.peak = Math.max(this.peak, loudness(out));
    if (++this.blocks % Math.round(sampleRate / 1280) === 0) this.report();
    return !this.over;
  }

  report() {
    const { played, underruns } = this.queue;
    this.port.postMessage({ type: "level", level: this.peak, played, underruns });
    this.peak = 0;
  }
}

registerProcessor("parley-capture", Capture);
registerProcessor("parley-playout", Playout);
