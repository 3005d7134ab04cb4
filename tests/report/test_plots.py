"""The plots: the same bytes each time, safe inside a page, and said in words too."""

import re

import numpy as np
import pandas as pd
import pytest

from stages.report.composition import ClassCount
from stages.report.plots import class_distribution, class_f1, length_distribution, training_loss, validation_figures
from tests.report.conftest import HOSTILE_LABELS, HUGE, figure


def curve(values, every=1):
    return pd.DataFrame({"step": np.arange(1, len(values) + 1) * every, "value": values})


def classes(*labels):
    return [
        {"label": label, "encoder": {"f1": figure(0.9)}, "baseline": {"f1": figure(None, "absent")}} for label in labels
    ]


PLOTS = {
    "loss": lambda: training_loss(curve([1.5, 1.0, 0.5, 0.25]), curve([0.7, 0.4], every=2)),
    "validation": lambda: validation_figures({"accuracy": curve([0.8, 0.9]), "macro F1": curve([0.7, 0.8])}, 2),
    "classes": lambda: class_distribution([ClassCount("tech", "", {"train": 5, "validation": 2, "test": 1})]),
    "lengths": lambda: length_distribution(np.linspace(0, 9, 4), dict.fromkeys(("a", "b", "c"), np.ones(3) / 3)),
    "f1": lambda: class_f1(classes("tech", "sport")),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_the_same_bytes_each_time(name):
    assert PLOTS[name]() == PLOTS[name]()


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_takes_its_colours_from_the_page_so_that_it_can_be_read_in_the_dark(name):
    svg = str(PLOTS[name]())
    assert "var(--series-1)" in svg and "var(--ink)" in svg
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


def test_a_long_training_is_averaged_over_stretches():
    svg = training_loss(curve(np.linspace(2, 0.1, 20_000)), curve([0.5], every=20_000))
    assert "mean of 50 steps" in svg
    assert len(svg) < 60_000


@pytest.mark.parametrize("label", [*HOSTILE_LABELS, HUGE, "$\\frac{"])
def test_a_label_in_a_plot_is_text_and_nothing_else(label):
    svg = class_f1(classes(label, "tech"))
    assert "<script" not in svg and "<img" not in svg
    assert len(svg) < 30_000


def test_one_step_and_one_epoch_make_a_plot():
    assert "<svg" in training_loss(curve([1.0]), curve([0.5]))
    assert "<svg" in validation_figures({"accuracy": curve([0.5])}, 1)
