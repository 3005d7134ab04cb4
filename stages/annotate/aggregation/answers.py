"""Answers as whole numbers, in an order of their own, and the sums over them that every model needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from stages.common.core.messages import UserError, suggestion

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CodedAnswers:
    """Who answered what about which item, sorted by item, annotator and value; made by :meth:`sort` or :meth:`of`.

    Attributes:
        items: The number of the item of each answer, int64, [answers].
        annotators: The number of the annotator, int64, [answers].
        values: The number of the class that was answered, int64, [answers].
        item_count: How many items there are; some may have no answer.
        annotator_count: How many annotators there are.
        classes: How many classes there are.
        names: The annotators' names in the order of their numbers; empty where they have none.
        ids: The items' ids in the order of their numbers; their numbers where they have none.
    """

    items: Integers
    annotators: Integers
    values: Integers
    item_count: int
    annotator_count: int
    classes: int
    names: tuple[str, ...] = ()
    ids: Sequence[str] | Sequence[int] = ()

    @classmethod
    def sort(
        cls,
        items: npt.ArrayLike,
        annotators: npt.ArrayLike,
        values: npt.ArrayLike,
        counts: tuple[int, int, int],
        names: tuple[str, ...] = (),
        ids: Sequence[str] = (),
    ) -> "CodedAnswers":
        """Sorts answers, so that their order makes no difference to any sum.

        Args:
            items: Whole numbers from 0, [answers].
            annotators: Likewise.
            values: Likewise.
            counts: How many items, annotators and classes there are.
            names: The annotators' names, or none.
            ids: The items' ids, or none.

        Raises:
            ValueError: If the three differ in length, or a number is beyond its count.
        """
        columns = [np.asarray(each, dtype=np.int64).ravel() for each in (items, annotators, values)]
        if len({len(each) for each in columns}) != 1:
            raise ValueError("items, annotators and values are not equally many")
        for what, column, count in zip(("item", "annotator", "value"), columns, counts, strict=True):
            if column.size and not 0 <= column.min() <= column.max() < count:
                raise ValueError(f"the {what} of an answer is not among 0 to {count - 1}")
        item, annotator, value = _sorted(columns[0], columns[1], columns[2], counts)
        return cls(item, annotator, value, *counts, names, ids or range(counts[0]))

    @classmethod
    def of(cls, table: pd.DataFrame, ids: Sequence[str], labels: Sequence[str]) -> "CodedAnswers":
        """Turns a table of answers into numbers.

        Args:
            table: With the columns id, annotator and answer, in any order.
            ids: The items, each once, in the order in which they are numbered; answers are about these alone.
            labels: The names of the classes, in the order in which they are numbered.

        Raises:
            UserError: If an answer is about another item, or is no label.
        """
        items = pd.Index(ids).get_indexer(pd.Index(table["id"]))
        values = pd.Index(labels).get_indexer(pd.Index(table["answer"]))
        if (unknown := np.flatnonzero(values < 0)).size:
            row = table.iloc[unknown[0]]
            raise UserError(
                f"Annotator {row['annotator']!r} answered {row['answer']!r} about {row['id']!r}, which is no label.",
                suggestion(str(row["answer"]), labels),
            )
        if (unknown := np.flatnonzero(items < 0)).size:
            row = table.iloc[unknown[0]]
            raise UserError(
                f"Annotator {row['annotator']!r} answered about {row['id']!r}, which is no document.",
                "Take the answer out, or add the document.",
            )
        annotators, names = pd.factorize(table["annotator"], sort=True)
        counts = len(ids), len(names), len(labels)
        return cls.sort(items, annotators, values, counts, tuple(map(str, names)), list(map(str, ids)))

    def __len__(self) -> int:
        """How many answers there are."""
        return len(self.items)

    @cached_property
    def answered(self) -> Integers:
        """How many answers each item has, [items]."""
        return np.bincount(self.items, minlength=self.item_count)

    @cached_property
    def votes(self) -> Integers:
        """How many answers each class has for each item, [items, classes]."""
        cells = np.bincount(self.items * self.classes + self.values, minlength=self.item_count * self.classes)
        return cells.reshape(self.item_count, self.classes)

    @cached_property
    def unanimous(self) -> npt.NDArray[np.bool_]:
        """Whether an item has answers and all of them are the same, [items]."""
        return np.asarray((self.answered > 0) & (self.votes.max(axis=1) == self.answered))

    def where(self, kept: npt.NDArray[np.bool_]) -> "CodedAnswers":
        """Some of the answers, with all items, annotators and classes."""
        counts = self.item_count, self.annotator_count, self.classes
        return CodedAnswers(self.items[kept], self.annotators[kept], self.values[kept], *counts, self.names, self.ids)

    def of_classes(self, used: Integers) -> "CodedAnswers":
        """The same answers with some classes alone, numbered anew.

        Args:
            used: The numbers of the classes, sorted; every answer is one of them.
        """
        if len(used) == self.classes:
            return self
        counts = self.item_count, self.annotator_count, len(used)
        values = np.searchsorted(used, self.values)
        return CodedAnswers(self.items, self.annotators, values, *counts, self.names, self.ids)

    def by_item(self, of_answers: Floats) -> Floats:
        """Sums over the answers of each item what an answer weighs for each class.

        The sparse products of scipy take one thread and add in the order of the answers: the bytes are always the same.

        Args:
            of_answers: By annotator, true class and answer, [annotators, classes, classes].

        Returns:
            Shape [items, classes].
        """
        by_answer = of_answers.transpose(0, 2, 1).reshape(-1, self.classes)
        return np.asarray(self._incidence @ np.ascontiguousarray(by_answer), dtype=np.float64)

    def by_annotator(self, of_items: Floats) -> Floats:
        """Sums over the answers of each annotator what their items weigh.

        Args:
            of_items: By item and true class, such as a posterior, [items, classes].

        Returns:
            By annotator, true class and answer, [annotators, classes, classes].
        """
        cells = np.asarray(self._incidence.T @ of_items, dtype=np.float64)
        return np.ascontiguousarray(cells.reshape(self.annotator_count, self.classes, -1).transpose(0, 2, 1))

    @cached_property
    def _incidence(self) -> csr_array:
        """1 where an annotator gave an answer about an item, [items, annotators x answers]."""
        shape = self.item_count, self.annotator_count * self.classes
        narrow = np.int32 if max(*shape, len(self)) <= np.iinfo(np.int32).max else np.int64
        starts = np.concatenate([[0], np.cumsum(self.answered)]).astype(narrow)
        columns = (self.annotators * self.classes + self.values).astype(narrow)
        return csr_array((np.ones(len(self)), columns, starts), shape=shape)


def _sorted(
    items: Integers, annotators: Integers, values: Integers, counts: tuple[int, int, int]
) -> tuple[Integers, Integers, Integers]:
    """Answers by item, annotator and value; all three in one number sort many times as fast, where they fit into it."""
    cells = counts[1] * counts[2]
    if counts[0] * cells > np.iinfo(np.int64).max:
        order = np.lexsort((values, annotators, items))
        return items[order], annotators[order], values[order]
    item, cell = np.divmod(np.sort(items * cells + annotators * counts[2] + values), cells)
    annotator, value = np.divmod(cell, counts[2])
    return item, annotator, value
