"""finetune.unlabelled: what texts without a label add, what they never see, and when they are not believed."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.common.documents.table import write_documents
from stages.common.model.scorer import Scorer
from stages.finetune.mixture import align, mixture_labels
from stages.finetune.parameters import Unlabelled
from stages.finetune.unlabelled import make_lesson, surest
from tests.common.tiny_encoder import TOPICS
from tests.finetune.conftest import PARAMETERS, fill, make_split, put_texts, write_parameters
from tests.finetune.test_stage import run


@pytest.fixture
def train(few, monkeypatch, capfd):
    """Trains with settings; gives what was said."""

    def run_with(expected=0, **changes):
        write_parameters(few, **changes)
        code, _, said = run(few, monkeypatch, capfd)
        assert code == expected, said
        return said

    return run_with


def settings(**changes):
    return {**PARAMETERS["unlabelled"], "method": "self_training", "learning_rate": 5e-3, "share": 1.0, **changes}


@pytest.fixture
def few(tmp_path, encoder):
    """The stage's folder with four training documents a class and 40 texts."""
    folder = fill(tmp_path / "few", encoder)
    write_documents(make_split(0, 4), folder / "data/audited/train.parquet")
    return folder


def summary(folder):
    return json.loads((folder / "reports/finetune/summary.json").read_text())


def test_aligned_probabilities_have_the_distribution_of_the_labels():
    random = np.random.default_rng(1)
    probabilities = random.dirichlet([4.0, 1.0, 1.0], 500)
    prior = np.array([0.2, 0.5, 0.3])
    aligned = align(probabilities, prior)
    np.testing.assert_allclose(aligned.mean(axis=0), prior, atol=1e-3)
    np.testing.assert_allclose(aligned.sum(axis=1), 1)
    same = align(np.tile(prior, (4, 1)), prior)
    np.testing.assert_allclose(same, np.tile(prior, (4, 1)))


def test_each_label_gives_the_same_share_of_its_own_surest():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.55, 0.45], [0.7, 0.3], [0.49, 0.51], [0.4, 0.6]])
    taken, thresholds = surest(probabilities, 0.5)
    assert taken.tolist() == [True, False, False, True, False, True]
    assert thresholds == [0.7, 0.6]
    taken, thresholds = surest(probabilities[:4], 1.0)
    assert taken.all() and thresholds == [0.55, None]  # nobody has the second label


def test_the_mixture_finds_clusters_that_a_poor_guess_does_not_see():
    random = np.random.default_rng(2)
    centres = np.eye(3, 8) * 4
    actual = np.repeat([0, 1, 2], 100)
    texts = centres[actual] + random.normal(size=(300, 8))
    labelled, known = centres + random.normal(size=(3, 8)), np.eye(3)
    guessed = np.full((300, 3), 0.2)
    guessed[np.arange(300), np.where(random.random(300) < 0.5, actual, random.integers(0, 3, 300))] = 0.6
    prior = np.full(3, 1 / 3)
    found = mixture_labels(labelled, texts, known, guessed, prior)
    assert (guessed.argmax(axis=1) == actual).mean() < 0.75 < 0.97 < (found.argmax(axis=1) == actual).mean()
    np.testing.assert_array_equal(found, mixture_labels(labelled, texts, known, guessed, prior))
    alike = mixture_labels(np.ones((3, 8)), np.ones((5, 8)), known, np.full((5, 3), 1 / 3), prior)
    np.testing.assert_allclose(alike, 1 / 3)  # where all vectors are the same there is nothing to find


def test_a_lesson_has_texts_their_variants_or_both_with_the_label_of_the_origin():
    texts = pd.DataFrame(
        {
            "id": ["a", "a#1", "b", "b#1", "c+a"],
            "text": ["one", "two", "three", "four", "five"],
            "method": ["original", "swap", "original", "swap", "swap"],
            "derived_from": [["a"], ["a"], ["b"], ["b"], ["a", "b"]],
        }
    )
    training = pd.DataFrame({"id": ["t"], "text": ["zero"], "method": ["original"], "derived_from": [["t"]]})
    known, chosen, probabilities = np.array([[1.0, 0.0]], dtype=np.float32), texts.iloc[[2]], np.array([[0.2, 0.8]])

    def lesson(method):
        return make_lesson(training, known, texts, chosen, probabilities, Unlabelled(method=method))

    assert lesson("self_training").documents["id"].tolist() == ["t", "b"]
    assert lesson("consistency").documents["id"].tolist() == ["t", "b#1"]
    assert lesson("both").documents["id"].tolist() == ["t", "b", "b#1"]  # of two origins none is the label's
    np.testing.assert_allclose(lesson("both").targets, [[1, 0], [0.2, 0.8], [0.2, 0.8]])


@pytest.mark.parametrize("method", ["full", "contrastive"])
def test_texts_without_a_label_teach_another_model(few, train, method):
    put_texts(few, 10, variants=1)
    train(method=method, epochs=3, keep="last", unlabelled=settings(method="both", rounds=2, most_drift=1.0))
    said = summary(few)["unlabelled"]
    assert said["texts"] == 10 * len(TOPICS) and said["stopped"] is None and len(said["rounds"]) == 2
    assert [each["rows"] for each in said["rounds"]] == [4 * len(TOPICS) + 2 * 10 * len(TOPICS)] * 2
    assert 0 <= said["rounds"][1]["same_label_as_before"] <= 1
    assert summary(few)["epochs_run"] == 3 + 1 + 1 and summary(few)["keeps_last"]
    Scorer.load(few / "models/finetuned", "cpu")


def test_the_mixture_needs_no_training_of_the_model_to_label(few, train):
    put_texts(few, 10)
    train(epochs=1, keep="last", unlabelled=settings(mixture=True, most_drift=1.0, share=0.5))
    assert summary(few)["unlabelled"]["rounds"][0]["texts_learnt"] == pytest.approx(5 * len(TOPICS), abs=len(TOPICS))


def test_labels_distributed_otherwise_keep_the_first_model(few, train):
    put_texts(few, 10)
    train(epochs=1, keep="last", learning_rate=1e-6)
    alone = (few / "models/finetuned/model.safetensors").read_bytes()
    said = train(epochs=1, keep="last", learning_rate=1e-6, unlabelled=settings(most_drift=0.0))
    assert "the labels that the model gives are distributed otherwise" in said
    assert (few / "models/finetuned/model.safetensors").read_bytes() == alone
    said = summary(few)["unlabelled"]
    assert "distributed otherwise" in said["stopped"] and said["rounds"][0]["texts_learnt"] == 0


def test_a_round_that_validates_worse_is_not_kept(few, train):
    put_texts(few, 10)
    train(epochs=8)
    alone = (few / "models/finetuned/model.safetensors").read_bytes()
    train(epochs=8, unlabelled=settings(most_drift=1.0, learning_rate=1.0))
    assert "validation macro_f1 went from" in summary(few)["unlabelled"]["stopped"]
    assert (few / "models/finetuned/model.safetensors").read_bytes() == alone


@pytest.mark.parametrize(
    ("texts", "changes", "says"),
    [
        (0, {}, "finetune.unlabelled.method is self_training, but data/unlabelled is empty"),
        (3, {"method": "consistency"}, "no text of data/unlabelled has a variant"),
    ],
)
def test_what_cannot_be_learnt_is_said_in_a_line(few, train, texts, changes, says):
    put_texts(few, texts)
    said = train(expected=1, unlabelled=settings(**changes))
    assert says in said and len(said.splitlines()) == 1
