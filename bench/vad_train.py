#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vad_train.py FEATURES TUNE HEADER: fits the network that ParleyVad decides
with to what vad-features wrote of train/, says how it does on what it wrote of
tune/, and writes HEADER. The same features give the same weights, as far as the
processor adds alike. One core, no more than numpy; EPOCHS=N, UNITS=N and RATE=N
in the environment to try others, SAVE=FILE to keep what START=FILE goes on from.

A layer of gated recurrent units (Cho et al., 2014; the reset gate acts on the
sum, so that there is one product with the state) and their weighted sum, the
odds. Backpropagation goes through SPAN frames, the state comes from before.
"""
import os
import sys
import time

import numpy as np

UNITS = int(os.environ.get("UNITS", "40"))
EPOCHS = int(os.environ.get("EPOCHS", "16"))
STREAMS, SPAN = 256, 64
RATE, LEAST_RATE = float(os.environ.get("RATE", "4e-3")), 1e-4
LONGEST_SLOPE = 1.0
# Frames heard before it says what a frame is; PARLEY_VAD_DELAY.
DELAY = int(os.environ.get("DELAY", "2"))
# The first frames of speech count as much again.
ONSET = 4
F = np.float32


def load(path):
    """Scenes as (features, labels)."""
    data = np.memmap(path, np.uint8, "r")
    scenes, at = [], 0
    while at < len(data):
        frames, width = data[at:at + 8].view(np.uint32)
        size = int(frames) * (int(width) + 1) * 4
        rows = data[at + 8:at + 8 + size].view(np.float32).reshape(frames, -1)
        late = np.zeros(frames, F)
        late[DELAY:] = rows[:frames - DELAY, -1]
        scenes.append((rows[:, :-1], late))
        at += 8 + size
    return scenes


def squash(x):
    """Close to tanh, and exact at the ends; the C code's squash()."""
    x = np.minimum(np.maximum(x, F(-3)), F(3))
    square = x * x
    return x * (27 + square) / (27 + 9 * square)


def squash_slope(x):
    square = np.minimum(x * x, 9)
    slope = (9 - square) / (3 * (square + 3))
    return slope * slope


def gate(x):
    return 0.5 + 0.5 * squash(0.5 * x)


def gate_slope(x):
    return 0.25 * squash_slope(0.5 * x)


def new_model(width, rng):
    def weights(rows, columns):
        return (rng.standard_normal((rows, columns)) / np.sqrt(rows)
                ).astype(F)
    model = {"in": weights(width, 3 * UNITS),
             "state": weights(UNITS, 3 * UNITS),
             "bias": np.zeros(3 * UNITS, F),
             "state_bias": np.zeros(UNITS, F),
             "out": weights(UNITS, 1)[:, 0],
             "out_bias": np.zeros(1, F)}
    model["bias"][:UNITS] = 1.0     # to remember
    return model


def forward(model, x, fresh, state, keep=None):
    """Odds of x (time, stream, feature); fresh marks where scenes begin."""
    h, odds = UNITS, np.empty(x.shape[:2], F)
    sums = x @ model["in"] + model["bias"]
    for t in range(len(x)):
        state = state * fresh[t]
        back = state @ model["state"]
        s = sums[t]
        both = s[:, :2 * h] + back[:, :2 * h]
        gates = gate(both)
        update, reset = gates[:, :h], gates[:, h:]
        inner = back[:, 2 * h:] + model["state_bias"]
        n = s[:, 2 * h:] + reset * inner
        new = squash(n)
        before = state
        state = new + update * (before - new)
        odds[t] = state @ model["out"] + model["out_bias"]
        if keep is not None:
            keep.append((before, both, n, inner, gates, new, state))
    return odds, state


