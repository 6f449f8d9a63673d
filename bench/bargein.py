# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers who talk into replies, and what stops them: docs/benches.md."""
import audioop
import contextlib
import glob
import json
import math
import os
import random
import statistics
import subprocess
import tempfile
import wave

from harness import BUILD, copied, emulator, figure, percentile, serve

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = "/usr/share/asterisk/sounds/en_US_f_Allison"
CALLS = 36
RATE = 8000
STEP = RATE // 100
REPLIES, SENTENCES = 24, 3
NAMES = ("Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo "
         "Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform "
         "Victor Whiskey Yankee Zulu").split()
ORDINALS = "one two three".split()
# Of those that vad_voices.sh collects, who say words and sentences.
VOICES = ["english", "french", "potato-uk", "russian"]
# A caller's loudness, in dBFS of what is active.
LEVELS = (-18, -26, -34)
# Short words over a reply, and who says them: provider, voice.
LISTENERS = (("flite", "slt"), ("flite", "rms"), ("flite", "awb"),
             ("espeak", "en-us"), ("espeak", "en-gb"))
BACKCHANNELS = ("uh huh", "yeah", "ok", "okay", "right", "i see", "oh", "sure")
# How many of each.
EVENTS = {"words": 150, "cough": 60, "click": 30, "knock": 30, "hm": 40,
          "backchannel": 80}
# Of what the caller hears on its way back, dB; how many calls, and replies in
# each.
LOSSES = (10, 20, 30)
ECHO_CALLS, ECHO_REPLIES = 36, 5
DELAYS = {"llm_first_token": 150, "tts_first_audio": 80}


# Samples are 16 bit, in bytes.

def read_wav(path):
    with contextlib.suppress(wave.Error, EOFError):
        with wave.open(path) as sound:
            if (sound.getframerate(), sound.getnchannels(),
                    sound.getsampwidth()) == (RATE, 1, 2):
                return sound.readframes(sound.getnframes())
    return b""


def powers(samples):
    """Of each 10 ms."""
    return [audioop.rms(samples[at:at + 2 * STEP], 2)
            for at in range(0, len(samples) - 2 * STEP + 1, 2 * STEP)]


def trimmed(samples):
    """From the first to the last 30 ms that are within 25 dB of the loudest:
    what is speech by the clean signal."""
    rms = powers(samples)
    least = max(rms, default=0) / 10 ** (25 / 20)
    loud = [i for i in range(len(rms) - 2) if min(rms[i:i + 3]) > least]
    return samples[2 * STEP * loud[0]:2 * STEP * (loud[-1] + 3)] if loud \
        else samples


def at_level(samples, level):
    """With its active parts at @level dBFS."""
    rms = powers(samples)
    most = max(rms, default=0)
    active = [value for value in rms if value > most / 10]
    if not active:
        return b""
    mean = math.sqrt(sum(value * value for value in active) / len(active))
    return audioop.mul(samples, 2, 32768 * 10 ** (level / 20) / mean)


def first_phrase(samples, longest=2.5):
    """What is said before the first pause of 250 ms; empty if too short."""
    rms = powers(samples)
    most = max(rms, default=0)
    quiet = 0
    for i, value in enumerate(rms):
        quiet = quiet + 1 if value < most / 30 else 0
        if quiet == 25 or i == longest * 100:
            samples = samples[:2 * STEP * (i - quiet)]
            break
    return samples if len(samples) > 2 * RATE * 0.5 else b""


