"""Guidelines for annotators: Markdown in the catalog, drafted from the card, versioned by their SHA-256."""

import html
import re
from pathlib import Path

from commands.annotation.corpus import TRAIN, Corpus
from commands.annotation.forms import Item, char_spans, labels_of
from commands.annotation.rounds import guideline_hash, guideline_path
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs
from stages.common.core.seeding import derived_seed

SHOWN = 300  # characters of an example
SPECIAL = re.compile(r"([\\`*_\[\]#|~])")  # what Markdown reads as more than a character
EXAMPLE = re.compile(r"^- (?P<text>.*) <!-- (?P<id>[^<>]+) -->$", re.MULTILINE)
ASKED = {
    "label": "Give each text the one label that fits best.",
    "labels": "Give each text every label that fits, or none.",
    "tags": "Mark each stretch of words that is of one of these kinds, from whole word to whole word, without overlap.",
    "value": "Give each text a number.",
}


def draft(examples: int, seed: int) -> None:
    """Writes a draft for the dataset in data/raw.

    Args:
        examples: How many examples there shall be of each label, at most.
        seed: What draws them.

    Raises:
        UserError: If there is a guideline already.
    """
    corpus = Corpus.load()
    path = guideline_path(corpus)
    if path.exists():
        raise UserError(f"{path}: is there already.", "Edit it: a guideline that people worked by is not written over.")
    without = ""
    if not corpus.split_ids:
        without = ", without examples: nothing was split yet, so none is known to be for training"
    elif not corpus.card.shows_texts:
        without = ", without examples: git tracks it, and the dataset's texts may not be passed on"
    drawn = {} if without else _examples(corpus, examples, seed)
    with new_outputs(path) as (made,):
        made.write_text(_page(corpus, drawn), encoding="utf-8")
    closing_line("guideline", f"{path}, {guideline_hash(corpus)[:12]}{without}; read and correct it before a round")


def example_ids(path: Path) -> set[str]:
    """The documents that a guideline shows: whoever read it knows their answers."""
    return {html.unescape(found["id"]) for found in EXAMPLE.finditer(path.read_text(encoding="utf-8"))}


def _page(corpus: Corpus, drawn: dict[str, list[str]]) -> str:
    lines = [f"# {_plain(corpus.card.title)}: how to label", "", ASKED[corpus.task.answer], ""]
    if len(corpus.task.inputs) > 1:
        lines += ["Each question is about two texts; the answer says how the second stands to the first.", ""]
    for label in corpus.card.labels:
        lines += [f"## {_plain(label.name)}", "", _plain(label.definition), ""]
        if drawn.get(label.name):
            lines += ["Examples:", "", *(_example(corpus, row_id, label.name) for row_id in drawn[label.name]), ""]
    if drawn.get(""):
        lines += ["## Examples", "", *(_example(corpus, row_id, "") for row_id in drawn[""]), ""]
    return "\n".join(lines)


def _examples(corpus: Corpus, count: int, seed: int) -> dict[str, list[str]]:
    """Training documents that show each label (for numbers: some, under an empty name), the same for the same seed."""
    ids = corpus.candidates(TRAIN)
    if corpus.task.answer == "value":
        return {"": _drawn([row_id for row_id in ids if corpus.known_answer(row_id)], count, seed, "")}
    shown = {row_id: set(_labels(corpus, row_id)) for row_id in ids}
    drawn: dict[str, list[str]] = {}
    for label in corpus.labels:
        taken = {row_id for others in drawn.values() for row_id in others}
        fitting = [row_id for row_id in ids if label in shown[row_id] and row_id not in taken]
        drawn[label] = _drawn(fitting, count, seed, label)
    return drawn


def _labels(corpus: Corpus, row_id: str) -> list[str]:
    answer = corpus.known_answer(row_id)
    if answer is None:
        return []
    if corpus.task.answer == "tags":
        return [span.labels[0] for span in char_spans(answer, corpus.item(row_id))]
    return labels_of(answer, corpus.task.answer)


def _drawn(ids: list[str], count: int, seed: int, what: str) -> list[str]:
    return sorted(ids, key=lambda row_id: derived_seed(seed, "guideline", what, row_id))[:count]


def _example(corpus: Corpus, row_id: str, label: str) -> str:
    item = corpus.item(row_id)
    answer = corpus.known_answer(row_id) or ""
    said = " / ".join(_excerpt(text) for text in item.texts.values())
    if corpus.task.answer == "tags":
        said += ": " + ", ".join(f"**{_plain(text)}**" for text in _marked(answer, item, label))
    elif corpus.task.answer == "value":
        said += f": **{_plain(answer)}**"
    return f"- {said} <!-- {html.escape(row_id).replace('--', '&#45;&#45;')} -->"


def _marked(answer: str, item: Item, label: str) -> list[str]:
    return [span.text or "" for span in char_spans(answer, item) if span.labels == [label]]


def _excerpt(text: str) -> str:
    whole = " ".join(text.split())
    return _plain(whole if len(whole) <= SHOWN else whole[:SHOWN].rsplit(" ", 1)[0] + " …")


def _plain(text: str) -> str:
    """A text in which Markdown and HTML find nothing to do."""
    return SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
