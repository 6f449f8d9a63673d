#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vad_noise.py DIR: counts what detectors said about the scenes that
bench-vad-noise made in DIR against what is true. Writes DIR/results.csv
and DIR/f1.svg, and prints a table and, for bench/run, figures.

A cell is a noise at a ratio; its F1 is that of all its frames, and the mean is
over cells. A segment is speech without a gap of more than 100 ms.

A detector decides at once, in NAME.DETECTOR, and may settle later what was,
in NAME.DETECTOR-settled. Of one that does not, gaps of up to 100 ms in what it
decided are closed, as they are in what is true.
- F1 is that of what was settled, and of what was decided.
- told: from the beginning of a segment until voice is decided, and from its end
  until voice is over. Segments that begin or end while it takes a noise for
  speech, or speech for noise, count as 0.
- error: between the beginning of a segment and what was settled to be its
  beginning, early or late, and so for its end.
  Both are taken at pauses of 200 ms or more: of what is nearly a gap of 100 ms
  a frame decides whether it is one, and the error is the whole gap.
- false starts: times that 60 ms of voice, vadendpoint's min-speech, were
  decided in noise alone; NOISE-first: before anybody spoke.
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
CLOSED_GAP = 10
# A pause that is no gap, whoever measures it.
LEAST_PAUSE = 20


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


def close_gaps(voice):
    closed = bytearray(voice)
    end = None
    for begin, after in runs(voice):
        if end is not None and begin - end <= CLOSED_GAP:
            closed[end:begin] = b"\1" * (begin - end)
        end = after
    return bytes(closed)


def segments(truth):
    """Begin and end of each, and the end before and the begin after."""
    found = list(runs(truth))
    for i, (begin, end) in enumerate(found):
        yield (begin, end, found[i - 1][1] if i else 0,
               found[i + 1][0] if i + 1 < len(found) else len(truth))


def edges(truth, voice):
    """Where the voice of each segment begins and ends, in frames after the
    segment does; None beside a gap that is hardly a pause. Nothing for a
    segment unheard."""
    for begin, end, earliest, latest in segments(truth):
        first = voice.find(1, begin, end)
        if first < 0:
            yield ()
            continue
        paused = begin - earliest >= LEAST_PAUSE, latest - end >= LEAST_PAUSE
        earliest = max(earliest, begin - LONGEST_ERROR)
        latest = min(latest, end + LONGEST_ERROR)
        if first == begin:
            first = max(voice.rfind(0, 0, begin) + 1, earliest)
        last = voice.rfind(1, begin, end) + 1
        if last == end:
            last = voice.find(0, end, latest)
            last = latest if last < 0 else last
        yield (first - begin if paused[0] else None,
               last - end if paused[1] else None)


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
        self.counts = {"settled": [0, 0, 0], "decided": [0, 0, 0]}
        self.onsets = []            # told, in ms
        self.ends = []
        self.onset_errors = []
        self.offset_errors = []
        self.segments = 0
        self.unheard = 0
        self.starts = 0
        self.alone = 0

    def add(self, truth, decided, settled):
        for kind, voice in (("decided", decided), ("settled", settled)):
            self.counts[kind] = [a + b for a, b in zip(
                self.counts[kind], count(truth, voice))]
        for edge in edges(truth, decided):
            self.segments += 1
            self.unheard += not edge
            for told, frames in zip((self.onsets, self.ends), edge):
                # At the end of the frame that it begins or is over in.
                if frames is not None:
                    told.append(0 if frames < 0 else
                                (frames + 1) * FRAME_MS + self.delay)
        for edge in edges(truth, settled):
            for errors, frames in zip((self.onset_errors,
                                       self.offset_errors), edge):
                if frames is not None:
                    errors.append(abs(frames) * FRAME_MS)

    def add_alone(self, voice):
        self.starts += false_starts(voice)
        self.alone += len(voice)

    def starts_an_hour(self):
        return self.starts * 360000 / self.alone if self.alone else \
            float("nan")


def gather(folder, delays):
    """Cells by detector, noise and ratio, and by detector and voice."""
    cells, voices = {}, {}
    with open(os.path.join(folder, "scenes.csv"), encoding="ascii") as file:
        rows = list(csv.reader(file))
    for name, noise, snr, _, talker, alone, speech in rows:
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
                kind = detector + "-settled"
                truth = read(folder, name, "truth")
                settled = read(folder, name, kind) if os.path.exists(
                    os.path.join(folder, "%s.%s" % (name, kind))) \
                    else close_gaps(voice)
                cell.add(truth, voice, settled)
                voices.setdefault((detector, int(talker)), Cell()).add(
                    truth, voice, settled)
    return cells, voices


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

    def __init__(self, cells, voices):
        self.cells = cells
        self.voices = voices
        self.detectors = [d for d in DETECTORS if any(k[0] == d
                                                      for k in cells)]
        with_speech = [k for k, c in cells.items() if c.segments]
        self.noises = list(dict.fromkeys(k[1] for k in with_speech))
        self.snrs = sorted({k[2] for k in with_speech}, reverse=True)
        self.alone = list(dict.fromkeys(k[1] for k, c in cells.items()
                                        if c.alone))

    def f1(self, detector, noise, snr, kind="settled"):
        return f1_of(self.cells[detector, noise, snr].counts[kind])

    def mean_f1(self, detector, kind="settled"):
        return mean(self.f1(detector, noise, snr, kind)
                    for noise in self.noises for snr in self.snrs)

    def pooled(self, detector, snrs, what):
        return [value for noise in self.noises for snr in snrs
                for value in getattr(self.cells[detector, noise, snr], what)]

    def unheard(self, detector, snrs):
        """In percent of the segments."""
        cells = [self.cells[detector, noise, snr] for noise in self.noises
                 for snr in snrs]
        return 100 * sum(cell.unheard for cell in cells) / sum(
            cell.segments for cell in cells)

    def starts(self, detector, noise, snr=None):
        cells = [c for k, c in self.cells.items()
                 if k[0] == detector and k[1] == noise
                 and snr in (None, k[2])]
        alone = sum(c.alone for c in cells)
        return sum(c.starts for c in cells) * 360000 / alone


