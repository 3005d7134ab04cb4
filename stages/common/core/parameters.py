"""Reads a stage's own part of params.yaml, typed and checked before any work starts."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import read_yaml, validate

PARAMS = Path("params.yaml")
Model = TypeVar("Model", bound=BaseModel)


def load_section(section: str, model: type[Model]) -> Model:
    """Reads one section of params.yaml.

    Args:
        section: The top-level key.
        model: What the section must be like.

    Returns:
        The section as a checked object.

    Raises:
        UserError: If the section is missing, or a key or value in it is wrong.
    """
    return validate(model, _entry(section), f"{PARAMS}: {section}")


def load_value(key: str) -> str:
    """Reads one top-level value of params.yaml that is a name, such as ``dataset``.

    Args:
        key: The top-level key.

    Returns:
        The name.

    Raises:
        UserError: If the key is missing or its value is not a string.
    """
    value = _entry(key)
    if not isinstance(value, str):
        raise UserError(f"{PARAMS}: {key}: must be a name, but it is {value!r}.", "Put the name in quotes.")
    return value


def _entry(key: str) -> Any:
    params = read_yaml(PARAMS)
    if key not in params:
        raise UserError(f"{PARAMS}: the key {key!r} is missing.", suggestion(key, params))
    return params[key]
