# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Parley adds to the services' own times: docs/benches.md."""
import contextlib
import os
import statistics

from harness import (callers, copied, emulator, figure, page_of, percentile,
                     serve)

SILENCE_MS = 200
# Number and text differ each time, so that nothing comes from a cache.
REPLY = "Answer number {n} is ready now. Do you want number {n} read out " \
        "again or would you rather hear another one?"
WORDS = 6
# No request takes longer from an element to its service, in µs.
LONGEST_US = 2000000
# What took less was no model's answer.
LLM_LEAST_US = 20000
# The services' times, short of what they are in the world, and the way there.
DELAYS = {"connection": 20, "handshake": 20, "stt_final": 30,
          "llm_first_token": 60, "tts_first_audio": 40}
SERVICES = {
    "keys": "none",
    "stt": {"texts": ["yes please"]},
    "llm": {"replies": [REPLY], "tokens_per_second": 60},
    "tts": {"ms_per_character": 4, "chunk_ms": 60},
    "delays": DELAYS,
    "records": 100000,
}


def settings(stt, llm, tts):
    """Of the pipelines, for services at these."""
    return {
        "SILENCE": str(SILENCE_MS), "EAGER_SILENCE": "0", "GREETING": "Hi.",
        "TTS_CONCURRENT": "500",
        "STT_URL": stt, "LLM_URL": llm + "/v1", "TTS_URL": tts,
        "AZURE_URL": stt, "OPENAI_BASE_URL": llm + "/v1",
        "OPENAI_API_KEY": "bench", "DEEPGRAM_API_KEY": "bench",
        "ELEVENLABS_API_KEY": "bench", "AZURE_SPEECH_KEY": "bench",
        "OPENROUTER_API_KEY": "bench",
    }


def moments(flow, *what):
    return [each["at_us"] for each in flow["list"]
            if not what or each["what"] in what]


class Stage:
    """What a service was asked for and when it answered: (arrival, departures)
    in the order of the arrivals."""

    def __init__(self):
        self.asked = []

    def match(self, at):
        """The first one, not taken yet, that arrived after @at."""
        for i, (arrival, departures) in enumerate(self.asked):
            if at <= arrival < at + LONGEST_US:
                del self.asked[i]
                return arrival, departures
        return None


def read_socket(stage, arrivals, departures):
    """A websocket: what leaves after an arrival, up to the next one's."""
    for arrival in arrivals:
        stage.asked.append((arrival, [at for at in departures
                                      if at >= arrival]))


def read_records(records):
    """The three stages."""
    stt, llm, tts = Stage(), Stage(), Stage()
    for record in records:
        protocol = record["protocol"]
        arrivals, departures = record["arrivals"], record["departures"]
        if protocol == "deepgram":
            read_socket(stt, moments(arrivals, "ask"),
                        moments(departures, "transcript"))
        elif protocol == "elevenlabs-multi":
            read_socket(tts, moments(arrivals, "ask"),
                        moments(departures, "audio"))
        elif protocol in ("openai-stt", "openai-tts", "openai-chat"):
            stage = {"stt": stt, "tts": tts, "chat": llm}[protocol[7:]]
            if "complete_us" in record and record["status"] == 200:
                stage.asked.append((record["complete_us"],
                                    moments(departures)))
    for stage in (stt, llm, tts):
        stage.asked.sort()
    return stt, llm, tts


def milestones(turn):
    """When each stage ended."""
    at, ends = turn["begin_us"], {}
    for name, took in turn["stages"].items():
        at += took
        ends[name] = at
    return ends


def parts(turn, stt, llm, tts, words=WORDS):
    """Of one turn, in ms: {"to_stt", "to_llm", "to_tts", "to_caller"}, what is
    ours between the services; without those that a cache took the place of.
    None if a service was not asked."""
    ends = milestones(turn)
    heard = stt.match(ends["cloudstt-inbox"])
    # A cache answers at once, a model takes its time.
    thought = llm.match(ends["llmchat-ask"]) \
        if turn["stages"]["llm-first-token"] > LLM_LEAST_US else None
    if not heard or not (thought or turn["cached"]):
        return None
    # The last that left before the text was known, and the token by which the
    # first sentence is known to be over: the one behind its full stop.
    final = [at for at in heard[1] if at <= ends["stt"]]
    if not final:
        return None
    part, last = {"to_stt": heard[0] - turn["quiet_us"]}, final[-1]
    if thought:
        part["to_llm"] = thought[0] - last
        last = thought[1][min(words + 1, len(thought[1]) - 1)]
    if not turn["cached"]:
        spoken = tts.match(ends["cloudtts-ask"])
        if not spoken or not spoken[1]:
            return None
        part["to_tts"] = spoken[0] - last
        last = spoken[1][0]
    part["to_caller"] = turn["received_us"] - last
    return {name: us / 1000 for name, us in part.items()}


