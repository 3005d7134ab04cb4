"""Writes claims/<name>.yaml from the finished run in the working tree."""

import argparse
import json
import subprocess

from commands.claims import CLAIMS, claim_of_this_run, write_claim
from commands.records import git
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs

# What a run and its parameters change; everything else must be as committed, or the revision would not tell the code.
OF_A_RUN = ("params.yaml", "dvc.lock", "data", "models", "reports", "claims", "README.md")


def main(name: str) -> None:
    """Makes the claim, if the run is finished and its code is committed.

    Args:
        name: What the claim is called.

    Raises:
        UserError: If it is not.
    """
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":(exclude){p}" for p in OF_A_RUN))
    if changed:
        raise UserError(f"changed since the last commit: {changed}.", "A claim names a revision: commit it first.")
    status = subprocess.run(["dvc", "status", "--json", "--with-deps", "evaluate"], capture_output=True, text=True)
    if status.returncode or json.loads(status.stdout):
        stages = ", ".join(json.loads(status.stdout or "{}")) or status.stderr
        raise UserError(f"the run is not finished; changed since: {stages}.", "Run `make repro` first.")
    claim = claim_of_this_run()
    with new_outputs(CLAIMS / f"{name}.yaml") as (path,):
        write_claim(claim, path)
    shown = ", ".join(f"{metric} {estimate.value:.4f}" for metric, estimate in claim.metrics.items())
    closing_line("claim", f"{CLAIMS / name}.yaml: {shown}; commit it together with dvc.lock and reports/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="default", help="what the claim is called")
    run_command(lambda given: main(given.name), parser)
