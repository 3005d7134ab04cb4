"""The lines with which the catalog entry of a dataset takes the answers of a round."""

from hashlib import sha256

from commands.annotation.answers import Answer
from commands.annotation.rounds import Round
from stages.common.core.catalog import CATALOG


def entry_lines(planned: Round) -> str:
    """What to write into the catalog entry, under ``files`` and ``answers``; the hash is that of the answers now."""
    path = planned.folder / "answers.csv"
    name = f"{planned.name}.csv"
    columns = ", ".join(f"{column}: {column}" for column in Answer._fields)
    entry = CATALOG / "datasets" / f"{planned.record.dataset}.yaml"
    return "\n".join(
        [
            f"# {entry} takes them with these lines; those under files and answers are added to what is there:",
            "files:",
            f"  - name: {name}",
            f"    sha256: {sha256(path.read_bytes()).hexdigest()}",
            "    sources:",
            f"      - url: {path.as_posix()}",
            "answers:",
            f"  - {{file: {name}, {columns}}}",
        ]
    )
