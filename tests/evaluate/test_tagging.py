"""Entities: strict spans and tags of tokens against seqeval and scikit-learn, and the whole stage on a tiny corpus."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import precision_recall_fscore_support

from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section
from stages.common.documents.card import write_card
from stages.common.documents.spans import bio_tags, spans_of
from stages.common.documents.table import write_documents
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.significance import weigh
from stages.common.model.answers import answer
from stages.common.model.scorer import Scorer
from stages.evaluate.__main__ import main
from stages.evaluate.assessment import Answer
from stages.evaluate.linear_tagger import linear_tagger, shape
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import COLUMNS, OF_LABELS
from stages.evaluate.tasks.token_classification import assess_taggers, word_tagger
from tests.evaluate.conftest import WORDS, card, save_tiny_model

TYPES = ["LOC", "PER"]
TAGS = bio_tags(TYPES)
sentences = st.lists(st.lists(st.tuples(*[st.sampled_from(TAGS)] * 2), min_size=1, max_size=12), min_size=1, max_size=6)


@settings(max_examples=40)
@given(sentences)
def test_span_metrics_agree_with_seqevals_strict_ones_and_token_metrics_with_scikit_learn(pairs):
    actual, predicted = ([[pair[side] for pair in row] for row in pairs] for side in (0, 1))
    bootstrap = Bootstrap(np.zeros(len(pairs), dtype=int), 100, 0.95, 0)
    answers = {"encoder": Answer(predicted), "baseline": Answer(actual)}
    verdict, by_tag = assess_taggers(actual, answers, TYPES, TAGS, bootstrap)
    encoder = verdict.assessments["encoder"]
    if any(spans_of(row) for row in (*actual, *predicted)):
        report = classification_report(
            actual, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0, digits=12
        )
        for name in ("precision", "recall"):
            assert (encoder.overall[f"span_{name}"].value or 0) == pytest.approx(report["micro avg"][name], abs=1e-9)
        assert (encoder.overall["span_f1"].value or 0) == pytest.approx(report["micro avg"]["f1-score"], abs=1e-9)
        for index, kind in enumerate(TYPES):
            for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
                found = encoder.per_class[ours][index].value or 0
                assert found == pytest.approx(report.get(kind, {}).get(theirs, 0), abs=1e-9)
    else:
        assert encoder.overall["span_f1"].value is None
    flat = [[tag for row in rows for tag in row] for rows in (actual, predicted)]
    expected = precision_recall_fscore_support(*flat, labels=TAGS, average="macro", zero_division=np.nan)
    assert encoder.overall["macro_f1"].value == pytest.approx(expected[2], abs=1e-9)
    assert by_tag["encoder"].per_class["f1"][0].value is not None or "O" not in {*flat[0], *flat[1]}


def test_a_tag_that_continues_nothing_marks_no_span():
    assert [span.label for span in spans_of(["I-PER", "B-LOC", "I-PER", "I-LOC", "O", "B-PER", "B-PER"])] == [
        "LOC",
        "PER",
        "PER",
    ]


def test_the_word_tagger_gives_each_word_its_most_frequent_tag_and_o_to_strangers():
    train = pd.DataFrame({"tokens": [["Ann", "May"], ["May"], ["May"]], "tags": [["B-PER", "I-PER"], ["O"], ["O"]]})
    assert word_tagger(train, [["Ann", "May", "Zoe"]], TAGS) == [["B-PER", "O", "O"]]


def tagged(*lines):
    """Documents whose words are given as `word/tag`."""
    rows = [[piece.rsplit("/", 1) for piece in line.split()] for line in lines]
    return pd.DataFrame(
        {name: [[pair[at] for pair in row] for row in rows] for at, name in enumerate(("tokens", "tags"))}
    )


def test_the_linear_tagger_knows_strangers_by_their_shape_and_their_neighbours(workplace):
    names = [f"{first}{last}" for first in ("An", "Be", "Ci", "Do") for last in ("na", "ra", "lia", "mi")]
    train = tagged(*(f"Today/O Mr/O {name}/B-PER {name}son/I-PER met/O us/O in/O {name}ville/B-LOC" for name in names))
    test = tagged("Yesterday/O Mr/O Zoe/B-PER Zoeson/I-PER met/O them/O in/O Zoeville/B-LOC", "we/O met/O")
    inputs = SimpleNamespace(train=train, validation=train.head(3), test=test)
    parameters = load_section("evaluate", EvaluateParameters)
    given, model = linear_tagger(inputs, TAGS, parameters)
    assert given == test["tags"].tolist() and model.metric == "span_f1" and model.c in parameters.baseline.c
    assert linear_tagger(inputs, TAGS, parameters) == (given, model)
    assert word_tagger(train, test["tokens"].tolist(), TAGS)[0] == ["O"] * 8
    with pytest.raises(UserError, match="all words have one tag"):
        linear_tagger(SimpleNamespace(train=test.tail(1), validation=train, test=test), TAGS, parameters)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("McDonald", "XxXxx"), ("ABC-123", "XX-00"), ("1996-08-22", "00-00-00"), ("\u00c4pfel", "Xxx")],
)
def test_the_shape_of_a_word_shows_capitals_digits_and_signs(word, expected):
    assert shape(word) == expected


@pytest.fixture
def entities(workplace):
    """A workplace whose documents are sentences of words with tags."""
    words = " ".join(WORDS.values()).split()
    for place, name, count in (("audited", "train", 20), ("splits", "validation", 6), ("splits", "test", 12)):
        rows = []
        for number in range(count):
            tokens = ["the", words[number % 12], words[(number + 5) % 12], "and", words[(number + 7) % 12]]
            tags = ["O", "B-PER", "I-PER", "O", "B-LOC"] if number % 3 else ["O"] * 5
            ident = f"{name}/{number:02}"
            rows.append({"id": ident, "text": " ".join(tokens), "tokens": tokens, "tags": tags, "group": ident})
        frame = pd.DataFrame(rows).assign(method="original")
        frame["derived_from"] = [[ident] for ident in frame["id"]]
        write_documents(frame, workplace / "data" / place / f"{name}.parquet")
    write_card(card(TYPES, "token-classification"), workplace / "data/splits")
    save_tiny_model(workplace / "models/finetuned", TYPES, "token-classification")
    return workplace


def read(folder, name):
    return json.loads((folder / "reports/evaluate" / name).read_text())


def test_the_stage_tests_a_tagger_with_all_files_in_place(entities, capsys):
    main()
    found, summary = read(entities, "metrics.json"), read(entities, "summary.json")
    assert set(found["encoder"]) == {"accuracy", "macro_f1", "weighted_f1", "span_f1"}
    outcomes = {name: each["outcome"] for name, each in found["difference"].items()}
    assert found["encoder_vs_baseline"] == weigh(outcomes) and found["most_frequent"]["span_f1"]["value"] is not None
    assert summary["task"] == "token-classification" and summary["documents"] == 12
    assert [row["label"] for row in summary["classes"]] == TYPES and summary["classes"][0]["support"] == 8
    assert [row["label"] for row in summary["tokens"]] == TAGS
    for name in OF_LABELS:
        assert pd.read_csv(entities / "reports/evaluate" / name).columns.tolist() == COLUMNS[name], name
    predictions = pd.read_parquet(entities / "data/predictions.parquet")
    answered = answer(
        Scorer.load(entities / "models/finetuned", "cpu"),
        pd.read_parquet(entities / "data/splits/test.parquet"),
        "again",
    )
    assert predictions["predicted"].map(list).tolist() == answered["tags"]
    slices = pd.read_csv(entities / "reports/evaluate/slices.csv")
    assert "entities" in set(slices["feature"]) or slices.empty
    assert "span F1" in capsys.readouterr().out
    assert "| PER | About PER. | 13 | 4 | 8 |" in (entities / "models/card/data/README.md").read_text()


def test_logits_that_are_not_finite_leave_the_tagger_without_metrics(entities):
    import torch

    model = save_tiny_model(entities / "models/finetuned", TYPES, "token-classification")
    with torch.no_grad():
        model.classifier.bias[0] = float("nan")
    model.save_pretrained(entities / "models/finetuned")
    main()
    found = read(entities, "metrics.json")
    assert found["encoder"]["span_f1"]["value"] is None and "not finite" in found["encoder"]["span_f1"]["reason"]
    assert found["baseline"]["span_f1"]["value"] is not None
