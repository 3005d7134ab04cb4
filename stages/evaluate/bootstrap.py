"""How far a figure would move with other test documents: percentile bootstrap (Efron, 1979) over documents."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stages.common.seeding import derived_seed
from stages.evaluate.figures import Counts, Floats, Tally, tally

FEWEST_DOCUMENTS = 2  # every resample of one document is that document: an interval would only look like one


@dataclass(frozen=True)
class Figure:
    """A figure with its interval over documents.

    Attributes:
        value: The figure on the test split; None where it is not defined.
        low: Lower end of the interval; None where there is none.
        high: Upper end of the interval.
        reason: Why something above is None, or what the figure leaves out; None if nothing is to be said.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file, without an empty reason."""
        return {name: content for name, content in asdict(self).items() if name != "reason" or content}


def resample(
    actual: Counts, predictions: Mapping[str, Counts], classes: int, samples: int, seed: int
) -> dict[str, Tally]:
    """Draws the test documents anew, with replacement, and counts each draw.

    Documents with the same class and the same predictions are alike, so that drawing n of n documents is exactly a
    multinomial draw of such kinds: the cost hangs on the number of kinds, not of documents. All classifiers are counted
    on the same draws, so that their differences are paired.

    Args:
        actual: Index of each document's class, shape (documents,).
        predictions: For each classifier the index of the class that it predicts.
        classes: How many classes there are.
        samples: How many draws to make.
        seed: The stage's seed.

    Returns:
        For each classifier, counts of shape (samples, classes).
    """
    kinds, frequency = np.unique(np.column_stack([actual, *predictions.values()]), axis=0, return_counts=True)
    random = np.random.default_rng(derived_seed(seed, "bootstrap"))
    drawn = {name: Tally(*np.zeros((3, samples, classes), dtype=np.int64)) for name in predictions}
    for sample in range(samples):
        weights = random.multinomial(len(actual), frequency / len(actual))
        for column, counts in enumerate(drawn.values(), start=1):
            for total, part in zip(counts, tally(kinds[:, 0], kinds[:, column], classes, weights), strict=True):
                total[sample] = part
    return drawn


def with_interval(
    value: float, resampled: Floats, confidence: float, documents: int, reason: str | None = None
) -> Figure:
    """Puts a percentile interval around a figure.

    Args:
        value: The figure on the test split; NaN where it is not defined.
        resampled: The figure on each resample; NaN on those on which it is not defined, which are left out.
        confidence: The share of the resamples that the interval covers.
        documents: How many test documents there are.
        reason: Why the figure is not defined, or what it leaves out.

    Returns:
        The figure; None with a reason in place of NaN.
    """
    if np.isnan(value):
        return Figure(None, reason=reason)
    if documents < FEWEST_DOCUMENTS:
        return Figure(float(value), reason="; ".join(filter(None, [reason, "one document gives no interval"])))
    low, high = np.nanquantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Figure(float(value), float(low), float(high), reason)
