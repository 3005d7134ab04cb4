"""What a learning curve says, in words: what further labels should bring, and whether such a forecast held before."""

from argparse import Namespace
from math import inf

from commands.learning.curve import (
    CONFIDENCE,
    TRAIN,
    Curve,
    Documents,
    Range,
    curve_sizes,
    forecast_error,
    gain_foretold,
    gain_found,
    labels_for,
    measure,
)
from stages.common.core.messages import UserError

POINT = 0.01  # of macro F1


def report(given: Namespace) -> list[str]:
    """Measures the curve of the run in the working tree.

    Args:
        given: Arguments of ``python -m commands.learning_curve``.

    Returns:
        The lines to print.

    Raises:
        UserError: If there is no run to measure, or too few documents.
    """
    documents = Documents.load()
    every = len(documents.train)
    labels = given.labels or every
    if labels > every:
        raise UserError(f"--labels {labels}: {TRAIN} has {every} labelled documents.", "Ask for fewer.")
    sizes = curve_sizes(labels, documents.train["label"].nunique())
    half = sizes[-3]
    beyond = [labels + given.more] if labels + given.more <= every else []
    whole = measure(documents, [*sizes, *beyond], given.draws, given.seed)
    curve = whole.up_to(labels)
    lines = [
        f"{documents.name}: {labels:,} of {every:,} labelled training documents, {len(documents.labels)} labels; "
        f"{len(documents.validation):,} validation documents",
        f"logistic regression on the frozen encoder, {given.draws} draws of the documents; "
        f"{CONFIDENCE:.0%} intervals\n",
        *table(curve),
        "",
        f"Check: up to {half:,} labels, the curve says that {labels - half:,} more bring "
        f"{points(gain_foretold(whole.up_to(half), half, labels - half))};",
        f"  they brought {points(gain_found(whole, half, labels - half))}: "
        f"{verdict(forecast_error(whole, half, labels - half))}.",
        f"The next {given.more:,} labels should bring {points(gain_foretold(curve, labels, given.more))} of macro F1.",
    ]
    if beyond:
        said = verdict(forecast_error(whole, labels, given.more))
        lines.append(f"  They are known here, and brought {points(gain_found(whole, labels, given.more))}: {said}.")
    return [*lines, f"One point more takes {needed(labels_for(curve, labels, POINT))}."]


def table(curve: Curve) -> list[str]:
    """The lines of a table of the curve, and its formula."""
    law, laws = curve.fitted()[0]
    edge = (1 - CONFIDENCE) / 2
    lines = ["  labels   macro F1   interval          by the curve"]
    for place, size in enumerate(curve.sizes):
        low, high = (1 - float(_quantile(curve.resampled[:, place], end)) for end in (1 - edge, edge))
        lines.append(
            f"  {size:6,}     {1 - curve.errors[place]:.4f}   {low:.4f} to {high:.4f}  {1 - law.error(size):.4f}"
        )
    low, high = (float(_quantile(laws.exponent, end)) for end in (edge, 1 - edge))
    formula = f"1 - {law.floor:.4f} - {law.scale:.4f} / labels^{law.exponent:.3f}"
    return [*lines, f"  macro F1 = {formula}; exponent {low:.2f} to {high:.2f}"]


def verdict(error: Range) -> str:
    """Whether a forecast held.

    Args:
        error: What came less what was foretold.
    """
    if error.low <= 0 <= error.high:
        return "the forecast held"
    return f"the forecast was too {'low' if error.low > 0 else 'high'}"


def points(gain: Range) -> str:
    """A gain in points: hundredths of macro F1."""
    return f"{100 * gain.value:+.2f} points ({100 * gain.low:+.2f} to {100 * gain.high:+.2f})"


def needed(labels: Range) -> str:
    """A number of labels with its interval."""
    said = [
        "no number of labels reaches it"
        if number == inf
        else "over a million"
        if number > 1e6
        else f"{round(number):,}"
        for number in labels
    ]
    if labels.value == inf:
        return "more than the encoder gives as it is: the curve ends below it"
    return f"about {said[0]} labels ({said[1]} to {said[2]})"


def _quantile(values: object, share: float) -> float:
    import numpy as np

    return float(np.quantile(np.asarray(values), share))
