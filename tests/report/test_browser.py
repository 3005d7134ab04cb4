"""The page in a real browser: it shows what was planted, runs none of it, and fetches nothing."""

import json
import os
import re
import shutil
import subprocess
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.report.conftest import HOSTILE_LABELS, HUGE, PLANTED

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)
pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        message = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.fixture
def browse(chromium, tmp_path):
    """Opens a page; gives what was printed, what the console said, and which addresses the page asked for."""

    def open_page(page, *flags):
        profile, log = tmp_path / "profile", tmp_path / "net.json"
        shutil.rmtree(profile, ignore_errors=True)
        done = subprocess.run(
            [chromium, *FLAGS, f"--user-data-dir={profile}", f"--log-net-log={log}", *flags, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        return done.stdout, console, asked_for(log)

    return open_page


def asked_for(log):
    """The addresses that a page asked for, by Chromium's own record; what the browser asks for itself has no page."""
    text = log.read_text(encoding="utf-8").rstrip().rstrip(",")
    events = json.loads(text if text.endswith("}") else text + "]}")["events"]
    started = [
        event["params"] for event in events if "url" in event.get("params", {}) and "initiator" in event["params"]
    ]
    return {params["url"] for params in started if params["initiator"] != "not an origin"}


@pytest.fixture
def listener():
    """A server on this machine that notes who asks it for something."""
    asked = []

    class Note(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Note)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def fetching(address):
    return (
        f'"><img src="{address}/image">',
        f'</td><link rel=stylesheet href="{address}/style"><script src="{address}/script"></script>',
        f"</style><style>@import '{address}/import'; body {{background: url({address}/background)}}</style>",
        f'<iframe src="{address}/frame"></iframe><svg><image href="{address}/svg" /></svg>',
    )


def test_planted_texts_neither_run_nor_fetch_anything(make_page, browse, listener):
    address, asked = listener
    planted = (*PLANTED, *fetching(address), HUGE)
    page = make_page(labels=HOSTILE_LABELS, planted=planted, examples=50, excerpt_characters=400)
    dom, console, requests = browse(page, "--dump-dom")
    assert "data-planted" not in re.search(r"<html[^>]*>", dom)[0]
    assert (console, requests, asked) == ([], set(), [])
    shown = unescape(re.sub(r"<[^>]*>", "", dom))
    for planted in (*PLANTED[:4], *fetching(address)):
        assert planted in shown


def test_a_page_that_runs_and_fetches_would_be_noticed(browse, listener, tmp_path):
    address, asked = listener
    page = tmp_path / "careless.html"
    page.write_text(f"<body>{''.join(PLANTED)}{''.join(fetching(address))}")
    dom, _, requests = browse(page, "--dump-dom")
    assert 'data-planted="' in re.search(r"<html[^>]*>", dom)[0]
    assert {"/image", "/script", "/frame"} <= set(asked)
    assert f"{address}/image" in requests


@pytest.mark.parametrize(
    "flags", [["--window-size=1280,2000"], ["--window-size=500,2000", "--blink-settings=preferredColorScheme=0"]]
)
def test_the_page_is_drawn(make_page, browse, tmp_path, flags):
    """Text stands on the paper's colour, in light and in dark, from the first screen on."""
    from PIL import Image

    picture = tmp_path / "page.png"
    browse(make_page(), f"--screenshot={picture}", *flags)
    with Image.open(picture) as image:
        grey = image.convert("L")
        shades = {shade: count for count, shade in grey.getcolors()}
    paper = max(shades, key=shades.get)
    dark = "--blink-settings=preferredColorScheme=0" in flags
    assert paper < 40 if dark else paper > 240
    inked = sum(count for shade, count in shades.items() if abs(shade - paper) > 120)
    assert inked > 0.01 * grey.width * grey.height
