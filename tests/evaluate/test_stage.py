"""The whole stage on a tiny corpus and a tiny model, from its inputs to its files."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard
from sklearn.metrics import accuracy_score, f1_score

from stages.common.core.messages import UserError
from stages.common.documents.table import write_documents, write_flags
from stages.common.model.answers import answer
from stages.common.model.scorer import Scorer
from stages.evaluate.__main__ import main
from stages.evaluate.results import COLUMNS, OF_LABELS
from tests.evaluate.conftest import LABELS, PARAMETERS, documents, save_tiny_model, write_parameters
from tests.imports import ROOT

pytestmark = pytest.mark.slow


def reports(workplace):
    """The bytes of all that the stage wrote, but for the times that it took."""
    written = [*(workplace / "reports/evaluate").iterdir(), *(workplace / "models/card").rglob("*.*")]
    return {str(path): path.read_bytes() for path in written if path.name != "cost.json"}


def table(workplace, name):
    return pd.read_csv(workplace / "reports/evaluate" / name)


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


def test_metrics_agree_with_scikit_learn_on_the_predictions_that_are_written(workplace):
    main()
    predictions = pd.read_parquet(workplace / "data/predictions.parquet")
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
    predictions = pd.read_parquet(workplace / "data/predictions.parquet")
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


def test_nan_logits_leave_the_encoder_without_metrics_and_say_why(workplace, capsys):
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
    predictions = pd.read_parquet(workplace / "data/predictions.parquet")
    assert predictions[["predicted", "p:sport"]].isna().all(axis=None)
    assert "not finite" in capsys.readouterr().out


def test_a_model_with_other_labels_is_refused(workplace):
    save_tiny_model(workplace / "models/finetuned", ("sport", "politics", "tech"))
    with pytest.raises(UserError, match=r"models/finetuned: it was trained for the labels sport, politics, tech"):
        main()


def test_a_model_for_another_task_is_refused(workplace):
    save_tiny_model(workplace / "models/finetuned", task="multi-label")
    with pytest.raises(UserError, match=r"trained for the task multi-label; Tiny news has text-classification"):
        main()


def test_a_model_whose_record_names_other_labels_than_its_weights_have_is_refused(workplace):
    save_tiny_model(workplace / "models/finetuned", ("a", "b"))
    record = json.loads((workplace / "models/finetuned/inference.json").read_text())
    (workplace / "models/finetuned/inference.json").write_text(json.dumps({**record, "labels": list(LABELS)}))
    with pytest.raises(UserError, match="the model's outputs are a, b; its record names politics, sport, tech"):
        main()


@pytest.mark.parametrize("record", [{}, {"truncation": "tail", "max_length": 6}, {"temperature": 0.2}])
def test_what_is_tested_is_what_the_model_answers_label_by_label(workplace, record):
    save_tiny_model(workplace / "models/finetuned", **record)
    main()
    answered = answer(Scorer.load(workplace / "models/finetuned", "cpu"), documents("test", 6), "again")
    predictions = pd.read_parquet(workplace / "data/predictions.parquet")
    assert predictions["predicted"].tolist() == answered["label"]
    for label in LABELS:
        np.testing.assert_allclose(predictions[f"p:{label}"], answered[f"p:{label}"], rtol=0, atol=1e-12)


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


def test_every_table_has_the_columns_that_are_documented_also_where_the_encoder_says_nothing(workplace):
    main()
    for name in OF_LABELS:
        assert table(workplace, name).columns.tolist() == COLUMNS[name], name
    assert len(table(workplace, "robustness.csv")) == 6
    break_logits(workplace)
    main()
    for name in OF_LABELS:
        assert table(workplace, name).columns.tolist() == COLUMNS[name], name
        assert table(workplace, name).empty


def test_what_the_stage_writes_is_what_the_graph_declares(workplace):
    before = {path for path in workplace.rglob("*") if path.is_file()}
    main()
    made = {str(path.relative_to(workplace)) for path in workplace.rglob("*") if path.is_file() and path not in before}
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["evaluate"]["outs"]
    outs = {out if isinstance(out, str) else next(iter(out)) for out in declared}
    assert {next(out for out in outs if f"{path}/".startswith(f"{out}/")) for path in made} == outs


def test_the_temperature_is_that_of_the_models_record_and_its_effect_is_reported(workplace):
    main()
    plain = pd.read_parquet(workplace / "data/predictions.parquet")
    before = json.loads((workplace / "reports/evaluate/calibration.json").read_text())
    assert (before["temperature"], before["after"]) == (None, None) and "no temperature" in before["reason"]

    save_tiny_model(workplace / "models/finetuned", temperature=0.5)
    main()
    scaled = pd.read_parquet(workplace / "data/predictions.parquet")
    columns = [f"p:{label}" for label in LABELS]
    powers = plain[columns].to_numpy() ** 2
    np.testing.assert_allclose(scaled[columns], powers / powers.sum(axis=1, keepdims=True), atol=1e-9)
    found = json.loads((workplace / "reports/evaluate/calibration.json").read_text())
    assert (found["temperature"], found["before"]) == (0.5, before["before"])
    assert found["after"]["log_loss"] == metrics(workplace)["calibration"]["log_loss"] != found["before"]["log_loss"]
    assert set(table(workplace, "calibration.csv")["version"]) == {"before", "after"}
    assert "by 0.5 (inference.json)" in (workplace / "models/card/README.md").read_text()


def test_what_is_off_is_null_or_empty_and_says_so(workplace):
    off = {name: {**PARAMETERS[name], "enabled": False} for name in ("frozen", "robustness")}
    write_parameters(workplace, **off)
    main()
    assert metrics(workplace)["frozen"]["accuracy"]["reason"] == "evaluate.frozen.enabled is false"
    assert table(workplace, "robustness.csv").empty
    assert pd.read_parquet(workplace / "data/predictions.parquet")["frozen_predicted"].isna().all()
    compared = json.loads((workplace / "reports/evaluate/comparison.json").read_text())
    assert [entry["b"] for entry in compared] == ["baseline"]


def test_the_cards_are_in_the_hubs_form_and_hold_the_test_metrics(workplace):
    main()
    card = ModelCard.load(workplace / "models/card/README.md")
    values = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert values["macro F1"] == metrics(workplace)["encoder"]["macro_f1"]["value"]
    assert (card.data.license, card.data.pipeline_tag) == ("mit", "text-classification")
    assert ModelCard(str(card)).data.to_dict() == card.data.to_dict()
    data = DatasetCard.load(workplace / "models/card/data/README.md")
    assert (data.data.pretty_name, data.data.license) == ("Tiny news", "other")
    assert "| tech | About tech. | 12 | 4 | 6 |" in data.text


def test_cost_says_how_large_and_how_fast_the_model_is(workplace):
    main()
    cost = json.loads((workplace / "reports/evaluate/cost.json").read_text())
    files = (workplace / "models/finetuned").iterdir()
    assert cost["bytes_on_disk"] == sum(path.stat().st_size for path in files)
    assert [batch["documents"] for batch in cost["batches"]] == [1, 2]
    assert 0 < cost["latency_ms"]["p50"] <= cost["latency_ms"]["p95"]


def test_slices_know_flags_of_cleaning_and_annotations_of_the_publisher(workplace):
    (workplace / "data/raw").mkdir()
    rows = documents("test", 6)[["id"]].assign(desk=["north", "south"] * 9)
    rows.to_parquet(workplace / "data/raw/annotations.parquet")
    flags = pd.DataFrame({"id": documents("test", 6)["id"][:8], "rule": "too_short", "reason": "three words"})
    write_flags(flags, workplace / "data/clean/flags.parquet")
    main()
    slices = table(workplace, "slices.csv")
    assert {"label", "flag: too_short", "annotation: desk"} <= set(slices["feature"])
    sizes = slices[slices["feature"] == "flag: too_short"].set_index("slice")["documents"]
    assert sizes.to_dict() == {"yes": 8, "no": 10}
