"""Says what each parameter means: the comments of params.yaml and docs/parameters.md, made from the stages' models.

The only place where a parameter is described is the class that reads it (``stages/<section>/parameters.py``): the
meaning in the block ``Attributes:`` of its docstring, what is allowed in the types and constraints of its fields.
"""

import argparse
import inspect
import re
import textwrap
import types
from collections.abc import Iterator, Sequence
from html import escape
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stages.common.core.entry import run_command
from stages.common.core.messages import UserError, suggestion
from stages.common.core.parameters import PARAMS

PAGE = Path("docs/parameters.md")
WIDTH = 140  # columns of params.yaml
LONGEST_CODE = 32  # columns of a line's key and value up to which its comment begins where those of its section do
BOUNDS = ("ge", "gt", "le", "lt")
INTRODUCTION = """\
# Parameters

What [params.yaml](../params.yaml) may hold. `make params` makes this page, and the comments there, from the classes
that read the sections, `stages/<section>/parameters.py`. `dataset` and `model` name entries of `catalog/`.
`dvc exp run -S section.key=value` writes a value into params.yaml, runs, and leaves it there;
`git checkout params.yaml` goes back. With `--temp` or `--queue` it runs in a copy, and params.yaml stays as it is.
"""


class Described(NamedTuple):
    """A parameter in params.yaml and what its stage's model says about it.

    Attributes:
        line: Its line in the file, from 0.
        path: Its keys, from the section down.
        value: The value as the file writes it; empty for a mapping.
        meaning: What it means, in one or more sentences without the last full stop.
        allowed: The values that it may have, such as ``0 to 1``; empty where the type says enough.
        inside: Whether it stands inside another one's line, as in ``{enabled: true, words: 3}``.
    """

    line: int
    path: tuple[str, ...]
    value: str
    meaning: str
    allowed: str
    inside: bool

    @property
    def says_allowed(self) -> bool:
        """Whether the meaning already names every allowed value, as that of ``keep`` or ``drop`` has to."""
        words = re.sub(r",| or |;", " ", self.allowed).split()
        return all(f"``{word}``" in self.meaning for word in words)


def main() -> None:
    """Writes the comments of params.yaml and docs/parameters.md."""
    commented = with_comments(PARAMS.read_text(encoding="utf-8"))
    PARAMS.write_text(commented, encoding="utf-8")
    PAGE.write_text(page(commented), encoding="utf-8")


def with_comments(text: str) -> str:
    """params.yaml with the comment behind each parameter made anew; all else stays as it is.

    Args:
        text: Its content. A comment goes on in the lines below whose ``#`` stands in the same column.
    """
    comments, codes = comments_by_line(text), _codes(text)
    columns = _columns(codes)
    written: list[str] = []
    old = -1  # the column of the comment that is being replaced
    for number, (line, code) in enumerate(zip(text.splitlines(), codes, strict=True)):
        if number in comments:
            old = line.find("#", len(code))
            written += _commented(code, comments[number], columns[number])
        elif code or line.find("#") != old:
            old = -1
            written.append(line)
        elif not line:
            written.append(line)
    return "\n".join(written) + "\n"


def comments_by_line(text: str) -> dict[int, str]:
    """The comment of each line of params.yaml that holds a described parameter, by the line's number."""
    comments: dict[int, str] = {}
    for one in described(text):
        allowed_values = "" if one.says_allowed else f" [{one.allowed}]"
        said = one.meaning + allowed_values
        if not one.inside:
            comments[one.line] = said
        elif one.path[-1] != "enabled":
            comments[one.line] += f". {one.path[-1]}: {said}"
    return {line: comment.replace("``", "") for line, comment in comments.items()}


def page(text: str) -> str:
    """docs/parameters.md: a table for each section of params.yaml.

    Args:
        text: The content of params.yaml.
    """
    parts = [INTRODUCTION]
    section = ""
    for one in described(text):
        if one.path[0] != section:
            section = one.path[0]
            parts.append(
                f"\n## {section}\n\n{one.meaning}.\n\n| Key | Value | Allowed | Meaning |\n|---|---|---|---|\n"
            )
            continue
        value = f"`{one.value}`" if one.value else ""
        cells = (f"`{'.'.join(one.path[1:])}`", value, one.allowed, escape(one.meaning, quote=False).replace("``", "`"))
        parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return "".join(parts)


