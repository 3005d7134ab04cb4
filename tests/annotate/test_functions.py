"""Labelling functions."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from commands.verify import _functions as named_by_verify
from stages.annotate.functions import ask_functions, describe_functions, function_names, load_functions
from stages.common.core.messages import UserError
from stages.common.documents.consensus import read_consensus
from stages.common.tasks import TASKS
from tests.annotate.conftest import LABELS, table

WORDS = """
import re

def _hidden(text):
    return "spam"

def says_buy(text):
    return "spam" if "buy" in text else None

def says_hello(text):
    return "ham" if re.search("hello", text) else None
"""


@pytest.fixture
def tracked(tmp_path, monkeypatch):
    """Writes a file of functions that git tracks, in an empty repository."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    path = Path("catalog/functions/mine.py")
    path.parent.mkdir(parents=True)

    def write(content=WORDS):
        path.write_text(content)
        subprocess.run(["git", "add", str(path)], check=True)
        return path

    return write


def asked(functions, make_documents, *texts, task="text-classification"):
    return ask_functions(functions, make_documents(texts), TASKS[task], LABELS)


def test_functions_answer_or_abstain(tracked, make_documents):
    functions = load_functions(tracked())
    assert list(functions) == ["says_buy", "says_hello"]
    answers = asked(functions, make_documents, "buy it", "hello, buy it", "neither")
    assert answers[["id", "annotator", "answer"]].to_numpy().tolist() == [
        ["d0", "function:says_buy", "spam"],
        ["d1", "function:says_buy", "spam"],
        ["d1", "function:says_hello", "ham"],
    ]


def test_functions_are_named_without_being_run(tracked):
    assert function_names(tracked("raise SystemExit\ndef one(text): ...\nclass Two: ...\n")) == ["one"]
    assert load_functions(tracked("raise SystemExit\n")) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def broken(:\n", r"catalog/functions/mine\.py: is no Python"),
        ("def one(text): ...\nraise KeyError('x')\n", r"catalog/functions/mine\.py: KeyError: 'x'"),
    ],
)
def test_a_file_that_fails_is_named(tracked, content, said):
    with pytest.raises(UserError, match=said):
        load_functions(tracked(content))


def test_only_a_file_of_the_repository_that_git_tracks_is_run(tracked):
    path = tracked()
    for elsewhere in ("/tmp/mine.py", "data/raw/mine.py", "catalog/functions/../mine.py"):
        with pytest.raises(UserError, match="is not in catalog/functions"):
            load_functions(Path(elsewhere))
    with pytest.raises(UserError, match="there is no such file"):
        load_functions(path.with_name("other.py"))
    path.with_name("new.py").write_text("def one(text): ...")
    with pytest.raises(UserError, match="git does not track it"):
        load_functions(path.with_name("new.py"))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda text: "egg", r"labelling function f: document 'd0': 'egg' is no label"),
        (lambda text: text[99], r"labelling function f: document 'd0': IndexError: string index out of range"),
        (lambda text, pair: None, r"labelling function f: document 'd0': TypeError"),
    ],
)
def test_a_function_that_fails_is_named_with_the_document(make_documents, function, said):
    with pytest.raises(UserError, match=said):
        asked({"f": function}, make_documents, "text")


def test_tags_and_numbers_are_no_matter_for_functions(make_documents):
    with pytest.raises(UserError, match="functions give one label; regression has another kind of answer"):
        asked({"f": lambda text: None}, make_documents, "text", task="regression")


def test_coverage_overlap_conflict_and_accuracy():
    rows = [("d0", "function:f", "spam"), ("d1", "function:f", "ham"), ("d1", "function:g", "spam")]
    rows += [("d2", "function:f", "ham"), ("d2", "function:g", "ham")]
    said = describe_functions(table(*rows), 10, pd.Series({"d0": "ham", "d2": "ham", "d9": "ham"}), ["f", "g", "h"])
    assert said["f"] == {"coverage": 0.3, "overlap": 0.2, "conflict": 0.1, "accuracy": 0.5, "gold_documents": 2}
    assert said["g"] == {"coverage": 0.2, "overlap": 0.2, "conflict": 0.1, "accuracy": 1.0, "gold_documents": 1}
    assert said["h"] == {"coverage": 0.0, "overlap": 0.0, "conflict": 0.0, "accuracy": None, "gold_documents": 0}


def test_what_no_function_answers_about_is_not_trained_on_whatever_its_gold(annotate, tracked):
    functions = "def even(text):\n    return 'spam' if int(text.split()[-1]) % 2 else None\n"
    folder = annotate(["ham"] * 4 + [None] * 2, functions=str(tracked(functions)), method="dawid_skene")
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")
    assert consensus["label"].to_dict() == {"d0": "ham", "d1": "spam", "d2": "ham", "d3": "spam", "d5": "spam"}
    assert consensus["left_out"].to_dict() == {"d0": True, "d1": False, "d2": True, "d3": False, "d5": False}
    summary = json.loads((folder / "reports/annotate/summary.json").read_text())
    assert summary["rejected"] == {"unanswered": 1}
    assert summary["functions"]["even"]["coverage"] == 0.5
    assert summary["notes"] == ["dawid_skene fell back to majority: one annotator cannot be told apart"]


def test_functions_that_agree_are_never_overturned(annotate, tracked):
    functions = "".join(
        f"def f{n}(text):\n    return 'ham' if int(text.split()[-1]) % {n} else 'spam'\n" for n in (2, 3, 5)
    )
    folder = annotate([None] * 60, functions=str(tracked(functions)), method="dawid_skene")
    consensus = read_consensus(folder / "data/annotated/consensus.parquet").set_index("id")["label"]
    for number in range(60):
        said = {"ham" if number % n else "spam" for n in (2, 3, 5)}
        assert len(said) == 2 or {consensus[f"d{number}"]} == said


def test_functions_and_people_answer_together(annotate, tracked):
    path = str(tracked("def f(text):\n    return 'spam'\n"))
    folder = annotate([None] * 2, table(("d0", "x", "ham"), ("d0", "y", "ham")), functions=path, method="majority")
    consensus = read_consensus(folder / "data/annotated/consensus.parquet")
    assert consensus["label"].tolist() == ["ham", "spam"]
    assert consensus["confidence"].tolist() == pytest.approx([2 / 3, 1.0])


def test_verify_names_the_functions_without_running_them(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit\ndef two(text): ...\ndef one(text): ...\n")
    said = named_by_verify(tmp_path, {"annotate": {"functions": "mine.py"}})
    assert said == ", with the labelling functions one, two of mine.py"
    (tmp_path / "none.py").write_text("")
    assert named_by_verify(tmp_path, {"annotate": {"functions": "none.py"}}) == ""
    assert named_by_verify(tmp_path, {}) == ""  # a claim from before there were any
