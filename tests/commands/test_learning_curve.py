"""How many labels are needed: the curve, the power law through it, and what is said of further labels."""

import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from commands.learning import curve as measured
from commands.learning import frozen
from commands.learning.curve import (
    Curve,
    Range,
    curve_sizes,
    forecast_error,
    gain_foretold,
    gain_found,
    labels_for,
    measure,
    resample,
)
from commands.learning.power_law import PowerLaw, fit_power_law
from commands.learning.report import needed, points, report, verdict
from commands.learning_curve import parser
from stages.common.core.messages import UserError
from stages.common.documents.card import write_card
from stages.common.documents.table import write_documents
from tests.corpus import run
from tests.finetune.conftest import make_card

SIZES = np.array([25.0, 35, 50, 71, 100, 141, 200, 283, 400])


@pytest.mark.parametrize("known", [(0.1, 0.8, 0.5), (0.0, 1.2, 0.18), (0.04, 20.0, 1.3), (0.3, 0.0, 1.0)])
def test_a_known_power_law_is_found_again(known):
    floor, scale, exponent = known
    law = fit_power_law(SIZES, floor + scale * SIZES**-exponent)
    assert float(law.error(1600)) == pytest.approx(floor + scale * 1600**-exponent, abs=1e-5)
    if scale:
        assert tuple(map(float, law)) == pytest.approx(known, rel=2e-3, abs=1e-4)


def test_power_laws_of_many_resamples_are_fitted_at_once_and_never_fall_below_zero():
    floors = np.array([0.0, 0.05, 0.2])
    errors = floors[:, None] + 0.9 * SIZES**-0.4
    laws = fit_power_law(SIZES, errors)
    np.testing.assert_allclose(laws.floor, floors, atol=1e-3)
    np.testing.assert_allclose(laws.error(100), errors[:, 4], atol=1e-5)
    for row in range(3):
        np.testing.assert_allclose(fit_power_law(SIZES, errors[row]).exponent, laws.exponent[row])
    rising = fit_power_law(SIZES, 0.2 + 0.001 * np.arange(9))  # more labels do harm: the law stays flat
    assert float(rising.error(25)) == float(rising.error(10_000)) == pytest.approx(0.20533, abs=1e-5)
    assert float(fit_power_law(SIZES, 0.5 - 0.001 * SIZES).floor) == 0


def test_larger_sizes_count_more():
    bent = np.where(SIZES < 100, 0.5, 0.9 * SIZES**-0.4)
    law = fit_power_law(SIZES, bent)
    assert abs(float(law.error(400)) - bent[-1]) < abs(float(law.error(25)) - bent[0])


def test_the_number_of_labels_for_an_error_is_the_inverse_and_may_be_out_of_reach():
    law = PowerLaw(np.array([0.1, 0.1]), np.array([0.8, 0.0]), np.array([0.5, 0.5]))
    assert law.labels(np.array([0.14, 0.14])).tolist() == [pytest.approx(400), 0]
    assert law.labels(law.error(250.0))[0] == pytest.approx(250)
    assert law.labels(np.array([0.1, 0.02])).tolist() == [np.inf, np.inf]


def noisy(floor, scale, exponent, spread, seed=0):
    random = np.random.default_rng(seed)
    errors = floor + scale * SIZES**-exponent
    drawn = errors + spread * random.normal(size=(400, len(SIZES)))
    return Curve(SIZES.astype(int), errors, drawn)


def test_what_further_labels_bring_has_an_interval_around_the_truth():
    known = noisy(0.1, 0.8, 0.5, 0.004)
    truth = 0.8 * (400**-0.5 - 500**-0.5)
    value, low, high = gain_foretold(known, 400, 100)
    assert value == pytest.approx(truth, rel=0.01) and 0 <= low < truth < high < 0.02
    assert gain_foretold(noisy(0.1, 0.8, 0.5, 0.0), 400, 100) == pytest.approx([truth] * 3, rel=0.01)
    found = gain_found(known, 200, 200)
    assert found.value == pytest.approx(0.8 * (200**-0.5 - 400**-0.5)) and found.low < found.value < found.high
    assert gain_foretold(known.up_to(200), 200, 200).value == pytest.approx(found.value, rel=0.02)


def test_how_many_labels_a_gain_takes():
    value, low, high = labels_for(noisy(0.1, 0.8, 0.5, 0.0), 400, 0.01)
    assert value == pytest.approx((0.8 / 0.03) ** 2 - 400, rel=0.02) and low <= value <= high
    assert labels_for(noisy(0.1, 0.8, 0.5, 0.0), 400, 0.5).value == np.inf
    assert needed(Range(311.2, 250.0, float("inf"))) == "about 311 labels (250 to no number of labels reaches it)"
    assert needed(Range(12208.0, 6794.0, 3e7)) == "about 12,208 labels (6,794 to over a million)"
    assert needed(Range(float("inf"), 250.0, float("inf"))).startswith("more than the encoder gives")
    assert points(Range(0.0123, -0.001, 0.02)) == "+1.23 points (-0.10 to +2.00)"


