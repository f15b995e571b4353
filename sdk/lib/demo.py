"""What the checks of the Python SDKs share: a running demo, a listener for webhooks, and the verdict."""

import base64
import json
import os
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

# Longest wait for something to happen, in seconds.
WAIT_S = 10
# One white pixel, for messages with a picture.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

if "BATON_READY_FILE" not in os.environ:
    sys.exit("set BATON_READY_FILE to the file that `baton demo --ready-file` wrote")
with open(os.environ["BATON_READY_FILE"], encoding="utf-8") as ready_file:
    READY = json.load(ready_file)


def http(url, body=None, headers=None):
    """GET, or POST if there is a body. Returns the status and the body, whatever the status is."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def control(path, order=None):
    """Looks at the sandbox, or gives it an order."""
    body = None if order is None else json.dumps(order).encode()
    status, answer = http(f"{READY['sandbox_url']}/_control/{path}", body, {"content-type": "application/json"})
    if status != 200:
        raise AssertionError(f"the sandbox answered {path} with {status}: {answer.decode()}")
    return json.loads(answer)


def api(path):
    """What the hub's API answers."""
    status, answer = http(f"{READY['hub_url']}/api/{path}", headers={"authorization": f"Bearer {READY['api_key']}"})
    equal(status, 200, f"the hub's answer to {path}")
    return json.loads(answer)


@contextmanager
def switched(**changes):
    """Sets switches of the sandbox, named with `__` in place of the dot, for a while."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    before = {one["name"]: one["value"] for one in control("switches")["switches"]}
    control("switches", changes)
    try:
        yield
    finally:
        control("switches", {name: before[name] for name in changes})


class Hook(NamedTuple):
    """One webhook as it arrived; names of headers are in lower case."""

    url: str
    headers: dict
    body: bytes


class Listener:
    """A server on loopback that takes webhooks, and serves a picture to whoever asks."""

    def __init__(self, content_type, answer):
        self._arrived = []
        self._changed = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener._take(Hook(listener.base + self.path, headers, body))
                self._answer(content_type, answer)

            def do_GET(self):
                self._answer("image/png", PIXEL)

            do_HEAD = do_GET

            def _answer(self, kind, body):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def _take(self, hook):
        with self._changed:
            self._arrived.append(hook)
            self._changed.notify_all()

    def arrived(self):
        """Every webhook so far."""
        with self._changed:
            return list(self._arrived)

    def wait(self, what, fits):
        """The first webhook that fits, however long ago it came."""
        with self._changed:
            found = self._changed.wait_for(lambda: next(filter(fits, self._arrived), None), WAIT_S)
        if found is None:
            raise AssertionError(f"{what} did not arrive")
        return found


class Skipped(Exception):
    """Nothing to check, with the reason."""


def expect(holds, what):
    """Fails the check unless it holds."""
    if not holds:
        raise AssertionError(what)


def equal(found, wanted, what):
    """Fails the check with both values unless they are the same."""
    expect(found == wanted, f"{what}: {found!r} instead of {wanted!r}")


def becomes(look, wanted, what):
    """Fails the check unless it is so in time."""
    until = time.monotonic() + WAIT_S
    while (found := look()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    equal(found, wanted, what)


_checks = []


def check(function):
    """Makes a function a check; its name is what it shows."""
    _checks.append(function)
    return function


def run(title):
    """Runs every check in order, prints a line for each, and ends the program."""
    failed = 0
    for function in _checks:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok       {title}: {name}")
        except Skipped as reason:
            print(f"skipped  {title}: {name}: {reason}")
        except Exception as error:
            failed += 1
            print(f"FAILED   {title}: {name}: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    sys.exit(1 if failed else 0)
