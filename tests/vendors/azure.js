// SPDX-License-Identifier: LGPL-2.1-or-later
"use strict";

const sdk = require("microsoft-cognitiveservices-speech-sdk");
const { assert, host, key, run, tone } = require("./common.js");

function recognizer(subscription) {
  const url = new URL(`ws://${host}/stt/speech/universal/v2`);
  const config = sdk.SpeechConfig.fromEndpoint(url, subscription);
  const stream = sdk.AudioInputStream.createPushStream(
    sdk.AudioStreamFormat.getWaveFormatPCM(16000, 16, 1));

  config.speechRecognitionLanguage = "en-US";
  config.outputFormat = sdk.OutputFormat.Detailed;
  stream.write(new Uint8Array(tone(1000, 800)).buffer);
  stream.close();
  return new sdk.SpeechRecognizer(config,
    sdk.AudioConfig.fromStreamInput(stream));
}

run({
  "azure once": async () => {
    const self = recognizer(key);
    const partials = [];

    self.recognizing = (_, event) => partials.push(event.result.text);
    const result = await new Promise((resolve, reject) => {
      self.recognizeOnceAsync(resolve, reject);
    });
    assert.equal(result.reason, sdk.ResultReason.RecognizedSpeech);
    assert.equal(result.text, "I want an appointment.");
    assert.ok(partials.includes("i want"));
    self.close();
  },
  "azure continuous": async () => {
    const self = recognizer(key);
    const texts = [];
    const events = [];

    self.recognized = (_, event) => texts.push(event.result.text);
    self.speechStartDetected = () => events.push("start");
    self.speechEndDetected = () => events.push("end");
    await new Promise((resolve, reject) => {
      self.canceled = (_, event) => (
        event.reason === sdk.CancellationReason.EndOfStream
          ? resolve() : reject(new Error(event.errorDetails)));
      self.sessionStopped = resolve;
      self.startContinuousRecognitionAsync(() => {}, reject);
    });
    assert.equal(texts[0], "I want an appointment.");
    assert.ok(events.includes("start"));
    assert.ok(events.includes("end"));
    self.close();
  },
  "azure wrong key": async () => {
    const self = recognizer("x");
    const result = await new Promise((resolve, reject) => {
      self.recognizeOnceAsync(resolve, reject);
    });
    const details = sdk.CancellationDetails.fromResult(result);

    assert.equal(result.reason, sdk.ResultReason.Canceled);
    assert.equal(details.reason, sdk.CancellationReason.Error);
    self.close();
  },
});
