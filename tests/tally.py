#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a meson test log: how many TAP cases passed and failed, or, with
--table, the table of providers that the providertable programs made."""
import json
import re
import sys


def tests(path):
    with open(path, encoding="utf-8") as log:
        for line in log:
            yield json.loads(line)


def tally(path):
    passed = failed = 0
    for test in tests(path):
        out = test.get("stdout") or ""
        ok = len(re.findall(r"^ok \d+", out, re.M))
        skipped = len(re.findall(r"^ok \d+ .*# SKIP", out, re.M))
        bad = len(re.findall(r"^not ok \d+", out, re.M))
        if test["result"] not in ("OK", "SKIP") and bad == 0:
            bad = 1
        if test["result"] == "OK" and ok == 0:
            ok = 1
        passed += ok - skipped
        failed += bad
    print(passed, failed)


def table(path):
    rows, columns = {}, []
    for test in tests(path):
        for cell in re.findall(r"^# cell \| (.*)", test.get("stdout") or "",
                               re.M):
            row, column, how, ms = cell.split(" | ")
            if column not in columns:
                columns.append(column)
            waited = "-" if ms == "-1" else ms
            rows.setdefault(row, {})[column] = f"{how:4} {waited:>5}"
    if not rows:
        return
    print("what callers heard: ok or FAIL, and how long they waited at most, "
          "in ms")
    print(" | ".join([" " * 22] + [f"{column:11}" for column in columns]))
    for row, cells in rows.items():
        print(" | ".join([f"{row:22}"] + [f"{cells.get(column, 'FAIL'):11}"
                                          for column in columns]))


if sys.argv[1] == "--table":
    table(sys.argv[2])
else:
    tally(sys.argv[1])