def backward(model, x, fresh, keep, d_odds):
    """The slopes of the weights, from those of the odds."""
    h, streams = UNITS, x.shape[1]
    d_sums = np.empty((len(x), streams, 3 * h), F)
    d_back = np.empty((len(x), streams, 3 * h), F)
    d_state = np.zeros((streams, h), F)
    out = model["out"][None, :]
    for t in range(len(x) - 1, -1, -1):
        before, both, n, inner, gates, new, _ = keep[t]
        update, reset = gates[:, :h], gates[:, h:]
        d_state += d_odds[t][:, None] * out
        d_n = d_state * (1 - update) * squash_slope(n)
        d_gates = d_sums[t, :, :2 * h]
        d_gates[:, :h] = d_state * (before - new)
        d_gates[:, h:] = d_n * inner
        d_gates *= gate_slope(both)
        d_back[t, :, :2 * h] = d_gates
        d_sums[t, :, 2 * h:] = d_n
        d_back[t, :, 2 * h:] = d_n * reset
        d_state = (d_state * update + d_back[t] @ model["state"].T) \
            * fresh[t]

    def flat(a):
        return a.reshape(-1, a.shape[-1])
    befores = np.stack([k[0] for k in keep])
    states = np.stack([k[6] for k in keep])
    return {"in": flat(x).T @ flat(d_sums),
            "state": flat(befores).T @ flat(d_back),
            "bias": flat(d_sums).sum(0),
            "state_bias": flat(d_back)[:, 2 * h:].sum(0),
            "out": np.tensordot(d_odds, states, 2),
            "out_bias": d_odds.sum(keepdims=True).reshape(1)}


class Adam:
    """Kingma and Ba, 2015, with a limit on the length of a step's slope."""

    def __init__(self, model):
        self.first = {k: np.zeros_like(v) for k, v in model.items()}
        self.second = {k: np.zeros_like(v) for k, v in model.items()}
        self.t = 0

    def step(self, model, slopes, rate):
        self.t += 1
        length = np.sqrt(sum(float((g * g).sum()) for g in slopes.values()))
        scale = min(1.0, LONGEST_SLOPE / (length + 1e-12))
        for k, g in slopes.items():
            g = g * scale
            self.first[k] = 0.9 * self.first[k] + 0.1 * g
            self.second[k] = 0.999 * self.second[k] + 0.001 * g * g
            mean = self.first[k] / (1 - 0.9 ** self.t)
            square = self.second[k] / (1 - 0.999 ** self.t)
            model[k] -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(F)


def lay_out(scenes, order):
    """Scenes one after the other in STREAMS rows of like length: indices of
    scene and first frame, by row."""
    rows = [[] for _ in range(STREAMS)]
    lengths = np.zeros(STREAMS, int)
    for i in order:
        row = int(lengths.argmin())
        rows[row].append(i)
        lengths[row] += len(scenes[i][1])
    return rows, int(lengths.min())


def chunks(scenes, order, scale):
    """(x, fresh, labels, weights) of SPAN frames, in step."""
    rows, length = lay_out(scenes, order)
    mean, deviation = scale
    xs = [np.concatenate([scenes[i][0] for i in row])[:length]
          for row in rows]
    ys = [np.concatenate([scenes[i][1] for i in row])[:length]
          for row in rows]
    fresh = np.ones((length, STREAMS, 1), F)
    for k, row in enumerate(rows):
        at = 0
        for i in row:
            if at < length:
                fresh[at, k] = 0
            at += len(scenes[i][1])
    for at in range(0, length - SPAN + 1, SPAN):
        x = np.stack([row[at:at + SPAN] for row in xs], 1)
        y = np.stack([row[at:at + SPAN] for row in ys], 1)
        yield ((x - mean) / deviation).astype(F), fresh[at:at + SPAN], y


def weights(labels):
    """Of the frames of a chunk."""
    since = np.zeros_like(labels)
    since[ONSET:] = labels[:-ONSET]
    since[:ONSET] = labels[0]
    return 1 + labels * (1 - since)


