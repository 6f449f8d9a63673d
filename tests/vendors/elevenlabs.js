// SPDX-License-Identifier: LGPL-2.1-or-later
// The client has no websocket for text to speech.
"use strict";

const { ElevenLabsClient } = require("@elevenlabs/elevenlabs-js");
const { assert, host, key, run } = require("./common.js");

const make = (apiKey) => new ElevenLabsClient({
  apiKey,
  baseUrl: `http://${host}`,
  maxRetries: 0,
});
const request = {
  text: "Ten chars.",
  modelId: "eleven_flash_v2_5",
  outputFormat: "ulaw_8000",
};

run({
  "elevenlabs stream": async () => {
    const stream = await make(key).textToSpeech.stream("voice", request);
    let bytes = 0;
    let chunks = 0;

    for await (const chunk of stream) {
      bytes += chunk.length;
      chunks += 1;
    }
    assert.equal(bytes, 600 * 8);
    assert.ok(chunks > 0);
  },
  "elevenlabs stream with timestamps": async () => {
    const stream = await make(key).textToSpeech.streamWithTimestamps("voice",
      request);
    let bytes = 0;

    for await (const chunk of stream) {
      bytes += Buffer.from(chunk.audioBase64, "base64").length;
    }
    assert.equal(bytes, 600 * 8);
  },
  "elevenlabs wrong key": async () => {
    await assert.rejects(make("x").textToSpeech.stream("voice", request),
      (error) => {
        assert.equal(error.statusCode, 401);
        assert.equal(error.body.detail.status, "invalid_api_key");
        return true;
      });
  },
});
