import io

import pytest
from tqdm import tqdm

from stages.common.core import messages
from stages.common.core.messages import open_bar, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def minutes(monkeypatch):
    """Makes each look at the clock of a bar half a minute later."""
    monkeypatch.setattr(messages, "MINUTE", 0.0)


def test_short_work_leaves_no_line_in_a_file(capsys):
    assert list(progress(range(1000), "reading", "row")) == list(range(1000))
    assert capsys.readouterr() == ("", "")


def test_long_work_leaves_lines_in_a_file_without_control_characters(capsys, minutes):
    list(progress(range(4), "reading", "row"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"reading: {share} % ({n} of 4)" for n, share in
        ((0, 0), (1, 25), (2, 50), (3, 75), (4, 100))]  # fmt: skip
    assert all(line.isprintable() for line in lines)


def test_work_of_unknown_length_says_how_much_is_done(capsys, minutes):
    list(progress(iter("abc"), "reading", "row"))
    assert capsys.readouterr().err.splitlines()[-1].startswith("reading: 3 done in 00:00")


def test_one_bar_inside_another_writes_plain_lines(capsys, minutes):
    for _ in progress([1, 2], "outer", "part"):
        list(progress([1, 2], "inner", "row"))
    lines = capsys.readouterr().err.splitlines()
    assert "inner: 100 % (2 of 2), 00:00 so far, about 00:00 to go" in lines
    assert all(line.isprintable() for line in lines)


def test_a_line_comes_each_minute_however_fast_the_work_is(capsys, monkeypatch):
    now = 0.0
    monkeypatch.setattr("tqdm.std.time", lambda: now)
    with open_bar("training", "tokens", 10_000_000, scaled=True) as bar:
        for _ in range(200):
            now += 1.0
            bar.update(50_000)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" so far")[0] for line in lines] == [
        "training: 30 % (3.00M of 10.0M), 01:00",
        "training: 60 % (6.00M of 10.0M), 02:00",
        "training: 90 % (9.00M of 10.0M), 03:00",
    ]


def test_a_terminal_shows_a_bar_that_is_gone_afterwards(monkeypatch):
    terminal = Terminal()
    tqdm._instances.clear()  # a bar that another test left half-way would move this one down a line
    monkeypatch.setattr("sys.stderr", terminal)
    list(progress(range(3), "reading", "row"))
    shown = terminal.getvalue()
    assert "reading:   0%|" in shown
    assert shown.endswith("\r")
    assert "\n" not in shown
