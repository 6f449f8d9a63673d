# SPDX-License-Identifier: LGPL-2.1-or-later
"""Voice activity beside others': see docs/hearing.md."""
import json
import os
import shutil
import subprocess
import sys

from harness import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))


def silero_python(folder):
    """A Python of its own that has Silero, or None."""
    python = os.path.join(folder, "venv", "bin", "python")
    try:
        if not os.path.exists(os.path.join(folder, "venv", "ready")):
            subprocess.run([sys.executable, "-m", "venv",
                            os.path.join(folder, "venv")], check=True)
            pip = [python, "-m", "pip", "-q", "install"]
            subprocess.run(pip + ["onnxruntime", "numpy"], check=True)
            # Without torch, which it needs to train and to read files.
            subprocess.run(pip + ["--no-deps", "silero-vad"], check=True)
            open(os.path.join(folder, "venv", "ready"), "wb").close()
    except (OSError, subprocess.CalledProcessError) as error:
        print("silero-vad cannot be had, and is left out: %s" % error)
        return None
    return python


def collect_voices():
    """The folder that the voices of the test split are in."""
    voices = os.path.join(BUILD, "vad", "voices")
    subprocess.run([os.path.join(HERE, "vad_voices.sh"), voices], check=True)
    return voices


def vad_softer():
    """What is not heard of callers who become softer, of the voices of
    vad_noise()."""
    printed = subprocess.run([os.path.join(BUILD, "bench", "bench-vad-softer"),
                              collect_voices(), "test"],
                             capture_output=True, text=True, check=True)
    return [json.loads(line) for line in printed.stdout.splitlines()]


def vad_noise():
    """Voice activity beside others, on voices and languages that nothing was
    fitted or chosen on. Audio, decisions, results.csv and f1.svg are left in
    build/vad/test."""
    folder = os.path.join(BUILD, "vad")
    out = os.path.join(folder, "test")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    subprocess.run([os.path.join(BUILD, "bench", "bench-vad-noise"),
                    collect_voices(), "test", out], check=True)
    python = silero_python(folder)
    if python:
        subprocess.run([python, os.path.join(HERE, "vad_silero.py"), out],
                       check=True)
    printed = subprocess.run([sys.executable,
                              os.path.join(HERE, "vad_noise.py"), out],
                             capture_output=True, text=True, check=True)
    lines = printed.stdout.splitlines()
    print("\n".join(line for line in lines if not line.startswith("{")))
    return [json.loads(line) for line in lines if line.startswith("{")]
