# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callers hear of services that fail or are short: docs/benches.md."""
import statistics
import time

from harness import (callers, callers_async, copied, emulator, figure, page_of,
                     percentile, serve)
from overhead import SERVICES, SILENCE_MS, milestones, settings

# What hangs, one after the other, and how the emulator calls it.
HANGING = {"stt": "openai-stt", "llm": "openai-chat", "tts": "openai-tts"}


def answers(calls):
    """From the end of the silence to the reply's first packet, in ms."""
    return [(turn["received_us"] - turn["quiet_us"]) / 1000
            for call in calls for turn in call["turns"]
            if turn["response_ms"] is not None and "quiet_us" in turn]


def good_calls(calls, hanging=None):
    """Answers of so many good calls, beside as many of a service where
    @hanging never answers, and how many requests hung there."""
    faults = [{"fault": "hang", "protocol": hanging}] if hanging else []
    options = ["--calls", calls, "--at-once", calls, "--silence", SILENCE_MS,
               "--greeting"]
    with emulator(SERVICES) as good, emulator({**SERVICES, "faults": faults}) as bad, \
            copied("pipelines/openai.pipeline",
                   ("OPENAI_BASE_URL", "BAD_URL")) as route:
        environment = settings(good.url, good.url, good.url)
        environment["BAD_URL"] = bad.url + "/v1"
        with serve("pipelines/openai.pipeline", "--route", "2=" + route,
                   **environment) as (_, url):
            if hanging:
                others = callers_async(url, *options, "--to", "2", "--turns",
                                       20)
                time.sleep(3)
            result = callers(url, *options, "--interval-ms", 54, "--turns", 4,
                             "--timeline", page_of(url))
            if hanging:
                others.terminate()
                others.wait()
            hung = sum(each["fault"] == "hang" for each in bad.records())
    return answers(result), hung


def hang(count=50):
    """So many good calls, alone and while as many others hang."""
    alone, _ = good_calls(count)
    yield figure("alone-p50", statistics.median(alone), "ms")
    yield figure("alone-p99", percentile(alone, 99), "ms")
    for kind, protocol in HANGING.items():
        beside, hung = good_calls(count, protocol)
        name = "beside-hanging-" + kind
        yield figure(name, hung, "requests hung")
        yield figure(name + "-answered", len(beside), "turns", len(alone),
                     "higher")
        yield figure(name + "-p50", statistics.median(beside), "ms")
        p99 = percentile(beside, 99)
        yield figure(name + "-p99", p99, "ms", 1.1, "lower", "alone",
                     p99 / percentile(alone, 99))


QUOTA = 10


def quota(count=50):
    """So many calls that all begin to speak at once, at a service that lets ten
    requests in at a time."""
    services = {**SERVICES, "limits": {"elevenlabs": QUOTA},
                "tts": {"ms_per_character": 40, "chunk_ms": 60, "speed": 8}}
    with emulator(services) as service, \
            copied("pipelines/deepgram.pipeline",
                   ("provider=elevenlabs",
                    "provider=elevenlabs transport=http")) as pipeline:
        environment = settings(*[service.url] * 3)
        environment["TTS_CONCURRENT"] = str(QUOTA)
        with serve(pipeline, **environment) as (_, url):
            calls = callers(url, "--calls", count, "--at-once", count,
                            "--interval-ms", 0, "--turns", 2, "--silence",
                            SILENCE_MS, "--greeting", "--listen",
                            "--timeline", page_of(url))
        records = [each for each in service.records()
                   if each["protocol"] == "elevenlabs"]
    turns = [turn for call in calls for turn in call["turns"]]
    waits = answers(calls)
    heard = [turn for turn in turns if turn["response_ms"] is not None]
    yield figure("quota-answered", len(heard), "turns", len(turns), "higher")
    yield figure("quota-429s", sum(each["status"] == 429 for each in records),
                 "of %d requests" % len(records), 0)
    yield figure("quota-most-at-once", most_at_once(records), "requests",
                 QUOTA)
    yield figure("quota-answer-p50", statistics.median(waits), "ms")
    yield figure("quota-answer-most", max(waits), "ms")
    yield figure("quota-silence-most",
                 max(call["silence_ms"] for call in calls), "ms", 2000)
    yield figure("quota-overtaken", overtaken(turns), "turns", 0)


def most_at_once(records):
    events = sorted([(each["arrived_us"], 1) for each in records]
                    + [(each["ended_us"], -1) for each in records
                       if "ended_us" in each])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


def overtaken(turns):
    """Those whose first sentence was spoken before that of one that had asked
    over 50 ms earlier."""
    asked = sorted((ends["cloudtts-ask"], ends["tts-first-audio"])
                   for ends in (milestones(turn) for turn in turns
                                if "stages" in turn and not turn["cached"]))
    return sum(any(other[0] < each[0] - 50000 and other[1] > each[1]
                   for other in asked) for each in asked)


# All that the emulator can do wrong.
FAULTS = [{"fault": "refuse"}, {"protocol": "connection", "fault": "refuse"},
          {"fault": "401"}, {"fault": "429"},
          {"fault": "429", "retry_after": 1}, {"fault": "500"},
          {"fault": "status"}, {"fault": "hang"}, {"fault": "hang-middle"},
          {"fault": "drop"}, {"fault": "garbage"},
          {"fault": "garbage", "after": 2}, {"fault": "drip"},
          {"fault": "cut"}]
SHARE = 0.01
AT_ONCE = 200
# Silence in what the caller hears that is not to be.
LONG_MS = 2000


def faulty(seed):
    """One request in a hundred meets a fault, of any kind."""
    return {**SERVICES, "faults": [
        {**fault, "probability": SHARE / len(FAULTS), "seed": seed + i}
        for i, fault in enumerate(FAULTS)]}


def faults(count=2000):
    """So many short calls at services of which one in a hundred requests goes
    wrong."""
    with emulator(faulty(100)) as first, emulator(faulty(200)) as second, \
            serve("bench/faults.pipeline", FIRST=first.url, SECOND=second.url,
                  BENCH_KEY="bench", SILENCE=str(SILENCE_MS),
                  AFTER="800") as (_, url):
        calls = callers(url, "--calls", count, "--at-once",
                        min(count, AT_ONCE), "--interval-ms", 27, "--turns",
                        2, "--greeting", "--listen")
        records = first.records() + second.records()
    turns = [turn for call in calls for turn in call["turns"]]
    met = [each["fault"] for each in records if each["fault"]]
    silences = [call["silence_ms"] for call in calls]
    yield figure("faults-met", len(met), "of %d requests" % len(records))
    yield figure("faults-kinds", len(set(met)), "kinds")
    yield figure("faults-calls-failed",
                 sum(call["error"] is not None for call in calls),
                 "of %d calls" % len(calls), 0)
    yield figure("faults-unanswered",
                 sum(turn["response_ms"] is None for turn in turns),
                 "of %d turns" % len(turns), 0)
    yield figure("faults-long-silences",
                 sum(silence > LONG_MS for silence in silences), "calls", 0)
    yield figure("faults-silence-p50", statistics.median(silences), "ms")
    yield figure("faults-silence-most", max(silences), "ms", LONG_MS)