def described(text: str) -> Iterator[Described]:
    """Every parameter of params.yaml whose section a stage's model describes, in the order of the file.

    Args:
        text: The content of params.yaml.

    Raises:
        UserError: If a key is none of the model's, or has no description.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, node in root.value if root else ():
        if isinstance(node, yaml.MappingNode):
            model = section_model(key.value)
            yield Described(key.start_mark.line, (key.value,), "", _summary(model), "", False)
            yield from _inside(node, model, (key.value,), text)


def section_model(section: str) -> type[BaseModel]:
    """The class that reads a section: the last one that ``stages/<section>/parameters.py`` defines."""
    module = import_module(f"stages.{section}.parameters")
    classes = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, BaseModel)]
    return [one for one in classes if one.__module__ == module.__name__][-1]


def allowed(field: FieldInfo) -> str:
    """The values that a field may have, in words, such as ``keep, mask or drop`` or ``above 0, or auto``."""
    return _allowed(field.annotation, field.metadata)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """The descriptions of a model's fields, from the blocks ``Attributes:`` of its class and of those it extends."""
    found: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        _, _, block = inspect.cleandoc(ancestor.__doc__ or "").partition("\nAttributes:\n")
        for entry in re.split(r"\n(?=    \w)", "\n" + block.partition("\n\n")[0])[1:]:
            name, _, meaning = entry.partition(":")
            found[name.strip()] = " ".join(meaning.split()).removesuffix(".")
    return found


def _inside(node: yaml.MappingNode, model: type[BaseModel], path: tuple[str, ...], text: str) -> Iterator[Described]:
    fields, said = model.model_fields, meanings(model)
    for key, value in node.value:
        name, here = key.value, (*path, key.value)
        where = f"{PARAMS}: {'.'.join(here)}"
        if name not in fields:
            raise UserError(f"{where}: there is no such key.", suggestion(name, fields))
        if name not in said:
            raise UserError(f"{where}: {model.__name__} does not describe it.", "Add it to the block 'Attributes:'.")
        inner = _model_in(fields[name].annotation)
        is_mapping = isinstance(value, yaml.MappingNode)
        written = "" if is_mapping else text[value.start_mark.index : value.end_mark.index].strip()
        yield Described(key.start_mark.line, here, written, said[name], allowed(fields[name]), bool(node.flow_style))
        if inner and is_mapping:
            yield from _inside(value, inner, here, text)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    kinds = [annotation, *get_args(annotation)]
    return next((kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)), None)


def _summary(model: type[BaseModel]) -> str:
    first = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0]
    return " ".join(first.split()).removesuffix(".")


def _allowed(annotation: Any, metadata: Sequence[Any]) -> str:
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _allowed(parts[0], [limit for field in parts[1:] for limit in getattr(field, "metadata", ())])
    if kind is Literal:
        return _or([str(part) for part in parts])
    if kind in (Union, types.UnionType):
        some = [_allowed(part, metadata) for part in parts if part is not type(None)]
        known = [one for one in some if one]
        return (
            ", or ".join([*known, "null"] if known else ["may be null"]) if type(None) in parts else ", or ".join(known)
        )
    if kind in (list, dict):
        each = _allowed(parts[-1], ())
        return each and f"each {each}"
    return _range({name: getattr(limit, name) for limit in metadata for name in BOUNDS if hasattr(limit, name)})


def _range(bounds: dict[str, float]) -> str:
    """The bounds of a number in words: ``ge``, ``gt``, ``le`` and ``lt``, as pydantic calls them."""
    number = {name: f"{bound:.10g}" for name, bound in bounds.items()}
    low = number.get("ge") or ("above " + number["gt"] if "gt" in number else "")
    high = number.get("le") or ("below " + number["lt"] if "lt" in number else "")
    if low and high:
        return f"{low} to {high}"
    if high:
        return high if "lt" in number else f"{high} or less"
    return f"{low} or more" if "ge" in number else low


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _codes(text: str) -> list[str]:
    """What stands in each line of YAML before its comment."""
    ends = dict.fromkeys(range(len(text.splitlines())), 0)
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if token.start_mark.index < token.end_mark.index:
            ends[token.end_mark.line] = token.end_mark.column
    return [line[: ends[number]] for number, line in enumerate(text.splitlines())]


def _columns(codes: list[str]) -> list[int]:
    """Where the comment of each line begins: in one column for a section, except behind long values."""
    sections = list(accumulate(bool(code) and code[0] not in " -" for code in codes))
    fitting: dict[int, int] = {}
    for section, code in zip(sections, codes, strict=True):
        if len(code) <= LONGEST_CODE:
            fitting[section] = max(fitting.get(section, 0), len(code))
    return [max(fitting.get(section, 0), len(code)) + 2 for section, code in zip(sections, codes, strict=True)]


def _commented(code: str, comment: str, column: int) -> list[str]:
    """A line with its comment, in as many lines as it takes."""
    unbroken = re.sub(r"\[.*?\]", lambda match: match[0].replace(" ", "\xa0"), comment)
    first, *rest = textwrap.wrap(unbroken, WIDTH - column - 2, break_long_words=False, break_on_hyphens=False)
    lines = [f"{code:<{column}}# {first}", *(f"{'':<{column}}# {line}" for line in rest)]
    return [line.replace("\xa0", " ") for line in lines]


if __name__ == "__main__":
    run_command(lambda _: main(), argparse.ArgumentParser(description=__doc__))
