// SPDX-License-Identifier: LGPL-2.1-or-later
// The page's pure modules; run in the page by talk.py. arguments[0]: the
// decoded values of the 256 mu-law codes. Returns [{name, error}].
const expected = arguments[0];
const results = [];

const load = (name) => import(`/talk/${name}.js`);
const [mulaw, { Resampler }, { PlayoutQueue }, { Captions }, help, timing, media] =
  await Promise.all(
    ["mulaw", "resample", "playout", "captions", "help", "timing", "media"].map(load),
  );

function check(name, body) {
  try {
    body();
    results.push({ name, error: null });
  } catch (error) {
    results.push({ name, error: String(error) });
  }
}

function equal(actual, wanted) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${a} instead of ${b}`);
}

function atLeast(actual, wanted) {
  if (!(actual >= wanted)) throw new Error(`${actual} is less than ${wanted}`);
}

function tone(hertz, rate, seconds) {
  return Float32Array.from({ length: rate * seconds }, (_, i) =>
    Math.sin((2 * Math.PI * hertz * i) / rate),
  );
}

// In dB of a full-scale tone, without the ends.
function loudness(samples) {
  const inner = samples.subarray(samples.length / 4, (samples.length * 3) / 4);
  const power = inner.reduce((sum, x) => sum + x * x, 0) / inner.length;
  return 10 * Math.log10(2 * power + 1e-20);
}

function convert(samples, from, to, block = 128) {
  const resampler = new Resampler(from, to);
  const out = [];
  for (let i = 0; i < samples.length; i += block) {
    out.push(...resampler.push(samples.subarray(i, i + block)));
  }
  return Float32Array.from(out);
}

check("mu-law/decodes every code as G.711 says", () => {
  equal([...mulaw.DECODED], expected);
});

check("mu-law/codes survive decoding and encoding", () => {
  for (let code = 0; code < 256; code++) {
    const again = mulaw.encodeSample(mulaw.DECODED[code]);
    equal(mulaw.DECODED[again], mulaw.DECODED[code]);
  }
});

check("mu-law/no sample is off by more than half a step", () => {
  for (let sample = -32635; sample <= 32635; sample += 7) {
    const code = mulaw.encodeSample(sample);
    const half = 4 << ((~code >> 4) & 7);
    const error = Math.abs(mulaw.DECODED[code] - sample);
    if (error > half) throw new Error(`${sample}: off by ${error}`);
  }
});

check("mu-law/floats beyond full scale are clipped", () => {
  equal([...mulaw.encode(Float32Array.of(3, -3, 0))], [0x80, 0x00, 0xff]);
});

check("mu-law/base64 goes both ways", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  equal([...mulaw.fromBase64(mulaw.toBase64(bytes))], [...bytes]);
});

for (const rate of [48000, 44100, 16000, 96000]) {
  check(`resampler/${rate} Hz keeps speech and lets nothing fold down`, () => {
    for (const hertz of [300, 1000, 3300]) {
      const level = loudness(convert(tone(hertz, rate, 0.5), rate, 8000));
      atLeast(0.3, Math.abs(level));
    }
    for (const hertz of [4300, 5000, 6500, 7700]) {
      const level = loudness(convert(tone(hertz, rate, 0.5), rate, 8000));
      atLeast(-40, level);
    }
  });
}

check("resampler/upwards makes no images of speech", () => {
  const out = convert(tone(1000, 8000, 0.5), 8000, 48000);
  const mirror = tone(1000, 48000, 0.5).subarray(0, out.length);
  atLeast(0.3, Math.abs(loudness(out)));
  // What is left once the tone itself, of any phase, is taken out.
  const quarter = Float32Array.from(mirror, (_, i) => mirror[(i + 12) % mirror.length]);
  const part = (a) => (2 * out.reduce((s, x, i) => s + x * a[i], 0)) / out.length;
  const [p, q] = [part(mirror), part(quarter)];
  const rest = out.map((x, i) => x - p * mirror[i] - q * quarter[i]);
  atLeast(-40, loudness(rest));
});

check("resampler/the size of the blocks does not matter", () => {
  const samples = tone(700, 44100, 0.2);
  equal([...convert(samples, 44100, 8000, 128)], [...convert(samples, 44100, 8000, 977)]);
});

check("resampler/says what it needs, and keeps what is over the limit", () => {
  const resampler = new Resampler(8000, 44100);
  let taken = 0;
  for (let block = 0; block < 200; block++) {
    const count = resampler.need(128);
    taken += count;
    equal(resampler.push(new Float32Array(count), 128).length, 128);
  }
  atLeast(resampler.taps + 1, Math.abs(taken - (200 * 128 * 8000) / 44100));
});

function player() {
  const events = [];
  const queue = new PlayoutQueue((event) => events.push(event));
  const marks = () => events.filter((e) => e.type === "mark").map((e) => e.name);
  return { queue, events, marks };
}

const loud = (length) => new Uint8Array(length).fill(0x90);

check("playout/audio waits 60 ms, then plays whole", () => {
  const { queue } = player();
  queue.push(loud(160));
  equal(queue.read(480).some((x) => x !== 0), false);
  equal(queue.read(320).filter((x) => x !== 0).length, 160);
  equal(queue.played, 160);
});

check("playout/a mark comes when what was before it has been heard", () => {
  const { queue, marks } = player();
  queue.latency = 80;
  queue.push(loud(160));
  queue.mark("a");
  queue.push(loud(160));
  queue.mark("b");
  queue.read(480 + 160);
  equal(marks(), []);
  queue.read(80);
  equal(marks(), ["a"]);
  queue.read(159);
  equal(marks(), ["a"]);
  queue.read(1);
  equal(marks(), ["a", "b"]);
});

check("playout/a mark with nothing before it comes at once", () => {
  const { queue, marks } = player();
  queue.read(160);
  queue.mark("now");
  equal(marks(), ["now"]);
});

check("playout/clear empties and tells all marks, in order, once", () => {
  const { queue, marks } = player();
  queue.latency = 400;
  queue.push(loud(160));
  queue.mark("passed");
  queue.push(loud(800));
  queue.mark("first");
  queue.mark("second");
  queue.read(480 + 200);
  equal(marks(), []);
  queue.clear();
  equal(marks(), ["passed", "first", "second"]);
  equal(queue.read(2000).some((x) => x !== 0), false);
  equal(marks().length, 3);
  queue.push(loud(160));
  equal(queue.read(1000).filter((x) => x !== 0).length, 160);
});

check("playout/a reply begins at its first sound and ends in silence", () => {
  const { queue, events } = player();
  queue.push(new Uint8Array(100).fill(0xff));
  queue.push(loud(60));
  queue.read(800);
  equal(events, [{ type: "begin", at: 480 + 100 }]);
  queue.read(5600);
  equal(events.at(-1), { type: "end" });
  equal(events.length, 2);
});

check("playout/an underrun in a reply is counted", () => {
  const { queue } = player();
  queue.push(loud(160));
  queue.read(900);
  queue.push(loud(160));
  equal(queue.underruns, 1);
});

const agent = (turn, reply, sentence, text) => ({
  who: "agent", final: true, turn, reply, sentence, text,
});
const caller = (turn, text, final) => ({ who: "caller", turn, text, final });

check("captions/partial text gives way to the final one", () => {
  const captions = new Captions();
  captions.apply(caller(1, "what are", false));
  equal(captions.partial, "what are");
  captions.apply(caller(1, "what are your hours", true));
  equal(captions.partial, "");
  captions.apply(caller(1, "what are your hours today", true));
  equal(captions.entries.map((e) => e.text), ["what are your hours today"]);
});

check("captions/sentences are heard as marks are passed", () => {
  const captions = new Captions();
  captions.apply(agent(1, 7, 0, "One."));
  captions.apply(agent(1, 7, 1, "Two."));
  captions.apply(agent(1, 7, 2, "Three."));
  const heard = () => captions.entries[0].sentences.map((s) => s.heard);
  equal(heard(), [false, false, false]);
  captions.begun(420);
  equal(heard(), [true, false, false]);
  captions.passed("e7:1:1500:0");
  equal(heard(), [true, true, false]);
  captions.passed("e9:2:1500:0");
  captions.passed("another kind of mark");
  equal(heard(), [true, true, false]);
  captions.cleared();
  equal([captions.entries[0].cut, captions.entries[0].response], [true, 420]);
});

check("captions/a reply that nobody heard is replaced", () => {
  const captions = new Captions();
  captions.apply(agent(2, 4, 0, "A guess."));
  captions.apply(agent(2, 5, 0, "The answer."));
  equal(captions.entries.map((e) => e.sentences[0].text), ["The answer."]);
});

check("captions/keys stand together", () => {
  const captions = new Captions();
  captions.addKey("4");
  captions.addKey("2");
  equal(captions.entries.map((e) => e.text), ["4 2"]);
});

check("timing/counts from the last voice to the answer", () => {
  const timer = new timing.ResponseTimer();
  for (let i = 0; i < 50; i++) timer.frame(0.001, i * 0.02);
  equal(timer.frame(0.2, 1.0), true);
  equal(timer.frame(0.001, 1.02), false);
  equal(timer.replied(1.5), 500);
  equal(timer.replied(3), null);
});

check("timing/steady noise is no voice after a while", () => {
  const timer = new timing.ResponseTimer();
  let voice = true;
  for (let i = 0; i < 500; i++) voice = timer.frame(0.03, i * 0.02);
  equal(voice, false);
});

check("media/messages are what the network sends", () => {
  const messages = new media.MediaMessages();
  const start = JSON.parse(messages.start());
  equal(start.sequenceNumber, "1");
  equal(start.start.streamSid, start.streamSid);
  equal(start.start.customParameters, { From: "browser" });
  const first = JSON.parse(messages.media(new Uint8Array(160)));
  const second = JSON.parse(messages.media(new Uint8Array(160)));
  equal([first.media.chunk, first.media.timestamp], ["1", "0"]);
  equal([second.media.chunk, second.media.timestamp], ["2", "20"]);
  equal(second.sequenceNumber, "3");
  equal(JSON.parse(messages.dtmf("#")).dtmf.digit, "#");
  equal(JSON.parse(messages.mark("m")).mark.name, "m");
  equal(JSON.parse(messages.stop()).event, "stop");
});

check("media/what the server sends is read, the unknown is not", () => {
  const read = media.MediaMessages.read;
  equal([...read('{"event":"media","media":{"payload":"/38="}}').audio], [255, 127]);
  equal(read('{"event":"mark","mark":{"name":"e1:0:5:0"}}'), { mark: "e1:0:5:0" });
  equal(read('{"event":"clear","streamSid":"MZ1"}'), { clear: true });
  equal(read('{"event":"weather"}'), null);
});

check("help/an insecure page is told the right address", () => {
  const location = {
    protocol: "http:", hostname: "10.0.0.7", host: "10.0.0.7:8080",
    port: "8080", pathname: "/talk",
  };
  const { steps } = help.explain("insecure", { location });
  equal(steps[0].endsWith("http://localhost:8080/talk"), true);
  equal(steps[1].includes("ssh -L 8080:localhost:8080 10.0.0.7"), true);
  equal(help.secureAddress({ port: "", pathname: "/talk" }), "http://localhost/talk");
});

check("help/each refusal has its own words", () => {
  equal(help.microphoneProblem("NotAllowedError"), "denied");
  equal(help.microphoneProblem("NotFoundError"), "missing");
  equal(help.microphoneProblem("NotReadableError"), "taken");
  equal([503, 403, 400, null].map(help.socketProblem),
    ["busy", "forbidden", "proxy", "unreachable"]);
  const kinds = ["denied", "missing", "taken", "busy", "forbidden", "proxy",
    "unreachable", "lost", "unsupported"];
  equal(new Set(kinds.map((kind) => help.explain(kind).title)).size, kinds.length);
  equal(help.explain("odd", { detail: "It broke." }).steps, ["It broke."]);
  const system = { detail: "Permission denied by system" };
  equal(/privacy/.test(help.explain("denied", system).steps[0]), true);
});

return results;
