// SPDX-License-Identifier: LGPL-2.1-or-later
// One call from this page: microphone, socket, speakers and captions.

import { microphoneProblem, socketProblem } from "./help.js";
import { MediaMessages } from "./media.js";

const CAPTIONS_WAIT = 1500; // ms; a call without captions is better than none
const LAST_CAPTIONS = 1000; // ms after the end
const TRY_AGAIN_LATER = 1013;
const NORMAL = 1000;
const LATENCY_STEP = 0.005; // s

export class CallError extends Error {
  constructor(kind, detail) {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
  }
}

const here = (path) => new URL(path, import.meta.url);

function mediaAddress() {
  const url = here("../media");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

export class Call {
  // handlers: caption(event), frame({level, time}), playout(event), cleared(),
  // ended(error): error is null if one of both hung up.
  constructor(handlers) {
    this.handlers = handlers;
    this.messages = new MediaMessages();
    this.stats = {
      framesSent: 0,
      framesReceived: 0,
      samplesPlayed: 0,
      marks: 0,
      clears: 0,
      underruns: 0,
    };
    this.early = []; // what came before the speakers were ready
    this.over = false;
  }

  // From a click: browsers start audio for those only. Throws CallError.
  async start() {
    if (!window.isSecureContext) throw new CallError("insecure");
    if (!navigator.mediaDevices || !window.AudioWorkletNode) {
      throw new CallError("unsupported");
    }
    try {
      this.context = new AudioContext({ latencyHint: "interactive" });
      await this.openMicrophone();
      await this.loadWorklet();
      await this.context.resume();
      await this.openCaptions();
      await this.openSocket();
      this.connectAudio();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async openMicrophone() {
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true },
      });
    } catch (error) {
      throw new CallError(microphoneProblem(error.name), error.message);
    }
    this.stopIfOver();
    this.microphone.getAudioTracks()[0].onended = () =>
      this.end(new CallError("missing"));
  }

  async loadWorklet() {
    try {
      await this.context.audioWorklet.addModule(here("worklet.js"));
    } catch {
      throw new CallError("unreachable");
    }
    this.stopIfOver();
  }

  // Hung up while something was awaited.
  stopIfOver() {
    if (this.over) throw new CallError("hung-up");
  }

  async openCaptions() {
    const address = here(`events/${this.messages.callSid}`);
    this.captions = new EventSource(address);
    this.captions.onmessage = ({ data }) =>
      this.handlers.caption(JSON.parse(data));
    this.captions.addEventListener("end", () => this.captions.close());
    await new Promise((resolve) => {
      this.captions.onopen = resolve;
      this.captions.onerror = resolve;
      setTimeout(resolve, CAPTIONS_WAIT);
    });
    this.stopIfOver();
  }

  async openSocket() {
    this.socket = new WebSocket(mediaAddress());
    const opened = await new Promise((resolve) => {
      this.socket.onopen = () => resolve(true);
      this.socket.onclose = () => resolve(false);
    });
    this.stopIfOver();
    if (!opened) throw new CallError(await this.whyRefused());
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code }) => this.closed(code);
    this.socket.send(this.messages.connected());
    this.socket.send(this.messages.start());
  }

  async whyRefused() {
    try {
      const answer = await fetch(here("../media"), { cache: "no-store" });
      return socketProblem(answer.status);
    } catch {
      return socketProblem(null);
    }
  }

  connectAudio() {
    const { context } = this;
    this.source = context.createMediaStreamSource(this.microphone);
    this.capture = new AudioWorkletNode(context, "parley-capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.playout = new AudioWorkletNode(context, "parley-playout", {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    this.capture.port.onmessage = ({ data }) => this.sendFrame(data);
    this.playout.port.onmessage = ({ data }) => this.played(data);
    this.source.connect(this.capture);
    this.playout.connect(context.destination);
    for (const message of this.early) this.playout.port.postMessage(message);
    this.early = null;
    this.tellLatency();
  }

  // A far loudspeaker (Bluetooth) is heard later: so are the marks passed.
  tellLatency() {
    const latency = this.context.outputLatency || this.context.baseLatency || 0;
    if (Math.abs(latency - (this.latency ?? -1)) < LATENCY_STEP) return;
    this.latency = latency;
    this.playout.port.postMessage({ latency });
  }

  send(text) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  sendFrame({ frame, level, time }) {
    if (this.over) return;
    this.send(this.messages.media(frame));
    this.stats.framesSent++;
    this.handlers.frame({ level, time });
  }

  receive(text) {
    const message = MediaMessages.read(text);
    if (!message) return;
    if (message.audio) this.stats.framesReceived++;
    if (message.clear) {
      this.stats.clears++;
      this.handlers.cleared();
    }
    if (this.early) this.early.push(message);
    else this.playout.port.postMessage(message);
  }

  played(event) {
    if (this.over) return;
    if (event.type === "mark") {
      this.stats.marks++;
      this.send(this.messages.mark(event.name));
    } else if (event.type === "level") {
      this.stats.samplesPlayed = event.played;
      this.stats.underruns = event.underruns;
      this.tellLatency();
    }
    this.handlers.playout(event);
  }

  press(digit) {
    this.send(this.messages.dtmf(digit));
  }

  hangUp() {
    this.end(null);
  }

  closed(code) {
    if (code === TRY_AGAIN_LATER) this.end(new CallError("busy"));
    else this.end(code === NORMAL ? null : new CallError("lost"), true);
  }

  end(error, remote = false) {
    if (this.over) return;
    this.send(this.messages.stop());
    this.close();
    this.handlers.ended(error, remote);
  }

  close() {
    this.over = true;
    this.socket?.close(NORMAL);
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.capture?.port.postMessage("over");
    this.playout?.port.postMessage({ over: true });
    this.context?.close();
    setTimeout(() => this.forget(), LAST_CAPTIONS);
  }

  // No more captions, not even late ones.
  forget() {
    this.captions?.close();
  }
}
