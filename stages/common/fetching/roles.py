"""What is known of the model of an optional role: ``model.json`` in its folder, beside its files."""

import json
from pathlib import Path

from stages.common.core.messages import UserError
from stages.common.core.validation import Strict, validate

RECORD = "model.json"


class Languages(Strict):
    """What a model translates, as BCP 47 tags."""

    source: str
    target: str


class FetchedModel(Strict):
    """A masked language model, a translation model, or a model that finds names.

    Attributes:
        title: The name that people know it by.
        languages: For a translation model: from which language into which.
        prefix: What a translation model for several target languages wants before each sentence, such as ``>>spa<<``.
        hashes: Of its files, as their entry pins them.
    """

    title: str
    languages: Languages | None
    prefix: str
    hashes: list[str]


def read_role(folder: Path) -> FetchedModel | None:
    """Reads which model was fetched for a role.

    Args:
        folder: The role's folder, such as models/fetched/forward.

    Returns:
        What is known of it; None where params.yaml names no model.

    Raises:
        UserError: If the record is missing or damaged.
    """
    path = folder / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        mend = "Run `dvc repro -f fetch_optional_models`, which makes it."
        raise UserError(f"{path}: is missing or damaged.", mend) from None
    return None if content is None else validate(FetchedModel, content, str(path))
