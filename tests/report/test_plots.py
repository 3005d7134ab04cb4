"""The plots: the same bytes each time, safe inside a page, and said in words too."""

import re

import numpy as np
import pandas as pd
import pytest

from stages.report.composition import ClassCount
from stages.report.evaluation_plots import (
    class_curves,
    class_metrics,
    coverage,
    intervals,
    predicted_and_true,
    quantile_calibration,
    reliability,
)
from stages.report.plots import (
    class_distribution,
    length_distribution,
    training_loss,
    validation_metrics,
    value_distribution,
)
from tests.report.conftest import HOSTILE_LABELS, HUGE
from tests.report.evaluation import metric

ENDS = {"accuracy": 0.75, "accuracy_low": 0.5, "accuracy_high": 1.0}


def curve(values, every=1):
    return pd.DataFrame({"step": np.arange(1, len(values) + 1) * every, "value": values})


def classes(*labels):
    return [
        {"label": label, "encoder": {"f1": metric(0.9)}, "baseline": {"f1": metric(None, "absent")}} for label in labels
    ]


def roc(*labels):
    points = [
        {"label": label, "false_positive_rate": at, "true_positive_rate": at} for label in labels for at in (0, 1)
    ]
    areas = dict.fromkeys(labels, 0.5)
    return class_curves("roc", pd.DataFrame(points), ("false_positive_rate", "true_positive_rate"), areas, "Area")


PLOTS = {
    "loss": lambda: training_loss(curve([1.5, 1.0, 0.5, 0.25]), curve([0.7, 0.4], every=2)),
    "validation": lambda: validation_metrics({"accuracy": curve([0.8, 0.9]), "macro F1": curve([0.7, 0.8])}, 2),
    "classes": lambda: class_distribution([ClassCount("tech", "", {"train": 5, "validation": 2, "test": 1})]),
    "lengths": lambda: length_distribution(np.linspace(0, 9, 4), dict.fromkeys(("a", "b", "c"), np.ones(3) / 3)),
    "f1": lambda: class_metrics(classes("tech", "sport"), ["encoder", "baseline"]),
    "reliability": lambda: reliability(
        pd.DataFrame([{"version": v, "confidence": c, **ENDS} for v in ("before", "after") for c in (0.6, 0.9)])
    ),
    "coverage": lambda: coverage(pd.DataFrame([{"coverage": share, **ENDS} for share in (0.5, 1.0)])),
    "roc": lambda: roc("tech", "sport"),
    "values": lambda: value_distribution(np.linspace(0, 9, 4), dict.fromkeys(("a", "b", "c"), np.ones(3) / 3)),
    "scatter": lambda: predicted_and_true(pd.DataFrame({"actual": [1.0, 2.0], "predicted": [1.5, 1.0]})),
    "quantiles": lambda: quantile_calibration(
        pd.DataFrame([{"predicted": at, "actual": at, "actual_low": 0.0, "actual_high": 9.0} for at in (2.0, 5.0)])
    ),
    "drop": lambda: intervals(
        "drop", "Lost.", pd.DataFrame({"label": ["typos"], "value": [0.1], "low": [0.0], "high": [0.2]}), "lost", 0.0
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_the_same_bytes_each_time(name):
    assert PLOTS[name]() == PLOTS[name]()


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_takes_its_colours_from_the_page_so_that_it_can_be_read_in_the_dark(name):
    svg = str(PLOTS[name]())
    assert "var(--series-" in svg and "var(--ink)" in svg
    assert re.findall(r"#[0-9a-f]{6}\b", svg) == []


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_names_nothing_outside_of_itself(name):
    svg = str(PLOTS[name]())
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    assert all(i.startswith(f"{name}-") for i in ids)
    named = re.findall(r'(?:url\(|href=")([^)"]+)', svg)
    assert all(target[0] == "#" and target[1:] in ids for target in named)


def test_a_plot_says_in_words_what_it_shows():
    assert (
        'aria-label="Training loss over 4 steps, from 1.50 to 0.25. Validation loss after each epoch: 0.700, 0.400."'
        in (PLOTS["loss"]())
    )
    assert "tech: encoder 0.900, baseline not defined" in PLOTS["f1"]()
    assert "before temperature: 0.600 0.750, 0.900 0.750; after" in PLOTS["reliability"]()
    assert "Lost. typos 0.100." in PLOTS["drop"]()
    assert "2 test documents: actual 1 to 2, predicted 1 to 1.5." in PLOTS["scatter"]()
    assert "of test documents: 2.000 2.000, 5.000 5.000." in PLOTS["quantiles"]()


def test_a_long_training_is_averaged_over_stretches():
    svg = training_loss(curve(np.linspace(2, 0.1, 20_000)), curve([0.5], every=20_000))
    assert "mean of 50 steps" in svg
    assert len(svg) < 60_000


@pytest.mark.parametrize("label", [*HOSTILE_LABELS, HUGE, "$\\frac{"])
def test_a_label_in_a_plot_is_text_and_nothing_else(label):
    for svg in (class_metrics(classes(label, "tech"), ["encoder"]), roc(label, "tech")):
        assert "<script" not in svg and "<img" not in svg
        assert len(svg) < 30_000


def test_one_step_and_one_epoch_make_a_plot():
    assert "<svg" in training_loss(curve([1.0]), curve([0.5]))
    assert "<svg" in validation_metrics({"accuracy": curve([0.5])}, 1)


def test_metrics_above_one_fit_into_their_plot():
    assert "20" in validation_metrics({"mean absolute error": curve([25.0, 20.0])}, 2)
