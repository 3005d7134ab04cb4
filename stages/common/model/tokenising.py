"""Turns texts, or sentences of words, into token ids, kept in a few arrays whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from stages.common.core.messages import UserError

if TYPE_CHECKING:  # it takes half a second to import, and here it is a name of a type alone
    from transformers import PreTrainedTokenizerBase

CHUNK = 1_000  # texts tokenised at a time: enough for all threads of the tokenizer, little as python lists
HEAD_SHARE = 4  # head+tail: a quarter is head, as in the 128 of 510 tokens of Sun et al. (2019), arXiv 1905.05583
SENTENCE_OVERLAP = 0.5  # of the windows of a long sentence, so that each word has a quarter of a window around it
NO_WORD = -1

Truncation = Literal["head", "tail", "head+tail", "windows"]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """The token ids of many texts, one text after the other, each in one window or in several.

    Attributes:
        ids: All token ids, int32, [tokens].
        starts: Where each window begins in ``ids``, and at last where the last one ends, int64, [windows + 1].
        firsts: The first window of each text, and at last the number of windows, int64, [texts + 1].
        types: Of which text of a pair each token is, 0 or 1, int8, [tokens]; None where the model is not told.
    """

    ids: npt.NDArray[np.int32]
    starts: Ints
    firsts: Ints
    types: npt.NDArray[np.int8] | None = None

    @property
    def lengths(self) -> Ints:
        """The number of tokens of each text, special tokens included, [texts]."""
        return np.diff(self.starts[self.firsts])

    def of(self, text: int) -> npt.NDArray[np.int32]:
        """The token ids of one text."""
        return self.ids[self.starts[self.firsts[text]] : self.starts[self.firsts[text + 1]]]

    def only(self, texts: Ints) -> "Tokens":
        """The same of some texts alone, in their order."""
        windows, _ = self.windows(texts)
        sizes = np.diff(self.starts)[windows]
        counts = np.diff(self.firsts)[texts]
        places = (
            np.repeat(self.starts[windows], sizes) + np.arange(sizes.sum()) - np.repeat(_offsets(sizes)[:-1], sizes)
        )
        types = None if self.types is None else self.types[places]
        return Tokens(self.ids[places], _offsets(sizes), _offsets(counts), types)

    def windows(self, texts: Ints) -> tuple[Ints, Ints]:
        """The windows of some texts, in their order, and for each of them the text's place among those."""
        counts = self.firsts[texts + 1] - self.firsts[texts]
        owners = np.repeat(np.arange(len(texts)), counts)
        return self.firsts[texts][owners] + np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners], owners


@dataclass(frozen=True)
class WordTokens:
    """The token ids of sentences, and which token stands for which word.

    Attributes:
        tokens: The token ids; a sentence is a text.
        words: For the first piece of a word the word's place in its sentence, else -1, int32, [tokens]. Where windows
            overlap, a word counts in that one in which more is around it; so it counts once.
    """

    tokens: Tokens
    words: npt.NDArray[np.int32]


def tokenise(
    tokenizer: "PreTrainedTokenizerBase",
    texts: Sequence[str],
    max_length: int,
    truncation: Truncation,
    window_overlap: float,
) -> Tokens:
    """Tokenises texts, special tokens added, and cuts a text that is longer than allowed.

    Args:
        tokenizer: The model's tokenizer.
        texts: The texts.
        max_length: The most tokens of a window, special tokens included.
        truncation: What is kept of a longer text: its first tokens, its last ones, a quarter of first and the rest of
            last ones, or all of it in overlapping windows.
        window_overlap: The share of a window that the next one repeats.
    """
    before, after = special_tokens(tokenizer)
    room = max_length - len(before) - len(after)
    ids: list[npt.NDArray[np.int32]] = []
    lengths: list[int] = []
    counts: list[int] = []
    for start in range(0, len(texts), CHUNK):
        rows = _pieces(tokenizer, texts[start : start + CHUNK])["input_ids"]
        windows = [
            [[*before, *window, *after] for window in cut(row, room, truncation, window_overlap)] for row in rows
        ]
        counts.extend(map(len, windows))
        lengths.extend(len(window) for row in windows for window in row)
        ids.append(np.fromiter((token for row in windows for window in row for token in window), dtype=np.int32))
    return Tokens(np.concatenate(ids) if ids else np.zeros(0, np.int32), _offsets(lengths), _offsets(counts))


