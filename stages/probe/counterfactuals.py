"""The words of groups in the same places: templates, frames around test documents, and words of test documents."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.core.seeding import derived_seed
from stages.probe.entry import WordList, Words
from stages.probe.parameters import ProbeParameters
from stages.probe.whole_words import whole_words, with_article

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
TEMPLATE, FRAME, REPLACED = "templates", "around test documents", "in test documents"
FEWEST_WORDS = 2  # of a group: one alone could not be exchanged within the group
COLUMNS = ["context", "place", "group", "word", "text", "text_pair", "expected"]


def read_groups(words: Words, folder: Path, most: int, seed: int) -> dict[str, list[str]]:
    """The words of each group, at most so many of each, chosen by the seed.

    Args:
        words: What the entry says.
        folder: Where the suite's files are.
        most: Words of a group, at most.
        seed: The stage's seed.

    Raises:
        UserError: If a group has fewer than two words, or the entry has a word in two groups; a word that two groups of
            files have counts for the first.
    """
    groups = {name: list(listed) for name, listed in words.groups.items()}
    taken = {word.lower() for listed in groups.values() for word in listed}
    for listed in words.lists:
        for name, found in read_list(listed, folder / listed.file).items():
            groups.setdefault(name, []).extend(word for word in found if word.lower() not in taken)
            taken |= {word.lower() for word in found}
    owner: dict[str, str] = {}
    for name, listed_words in groups.items():
        distinct = list(dict.fromkeys(word.strip() for word in listed_words if word.strip()))
        if len(distinct) < FEWEST_WORDS:
            raise UserError(
                f"the group {name!r} has {len(distinct)} words.", f"Give at least {FEWEST_WORDS}, to exchange one."
            )
        for word in distinct:
            if owner.setdefault(word.lower(), name) != name:
                raise UserError(
                    f"the word {word!r} is in the groups {owner[word.lower()]!r} and {name!r}.", "Keep one."
                )
        drawn = sorted(distinct, key=lambda word: derived_seed(seed, "word", name, word))[:most]
        groups[name] = [word for word in distinct if word in drawn]
    if len(groups) < FEWEST_WORDS:
        raise UserError(f"it has {len(groups)} group of words.", "Give a second one to compare with.")
    return groups


def read_list(listed: WordList, path: Path) -> dict[str, list[str]]:
    """The groups and words of a file."""
    if listed.format == "lines":
        return {listed.group or listed.file: path.read_text(encoding="utf-8").splitlines()}
    axes: dict[str, dict[str, list[Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        axis.replace("_", " "): [word for bucket in buckets.values() for word in map(_descriptor, bucket) if word]
        for axis, buckets in axes.items()
    }


def _descriptor(given: Any) -> str | None:
    """A descriptor of HolisticBias; None for one that those concerned do not like."""
    if isinstance(given, str):
        return given
    return None if given.get("preference") == "dispreferred" else given["descriptor"]


def place_words(
    words: Words, groups: Mapping[str, Sequence[str]], test: pd.DataFrame, parameters: ProbeParameters
) -> pd.DataFrame:
    """Puts each word of each group into each context.

    Args:
        words: What the entry says.
        groups: The words of each group.
        test: Test documents with free words, in the order in which they are chosen.
        parameters: The stage's.

    Returns:
        One row a text, with the columns :data:`COLUMNS`: each word in each context once. The label that is expected is
        the suite's; None where there is none.

    Raises:
        UserError: If a placeholder has no words, or there is no context.
    """
    paired = "text_pair" in test
    known = [(word, group) for group, listed in groups.items() for word in listed]
    rows = []
    for context, place, template, beside in contexts(words, [word for word, _ in known], test, parameters):
        expected = words.label if place == TEMPLATE else None
        for word, group in known:
            rows.append([context, place, group, word, filled(template, word), beside, expected])
    if not rows:
        raise UserError(
            "there is no place for its words in these documents.",
            "Give templates or frames." if not paired else "Templates are single texts, and these are pairs of texts.",
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def contexts(
    words: Words, known: Sequence[str], test: pd.DataFrame, parameters: ProbeParameters
) -> Iterator[tuple[str, str, list[str], str | None]]:
    """The places for words: an id, the kind, the pieces of text around the word, and the second text of a pair."""
    paired = "text_pair" in test
    for number, template in enumerate(words.templates):
        if not paired:
            for place, made in enumerate(expanded(template, words.fill)):
                yield f"template {number + 1}.{place + 1}", TEMPLATE, pieces(made), None
    seconds = test["text_pair"] if paired else [None] * len(test)
    documents = list(zip(test["id"], test["text"], seconds, strict=True))
    for number, frame in enumerate(words.frames):
        around = pieces(frame.replace("{text}", "\0"))
        for ident, text, second in documents[number :: len(words.frames)][
            : -(-parameters.documents // len(words.frames))
        ]:
            yield f"{ident}, frame {number + 1}", FRAME, [piece.replace("\0", text) for piece in around], second
    if words.replace:
        pattern = whole_words(known)
        holding = ((ident, pattern.split(text), second) for ident, text, second in documents if pattern.search(text))
        for (ident, parts, second), _ in zip(holding, range(parameters.documents), strict=False):
            around = [part for place, part in enumerate(parts) for part in ([part] if not place else ["{word}", part])]
            yield f"{ident}, replaced", REPLACED, around, second


def expanded(template: str, fill: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A template with each way to fill its other placeholders.

    Raises:
        UserError: If one has no words, or there is none for the words of the groups.
    """
    names = list(dict.fromkeys(PLACEHOLDER.findall(template)))
    others = [name for name in names if name not in ("word", "a word")]
    if len(others) == len(names):
        raise UserError(f"the template {template!r} has no place for a word.", "Put {word} or {a word} there.")
    for name in others:
        if not fill.get(name):
            raise UserError(
                f"the template {template!r} has a placeholder {{{name}}} without words.", "Put them under fill."
            )
    for values in product(*(fill[name] for name in others)):
        made = template
        for name, value in zip(others, values, strict=True):
            made = made.replace(f"{{{name}}}", value)
        yield made


def pieces(template: str) -> list[str]:
    """A template in pieces: text as it is, and the placeholders for a word between."""
    return [piece for piece in re.split(r"(\{word\}|\{a word\})", template) if piece]


def filled(template: Sequence[str], word: str) -> str:
    """The pieces with a word in its places."""
    made = {"{word}": word, "{a word}": with_article(word)}
    return "".join(made.get(piece, piece) for piece in template)
