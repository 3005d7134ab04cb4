"""What evaluate would write of an encoder that guesses, for the page to show."""

import json

import numpy as np
import pandas as pd

SCORES = [
    "accuracy",
    "balanced_accuracy",
    *(f"{average}_{name}" for average in ("macro", "micro", "weighted") for name in ("precision", "recall", "f1")),
    "matthews_correlation",
    "log_loss",
    "roc_auc",
    "average_precision",
]
HELD = {"better": 0.95, "worse": 0.7, "no clear difference": 0.9, "unknown": None}  # the encoder's accuracy
SILENT = "no finite logits"


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


UNCHANGED = {"perturbation": "upper case", "documents": 30, "changed": 0}


def metric(value, reason=None):
    if value is None:
        return {"value": None, "low": None, "high": None, "reason": reason}
    return {"value": value, "low": max(0.0, value - 0.02), "high": min(1.0, value + 0.02)}


def write_evaluation(folder, labels, test, outcome):
    """Writes all that the page reads of reports/evaluate/; outcome "unknown" stands for an encoder without metrics."""
    value = HELD[outcome]
    metrics_of = {
        "encoder": {name: metric(value, SILENT) for name in SCORES},
        "baseline": {name: metric(0.9) for name in SCORES},
        "frozen": {name: metric(0.8) for name in SCORES},
    }
    difference = {**metric(None, SILENT), "outcome": outcome}
    if value is not None:
        difference = {"value": value - 0.9, "low": value - 0.91, "high": value - 0.89, "outcome": outcome}
    headline = {name: {key: of[key] for key in ("accuracy", "macro_f1")} for name, of in metrics_of.items()}
    metrics = {"documents": len(test), **headline, "encoder_vs_baseline": outcome}
    metrics["difference"] = dict.fromkeys(("accuracy", "macro_f1"), difference)
    write_json(folder / "metrics.json", metrics)

    undefined = "no test document is predicted as this class"
    of_class = {"precision": metric(None, undefined), "recall": metric(0.5), "f1": metric(0.6)}
    of_class |= {"roc_auc": metric(0.97), "average_precision": metric(0.91)}
    fitted = {"c": 10.0, "validation_macro_f1": {"1.0": 0.8, "10.0": 0.9}}
    summary = {"documents": len(test), "bootstrap_samples": 1000, "confidence": 0.95}
    summary |= {
        **metrics_of,
        "baseline_model": {"features": 1234, **fitted},
        "frozen_model": {"documents": 60, **fitted},
    }
    classifiers = dict.fromkeys(metrics_of, of_class)
    summary["classes"] = [{"label": label, "support": 10, **classifiers} for label in labels]
    write_json(folder / "summary.json", summary)

    compared = {"documents": len(test), "both_right": 20, "only_a_right": 3, "only_b_right": 2, "both_wrong": 5}
    compared |= {"mcnemar": {"method": "exact", "statistic": None, "p_value": 0.0004}}
    compared |= {"accuracy": difference, "macro_f1": difference}
    write_json(folder / "comparison.json", [{"a": "encoder", "b": b, **compared} for b in ("baseline", "frozen")])
    names = ("expected_calibration_error", "expected_calibration_error_equal_width", "brier_score", "log_loss")
    calibration = {"temperature": 1.25, "bins": 2}
    calibration |= {version: {name: metric(0.125) for name in names} for version in ("before", "after")}
    write_json(folder / "calibration.json", calibration)
    latency = {"p50": 1.5, "p95": 120.0}
    batch = {"documents": 8, "documents_per_second": 1234.0, "latency_ms": latency}
    cost = {"parameters": 22_000_000, "bytes_on_disk": 91_000_000, "device": "cpu", "device_name": "a processor"}
    cost |= {"threads": 2, "documents": 30, "latency_ms": latency, "best_batch": batch}
    write_json(folder / "cost.json", {**cost, "batches": [{**batch, "documents": 1}, batch]})
    for name, table in tables(labels, test, silent=value is None).items():
        table.to_csv(folder / f"{name}.csv", index=False)


