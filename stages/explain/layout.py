"""Lays documents out as the Scorer reads them, and says which word of a document each token is a piece of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.core.messages import UserError
from stages.common.model.scorer import Scorer, read_by, tokenise_documents
from stages.common.model.tokenising import (
    NO_WORD,
    Tokens,
    cut,
    special_tokens,
    tokenise_words,
    windows_over,
)
from stages.common.tasks import task_of
from stages.common.words.splitting import split_words

Ints = npt.NDArray[np.int64]


class Place(NamedTuple):
    """Where a word stands: in which of a document's texts, and from which character up to but without which one.

    Of a document that is a list of words, ``start`` is the word's place in the list and ``end`` the next one.
    """

    text: int
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """Documents as a model reads them.

    Attributes:
        tokens: The token ids of each document's windows.
        owners: Of which word of its document each token is a piece, -1 for special tokens, [tokens]. What a token is
            does not decide it: a word that is written like the padding token is a word.
        words: The words of each document, in their order.
        read: In which row of a window's outputs the target stands, [documents]; None where a document has one row.
    """

    tokens: Tokens
    owners: Ints
    words: list[list[Place]]
    read: Ints | None = None

    def __len__(self) -> int:
        return len(self.words)

    def windows_of(self) -> Ints:
        """The document that each window belongs to, [windows]."""
        return np.repeat(np.arange(len(self)), np.diff(self.tokens.firsts))

    def documents_of(self) -> Ints:
        """The document that each token belongs to, [tokens]."""
        return np.repeat(self.windows_of(), np.diff(self.tokens.starts))

    def first_words(self) -> Ints:
        """How many words come before each document's, and at last how many there are, [documents + 1]."""
        return np.concatenate([[0], np.cumsum([len(words) for words in self.words])]).astype(np.int64)

    def by_word(self, values: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
        """Sums what tokens have over the pieces, and windows, of each word: for each document, [words]."""
        first = self.first_words()
        owned = self.owners != NO_WORD
        slots = first[self.documents_of()[owned]] + self.owners[owned]
        sums = np.bincount(slots, weights=values[owned], minlength=int(first[-1]))
        return np.split(sums.astype(np.float64), first[1:-1]) if len(self) else []

    def without(self, documents: Ints, removed: Sequence[npt.NDArray[np.bool_]]) -> "Layout":
        """Copies of documents without the pieces of some of their words.

        Args:
            documents: Which document each copy is of, [copies].
            removed: For each copy, which words go, [words].
        """
        if not len(documents):
            return self.only(documents)
        chosen = self.only(documents)
        first = chosen.first_words()
        gone = np.concatenate([*removed, np.zeros(0, dtype=bool)])
        owned = chosen.owners != NO_WORD
        stays = ~owned
        stays[owned] = ~gone[first[chosen.documents_of()[owned]] + chosen.owners[owned]]
        stays[chosen.tokens.starts[:-1]] |= _emptied(stays, chosen.tokens.starts)
        sizes = np.add.reduceat(stays.astype(np.int64), chosen.tokens.starts[:-1])
        tokens, types = chosen.tokens, chosen.tokens.types
        kept = Tokens(
            tokens.ids[stays],
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            tokens.firsts,
            None if types is None else types[stays],
        )
        read = chosen.read
        if read is not None:
            before = np.concatenate([[0], np.cumsum(stays)])
            read = before[tokens.starts[:-1] + read] - before[tokens.starts[:-1]]
        return Layout(kept, chosen.owners[stays], chosen.words, read)

    def read_words(self) -> "Layout":
        """The same without the words that the model does not read, because the document was cut before them."""
        first = self.first_words()
        owned = self.owners != NO_WORD
        slots = first[self.documents_of()[owned]] + self.owners[owned]
        is_read = np.zeros(int(first[-1]), dtype=bool)
        is_read[slots] = True
        parts = np.split(is_read, first[1:-1]) if len(self) else []
        words = [list(compress(each, part)) for each, part in zip(self.words, parts, strict=True)]
        order = np.concatenate([*(np.cumsum(part) - 1 for part in parts), np.zeros(0, dtype=np.int64)])
        owners = self.owners.copy()
        owners[owned] = order[slots]
        return replace(self, owners=owners, words=words)

    def only(self, documents: Ints) -> "Layout":
        """The same of some documents alone, in their order; one may occur more than once."""
        tokens = self.tokens.only(documents)
        windows, _ = self.tokens.windows(documents)
        sizes = np.diff(self.tokens.starts)[windows]
        ends = np.cumsum(sizes)
        places = np.repeat(self.tokens.starts[windows] - (ends - sizes), sizes) + np.arange(sizes.sum())
        read = None if self.read is None else self.read[documents]
        return Layout(tokens, self.owners[places], [self.words[document] for document in documents], read)


def _emptied(stays: npt.NDArray[np.bool_], starts: Ints) -> npt.NDArray[np.bool_]:
    """Whether nothing of a window stays, [windows]: where a tokenizer adds no special tokens."""
    return np.asarray(np.add.reduceat(stays.astype(np.int64), starts[:-1]) == 0)


def lay_out(scorer: Scorer, documents: pd.DataFrame) -> Layout:
    """Lays documents out as :class:`stages.common.model.scorer.Scorer` reads them, window by window.

    Args:
        scorer: The model.
        documents: With the columns that its task reads.

    Raises:
        UserError: If the tokenizer does not say where its tokens stand in a text.
    """
    task, reading, tokenizer = task_of(scorer.inference), scorer.inference, scorer.tokenizer
    if not tokenizer.is_fast:
        raise UserError(
            "The model's tokenizer does not say where its tokens stand in a text.",
            "Choose a model with a tokenizer.json.",
        )
    inputs = read_by(task, documents)
    if task.head == "word":
        return _of_words(scorer, inputs)
    tokens = tokenise_documents(tokenizer, inputs, reading)
    pairs = len(task.inputs) > 1
    texts: list[tuple[str, ...]] = [tuple(each) if pairs else (each,) for each in inputs]
    find = _pair_places if pairs else _text_places
    words: list[list[Place]] = []
    owners: list[Ints] = []
    for number, each in enumerate(texts):
        placed, offsets = find(scorer, each)
        known, owned = _words_of(each, offsets)
        words.append(known)
        owners.append(np.array([NO_WORD if at < 0 else owned[at] for at in placed], dtype=np.int64))
        if len(placed) != len(tokens.of(number)):
            raise AssertionError("the tokens and their places differ in number")
    return Layout(tokens, np.concatenate([*owners, np.zeros(0, np.int64)]), words)


def at_words(layout: Layout, counted: Ints, chosen: Ints) -> Layout:
    """Of each document that is a list of words, the one window in which a word's tag is read.

    Args:
        layout: From :func:`lay_out`.
        counted: For each token the word whose tag is read there, else -1, [tokens].
        chosen: The word of each document whose tag is explained, [documents].

    Returns:
        The layout of these windows, with the row to read; a word without pieces has the window's first one.
    """
    starts, firsts = layout.tokens.starts, layout.tokens.firsts
    windows, read = [], []
    for document, word in enumerate(chosen):
        low, high = starts[firsts[document]], starts[firsts[document + 1]]
        found = np.flatnonzero(counted[low:high] == word)
        token = low + (found[0] if len(found) else 0)
        window = int(np.searchsorted(starts, token, side="right")) - 1
        windows.append(window)
        read.append(token - starts[window])
    singly = Layout(
        replace(layout.tokens, firsts=np.arange(len(starts))),
        layout.owners,
        [layout.words[document] for document in layout.windows_of()],
    )
    return replace(singly.only(np.array(windows, dtype=np.int64)), read=np.array(read, dtype=np.int64))


def counted_words(scorer: Scorer, documents: pd.DataFrame) -> Ints:
    """For each token of tagged words the word whose tag is read there, else -1, [tokens]: as the Scorer reads them."""
    reading = scorer.inference
    (column,) = task_of(reading).inputs
    made = tokenise_words(scorer.tokenizer, documents[column].tolist(), reading.max_length, reading.window_overlap)
    return made.words.astype(np.int64)


def _of_words(scorer: Scorer, sentences: Sequence[Sequence[str]]) -> Layout:
    reading, tokenizer = scorer.inference, scorer.tokenizer
    made = tokenise_words(tokenizer, sentences, reading.max_length, reading.window_overlap)
    before, after = (len(part) for part in special_tokens(tokenizer))
    owners: list[int] = []
    for sentence in sentences:
        encoded = tokenizer([list(sentence)], is_split_into_words=True, add_special_tokens=False, verbose=False)
        known = [NO_WORD if word is None else word for word in encoded.word_ids(0)]
        room = reading.max_length - before - after
        for window in windows_over(len(known), room, reading.window_overlap):
            owners += [*[NO_WORD] * before, *known[window.start : window.stop], *[NO_WORD] * after]
    words = [[Place(0, place, place + 1) for place in range(len(sentence))] for sentence in sentences]
    return Layout(made.tokens, np.array(owners, dtype=np.int64), words)


Offsets = list[tuple[int, int, int]]  # of each piece: which text, its first character, and the one after its last


def _text_places(scorer: Scorer, texts: tuple[str, ...]) -> tuple[list[int], Offsets]:
    """For each token of a text, window after window, which piece it is, -1 for special ones; and where pieces stand."""
    reading, tokenizer = scorer.inference, scorer.tokenizer
    before, after = (len(part) for part in special_tokens(tokenizer))
    encoded: Any = tokenizer(texts[0], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    pieces = list(range(len(encoded["input_ids"])))
    windows = cut(pieces, reading.max_length - before - after, reading.truncation, reading.window_overlap)
    placed = [at for window in windows for at in [*[-1] * before, *window, *[-1] * after]]
    return placed, [(0, start, end) for start, end in encoded["offset_mapping"]]


def _pair_places(scorer: Scorer, texts: tuple[str, ...]) -> tuple[list[int], Offsets]:
    """The same of a pair, as :func:`stages.common.model.tokenising.tokenise_pairs` cuts it."""
    encoded: Any = scorer.tokenizer(
        *([text] for text in texts),  # lists, since an empty text by itself would count as none
        truncation="longest_first",
        max_length=scorer.inference.max_length,
        return_offsets_mapping=True,
        verbose=False,
    )
    of_text = encoded.sequence_ids(0)
    placed: list[int] = []
    offsets: Offsets = []
    for text, (start, end) in zip(of_text, encoded["offset_mapping"][0], strict=True):
        placed.append(-1 if text is None else len(offsets))
        if text is not None:
            offsets.append((text, start, end))
    return placed, offsets


def _words_of(texts: tuple[str, ...], offsets: Offsets) -> tuple[list[Place], list[int]]:
    """The words of a document, and of which each piece is one; words that share a piece count as one.

    A piece that stands for white space alone belongs to the word after it, at the end to the last one.
    """
    words = [Place(text, word.start, word.end) for text, each in enumerate(texts) for word in split_words(each)]
    if not words:
        return ([Place(0, 0, len(texts[0]))] if offsets else []), [0] * len(offsets)
    begins = np.cumsum([0, *(len(text) + 1 for text in texts)])  # so that places in all texts are in one order
    starts = np.array([begins[word.text] + word.start for word in words])
    ends = np.array([begins[word.text] + word.end for word in words])
    pieces = np.array([(begins[text] + start, begins[text] + end) for text, start, end in offsets]).reshape(-1, 2)
    first = np.minimum(np.searchsorted(ends, pieces[:, 0], side="right"), len(words) - 1)
    last = np.maximum(np.searchsorted(starts, pieces[:, 1], side="left") - 1, first)
    joined = np.zeros(len(words), dtype=bool)
    for one, other in zip(first, last, strict=True):
        joined[one + 1 : other + 1] = True
    unit = np.cumsum(~joined) - 1
    heads = np.flatnonzero(~joined)
    tails = np.append(heads[1:], len(words)) - 1
    merged = [Place(words[h].text, words[h].start, words[t].end) for h, t in zip(heads, tails, strict=True)]
    return merged, [int(unit[word]) for word in first]
