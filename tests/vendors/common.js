// SPDX-License-Identifier: LGPL-2.1-or-later
// What the programs share: the emulator's address, the cases, a tone.
"use strict";

const assert = require("node:assert/strict");

exports.assert = assert;
exports.host = process.argv[2]; // 127.0.0.1:PORT
exports.key = "test-key";

// Runs the cases of one client one after the other: name → async function.
exports.run = async function run(cases) {
  let failed = 0;

  for (const [name, test] of Object.entries(cases)) {
    try {
      await test();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}`);
      console.log(String(error.stack).replace(/^/gm, "  "));
      failed += 1;
    }
  }
  process.exit(failed ? 1 : 0);
};

// S16LE, 16 kHz: a tone and silence behind it.
exports.tone = function tone(ms, silence) {
  const buffer = Buffer.alloc((ms + silence) * 32);

  for (let i = 0; i < ms * 16; i += 1) {
    buffer.writeInt16LE(Math.round(9000 * Math.sin(i * 0.12)), 2 * i);
  }
  return buffer;
};

exports.wav = function wav(samples) {
  const header = Buffer.alloc(44);

  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16000, 24);
  header.writeUInt32LE(32000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
};
