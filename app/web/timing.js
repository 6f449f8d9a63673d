// SPDX-License-Identifier: LGPL-2.1-or-later
// How long the caller waits for an answer, as the page can tell.

const LEAST = 0.01; // of full scale: quieter is never a voice
const ABOVE_NOISE = 3;
const RISE = 1.005; // of the noise floor, a frame
const LONGEST = 15; // s; later sound is no answer

export class ResponseTimer {
  constructor() {
    this.floor = LEAST;
    this.lastVoice = null;
  }

  // A frame of the microphone: loudness 0 to 1, time of its end in seconds.
  // Returns whether it holds a voice.
  frame(level, time) {
    const voice = level > Math.max(LEAST, ABOVE_NOISE * this.floor);
    this.floor = Math.min(this.floor * RISE, Math.max(level, 1e-4));
    if (voice) this.lastVoice = time;
    return voice;
  }

  // The agent is heard from `time` on: ms since the last voice, null if there
  // was none to answer.
  replied(time) {
    const waited = this.lastVoice === null ? -1 : time - this.lastVoice;
    this.lastVoice = null;
    return waited < 0 || waited > LONGEST ? null : Math.round(waited * 1000);
  }
}
