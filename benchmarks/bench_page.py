"""Makes the page of a made-up run; prints its size, and how long the stage and a browser that opens it take.

    python -m benchmarks.bench_page [TEST_DOCUMENTS ...]

For 1,000 and 100,000 test documents by default. It needs Chromium. Opening is timed from the start of the navigation to
the load event with the layout done, in a browser that was just started; the processor time is that of the browser with
the page minus that of one with an empty page.
"""

import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from html import unescape
from pathlib import Path

from stages.report.__main__ import PAGE, main
from tests.report.conftest import write_run

ROUNDS = 7
SETTINGS = {
    "examples": 5,
    "variants": 10,
    "listed": 15,
    "errors": 100,
    "excerpt_characters": 240,
}  # as params.yaml has them
TIMER = """<script>addEventListener("load", () => {
  const said = document.createElement("pre");
  document.body.getBoundingClientRect();
  said.id = "answer";
  said.textContent = JSON.stringify(performance.now());
  document.body.append(said);
});</script>"""


def measure() -> None:
    print("| test documents | page, kB | stage, s | opens in, ms: median (least to most) | processor time, ms |")
    print("|---|---|---|---|---|")
    for documents in [int(word) for word in sys.argv[1:]] or [1_000, 100_000]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write_run(folder, test_documents=documents, planted=["lorem ipsum dolor " * 30] * 200, **SETTINGS)
            begin = time.perf_counter()
            with chdir(folder):
                main()
            seconds = time.perf_counter() - begin
            html = (folder / PAGE).read_text(encoding="utf-8")
            page, empty = folder / "page.html", folder / "empty.html"
            page.write_text(re.sub(r"<meta http-equiv[^>]*>", "", html) + TIMER, encoding="utf-8")
            empty.write_text(TIMER)
            opened = [browse(page, folder) for _ in range(ROUNDS)]
            spent = statistics.median(of for _, of in opened) - statistics.median(
                browse(empty, folder)[1] for _ in range(ROUNDS)
            )
        times = [of for of, _ in opened]
        shown = f"{statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f})"
        print(f"| {documents:,} | {len(html.encode()) / 1e3:.0f} | {seconds:.1f} | {shown} | {spent:.0f} |", flush=True)


def browse(page: Path, folder: Path) -> tuple[float, float]:
    """Opens a page in a new browser: milliseconds until it is there, and milliseconds of processor time."""
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        f"--user-data-dir={profile}",
    ]
    done = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout)
    assert found, done.stderr
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(unescape(found[1])), 1_000 * spent


if __name__ == "__main__":
    measure()