def marked(mulaw, number):
    """As bench/marked.h has it; whole blocks."""
    out = bytearray(mulaw[:len(mulaw) // 64 * 64])
    for at in range(0, len(out), 64):
        block = at // 64
        word = (0xa53c << 48 | number << 32 | block << 16
                | (number * 40503 + block * 31153) & 0xffff)
        for i in range(64):
            out[at + i] = out[at + i] & 0xfe | word >> (63 - i) & 1
    return bytes(out)


# What there is to say

def recordings():
    """Voices, coughs and hums, as vad_voices.sh lays them out."""
    folder = os.path.join(BUILD, "vad", "voices")
    subprocess.run([os.path.join(HERE, "vad_voices.sh"), folder, "noises"],
                   check=True)
    return folder


def distinct(pattern):
    """Different recordings, but for those of tones and silence."""
    found = {}
    for path in sorted(glob.glob(pattern)):
        if any(word in path for word in ("beep", "tone", "silence")):
            continue
        samples = read_wav(path)
        if samples:
            found.setdefault(samples, path)
    return list(found)


def spoken(folder, provider, voice, text):
    """@text in a voice of this machine."""
    path = os.path.join(folder, "spoken.wav")
    plugins = os.path.join(BUILD, "gst-plugins", "elements")
    line = ("fdsrc ! text/x-raw,format=utf8 ! cloudtts provider=%s voice=%s "
            "! audio/x-raw ! audioconvert ! audioresample ! audio/x-raw,"
            "rate=8000,channels=1,format=S16LE ! wavenc ! filesink location=%s"
            % (provider, voice, path))
    subprocess.run(["gst-launch-1.0", "-q", *line.split()], input=text + "\n",
                   text=True, check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "GST_PLUGIN_PATH": plugins})
    return read_wav(path)


def click(chance):
    """A handset, a switch: 1 to 20 ms."""
    n = chance.randint(8, 160)
    return pack(chance.uniform(-1, 1) * math.exp(-3 * i / n) for i in range(n))


def knock(chance):
    """Three or four on a door: a damped board and the noise of the hand."""
    out, pitch = [], chance.uniform(120, 260)
    for _ in range(chance.randint(3, 4)):
        out += [math.exp(-i / 200) * (math.sin(2 * math.pi * pitch * i / RATE)
                                      + chance.uniform(-0.5, 0.5))
                for i in range(int(RATE * chance.uniform(0.13, 0.22)))]
    return pack(out)


def pack(values):
    values = list(values)
    most = max(abs(value) for value in values)
    return b"".join(int(value / most * 30000).to_bytes(2, "little",
                                                       signed=True)
                    for value in values)


def phrases(folder, voice, count):
    """The first phrases of a voice's recordings."""
    found = []
    for samples in distinct(os.path.join(folder, voice, "*.wav")):
        phrase = trimmed(first_phrase(trimmed(samples)))
        if phrase:
            found.append(phrase)
    step = max(len(found) // count, 1)
    return found[::step][:count]


class Script:
    """Writes the folder that bench-bargein and the emulator work from."""

    def __init__(self, folder, chance):
        self.folder, self.chance = folder, chance
        self.sounds = []

    def add(self, kind, text, voice, samples):
        """A caller's sound, at all levels."""
        for level in LEVELS:
            number = len(self.sounds) + 1
            name = "%d.ulaw" % number
            mulaw = audioop.lin2ulaw(at_level(samples, level), 2)
            with open(os.path.join(self.folder, name), "wb") as out:
                out.write(marked(mulaw, number))
            self.sounds.append({"kind": kind, "text": text, "voice": voice,
                                "level": level, "file": name})

    def add_callers(self):
        voices = recordings()
        test = os.path.join(voices, "test")
        for voice in VOICES:
            for i, phrase in enumerate(phrases(test, voice, 16)):
                self.add("words", "i have a question about %s %d"
                         % (NAMES[i].lower(), i), voice, phrase)
        for kind, text in (("cough", ""), ("hm", "Hmm.")):
            for i, samples in enumerate(distinct(
                    os.path.join(voices, "noises", kind, "*.wav"))):
                self.add(kind, text, "%s %d" % (kind, i), trimmed(samples))
        for i in range(8):
            self.add("click", "", "click %d" % i, click(self.chance))
            self.add("knock", "", "knock %d" % i, knock(self.chance))

    def add_backchannels(self):
        for provider, voice in LISTENERS:
            for text in BACKCHANNELS:
                samples = trimmed(spoken(self.folder, provider, voice, text))
                self.add("backchannel", text, voice, samples)

    def add_replies(self):
        """The agent's sentences; returns what the emulator says."""
        found = [trimmed(samples) for samples in
                 distinct(os.path.join(AGENT, "*.wav"))]
        found = [samples for samples in found
                 if 1.4 < len(samples) / 2 / RATE < 3.5]
        self.chance.shuffle(found)
        audio, replies = [], []
        for reply in range(REPLIES):
            texts, sounds, before = [], [], 0
            for sentence in range(SENTENCES):
                name = "%s %s %s" % (NAMES[reply], NAMES[reply + 1],
                                     ORDINALS[sentence])
                sound = self.add_sentence(found.pop(), audio, name)
                sound.update(reply=reply, sentence=sentence, before=before,
                             sentences=SENTENCES)
                before += sound["blocks"]
                sounds.append(sound)
                texts.append(name + ".")
            for sound in sounds:
                sound["whole"] = before
            replies.append(" ".join(texts))
        return audio, replies

    def add_sentence(self, samples, audio, name):
        number = len(self.sounds) + 1
        mulaw = marked(audioop.lin2ulaw(at_level(samples, -20), 2), number)
        path = "%d.wav" % number
        with wave.open(os.path.join(self.folder, path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(audioop.ulaw2lin(mulaw, 2))
        audio.append({"when": name, "file": path})
        self.sounds.append({"kind": "reply", "text": name,
                            "blocks": len(mulaw) // 64})
        return self.sounds[-1]

    def write_echo(self):
        """Each call has an echo; half of them only listen, the others talk
        into it at the middle level."""
        voices = sorted({sound["voice"] for sound in self.sounds
                         if sound["kind"] == "words"})
        calls = []
        for i in range(ECHO_CALLS):
            words = self.numbers("words", LEVELS[1],
                                 voices[i // 6 % len(voices)])
            events = [self.chance.choice(words) for _ in range(ECHO_REPLIES)]
            calls.append({"events": [0] * ECHO_REPLIES if i % 2 else events,
                          "prompts": words,
                          "loss": LOSSES[i // 2 % len(LOSSES)],
                          "delay": self.chance.randint(60, 600)})
        self.write_calls(calls)

    def write(self):
        """Each call is one voice at one level, with its share of all kinds."""
        calls = [{"events": [], "prompts": []} for _ in range(CALLS)]
        voices = sorted({sound["voice"] for sound in self.sounds
                         if sound["kind"] == "words"})
        for i, call in enumerate(calls):
            voice = voices[i % len(voices)]
            level = LEVELS[i // len(voices) % len(LEVELS)]
            call["prompts"] = self.numbers("words", level, voice)
            for kind, count in EVENTS.items():
                numbers = self.numbers(kind, level, voice)
                self.chance.shuffle(numbers)
                call["events"] += [numbers[each % len(numbers)]
                                   for each in range(i, count, CALLS)]
            self.chance.shuffle(call["events"])
        self.write_calls(calls)

    def write_calls(self, calls):
        with open(os.path.join(self.folder, "script.json"), "w",
                  encoding="utf-8") as out:
            json.dump({"sounds": self.sounds, "calls": calls}, out)

    def numbers(self, kind, level, voice):
        """Of the sounds; words are said in the call's own voice."""
        return [number for number, sound in enumerate(self.sounds, 1)
                if sound["kind"] == kind and sound["level"] == level
                and (kind != "words" or sound["voice"] == voice)]


def settings(ears, services, greeting):
    """Of deepgram.pipeline: nothing but addresses and names."""
    return {"STT_URL": ears, "LLM_URL": services + "/v1",
            "TTS_URL": services, "GREETING": greeting,
            "TTS_CONCURRENT": "500", "OPENAI_API_KEY": "bench",
            "DEEPGRAM_API_KEY": "bench", "ELEVENLABS_API_KEY": "bench"}


def talk(folder, audio, replies, pipeline="pipelines/deepgram.pipeline"):
    """What came of all events, and of the calls."""
    config = {"keys": "none", "llm": {"replies": replies[1:]},
              "tts": {"audio": audio, "chunk_ms": 60, "speed": 4},
              "delays": DELAYS, "records": 100}
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(emulator(config, folder))
        bench = stack.enter_context(subprocess.Popen(
            [os.path.join(BUILD, "bench", "bench-bargein"), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True))
        ears = "http://127.0.0.1:%s" % bench.stdout.readline().strip()
        _, url = stack.enter_context(serve(
            pipeline, **settings(ears, services.url, replies[0])))
        printed, _ = bench.communicate(url + "\n")
    rows = [json.loads(line) for line in printed.splitlines()]
    with open(os.path.join(BUILD, "bench-bargein.json"), "a",
              encoding="utf-8") as out:
        out.writelines(line + "\n" for line in printed.splitlines())
    return ([row for row in rows if row["kind"] != "call"],
            [row for row in rows if row["kind"] == "call"])


def share(events, predicate):
    return 100 * sum(map(predicate, events)) / max(len(events), 1)


def is_cut(event):
    return event["outcome"] != "whole"


def figures(events, calls):
    words = [event for event in events if event["kind"] == "words"]
    others = [event for event in events if event["kind"] != "words"]
    clears = [event["clear_ms"] for event in words
              if event["clear_ms"] is not None]
    pauses = [event["pause_ms"] for event in others
              if event["pause_ms"] is not None]
    yield figure("barge-in-events", len(words), "events", EVENTS["words"],
                 "higher")
    yield figure("barge-in-clear-p50", statistics.median(clears), "ms", 150)
    yield figure("barge-in-clear-p95", percentile(clears, 95), "ms")
    yield figure("barge-in-missed", share(
        words, lambda event: event["clear_ms"] is None or not is_cut(event)),
        "%", 0)
    yield figure("false-interruptions", share(others, is_cut), "%", 2)
    for kind in EVENTS:
        if kind != "words":
            yield from kind_figures(kind, [event for event in others
                                           if event["kind"] == kind])
    yield figure("false-pause-p50", statistics.median(pauses), "ms")
    yield figure("false-pause-p95", percentile(pauses, 95), "ms")
    yield figure("clears", sum(call["clears"] for call in calls), "clears")
    yield figure("stale-after-clear", sum(call["stale"] for call in calls),
                 "blocks of 8 ms", 0)
    yield figure("barge-in-calls-failed", sum(call["error"] is not None
                                              for call in calls), "calls", 0)


def kind_figures(kind, events):
    yield figure("false-%s" % kind, share(events, is_cut), "% cut")
    yield figure("paused-%s" % kind, share(
        events, lambda event: event["clear_ms"] is not None),
        "%% of %d" % len(events))


def paused_share(events, loss):
    return share([event for event in events if event["kind"] == "nothing"
                  and event["loss"] == loss],
                 lambda event: event["clear_ms"] is not None)


def echo_figures(events, without):
    """@without: the same with echo-suppression=false."""
    for loss in LOSSES:
        yield figure("echo-%d-pauses" % loss, paused_share(events, loss),
                     "% of replies")
        yield figure("echo-%d-pauses-off" % loss, paused_share(without, loss),
                     "% of replies")
        clears = [event["clear_ms"] for event in events
                  if event["kind"] == "words" and event["loss"] == loss]
        found = [clear for clear in clears if clear is not None]
        yield figure("echo-%d-clear-p50" % loss, statistics.median(found),
                     "ms")
        yield figure("echo-%d-clear-p95" % loss, percentile(found, 95), "ms")
        yield figure("echo-%d-missed" % loss,
                     100 - 100 * len(found) / len(clears), "%")


def echoes(folder, script, audio, replies):
    script.write_echo()
    events, _ = talk(folder, audio, replies)
    with copied("pipelines/deepgram.pipeline", (
            "vadendpoint ", "vadendpoint echo-suppression=false ")) as off:
        without, _ = talk(folder, audio, replies, off)
    return echo_figures(events, without)


def bargein():
    """Into replies: words, coughs, clicks, knocks and what listeners say, at
    random moments. All events are left in build/bench-bargein.json."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(BUILD, "bench-bargein.json"))
    with tempfile.TemporaryDirectory() as folder:
        script = Script(folder, random.Random(1))
        script.add_callers()
        script.add_backchannels()
        audio, replies = script.add_replies()
        script.write()
        rows = list(figures(*talk(folder, audio, replies)))
        return rows + list(echoes(folder, script, audio, replies))
