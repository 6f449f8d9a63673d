# SPDX-License-Identifier: LGPL-2.1-or-later
"""When turns end, against others: see docs/endpointing.md."""
import csv
import glob
import os
import random
import shutil
import statistics
import subprocess
import sys

import endpoint_turns
from harness import BUILD, figure

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGINS = os.path.join(BUILD, "gst-plugins", "elements")

# least:middle:most in ms. The one that the pipelines use is the point of which
# the figures are; the others draw the curve.
ADAPTIVE = ["100:250:900", "150:350:1200", "200:500:1500", "200:650:1800",
            "250:750:2000", "300:900:2200", "400:1100:2400"]
OURS = "200:650:1800"
FIXED = [100, 200, 300, 400, 500, 600, 700, 850, 1000, 1200]
SMART = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98]
# Silence after which Smart Turn is asked, and after which it is asked no more, in
# ms: the first is counted by vadendpoint, some 100 ms after the last speech.
SMART_ASKS, SMART_GIVES_UP = 100, 3000

# A recogniser that is not good: ms after the word's end, and wrong words.
POOR_LAG, POOR_SHARE = (400, 600), 0.1

SPLITS = ("known", "held")
PACKAGES = {"es": "asterisk-core-sounds-es-wav",
            "fr": "asterisk-core-sounds-fr-wav",
            "it": "asterisk-core-sounds-it-wav"}


def sounds_in(folder):
    """Where Asterisk's recordings of a language are."""
    def find(language, pattern):
        under = ["/usr/share/asterisk/sounds",
                 os.path.join(folder, "x", "usr/share/asterisk/sounds")]
        package = PACKAGES.get(language)
        debs = os.path.join(folder, "debs")
        if package and not glob.glob(os.path.join(under[1], pattern)):
            os.makedirs(debs, exist_ok=True)
            got = subprocess.run(["apt-get", "download", "-qq", package],
                                 cwd=debs, stderr=subprocess.DEVNULL,
                                 check=False)
            if got.returncode == 0:
                deb = glob.glob(os.path.join(debs, package + "_*.deb"))[0]
                subprocess.run(["dpkg-deb", "-x", deb,
                                os.path.join(folder, "x")], check=True)
        for parent in under:
            found = sorted(glob.glob(os.path.join(parent, pattern)))
            if found:
                return found[0]
        print("no recorded digits of %s: %s cannot be had" % (language,
                                                              package))
        return None
    return find


def run_element(folder, turns, settings, out):
    with open(out, "w", encoding="utf-8") as file:
        subprocess.run([os.path.join(BUILD, "bench", "bench-endpoint"), folder,
                        turns] + settings, stdout=file, check=True,
                       env={**os.environ, "GST_PLUGIN_PATH": PLUGINS})


def read_turns(path):
    """Of each turn: split, language, kind, voice, and the end of speech."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return {row[0]: {"split": row[1], "language": row[2], "kind": row[3],
                     "voice": row[4], "end": int(row[7])} for row in rows}


def read_results(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def smart_python(folder):
    """A Python of its own that has Smart Turn, or None."""
    venv = os.path.join(folder, "venv")
    python = os.path.join(venv, "bin", "python")
    try:
        if not os.path.exists(os.path.join(venv, "ready")):
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [python, "-m", "pip", "-q", "install"]
            subprocess.run(pip + ["onnxruntime", "numpy"], check=True)
            # Without the many things that an agent made with it needs.
            subprocess.run(pip + ["--no-deps", "pipecat-ai"], check=True)
            open(os.path.join(venv, "ready"), "wb").close()
    except (OSError, subprocess.CalledProcessError) as error:
        print("Smart Turn cannot be had, and is left out: %s" % error)
        return None
    return python


def ask_smart(folder, turns, asked):
    """Of each turn [(moment, probability)]; None if it cannot be asked."""
    python = smart_python(os.path.dirname(folder))
    if not python:
        return None
    path = os.path.join(folder, "smart.csv")
    with open(path, "w", encoding="utf-8") as out:
        done = subprocess.run([python, os.path.join(HERE, "endpoint_smart.py"),
                               folder, asked], stdout=out, check=False)
    if done.returncode != 0:
        print("Smart Turn does not work, and is left out")
        return None
    said = {name: [] for name in turns}
    for row in read_results(path):
        said[row["turn"]].append((int(row["at_ms"]),
                                  float(row["probability"])))
    return said


def smart_rows(turns, said, threshold):
    """What a turn's ends are when Smart Turn decides, as of the element."""
    rows = []
    for name, turn in turns.items():
        if turn["split"] not in SPLITS:
            continue
        ends = [at - turn["end"] for at, odds in said[name]
                if odds > threshold]
        if said[name] and said[name][-1][1] <= threshold:
            last = said[name][-1][0] - SMART_ASKS + SMART_GIVES_UP
            ends.append(last - turn["end"])
        rows.append({"setting": "smart-%g" % threshold, "turn": name,
                     "first_ms": ends[0] if ends else 0,
                     "last_ms": ends[-1] if ends else 0, "ends": len(ends),
                     "at_ms": "", "reason": ""})
    return rows


