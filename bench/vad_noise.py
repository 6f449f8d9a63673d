#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vad_noise.py DIR: counts what detectors said about the scenes that
bench-vad-noise made in DIR against what is true. Writes DIR/results.csv,
DIR/edges.csv and DIR/f1.svg, and prints a table and, for bench/run, figures.

A cell is a noise at a ratio; its F1 is that of all its frames, and the mean is
over cells. A segment is speech without a gap of more than 100 ms.
- onset: from the beginning of a segment until a detector decides voice, which
  it does at the end of a frame or later. Segments that come while it takes a
  noise for speech count as 0.
- offset error: between the end of a segment and the end of the detector's
  voice, early or late.
- false starts: times that 60 ms of voice, vadendpoint's min-speech, were seen
  in noise alone.
"""
import csv
import itertools
import json
import os
import sys

DETECTORS = ["parley", "silero", "webrtcdsp", "energy"]
COLOURS = {"parley": "#1a7f5a", "silero": "#7a4fbf", "webrtcdsp": "#c2701c",
           "energy": "#888888"}
FRAME_MS = 10
MIN_SPEECH = 6
# After which a segment is not the cause of what is heard.
LONGEST_ERROR = 50


def read(folder, name, kind):
    with open(os.path.join(folder, "%s.%s" % (name, kind)), "rb") as file:
        return file.read()


def runs(frames):
    """Begin and end of each run of ones."""
    at = 0
    for value, group in itertools.groupby(frames):
        length = len(list(group))
        if value:
            yield at, at + length
        at += length


def count(truth, voice):
    hits = (int.from_bytes(truth, "big")
            & int.from_bytes(voice, "big")).bit_count()
    return hits, sum(voice) - hits, sum(truth) - hits


def f1_of(counts):
    hits, false_alarms, misses = counts
    return 2 * hits / max(2 * hits + false_alarms + misses, 1)


def edges(truth, voice, delay):
    """Onset delays and offset errors in ms; None for a segment unheard."""
    segments = list(runs(truth))
    for i, (begin, end) in enumerate(segments):
        following = segments[i + 1][0] if i + 1 < len(segments) \
            else len(truth)
        first = voice.find(1, begin, end)
        if first < 0:
            yield None, None
            continue
        last = voice.rfind(1, begin, end)
        if last == end - 1:
            stop = voice.find(0, end, min(following, end + LONGEST_ERROR))
            last = (stop if stop >= 0 else
                    min(following, end + LONGEST_ERROR)) - 1
        before = first == begin and begin > 0 and voice[begin - 1]
        yield (0 if before else (first + 1 - begin) * FRAME_MS
               + delay,
               (last + 1 - end) * FRAME_MS)


def false_starts(voice):
    return sum(end - begin >= MIN_SPEECH for begin, end in runs(voice))


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))] \
        if values else float("nan")


class Cell:
    """What a detector made of a noise at a ratio."""

    def __init__(self, delay=0):
        self.delay = delay
        self.counts = [0, 0, 0]
        self.onsets = []
        self.offsets = []
        self.unheard = 0
        self.starts = 0
        self.alone = 0

    def add(self, truth, voice):
        self.counts = [a + b for a, b in zip(self.counts,
                                             count(truth, voice))]
        for onset, offset in edges(truth, voice, self.delay):
            if onset is None:
                self.unheard += 1
            else:
                self.onsets.append(onset)
                self.offsets.append(abs(offset))

    def add_alone(self, voice):
        self.starts += false_starts(voice)
        self.alone += len(voice)

    def starts_an_hour(self):
        return self.starts * 360000 / self.alone if self.alone else \
            float("nan")


def gather(folder, delays):
    """Cells by detector, noise and ratio."""
    cells = {}
    with open(os.path.join(folder, "scenes.csv"), encoding="ascii") as file:
        rows = list(csv.reader(file))
    for name, noise, snr, _, _, alone, speech in rows:
        for detector in DETECTORS:
            if not os.path.exists(os.path.join(folder, "%s.%s" % (
                    name, detector))):
                continue
            cell = cells.setdefault((detector, noise, int(snr)),
                                    Cell(delays.get(detector, 0)))
            voice = read(folder, name, detector)
            if alone == "1":
                # The talker's last word is not held against it.
                cell.add_alone(voice[int(speech):])
            else:
                cell.add(read(folder, name, "truth"), voice)
    return cells


def costs_of(folder):
    """By detector: ms of CPU for a second, and ms a decision is late."""
    cpu, delays = {}, {}
    for name in ("cpu.csv", "silero-cpu.csv"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                for detector, cost, delay in csv.reader(file):
                    cpu[detector] = float(cost)
                    delays[detector] = int(delay)
    return cpu, delays


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


class Results:
    """The cells, with what is asked of them."""

    def __init__(self, cells):
        self.cells = cells
        self.detectors = [d for d in DETECTORS if any(k[0] == d
                                                      for k in cells)]
        with_speech = [k for k, c in cells.items() if c.onsets or c.unheard]
        self.noises = list(dict.fromkeys(k[1] for k in with_speech))
        self.snrs = sorted({k[2] for k in with_speech}, reverse=True)
        self.alone = list(dict.fromkeys(k[1] for k, c in cells.items()
                                        if c.alone))

    def f1(self, detector, noise, snr):
        return f1_of(self.cells[detector, noise, snr].counts)

    def mean_f1(self, detector):
        return mean(self.f1(detector, noise, snr) for noise in self.noises
                    for snr in self.snrs)

    def pooled(self, detector, snrs, what):
        return [value for noise in self.noises for snr in snrs
                for value in getattr(self.cells[detector, noise, snr], what)]

    def unheard(self, detector, snrs):
        """In percent of the segments."""
        cells = [self.cells[detector, noise, snr] for noise in self.noises
                 for snr in snrs]
        lost = sum(cell.unheard for cell in cells)
        return 100 * lost / (lost + sum(len(c.onsets) for c in cells))

    def starts(self, detector, noise):
        cells = [c for k, c in self.cells.items()
                 if k[0] == detector and k[1] == noise]
        alone = sum(c.alone for c in cells)
        return sum(c.starts for c in cells) * 360000 / alone


def print_f1(results):
    print("frame F1")
    print("%-10s %4s " % ("noise", "dB") + " ".join(
        "%9s" % d for d in results.detectors))
    for noise in results.noises:
        for snr in results.snrs:
            print("%-10s %4d " % (noise, snr) + " ".join(
                "%9.3f" % results.f1(d, noise, snr)
                for d in results.detectors))
    print("%-15s " % "mean" + " ".join(
        "%9.3f" % results.mean_f1(d) for d in results.detectors))


def print_edges(results):
    print("\nonset and offset in ms, p50/p95; % of segments unheard")
    for snrs in [[snr] for snr in results.snrs] + [results.snrs]:
        print("%-10s " % ("%d dB" % snrs[0] if len(snrs) == 1 else "all")
              + "  ".join("%s %3d/%3d %3d/%3d %4.1f%%" % (
                  d, percentile(results.pooled(d, snrs, "onsets"), 50),
                  percentile(results.pooled(d, snrs, "onsets"), 95),
                  percentile(results.pooled(d, snrs, "offsets"), 50),
                  percentile(results.pooled(d, snrs, "offsets"), 95),
                  results.unheard(d, snrs)) for d in results.detectors))


def print_starts(results, cpu):
    print("\nfalse starts an hour in noise alone")
    for noise in results.alone:
        print("%-15s " % noise + " ".join(
            "%9.1f" % results.starts(d, noise) for d in results.detectors))
    print("\nCPU, ms for a second of audio")
    print("%-15s " % "" + " ".join("%9.3f" % cpu.get(d, float("nan"))
                                   for d in results.detectors))


def write_csv(folder, results):
    with open(os.path.join(folder, "results.csv"), "w", newline="",
              encoding="ascii") as file:
        out = csv.writer(file)
        out.writerow(["detector", "noise", "snr_db", "f1", "precision",
                      "recall", "onset_p50_ms", "onset_p95_ms",
                      "offset_p95_ms", "unheard", "segments",
                      "false_starts", "hours_alone"])
        for (detector, noise, snr), cell in results.cells.items():
            hits, false_alarms, misses = cell.counts
            out.writerow([
                detector, noise, snr, "%.4f" % f1_of(cell.counts),
                "%.4f" % (hits / max(hits + false_alarms, 1)),
                "%.4f" % (hits / max(hits + misses, 1)),
                percentile(cell.onsets, 50), percentile(cell.onsets, 95),
                percentile(cell.offsets, 95), cell.unheard,
                cell.unheard + len(cell.onsets), cell.starts,
                "%.3f" % (cell.alone / 360000)])


def write_svg(folder, results):
    """A graph for each noise: F1 over the ratio."""
    width, height, across = 190, 150, 4
    rows = -(-len(results.noises) // across)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
           'font-family="sans-serif" font-size="11">' % (
               width * across, height * rows + 24)]

    def place(index, snr, f1):
        left, top = index % across * width, index // across * height
        return (left + 32 + results.snrs.index(snr) * (width - 50)
                / (len(results.snrs) - 1),
                top + 20 + (1 - max(f1, 0.4)) / 0.6 * (height - 46))

    for i, noise in enumerate(results.noises):
        left, right = results.snrs[0], results.snrs[-1]
        x, y = place(i, left, 1.0)
        out.append('<text x="%d" y="%d" font-weight="bold">%s</text>' % (
            x, y - 6, noise))
        for f1 in (0.4, 0.6, 0.8, 1.0):
            (x1, y1), (x2, _) = place(i, left, f1), place(i, right, f1)
            out.append('<path d="M%.1f %.1fH%.1f" stroke="#ddd"/>'
                       '<text x="%.1f" y="%.1f" text-anchor="end">%.1f</text>'
                       % (x1, y1, x2, x1 - 4, y1 + 4, f1))
        for snr in results.snrs:
            x, y = place(i, snr, 0.4)
            out.append('<text x="%.1f" y="%.1f" text-anchor="middle">%d</text>'
                       % (x, y + 14, snr))
        for detector in results.detectors:
            points = " ".join("%.1f,%.1f" % place(
                i, snr, results.f1(detector, noise, snr))
                for snr in results.snrs)
            out.append('<polyline fill="none" stroke-width="1.8" stroke="%s" '
                       'points="%s"/>' % (COLOURS[detector], points))
    for i, detector in enumerate(results.detectors):
        out.append('<text x="%d" y="%d" fill="%s">%s, mean %.3f</text>' % (
            32 + i * 180, height * rows + 14, COLOURS[detector], detector,
            results.mean_f1(detector)))
    out.append("</svg>\n")
    with open(os.path.join(folder, "f1.svg"), "w", encoding="ascii") as file:
        file.write("\n".join(out))


def print_figures(results, cpu):
    """A JSON line each, for bench/run."""
    def figure(name, value, unit, goal=None, better="lower"):
        print(json.dumps({
            "name": name, "value": round(value, 4), "unit": unit,
            "goal": goal, "better": better, "against": None, "ratio": None}))

    print()
    for detector in results.detectors:
        own = detector == "parley"
        figure("vad-f1-" + detector, results.mean_f1(detector), "F1",
               0.95 if own else None, "higher")
        figure("vad-television-" + detector,
               results.starts(detector, "television"), "starts/hour",
               1 if own else None)
        figure("vad-cpu-" + detector, cpu.get(detector, float("nan")),
               "ms/s", 0.3 if own else None)
        for what, goal in (("onsets", 40), ("offsets", 30)):
            figure("vad-%s-p95-%s" % (what[:-1], detector),
                   percentile(results.pooled(detector, results.snrs, what),
                              95), "ms", goal if own else None)


def main():
    folder = sys.argv[1]
    cpu, delays = costs_of(folder)
    results = Results(gather(folder, delays))
    print_f1(results)
    print_edges(results)
    print_starts(results, cpu)
    write_csv(folder, results)
    write_svg(folder, results)
    print_figures(results, cpu)


main()
