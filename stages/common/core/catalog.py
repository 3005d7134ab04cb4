"""Reads the entries of catalog/: what a dataset, a pretrained model or a lexicon is, and where its files come from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import read_yaml, validate

CATALOG = Path("catalog")
Model = TypeVar("Model", bound=BaseModel)


def load_entry(shelf: str, name: str, model: type[Model]) -> Model:
    """Reads ``catalog/<shelf>/<name>.yaml``.

    Args:
        shelf: ``datasets``, ``models`` or ``lexicons``.
        name: The entry's name.
        model: What the entry must be like.

    Returns:
        The entry as a checked object.

    Raises:
        UserError: If there is no such entry (the known ones are listed), something in it is wrong, or a value
            still says EDIT.
    """
    known = entry_names(shelf)
    if name not in known:
        near = suggestion(name, known)
        listed = "" if near.startswith("Known") else f"Known are: {', '.join(known)}."
        raise UserError(f"{CATALOG / shelf} has no entry {name!r}.", f"{near} {listed}")
    path = CATALOG / shelf / f"{name}.yaml"
    content = read_yaml(path)
    left = list(_unedited(content, ""))
    if left:
        where, said = left[0]
        more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
        raise UserError(f"{path}: {where} still says {said[:300]!r}{more}.", "Decide it, and write what is so.")
    return validate(model, content, str(path))


def _unedited(content: Any, where: str) -> Iterator[tuple[str, str]]:
    """The values that commands.describe left for a person to decide; names of labels are the data's own."""
    if isinstance(content, str) and content.startswith("EDIT ") and not where.endswith(".name"):
        yield where, content
    elif isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from _unedited(value, f"{where}.{key}" if where else str(key))


def entry_names(shelf: str) -> list[str]:
    """The names of all entries of a shelf, sorted."""
    return sorted(path.stem for path in (CATALOG / shelf).glob("*.yaml"))
