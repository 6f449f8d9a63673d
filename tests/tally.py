#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints how many TAP cases of a meson test log passed and failed."""
import json
import re
import sys

passed = failed = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        test = json.loads(line)
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
