"""How faithful word scores are: what a model loses without the best words, and what it keeps of them alone.

Comprehensiveness and sufficiency are those of ERASER (DeYoung et al. 2020), a mean over five shares of the words. Each
is also given as a share of what the document has to lose, down to no word at all (after Carton, Rathore & Tan 2020).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stages.common.core.seeding import derived_seed
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.model.scorer import Scorer
from stages.explain.erasing import Flags, Floats, beliefs, beliefs_without, layout_logits
from stages.explain.layout import Ints, Layout

BINS = (0.01, 0.05, 0.1, 0.2, 0.5)  # shares of the words, as in ERASER, section 4
LEAST_LIMIT = 0.05  # a document that loses less without all of its words has no limits to speak of


class Faithfulness(NamedTuple):
    """Of each document, [documents]; the normalised ones are NaN where a document has nothing to lose."""

    comprehensiveness: Floats
    sufficiency: Floats
    normalised_comprehensiveness: Floats
    normalised_sufficiency: Floats


def faithfulness(scorer: Scorer, layout: Layout, targets: Ints, scores: Sequence[Floats]) -> Faithfulness:
    """Takes out the words with the highest scores, and all others, a share after another.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        scores: Of each document's words, [words].
    """
    documents = np.repeat(np.arange(len(layout)), 2 * len(BINS) + 1)
    removed: list[Flags] = []
    for each in scores:
        best = [best_words(each, share) for share in BINS]
        removed += [*best, *(~words for words in best), np.ones(len(each), dtype=bool)]
    whole = beliefs(scorer, layout_logits(scorer, layout), targets)
    left = beliefs_without(scorer, layout, targets, documents, removed).reshape(len(layout), 2 * len(BINS) + 1)
    limit = whole - left[:, -1]
    lost = (whole[:, None] - left[:, : len(BINS)]).mean(axis=1)
    missing = (whole[:, None] - left[:, len(BINS) : -1]).mean(axis=1)
    counted = np.where(np.abs(limit) >= LEAST_LIMIT, limit, np.nan)
    return Faithfulness(lost, missing, lost / counted, 1 - missing / counted)


def best_words(scores: Floats, share: float) -> Flags:
    """Which words are the share with the highest scores, at least one; of equal ones the first."""
    count = max(1, round(share * len(scores))) if len(scores) else 0
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.argsort(-scores, kind="stable")[:count]] = True
    return chosen


def random_faithfulness(
    scorer: Scorer, layout: Layout, targets: Ints, ids: Sequence[str], orders: int, seed: int
) -> Faithfulness:
    """The same of random orders of the words: the mean of some.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        ids: What the randomness of each depends on, beside the seed.
        orders: How many.
        seed: The stage's seed.
    """
    drawn = [
        [
            np.random.default_rng(derived_seed(seed, "order", ident, order)).random(len(words))
            for ident, words in zip(ids, layout.words, strict=True)
        ]
        for order in range(orders)
    ]
    found = [faithfulness(scorer, layout, targets, scores) for scores in drawn]
    return Faithfulness(*(np.mean(parts, axis=0) for parts in zip(*found, strict=True)))


def compared(method: Faithfulness, random: Faithfulness, bootstrap: Bootstrap) -> dict[str, Any]:
    """A method beside random orders on the same documents, with paired intervals.

    Returns:
        Each measure of :class:`Faithfulness` with its interval, under ``random`` those of random orders, under
        ``difference`` how much better the method is, and ``beats_random``: whether the interval of the difference of
        comprehensiveness is clear of 0.
    """
    better = {name: one - other for name, one, other in zip(method._fields, method, random, strict=True)}
    better["sufficiency"] = -better["sufficiency"]  # less is better
    difference = {name: interval(values, bootstrap) for name, values in better.items()}
    low = difference["comprehensiveness"]["low"]
    return {
        **{name: interval(values, bootstrap) for name, values in method._asdict().items()},
        "random": {name: interval(values, bootstrap) for name, values in random._asdict().items()},
        "difference": difference,
        "with_limits": int(np.isfinite(method.normalised_comprehensiveness).sum()),
        "beats_random": bool(low is not None and low > 0),
    }


def interval(values: Floats, bootstrap: Bootstrap) -> dict[str, Any]:
    """The mean over documents with its interval; documents that are NaN are left out."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)

    def mean(weights: Floats) -> dict[str, Floats]:
        counted = weights @ known.astype(np.float64)
        shared = np.divide(weights @ filled, counted, out=np.full(len(weights), np.nan), where=counted > 0)
        return {"mean": shared}

    return bootstrap.estimates(mean)["mean"].as_json()
