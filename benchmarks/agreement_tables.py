"""200 random tables of answers with missing cells, and their coefficients by this project's code.

``tests/common/agreement_oracles.csv`` holds the same coefficients as other packages compute them;
``python -m benchmarks.bench_agreement write`` makes it.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from stages.common.metrics.agreement.coefficients import (
    agreement_weights,
    alpha_of_distances,
    count_answers,
    interval_alpha,
    nominal_coefficients,
    ordinal_alpha,
    unit_sums,
    weighted_coefficients,
)
from stages.common.metrics.agreement.distances import jaccard_distances, masi_distances
from stages.common.metrics.agreement.pairs import cohen_coefficients

TABLES = 200


class Table(NamedTuple):
    """Answers of annotators (columns) about items (rows): classes from 0, -1 where there is none; and their values."""

    answers: np.ndarray
    values: np.ndarray


def tables(count: int = TABLES, seed: int = 15) -> Iterator[Table]:
    """Tables of 5 to 60 items, 2 to 8 annotators and 2 to 6 classes, every class in it; every fifth is complete.

    Python's own generator gives the same numbers in every version.
    """
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        items, annotators, classes = draw.randint(5, 60), draw.randint(2, 8), draw.randint(2, 6)
        missing = 0.0 if number % 5 == 0 else draw.uniform(0.05, 0.5)
        skill, skew = draw.random(), draw.choice([0.5, 1, 3])
        while True:
            truth = [int(classes * draw.random() ** skew) for _ in range(items)]
            cells = [
                [
                    -1
                    if draw.random() < missing
                    else (truth[row] if draw.random() < skill else draw.randrange(classes))
                    for _ in range(annotators)
                ]
                for row in range(items)
            ]
            answers = np.array(cells)
            answered = answers[(answers >= 0).any(axis=1)]
            paired = answered[(answered >= 0).sum(axis=1) > 1]
            seen = set(paired[paired >= 0].tolist())
            both = (answers[:, :2] >= 0).all(axis=1)
            varied = len(np.unique(answers[both, :2])) > 1
            if seen == set(range(classes)) and both.sum() > 1 and varied:
                break
        steps = [draw.randint(1, 4) for _ in range(classes)]
        yield Table(answered, np.cumsum(steps).astype(float))


def label_sets(table: Table) -> np.ndarray:
    """A set of three labels for each class, the empty set for class 0, shape (classes, 3)."""
    return np.array([[bool(code & 1 << label) for label in range(3)] for code in range(len(table.values))])


def ours(table: Table) -> dict[str, float]:
    """All coefficients of a table; Cohen's kappa of its first two annotators."""
    items, annotators = np.nonzero(table.answers >= 0)
    classes = len(table.values)
    counts = count_answers(items, table.answers[items, annotators], classes)
    first, second = table.answers[(table.answers[:, :2] >= 0).all(axis=1), :2].T
    apart = np.abs(np.arange(classes)[:, None] - np.arange(classes)).astype(float)
    of_items = [
        nominal_coefficients(unit_sums(counts)),
        ordinal_alpha(counts),
        interval_alpha(items, table.values[table.answers[items, annotators]]),
        *(
            weighted_coefficients(counts, agreement_weights(weights, table.values), weights)
            for weights in ("linear", "quadratic", "ordinal")
        ),
        alpha_of_distances(counts, jaccard_distances(label_sets(table)), "krippendorff_alpha_jaccard"),
        alpha_of_distances(counts, masi_distances(label_sets(table)), "krippendorff_alpha_masi"),
    ]
    found = {name: value[0] for compute in of_items for name, value in compute(np.ones((1, len(counts)))).items()}
    for name, cost in {"": None, "_linear": apart, "_quadratic": apart**2}.items():
        cohen = cohen_coefficients(first, second, classes, cost)(np.ones((1, len(first))))
        found[f"cohen_kappa{name}"] = cohen["cohen_kappa"][0]
    return {name: float(value) for name, value in found.items()}
