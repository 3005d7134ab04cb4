"""Pairs, several labels and numbers: the whole stage on tiny corpora, from their inputs to their files."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, label_ranking_average_precision_score, mean_absolute_error

from stages.common.core.messages import UserError
from stages.common.documents.card import write_card
from stages.common.documents.table import write_documents
from stages.common.model.answers import answer
from stages.common.model.scorer import Scorer
from stages.evaluate.__main__ import main
from stages.evaluate.results import COLUMNS, OF_LABELS
from tests.evaluate.conftest import LABELS, WORDS, card, save_tiny_model

COUNTS = {"train": 36, "validation": 18, "test": 24}


def text(label, number):
    words = WORDS[label].split()
    return f"The {words[number % 4]} and the {words[(number + 1) % 4]}, number {number}."


def pair(number):
    topic = LABELS[number % 3]
    same = number % 2 == 0
    other = topic if same else LABELS[(number + 1) % 3]
    return {"text": text(topic, number), "text_pair": text(other, number), "label": "same" if same else "other"}


def several(number):
    own = [label for place, label in enumerate(LABELS) if number >> place & 1]
    return {"text": " ".join(text(label, number) for label in own) or "The number.", "labels": own}


def value(number):
    return {
        "text": "The " + " and ".join(["match"] * (1 + number % 9)) + f", number {number}.",
        "value": 10.0 * (number % 9),
    }


def fill(workplace, task, row, labels, **record):
    """Puts documents of a task into a workplace, and a model for it."""
    for name, count in COUNTS.items():
        frame = pd.DataFrame([{"id": f"{name}/{number:02}", **row(number)} for number in range(count)])
        frame = frame.assign(method="original", group=frame["id"], derived_from=[[ident] for ident in frame["id"]])
        write_documents(frame, workplace / "data" / ("audited" if name == "train" else "splits") / f"{name}.parquet")
    write_card(card(labels, task), workplace / "data/splits")
    save_tiny_model(workplace / "models/finetuned", labels, task, **record)


def fill_pairs(workplace):
    fill(workplace, "pairs", pair, ("same", "other"), temperature=2.0)


def fill_several(workplace):
    fill(workplace, "multi-label", several, LABELS, thresholds=[0.4, 0.5, 0.6], temperature=1.5)


def fill_values(workplace):
    fill(workplace, "regression", value, (), centre=40.0, scale=25.0)


def read(workplace, name):
    path = workplace / "reports/evaluate" / name
    return json.loads(path.read_text()) if path.suffix == ".json" else pd.read_csv(path, keep_default_na=False)


def predictions(workplace):
    return pd.read_parquet(workplace / "data/predictions.parquet")


def answered(workplace):
    test = pd.read_parquet(workplace / "data/splits/test.parquet")
    return answer(Scorer.load(workplace / "models/finetuned", "cpu"), test, "again")


def break_outputs(workplace):
    """Lets the model's head give NaN."""
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(workplace / "models/finetuned")
    with torch.no_grad():
        model.classifier.bias[0] = float("nan")
    model.save_pretrained(workplace / "models/finetuned")


def test_pairs_are_tested_with_all_the_files_of_texts(workplace, capsys):
    fill_pairs(workplace)
    main()
    table, found = predictions(workplace), read(workplace, "metrics.json")
    assert table["predicted"].tolist() == answered(workplace)["label"]
    assert set(found) >= {"encoder", "baseline", "frozen", "difference", "encoder_vs_baseline", "calibration"}
    assert found["encoder"]["macro_f1"]["value"] == pytest.approx(
        f1_score(table["label"], table["predicted"], average="macro", zero_division=np.nan)
    )
    assert found["baseline"]["accuracy"]["value"] > 0.9  # the overlap of both texts tells
    for name in OF_LABELS:
        assert read(workplace, name).columns.tolist() == COLUMNS[name]
    assert len(read(workplace, "robustness.csv")) == 6
    assert read(workplace, "calibration.json")["temperature"] == 2.0
    assert "encoder against baseline: worse" in capsys.readouterr().out
    assert "pipeline_tag: text-classification" in (workplace / "models/card/README.md").read_text()


