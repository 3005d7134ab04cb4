"""Checks what a person wrote in a YAML file, or a stage in a JSON file, and says in one line what is wrong with it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from stages.common.core.messages import UserError, suggestion

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A model that takes no unknown key, no number written as a string, and never changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Loader(yaml.SafeLoader):
    """Reads YAML as PyYAML does (1.1), and ``5e-05`` as the number that it is in YAML 1.2, which is what DVC writes."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]e[-+][0-9]{2,3}$"), list("-+0123456789")
)
EXPONENT = re.compile(r"([-+]?\d+)(?:\.(\d*))?[eE]([-+]?)(\d+)")  # a number that YAML 1.1 takes for text


def load_yaml(text: str) -> Any:
    """The content of a YAML document that DVC or a person wrote."""
    return yaml.load(text, Loader)  # noqa: S506  # it is a SafeLoader


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a YAML file that holds a mapping.

    Args:
        path: The file.

    Returns:
        The mapping.

    Raises:
        UserError: If there is no such file, it is not YAML, or it holds something else.
    """
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Restore it, or name another.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)}).", "Mend that line."
        ) from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no 'key: value' lines.", "Start from the version in git.")
    return content


def read_record(model: type[Model], path: Path) -> Model:
    """Reads a JSON file that a stage wrote.

    Args:
        model: What it must hold.
        path: The file.

    Returns:
        The object.

    Raises:
        UserError: If there is no such file, it is not JSON, or it holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro`, which makes it.") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}).", "Restore it with `dvc checkout`.") from None
    return validate(model, content, str(path))


def validate(model: type[Model], content: Any, where: str) -> Model:
    """Turns a mapping into a typed, checked object.

    Args:
        model: What the mapping must be like.
        content: The mapping.
        where: How a message names it, such as ``params.yaml: split``. Where that is a YAML file, the message names the
            line, too.

    Returns:
        The object.

    Raises:
        UserError: If a key is unknown (the nearest known one is suggested) or missing, or a value is not allowed.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = next((e for e in error.errors() if e["type"] == "extra_forbidden"), error.errors()[0])
        place = ".".join(str(part) for part in fault["loc"])
        named = f"{where}.{place}" if place else where
        line = _line(where, fault["loc"])
        see = f" See line {line}." if line else ""
        if fault["type"] == "extra_forbidden":
            known = _keys_at(model, fault["loc"][:-1])
            raise UserError(f"{named}: there is no such key.", suggestion(str(fault["loc"][-1]), known) + see) from None
        if fault["type"] == "missing":
            raise UserError(f"{named}: is missing.", "Add it; the comments there say what it means." + see) from None
        said = fault["msg"].removeprefix("Value error, ")
        given = "" if fault["type"] == "value_error" and not place else f" It is {str(fault['input'])[:80]!r}."
        raise UserError(
            f"{named}: {said[:1].lower()}{said[1:].rstrip('.')}.{given}", _mend(fault["input"]) + see
        ) from None


def _mend(value: Any) -> str:
    """What to write in place of a value that is not allowed."""
    number = EXPONENT.fullmatch(value) if isinstance(value, str) else None
    if number:
        whole, decimals, sign, exponent = number.groups()
        return f"YAML takes that for text: write {whole}.{decimals or '0'}e{sign or '+'}{exponent}."
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", value):
        return "Write the number without quotes."
    return "Change that value."


def _line(where: str, location: Iterable[int | str]) -> int | None:
    """The line of a YAML file that holds a value, counted from 1; None where that is not known."""
    name, _, section = where.partition(": ")
    path = Path(name)
    if path.suffix != ".yaml" or not path.is_file():
        return None
    node, line = yaml.compose(path.read_text(encoding="utf-8"), Loader), None
    for part in [*filter(None, section.split(".")), *location]:
        if isinstance(node, yaml.MappingNode):
            inside = {key.value: (key, value) for key, value in node.value}
            if part in inside:  # else it is missing, or the tag of a union's branch
                key, node = inside[part]
                line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _keys_at(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that a model knows at a place inside it; none where they are free."""
    kinds = [model]
    for part in location:
        fields = [kind.model_fields[part] for kind in kinds if part in kind.model_fields]
        if fields:
            inner = [kind for field in fields for kind in (field.annotation, *get_args(field.annotation))]
            kinds = [kind for kind in inner if hasattr(kind, "model_fields")]
        else:  # an index into a list, or the tag of a union's branch
            kinds = [kind for kind in kinds if part in _tags(kind)] or kinds
    return list(kinds[0].model_fields) if kinds else []


def _tags(model: type[BaseModel]) -> set[str]:
    """The values by which a union knows its branch, such as ``format: csv``."""
    literals = [field.annotation for field in model.model_fields.values() if get_origin(field.annotation) is Literal]
    return {tag for literal in literals for tag in get_args(literal)}
