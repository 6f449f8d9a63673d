// SPDX-License-Identifier: LGPL-2.1-or-later
// Twilio Media Streams as the network speaks it: the messages of one call.

import { fromBase64, toBase64 } from "./mulaw.js";

const FRAME_MS = 20;

function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (v) => v.toString(16).padStart(2, "0")).join("");
}

export class MediaMessages {
  // callSid: the server's captions go by it.
  constructor() {
    this.streamSid = `MZ${randomHex(16)}`;
    this.callSid = `talk-${randomHex(16)}`;
    this.accountSid = `AC${"0".repeat(32)}`;
    this.sequence = 0;
    this.chunk = 0;
  }

  message(event, fields) {
    const { streamSid } = this;
    const sequenceNumber = String(++this.sequence);
    return JSON.stringify({ event, sequenceNumber, ...fields, streamSid });
  }

  connected() {
    return JSON.stringify({
      event: "connected",
      protocol: "Call",
      version: "1.0.0",
    });
  }

  start() {
    const { accountSid, callSid, streamSid } = this;
    return this.message("start", {
      start: {
        accountSid,
        streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { From: "browser" },
      },
    });
  }

  media(bytes) {
    const timestamp = String(this.chunk * FRAME_MS);
    const chunk = String(++this.chunk);
    return this.message("media", {
      media: { track: "inbound", chunk, timestamp, payload: toBase64(bytes) },
    });
  }

  mark(name) {
    return this.message("mark", { mark: { name } });
  }

  dtmf(digit) {
    return this.message("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  stop() {
    const { accountSid, callSid } = this;
    return this.message("stop", { stop: { accountSid, callSid } });
  }

  // A message of the server as playout takes it: {audio}, {mark} or {clear};
  // null for anything else.
  static read(text) {
    const message = JSON.parse(text);
    switch (message.event) {
      case "media":
        return { audio: fromBase64(message.media.payload) };
      case "mark":
        return { mark: message.mark.name };
      case "clear":
        return { clear: true };
      default:
        return null;
    }
  }
}
