"""Reads a stage's own part of params.yaml, typed and checked before any work starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

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

    A rule that a section does not name is off, so that what was recorded before there was such a rule can be read; but
    params.yaml shows all that there is.

    Returns:
        The section as a checked object.

    Raises:
        UserError: If the section or a key in it is missing, or a key or value in it is wrong.
    """
    content = _entry(section)
    checked = validate(model, content, f"{PARAMS}: {section}")
    missing = next(missing_keys(model, content), None)
    if missing:
        raise UserError(f"{PARAMS}: {section}.{missing}: is missing.", "Add it; the comments there say what it means.")
    return checked


def missing_keys(model: type[BaseModel], content: dict[str, Any]) -> Iterator[str]:
    """The settings that a mapping leaves to their defaults, such as ``too_short.words``.

    Args:
        model: What the mapping must be like.
        content: The mapping, valid for the model.
    """
    for name, field in model.model_fields.items():
        if name not in content:
            yield name
            continue
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(content[name], dict) and isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from (f"{name}.{inner}" for inner in missing_keys(kind, content[name]))


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
