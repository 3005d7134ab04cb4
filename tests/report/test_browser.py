"""The page in a real browser: it shows what was planted, runs none of it, and fetches nothing."""

import json
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
DARK_PHONE = ("--window-size=500,2000", "--blink-settings=preferredColorScheme=0")
EXPLAINED = ("integrated_gradients",)  # the methods of explain that are better than a random order
pytestmark = [pytest.mark.chromium, pytest.mark.slow]


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


@pytest.fixture
def drive(browse, tmp_path):
    """Opens a copy of a page in which a script of the test may run, and gives what that script put into the result."""

    def run(page, script, *flags):
        html = page.read_text(encoding="utf-8")
        copy = tmp_path / "driven.html"
        allowed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        answer = "const answer = (value) => { const said = document.createElement('pre'); said.id = 'answer'; "
        answer += "said.textContent = JSON.stringify(value); document.body.append(said); };"
        copy.write_text(f"{allowed}<script>{answer}</script><script>{script}</script>", encoding="utf-8")
        dom, console, _ = browse(copy, "--dump-dom", *flags)
        found = re.search(r'<pre id="answer">(.*?)</pre>', dom, re.DOTALL)
        assert found, console
        return json.loads(unescape(found[1]))

    return run


def faults(drive, axe, page, *flags):
    """The serious faults of a page, as axe-core calls them."""
    ask = "axe.run().then(({violations}) => answer(violations.filter(({impact}) => ['serious', 'critical']"
    ask += ".includes(impact)).map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 200))])))"
    return drive(page, f"{axe};{ask}", *flags)


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
    page = make_page(labels=HOSTILE_LABELS, planted=planted, examples=50, excerpt_characters=400, explained=EXPLAINED)
    dom, console, requests = browse(page, "--dump-dom")
    assert "data-planted" not in re.search(r"<html[^>]*>", dom)[0]
    assert (console, requests, asked) == ([], set(), [])
    shown = unescape(re.sub(r"<[^>]*>", "", dom))
    for planted in (*PLANTED[:4], *fetching(address)):
        assert planted in shown


@pytest.mark.parametrize("task", ["pairs", "multi-label", "regression"])
def test_the_page_of_each_task_runs_without_a_word_on_the_console(make_page, browse, task):
    dom, console, requests = browse(make_page(task=task), "--dump-dom")
    assert (console, requests) == ([], set())
    assert "<button" in dom  # the script has made the tables sortable


def test_a_page_that_runs_and_fetches_would_be_noticed(browse, listener, tmp_path):
    address, asked = listener
    page = tmp_path / "careless.html"
    page.write_text(f"<body>{''.join(PLANTED)}{''.join(fetching(address))}")
    dom, _, requests = browse(page, "--dump-dom")
    assert 'data-planted="' in re.search(r"<html[^>]*>", dom)[0]
    assert {"/image", "/script", "/frame"} <= set(asked)
    assert f"{address}/image" in requests


@pytest.mark.parametrize("flags", [("--window-size=1280,2000",), DARK_PHONE])
def test_the_page_is_drawn(make_page, browse, tmp_path, flags):
    """Text stands on the paper's colour, in light and in dark, from the first screen on."""
    from PIL import Image

    picture = tmp_path / "page.png"
    browse(make_page(explained=EXPLAINED), f"--screenshot={picture}", *flags)
    with Image.open(picture) as image:
        grey = image.convert("L")
        shades = {shade: count for count, shade in grey.getcolors()}
    paper = max(shades, key=shades.get)
    dark = "--blink-settings=preferredColorScheme=0" in flags
    assert paper < 40 if dark else paper > 240
    inked = sum(count for shade, count in shades.items() if abs(shade - paper) > 120)
    assert inked > 0.01 * grey.width * grey.height


