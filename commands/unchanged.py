"""Shows that a stage makes the same bytes with code that has changed, and records that, so that nothing reruns for it.

    python -m commands.unchanged finetune

The stage runs once more in a folder of its own, and what its last run made stays as it is: docs/graph.md says when that
helps.
"""

import argparse
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from commands.records import cached_outputs, hash_on_disk, read_lock
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError, suggestion

BESIDE = ("stages", "py", "params.yaml", "execution.yaml")  # what a stage reads that dvc.yaml need not name


def main(stage: str) -> None:
    """Runs the stage elsewhere, compares the hashes of its outputs with those of dvc.lock, and records the code.

    Raises:
        UserError: If the stage did not run yet, fails, or an output is another one than dvc.lock records.
    """
    recorded = cached_outputs(read_lock())
    if stage not in recorded:
        raise UserError(f"{stage}: dvc.lock records no run of such a stage.", suggestion(stage, recorded))
    with tempfile.TemporaryDirectory(prefix="unchanged-") as scratch:
        run_elsewhere(stage, Path(scratch))
        for path, md5 in recorded[stage].items():
            made, here = hash_on_disk(Path(scratch) / path), hash_on_disk(Path(path))
            if made != md5:
                mend = "The change matters: run `dvc repro`."
                raise UserError(f"{path}: {stage} makes {made} now, but dvc.lock records {md5}.", mend)
            if here != md5:
                raise UserError(f"{path}: is {here}, but dvc.lock records {md5}.", "Restore it with `dvc checkout`.")
    subprocess.run(["dvc", "commit", "--quiet", "--force", stage], check=True)
    same = ", ".join(f"{path} {md5}" for path, md5 in recorded[stage].items())
    print(f"unchanged: {stage} makes the same bytes as before ({same}); dvc.lock records its code as it is now")


def run_elsewhere(stage: str, folder: Path) -> None:
    """Runs a stage in a folder that has what it depends on, so that its outputs come to lie there."""
    from dvc.repo import Repo  # here, so that --help does not wait for it

    with Repo() as repo:
        found = repo.stage.get_target(stage)
        needed = {dep.def_path for dep in found.deps if not dep.def_path.startswith("stages/")}
    for path in sorted(needed.union(BESIDE)):
        if Path(path).exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).symlink_to(Path(path).absolute())
    environment = {**os.environ, "DVC_ROOT": str(Path.cwd())}
    done = subprocess.run(shlex.split(found.cmd), cwd=folder, env=environment)
    if done.returncode:
        raise UserError(f"{stage}: failed when it ran once more.", "What it printed above says why.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Show that a stage makes the same bytes as before; record its code.")
    parser.add_argument("stage", metavar="STAGE", help="a stage of dvc.yaml, such as finetune")
    run_command(lambda given: main(given.stage), parser)