class Run:
    """Turns with their parts."""

    def __init__(self, mix, calls, turns, at_once=1, pipeline=None,
                 **services):
        pipeline = pipeline or "pipelines/%s.pipeline" % mix
        config = {**SERVICES, **services}
        with contextlib.ExitStack() as stack:
            # A process each, where each has an address.
            three = [stack.enter_context(emulator(config)) for _ in range(3)]
            _, url = stack.enter_context(serve(pipeline, **settings(
                *(each.url for each in three))))
            self.calls = callers(
                url, "--calls", calls, "--at-once", at_once, "--turns",
                turns, "--interval-ms", 27, "--silence", SILENCE_MS,
                "--greeting", "--timeline", page_of(url))
            records = [each.records() for each in three]
        self.join(read_records(sum(records, [])))

    def join(self, stages):
        turns = [turn for each in self.calls for turn in each["turns"]]
        self.asked = len(turns)
        turns = [turn for turn in turns
                 if turn["response_ms"] is not None and "stages" in turn]
        for turn in sorted(turns, key=lambda turn: turn["quiet_us"]):
            turn["parts"] = parts(turn, *stages)
        self.turns = [turn for turn in turns if turn["parts"]]

    def overheads(self, turns=None):
        return [sum(turn["parts"].values())
                for turn in (self.turns if turns is None else turns)]

    def answers(self):
        """From the end of that silence to the reply's first packet."""
        return [(turn["received_us"] - turn["quiet_us"]) / 1000
                for turn in self.turns]

    def nth(self, n):
        """Those of the nth turns of the calls."""
        return [call["turns"][n] for call in self.calls
                if len(call["turns"]) > n and call["turns"][n].get("parts")]


def shown(name, run):
    over = run.overheads()
    median = {part: statistics.median(turn["parts"][part]
                                      for turn in run.turns)
              for part in run.turns[0]["parts"]}
    yield figure(name + "-turns", len(run.turns), "of %d turns" % run.asked)
    yield figure(name + "-p50", statistics.median(over), "ms", 5)
    yield figure(name + "-p99", percentile(over, 99), "ms", 15)
    for part, value in median.items():
        yield figure("  %s-p50" % part, value, "ms")


def overhead(count=200):
    """@count turns for each of the two mixes, of one call at a time and of a
    hundred at once; then the same turn without what makes it fast."""
    yield figure("load", os.getloadavg()[0], "processes")
    one = {}
    for mix in ("deepgram", "openai"):
        one[mix] = Run(mix, max(count // 10, 1), 10)
        yield from shown("overhead-1-" + mix, one[mix])
        yield from shown("overhead-100-" + mix,
                         Run(mix, 100, max(count * 3 // 200, 1), 100))
    yield from gains(one["openai"], count)


def gains(warm, count):
    mix, calls = "openai", max(count // 40, 1)
    whole = {"replies": [REPLY.replace(".", "")], "tokens_per_second": 60}
    yield figure("answer-p50", statistics.median(warm.answers()), "ms")
    run = Run(mix, calls, 10, keep_alive=False)
    yield figure("answer-cold-p50", statistics.median(run.answers()), "ms")
    yield figure("overhead-cold-p50", statistics.median(run.overheads()), "ms")
    run = Run(mix, calls, 10, llm=whole)
    yield figure("answer-whole-p50", statistics.median(run.answers()), "ms")
    first, tenth = [statistics.median(warm.overheads(warm.nth(n)))
                    for n in (0, 9)]
    yield figure("overhead-first-turn", first, "ms", round(tenth + 1, 3))
    yield figure("overhead-tenth-turn", tenth, "ms")
    with copied("pipelines/openai.pipeline",
                ("model=${LLM_MODEL:-gpt-4o-mini}",
                 "cache-scope=question")) as caching:
        run = Run(mix, calls, 10, pipeline=caching,
                  llm={"replies": ["Good. Bye."]})
    cached = [turn["parts"]["to_caller"] for turn in run.turns
              if turn["cached"] and "to_llm" not in turn["parts"]]
    yield figure("cached-turns", len(cached), "of %d turns" % run.asked)
    yield figure("cached-p50", statistics.median(cached), "ms")
    yield figure("cached-p99", percentile(cached, 99), "ms", 10)
