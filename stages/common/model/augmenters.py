"""What stands in the list of the models that data stages work with, beside a folder for each of them."""

import json
from pathlib import Path

from stages.common.core.messages import UserError
from stages.common.core.validation import Strict, validate

LISTED = "augmenters.json"


class Languages(Strict):
    """What a model translates, as BCP 47 tags."""

    source: str
    target: str


class Augmenter(Strict):
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


class Augmenters(Strict):
    """The model of each role, whose files lie in a folder of the role's name; None where there is none."""

    masked_language_model: Augmenter | None = None
    forward: Augmenter | None = None
    backward: Augmenter | None = None
    names: Augmenter | None = None


def read_augmenters(models: Path) -> Augmenters:
    """Reads which models fetch_augmenters got.

    Args:
        models: Its output folder.

    Raises:
        UserError: If its list is missing or damaged.
    """
    path = models / LISTED
    try:
        return validate(Augmenters, json.loads(path.read_text(encoding="utf-8")), str(path))
    except (FileNotFoundError, ValueError):
        raise UserError(
            f"{path}: is missing or damaged.", "Run `dvc repro -f fetch_augmenters`, which makes it."
        ) from None