def summary(turns, rows, split):
    """(cut-offs per 100 turns, median wait in ms) of one setting's rows."""
    rows = [row for row in rows if turns[row["turn"]]["split"] == split
            and int(row["ends"])]
    cut = sum(int(row["first_ms"]) < 0 for row in rows)
    return (100 * cut / len(rows),
            statistics.median(int(row["last_ms"]) for row in rows))


def curve(turns, rows, names, split):
    return [summary(turns, [r for r in rows if r["setting"] == name], split)
            for name in names]


def cuts_at(points, wait):
    """On the curve through @points, the cut-offs at this median wait."""
    points = sorted((w, c) for c, w in points)
    if wait <= points[0][0]:
        return points[0][1]
    for (w0, c0), (w1, c1) in zip(points, points[1:]):
        if wait <= w1:
            return c0 + (c1 - c0) * (wait - w0) / max(w1 - w0, 1)
    return points[-1][1]


COLOURS = {"adaptive": "#1a7f37", "without text": "#8250df",
           "fixed silence": "#57606a", "Smart Turn": "#bc4c00"}


def svg_axes(out, title):
    out.append('<text x="340" y="20" text-anchor="middle">%s</text>' % title)
    for cut in range(0, 81, 20):
        y = 300 - cut * 3.2
        out.append('<path d="M60 %g H640" stroke="#d0d7de"/>'
                   '<text x="52" y="%g" text-anchor="end">%d</text>'
                   % (y, y + 4, cut))
    for wait in range(0, 1401, 200):
        x = 60 + wait * 580 / 1400
        out.append('<text x="%g" y="318" text-anchor="middle">%d</text>'
                   % (x, wait))
    out.append('<text x="340" y="338" text-anchor="middle">median wait after '
               'the end of speech, ms</text><text x="16" y="170" transform='
               '"rotate(-90 16 170)" text-anchor="middle">cut-offs per 100 '
               'turns</text>')


def svg_curve(out, name, points, n):
    places = [(60 + min(wait, 1400) * 580 / 1400, 300 - cut * 3.2)
              for cut, wait in sorted(points, key=lambda p: p[1])]
    colour = COLOURS[name]
    out.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"'
               '/>' % (colour, " ".join("%.1f,%.1f" % p for p in places)))
    out.extend('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>'
               % (x, y, colour) for x, y in places)
    out.append('<text x="630" y="%d" text-anchor="end" fill="%s">%s</text>'
               % (50 + 18 * n, colour, name))


def draw(path, curves):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 350" '
           'font-family="sans-serif" font-size="12">'
           '<rect width="660" height="350" fill="white"/>']
    svg_axes(out, "Other phrases and voices than those the rules were written with")
    for n, (name, points) in enumerate(curves.items()):
        svg_curve(out, name, points, n)
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


def show(curves):
    for name, splits in curves.items():
        for split, points in splits.items():
            print("%-14s %-6s %s" % (name, split, "  ".join(
                "%.1f@%d" % point for point in points)))


def reasons(turns, rows):
    """How often each rule ended a turn for good, and after which wait."""
    waits = {}
    for row in rows:
        if turns[row["turn"]]["split"] == "held":
            waits.setdefault(row["reason"], []).append(int(row["last_ms"]))
    for reason, values in sorted(waits.items(), key=lambda i: -len(i[1])):
        print("  %-14s %4d turns, median wait %d ms" % (
            reason, len(values), statistics.median(values)))


def without_yes_no(path):
    """The list without the answers that only have to be heard."""
    shorter = path.replace("turns.tsv", "asked.tsv")
    with open(path, encoding="utf-8") as turns, \
            open(shorter, "w", encoding="utf-8") as out:
        out.writelines(row for row in turns if not row.startswith("yes-no"))
    return shorter


def with_errors(path):
    """The list as a poor recogniser would have it: a word in ten is another
    one, and texts come late."""
    chance = random.Random(10)
    poor = path.replace("turns.tsv", "poor.tsv")
    with open(path, encoding="utf-8") as turns, \
            open(poor, "w", encoding="utf-8") as out:
        for line in turns:
            fields = line.rstrip("\n").split("\t")
            words = [word.split(":", 2) for word in fields[8].split()]
            for word in words:
                word[1] = str(int(word[0]) + chance.randint(*POOR_LAG))
                if chance.random() < POOR_SHARE:
                    word[2] = chance.choice(words)[2]
            fields[8] = " ".join(":".join(word) for word in words)
            out.write("\t".join(fields) + "\n")
    return poor


