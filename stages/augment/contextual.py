"""Contextual substitution: words give way to what a masked language model expects (Kobayashi 2018)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from stages.augment.chance import choose, count_changes
from stages.augment.methods import CONTEXTUAL
from stages.augment.parameters import ContextualParameters
from stages.augment.passage import Passage, like
from stages.augment.thesaurus import Thesaurus
from stages.augment.variants import Attempt
from stages.common.core.messages import UserError, one_line, progress
from stages.common.core.seeding import generator
from stages.common.model.device import compute_alike
from stages.common.model.loading import FAULTS
from stages.common.words.function_words import FUNCTION_WORDS

MEND = "Name a masked language model for fetch_models.masked_language_model, or set augment.contextual.count to 0."
WORD_STARTS = ("\u0120", "\u2581")  # how byte-level BPE and SentencePiece mark a piece that begins a word
CHUNK = 1_000  # variants whose windows are sorted by length together, which bounds the memory
# Digits of a probability that count: a sum of floats differs in its last ones with the shape of the batch.
DIGITS = 4


@dataclass
class Gap:
    """A word to be replaced.

    Attributes:
        position: Its place among the words of the passage.
        ids: The likeliest pieces of the vocabulary in its place, and
        weights: their probabilities, rounded.
    """

    position: int
    ids: Sequence[int] = ()
    weights: Sequence[float] = ()


class MaskedLanguageModel:
    """A model that says which words fit in gaps.

    Attributes:
        words: The pieces of the vocabulary that are whole words, by id.
    """

    def __init__(self, folder: Path, parameters: ContextualParameters) -> None:
        """Loads the model.

        Args:
            folder: Model and tokenizer in transformers' form, weights in safetensors.
            parameters: Windows, batches and threads.

        Raises:
            UserError: If the folder holds no masked language model, or only its encoder.
        """
        compute_alike(0, parameters.threads)
        self._parameters = parameters
        try:
            self._model, loaded = AutoModelForMaskedLM.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except FAULTS as error:
            raise UserError(
                f"{folder}: no masked language model can be loaded ({one_line(str(error))[:160]}).", MEND
            ) from None
        if loaded["missing_keys"] or loaded["mismatched_keys"]:
            lacking = sorted({*loaded["missing_keys"], *(name for name, *_ in loaded["mismatched_keys"])})[0]
            raise UserError(
                f"{folder}: augment.contextual needs a masked-language-model head; the weights lack {lacking!r}.",
                MEND,
            )
        if not self._tokenizer.is_fast or self._tokenizer.mask_token is None:
            raise UserError(f"{folder}: the tokenizer has no mask, or is no fast one.", MEND)
        self._model.train(False)
        self._model.base_model.register_forward_hook(self._keep_gaps)
        self._at_gaps: Any = None
        self.words = _whole_words(self._tokenizer)
        self._allowed = torch.zeros(self._model.config.vocab_size, dtype=torch.bool)
        self._allowed[list(self.words)] = True
        self._longest = min(parameters.max_length, getattr(self._model.config, "max_position_embeddings", 512) - 2)

    def fill(self, texts: Sequence[tuple[Passage, list[int]]]) -> list[list[Gap]]:
        """Says what fits in the gaps of texts: all gaps of a window in one pass of the model.

        Args:
            texts: Passages and the positions of their gaps, ascending.

        Returns:
            The gaps of each text; none for one that holds the tokenizer's mask itself.
        """
        mask, mask_id = self._tokenizer.mask_token, self._tokenizer.mask_token_id
        masked = []
        for passage, positions in texts:
            pieces = passage.pieces.copy()
            for position in positions:
                pieces[2 * position + 1] = mask
            masked.append("".join(pieces))
        cut = self._tokenizer(
            masked,
            truncation=True,
            max_length=self._longest,
            return_overflowing_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        counted = [0] * len(texts)
        for ids, text in zip(cut["input_ids"], cut["overflow_to_sample_mapping"], strict=True):
            counted[text] += ids.count(mask_id)
        gaps = [
            [Gap(position) for position in positions] if count == len(positions) else []
            for (_, positions), count in zip(texts, counted, strict=True)
        ]
        waiting = [iter(of_text) for of_text in gaps]
        windows: list[tuple[list[int], list[Gap]]] = []
        for ids, text in zip(cut["input_ids"], cut["overflow_to_sample_mapping"], strict=True):
            here = [gap for _, gap in zip(range(ids.count(mask_id)), waiting[text], strict=False)]
            if here:
                windows.append((ids, here))
        windows.sort(key=lambda window: len(window[0]))
        size = self._parameters.batch_size
        for start in range(0, len(windows), size):
            self._fill_windows(windows[start : start + size])
        return gaps

    def _fill_windows(self, windows: Sequence[tuple[list[int], list[Gap]]]) -> None:
        batch = self._tokenizer.pad({"input_ids": [ids for ids, _ in windows]}, return_tensors="pt")
        self._at_gaps = batch["input_ids"] == self._tokenizer.mask_token_id
        with torch.inference_mode():
            logits = self._model(**batch).logits[0].float().masked_fill(~self._allowed, -torch.inf)
            found = torch.topk(logits.log_softmax(-1), min(self._parameters.candidates + 1, len(self.words)))
        rows = zip(found.values.exp().tolist(), found.indices.tolist(), strict=True)
        for gap, (weights, ids) in zip((gap for _, gaps in windows for gap in gaps), rows, strict=True):
            gap.weights = [round(weight, DIGITS) for weight in weights]
            gap.ids = ids

    def _keep_gaps(self, _model: Any, _inputs: Any, output: Any) -> Any:
        """Leaves the head the gaps alone to look at: over a large vocabulary it costs as much as the encoder."""
        output.last_hidden_state = output.last_hidden_state[self._at_gaps].unsqueeze(0)
        return output


def substitute(
    documents: pd.DataFrame, parameters: ContextualParameters, model: MaskedLanguageModel, seed: int
) -> Iterator[Attempt]:
    """Makes variants of documents in which words are replaced by what the model expects.

    Function words, numbers and names stay. The word that was there is never put back.

    Args:
        documents: Rows of a document table.
        parameters: How many variants, the share of their words, and how replacements are drawn.
        model: What fills the gaps.
        seed: The stage's seed; the choices depend on it, the document's id and the variant's number.

    Yields:
        What was made, one document after the other.
    """
    asked = [(row, number) for row in range(len(documents)) for number in range(1, parameters.count + 1)]
    ids, texts = documents["id"].to_list(), documents["text"].to_list()
    starts = range(0, len(asked), CHUNK)
    for start in progress(starts, "masked words", "chunk", len(starts)):
        part = asked[start : start + CHUNK]
        drawn = [generator(seed, CONTEXTUAL, ids[row], number).random for row, number in part]
        passages = [Passage(texts[row], Thesaurus({})) for row, _ in part]
        chosen = []
        for passage, draw in zip(passages, drawn, strict=True):
            able = maskable(passage)
            places = choose(draw, count_changes(parameters.rate, len(passage.words)), len(able))
            chosen.append(sorted(able[place] for place in places))
        filled = model.fill(list(zip(passages, chosen, strict=True)))
        for (row, number), passage, draw, gaps in zip(part, passages, drawn, filled, strict=True):
            pieces, words = passage.pieces.copy(), 0
            for gap in gaps:
                word = passage.words[gap.position]
                replacement = _drawn(model.words, gap, word, parameters.candidates, draw())
                if replacement is not None:
                    pieces[2 * gap.position + 1] = like(replacement, word)
                    words += 1
            made = "".join(pieces) if words or (passage.words and not parameters.rate) else None
            yield Attempt(row, CONTEXTUAL, number, made, words / max(len(passage.words), 1))


def maskable(passage: Passage) -> list[int]:
    """The positions of words that may be replaced: letters alone, no function word, no name."""
    return [
        position
        for position, word in enumerate(passage.words)
        if word.isalpha() and word.lower() not in FUNCTION_WORDS and _is_small(passage.small_inside_sentence(position))
    ]


def _drawn(words: dict[int, str], gap: Gap, original: str, candidates: int, chance: float) -> str | None:
    """A word drawn by its probability among the likeliest ones that are not the original."""
    among = [
        (words[piece], weight)
        for piece, weight in zip(gap.ids, gap.weights, strict=True)
        if words[piece].casefold() != original.casefold()
    ][:candidates]
    left = chance * sum(weight for _, weight in among)
    for word, weight in among:
        left -= weight
        if left < 0:
            return word
    return among[0][0] if among else None


def _whole_words(tokenizer: Any) -> dict[int, str]:
    """The pieces of a vocabulary that are words of small letters alone, by id."""
    pieces: dict[str, int] = tokenizer.get_vocab()
    special = set(tokenizer.all_special_tokens)
    mark = next((mark for mark in WORD_STARTS if any(piece.startswith(mark) for piece in pieces)), "")
    whole = {number: piece.removeprefix(mark) for piece, number in pieces.items() if piece.startswith(mark)}
    return {n: word for n, word in whole.items() if word.isalpha() and _is_small(word) and mark + word not in special}


def _is_small(word: str) -> bool:
    return word == word.lower()
