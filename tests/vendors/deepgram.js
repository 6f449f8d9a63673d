// SPDX-License-Identifier: LGPL-2.1-or-later
"use strict";

const { DeepgramClient } = require("@deepgram/sdk");
const { assert, host, key, run, tone } = require("./common.js");

const client = new DeepgramClient({
  apiKey: key,
  environment: {
    base: `http://${host}`,
    production: `ws://${host}`,
    agent: `ws://${host}`,
    agentRest: `http://${host}`,
  },
});

// Sends a second of sound and what @finish sends then; the messages until
// the socket is closed, or until @last takes one.
async function listen(socket, finish, last) {
  const messages = [];
  const over = new Promise((resolve, reject) => {
    socket.on("message", (message) => {
      messages.push(message);
      if (last(message)) resolve();
    });
    socket.on("close", resolve);
    socket.on("error", reject);
  });
  const sound = tone(1000, 400);

  socket.connect();
  await socket.waitForOpen();
  for (let at = 0; at < sound.length; at += 3200) {
    socket.sendMedia(sound.subarray(at, at + 3200));
  }
  finish(socket);
  await over;
  socket.close();
  return messages;
}

run({
  "deepgram live": async () => {
    const socket = await client.listen.v1.connect({
      model: "nova-3",
      encoding: "linear16",
      sample_rate: 16000,
      interim_results: "true",
      endpointing: 300,
      vad_events: "true",
    });
    const messages = await listen(socket, (s) => {
      s.sendKeepAlive({ type: "KeepAlive" });
      s.sendFinalize({ type: "Finalize" });
      s.sendCloseStream({ type: "CloseStream" });
    }, (message) => message.type === "Metadata");
    const results = messages.filter((m) => m.type === "Results");
    const final = results.find((m) => m.speech_final);

    assert.ok(messages.some((m) => m.type === "SpeechStarted"));
    assert.ok(results.some((m) => !m.is_final));
    assert.equal(final.channel.alternatives[0].transcript,
      "i want an appointment");
    assert.ok(results.some((m) => m.from_finalize));
    assert.equal(messages.at(-1).type, "Metadata");
  },
  "deepgram flux": async () => {
    const socket = await client.listen.v2.connect({
      model: "flux-general-en",
      encoding: "linear16",
      sample_rate: 16000,
      eager_eot_threshold: 0.5,
    });
    const messages = await listen(socket, () => {},
      (message) => message.event === "EndOfTurn");
    const events = messages.map((m) => m.event ?? m.type);

    assert.equal(events[0], "Connected");
    assert.ok(events.includes("StartOfTurn"));
    assert.ok(events.includes("EagerEndOfTurn"));
    assert.equal(messages.at(-1).transcript, "i want an appointment");
  },
});
