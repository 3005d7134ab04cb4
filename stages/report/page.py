"""Renders the page: one HTML file, everything that came from data escaped, nothing loaded from anywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stages.report.excerpts import excerpt

LABEL_CHARACTERS = 60


def render(content: Mapping[str, Any]) -> str:
    """Fills the template.

    Args:
        content: What the template names; something that is missing is an error.

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
    }
    environment.globals["flattened"] = flattened
    return environment.get_template("page.html.jinja").render(content)


def share(value: float) -> str:
    """A figure between 0 and 1, or a difference of two, to three places."""
    return f"{value:.3f}"


def signed(value: float) -> str:
    """A difference to three places, with its sign."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def count(value: float) -> str:
    """A whole number with separators between thousands."""
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share as a percentage with one place."""
    return f"{value:.1%}"


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