def tables(labels, test, silent):
    """The lists, made of a classifier that guesses and is sure of it; without a row if it is silent."""
    probability = np.random.default_rng(0).dirichlet([0.3] * len(labels), len(test))
    likeliest = probability.argmax(axis=1)
    test = test.assign(label=test["label"] if "label" in test else labels[0])
    actual = [labels.index(label) for label in test["label"].fillna(labels[0])]
    each = np.arange(len(test))
    judged = pd.DataFrame(
        {
            "id": test["id"],
            "label": test["label"],
            "predicted": [labels[index] for index in likeliest],
            "p_label": probability[each, actual],
            "p_predicted": probability[each, likeliest],
            "loss": -np.log(probability[each, actual]),
            "baseline_predicted": test["label"],
        }
    ).sort_values("loss", ascending=False)
    ends = {"accuracy": 0.8, "accuracy_low": 0.7, "accuracy_high": 0.9}
    pairs = judged[["label", "predicted"]].set_axis(["actual", "predicted"], axis=1)
    wrong = judged[judged["label"] != judged["predicted"]]
    confused = pairs.loc[wrong.index].value_counts().reset_index(name="documents")
    curve = pd.DataFrame({"at": np.linspace(0, 1, 5)})
    curves = pd.concat([curve.assign(label=label, up=curve["at"]) for label in labels])
    drops = {"accuracy_before": 0.9, "accuracy_after": 0.8, "drop": 0.1, "drop_low": 0.05, "drop_high": 0.15}
    same = {"consistency": 0.95, "consistency_low": 0.9, "consistency_high": 0.99}
    slices = {"feature": "length", "documents": 9, **ends, "difference": -0.1, "p_value": 0.01, "p_adjusted": 0.04}
    flips = wrong.rename(columns={"predicted": "encoder", "baseline_predicted": "other"})
    suspects = wrong.rename(columns={"predicted": "suggested", "p_predicted": "p_suggested"})
    made = {
        "confusion_matrix": pairs,
        "flips": flips.assign(against="baseline", outcome="lost"),
        "calibration": pd.DataFrame(
            [
                {"version": version, "bin": place, "documents": 15, "confidence": 0.6 + 0.2 * place, **ends}
                for version in ("before", "after")
                for place in range(2)
            ]
        ),
        "coverage": pd.DataFrame(
            [{"coverage": share, "threshold": 0.9, "documents": 30 * share, **ends} for share in (0.5, 1.0)]
        ).astype({"documents": int}),
        "roc": curves.rename(columns={"at": "false_positive_rate", "up": "true_positive_rate"}),
        "precision_recall": curves.rename(columns={"at": "recall", "up": "precision"}),
        "robustness": pd.DataFrame(
            [{"perturbation": "typing_errors", "documents": 30, "changed": 30, **drops, **same}, UNCHANGED]
        ),
        "slices": pd.DataFrame(
            [{**slices, "slice": name, "clearly_worse": True} for name in ("1 to 9 words", labels[0])]
        ),
        "errors": judged,
        "confused_pairs": confused.assign(share=0.3, share_low=0.2, share_high=0.4),
        "suspect_labels": suspects.assign(baseline_agrees=False),
    }
    return {name: table[:0] for name, table in made.items()} if silent else made


def of_tags(folder, labels, _):
    """Makes the files those of token classification: metrics of spans, tags; no probabilities, no frozen encoder."""
    metrics, summary = (json.loads((folder / f"{name}.json").read_text()) for name in ("metrics", "summary"))
    metrics["most_frequent"], summary["most_frequent"] = dict(metrics["frozen"]), dict(summary["frozen"])
    for each in ("encoder", "baseline", "most_frequent"):
        metrics[each]["span_f1"] = summary[each]["span_f1"] = summary[each]["macro_f1"]
    metrics["difference"]["span_f1"] = metrics["difference"]["macro_f1"]
    fitted = {"features": 1234, "c": 10.0, "validation_span_f1": {"1.0": 0.8, "10.0": 0.9}}
    summary["baseline_model"] = fitted
    for entry in summary["classes"]:
        entry["most_frequent"] = entry["frozen"]
        for each in ("encoder", "baseline", "most_frequent"):
            entry[each] = {name: entry[each][name] for name in ("precision", "recall", "f1")}
        del entry["frozen"]
    summary["tokens"] = [{**entry, "label": f"B-{entry['label']}"} for entry in summary["classes"]]
    del metrics["frozen"], summary["frozen"], summary["frozen_model"]
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "summary.json", summary)
    write_json(folder / "comparison.json", json.loads((folder / "comparison.json").read_text())[:1])
    calibration = json.loads((folder / "calibration.json").read_text())
    nothing = dict.fromkeys(calibration["before"], metric(None, "no probabilities"))
    calibration |= {"temperature": None, "reason": "the probabilities of tags are not calibrated", "after": None}
    write_json(folder / "calibration.json", {**calibration, "before": nothing})
    for name in ("calibration", "coverage", "roc", "precision_recall", "robustness", "errors", "suspect_labels"):
        path = folder / f"{name}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    tags = pd.DataFrame({"actual": [*labels, "O"] * 10, "predicted": [labels[0], "O", labels[2], labels[1]] * 10})
    tags.to_csv(folder / "confusion_matrix.csv", index=False)


