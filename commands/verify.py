"""Checks what is claimed: on the run in the working tree, or by a run of its own in a clean clone."""

import argparse
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from commands.claims import Claim, claim_names, read_claim
from commands.clones import clean_clone, lines_of
from commands.examination import Verdict, examine, failed_run, settings_of
from commands.records import PARAMS, git, read_params, with_values
from commands.verdict_page import write_verdict
from stages.common.core.changes import flat
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError

DEFAULT, ALL, TREE = "default", "all", "the working tree"


def main(name: str | None, at: str | None) -> None:
    """Prints a verdict for each claim, writes it under reports/verify/, and fails if one does not hold.

    Args:
        name: The claim, or ``all``; None for the default claim on the working tree, without a run.
        at: The revision to run it at; the claim's own by default.

    Raises:
        UserError: If a claim does not hold.
    """
    if at and not name:
        raise UserError("--at needs a claim to run.", "Name one of claims/, or all.")
    names = claim_names() if name == ALL else [name or DEFAULT]
    if not names:
        raise UserError("claims/ holds no claim.", "Make one from a finished run with `make claim`.")
    refuted = []
    for each in names:
        claim = read_claim(each)
        verdict = examine(each, claim, Path(), TREE) if name is None else run_in_clone(each, claim, at)
        pages = write_verdict(verdict)
        print(f"{verdict.text()}\n  written to {' and '.join(map(str, pages))}", flush=True)
        refuted += [] if verdict.holds else [f"{each} ({', '.join(verdict.against)})"]
    if refuted:
        mend = "docs/reproducing.md: 'When it differs'."
        raise UserError(f"not confirmed: {'; '.join(refuted)}.", mend)


def run_in_clone(name: str, claim: Claim, at: str | None) -> Verdict:
    """Runs a claim from nothing: a clone with an empty cache, at one revision, with the claim's parameters.

    Args:
        name: What the claim is called.
        claim: What it says.
        at: The revision; the claim's own by default.

    Raises:
        UserError: If this clone does not have the revision.
    """
    wanted = at or claim.revision
    try:
        revision = git("rev-parse", "--verify", f"{wanted}^{{commit}}")
    except UserError:
        mend = "Fetch it (`git fetch --unshallow`), or run today's code with AT=HEAD."
        raise UserError(f"claims/{name}.yaml: this clone does not have the revision {wanted}.", mend) from None
    with clean_clone(revision) as root:
        params = read_params(root)
        params = with_values(params, settings_of(claim, flat(params)))
        (root / PARAMS).write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        where = f"a clean clone at {revision[:10]}"
        print(f"running {name} in {where}{_functions(root, params)}", flush=True)
        stage, failure = reproduce(root)
        return failed_run(name, claim, where, stage, failure) if failure else examine(name, claim, root, where)


def _functions(root: Path, params: dict[str, Any]) -> str:
    """Names the labelling functions that the run will run, which are code of whoever wrote them."""
    from stages.annotate.functions import function_names  # here, so that --help does not wait for it

    path = params.get("annotate", {}).get("functions")
    names = function_names(root / path) if path else []
    return f", with the labelling functions {', '.join(names)} of {path}" if names else ""


def reproduce(root: Path) -> tuple[str, str]:
    """Runs the graph up to evaluate, and shows what it says.

    Args:
        root: The checkout.

    Returns:
        The stage that ran last, and how it failed; an empty string if it did not.
    """
    stage, error = "", "no reason given"
    try:
        with closing(lines_of(["dvc", "repro", "evaluate"], root)) as lines:
            for line in lines:
                print(f"  {line.rstrip()}", flush=True)
                stage = line.split("'")[1] if line.startswith("Running stage '") else stage
                error = line.strip() if line.startswith("error: ") else error
    except subprocess.CalledProcessError:
        return stage, error.removeprefix("error: ")
    return stage, ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("claim", nargs="?", help="a name in claims/, or all; run in a clean clone")
    parser.add_argument("--at", help="the revision to run it at, such as HEAD; the claim's own by default")
    run_command(lambda given: main(given.claim, given.at), parser)
