"""Finds names of people with a model for token classification, and masks them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.model.inference import Reading
from stages.common.model.loading import load_finetuned
from stages.common.model.scorer import BATCH_TOKENS, outputs_of, word_logits
from stages.common.text_rules.addresses import URL
from stages.common.text_rules.private_data import Span, find_private

Read = tuple[str, ...]  # the words of a sentence as the model reads them

PERSON = ("PER", "PERSON")
MASK = "[NAME]"
PLACEHOLDER = re.compile(r"\[(?:NAME|URL|EMAIL|PHONE|IP|CARD|IBAN)\]")
READING = Reading(max_length=128, batch_tokens=BATCH_TOKENS, truncation="windows", window_overlap=0.25)
TEXTS = 250  # that are worked on together, which bounds the memory
SENTENCE_WORDS = 500  # after which a longer one is cut in two, for the same reason
MARKS = r"!-/:-@\[-`{-~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u2010-\u2027\u2030-\u205e\u3001-\u3011"
# Initials; a word, with what hyphens and apostrophes join (O'Neill, but Ann 's as in CoNLL-2003); any other mark.
WORD = re.compile(
    rf"(?:[^\W\d_]\.)+(?!\w)|[^\s{MARKS}]+(?:(?!['\u2019]s\b)['\u2019-][^\s{MARKS}]+)*|['\u2019]s\b|\S", re.IGNORECASE
)
# A sentence ends with its mark (but not Mr. J. Smith) or with a blank line.
SENTENCE_END = re.compile(r"(?<=\w{4})[.!?]+[\"'\u201d\u2019)\]]*\s+|\n\s*\n")


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        read: What the model reads for it: a placeholder for an address or a number, masked already or not.
        open: Whether it may be a name; an address, a number or a placeholder may not.
    """

    start: int
    end: int
    read: str
    open: bool


class Reader(NamedTuple):
    """A model that tells names of people from other words.

    Attributes:
        model: Its outputs are tags.
        tokenizer: Its tokenizer.
        person: Which of its tags stand for people, bool, [tags].
        begins: Which of its tags begin a span, bool, [tags].
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    person: npt.NDArray[np.bool_]
    begins: npt.NDArray[np.bool_]


def mask_names(texts: pd.Series, phone_region: str | None, folder: Path) -> tuple[pd.Series, "pd.Series[int]"]:
    """Puts ``[NAME]`` in the place of names of people, until the model finds no more in what is left.

    So masking what is masked changes nothing; each look leaves fewer words, and only sentences that changed are read
    again. Addresses and numbers stay, and no part of one is a name. Batches are formed from these texts alone: of what
    else is in them only the last digits of a score depend.

    Args:
        texts: One text a row; each row has an index of its own.
        phone_region: The country (ISO 3166) whose phone numbers count without ``+``; None for none.
        folder: A model whose tags are those of people (``B-PER``, ``I-PER``, ``PERSON`` ...) and of others.

    Returns:
        The texts in the same order, and how many names were masked in each row that held any.

    Raises:
        UserError: If there is no such model or it cannot be used.
    """
    reader = _open(folder.resolve())
    counts = pd.Series(0, index=texts.index, dtype="int64")
    masked = texts.copy()
    for start in range(0, len(texts), TEXTS):
        waiting = dict(texts.iloc[start : start + TEXTS])
        nameless: set[Read] = set()
        while waiting:
            found = _find(waiting, phone_region, reader, nameless)
            waiting = {row: _masked(waiting[row], names) for row, names in found.items()}
            masked.loc[list(waiting)] = list(waiting.values())
            counts.loc[list(found)] += [len(names) for names in found.values()]
    return masked, counts[counts > 0]


def _words(text: str, phone_region: str | None) -> list[Word]:
    """The words of a text in a language that puts spaces between them, and its marks."""
    found = [Span(*match.span(), "url") for match in URL.finditer(text)]
    found += [Span(*match.span(), match[0][1:-1]) for match in PLACEHOLDER.finditer(text)]
    words: list[Word] = []
    place = 0
    for start, end, kind in sorted([*found, *find_private(text, phone_region)]):
        if start >= place:
            words += [Word(*match.span(), match[0], True) for match in WORD.finditer(text, place, start)]
            words.append(Word(start, end, f"[{kind.upper()}]", False))
            place = end
    return words + [Word(*match.span(), match[0], True) for match in WORD.finditer(text, place)]


def _find(
    texts: dict[Any, str], phone_region: str | None, reader: Reader, nameless: set[Read]
) -> dict[Any, list[Span]]:
    """The names in each row that holds any; sentences without any are skipped if known, and noted if not."""
    sentences = [
        (row, words, read)
        for row, text in texts.items()
        for words in _sentences(text, _words(text, phone_region))
        if (read := tuple(word.read for word in words)) not in nameless
    ]
    found: dict[Any, list[Span]] = {}
    for (row, words, read), tags in zip(sentences, _tags([read for *_, read in sentences], reader), strict=True):
        names = [
            span for span in _names(words, tags, reader) if any(map(str.isalpha, texts[row][span.start : span.end]))
        ]
        if names:
            found.setdefault(row, []).extend(names)
        else:
            nameless.add(read)
    return found


def _sentences(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    """What the model reads at once, as it did in training."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    for _, grouped in groupby(words, lambda word: bisect_right(ends, word.start)):
        sentence = list(grouped)
        yield from (sentence[start : start + SENTENCE_WORDS] for start in range(0, len(sentence), SENTENCE_WORDS))


def _tags(read: Sequence[Read], reader: Reader) -> list[npt.NDArray[np.int64]]:
    """The likeliest tag of each word; -1 for one of which the tokenizer makes nothing."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # each worker process has a core; another number would change the last digits
    try:
        scores = word_logits(reader.model, reader.tokenizer, read, READING, "names")
    finally:
        torch.set_num_threads(threads)
    return [np.where(score.any(axis=1), score.argmax(axis=1), -1) for score in scores]


def _names(words: Sequence[Word], tags: npt.NDArray[np.int64], reader: Reader) -> list[Span]:
    names: list[Span] = []
    before = False
    for word, tag in zip(words, tags, strict=True):
        named = word.open and tag >= 0 and bool(reader.person[tag])
        if named and before and not reader.begins[tag]:
            names[-1] = names[-1]._replace(end=word.end)
        elif named:
            names.append(Span(word.start, word.end, "name"))
        before = named
    return names


def _masked(text: str, names: Sequence[Span]) -> str:
    for start, end, _ in reversed(names):
        text = text[:start] + MASK + text[end:]
    return text


@cache
def _open(folder: Path) -> Reader:
    """Loads the model, once a process."""
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder}: names of people are looked for, but there is no model.",
            "Name one for fetch_models.names and run `dvc repro fetch_optional_models` (docs/cleaning.md says how), or "
            "set clean.private_data.names to false.",
        )
    model, tokenizer = load_finetuned(folder, "cpu")
    labels = outputs_of(model)
    person = np.array([label.rpartition("-")[2].upper() in PERSON for label in labels])
    if not person.any():
        raise UserError(
            f"{folder}: none of the model's labels stands for people: {', '.join(labels)}.",
            f"Name a model for fetch_models.names that tags words as {' or '.join(PERSON)}.",
        )
    return Reader(model, tokenizer, person, np.array([label.startswith("B-") for label in labels]))
