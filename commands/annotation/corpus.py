"""The documents that can be labelled: those of data/raw, with what the splits say about them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from commands.annotation.forms import Item
from stages.common.core.messages import UserError
from stages.common.documents.answer_forms import answer_of
from stages.common.documents.card import CARD, Card, read_card
from stages.common.documents.table import NO_LABEL, ORIGINAL, SPLITS, has_no_label, read_documents
from stages.common.documents.targets import text_columns
from stages.common.documents.unlabelled import DOCUMENTS, UNLABELLED
from stages.common.tasks import Task, task_of
from stages.common.words.splitting import Word

RAW, SPLIT = Path("data/raw"), Path("data/splits")
TRAIN = "train"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")  # of a round or an annotator: a name of a file, and no address


@dataclass(frozen=True)
class Corpus:
    """The documents as they were published, and their card.

    Attributes:
        card: What the dataset is.
        documents: A document table, by id.
    """

    card: Card
    documents: pd.DataFrame

    @classmethod
    def load(cls) -> "Corpus":
        """Reads data/raw.

        Raises:
            UserError: If there is none.
        """
        documents = read_documents(RAW / "documents.parquet").set_index("id", drop=False)
        return cls(read_card(RAW), documents)

    @property
    def task(self) -> Task:
        """What is asked about each document."""
        return task_of(self.card)

    @property
    def labels(self) -> list[str]:
        """The names of the labels."""
        return self.card.label_names

    def item(self, row_id: str) -> Item:
        """A document as an annotator sees it."""
        row = self.documents.loc[row_id]
        texts = {name: str(row[name]) for name in text_columns(self.documents)}
        words = placed(row["tokens"], texts["text"], row_id) if self.task.answer == "tags" else None
        return Item(row_id, texts, words)

    def known_answer(self, row_id: str) -> str | None:
        """What the dataset itself answers, as the table of answers would hold it; None where it says nothing."""
        return answer_of(self.documents.loc[row_id, self.task.target], self.task)

    @cached_property
    def split_ids(self) -> dict[str, frozenset[str]]:
        """The ids of the original documents of each split; empty where nothing was split yet.

        Documents without a label count as training documents: once they are labelled, they may be trained on.

        Raises:
            UserError: If the splits are those of another dataset.
        """
        if not (SPLIT / CARD).exists():
            return {}
        other = read_card(SPLIT).name
        if other != self.card.name:
            raise UserError(
                f"{SPLIT}: holds the splits of {other}, {RAW} the documents of {self.card.name}.",
                "Run `dvc repro split`.",
            )
        found = {name: _originals(SPLIT / f"{name}.parquet") for name in SPLITS}
        alone = frozenset(self.documents.index[has_no_label(self.documents)])
        if alone:
            kept = _originals(UNLABELLED / DOCUMENTS) | _originals(SPLIT / "rejected.parquet", rule=NO_LABEL)
            found[TRAIN] |= kept & alone
        return found

    def candidates(self, split: str) -> list[str]:
        """The ids of the documents that may be labelled, in their order: those of one split.

        Where nothing was split yet, training documents are all but those that the publisher holds out. Documents
        without a label are among them.
        """
        if self.split_ids:
            return sorted(self.split_ids[split] & set(self.documents.index))
        published = self.documents["published_split"]
        chosen = ~published.isin(set(SPLITS) - {TRAIN}) if split == TRAIN else published.eq(split)
        return sorted(self.documents.index[chosen])


def placed(tokens: Any, text: str, row_id: str) -> tuple[Word, ...]:
    """The words of a sentence with their places in its text.

    Raises:
        UserError: If the text does not hold them one after the other.
    """
    words, start = [], 0
    for token in tokens:
        first = text.find(token, start)
        if first < 0:
            raise UserError(f"{RAW}: the text of {row_id!r} does not hold its word {token!r}.", "Run `dvc repro -f`.")
        start = first + len(token)
        words.append(Word(first, start, token))
    return tuple(words)


def check_name(name: str, what: str, taken: Collection[str] = ()) -> str:
    """The name itself, if it can name a round or an annotator.

    Raises:
        UserError: If it cannot, or is taken.
    """
    if not NAME.fullmatch(name) or name in taken:
        raise UserError(
            f"{name[:40]!r} cannot name {what}.",
            "Take up to 32 letters, digits, hyphens and underscores; an id such as a1, no person's name or address.",
        )
    return name


def _originals(path: Path, rule: str | None = None) -> frozenset[str]:
    """The ids of the original documents in a table; of rejected ones, those that a rule rejected."""
    try:
        table = pq.read_table(path, columns=["id", "method"], filters=rule and [("rule", "==", rule)])
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro split`.") from None
    rows = zip(table["id"].to_pylist(), table["method"].to_pylist(), strict=True)
    return frozenset(row_id for row_id, method in rows if method == ORIGINAL)