def test_a_forecast_held_unless_what_came_is_clear_of_it():
    assert forecast_error(noisy(0.1, 0.8, 0.5, 0.004), 200, 200).value == pytest.approx(0, abs=1e-4)
    assert verdict(forecast_error(noisy(0.1, 0.8, 0.5, 0.004), 200, 200)) == "the forecast held"
    for step, said in ((0.05, "high"), (-0.05, "low")):
        known = noisy(0.1, 0.8, 0.5, 0.004)
        known.errors[-1] += step
        known.resampled[:, -1] += step
        assert forecast_error(known, 200, 200).value == pytest.approx(-step, abs=1e-4)
        assert verdict(forecast_error(known, 200, 200)) == f"the forecast was too {said}"


def test_sizes_are_half_an_octave_apart_and_hold_every_label_once():
    assert curve_sizes(800, 3) == [25, 35, 50, 71, 100, 141, 200, 283, 400, 566, 800]
    assert curve_sizes(64, 8) == [8, 11, 16, 23, 32, 45, 64]
    assert curve_sizes(32, 2) == [4, 6, 8, 11, 16, 23, 32]
    with pytest.raises(
        UserError, match=r"63 labelled documents and 8 different labels are too few .* needs 64 or more"
    ):
        curve_sizes(63, 8)


def test_the_error_is_one_minus_macro_f1_over_draws_and_its_resamples_lie_around_it():
    random = np.random.default_rng(0)
    actual = random.integers(0, 3, 60)
    predicted = np.where(random.random((4, 2, 60)) < 0.3, random.integers(0, 3, (4, 2, 60)), actual)
    got = resample(np.array([10, 20]), actual, predicted, 3, seed=1)
    scores = [[f1_score(actual, one, average="macro") for one in of_draw] for of_draw in predicted]
    np.testing.assert_allclose(got.errors, 1 - np.mean(scores, axis=0))
    assert got.resampled.shape == (1000, 2)
    np.testing.assert_allclose(got.resampled.mean(axis=0), got.errors, atol=0.01)
    assert (got.resampled.std(axis=0) > 0.02).all()
    again = resample(np.array([10, 20]), actual, predicted, 3, seed=1)
    np.testing.assert_array_equal(again.resampled, got.resampled)