def show_poor(folder, path, turns):
    """What is left with such texts, as a line and as figures."""
    results = os.path.join(folder, "poor.csv")
    run_element(folder, with_errors(path), ["poor=" + OURS], results)
    rows = read_results(results)
    for split in SPLITS:
        print("%-14s %-6s %.1f@%d" % (("poor text", split)
                                      + summary(turns, rows, split)))
    cut, wait = summary(turns, rows, "held")
    return [figure("endpoint-poor-text-cut-offs", cut, "of 100 turns"),
            figure("endpoint-poor-text-wait", wait, "ms")]


def measure(folder, path):
    """All rows of all settings."""
    turns = read_turns(path)
    results = os.path.join(folder, "element.csv")
    asked = os.path.join(folder, "asked.csv")
    run_element(folder, path, ["adaptive-%s=%s" % (s, s) for s in ADAPTIVE]
                + ["%s-deaf=%s" % (s, s) for s in ADAPTIVE]
                + ["fixed-%d=%d" % (s, s) for s in FIXED], results)
    run_element(folder, without_yes_no(path), ["asked=%d" % SMART_ASKS], asked)
    rows = read_results(results)
    said = ask_smart(folder, turns, asked)
    for threshold in SMART if said else []:
        rows += smart_rows(turns, said, threshold)
    return turns, rows, said is not None


def save(folder, turns, rows):
    with open(os.path.join(folder, "results.csv"), "w", encoding="utf-8",
              newline="") as file:
        out = csv.writer(file)
        out.writerow(["setting", "turn", "split", "language", "kind", "voice",
                      "first_ms", "last_ms", "ends", "reason"])
        for row in rows:
            turn = turns[row["turn"]]
            out.writerow([row["setting"], row["turn"], turn["split"],
                          turn["language"], turn["kind"], turn["voice"],
                          row["first_ms"], row["last_ms"], row["ends"],
                          row["reason"]])


def figures(turns, rows, curves):
    ours = [r for r in rows if r["setting"] == "adaptive-" + OURS]
    cut, wait = summary(turns, ours, "held")
    _, wait_700 = summary(turns, [r for r in rows
                                  if r["setting"] == "fixed-700"], "held")
    cut_400, wait_400 = summary(turns, [r for r in rows
                                        if r["setting"] == "fixed-400"], "held")
    same_wait = cuts_at(curves["adaptive"]["held"], wait_400)
    lost = sum(int(r["ends"]) == 0 for r in ours
               if turns[r["turn"]]["split"] == "yes-no")
    out = [figure("endpoint-cut-offs", cut, "of 100 turns", 3),
           figure("endpoint-wait", wait, "ms"),
           figure("endpoint-sooner-than-700", wait_700 - wait, "ms", 150,
                  "higher"),
           figure("endpoint-cut-offs-at-400", same_wait, "of 100 turns", 0.5,
                  against="fixed 400", ratio=same_wait / cut_400),
           figure("endpoint-yes-no-lost", lost, "of 200", 0)]
    if "Smart Turn" in curves:
        cut, wait = curves["Smart Turn"]["held"][SMART.index(0.5)]
        out += [figure("smart-turn-cut-offs", cut, "of 100 turns"),
                figure("smart-turn-wait", wait, "ms")]
    return out


def endpoint():
    """Cut-offs against wait, for silence that depends on what was said, for
    fixed silence and for Smart Turn. Turns, results.csv and endpoint.svg are
    left in build/endpoint/turns."""
    folder = os.path.join(BUILD, "endpoint")
    out = os.path.join(folder, "turns")
    shutil.rmtree(out, ignore_errors=True)
    path = endpoint_turns.make(out, sounds_in(folder))
    turns, rows, smart = measure(out, path)
    names = {"adaptive": ["adaptive-" + s for s in ADAPTIVE],
             "without text": [s + "-deaf" for s in ADAPTIVE],
             "fixed silence": ["fixed-%d" % s for s in FIXED]}
    if smart:
        names["Smart Turn"] = ["smart-%g" % s for s in SMART]
    curves = {name: {split: curve(turns, rows, settings, split)
                     for split in SPLITS}
              for name, settings in names.items()}
    show(curves)
    reasons(turns, [r for r in rows if r["setting"] == "adaptive-" + OURS])
    save(out, turns, rows)
    draw(os.path.join(out, "endpoint.svg"),
         {name: splits["held"] for name, splits in curves.items()})
    return figures(turns, rows, curves) + show_poor(out, path, turns)
