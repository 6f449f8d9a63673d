// SPDX-License-Identifier: LGPL-2.1-or-later
// The page's elements, and what they show.

const FEW_SENTENCES = 6;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const KEY_NAMES = { "*": "star", "#": "pound" };
const METER_FLOOR = -50; // dB: the left end

export const element = (id) => document.getElementById(id);

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function showStatus(text) {
  if (element("status").textContent !== text) element("status").textContent = text;
}

export function formatTime(seconds) {
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}

export function showClock(seconds) {
  element("clock").textContent = seconds === null ? "" : formatTime(seconds);
}

// level: 0 to 1, of full scale.
export function showLevel(who, level) {
  const db = 20 * Math.log10(Math.max(level, 1e-5));
  const share = Math.max(0, Math.min(1, 1 - db / METER_FLOOR));
  element(`level-${who}`).style.transform = `scaleX(${share.toFixed(3)})`;
}

export function showHelp(help) {
  const box = element("help");
  box.replaceChildren();
  box.hidden = !help;
  if (!help) return;
  box.append(make("h2", "", help.title));
  const list = make("ul");
  for (const step of help.steps) list.append(make("li", "", step));
  box.append(list);
  box.scrollIntoView({ block: "nearest" });
}

// Captions

function fillAgent(item, entry) {
  const words = make("p", "words");
  for (const { text, heard } of entry.sentences) {
    const unheard = entry.cut ? "unsaid" : "coming";
    words.append(make("span", heard ? "" : unheard, `${text} `));
  }
  item.replaceChildren(make("span", "who", "Agent"), words);
  if (typeof entry.response === "number") {
    const seconds = (entry.response / 1000).toFixed(2);
    item.append(make("span", "response", `answered after ${seconds} s`));
  }
}

function fillCaller(item, entry) {
  const words = make("p", entry.key ? "words pressed" : "words", entry.text);
  const who = entry.key ? "You pressed" : "You";
  item.replaceChildren(make("span", "who", who), words);
}

export class CaptionView {
  constructor() {
    this.items = new Map(); // entry id to {item, shown}
  }

  show(captions) {
    const scroll = element("scroll");
    const atEnd =
      scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    element("empty").hidden = captions.entries.length > 0 || !!captions.partial;
    this.forget(new Set(captions.entries.map(({ id }) => id)));
    for (const entry of captions.entries) this.showEntry(entry);
    element("partial").textContent = captions.partial;
    element("partial").hidden = !captions.partial;
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  }

  forget(kept) {
    for (const [id, { item }] of this.items) {
      if (kept.has(id)) continue;
      item.remove();
      this.items.delete(id);
    }
  }

  showEntry(entry) {
    const state = JSON.stringify(entry);
    let known = this.items.get(entry.id);
    if (known?.shown === state) return;
    if (!known) {
      known = { item: make("div", `caption ${entry.who}`) };
      this.items.set(entry.id, known);
      element("captions").append(known.item);
    }
    known.shown = state;
    (entry.who === "agent" ? fillAgent : fillCaller)(known.item, entry);
  }
}

// What the script understands

export function showSentences(sentences) {
  const different = [...new Set(sentences)];
  const list = element("sentences");
  element("say").hidden = different.length === 0;
  list.replaceChildren(...different.map((text) => make("li", "", text)));
  const showFew = (few) => {
    different.forEach((_, i) => {
      list.children[i].hidden = few && i >= FEW_SENTENCES;
    });
    element("more").setAttribute("aria-expanded", String(!few));
    element("more").textContent = few ? `Show all ${different.length}` : "Show fewer";
  };
  element("more").hidden = different.length <= FEW_SENTENCES;
  element("more").onclick = () => showFew(!list.lastChild.hidden);
  showFew(true);
}

// Keys

export function makeKeypad(press) {
  const pad = element("keypad");
  for (const digit of KEYS) {
    const key = make("button", "key", digit);
    key.type = "button";
    key.dataset.digit = digit;
    if (KEY_NAMES[digit]) key.setAttribute("aria-label", KEY_NAMES[digit]);
    key.onclick = () => press(digit);
    pad.append(key);
  }
  element("keys").onclick = () => {
    pad.hidden = !pad.hidden;
    element("keys").setAttribute("aria-expanded", String(!pad.hidden));
  };
}

// In a call the keys of the keyboard count too.
export function onTyped(press) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (KEYS.includes(event.key)) press(event.key);
  });
}

// state: "idle", "calling" or "talking".
export function showState(state) {
  const button = element("call");
  document.body.dataset.state = state;
  element("call-text").textContent = state === "idle" ? "Call" : "Hang up";
  for (const key of document.querySelectorAll(".key")) {
    key.disabled = state !== "talking";
  }
  button.classList.toggle("active", state !== "idle");
}
