"""Compares the run in the working tree with the committed one: the data byte by byte, the metric by its interval."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from stages.common.entry import run_stage
from stages.common.messages import UserError, closing_line

# What rules make is the same bytes on every machine; weights, and what follows them, on the same kind of machine only.
DATA_STAGES = ("download", "fetch_model", "fetch_lexicon", "clean", "augment", "split")
METRICS = Path("reports/evaluate/metrics.json")


def main() -> None:
    """Prints a verdict and fails if a data stage's bytes differ or the accuracy lies outside the committed interval."""
    here = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))
    committed = yaml.safe_load(at_head("dvc.lock"))
    differing = [path for stage in DATA_STAGES for path in differing_outputs(stage, here, committed)]
    if differing:
        raise UserError(
            f"other bytes than the committed dvc.lock records: {', '.join(differing)}.",
            "See README: 'When a figure differs'.",
        )

    accuracy = json.loads(METRICS.read_text(encoding="utf-8"))["encoder"]["accuracy"]["value"]
    claimed = json.loads(at_head(str(METRICS)))["encoder"]["accuracy"]
    interval = f"the committed interval {claimed['low']:.4f} to {claimed['high']:.4f}"
    if accuracy is None or not claimed["low"] <= accuracy <= claimed["high"]:
        raise UserError(f"test accuracy {accuracy} lies outside {interval}.", "See README: 'When a figure differs'.")
    weights = "other" if differing_outputs("finetune", here, committed) else "the same"
    closing_line(
        "verify",
        f"the data stages made the committed bytes; test accuracy {accuracy:.4f} lies inside {interval}; "
        f"the model has {weights} bytes",
    )


def differing_outputs(stage: str, here: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """The cached outputs of a stage whose hash in one dvc.lock is not that in the other, or is missing there."""
    found, wanted = (
        {out["path"]: out["md5"] for out in lock["stages"].get(stage, {}).get("outs", [])} for lock in (here, committed)
    )
    paths = {path for path in {*found, *wanted} if not path.startswith("reports/finetune")}
    return sorted(path for path in paths if found.get(path) != wanted.get(path))


def at_head(path: str) -> str:
    """A file's content in the last commit.

    Raises:
        UserError: If the last commit has no such file.
    """
    shown = subprocess.run(["git", "show", f"HEAD:{path}"], capture_output=True, text=True)
    if shown.returncode:
        raise UserError(f"the last commit has no {path}.", "Commit a run before comparing with it.")
    return shown.stdout


if __name__ == "__main__":
    run_stage(main, "Compare the run in the working tree with the committed one.")
