"""The section about what the encoder looks at: documents with their words shaded, words of classes, shortcuts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from stages.common.tasks import task_of
from stages.report.excerpts import excerpt, shown_answers, visible
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters

METHODS = {
    "integrated_gradients": "Integrated gradients",
    "gradient_times_input": "Gradient \N{MULTIPLICATION SIGN} input",
    "occlusion": "Occlusion",
}
LEVELS = 4  # of shading
MOST_CHARACTERS = 1_500  # shown of a document that is explained
MOST_NAMED = 5  # words of a document whose scores stand beside it


class Shaded(NamedTuple):
    """A piece of a text: how strongly it is marked, from -4 (speaks against) to 4 (speaks for), and its score."""

    text: str
    level: int
    score: float


def explanations(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What explain found; empty where it is off."""
    if not results.explain:
        return {}
    methods = results.explain["methods"]
    rows = [{"title": METHODS[name], **methods[name]} for name in METHODS if name in methods]
    test = corpus.splits["test"].set_index("id", drop=False)
    truth = dict(zip(test["id"], shown_answers(corpus.splits["test"]), strict=True))
    inputs = task_of(corpus.card).inputs
    shortcuts = results.tables["shortcuts"]
    return {
        "methods": rows,
        "not_better": [row["title"].lower() for row in rows if not row["beats_random"]],
        "integrated": results.explain["integrated"],
        "withheld": results.explain["withheld"],
        "documents": [
            _document(entry, test.loc[entry["id"]], truth[entry["id"]], inputs)
            for entry in results.explained
            if entry["id"] in test.index
        ],
        "classes": _classes(results.tables["words"], parameters.excerpt_characters),
        "shortcuts": shortcuts.head(parameters.listed).to_dict("records"),
        "shortcut_count": len(shortcuts),
        "sources": sorted(set(shortcuts.loc[shortcuts["kind"].isin(["agency name", "dateline"]), "word"])),
    }


def _document(entry: Mapping[str, Any], row: pd.Series, truth: str, inputs: Sequence[str]) -> dict[str, Any]:
    method = next(name for name in METHODS if name in entry["methods"])
    found = entry["methods"][method]
    texts = [row[name] for name in inputs]
    parts = [shaded(text, number, entry["places"], found["scores"]) for number, text in enumerate(texts)]
    named = sorted((piece for part in parts for piece in part if piece.level), key=lambda piece: -abs(piece.score))
    word = entry["word"]
    return {
        "id": excerpt(entry["id"], MOST_CHARACTERS),
        "why": entry["why"],
        "target": entry["target"],
        "of_word": None if word is None else visible(str(texts[0][word])),
        "truth": truth,
        "probability": entry["probability"],
        "method": METHODS[method],
        "error": found["completeness_error"],
        "points": found["points"],
        "texts": parts,
        "named": named[:MOST_NAMED],
    }


def shaded(
    text: str | Sequence[str], number: int, places: Sequence[Sequence[int]], scores: Sequence[float]
) -> list[Shaded]:
    """A text in pieces, each word as strongly marked as its score is large beside the largest of the document.

    Args:
        text: The text, or a list of words.
        number: Which of a document's texts it is.
        places: Of each word the text that it is in, and from where to where it goes.
        scores: Its score.

    Returns:
        The pieces in their order, neighbours without a mark as one; what the model does not read is left out.
    """
    largest = max((abs(score) for score in scores), default=0.0)
    pieces: list[Shaded] = []
    at = 0
    for (of, start, end), score in zip(places, scores, strict=True):
        if of != number or start >= MOST_CHARACTERS:
            continue
        between, word = (text[at:start], text[start:end]) if isinstance(text, str) else (" ", " ".join(text[start:end]))
        level = round(LEVELS * score / largest) if largest else 0
        pieces += [Shaded(" " if between.isspace() else visible(between), 0, 0.0)] if between else []
        pieces.append(Shaded(visible(word), level, score))
        at = end
    return _joined(pieces) + ([Shaded("\N{HORIZONTAL ELLIPSIS}", 0, 0.0)] if _goes_on(text, at) else [])


def _goes_on(text: str | Sequence[str], at: int) -> bool:
    return bool(text[at:].strip()) if isinstance(text, str) else at < len(text)


def _joined(pieces: Sequence[Shaded]) -> list[Shaded]:
    joined: list[Shaded] = []
    for piece in pieces:
        if joined and piece.level == joined[-1].level == 0:
            joined[-1] = Shaded(joined[-1].text + piece.text, 0, 0.0)
        else:
            joined.append(piece)
    return joined


def _classes(words: pd.DataFrame, characters: int) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "words": [
                {"word": excerpt(word, characters), "documents": count, "total": total}
                for word, count, total in zip(rows["word"], rows["documents"], rows["total"], strict=True)
            ],
        }
        for label, rows in words.groupby("label", sort=False)
    ]
