"""Reads the entries of catalog/: what a dataset, a pretrained model or a lexicon is, and where its files come from."""

from pathlib import Path
from typing import TypeVar

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
        UserError: If there is no such entry (the known ones are listed) or something in it is wrong.
    """
    known = entry_names(shelf)
    if name not in known:
        near = suggestion(name, known)
        listed = "" if near.startswith("Known") else f"Known are: {', '.join(known)}."
        raise UserError(f"{CATALOG / shelf} has no entry {name!r}.", f"{near} {listed}")
    path = CATALOG / shelf / f"{name}.yaml"
    return validate(model, read_yaml(path), str(path))


def entry_names(shelf: str) -> list[str]:
    """The names of all entries of a shelf, sorted."""
    return sorted(path.stem for path in (CATALOG / shelf).glob("*.yaml"))
