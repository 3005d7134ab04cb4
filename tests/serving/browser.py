"""Chromium, driven over a pipe by its DevTools protocol: presses keys, and reads what assistive technology sees."""

import json
import os
import subprocess
from contextlib import contextmanager
from itertools import count

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
QUIET = ("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe")


class Page:
    """A page that is open."""

    def __init__(self, send, receive):
        self.file, self.answers, self.numbers = send, receive, count(1)
        self.session, self.requested, self.console = None, [], []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self(f"{domain}.enable")

    def __call__(self, method, **parameters):
        """Calls a method of the protocol and returns its result; events on the way are noted."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        self.file.write(json.dumps(message).encode() + b"\0")
        self.file.flush()
        while True:
            came = self._next()
            if came.get("id") == number:
                assert "error" not in came, (method, came)
                return came["result"]

    def _next(self):
        received = b""
        while not received.endswith(b"\0"):
            part = self.answers.read(1)
            assert part, "Chromium has ended"
            received += part
        came = json.loads(received[:-1])
        if came.get("method") == "Network.requestWillBeSent":
            self.requested.append(came["params"]["request"]["url"])
        elif came.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.console.append(came["params"])
        self.last = came.get("method")
        return came

    def open(self, url):
        self("Page.navigate", url=url)
        while self.last != "Page.loadEventFired":
            self._next()

    def run(self, script):
        """The value of an expression in the page; a promise is waited for."""
        done = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def press(self, key, modifiers=0, text=None):
        codes = {"Tab": 9, "Enter": 13}
        more = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
                modifiers=modifiers,
                **(more if kind == "keyDown" else {}),
            )

    def type(self, text):
        self("Input.insertText", text=text)

    def tree(self):
        """What assistive technology sees: role and name of each node that is not ignored."""
        nodes = self("Accessibility.getFullAXTree")["nodes"]
        seen = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]


@contextmanager
def open_browser(program, profile, *flags):
    """Starts Chromium; it ends with the block."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def place():
        one, other = os.dup(to_read), os.dup(from_write)  # 3 and 4 may be among the pipes themselves
        os.dup2(one, 3)
        os.dup2(other, 4)

    command = [program, *FLAGS, *QUIET, f"--user-data-dir={profile}", *flags]
    process = subprocess.Popen(
        command, preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(to_read)
    os.close(from_write)
    try:
        with os.fdopen(to_write, "wb") as send, os.fdopen(from_read, "rb") as receive:
            yield Page(send, receive)
    finally:
        process.kill()
        process.wait()
