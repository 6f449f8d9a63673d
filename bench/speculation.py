# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is gained by answering before the turn is over: docs/benches.md."""
import contextlib
import json
import os
import statistics
import tempfile

from harness import callers, emulator, figure, serve
from overhead import settings

SILENCE_MS = 400
TURNS = 20
DELAYS = {"stt_final": 150, "llm_first_token": 350, "tts_first_audio": 200}
NUMBERS = ("one two three four five six seven eight nine ten eleven twelve "
           "thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
           "twenty").split()
SERVICES = {
    "keys": "none",
    "stt": {"texts": ["yes please"]},
    # No two alike, so that nothing comes from a cache; all tokens at once.
    "llm": {"replies": ["Here is number %s." % each for each in NUMBERS]},
    "tts": {"ms_per_character": 20, "chunk_ms": 60},
    "delays": DELAYS,
    "records": 10000,
}


class Run:
    """One call of TURNS turns. @more: the environment of the pipeline; @stt:
    the emulator's."""

    def __init__(self, eager_silence, stt=(), **more):
        with contextlib.ExitStack() as stack:
            services = stack.enter_context(emulator(
                {**SERVICES, "stt": {**SERVICES["stt"], **dict(stt)}}))
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = services.url
            environment = {**settings(url, url, url),
                           "SILENCE": str(SILENCE_MS),
                           "EAGER_SILENCE": str(eager_silence), **more}
            with serve("pipelines/deepgram.pipeline", "--call-record-dir",
                       folder, **environment) as (_, socket):
                calls = callers(socket, "--turns", TURNS, "--silence",
                                SILENCE_MS, "--greeting")
            self.turns = [turn["response_ms"] for turn in calls[0]["turns"]
                          if turn["response_ms"] is not None]
            self.requests = sum(record["protocol"] == "openai-chat"
                                and record["method"] == "POST"
                                for record in services.records())
            self.heard = self.read_record(folder)

    @staticmethod
    def read_record(folder):
        """Who said and heard what."""
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as record:
                return [(each["role"], each["text"])
                        for each in json.load(record)["transcript"]]
        return []


def speculation():
    """Turns whose answer is begun before they are over, beside those whose is
    not."""
    with_it, without = Run(50), Run(0)
    same = bool(with_it.heard) and with_it.heard == without.heard
    return [figure("speculation-response-p50",
                   statistics.median(with_it.turns), "ms", 800),
            figure("no-speculation-response-p50",
                   statistics.median(without.turns), "ms"),
            figure("speculation-turns", len(with_it.turns), "turns", TURNS,
                   "higher"),
            figure("speculation-requests-a-turn",
                   with_it.requests / TURNS, "requests", 1.3),
            figure("speculation-same-history", int(same), "of 1", 1,
                   "higher")]
