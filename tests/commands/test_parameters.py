"""params.yaml's comments and docs/parameters.md say what the stages' models say, and nothing else."""

import re
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field, create_model

from commands import parameters
from commands.parameters import allowed, described, page, with_comments
from stages.common.core.messages import UserError
from stages.common.core.validation import Strict
from tests.imports import ROOT

PARAMS = (ROOT / "params.yaml").read_text()
DESCRIBED = list(described(PARAMS))
NAMES = {name for one in DESCRIBED for name in one.path}


def test_the_comments_and_the_page_are_made_from_the_models():
    assert with_comments(PARAMS) == PARAMS, "run `make params`"
    assert page(PARAMS) == (ROOT / "docs/parameters.md").read_text(), "run `make params`"


def test_every_key_of_a_section_is_described():
    written = [
        path
        for section, keys in yaml.safe_load(PARAMS).items()
        if isinstance(keys, dict)
        for path in [section, *paths(keys, section)]
    ]
    assert [".".join(one.path) for one in DESCRIBED] == written


def paths(keys, above):
    for key, value in keys.items():
        yield f"{above}.{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{above}.{key}")


@pytest.mark.parametrize("one", DESCRIBED, ids=lambda one: ".".join(one.path))
def test_a_meaning_states_no_bound_and_names_no_choice_that_there_is_not(one):
    assert not re.search(r"-?\d[\d.]* to (below )?-?\d|\b(above|below|at least|at most) \d", one.meaning)
    choices = {
        word for other in DESCRIBED if other.path[0] == one.path[0] for word in re.split(r"\W+or\W+|, ", other.allowed)
    }
    assert set(re.findall(r"``([\w+]+)``", one.meaning)) <= choices | NAMES | {"null"}


class Small(Strict):
    """A part.

    Attributes:
        words: Of a text.
        mode: What becomes of it: ``keep`` or ``drop``.
    """

    words: int = Field(ge=1, lt=9)
    mode: str


TEXT = """\
# on top
dataset: news   # an entry
small:   # old
  # between
  words: 3   # an old comment
             # that goes on
  # before the next

  mode: "a # b"
"""


def test_only_comments_change(monkeypatch):
    monkeypatch.setattr(parameters, "section_model", lambda _: Small)
    made = with_comments(TEXT)
    assert (
        made
        == """\
# on top
dataset: news   # an entry
small:           # A part
  # between
  words: 3       # Of a text [1 to below 9]
  # before the next

  mode: "a # b"  # What becomes of it: keep or drop
"""
    )
    assert with_comments(made) == made


def test_a_long_comment_goes_on_below(monkeypatch):
    class Long(Strict):
        __doc__ = f"A part.\n\nAttributes:\n    words: {'many words ' * 20}."
        words: int = Field(gt=0)

    monkeypatch.setattr(parameters, "section_model", lambda _: Long)
    made = with_comments("small:\n  words: 3\n")
    assert made.count("\n") == 3
    assert max(map(len, made.splitlines())) <= 140
    assert with_comments(made) == made


def test_a_parameter_without_a_description_is_refused(monkeypatch):
    class Bare(Strict):
        words: int

    monkeypatch.setattr(parameters, "section_model", lambda _: Bare)
    with pytest.raises(UserError, match=r"params.yaml: small.words: Bare does not describe it"):
        with_comments("small:\n  words: 3\n")


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        (int, Field(ge=1), "1 or more"),
        (float, Field(gt=0, le=1), "above 0 to 1"),
        (float, Field(lt=1), "below 1"),
        (float, Field(le=1), "1 or less"),
        (int | None, Field(ge=1), "1 or more, or null"),
        (str | None, Field(pattern="a"), "may be null"),
        (Literal["a", "b", "c"], Field(), "a, b or c"),
        (Annotated[int, Field(ge=4)] | Literal["auto"], Field(), "4 or more, or auto"),
        (list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1), "each 0 to 1"),
        (bool, Field(), ""),
    ],
)
def test_what_is_allowed_in_words(kind, field, words):
    assert allowed(create_model("Some", some=(kind, field)).model_fields["some"]) == words
