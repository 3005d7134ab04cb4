"""Texts that may hold anything, made fit to be shown."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.report.excerpts import changes, excerpt, visible
from tests.report.conftest import HUGE

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@given(TEXT, st.integers(40, 200))
def test_an_excerpt_is_one_line_of_at_most_so_many_characters_of_the_text(text, characters):
    shown = excerpt(text, characters)
    assert "\n" not in shown
    plain = " ".join(text.split())
    if len(plain) <= characters and len(text) <= 8 * characters:
        assert shown == visible(plain)
    else:
        assert shown.endswith("…")
        assert visible(plain).startswith(shown.removesuffix("…").rstrip())


@given(TEXT)
def test_nothing_that_a_browser_hides_or_obeys_is_left(text):
    hidden = [sign for sign in visible(text) if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")]
    assert set(hidden) <= {"\u200c", "\u200d"}


def test_control_characters_show_as_their_code_points():
    assert visible("a\x07b\u202ec") == "a[U+0007]b[U+202E]c"


def test_a_megabyte_is_cut_without_being_read_to_its_end():
    text, start = HUGE * 20, time.process_time()
    assert excerpt(text, 100) == " ".join(["enormous"] * 11) + "…"
    assert time.process_time() - start < 0.1


def test_a_text_is_cut_between_words_where_there_are_any():
    assert excerpt("one two three", 9) == "one two…"
    assert excerpt("onetwothree", 6) == "onetwo…"
    assert excerpt("one two", 7) == "one two"


@given(TEXT, TEXT)
def test_changes_show_the_first_difference_and_nothing_that_is_in_neither_version(before, after):
    found = changes(before, after, 120)
    assert bool(found) == (before != after)
    if before != after:
        assert any(piece.kind != "same" for piece in found)
        assert all(piece.text for piece in found)


def test_changed_words_are_marked():
    found = changes("The caf&#233; was full.", "The café was full.", 120)
    assert [(piece.kind, piece.text) for piece in found] == [
        ("same", "The "),
        ("deleted", "caf&#233;"),
        ("inserted", "café"),
        ("same", " was full."),
    ]


def test_changed_white_space_can_be_seen():
    assert ("deleted", "·↵") in [tuple(piece) for piece in changes("end. \n", "end.", 120)]


def test_a_change_far_into_a_long_text_is_shown_with_what_stands_around_it():
    before = "start " * 1000 + "old end"
    found = changes(before, before.replace("old", "new"), 120)
    assert found[0].text == "…"
    assert [(p.kind, p.text) for p in found if p.kind != "same"] == [("deleted", "old"), ("inserted", "new")]


def test_the_end_of_the_passage_is_no_change():
    """A long insertion makes both windows end at different places of the same text."""
    tail = " ".join(str(number) for number in range(200))
    found = changes("one " + tail, "one inserted words here " + tail, 100)
    assert [(p.kind, p.text.strip()) for p in found if p.kind != "same"] == [("inserted", "inserted words here")]


@pytest.mark.parametrize(("before", "after"), [("", "new"), ("old", ""), (HUGE, HUGE + "x"), ("x" + HUGE, HUGE)])
def test_changes_of_empty_and_of_huge_texts_are_short(before, after):
    assert sum(len(piece.text) for piece in changes(before, after, 100)) <= 250
