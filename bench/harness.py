# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches share: figures, servers, callers."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
PARLEY = os.path.join(BUILD, "app", "parley")


def figure(name, value, unit, goal=None, better="lower", against=None,
           ratio=None):
    return {"name": name, "value": round(value, 3), "unit": unit,
            "goal": goal, "better": better, "against": against,
            "ratio": ratio}


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


@contextlib.contextmanager
def program(arguments, environment):
    """A server of ours: yields its process and HOST:PORT."""
    process = subprocess.Popen(
        [PARLEY, *arguments, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, **environment})
    try:
        line = process.stdout.readline()
        if "http://" not in line:
            sys.exit("bench: parley %s did not start" % arguments[0])
        yield process, line.split("http://")[1].split()[0]
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def serve(pipeline, *options, **environment):
    """A server of its own for @pipeline: yields its process and socket URL."""
    arguments = ["serve", os.path.join(ROOT, pipeline), "--max-calls", "2000",
                 "--drain-seconds", "1", *options]
    with program(arguments, environment) as (process, address):
        wait_ready(address)
        yield process, "ws://%s/media" % address


def wait_ready(address):
    for _ in range(200):
        try:
            urllib.request.urlopen("http://%s/ready" % address).read()
            return
        except urllib.error.HTTPError:
            time.sleep(0.1)
    sys.exit("bench: parley serve did not become ready")


def page_of(url):
    """The server's pages, by its socket URL."""
    return url.replace("ws:", "http:").replace("/media", "")


def call(url, *options):
    out = subprocess.run([PARLEY, "call", "--url", url, "--json", *options],
                         capture_output=True, text=True, check=False)
    return json.loads(out.stdout)


def call_async(url, *options):
    return subprocess.Popen([PARLEY, "call", "--url", url, "--json", *options],
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


class Emulator:
    """The services, as a process of its own."""

    def __init__(self, address):
        self.url = "http://" + address

    def records(self):
        page = urllib.request.urlopen(self.url + "/emulator/requests")
        return json.load(page)["requests"]


@contextlib.contextmanager
def emulator(config, folder=None):
    """With @config, in @folder if it names files there."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=folder) as file:
        json.dump(config, file)
        file.flush()
        with program(["emulator", "--config", file.name], {}) as (_, address):
            yield Emulator(address)


@contextlib.contextmanager
def copied(pipeline, *pairs):
    """A copy of @pipeline with other words in it."""
    path = os.path.join(ROOT, pipeline)
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("${DIR}", os.path.dirname(path))
    for word, other in pairs:
        text = text.replace(word, other)
    with tempfile.NamedTemporaryFile("w", suffix=".pipeline") as file:
        file.write(text)
        file.flush()
        yield file.name


def callers(url, *options):
    """bench-callers: an object a call."""
    with callers_async(url, *options) as process:
        return results(process)


def callers_async(url, *options):
    return subprocess.Popen(
        [os.path.join(BUILD, "bench", "bench-callers"), *map(str, options),
         url], stdout=subprocess.PIPE, text=True)


def results(process):
    return [json.loads(line) for line in process.communicate()[0].splitlines()]