def tokenise_words(
    tokenizer: "PreTrainedTokenizerBase",
    sentences: Sequence[Sequence[str]],
    max_length: int,
    window_overlap: float,
) -> WordTokens:
    """Tokenises sentences word by word, special tokens added; one that is too long is laid out in windows.

    Args:
        tokenizer: The model's tokenizer.
        sentences: The words of each sentence.
        max_length: The most tokens of a window, special tokens included.
        window_overlap: The share of a window that the next one repeats.

    Raises:
        UserError: If the tokenizer cannot say which token belongs to which word.
    """
    if not tokenizer.is_fast:
        raise UserError(
            "The model's tokenizer cannot tell which token belongs to which word.",
            "Choose a model with a tokenizer.json.",
        )
    before, after = special_tokens(tokenizer)
    room = max_length - len(before) - len(after)
    ids: list[int] = []
    words: list[int] = []
    lengths: list[int] = []
    counts: list[int] = []
    for start in range(0, len(sentences), CHUNK):
        chunk = [list(sentence) for sentence in sentences[start : start + CHUNK]]
        encoded = _pieces(tokenizer, chunk, is_split_into_words=True)
        for row, pieces in enumerate(encoded["input_ids"]):
            firsts = _first_pieces(encoded.word_ids(row))
            cuts = windows_over(len(pieces), room, window_overlap)
            middles = [0, *((one.stop + other.start) // 2 for one, other in pairwise(cuts)), len(pieces)]
            for window, (low, high) in zip(cuts, pairwise(middles), strict=True):
                counted = [firsts[piece] if low <= piece < high else NO_WORD for piece in window]
                ids += [*before, *pieces[window.start : window.stop], *after]
                words += [*[NO_WORD] * len(before), *counted, *[NO_WORD] * len(after)]
                lengths.append(len(before) + len(window) + len(after))
            counts.append(len(cuts))
    tokens = Tokens(np.array(ids, dtype=np.int32), _offsets(lengths), _offsets(counts))
    return WordTokens(tokens, np.array(words, dtype=np.int32))


def tokenise_pairs(
    tokenizer: "PreTrainedTokenizerBase", pairs: Sequence[tuple[str, str]], max_length: int, truncation: Truncation
) -> Tokens:
    """Tokenises pairs of texts as the tokenizer joins them; of a pair that is too long, the longer text is cut.

    Args:
        tokenizer: The model's tokenizer.
        pairs: The two texts of each.
        max_length: The most tokens of a pair, special tokens included.
        truncation: Whether heads or tails are kept.

    Raises:
        UserError: If it is neither.
    """
    sides = {"head": "right", "tail": "left"}
    if truncation not in sides:
        raise UserError(
            f"params.yaml: finetune.truncation: a pair of texts cannot be cut by {truncation!r}.",
            "Set it to head or tail.",
        )
    tokenizer.truncation_side = sides[truncation]
    ids: list[npt.NDArray[np.int32]] = []
    types: list[npt.NDArray[np.int8]] = []
    for start in range(0, len(pairs), CHUNK):
        ones, others = (list(texts) for texts in zip(*pairs[start : start + CHUNK], strict=True))
        encoded = tokenizer(ones, others, truncation="longest_first", max_length=max_length, verbose=False)
        ids += [np.array(row, dtype=np.int32) for row in encoded["input_ids"]]
        types += [np.array(row, dtype=np.int8) for row in encoded.get("token_type_ids", [])]
    starts = _offsets([len(row) for row in ids])
    told = np.concatenate(types) if types else None
    return Tokens(np.concatenate(ids) if ids else np.zeros(0, np.int32), starts, np.arange(len(ids) + 1), told)


def special_tokens(tokenizer: "PreTrainedTokenizerBase") -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before a text and after it."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    mask = list(encoded["special_tokens_mask"])
    inner = mask.index(0)
    return encoded["input_ids"][:inner], encoded["input_ids"][len(mask) - mask[::-1].index(0) :]


def unknown_share(tokenizer: "PreTrainedTokenizerBase", ids: npt.NDArray[np.int32]) -> float:
    """The share of tokens that stand for something the tokenizer does not know; special tokens do not count.

    Args:
        tokenizer: The model's tokenizer.
        ids: Token ids, [tokens].
    """
    unknown = tokenizer.unk_token_id
    special = [token for token in tokenizer.all_special_ids if token != unknown]
    counted = ids[~np.isin(ids, special)]
    return float((counted == unknown).mean()) if len(counted) and unknown is not None else 0.0


def cut(pieces: list[int], room: int, truncation: Truncation, window_overlap: float) -> list[list[int]]:
    """What is kept of a text's tokens, without special ones: one window of them, or several."""
    if len(pieces) <= room or truncation == "head":
        return [pieces[:room]]
    if truncation == "windows":
        return [pieces[window.start : window.stop] for window in windows_over(len(pieces), room, window_overlap)]
    head = -(-room // HEAD_SHARE) if truncation == "head+tail" else 0
    return [pieces[:head] + pieces[len(pieces) - (room - head) :]]


def windows_over(length: int, room: int, overlap: float) -> list[range]:
    """Windows of equal size that cover a text of some tokens, each repeating a share of the one before, or more."""
    step = max(1, room - round(overlap * room))
    last = max(0, length - room)
    return [range(start, min(start + room, length)) for start in [*range(0, last, step), last]]


def _pieces(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[Any], **how: bool) -> Any:
    """The tokens of texts without special ones, as transformers' tokenizers give them."""
    return tokenizer(
        list(texts),
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,  # or it warns of texts that are longer than the model, which are cut
        **how,
    )


def _first_pieces(word_ids: list[int | None]) -> list[int]:
    """For each token the word that it begins, else -1."""
    known = [NO_WORD if word is None else word for word in word_ids]
    return [word if word != before else NO_WORD for before, word in zip([NO_WORD, *known], known, strict=False)]


def _offsets(lengths: Sequence[int] | Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
