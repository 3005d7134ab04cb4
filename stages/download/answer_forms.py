"""How one answer is written in a source, by what an answer is."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from stages.common.core.messages import UserError, suggestion
from stages.common.documents.answer_forms import label_list, number_text, spans_text
from stages.download.readers.record import as_number

Kind = Literal["label", "labels", "tags", "value"]
NOTHING = "[]"  # an answer of no labels, or of no spans


class Fault(str):
    """Why an answer cannot be used, as the end of a sentence."""


class Form(NamedTuple):
    """How answers are written in a source.

    Attributes:
        kind: What an answer is.
        named: The card's name for each label as the source writes it.
        separator: What stands between two labels, or null.
        words: How many words each document has, by its id.
    """

    kind: Kind
    named: Mapping[str, str]
    separator: str | None
    words: Mapping[str, int]

    def read(self, place: str, row_id: str, answer: str) -> str:
        """An answer as the table of answers has it, or a :class:`Fault`.

        Raises:
            UserError: If a label is not in the catalog entry.
        """
        if self.kind == "label":
            return self._name(place, answer)
        if self.kind == "value":
            number = as_number(answer)
            return Fault("is not a finite number") if math.isnan(number) else number_text(number)
        if self.kind == "labels" and self.separator is not None and answer != NOTHING:
            names = [name.strip() for name in answer.split(self.separator)]
            return label_list([self._name(place, name) for name in names if name])
        try:
            content = json.loads(answer)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, list):
            return Fault("is no JSON array")
        if self.kind == "labels":
            names = [name for name in content if isinstance(name, str)]
            faulty = len(names) < len(content)
            return Fault("holds no names") if faulty else label_list([self._name(place, name) for name in names])
        return self._spans(place, content, self.words.get(row_id, 0))

    def _spans(self, place: str, content: list[Any], words: int) -> str:
        spans: list[tuple[int, int, str]] = []
        for span in content:
            match span:
                case [int(first), int(end), str(label)] if (
                    0 <= first < end <= words and type(first) is type(end) is int
                ):
                    spans.append((first, end, self._name(place, label)))
                case _:
                    return Fault(
                        f"has {str(span)[:80]}, which is no [first word, word after the last, type] of {words} words"
                    )
        spans = sorted(set(spans))
        if any(one[1] > other[0] for one, other in pairwise(spans)):
            return Fault("has spans that overlap")
        return spans_text(spans)

    def _name(self, place: str, written: str) -> str:
        if written not in self.named:
            raise UserError(
                f"{place}: the answer {written!r} is not in the catalog entry.", suggestion(written, list(self.named))
            )
        return self.named[written]
