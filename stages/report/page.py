"""Renders the page: one HTML file, everything that came from data escaped, nothing loaded from anywhere."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stages.report.excerpts import excerpt
from stages.report.sections import SECTIONS

LABEL_CHARACTERS = 60
UNDEFINED = "not defined"  # what a list leaves empty
SCRIPT = Path(__file__).parent / "templates/page.js"


def render(content: Mapping[str, Any]) -> str:
    """Fills the template.

    Args:
        content: What the template names; something that is missing is an error. A section whose content is empty is
            left out.

    Returns:
        The HTML page.
    """
    environment = Environment(
        loader=PackageLoader("stages.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": share,
        "signed": signed,
        "count": count,
        "percent": percent,
        "label": label,
        "words": words,
        "p_value": p_value,
        "milliseconds": milliseconds,
    }
    environment.globals["flattened"] = flattened
    script = SCRIPT.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    sections = {anchor: title for anchor, title in SECTIONS.items() if content.get(anchor, True)}
    own = {"sections": sections, "script": Markup(script), "script_hash": Markup(digest)}  # noqa: S704  # both are ours, not data
    return environment.get_template("page.html.jinja").render(content, **own)


def share(value: float) -> str:
    """A metric, or the like, to three places."""
    return UNDEFINED if isnan(value) else f"{value:.3f}"


def signed(value: float) -> str:
    """A difference to three places, with its sign."""
    return UNDEFINED if isnan(value) else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def count(value: float) -> str:
    """A whole number with separators between thousands."""
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share as a percentage with one place."""
    return UNDEFINED if isnan(value) else f"{value:.1%}"


def p_value(value: float | None) -> str:
    """A p-value to three places; one that rounds to nothing as a bound."""
    if value is None or isnan(value):
        return UNDEFINED
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def milliseconds(value: float) -> str:
    """A time in milliseconds to three digits."""
    return f"{value:,.3g} ms" if value < 100 else f"{value:,.0f} ms"


def label(name: str) -> str:
    """A label's name, which may hold anything, in one line."""
    return excerpt(name, LABEL_CHARACTERS)


def words(name: str) -> str:
    """A name from a file, such as a rule's, in plain words."""
    return name.replace("_", " ")


def flattened(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of nested mappings, one by one: the names on the way joined, and the value."""
    for name, value in content.items():
        path = f"{before}: {words(name)}" if before else words(name)
        if isinstance(value, Mapping):
            yield from flattened(value, path)
        else:
            yield path, value
