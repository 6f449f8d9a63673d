#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""endpoint_smart.py FOLDER ASKED.csv: what Smart Turn says of turns.

The model and what it is fed with are those of the package pipecat-ai. As there,
it is asked when 200 ms of silence are over, with what was said since the turn
began, and if it says "incomplete" the turn goes on: until it is asked again, or
silence has lasted for 3 s. ASKED.csv says when that silence was over. Prints
turn, the moment in ms and its probability that the turn is complete."""
import csv
import importlib.util
import os
import sys
import time
import wave

import numpy
import onnxruntime

PACKAGE = os.path.join("pipecat", "audio", "turn", "smart_turn")
SECONDS = 8


def package_folder():
    for folder in sys.path:
        path = os.path.join(folder, PACKAGE)
        if os.path.isdir(path):
            return path
    sys.exit("pipecat-ai is not installed, or has no Smart Turn any more")


def load(folder):
    """The session and the function that makes features: by their files, as the
    package itself needs much more than is installed."""
    data = os.path.join(folder, "data")
    models = [name for name in os.listdir(data) if name.endswith(".onnx")]
    if not models:
        sys.exit("this pipecat-ai has no Smart Turn model")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.path.join(data, sorted(models)[-1]), options,
        providers=["CPUExecutionProvider"])
    spec = importlib.util.spec_from_file_location(
        "features", os.path.join(folder, "_whisper_features.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return session, module.compute_whisper_log_mel_features


def low_pass():
    taps = numpy.arange(-32, 33)
    return numpy.sinc(taps / 2) * numpy.hanning(67)[1:-1]


def to_16khz(samples, filter_taps=low_pass()):
    wide = numpy.zeros(2 * len(samples), numpy.float32)
    wide[::2] = samples
    return numpy.convolve(wide, filter_taps, "same").astype(numpy.float32)


def read(path):
    with wave.open(path) as sound:
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()),
                                   numpy.int16)
    return samples.astype(numpy.float32) / 32768


def main():
    folder, asked = sys.argv[1:]
    session, features = load(package_folder())
    print("turn,at_ms,probability")
    spent, times = 0.0, 0
    with open(asked, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        samples = read(os.path.join(folder, row["turn"] + ".wav"))
        for moment in row["at_ms"].split(";") if row["at_ms"] else []:
            # From half a second before the speech, which begins at 1 s.
            heard = to_16khz(samples[4000:int(moment) * 8])
            start = time.thread_time()
            heard = heard[-16000 * SECONDS:]
            heard = numpy.pad(heard, (16000 * SECONDS - len(heard), 0))
            fed = features(heard, do_normalize=True)[None]
            odds = session.run(None, {"input_features": fed})[0]
            spent += time.thread_time() - start
            times += 1
            print("%s,%s,%.4f" % (row["turn"], moment, odds.reshape(-1)[0]))
    print("smart turn: %.1f ms of CPU each time it is asked"
          % (spent / max(times, 1) * 1000), file=sys.stderr)


if __name__ == "__main__":
    main()
