"""A learning curve of the run in the working tree: nested draws of its training documents, scored on validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from commands.annotation.choosing import shuffled
from commands.learning.frozen import embedded, label_probability
from commands.learning.power_law import PowerLaw, fit_power_law
from stages.common.core.messages import UserError, progress
from stages.common.core.seeding import derived_seed
from stages.common.documents.card import read_card
from stages.common.documents.table import ORIGINAL, read_some
from stages.common.documents.targets import joined_texts
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Floats, class_metrics, macro, tally
from stages.common.tasks import task_of

TRAIN, SPLITS, PRETRAINED = Path("data/audited/train.parquet"), Path("data/splits"), Path("models/fetched/pretrained")
HALVINGS = 5  # from the largest size of a curve to its smallest, in ten steps
FEWEST_HALVINGS = 3  # seven sizes: a curve through five of them is checked on the last two
FEWEST_SIZES = 5  # that a power law, with its three unknowns, is fitted to
POOL = 10_000  # training documents that are embedded, at most, unless more are asked for
SAMPLES, CONFIDENCE = 1000, 0.95

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Documents:
    """The documents of a run.

    Attributes:
        name: The dataset's.
        labels: The names of the labels.
        train: Labelled training originals; a document table.
        validation: Those that are scored.
    """

    name: str
    labels: list[str]
    train: pd.DataFrame
    validation: pd.DataFrame

    @classmethod
    def load(cls) -> "Documents":
        """Reads the run in the working tree.

        Raises:
            UserError: If there is none, its documents have not one label each, or training documents have all the same.
        """
        if not TRAIN.exists():
            raise UserError(f"{TRAIN}: there is no such file.", "Make a run first: `dvc repro audit`.")
        card, audited = read_card(SPLITS), read_card(TRAIN.parent)
        if card.name != audited.name:
            raise UserError(f"{SPLITS}: holds {card.name}, {TRAIN.parent} {audited.name}.", "Run `dvc repro audit`.")
        if (task := task_of(card)).answer != "label":
            raise UserError(f"{SPLITS}: the task is {task.name}.", "Learning curves are of one label a document.")
        train, validation = (_labelled(path) for path in (TRAIN, SPLITS / "validation.parquet"))
        if train["label"].nunique() < 2:
            raise UserError(f"{TRAIN}: all documents have one label.", "A learning curve needs two or more.")
        return cls(card.name, card.label_names, train, validation)


class Curve(NamedTuple):
    """Errors by number of labels, and what bootstrap resamples of draws and validation documents make of them.

    Attributes:
        sizes: Numbers of labels, rising, shape (sizes,).
        errors: One minus macro F1, the mean over the draws, shape (sizes,).
        resampled: The same on resamples, shape (resamples, sizes).
    """

    sizes: Rows
    errors: Floats
    resampled: Floats

    def up_to(self, labels: int) -> "Curve":
        """The part of it that a number of labels is enough for."""
        kept = self.sizes <= labels
        return Curve(self.sizes[kept], self.errors[kept], self.resampled[:, kept])

    def fitted(self) -> list[tuple[PowerLaw, PowerLaw]]:
        """Power laws of the mean errors, each with those of the resamples: of all sizes, then of fewer and fewer.

        A curve need not follow one law from its first size to its last. The smallest sizes are left out one by one
        until five are left; how far the laws differ then counts as doubt.
        """
        sizes = self.sizes.astype(np.float64)
        return [
            (fit_power_law(sizes[first:], self.errors[first:]), fit_power_law(sizes[first:], self.resampled[:, first:]))
            for first in range(max(1, len(sizes) - FEWEST_SIZES + 1))
        ]


class Range(NamedTuple):
    """A figure with the interval of it that bootstrap resamples give."""

    value: float
    low: float
    high: float


def curve_sizes(largest: int, classes: int) -> list[int]:
    """Numbers of labels from a 32nd of the largest one on, each the square root of 2 times the one before.

    Args:
        largest: The largest number of labels.
        classes: How many labels there are: smaller sizes than that are left out, and smaller ones than 4.

    Raises:
        UserError: If fewer than seven are left.
    """
    least = max(classes, 4)
    sizes = [round(largest / 2 ** (step / 2)) for step in range(2 * HALVINGS, -1, -1)]
    if largest < least * 2**FEWEST_HALVINGS:
        raise UserError(
            f"{largest} labelled documents and {classes} different labels are too few for a learning curve.",
            f"It needs {least * 2**FEWEST_HALVINGS} or more.",
        )
    return sorted({size for size in sizes if size >= least})


def measure(documents: Documents, sizes: Sequence[int], draws: int, seed: int) -> Curve:
    """Trains on nested draws of the training documents, and scores each time the validation documents.

    A draw is an order of the training documents; its first so many are trained on.

    Args:
        documents: Of the run.
        sizes: Numbers of labels.
        draws: How many orders.
        seed: Decides with the documents' ids which orders.
    """
    largest = max(sizes)
    ids = shuffled(documents.train["id"], seed, "pool")[: max(POOL, largest)]
    train = documents.train.set_index("id", drop=False).loc[sorted(ids)]
    orders = [shuffled(ids, seed, "learning curve", str(draw))[:largest] for draw in range(draws)]
    vectors, asked = (embedded(joined_texts(rows, "\n").tolist(), PRETRAINED) for rows in (train, documents.validation))
    codes, actual = (_codes(rows, documents.labels) for rows in (train, documents.validation))
    place = {row_id: row for row, row_id in enumerate(train["id"])}
    known: dict[tuple[int, ...], Rows] = {}
    drawn = [[tuple(sorted(place[row_id] for row_id in order[:size])) for size in sizes] for order in orders]
    different = {rows for of_draw in drawn for rows in of_draw}  # all draws of all documents are the same
    for rows in progress(sorted(different), "learning curve", "training"):
        some = list(rows)
        probability = label_probability(vectors[some], codes[some], len(documents.labels), asked)
        known[rows] = probability.argmax(axis=1)
    predicted = [[known[rows] for rows in of_draw] for of_draw in drawn]
    return resample(np.array(sizes), actual, np.array(predicted), len(documents.labels), seed)


def resample(sizes: Rows, actual: Rows, predicted: Rows, classes: int, seed: int) -> Curve:
    """The errors of predictions, on all documents and draws and on resamples of both.

    Args:
        sizes: Numbers of labels, shape (sizes,).
        actual: The index of each document's label, shape (documents,).
        predicted: The label that each training gives it, shape (draws, sizes, documents).
        classes: How many labels there are.
        seed: Of the resamples.
    """
    draws = len(predicted)

    def errors(weights: Floats) -> dict[str, Floats]:
        scores = [
            [macro(class_metrics(tally(actual, one, classes).weighted(weights))["f1"]) for one in of_draw]
            for of_draw in predicted
        ]
        return {"error": 1 - np.moveaxis(np.array(scores), -1, 0)}

    value, drawn = Bootstrap(actual, SAMPLES, CONFIDENCE, seed).apply(errors)
    random = np.random.default_rng(derived_seed(seed, "draws"))
    weights = random.multinomial(draws, np.full(draws, 1 / draws), SAMPLES) / draws
    return Curve(sizes, value["error"].mean(axis=0), np.einsum("rd,rds->rs", weights, drawn["error"]))


def gain_foretold(curve: Curve, labels: int, more: int) -> Range:
    """What further labels take from the error by the power laws, in macro F1."""
    gains = [[law.error(labels) - law.error(labels + more) for law in pair] for pair in curve.fitted()]
    return _range([value for value, _ in gains], [drawn for _, drawn in gains])


def gain_found(curve: Curve, labels: int, more: int) -> Range:
    """What they took from it; both numbers of labels are sizes of the curve."""
    value, drawn = _gain(curve, labels, more)
    return _range([value], [drawn])


def forecast_error(curve: Curve, labels: int, more: int) -> Range:
    """What they took from it beyond what the power laws of the sizes up to there foretell."""
    value, drawn = _gain(curve, labels, more)
    errors = [
        (value - law.error(labels) + law.error(labels + more), drawn - laws.error(labels) + laws.error(labels + more))
        for law, laws in curve.up_to(labels).fitted()
    ]
    return _range([value for value, _ in errors], [drawn for _, drawn in errors])


def labels_for(curve: Curve, labels: int, gain: float) -> Range:
    """How many more labels the power laws ask for until macro F1 is higher by a gain; infinite where they never do."""
    needed = [[law.labels(law.error(labels) - gain) - labels for law in pair] for pair in curve.fitted()]
    return _range([value for value, _ in needed], [drawn for _, drawn in needed])


def _gain(curve: Curve, labels: int, more: int) -> tuple[Floats, Floats]:
    first, second = (int(np.flatnonzero(curve.sizes == size)[0]) for size in (labels, labels + more))
    return curve.errors[first] - curve.errors[second], curve.resampled[:, first] - curve.resampled[:, second]


def _range(values: Sequence[Floats], drawn: Sequence[Floats]) -> Range:
    """The median of several laws' figures, and the interval of all resamples of all of them."""
    middle = np.quantile(np.array(values), 0.5, method="nearest")  # some may be infinite
    low, high = np.quantile(np.concatenate(drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
    return Range(float(middle), float(low), float(high))


def _labelled(path: Path) -> pd.DataFrame:
    documents = read_some(path)
    return documents[documents["label"].notna() & documents["method"].eq(ORIGINAL)].reset_index(drop=True)


def _codes(documents: pd.DataFrame, labels: Sequence[str]) -> Rows:
    number = {label: code for code, label in enumerate(labels)}
    return np.array([number[label] for label in documents["label"]], dtype=np.int64)
