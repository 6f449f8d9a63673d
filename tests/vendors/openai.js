// SPDX-License-Identifier: LGPL-2.1-or-later
"use strict";

const OpenAI = require("openai");
const { toFile } = require("openai");
const { assert, host, key, run, tone, wav } = require("./common.js");

const client = new OpenAI({
  apiKey: key,
  baseURL: `http://${host}/v1`,
  maxRetries: 0,
});
const ask = (text) => [{ role: "user", content: text }];
const file = () => toFile(wav(tone(800, 200)), "u.wav", { type: "audio/wav" });

run({
  "openai chat, whole": async () => {
    const reply = await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages: ask("hi"),
    });

    assert.equal(reply.choices[0].message.content, "Hello, caller. Go on.");
    assert.equal(reply.choices[0].finish_reason, "stop");
    assert.ok(reply.usage.total_tokens > 0);
  },
  "openai chat, streamed": async () => {
    const stream = await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages: ask("hi"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage = null;
    let chunks = 0;

    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
      chunks += 1;
    }
    assert.equal(text, "Hello, caller. Go on.");
    assert.ok(chunks > 4);
    assert.ok(usage.completion_tokens > 0);
  },
  "openai functions, streamed": async () => {
    const stream = client.chat.completions.stream({
      model: "gpt-4o-mini",
      messages: ask("what is the weather?"),
      tools: [{
        type: "function",
        function: { name: "lookup", parameters: { type: "object" } },
      }],
    });
    const reply = await stream.finalChatCompletion();
    const call = reply.choices[0].message.tool_calls[0];

    assert.equal(call.function.name, "lookup");
    assert.deepEqual(JSON.parse(call.function.arguments), { city: "Bern" });
    assert.equal(reply.choices[0].finish_reason, "tool_calls");
  },
  "openai transcription": async () => {
    const reply = await client.audio.transcriptions.create({
      file: await file(),
      model: "gpt-4o-mini-transcribe",
    });

    assert.equal(reply.text, "i want an appointment");
  },
  "openai transcription, streamed": async () => {
    const stream = await client.audio.transcriptions.create({
      file: await file(),
      model: "gpt-4o-mini-transcribe",
      stream: true,
    });
    let text = "";
    let last = null;

    for await (const event of stream) {
      text += event.delta ?? "";
      last = event;
    }
    assert.equal(text, "i want an appointment");
    assert.equal(last.type, "transcript.text.done");
  },
  "openai speech": async () => {
    const reply = await client.audio.speech.create({
      model: "gpt-4o-mini-tts",
      voice: "alloy",
      input: "Ten chars.",
      response_format: "pcm",
    });
    const bytes = await reply.arrayBuffer();

    // 60 ms a character of 24 kHz.
    assert.ok(Math.abs(bytes.byteLength - 600 * 48) < 100);
  },
  "openai models": async () => {
    const ids = [];

    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("gpt-4o-mini"));
  },
  "openai wrong key": async () => {
    const wrong = new OpenAI({ apiKey: "x", baseURL: `http://${host}/v1` });

    await assert.rejects(wrong.models.list(), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, "invalid_api_key");
      return true;
    });
  },
});
