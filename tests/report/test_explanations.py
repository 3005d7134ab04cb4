"""The section about what the encoder looks at."""

import re

import pytest

from stages.report.sections.explanations import Shaded, shaded
from tests.report.conftest import PLANTED

ALL = ("integrated_gradients", "gradient_times_input", "occlusion")
TITLE = '<h2 id="explanations-title">What the encoder looks at</h2>'


def heading(page, beginning):
    return next(found for found in re.findall("<h3>(.*?)</h3>", page) if found.startswith(beginning))


def test_a_word_is_marked_as_strongly_as_its_score_is_large_beside_the_largest():
    places = [[0, 0, 4], [0, 5, 9], [1, 0, 3]]
    assert shaded("good film", 0, places, [2.0, -1.0, 1.0]) == [
        Shaded("good", 4, 2.0),
        Shaded(" ", 0, 0.0),
        Shaded("film", -2, -1.0),
    ]
    assert shaded("a\n\nb", 0, [[0, 0, 1], [0, 3, 4]], [1.0, 1.0])[1] == Shaded(" ", 0, 0.0)
    assert shaded(["New", "York"], 0, [[0, 0, 1], [0, 1, 2]], [0.0, 0.5])[-1] == Shaded("York", 4, 0.5)
    assert shaded("x\x07y z", 0, [[0, 0, 3]], [1.0]) == [Shaded("x[U+0007]y", 4, 1.0), Shaded("\u2026", 0, 0.0)]
    assert shaded("no word scores", 0, [[0, 0, 2]], [0.0])[0].level == 0


def test_documents_stand_with_their_words_marked_and_numbered(make_page):
    page = make_page(explained=ALL).read_text()
    assert TITLE in page
    assert len(re.findall(r'<bdi class="text scored">', page)) == 6
    marks = re.findall(r'<mark class="([pn][1-4])"( tabindex="0")? data-score="([^"]+)">([^<]+)</mark>', page)
    assert {kind[0] for kind, *_ in marks} == {"p", "n"}
    for kind, focus, score, _ in marks:
        assert (score[0] == "+") == (kind[0] == "p")
        assert bool(focus) == (kind[1] in "234")
    assert "Integrated gradients, completeness error 1.2%" in page
    assert heading(page, "How faithful") == "How faithful the scores are"
    assert "3 test documents are not among those that can be shown" in page


def test_the_heading_says_which_method_is_no_better_than_a_random_order(make_page):
    page = make_page(explained=("integrated_gradients",)).read_text()
    assert heading(page, "How faithful").endswith(": gradient \u00d7 input and occlusion no better than a random order")
    assert "no better than a random order" in heading(page, "Documents (")


def test_words_that_decide_alone_and_leaks_of_the_source_are_named(make_page):
    page = make_page(explained=ALL).read_text()
    assert re.search(r"<bdi>marker</bdi></th><td><bdi>politics</bdi></td>.*90.0%</td><td>decides alone</td>", page)
    assert re.search(r"where a text comes from, not what it is about</strong>.*<bdi>reuters</bdi>", page)
    assert "nan" not in page.lower().split(TITLE.lower())[1].split("<section")[0].replace("finance", "")


@pytest.mark.parametrize("task", ["token-classification", "pairs"])
def test_tagged_words_and_pairs_are_shown_too(make_page, task):
    page = make_page(explained=ALL, task=task).read_text()
    assert len(re.findall(r'<bdi class="text scored">', page)) == (12 if task == "pairs" else 6)
    assert ("<small>of <bdi>" in page) == (task == "token-classification")


def test_a_run_without_explanations_has_no_such_section(make_page):
    assert TITLE not in make_page().read_text()


def test_whatever_a_text_holds_is_escaped(make_page):
    page = make_page(explained=ALL, planted=PLANTED).read_text()
    section = page.split(TITLE)[1].split("<section")[0]
    assert "<script" not in section and "<img" not in section and "<svg" not in section
    assert "{{7*7}}" not in section or "49" not in section
