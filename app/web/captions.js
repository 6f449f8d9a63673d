// SPDX-License-Identifier: LGPL-2.1-or-later
// What both sides said, from the server's caption events and from what was
// heard. No DOM here; talk.js shows `entries` and `partial`.

export class Captions {
  constructor() {
    // {id, who: "caller", turn, text}
    // {id, who: "agent", turn, reply, sentences: [{number, text, heard}],
    //  cut, response}
    this.entries = [];
    this.partial = ""; // what the caller says, as far as it is understood
    this.ids = 0;
  }

  // {"who","text","final","turn","reply","sentence"} of the server.
  apply(event) {
    if (event.who === "agent") this.addSentence(event);
    else if (event.final) this.addCaller(event);
    else this.partial = event.text;
  }

  add(entry) {
    entry.id = ++this.ids;
    this.entries.push(entry);
    return entry;
  }

  addCaller({ turn, text }) {
    const known = this.entries.find(
      (entry) => entry.who === "caller" && !entry.key && entry.turn === turn,
    );
    this.partial = "";
    if (known) known.text = text;
    else this.add({ who: "caller", turn, text });
  }

  addKey(digit) {
    const last = this.entries.at(-1);
    if (last?.key) last.text += ` ${digit}`;
    else this.add({ who: "caller", key: true, text: digit });
  }

  addSentence({ turn, reply, sentence, text }) {
    let entry = this.replyEntry(reply);
    if (!entry) {
      this.dropUnheard(turn);
      entry = this.add({ who: "agent", turn, reply, sentences: [], cut: false });
    }
    if (entry.sentences.some(({ number }) => number === sentence)) return;
    entry.sentences.push({ number: sentence, text, heard: false });
    entry.sentences.sort((a, b) => a.number - b.number);
  }

  replyEntry(reply) {
    return this.entries.find(
      (entry) => entry.who === "agent" && entry.reply === reply,
    );
  }

  // Another reply to the same turn replaces one that nobody heard.
  dropUnheard(turn) {
    this.entries = this.entries.filter(
      (entry) =>
        entry.who !== "agent" ||
        entry.turn !== turn ||
        entry.sentences.some(({ heard }) => heard),
    );
  }

  // Sound began: that of the newest reply. response: ms since the caller
  // stopped, or null.
  begun(response) {
    const entry = this.entries.findLast(({ who }) => who === "agent");
    if (!entry) return;
    const first = entry.sentences.find(({ heard }) => !heard);
    if (first) first.heard = true;
    entry.cut = false;
    entry.response ??= response;
  }

  // A mark of the server was passed: e<reply>:<sentence>:….
  passed(mark) {
    const match = /^e(\d+):(\d+):/.exec(mark);
    const entry = match && this.replyEntry(Number(match[1]));
    if (!entry) return;
    for (const sentence of entry.sentences) {
      if (sentence.number <= Number(match[2])) sentence.heard = true;
    }
  }

  // What was not heard yet will not be, unless the server sends it again.
  cleared() {
    const entry = this.entries.findLast(({ who }) => who === "agent");
    if (entry) entry.cut = true;
  }

  ended() {
    this.partial = "";
  }
}
