"""Coefficients of agreement beside krippendorff, irrCAC, statsmodels and scikit-learn, and what intervals cost.

    python -m benchmarks.bench_agreement [write]

Compares the coefficients of 200 random tables with missing cells; ``write`` keeps those of the other packages in
tests/common/agreement_oracles.csv, so that the tests need none of them. Then times 1,000 resamples of 4,000 items.
"""

import csv
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from benchmarks.agreement_tables import Table, label_sets, ours, tables
from stages.common.metrics.agreement.coefficients import kinds_of_items, nominal_coefficients, unit_sums
from stages.common.metrics.agreement.distances import jaccard_distances, masi_distances
from stages.common.metrics.agreement.resampling import ItemBootstrap

ORACLES = Path("tests/common/agreement_oracles.csv")
PACKAGES = ("krippendorff", "irrCAC", "statsmodels", "scikit-learn")
DIGITS = 12  # irrCAC rounds


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    rows = [(ours(table), theirs(table)) for table in tables()]
    print("\n| coefficient | tables | largest difference |\n|---|---|---|")
    for name in rows[0][0]:
        gaps = [abs(mine[name] - value) for mine, others in rows for value in others[name]]
        print(f"| {name} | {len(rows)} | {np.max(gaps):.1e} |")
    if sys.argv[1:] == ["write"]:
        write([others for _, others in rows])
    time_resamples()


def theirs(table: Table) -> dict[str, list[float]]:
    """By coefficient, what each package that has it computes."""
    answers = np.where(table.answers < 0, np.nan, table.values[table.answers])
    codes = np.where(table.answers < 0, np.nan, table.answers.astype(float))
    found = {
        "krippendorff_alpha": [
            krippendorff.alpha(answers.T, level_of_measurement="nominal"),
            cac(answers).krippendorff(),
        ],
        "krippendorff_alpha_ordinal": [krippendorff.alpha(answers.T, level_of_measurement="ordinal")],
        "krippendorff_alpha_interval": [krippendorff.alpha(answers.T, level_of_measurement="interval")],
        "fleiss_kappa": [cac(answers).fleiss()],
        "gwet_ac1": [cac(answers).gwet()],
    }
    found["observed_agreement"] = [cac(answers).gwet()["est"]["pa"]]
    for weights in ("linear", "quadratic", "ordinal"):
        of_weights = cac(answers, weights).gwet()
        found[f"gwet_ac2_{weights}"] = [of_weights]
        found[f"observed_agreement_{weights}"] = [of_weights["est"]["pa"]]
    for name, distances in (("jaccard", jaccard_distances), ("masi", masi_distances)):
        apart = distances(label_sets(table))
        found[f"krippendorff_alpha_{name}"] = [
            krippendorff.alpha(
                codes.T,
                level_of_measurement=lambda *_, i1, i2, apart=apart, **__: apart[i1, i2],
            )
        ]
    first, second = table.answers[(table.answers[:, :2] >= 0).all(axis=1), :2].T
    labels = list(range(len(table.values)))
    for name, weights in (("", None), ("_linear", "linear"), ("_quadratic", "quadratic")):
        found[f"cohen_kappa{name}"] = [cohen_kappa_score(first, second, labels=labels, weights=weights)]
    if (table.answers >= 0).all():
        counts = np.stack([(table.answers == label).sum(axis=1) for label in labels], axis=1)
        found["fleiss_kappa"].append(fleiss_kappa(counts))
    return {
        name: [float(value["est"]["coefficient_value"] if isinstance(value, dict) else value) for value in values]
        for name, values in found.items()
    }


def cac(answers: np.ndarray, weights: str = "identity") -> CAC:
    """irrCAC 0.4.4 is told the categories: with pandas 3 it counts a missing answer as one of its own."""
    categories = np.unique(answers[~np.isnan(answers)]).tolist()
    return CAC(pd.DataFrame(answers), weights=weights, categories=categories, digits=DIGITS)


def write(rows: list[dict[str, list[float]]]) -> None:
    """Keeps the first package's number for each coefficient of each table."""
    with ORACLES.open("w", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(list(rows[0]))
        lines.writerows([[f"{values[0]:.12g}" for values in row.values()] for row in rows])
    print(f"\n{ORACLES} is written.")


def time_resamples(items: int = 4_000, annotators: int = 5, draws: int = 1_000) -> None:
    print("\n| items | classes | kinds of items | 1,000 resamples of four coefficients, seconds |\n|---|---|---|---|")
    for classes in (2, 5, 20, 100):
        random = np.random.default_rng(1)
        truth = random.integers(0, classes, items)
        right = random.random((items, annotators)) < 0.8
        answers = np.where(right, truth[:, None], random.integers(0, classes, (items, annotators)))
        counts = np.stack([(answers == label).sum(axis=1) for label in range(classes)], axis=1)
        began = time.perf_counter()
        kinds, copies = kinds_of_items(counts)
        ItemBootstrap(draws, 0.95, 1).estimates(nominal_coefficients(unit_sums(kinds)), copies, {})
        print(f"| {items:,} | {classes} | {len(kinds):,} | {time.perf_counter() - began:.2f} |")


if __name__ == "__main__":
    main()