def train(scenes, tune):
    rng = np.random.default_rng(1)
    some = np.concatenate([s[0][::7] for s in scenes])
    scale = some.mean(0), some.std(0) + 1e-6
    model = new_model(some.shape[1], rng)
    if "START" in os.environ:
        saved = dict(np.load(os.environ["START"]))
        scale = saved.pop("mean"), saved.pop("deviation")
        model = saved
    adam = Adam(model)
    total = EPOCHS * sum(len(s[1]) for s in scenes) / STREAMS / SPAN
    for epoch in range(EPOCHS):
        start, losses = time.time(), []
        state = np.zeros((STREAMS, UNITS), F)
        for x, fresh, y in chunks(scenes, rng.permutation(len(scenes)),
                                  scale):
            keep = []
            odds, state = forward(model, x, fresh, state, keep)
            odds = np.clip(odds, -30, 30)
            slope = (1 / (1 + np.exp(-odds)) - y) * weights(y) / y.size
            losses.append(float(np.mean(np.logaddexp(0, odds) - y * odds)))
            slopes = backward(model, x, fresh, keep, slope.astype(F))
            rate = LEAST_RATE + (RATE - LEAST_RATE) * 0.5 * (
                1 + np.cos(np.pi * min(adam.t / total, 1.0)))
            adam.step(model, slopes, rate)
        print("epoch %d loss %.4f, tune: %s (%.0f s)" % (
            epoch, np.mean(losses), judge(model, scale, tune),
            time.time() - start), flush=True)
    return model, scale


def judge(model, scale, scenes):
    """Loss and F1 at even odds of all scenes side by side."""
    length = max(len(s[1]) for s in scenes)
    x = np.zeros((length, len(scenes), scenes[0][0].shape[1]), F)
    y = np.zeros((length, len(scenes)), F)
    real = np.zeros((length, len(scenes)), bool)
    for k, (features, labels) in enumerate(scenes):
        x[:len(labels), k] = (features - scale[0]) / scale[1]
        y[:len(labels), k] = labels
        real[:len(labels), k] = True
    odds, _ = forward(model, x, np.ones((length, len(scenes), 1), F),
                      np.zeros((len(scenes), UNITS), F))
    odds, y = odds[real], y[real] > 0.5
    voice = odds > 0
    hits = (voice & y).sum()
    return "loss %.4f F1 %.4f" % (
        np.mean(np.logaddexp(0, odds) - y * odds),
        2 * hits / (voice.sum() + y.sum()))


def table(name, values, out):
    values = values.ravel()
    out.append("%s = {" % name)
    for i in range(0, len(values), 6):
        out.append("  " + " ".join("%.4ff," % v for v in values[i:i + 6]))
    out.append("};\n")


def write_header(path, model, scale):
    mean, deviation = scale
    weights = model["in"] / deviation[:, None]
    bias = model["bias"] - mean @ weights
    out = ["/* SPDX-License-Identifier: LGPL-2.1-or-later */",
           "#pragma once\n", '#include "speech/vadfeatures.h"\n',
           "/* generated by bench/vad_train.py. In a row of a matrix: update "
           "gates, reset",
           " * gates, new values; its columns are units. */",
           "#define VAD_MODEL_UNITS %d\n" % UNITS,
           "static const gfloat",
           "vad_model_in[PARLEY_VAD_N_FEATURES * 3 * VAD_MODEL_UNITS]"]
    table(out.pop(), weights, out)
    for name, key, size in (
            ("vad_model_state", model["state"],
             "VAD_MODEL_UNITS * 3 * VAD_MODEL_UNITS"),
            ("vad_model_bias", bias, "3 * VAD_MODEL_UNITS"),
            ("vad_model_state_bias", model["state_bias"], "VAD_MODEL_UNITS"),
            ("vad_model_out", model["out"], "VAD_MODEL_UNITS")):
        out.append("static const gfloat")
        table("%s[%s]" % (name, size), key, out)
    out.append("static const gfloat vad_model_out_bias = %.4ff;\n"
               % model["out_bias"][0])
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out))


def main():
    features, tune, header = sys.argv[1:]
    model, scale = train(load(features), load(tune))
    write_header(header, model, scale)
    if "SAVE" in os.environ:
        np.savez(os.environ["SAVE"], mean=scale[0], deviation=scale[1], **model)


main()