@pytest.mark.parametrize("flags", [("--window-size=1280,2000",), DARK_PHONE])
def test_no_serious_fault_keeps_anybody_out(make_page, drive, axe, flags):
    page = make_page(labels=HOSTILE_LABELS, planted=(*PLANTED, HUGE), examples=50, explained=EXPLAINED)
    assert faults(drive, axe, page, *flags) == []


@pytest.mark.parametrize("task", ["multi-label", "regression"])
def test_no_serious_fault_is_in_what_only_some_tasks_show(make_page, drive, axe, task):
    assert faults(drive, axe, make_page(task=task)) == []


def test_a_page_that_keeps_people_out_would_be_noticed(drive, axe, tmp_path):
    page = tmp_path / "careless.html"
    page.write_text("<html lang=en><title>a</title><body><img src='data:,'><p style='color: #eee'>pale</p>")
    assert {name for name, _ in faults(drive, axe, page)} >= {"image-alt", "color-contrast"}


PHONE = """
  const frame = document.createElement("iframe");
  frame.style.cssText = "width: 375px; height: 800px; border: 0";
  frame.onload = () => {
    const page = frame.contentDocument, wide = [], cut = [];
    for (const table of page.querySelectorAll("table")) {
      const box = table.parentElement;
      const scrolls = getComputedStyle(box).overflowX === "auto" && box.tabIndex === 0;
      if (table.getBoundingClientRect().right > 376 && !scrolls) wide.push(table.caption.textContent);
      const texts = table.classList.contains("texts");
      if (texts && table.scrollWidth > box.clientWidth + 1) wide.push(table.caption.textContent);
    }
    for (const name of page.querySelectorAll(".texts bdi"))
      if (name.getBoundingClientRect().right > 376) cut.push(name.textContent.slice(0, 40));
    answer([page.documentElement.scrollWidth, wide, cut]);
  };
  frame.srcdoc = PAGE;
  document.body.append(frame);
"""


@pytest.mark.parametrize("task", ["text-classification", "token-classification"])
def test_nothing_is_cut_on_a_phone(make_page, drive, tmp_path, task):
    page = re.sub(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>',
        "",
        make_page(task=task, explained=EXPLAINED).read_text("utf-8"),
    )
    long = page.replace("<bdi>d", "<bdi>" + "a-very-long-id/" * 6 + "d")
    assert long != page
    empty = tmp_path / "empty.html"
    empty.write_text("<!doctype html><html lang=en><title>a phone</title><body></body></html>")
    literal = json.dumps(long).replace("</", "<\\/").replace("<!--", "<\\!--")
    assert drive(empty, f"const PAGE = {literal};" + PHONE) == [375, [], []]


def test_tables_sort_by_numbers_and_say_so(make_page, drive):
    script = """
      const table = document.querySelector("#cleaning table");
      const header = table.tHead.rows[0].cells[2];
      const states = [];
      for (const _ of [1, 2]) {
        header.querySelector("button").click();
        const rows = [...table.tBodies[0].rows].map((row) => row.cells[2].textContent);
        states.push([header.getAttribute("aria-sort"), rows]);
      }
      answer(states);
    """
    assert drive(make_page(), script) == [
        ["ascending", ["1", "2", "5", "7", "40"]],
        ["descending", ["40", "7", "5", "2", "1"]],
    ]


def test_errors_can_be_searched(make_page, drive):
    script = """
      const table = document.querySelector("#errors table.searchable");
      const field = table.parentElement.previousElementSibling;
      const type = (text) => {
        field.querySelector("input").value = text;
        field.querySelector("input").dispatchEvent(new Event("input"));
        const shown = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
        return [field.querySelector("output").textContent, shown];
      };
      const [, all] = type("");
      answer([all, type(all[1].toUpperCase()), type("no such words"), type("")]);
    """
    every, one, none, again = drive(make_page(), script)
    assert len(every) == 5
    assert one == ["1 of 5 shown", every[1:2]]
    assert none == ["0 of 5 shown", []]
    assert again == ["", every]
