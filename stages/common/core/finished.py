"""What a stage that DVC runs has made, written down by the stage itself: DVC may be killed before it does so."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

from stages.common.core.entry import BEGUN

RECORDS = Path(".dvc/tmp/finished")  # git ignores it; an experiment in a copy has its own


@dataclass(frozen=True)
class Finished:
    """A run of a stage that came to its end.

    Attributes:
        begun: When its program began, in nanoseconds since 1970.
        written: When the record was written, likewise.
        made: The digest of each output by its path.
    """

    begun: int
    written: int
    made: Mapping[str, str]


def record_finished(made: Mapping[Path, Path]) -> None:
    """Writes down what the stage that DVC runs has made; nothing where DVC runs none, or keeps no such folder.

    Args:
        made: For each output the place where it lies now, whole.
    """
    stage = os.environ.get("DVC_STAGE")
    if not stage or not RECORDS.parent.is_dir():
        return
    content = {"begun": BEGUN, "made": {place.as_posix(): digest(now) for place, now in made.items()}}
    with suppress(OSError):  # all that is lost is this proof
        RECORDS.mkdir(exist_ok=True)
        record = RECORDS / f"{stage}.json"
        partial = record.with_suffix(".partial")
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(record)


def read_finished(stage: str) -> Finished | None:
    """The last run of a stage that came to its end; None where none did, or its record can't be read."""
    record = RECORDS / f"{stage}.json"
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return Finished(int(content["begun"]), record.stat().st_mtime_ns, dict(content["made"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def digest(place: Path) -> str:
    """The digest of a file, or of a folder's files with their names, in hexadecimal."""
    if place.is_file():
        with place.open("rb") as file:
            return file_digest(file, blake2b).hexdigest()
    files = sorted(path for path in place.rglob("*") if path.is_file())
    listed = [(path.relative_to(place).as_posix(), digest(path)) for path in files]
    return blake2b(json.dumps(listed).encode()).hexdigest()
