"""Forms of an answer: what a tool gives, what the table of answers holds, and the way from one to the other."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from commands.annotation.offsets import in_code_points
from stages.common.core.messages import suggestion
from stages.common.documents.answer_forms import label_list, number_text, spans_text
from stages.common.words.splitting import Word

Kind = str  # what an answer is: stages.common.tasks.Task.answer


class UnusableError(Exception):
    """Why an answer cannot be used, as the end of a sentence that begins with its place."""


class Item(NamedTuple):
    """A document as an annotator sees it.

    Attributes:
        id: The document's id.
        texts: What is read, by the names of the columns; ``text`` comes first.
        words: The words of the text with their places in it, in characters; None where words have no tags.
    """

    id: str
    texts: dict[str, str]
    words: tuple[Word, ...] | None = None


class CharSpan(NamedTuple):
    """A stretch of a text as a tool gives it.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last.
        labels: Its labels; usable with one.
        text: What stands there, where the tool says so.
    """

    start: int
    end: int
    labels: list[str]
    text: str | None = None


class Canonical(str):
    """An answer that is already written as the table of answers has it; it is checked all the same."""


Content = list[str] | list[CharSpan] | float | Canonical


def canonical(content: Content, kind: Kind, item: Item, labels: Sequence[str], units: Sequence[str]) -> str:
    """An answer as the table of answers holds it (:func:`stages.common.documents.answers.read_answers`).

    Args:
        content: What the tool gave.
        kind: What an answer is.
        item: The document.
        labels: The names of the card's labels.
        units: In which units offsets may be counted, the likeliest first.

    Raises:
        UnusableError: If it is no answer to the question.
    """
    if isinstance(content, Canonical):
        content = _parsed(content, kind)
    if isinstance(content, float):
        if kind != "value" or not math.isfinite(content):
            raise UnusableError(f"{content} is no answer")
        return number_text(content)
    if kind == "tags":
        return _tags(content, item, labels, units)
    names = [name for name in content if isinstance(name, str)]
    if kind == "value" or len(names) < len(content):
        raise UnusableError("is no answer to the question")
    for name in names:
        check_label(name, labels)
    if kind == "labels":
        return label_list(names)
    if len(names) != 1:
        raise UnusableError(f"has {len(names)} labels where one is asked for" if names else "is empty")
    return names[0]


def check_label(name: str, labels: Sequence[str]) -> None:
    """Refuses what is no label.

    Raises:
        UnusableError: If the card has no such label.
    """
    if name not in labels:
        raise UnusableError(f"there is no label {name[:80]!r}. {suggestion(name, labels)}")


def labels_of(answer: str, kind: Kind) -> list[str]:
    """The labels of an answer that is one label or several."""
    return list(json.loads(answer)) if kind == "labels" else [answer]


def char_spans(answer: str, item: Item) -> list[CharSpan]:
    """The spans of an answer in characters (code points) of the text, each with what stands there."""
    words = item.words or ()
    spans = []
    for first, end, label in json.loads(answer):
        place = words[first].start, words[end - 1].end
        spans.append(CharSpan(*place, [label], item.texts["text"][slice(*place)]))
    return spans


def _parsed(text: str, kind: Kind) -> Content:
    """What a canonical answer holds; spans of words stay as they are, for :func:`_tags` to check."""
    if kind == "label":
        return [str(text)]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError(f"{text[:80]!r} is no answer to the question") from None
    if kind == "value" and isinstance(found, int | float) and not isinstance(found, bool):
        return float(text)
    if kind == "value" or not isinstance(found, list):
        raise UnusableError(f"{text[:80]!r} is no answer to the question")
    return found


def _tags(content: Sequence[object], item: Item, labels: Sequence[str], units: Sequence[str]) -> str:
    words = item.words or ()
    found = []
    for span in content:
        if isinstance(span, CharSpan):
            if len(span.labels) != 1:
                raise UnusableError(f"one of its spans has {len(span.labels)} labels")
            check_label(span.labels[0], labels)
            found.append((*_words_of(span, item, words, units), span.labels[0]))
        else:
            found.append(_word_span(span, len(words), labels))
    spans = sorted(set(found))
    for one, other in pairwise(spans):
        if other[0] < one[1]:
            raise UnusableError(f"two of its spans overlap, at the word {words[other[0]].text[:40]!r}")
    return spans_text(spans)


def _word_span(span: object, words: int, labels: Sequence[str]) -> tuple[int, int, str]:
    """A span that is already one of words."""
    match span:
        case [int(first), int(end), str(label)] if 0 <= first < end <= words:
            check_label(label, labels)
            return first, end, label
    raise UnusableError(f"{str(span)[:80]} is no span of its {words} words")


def _words_of(span: CharSpan, item: Item, words: Sequence[Word], units: Sequence[str]) -> tuple[int, int]:
    """The words that a span covers, [first, end); white space at its ends does not count."""
    text = item.texts["text"]
    start, end = _characters(span, text, units)
    covered = text[start:end]
    start += len(covered) - len(covered.lstrip())
    end -= len(covered) - len(covered.rstrip())
    if start >= end:
        raise UnusableError(f"its span from {span.start} to {span.end} covers no word")
    inside = [place for place, word in enumerate(words) if word.start < end and start < word.end]
    if not inside or words[inside[0]].start != start or words[inside[-1]].end != end:
        part = next((words[place].text for place in inside if not _within(words[place], start, end)), "")
        raise UnusableError(
            f"its span {covered.strip()[:40]!r} does not begin and end with words: it cuts {part[:40]!r}"
        )
    return inside[0], inside[-1] + 1


def _within(word: Word, start: int, end: int) -> bool:
    return start <= word.start and word.end <= end


def _characters(span: CharSpan, text: str, units: Sequence[str]) -> tuple[int, int]:
    """The span in code points, by the first units in which it fits the text that the tool says it covers."""
    found = []
    for unit in units:
        try:
            found.append((in_code_points(text, span.start, unit), in_code_points(text, span.end, unit)))
        except ValueError as error:
            if len(units) == 1:
                raise UnusableError(f"its span from {span.start} to {span.end} {error}") from None
    fitting = [place for place in found if span.text is None or _alike(text[slice(*place)], span.text)]
    if not fitting:
        said = f"{span.text[:40]!r} does not stand there" if span.text is not None else "does not lie in the text"
        raise UnusableError(f"its span from {span.start} to {span.end}: {said}")
    return fitting[0]


def _alike(there: str, said: str) -> bool:
    r"""Whether two texts are one but for white space; Label Studio writes a line break as ``\n``, two characters."""
    return there.split() == said.replace("\\n", "\n").split() or there.split() == said.split()
