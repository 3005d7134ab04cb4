"""Where a model comes from: the run that made it, found by the hash of its bytes, beside it or in git."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from commands.lock import Stages, disagreements, hash_made, inputs_of, leading_to, output_holding, outputs_of, stages_of
from commands.records import (
    CLEANED,
    ENVIRONMENT,
    GRAPH,
    LOCK,
    METRICS,
    PARAMS,
    SUMMARY,
    content_at,
    git,
    revisions_with,
)
from stages.common.core.catalog import CATALOG
from stages.common.core.hashes import MD5, Listing, directory_hash, list_folder, listing_hash
from stages.common.core.messages import UserError
from stages.common.core.outputs import write_json

RUN = "run"  # the folder inside a packed model that holds the records of its run
ORIGIN = "origin.json"
RECORDS = (LOCK, GRAPH, PARAMS, ENVIRONMENT, SUMMARY, CLEANED, METRICS, Path("requirements.txt"))
TREE = "the working tree"


@dataclass(frozen=True)
class Origin:
    """The run that made a model.

    Attributes:
        revision: The git revision that holds its records, or ``the working tree``.
        records: The content of each of :data:`RECORDS` that there is, and of the catalog entries that the run read.
        stages: The stages that led to the model, then those that read it, such as evaluate.
        listings: By hash the files of the folders of which a stage read a part.
        against: Which of these stages do not fit together: each line names one that read what none of them made.
        unknown: What could not be compared.
    """

    revision: str
    records: dict[str, str]
    stages: Stages
    listings: dict[str, Listing]
    against: list[str]
    unknown: list[str]

    def section(self, name: str) -> dict[str, Any]:
        """A section of params.yaml, as the first stage that depends on it read it; empty if none did."""
        every = (stage.get("params", {}).get(str(PARAMS), {}) for stage in self.stages.values())
        section: dict[str, Any] = next((params[name] for params in every if name in params), {})
        return section

    def check(self, where: str) -> None:
        """Makes sure that the records are those of one run.

        Raises:
            UserError: If they are not.
        """
        if self.against:
            more = f" (and {len(self.against) - 1} more)" if len(self.against) > 1 else ""
            raise UserError(
                f"{where}: {LOCK} of {self.revision} joins different runs: {self.against[0]}{more}.",
                "Go to the revision of the model's own run, or make the model again with `dvc repro`.",
            )


def origin_of(folder: Path) -> Origin:
    """The run that made a model: packed beside it, else in the working tree, else in git's history.

    Args:
        folder: The model.

    Returns:
        Of several runs that name the model's bytes, the first whose stages fit together.

    Raises:
        UserError: If no run is known to have made these bytes.
    """
    md5 = model_hash(folder)
    first = None
    for origin in _candidates(folder, md5):
        if origin and not origin.against:
            return origin
        first = first or origin
    if first is None:
        raise UserError(
            f"{folder}: no dvc.lock of this repository, at any revision, names these bytes ({md5}).",
            "Run this in the repository that the model came from, after `git fetch --all`; for use elsewhere, copy it "
            "with `python -m commands.trace FOLDER --pack OUT`.",
        )
    return first


def pack(folder: Path, origin: Origin, out: Path) -> None:
    """Copies the records of a model's run into its folder.

    Args:
        folder: The model.
        origin: Its run.
        out: The copy of the folder that they go to.
    """
    for name, content in origin.records.items():
        (out / RUN / name).parent.mkdir(parents=True, exist_ok=True)
        (out / RUN / name).write_text(content, encoding="utf-8")
    found = {"revision": origin.revision, "model": model_hash(folder), "listings": origin.listings}
    write_json(out / RUN / ORIGIN, found)


def model_hash(folder: Path) -> str:
    """The hash of a model's folder, without what packing adds."""
    return directory_hash(folder, without=[path.relative_to(folder).as_posix() for path in (folder / RUN).rglob("*")])


def _candidates(folder: Path, md5: str) -> Iterator[Origin | None]:
    if (folder / RUN / ORIGIN).exists():
        packed = json.loads((folder / RUN / ORIGIN).read_text(encoding="utf-8"))
        if packed["model"] != md5:
            raise UserError(f"{folder}: was changed after it was packed.", "Pack it anew from its repository.")
        yield _origin(md5, packed["revision"], partial(_content, folder / RUN), packed.get("listings", {}))
        return
    if (lock := _content(Path(), LOCK)) and md5 in lock:
        committed = content_at("HEAD", LOCK) == lock
        yield _origin(md5, git("rev-parse", "HEAD") if committed else TREE, partial(_content, Path()), {})
    try:
        revisions = list(revisions_with(md5))
    except UserError:  # outside of any git repository
        return
    for revision in revisions:
        yield _origin(md5, revision, partial(content_at, revision), {})


def _content(root: Path, name: Path | str) -> str | None:
    return (root / name).read_text(encoding="utf-8") if (root / name).is_file() else None


def _origin(
    md5: str, revision: str, read: Callable[[Path | str], str | None], listings: Mapping[str, Listing]
) -> Origin | None:
    """The run that a dvc.lock records; None if no stage of it made the model.

    Args:
        md5: The model's hash.
        revision: What holds the lock.
        read: Gives the content of a file there, if it exists.
        listings: By hash the files of folders that are known already.
    """
    stages = stages_of(read(LOCK), str(LOCK), read(GRAPH))
    outputs = outputs_of(stages)
    model = next((path for path, (_, made) in outputs.items() if made == md5), None)
    if model is None:
        return None
    origins = leading_to(stages, model)
    names = [n for n, stage in stages.items() if n in origins or inputs_of(stage).get(model) == md5]
    catalog = {path for name in names for path in inputs_of(stages[name]) if path.startswith(f"{CATALOG}/")}
    known = dict(listings)
    against, unknown = disagreements(stages, names, partial(_find_listing, known))
    records = {}
    for path in (*map(str, RECORDS), *sorted(catalog)):
        output = output_holding(path, outputs)
        maker, whole = outputs[output] if output else ("", "")
        content = read(path) if output is None or maker in names else None
        if content is None:
            continue
        records[path] = content
        if output:
            made = hash_made(path, output, whole, partial(_find_listing, known))
            if made is None:
                unknown.append(f"{path}; the files of {output} as {maker} made it ({whole}) are not at hand")
            elif made != MD5(content.encode()).hexdigest():
                against.append(f"{path} is not what {maker} made")
    return Origin(revision, records, {name: stages[name] for name in names}, known, against, unknown)


def _find_listing(known: dict[str, Listing], md5: str, path: str) -> Listing | None:
    """The files of a folder as a stage made it: as it lies there, if it is still that, else from DVC's cache."""
    if md5 not in known:
        files = list_folder(Path(path)) if Path(path).is_dir() else []
        if listing_hash(files) != md5:
            files = _cached_listing(md5)
        if files:
            known[md5] = files
    return known.get(md5)


def _cached_listing(md5: str) -> Listing:
    cached = _cache(Path.cwd()) / "files/md5" / md5[:2] / md5[2:]
    listing: Listing = json.loads(cached.read_text(encoding="utf-8")) if cached.is_file() else []
    return listing


@cache
def _cache(root: Path) -> Path:
    """Where DVC keeps its cache."""
    try:
        done = subprocess.run(["dvc", "cache", "dir"], cwd=root, capture_output=True, text=True)
    except OSError:
        return root
    return root / done.stdout.strip()