def of_label_sets(folder, labels, test):
    """Makes the files those of multi-label classification: metrics of sets, and errors that say what is missing."""
    _measure_by(folder, ("macro_f1", "micro_f1", "subset_accuracy", "label_ranking_average_precision"))
    summary = json.loads((folder / "summary.json").read_text())
    write_json(folder / "summary.json", {**summary, "thresholds": [0.25] * len(labels)})
    _forget(folder, ("confusion_matrix", "confused_pairs", "suspect_labels", "errors", "coverage", "flips"))
    columns = {
        "labels": " + ".join(labels[:2]),
        "predicted": labels[0],
        "missed": labels[1],
        "added": "(none)",
        "loss": 0.7,
    }
    errors = test[["id"]].assign(**columns, baseline_predicted=labels[2])
    errors.to_csv(folder / "label_errors.csv", index=False)


def of_values(folder, _, test):
    """Makes the files those of regression: errors of numbers, their calibration, and no classes."""
    _measure_by(folder, ("mae", "rmse", "pearson", "spearman"))
    everything = [path.stem for path in folder.glob("*.csv")]
    _forget(folder, everything)
    for name in ("comparison.json", "calibration.json"):
        (folder / name).unlink()
    values = pd.DataFrame({"actual": np.linspace(0, 100, len(test)), "predicted": np.linspace(5, 90, len(test))})
    values.to_csv(folder / "values.csv", index=False)
    bins = [
        {"bin": place, "documents": 15, "predicted": at, "actual": at + 2, "actual_low": at, "actual_high": at + 4}
        for place, at in enumerate((25.0, 75.0))
    ]
    pd.DataFrame(bins).to_csv(folder / "quantiles.csv", index=False)
    errors = test[["id"]].assign(value=values["actual"].to_numpy(), predicted=3.0, error=1.5, baseline_predicted=2.0)
    errors.to_csv(folder / "value_errors.csv", index=False)
    tested = {"difference": 0.2, "p_value": 0.01, "p_adjusted": 0.04, "clearly_worse": True}
    part = {
        "feature": "length",
        "slice": "1 to 9 words",
        "documents": 9,
        "mae": 12.5,
        "mae_low": 11.0,
        "mae_high": 14.0,
    }
    pd.DataFrame([part | tested]).to_csv(folder / "error_slices.csv", index=False)
    summary = json.loads((folder / "summary.json").read_text())
    model = {"features": 1234, "documents": 60, "c": 1.0, "validation_mae": {"1.0": 14.2}}
    write_json(folder / "summary.json", {**summary, "classes": [], "baseline_model": model, "frozen_model": None})


def _measure_by(folder, names):
    """Puts other metrics into the places of those that there are."""
    for file in ("metrics", "summary"):
        content = json.loads((folder / f"{file}.json").read_text())
        for each in ("encoder", "baseline", "frozen", "difference"):
            if each in content:
                content[each] = dict.fromkeys(names, content[each]["macro_f1"])
        write_json(folder / f"{file}.json", content)


def _forget(folder, names):
    for name in names:
        (folder / f"{name}.csv").unlink()


BY_TASK = {"token-classification": of_tags, "multi-label": of_label_sets, "regression": of_values}
