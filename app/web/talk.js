// SPDX-License-Identifier: LGPL-2.1-or-later
// The page: one button, one call at a time.

import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { explain } from "./help.js";
import { ResponseTimer } from "./timing.js";
import * as view from "./view.js";

const CLOCK_MS = 250;

let call = null;
let last = null; // the call, even when it is over
let captions = new Captions();
const captionView = new view.CaptionView();
let timer = new ResponseTimer();
let began = 0;
let clock = 0;
let wakeLock = null;

// For tests, and for whoever is curious.
const parleyTalk = { state: "idle", stats: null, responses: [], problem: null };
window.parleyTalk = parleyTalk;

function setState(state) {
  parleyTalk.state = state;
  view.showState(state);
}

function showProblem(kind, detail) {
  parleyTalk.problem = kind;
  const facts = { location, agent: navigator.userAgent, detail };
  view.showHelp(kind ? explain(kind, facts) : null);
}

function summary() {
  const times = [...parleyTalk.responses].sort((a, b) => a - b);
  const text = `Call ended after ${view.formatTime(
    (performance.now() - began) / 1000,
  )}`;
  if (times.length === 0) return text;
  const median = (times[Math.floor(times.length / 2)] / 1000).toFixed(2);
  return `${text}; answers after ${median} s (median)`;
}

function rest() {
  call = null;
  clearInterval(clock);
  view.showClock(null);
  view.showLevel("caller", 0);
  view.showLevel("agent", 0);
  wakeLock?.release();
  wakeLock = null;
  captions.ended();
  captionView.show(captions);
  setState("idle");
}

const handlers = {
  caption(event) {
    captions.apply(event);
    captionView.show(captions);
  },

  frame({ level, time }) {
    timer.frame(level, time);
    view.showLevel("caller", level);
  },

  playout(event) {
    if (event.type === "level") view.showLevel("agent", event.level);
    else if (event.type === "begin") heard(event.time);
    else if (event.type === "mark") captions.passed(event.name);
    if (event.type !== "level") captionView.show(captions);
  },

  cleared() {
    captions.cleared();
    captionView.show(captions);
  },

  ended(error, remote) {
    view.showStatus(
      remote && !error ? `The agent hung up. ${summary()}` : summary(),
    );
    rest();
    if (error) showProblem(error.kind, error.detail);
  },
};

function heard(time) {
  const response = timer.replied(time);
  if (response !== null) parleyTalk.responses.push(response);
  captions.begun(response);
}

function begin() {
  captions = new Captions();
  timer = new ResponseTimer();
  parleyTalk.responses = [];
  captionView.show(captions);
  showProblem(null);
}

async function keepAwake() {
  try {
    wakeLock = await navigator.wakeLock?.request("screen");
  } catch {
    wakeLock = null; // a phone that saves power may refuse
  }
}

async function dial() {
  const mine = new Call(handlers);
  last?.forget();
  last = call = mine;
  begin();
  setState("calling");
  view.showStatus("Connecting; allow the microphone if you are asked");
  parleyTalk.stats = mine.stats;
  try {
    await mine.start();
  } catch (error) {
    if (call !== mine) return;
    rest();
    view.showStatus("Not connected");
    showProblem(error.kind ?? "other", error.detail ?? error.message);
    return;
  }
  began = performance.now();
  clock = setInterval(tick, CLOCK_MS);
  setState("talking");
  view.showStatus("Connected");
  tick();
  keepAwake();
}

function tick() {
  view.showClock((performance.now() - began) / 1000);
}

function hangUp() {
  if (parleyTalk.state === "talking") {
    call.hangUp();
    return;
  }
  call.close();
  rest();
  view.showStatus("Ready");
}

function press(digit) {
  if (parleyTalk.state !== "talking") return;
  call.press(digit);
  captions.addKey(digit);
  captionView.show(captions);
}

async function loadSentences() {
  try {
    const answer = await fetch(new URL("script", import.meta.url));
    if (answer.ok) view.showSentences((await answer.json()).sentences ?? []);
  } catch {
    view.showSentences([]);
  }
}

view.makeKeypad(press);
view.onTyped(press);
view.element("call").onclick = () => (call ? hangUp() : dial());
window.addEventListener("pagehide", () => call?.hangUp());
setState("idle");
if (!window.isSecureContext) showProblem("insecure");
loadSentences();