def test_texts_with_several_labels_are_tested_at_the_models_thresholds(workplace, capsys):
    fill_several(workplace)
    main()
    table, found, summary = predictions(workplace), read(workplace, "metrics.json"), read(workplace, "summary.json")
    assert table["predicted"].map(list).tolist() == answered(workplace)["labels"]
    probability = table[[f"p:{label}" for label in LABELS]].to_numpy()
    chosen = probability >= [0.4, 0.5, 0.6]
    truth = np.array([[label in own for label in LABELS] for own in table["labels"]])
    for average in ("micro", "macro"):
        expected = f1_score(truth, chosen, average=average, zero_division=np.nan)
        assert found["encoder"][f"{average}_f1"]["value"] == pytest.approx(expected)
    expected = label_ranking_average_precision_score(truth, probability)
    assert found["encoder"]["label_ranking_average_precision"]["value"] == pytest.approx(expected)
    assert found["encoder"]["subset_accuracy"]["value"] == pytest.approx((truth == chosen).all(axis=1).mean())
    assert found["baseline"]["macro_f1"]["value"] == 1.0 and found["encoder_vs_baseline"] == "worse"
    assert found["difference"]["macro_f1"]["outcome"] == "worse"
    assert summary["thresholds"] == [0.4, 0.5, 0.6] and summary["classes"][0]["support"] == truth[:, 0].sum()
    assert read(workplace, "per_class.csv")["label"].tolist() == list(LABELS)
    names = ("flips.csv", "calibration.csv", "roc.csv", "precision_recall.csv", "robustness.csv", "slices.csv")
    for name in (*names, "label_errors.csv"):
        assert read(workplace, name).columns.tolist() == COLUMNS[name], name
    assert "labels" in set(read(workplace, "slices.csv")["feature"])
    errors = read(workplace, "label_errors.csv")
    assert errors["loss"].is_monotonic_decreasing and (errors["labels"] != errors["predicted"]).all()
    diagram = read(workplace, "calibration.csv")
    assert diagram.groupby("version")["documents"].sum().to_dict() == {"before": truth.size, "after": truth.size}
    assert read(workplace, "calibration.json")["after"]["log_loss"] == found["calibration"]["log_loss"]
    assert not (workplace / "reports/evaluate/confusion_matrix.csv").exists()
    assert "macro F1" in capsys.readouterr().out
    assert "thresholds in inference.json" in (workplace / "models/card/README.md").read_text()


def test_numbers_are_tested_beside_ridge_regression_and_the_mean(workplace, capsys):
    fill_values(workplace)
    main()
    table, found, summary = predictions(workplace), read(workplace, "metrics.json"), read(workplace, "summary.json")
    assert table["predicted"].tolist() == answered(workplace)["value"]
    pair_of = table["value"], table["predicted"]
    assert found["encoder"]["mae"]["value"] == pytest.approx(mean_absolute_error(*pair_of))
    assert found["encoder"]["pearson"]["value"] == pytest.approx(pearsonr(*pair_of).statistic)
    assert found["encoder"]["spearman"]["value"] == pytest.approx(spearmanr(*pair_of).statistic)
    train = pd.read_parquet(workplace / "data/audited/train.parquet")["value"]
    assert found["mean"]["mae"]["value"] == pytest.approx((table["value"] - train.mean()).abs().mean())
    assert found["mean"]["pearson"]["value"] is None and "the same" in found["mean"]["pearson"]["reason"]
    assert found["baseline"]["mae"]["value"] < found["encoder"]["mae"]["value"]
    assert found["difference"]["mae"]["value"] > 0 and found["encoder_vs_baseline"] == "worse"
    assert min(summary["baseline_model"]["validation_mae"].values()) > 0 and summary["classes"] == []
    for name in ("values.csv", "quantiles.csv", "error_slices.csv", "value_errors.csv"):
        assert read(workplace, name).columns.tolist() == COLUMNS[name], name
    assert read(workplace, "quantiles.csv")["documents"].sum() == COUNTS["test"]
    assert "value" in set(read(workplace, "error_slices.csv")["feature"])
    assert read(workplace, "value_errors.csv")["error"].abs().is_monotonic_decreasing
    assert "mean absolute error" in capsys.readouterr().out
    assert "Multiply its output by 25 and add 40" in (workplace / "models/card/README.md").read_text()


@pytest.mark.parametrize(
    ("prepare", "headline"), [(fill_pairs, "macro_f1"), (fill_several, "macro_f1"), (fill_values, "mae")]
)
def test_outputs_that_are_not_finite_leave_the_encoder_without_metrics_and_say_why(workplace, prepare, headline):
    prepare(workplace)
    break_outputs(workplace)
    main()
    found = read(workplace, "metrics.json")
    assert found["encoder"][headline]["value"] is None and "not finite" in found["encoder"][headline]["reason"]
    assert found["baseline"][headline]["value"] is not None and found["encoder_vs_baseline"] == "unknown"
    assert predictions(workplace)["predicted"].isna().all()


@pytest.mark.parametrize(
    ("prepare", "column", "wrong", "message"),
    [
        (fill_pairs, "label", "weather", "has the label 'weather', which the card does not name"),
        (fill_several, "labels", ["weather"], "has 'weather' among its labels, which the card does not name"),
        (fill_values, "value", np.nan, "has no number"),
    ],
)
def test_a_document_whose_answer_the_card_does_not_know_is_refused(workplace, prepare, column, wrong, message):
    prepare(workplace)
    path = workplace / "data/splits/validation.parquet"
    frame = pd.read_parquet(path)
    frame[column] = [wrong] * len(frame)
    for name in ("derived_from", "labels"):
        if name in frame:
            frame[name] = frame[name].map(list)
    write_documents(frame, path)
    with pytest.raises(UserError, match=rf"validation\.parquet: document .* {message}"):
        main()


def test_the_baseline_takes_a_label_that_no_training_document_has(workplace):
    fill(workplace, "multi-label", several, (*LABELS, "arts"), thresholds=[0.5] * 4)
    main()
    found = read(workplace, "per_class.csv").set_index("label")
    assert found.loc["arts", "support"] == 0 and "baseline_recall" in found.loc["arts", "reason"]
