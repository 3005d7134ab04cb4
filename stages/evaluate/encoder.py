"""The fine-tuned encoder as the stage uses it: texts in, logits out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel

from stages.common.core.messages import UserError
from stages.common.documents.card import Card
from stages.common.model.loading import load_finetuned, read_inference
from stages.common.model.scoring import score, score_words

MODEL = Path("models/finetuned")
Logits = NDArray[np.float32]


class Encoder:
    """The fine-tuned encoder, ready to score.

    Args:
        device: Where it runs.

    Raises:
        UserError: If the model cannot be loaded.
    """

    def __init__(self, device: str) -> None:
        self.model: PreTrainedModel
        self.model, self._tokenizer = load_finetuned(MODEL, device)
        self._inference = read_inference(MODEL)

    @property
    def outputs(self) -> list[str]:
        """The names of its outputs, in their order."""
        return [name for _, name in sorted((self.model.config.id2label or {}).items())]

    def logits(self, texts: Sequence[str], what: str) -> Logits:
        """One row of logits a text; ``what`` is the progress bar's title."""
        inference = self._inference
        cut = inference.truncation, inference.window_overlap
        return score(self.model, self._tokenizer, texts, inference.max_length, inference.batch_tokens, what, *cut)

    def score(self, documents: Sequence[Any]) -> None:
        """Scores texts, or sentences of words, and forgets what came out: for taking the time."""
        if isinstance(documents[0], str):
            self.logits(documents, "timing")
        else:
            self.word_logits(documents, "timing")

    def word_logits(self, sentences: Sequence[Sequence[str]], what: str) -> list[Logits]:
        """One row of logits a word, for each sentence."""
        inference = self._inference
        return score_words(self.model, self._tokenizer, sentences, inference.max_length, inference.batch_tokens, what)


def check_outputs(encoder: Encoder, wanted: Sequence[str], card: Card) -> None:
    """Makes sure that the model was trained for this dataset.

    Args:
        encoder: The model.
        wanted: The names that its outputs must have.
        card: The dataset's card.

    Raises:
        UserError: If it was not.
    """
    if encoder.outputs != list(wanted):
        raise UserError(
            f"{MODEL}: its labels are {', '.join(encoder.outputs)}; those of {card.title} are {', '.join(wanted)}.",
            "Train it on these splits with `dvc repro finetune`.",
        )
