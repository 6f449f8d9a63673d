#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vad_silero.py DIR: what Silero says about each frame of the scenes that
bench-vad-noise made in DIR, as NAME.silero, and what it costs in
silero-cpu.csv. The model is that of the package silero-vad; its probability of
each 32 ms counts for the frames whose middle lies in them, from 0.5 on. What its
own VADIterator would settle for with its defaults is NAME.silero-settled.
"""
import csv
import importlib.util
import os
import sys
import time

import numpy
import onnxruntime

RATE, CHUNK, CONTEXT, FRAME = 8000, 256, 32, 80


def load():
    package = importlib.util.find_spec("silero_vad").submodule_search_locations
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        os.path.join(package[0], "data", "silero_vad.onnx"), options,
        providers=["CPUExecutionProvider"])


def listen(session, samples):
    """The probability of speech in each whole chunk."""
    state = numpy.zeros((2, 1, 128), numpy.float32)
    rate = numpy.array(RATE, numpy.int64)
    padded = numpy.concatenate([numpy.zeros(CONTEXT, numpy.float32), samples])
    odds = []
    for at in range(0, len(samples) - CHUNK + 1, CHUNK):
        heard = padded[at:at + CONTEXT + CHUNK].reshape(1, -1)
        out, state = session.run(
            None, {"input": heard, "state": state, "sr": rate})
        odds.append(float(out[0, 0]))
    return odds


def settle(odds, frames):
    """Begins from 0.5 on, ends below 0.35 for 100 ms, both padded by 30 ms."""
    voice = numpy.zeros(frames, numpy.uint8)
    begin = end = None
    pad, silence = 30 * RATE // 1000, 100 * RATE // 1000

    def add(first, last):
        voice[max(round(first / FRAME), 0):round(last / FRAME)] = 1
    for i, chance in enumerate(odds):
        now = (i + 1) * CHUNK
        if chance >= 0.5:
            end = None
            if begin is None:
                begin = now - CHUNK - pad
        elif chance < 0.35 and begin is not None:
            end = now if end is None else end
            if now - end >= silence:
                add(begin, end + pad - CHUNK)
                begin = end = None
    if begin is not None:
        add(begin, frames * FRAME)
    return voice


def main():
    folder = sys.argv[1]
    session = load()
    cpu = seconds = 0.0
    with open(os.path.join(folder, "scenes.csv"), encoding="ascii") as scenes:
        names = [row[0] for row in csv.reader(scenes)]
    for name in names:
        path = os.path.join(folder, name)
        samples = numpy.fromfile(path + ".raw", numpy.int16)
        start = time.thread_time()
        odds = listen(session, samples.astype(numpy.float32) / 32768)
        cpu += time.thread_time() - start
        seconds += len(samples) / RATE
        frames = len(samples) // FRAME
        chunks = [min((i * FRAME + FRAME // 2) // CHUNK, len(odds) - 1)
                  for i in range(frames)]
        numpy.array([odds[c] >= 0.5 for c in chunks],
                    numpy.uint8).tofile(path + ".silero")
        settle(odds, frames).tofile(path + ".silero-settled")
    with open(os.path.join(folder, "silero-cpu.csv"), "w",
              encoding="ascii") as out:
        # Half a chunk later than the frame's end, in the mean.
        out.write("silero,%.4f,%d\n" % (cpu * 1000 / seconds,
                                        500 * CHUNK // RATE))


main()