def print_f1(results):
    print("frame F1, settled")
    print("%-10s %4s " % ("noise", "dB") + " ".join(
        "%9s" % d for d in results.detectors))
    for noise in results.noises:
        for snr in results.snrs:
            print("%-10s %4d " % (noise, snr) + " ".join(
                "%9.3f" % results.f1(d, noise, snr)
                for d in results.detectors))
    for kind in ("settled", "decided"):
        print("%-15s " % ("mean, " + kind) + " ".join(
            "%9.3f" % results.mean_f1(d, kind) for d in results.detectors))
    for voice in sorted({k[1] for k in results.voices}):
        print("%-15s " % ("voice %d" % (voice + 1)) + " ".join(
            "%9.3f" % f1_of(results.voices[d, voice].counts["settled"])
            for d in results.detectors))


def print_edges(results):
    for title, begins, ends in (
            ("told after its begin and its end", "onsets", "ends"),
            ("error of its begin and its end", "onset_errors",
             "offset_errors")):
        print("\n%s in ms, p50/p95" % title)
        for snrs in [[snr] for snr in results.snrs] + [results.snrs]:
            print("%-6s " % ("%d dB" % snrs[0] if len(snrs) == 1 else "all")
                  + "  ".join("%s %3d/%3d %3d/%3d" % (
                      d, percentile(results.pooled(d, snrs, begins), 50),
                      percentile(results.pooled(d, snrs, begins), 95),
                      percentile(results.pooled(d, snrs, ends), 50),
                      percentile(results.pooled(d, snrs, ends), 95))
                      for d in results.detectors))
    print("\nnot heard at all, % of segments")
    print("%-15s " % "" + " ".join("%9.1f" % results.unheard(d, results.snrs)
                                   for d in results.detectors))


def print_starts(results, cpu):
    print("\nfalse starts an hour in noise alone")
    for noise in results.alone:
        print("%-16s " % noise + " ".join(
            "%9.1f" % results.starts(d, noise) for d in results.detectors))
    for snr in sorted({k[2] for k in results.cells if k[1] == "television"},
                      reverse=True):
        print("%-13s%3d " % ("television", snr) + " ".join(
            "%9.1f" % results.starts(d, "television", snr)
            for d in results.detectors))
    print("\nCPU, ms for a second of audio")
    print("%-15s " % "" + " ".join("%9.3f" % cpu.get(d, float("nan"))
                                   for d in results.detectors))


def write_csv(folder, results):
    with open(os.path.join(folder, "results.csv"), "w", newline="",
              encoding="ascii") as file:
        out = csv.writer(file)
        out.writerow(["detector", "noise", "snr_db", "f1", "precision",
                      "recall", "f1_decided", "onset_told_p50_ms",
                      "onset_told_p95_ms", "end_told_p95_ms",
                      "onset_error_p95_ms", "offset_error_p95_ms",
                      "unheard", "segments", "false_starts",
                      "hours_alone"])
        for (detector, noise, snr), cell in results.cells.items():
            hits, false_alarms, misses = cell.counts["settled"]
            out.writerow([
                detector, noise, snr, "%.4f" % f1_of(cell.counts["settled"]),
                "%.4f" % (hits / max(hits + false_alarms, 1)),
                "%.4f" % (hits / max(hits + misses, 1)),
                "%.4f" % f1_of(cell.counts["decided"]),
                percentile(cell.onsets, 50), percentile(cell.onsets, 95),
                percentile(cell.ends, 95), percentile(cell.onset_errors, 95),
                percentile(cell.offset_errors, 95), cell.unheard,
                cell.segments, cell.starts,
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
            "name": name, "value": round(value, 6), "unit": unit,
            "goal": goal, "better": better, "against": None, "ratio": None}))

    print()
    for detector in results.detectors:
        own = detector == "parley"
        figure("vad-f1-" + detector, results.mean_f1(detector), "F1",
               0.95 if own else None, "higher")
        figure("vad-television-" + detector,
               results.starts(detector, "television"), "starts/hour",
               1 if own else None)
        figure("vad-television-first-" + detector,
               results.starts(detector, "television-first"), "starts/hour")
        figure("vad-cpu-" + detector, cpu.get(detector, float("nan")),
               "ms/s", 0.3 if own else None)
        figure("vad-f1-decided-" + detector,
               results.mean_f1(detector, "decided"), "F1", None, "higher")
        for name, what, goal in (
                ("onset-told", "onsets", None), ("end-told", "ends", None),
                ("onset-error", "onset_errors", 40),
                ("offset-error", "offset_errors", 30)):
            figure("vad-%s-p95-%s" % (name, detector),
                   percentile(results.pooled(detector, results.snrs, what),
                              95), "ms", goal if own else None)


def main():
    folder = sys.argv[1]
    cpu, delays = costs_of(folder)
    results = Results(*gather(folder, delays))
    print_f1(results)
    print_edges(results)
    print_starts(results, cpu)
    write_csv(folder, results)
    write_svg(folder, results)
    print_figures(results, cpu)


main()
