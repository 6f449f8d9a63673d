# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium by the W3C WebDriver protocol, with the standard library alone."""
import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class DriverError(Exception):
    pass


class Driver:
    """A chromedriver process on a port of its own choice."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in self.process.stdout:
            match = re.search(r"successfully on port (\d+)", line)
            if match:
                self.url = f"http://127.0.0.1:{match[1]}"
                return
        raise DriverError("chromedriver did not start")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise DriverError(json.load(error)["value"]["message"]) from None

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Browser:
    """A Chromium with a profile of its own."""

    def __init__(self, driver, arguments=(), preferences=None):
        self.driver = driver
        self.profile = tempfile.mkdtemp(prefix="parley-browser-")
        options = {
            "binary": shutil.which("chromium"),
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--no-first-run",
                f"--user-data-dir={self.profile}",
                *arguments,
            ],
            "prefs": preferences or {},
        }
        capabilities = {
            "alwaysMatch": {
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }
        }
        session = driver.call("POST", "/session", {"capabilities": capabilities})
        self.path = f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        return self.driver.call(method, self.path + path, body)

    def go(self, url):
        self.call("POST", "/url", {"url": url})

    def script(self, text, *arguments):
        """The value of JavaScript; promises are awaited."""
        return self.call(
            "POST", "/execute/sync", {"script": text, "args": list(arguments)}
        )

    def wait(self, text, seconds=10):
        """Until JavaScript is true; returns its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.script(f"return ({text})")
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"never true in {seconds} s: {text}")
            time.sleep(0.05)

    def click(self, selector):
        found = self.call(
            "POST", "/element", {"using": "css selector", "value": selector}
        )
        self.call("POST", f"/element/{found[ELEMENT]}/click", {})

    def type(self, keys):
        actions = [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("POST", "/actions", {"actions": [source]})

    def resize(self, width, height):
        self.call("POST", "/window/rect", {"width": width, "height": height})

    def new_tab(self):
        handle = self.call("POST", "/window/new", {"type": "tab"})["handle"]
        self.switch(handle)
        return handle

    def tab(self):
        return self.call("GET", "/window")

    def switch(self, handle):
        self.call("POST", "/window", {"handle": handle})

    def close_tab(self):
        self.call("DELETE", "/window")

    def complaints(self):
        """What the browser logged as errors: blocked or missing resources."""
        log = self.call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("GET", "/screenshot")))

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)
