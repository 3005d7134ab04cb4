"""The whole stage on a tiny corpus and a tiny model, from its inputs to its files."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from stages.common.documents import write_documents
from stages.common.messages import UserError
from stages.evaluate.__main__ import main
from tests.evaluate.conftest import LABELS, card, documents, save_tiny_model, write_parameters

FILES = ("metrics.json", "summary.json", "per_class.csv", "confusion_matrix.csv", "predictions.parquet")


def reports(workplace):
    return {name: (workplace / "reports/evaluate" / name).read_bytes() for name in FILES}


def metrics(workplace):
    return json.loads((workplace / "reports/evaluate/metrics.json").read_text())


def break_logits(workplace):
    """A model whose training went wrong: its head gives NaN."""
    import torch

    folder = workplace / "models/finetuned"
    model = save_tiny_model(folder)
    with torch.no_grad():
        model.classifier.bias[1] = float("nan")
    model.save_pretrained(folder)


def test_figures_agree_with_scikit_learn_on_the_predictions_that_are_written(workplace):
    main()
    predictions = pd.read_parquet(workplace / "reports/evaluate/predictions.parquet")
    assert predictions["id"].tolist() == sorted(f"test/{label}/{n:03}" for label in LABELS for n in range(6))
    found = metrics(workplace)
    for name, column in (("encoder", "predicted"), ("baseline", "baseline_predicted")):
        pair = predictions["label"], predictions[column]
        assert found[name]["accuracy"]["value"] == pytest.approx(accuracy_score(*pair), abs=1e-9)
        assert found[name]["macro_f1"]["value"] == pytest.approx(
            f1_score(*pair, average="macro", labels=LABELS, zero_division=np.nan), abs=1e-9
        )
        assert found[name]["accuracy"]["low"] <= found[name]["accuracy"]["value"] <= found[name]["accuracy"]["high"]


def test_probabilities_add_up_and_the_prediction_is_the_most_probable_label(workplace):
    main()
    predictions = pd.read_parquet(workplace / "reports/evaluate/predictions.parquet")
    probability = predictions[[f"p:{label}" for label in LABELS]]
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
    assert (probability.idxmax(axis=1) == "p:" + predictions["predicted"]).all()


def test_an_encoder_that_does_not_beat_the_baseline_is_said_not_to(workplace, capsys):
    main()  # the encoder's weights are random, the baseline learns the words
    found = metrics(workplace)
    assert found["encoder_vs_baseline"] == "worse"
    assert found["difference"]["accuracy"]["high"] < 0
    assert "encoder against baseline: worse" in capsys.readouterr().out


def test_the_same_run_gives_the_same_bytes(workplace):
    main()
    first = reports(workplace)
    main()
    assert reports(workplace) == first


def test_the_confusion_file_counts_each_test_document_once(workplace):
    main()
    pairs = pd.read_csv(workplace / "reports/evaluate/confusion_matrix.csv")
    assert pairs.columns.tolist() == ["actual", "predicted"]
    assert pairs["actual"].value_counts().to_dict() == dict.fromkeys(LABELS, 6)


def test_a_class_absent_from_the_test_split_has_empty_cells_with_a_reason(workplace):
    write_documents(documents("test", 5, LABELS[:2]), workplace / "data/splits/test.parquet")
    main()
    tech = pd.read_csv(workplace / "reports/evaluate/per_class.csv").set_index("label").loc["tech"]
    assert tech["support"] == 0
    assert pd.isna(tech["recall"]) and pd.isna(tech["baseline_recall"])
    assert "recall: the test split has no document of this class" in tech["reason"]


def test_one_test_document_is_enough_for_a_clear_outcome(workplace):
    write_documents(documents("test", 1, LABELS[:1]), workplace / "data/splits/test.parquet")
    main()
    assert metrics(workplace)["encoder"]["accuracy"]["low"] is None
    assert metrics(workplace)["encoder_vs_baseline"] == "unknown"


def test_nan_logits_leave_the_encoder_without_figures_and_say_why(workplace, capsys):
    break_logits(workplace)
    main()
    found = metrics(workplace)
    assert found["encoder"]["accuracy"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "the encoder's logits are not finite for 18 of 18 test documents",
    }
    assert found["baseline"]["accuracy"]["value"] == 1.0
    predictions = pd.read_parquet(workplace / "reports/evaluate/predictions.parquet")
    assert predictions[["predicted", "p:sport"]].isna().all(axis=None)
    assert "not finite" in capsys.readouterr().out


def test_a_model_with_other_labels_is_refused(workplace):
    save_tiny_model(workplace / "models/finetuned", ("sport", "politics", "tech"))
    with pytest.raises(UserError, match=r"models/finetuned: its labels are sport, politics, tech"):
        main()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda test: test.iloc[:0], "test.parquet: holds no document"),
        (lambda test: test.assign(label="weather"), "label 'weather', which the card does not name"),
        (lambda test: test.assign(label=None), "which the card does not name"),
    ],
)
def test_a_test_split_that_cannot_be_scored_is_refused(workplace, change, message):
    write_documents(change(documents("test", 2)), workplace / "data/splits/test.parquet")
    with pytest.raises(UserError, match=message):
        main()
    assert not (workplace / "reports/evaluate/metrics.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bootstrap_samples": 3}, "bootstrap_samples"),
        ({"confidence": 1.0}, "confidence"),
        ({"bootstrap_sample": 100}, "Did you mean 'bootstrap_samples'"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_parameters_are_checked_before_any_work(workplace, change, message):
    write_parameters(workplace, **change)
    (workplace / "data/splits/card.json").unlink()
    with pytest.raises(UserError, match=message):
        main()


def test_a_card_for_token_classification_is_refused(workplace):
    from stages.common.card import write_card

    write_card(card().model_copy(update={"task": "token-classification"}), workplace / "data/splits")
    with pytest.raises(UserError, match="the task is token-classification"):
        main()
