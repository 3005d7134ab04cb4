"""Trains with several seeds, as DVC experiments, and writes how far their metrics spread.

It can be stopped and called again: a training that was cut off goes on from its last checkpoint.
"""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from commands.experiments import run_experiment
from commands.records import METRICS, SUMMARY, content_at
from stages.common.core.catalog import CATALOG
from stages.common.core.entry import run_command
from stages.common.core.messages import closing_line, progress
from stages.common.core.outputs import new_outputs
from stages.common.core.parameters import load_value
from stages.common.core.validation import read_yaml

SEEDS = (1, 2, 3)
TABLES = Path("reports/seeds")


def main() -> None:
    """Runs one experiment a seed and writes reports/seeds/<dataset>.csv."""
    from stages.common.tasks import task_named  # here, so that --help does not wait for it

    dataset = load_value("dataset")
    headline = task_named(read_yaml(CATALOG / f"datasets/{dataset}.yaml")["task"]).headline
    rows = [run_seed(seed, headline) for seed in progress(SEEDS, "seeds", "seed", len(SEEDS))]
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with new_outputs(TABLES / f"{dataset}.csv") as (path,):
        path.write_text(table.getvalue(), encoding="utf-8")
    closing_line("seeds", f"{len(rows)} seeds in {TABLES / dataset}.csv; `make tables` puts them into README.md")


def run_seed(seed: int, headline: str) -> dict[str, Any]:
    """Runs the graph up to evaluate with one training seed, in a copy of the checkout.

    Args:
        seed: What ``finetune.seed`` is set to.
        headline: The metric by which epochs are compared.

    Returns:
        The seed's metrics on test, and the one that epochs are compared by on validation.

    Raises:
        UserError: If the experiment fails; its own messages stand above.
    """
    revision = run_experiment(f"seed-{seed}", {"finetune.seed": seed}, "evaluate")
    metrics, summary = (json.loads(content_at(revision, path) or "{}") for path in (METRICS, SUMMARY))
    of_test = {f"test_{name}": metric["value"] for name, metric in metrics["encoder"].items()}
    return {"seed": seed, **of_test, f"validation_{headline}": summary["validation"][headline]}


if __name__ == "__main__":
    description = "Train with several seeds and write how far their metrics spread."
    run_command(lambda _: main(), argparse.ArgumentParser(description=description))
