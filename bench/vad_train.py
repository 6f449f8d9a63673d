#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vad_train.py FEATURES TUNE HEADER: fits the network that ParleyVad decides
with to what vad-features wrote of train/, says how it does on what it wrote of
tune/, and writes HEADER. The same features give the same weights, as far as the
processor adds alike. One core, no more than numpy; EPOCHS=N, UNITS=N and RATE=N
in the environment to try others, SAVE=FILE to keep what START=FILE goes on from,
also with more units. AVERAGE=FILE: what is written is the mean of the new weights
and those kept there, OLD_SHARE=N of them: where training only went on from these,
that hears better what neither saw (Wortsman et al., "Model soups", 2022).

A layer of gated recurrent units (Cho et al., 2014; the reset gate acts on the
sum, so that there is one product with the state). Three outputs look at it: two
weighted sums of the state are the odds that the frame DELAY before is active,
and that it is speech, gaps closed; a hidden layer over three states, now and 60
and 120 ms ago, gives the odds that the frame LATE before is speech.
Backpropagation goes through SPAN frames, the state comes from before.
"""
import os
import sys
import time

import numpy as np

UNITS = int(os.environ.get("UNITS", "64"))
HIDDEN = 16
EPOCHS = int(os.environ.get("EPOCHS", "16"))
STREAMS, SPAN = 256, 64
RATE, LEAST_RATE = float(os.environ.get("RATE", "4e-3")), 1e-4
LONGEST_SLOPE = 1.0
# Frames heard before it says what a frame is; PARLEY_VAD_DELAY and
# PARLEY_VAD_SETTLED_DELAY.
DELAY, LATE = 2, 12
# Of the states that the last output sees.
TAPS = (0, 6, 12)
# The first frames of activity and of silence count as much again.
EDGE = 4
OLD_SHARE = float(os.environ.get("OLD_SHARE", "0.4"))
# In whole numbers: 1.0 of a weight, of a state, of a feature. 32767 is the most.
WEIGHT_ONE, STATE_ONE, FEATURE_ONE = 2048, 16384, 4096
MOST_FEATURE = 32767 / FEATURE_ONE
F = np.float32


def shift(labels, frames):
    late = np.zeros(len(labels), F)
    late[frames:] = labels[:len(labels) - frames]
    return late


def load(path):
    """Scenes as (features, labels of the outputs)."""
    data = np.memmap(path, np.uint8, "r")
    scenes, at = [], 0
    while at < len(data):
        frames, width = data[at:at + 8].view(np.uint32)
        size = int(frames) * (int(width) + 2) * 4
        rows = data[at + 8:at + 8 + size].view(np.float32).reshape(frames, -1)
        scenes.append((rows[:, :-2], np.stack([
            shift(rows[:, -2], DELAY), shift(rows[:, -1], DELAY),
            shift(rows[:, -1], LATE)], 1)))
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
             "out": weights(UNITS, 2),
             "out_bias": np.zeros(2, F),
             "late": weights(len(TAPS) * UNITS, HIDDEN),
             "late_bias": np.zeros(HIDDEN, F),
             "late_out": weights(HIDDEN, 1)[:, 0],
             "late_out_bias": np.zeros(1, F)}
    model["bias"][:UNITS] = 1.0     # to remember
    return model


def widen(old, rng):
    """A network of UNITS that says what one of fewer does: new units listen, and
    nobody listens to them at first."""
    model, had = new_model(len(old["in"]), rng), len(old["state"])
    for name in ("state", "out"):
        model[name][had:] = 0
    model["late"].reshape(len(TAPS), UNITS, HIDDEN)[:, had:] = 0

    def keep(name, wide, narrow):
        wide[tuple(slice(n) for n in narrow.shape)] = narrow
        model[name] = wide.reshape(model[name].shape)
    for name in ("in", "state", "bias"):
        rows = old[name].shape[:-1]
        keep(name, model[name].reshape(model[name].shape[:-1] + (3, UNITS)),
             old[name].reshape(rows + (3, had)))
    keep("late", model["late"].reshape(len(TAPS), UNITS, HIDDEN),
         old["late"].reshape(len(TAPS), had, HIDDEN))
    for name in ("state_bias", "out"):
        keep(name, model[name], old[name])
    for name in ("out_bias", "late_bias", "late_out", "late_out_bias"):
        model[name] = old[name]
    return model


def taps_of(states, length):
    """The states that the last output sees, side by side, for the last
    length of them."""
    first = len(states) - length
    return np.concatenate([states[first - tap:len(states) - tap]
                           for tap in TAPS], -1)


def forward(model, x, fresh, past, keep=None):
    """Odds of x (time, stream, feature); fresh marks where scenes begin; past is
    of the TAPS before. The second result is the new past."""
    h = UNITS
    sums = x @ model["in"] + model["bias"]
    states = np.empty((TAPS[-1] + len(x),) + past.shape[1:], F)
    states[:TAPS[-1]] = past
    state = past[-1]
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
        states[TAPS[-1] + t] = state
        if keep is not None:
            keep.append((before, both, n, inner, gates, new))
    seen = taps_of(states, len(x))
    hidden = seen @ model["late"] + model["late_bias"]
    late = squash(hidden) @ model["late_out"] + model["late_out_bias"]
    odds = states[TAPS[-1]:] @ model["out"] + model["out_bias"]
    if keep is not None:
        keep.append((states, seen, hidden))
    return np.concatenate([odds, late[..., None]], -1), states[len(x):].copy()


def backward_late(model, seen, hidden, d_late, slopes):
    """Adds the slopes of the last output; returns those of what it sees."""
    d_hidden = d_late[..., None] * model["late_out"] * squash_slope(hidden)
    slopes["late_out"] = np.tensordot(d_late, squash(hidden), 2)
    slopes["late_out_bias"] = d_late.sum(keepdims=True).reshape(1)
    slopes["late"] = flat(seen).T @ flat(d_hidden)
    slopes["late_bias"] = flat(d_hidden).sum(0)
    return d_hidden @ model["late"].T


def flat(a):
    return a.reshape(-1, a.shape[-1])


def backward(model, x, fresh, keep, d_odds):
    """The slopes of the weights, from those of the odds."""
    h, streams, slopes = UNITS, x.shape[1], {}
    d_sums = np.empty((len(x), streams, 3 * h), F)
    d_back = np.empty((len(x), streams, 3 * h), F)
    d_state = np.zeros((streams, h), F)
    states, seen, hidden = keep[-1]
    d_seen = backward_late(model, seen, hidden, d_odds[..., 2], slopes)
    d_now = d_odds[..., :2]
    d_heads = d_now @ model["out"].T
    for i, tap in enumerate(TAPS):
        d_heads[:len(x) - tap] += d_seen[tap:, :, i * h:(i + 1) * h]
    for t in range(len(x) - 1, -1, -1):
        before, both, n, inner, gates, new = keep[t]
        update, reset = gates[:, :h], gates[:, h:]
        d_state += d_heads[t]
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
    befores = np.stack([k[0] for k in keep[:-1]])
    slopes.update({
        "in": flat(x).T @ flat(d_sums),
        "state": flat(befores).T @ flat(d_back),
        "bias": flat(d_sums).sum(0),
        "state_bias": flat(d_back)[:, 2 * h:].sum(0),
        "out": flat(states[TAPS[-1]:]).T @ flat(d_now),
        "out_bias": flat(d_now).sum(0)})
    return slopes


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


def normal(features, scale):
    return np.clip((features - scale[0]) / scale[1], -MOST_FEATURE,
                   MOST_FEATURE).astype(F)


def chunks(scenes, order, scale):
    """(x, fresh, labels) of SPAN frames, in step."""
    rows, length = lay_out(scenes, order)
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
        yield normal(x, scale), fresh[at:at + SPAN], y


def weights(labels):
    """Of the frames of a chunk: those after an edge count more."""
    before = np.empty_like(labels)
    before[EDGE:] = labels[:-EDGE]
    before[:EDGE] = labels[0]
    return 1 + np.abs(labels - before)


def loss_of(odds, labels):
    return np.logaddexp(0, odds) - labels * odds


def train(scenes, tune):
    rng = np.random.default_rng(1)
    some = np.concatenate([s[0][::7] for s in scenes])
    scale = some.mean(0), some.std(0) + 1e-6
    model = new_model(some.shape[1], rng)
    if "START" in os.environ:
        saved = dict(np.load(os.environ["START"]))
        scale = saved.pop("mean"), saved.pop("deviation")
        model = saved if len(saved["state"]) == UNITS else widen(saved, rng)
    adam = Adam(model)
    total = EPOCHS * sum(len(s[1]) for s in scenes) / STREAMS / SPAN
    for epoch in range(EPOCHS):
        start, losses = time.time(), []
        past = np.zeros((TAPS[-1], STREAMS, UNITS), F)
        for x, fresh, y in chunks(scenes, rng.permutation(len(scenes)),
                                  scale):
            keep = []
            odds, past = forward(model, x, fresh, past, keep)
            odds = np.clip(odds, -30, 30)
            slope = (1 / (1 + np.exp(-odds)) - y) * weights(y) / y[..., 0].size
            losses.append(loss_of(odds, y).mean((0, 1)))
            slopes = backward(model, x, fresh, keep, slope.astype(F))
            rate = LEAST_RATE + (RATE - LEAST_RATE) * 0.5 * (
                1 + np.cos(np.pi * min(adam.t / total, 1.0)))
            adam.step(model, slopes, rate)
        print("epoch %d loss %s, tune: %s (%.0f s)" % (
            epoch, np.mean(losses, 0).round(4), judge(model, scale, tune),
            time.time() - start), flush=True)
        save(model, scale)
    return model, scale


def save(model, scale):
    if "SAVE" in os.environ:
        np.savez(os.environ["SAVE"], mean=scale[0], deviation=scale[1], **model)


def judge(model, scale, scenes):
    """Loss and F1 at even odds of all scenes side by side, by output."""
    length = max(len(s[1]) for s in scenes)
    x = np.zeros((length, len(scenes), scenes[0][0].shape[1]), F)
    y = np.zeros((length, len(scenes), 3), F)
    real = np.zeros((length, len(scenes)), bool)
    for k, (features, labels) in enumerate(scenes):
        x[:len(labels), k] = normal(features, scale)
        y[:len(labels), k] = labels
        real[:len(labels), k] = True
    past = np.zeros((TAPS[-1], len(scenes), UNITS), F)
    fresh = np.ones((SPAN, len(scenes), 1), F)
    odds = np.empty(y.shape, F)
    for at in range(0, length, SPAN):
        odds[at:at + SPAN], past = forward(model, x[at:at + SPAN], fresh, past)
    odds, y = odds[real], y[real]
    hits = ((odds > 0) & (y > 0.5)).sum(0)
    f1 = 2 * hits / ((odds > 0).sum(0) + (y > 0.5).sum(0))
    return "loss %s F1 %s" % (loss_of(odds, y).mean(0).round(4), f1.round(4))


def table(kind, name, size, values, out):
    values = values.ravel()
    form, across = ("%.5ff,", 6) if kind == "gfloat" else ("%d,", 10)
    out.append("static const %s\n%s[%s] = {" % (kind, name, size))
    for i in range(0, len(values), across):
        out.append("  " + " ".join(form % v for v in values[i:i + across]))
    out.append("};\n")


def in_pairs(weights, most):
    """A matrix as whole numbers; of a column those of two inputs side by side.
    No sum gets too long for 32 bits while no input is above most."""
    whole = np.rint(weights * WEIGHT_ONE)
    longest = np.abs(whole).sum(0).max() * most
    if np.abs(whole).max() > 32767 or longest >= 2 ** 31:
        sys.exit("weights are too large: %.1f, %.2f" % (
            np.abs(weights).max(), longest / 2 ** 31))
    return whole.reshape(-1, 2, whole.shape[1]).transpose(0, 2, 1)


def write_header(path, model, scale):
    mean, deviation = scale
    out = ["/* SPDX-License-Identifier: LGPL-2.1-or-later */",
           "#pragma once\n", '#include "speech/vadfeatures.h"\n',
           "/* generated by bench/vad_train.py. In a row of a matrix: update "
           "gates, reset",
           " * gates, new values; its columns are units. Rows lie in pairs, the "
           "two of a",
           " * column side by side. The settled output's rows are of the state "
           "now and each",
           " * of the taps ago. */",
           "#define VAD_MODEL_UNITS %d" % UNITS,
           "#define VAD_MODEL_HIDDEN %d" % HIDDEN,
           "#define VAD_MODEL_TAPS %d\n" % len(TAPS),
           "/* What stands for 1.0: in weights, states, and features, which are "
           "scaled and",
           " * shifted before. */",
           "#define VAD_MODEL_WEIGHT_ONE %d" % WEIGHT_ONE,
           "#define VAD_MODEL_STATE_ONE %d" % STATE_ONE,
           "#define VAD_MODEL_FEATURE_ONE %d\n" % FEATURE_ONE]
    for name, key, size in (
            ("scale", FEATURE_ONE / deviation, "PARLEY_VAD_N_FEATURES"),
            ("shift", -mean * FEATURE_ONE / deviation,
             "PARLEY_VAD_N_FEATURES"),
            ("bias", model["bias"], "3 * VAD_MODEL_UNITS"),
            ("state_bias", model["state_bias"], "VAD_MODEL_UNITS"),
            ("active", model["out"][:, 0], "VAD_MODEL_UNITS"),
            ("speech", model["out"][:, 1], "VAD_MODEL_UNITS"),
            ("settled_bias", model["late_bias"], "VAD_MODEL_HIDDEN"),
            ("settled_out", model["late_out"], "VAD_MODEL_HIDDEN")):
        table("gfloat", "vad_model_" + name, size, key, out)
    for name, key, most, size in (
            ("in", model["in"], 32767,
             "PARLEY_VAD_N_FEATURES * 3 * VAD_MODEL_UNITS"),
            ("state", model["state"], STATE_ONE,
             "VAD_MODEL_UNITS * 3 * VAD_MODEL_UNITS"),
            ("settled", model["late"], STATE_ONE,
             "VAD_MODEL_TAPS * VAD_MODEL_UNITS * VAD_MODEL_HIDDEN")):
        table("gint16", "vad_model_" + name, size, in_pairs(key, most), out)
    for name, value in (("active", model["out_bias"][0]),
                        ("speech", model["out_bias"][1]),
                        ("settled_out", model["late_out_bias"][0])):
        out.append("static const gfloat vad_model_%s_bias = %.5ff;\n"
                   % (name, value))
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out))


def average(model, path):
    old = np.load(path)
    return {k: ((1 - OLD_SHARE) * v + OLD_SHARE * old[k]).astype(F)
            for k, v in model.items()}


def main():
    features, tune, header = sys.argv[1:]
    model, scale = train(load(features), load(tune))
    if "AVERAGE" in os.environ:
        model = average(model, os.environ["AVERAGE"])
    write_header(header, model, scale)


main()