@pytest.fixture
def finished_run(tmp_path, monkeypatch, make_documents):
    """A run of three labels whose texts are easy to tell apart: ``save(train, validation)`` puts it into a folder."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    noise = {}

    def vectors(texts, *_):
        return np.array(
            [noise.setdefault(text, np.eye(3)["abc".index(text[0])] + random.normal(size=3)) for text in texts]
        )

    monkeypatch.setattr(measured, "embedded", vectors)
    monkeypatch.setattr(measured, "SAMPLES", 100)

    def save(train=90, validation=30, labels="abc", card=None, **columns):
        for path, count, name in (("audited/train", train, "t"), ("splits/validation", validation, "v")):
            texts = [f"{labels[number % len(labels)]} {name} {number}" for number in range(count)]
            ids = [f"{name}{number:03}" for number in range(count)]
            made = make_documents(texts, label=[text[0] for text in texts], id=ids, **columns)
            Path(f"data/{path}").parent.mkdir(parents=True, exist_ok=True)
            write_documents(made, Path(f"data/{path}.parquet"))
        for folder in ("data/audited", "data/splits"):
            write_card(card or make_card(labels="abc"), Path(folder))

    return save


def given(labels=None, more=10, draws=3, seed=1):
    return Namespace(labels=labels, more=more, draws=draws, seed=seed)


def test_the_report_says_what_was_foretold_and_what_came(finished_run):
    finished_run()
    lines = "\n".join(report(given(labels=64))).splitlines()
    assert max(map(len, lines)) <= 100
    said = "\n".join(lines)
    assert lines[0].endswith(": 64 of 90 labelled training documents, 3 labels; 30 validation documents")
    assert [int(line.split()[0]) for line in lines if re.match(r" +\d+ +0\.", line)] == curve_sizes(64, 3)
    figure = r"[+-]\d+\.\d\d points \([+-]\d+\.\d\d to [+-]\d+\.\d\d\)"
    assert re.search(
        rf"Check: up to 32 labels, the curve says that 32 more bring {figure};\n  they brought {figure}: the fore", said
    )
    assert re.search(
        rf"The next 10 labels should bring {figure} of macro F1\.\n  They are known here, and brought", said
    )
    assert "One point more takes " in lines[-1]
    assert report(given(labels=64)) == report(given(labels=64))
    assert "They are known here" not in "\n".join(report(given()))  # all 90 are there already


def test_draws_are_nested_and_of_all_documents_the_same(finished_run, monkeypatch):
    finished_run()
    trained = []
    real = measured.label_probability
    monkeypatch.setattr(
        measured, "label_probability", lambda vectors, *rest: trained.append(vectors) or real(vectors, *rest)
    )
    documents = measured.Documents.load()
    measure(documents, [4, 30, 90], 3, 1)
    assert [len(vectors) for vectors in trained].count(90) == 1
    small, middle = ([{*map(tuple, vectors)} for vectors in trained if len(vectors) == size] for size in (4, 30))
    assert len(small) == len(middle) == 3
    assert all(sum(one <= other for other in middle) == 1 for one in small)


def test_variants_and_documents_without_a_label_do_not_count(finished_run):
    finished_run()
    rows = measured.Documents.load().train
    rows.loc[:9, "method"] = "swap"
    write_documents(rows, measured.TRAIN)
    assert len(measured.Documents.load().train) == 80
    rows["label"] = rows["label"].where(rows.index < 85)
    write_documents(rows, measured.TRAIN)
    assert len(measured.Documents.load().train) == 75


def test_bad_input_ends_in_one_line(finished_run):
    with pytest.raises(UserError, match=r"data/audited/train\.parquet: there is no such file\. Make a run first"):
        report(given())
    finished_run(labels="b")
    with pytest.raises(UserError, match=r"train\.parquet: all documents have one label\. A learning curve needs two"):
        report(given())
    finished_run(train=20)
    with pytest.raises(UserError, match=r"20 labelled documents and 3 different labels are too few .* 32 or more"):
        report(given())
    finished_run()
    with pytest.raises(UserError, match=r"--labels 91: .*train\.parquet has 90 labelled documents\. Ask for fewer"):
        report(given(labels=91))
    write_card(make_card(labels="abc").model_copy(update={"name": "other"}), Path("data/splits"))
    with pytest.raises(UserError, match=r"data/splits: holds other, data/audited .*\. Run `dvc repro audit`\."):
        report(given())
    finished_run(card=make_card(labels="abc").model_copy(update={"task": "multi-label"}))
    with pytest.raises(UserError, match=r"the task is multi-label\. Learning curves are of one label a document"):
        report(given())


@pytest.mark.parametrize("arguments", [["--labels", "0"], ["--more", "-5"], ["--draws", "1"], ["--draws", "x"]])
def test_a_number_that_makes_no_sense_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)
    assert f"argument {arguments[0]}: {arguments[1]}: at least" in capsys.readouterr().err


def test_a_label_that_no_training_document_has_gets_no_probability():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    probability = frozen.label_probability(vectors, np.array([0, 2, 0]), 3, vectors)
    assert probability.argmax(axis=1).tolist() == [0, 2, 0] and not probability[:, 1].any()
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    alone = frozen.label_probability(vectors[:1], np.array([1]), 3, vectors)
    assert alone.tolist() == [[0, 1, 0]] * 3  # one label, which any classifier then answers


def test_embeddings_are_kept_by_text_and_encoder(tmp_path, monkeypatch):
    asked = []

    def embed(folder, texts, *_):
        asked.append(list(texts))
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    monkeypatch.setattr("stages.common.model.embedding.embed", embed)
    encoder, kept = tmp_path / "encoder", tmp_path / "kept"
    encoder.mkdir()
    (encoder / "weights").write_text("1")
    texts = ["ccc", "a", "bb", "a"]
    assert frozen.embedded(texts, encoder, kept)[:, 0].tolist() == [3, 1, 2, 1]
    assert frozen.embedded(texts[::-1], encoder, kept)[:, 0].tolist() == [1, 2, 1, 3]
    assert asked == [["a", "bb", "ccc"]]
    frozen.embedded(["a", "bb"], encoder, kept)
    (encoder / "weights").write_text("2")
    frozen.embedded(texts, encoder, kept)
    assert len(asked) == 3


def test_the_command_runs_on_a_finished_run(repository):
    done = run(repository, "python", "-m", "commands.learning_curve", "--labels", "40", "--more", "20", "--draws", "2")
    assert "tiny: 40 of " in done.stdout and "The next 20 labels should bring " in done.stdout
    assert run(repository, "git", "status", "--porcelain").stdout == ""
    (repository / "data/audited/train.parquet").unlink()
    done = run(repository, "python", "-m", "commands.learning_curve", check=False)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
