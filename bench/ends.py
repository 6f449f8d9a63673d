# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it changes who decides that a turn is over: docs/benches.md."""
import statistics

from harness import figure
from speculation import Run

# What the service thinks a turn is over after, and what it may be over after.
STT = {"silence_ms": 260, "eager_ms": 160}
WAYS = ("local", "provider", "both")


def ends():
    """Flux decides, or silence, or whoever is first."""
    runs = {way: Run(50, STT, STT_MODEL="flux-general-en", ENDPOINTING=way)
            for way in WAYS}
    heard = [run.heard for run in runs.values()]
    rows = [figure("%s-end-response-p50" % way,
                   statistics.median(run.turns), "ms")
            for way, run in runs.items()]
    rows += [figure("%s-end-requests-a-turn" % way,
                    run.requests / len(run.turns), "requests", 1.3)
             for way, run in runs.items()]
    same = bool(heard[0]) and all(each == heard[0] for each in heard)
    rows.append(figure("ends-same-history", int(same), "of 1", 1, "higher"))
    return rows
