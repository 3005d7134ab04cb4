"""Translates with MarianMT models (Junczys-Dowmunt et al. 2018; Tiedemann & Thottingal 2020 for those of the hub)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import MarianMTModel, MarianTokenizer

from stages.augment.parameters import BackTranslationParameters
from stages.common.core.messages import UserError, one_line, progress
from stages.common.fetching.roles import FetchedModel, read_role
from stages.common.model.device import compute_alike
from stages.common.model.loading import FAULTS


class Marian:
    """Two models: from the documents' language into another one, and back.

    Attributes:
        identity: What a translation depends on beside the sentence: the files, the packages and the settings.
    """

    def __init__(self, folder: Path, parameters: BackTranslationParameters, language: str) -> None:
        """Checks that everything is there.

        Args:
            folder: Holds the models' folders, ``forward`` and ``backward``.
            parameters: Beams and batch size.
            language: The documents' language as a BCP 47 tag.

        Raises:
            UserError: If there are no models, or they are for another language.
        """
        forward, backward = read_role(folder / "forward"), read_role(folder / "backward")
        if forward is None or backward is None or forward.languages is None:
            raise UserError(
                "augment.back_translation: there are no MarianMT models.",
                "Name an entry for fetch_models.forward and .backward (catalog/models/README.md says how to "
                "write one), or set augment.back_translation.engine to apertium.",
            )
        if forward.languages.source.split("-")[0] != language.split("-")[0]:
            raise UserError(
                f"fetch_models.forward: {forward.title} translates from {forward.languages.source!r}, but the "
                f"documents are in {language!r}.",
                "Name a model for that language.",
            )
        _check_way_back(forward, backward)
        self._models = [(folder / "forward", forward.prefix), (folder / "backward", backward.prefix)]
        self._parameters = parameters
        versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
        self.identity = f"marian, {versions}, {parameters.beams} beams, {forward!r}, {backward!r}"

    def translate(self, sentences: Sequence[str], back: bool) -> list[str]:
        """Translates sentences, those of about one length together.

        Args:
            sentences: The sentences; one that is longer than the model's positions is cut.
            back: Whether it goes back into the documents' language.

        Returns:
            As many translations, in the same order.
        """
        compute_alike(0, self._parameters.threads)
        folder, prefix = self._models[back]
        model, tokenizer = _load(folder)
        longest = model.config.max_position_embeddings
        given = [f"{prefix} {sentence}".strip() for sentence in sentences]
        ids = tokenizer(given, truncation=True, max_length=longest)["input_ids"]
        order = sorted(range(len(ids)), key=lambda place: (len(ids[place]), place))
        size = self._parameters.batch_size
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        said = [""] * len(ids)
        with torch.inference_mode():
            for batch in progress(batches, f"translating with {folder.name}", "batch"):
                padded = tokenizer.pad({"input_ids": [ids[place] for place in batch]}, return_tensors="pt")
                made = model.generate(**padded, num_beams=self._parameters.beams, max_length=longest, do_sample=False)
                for place, text in zip(batch, tokenizer.batch_decode(made, skip_special_tokens=True), strict=True):
                    said[place] = one_line(text)
        return said


def _check_way_back(forward: FetchedModel, backward: FetchedModel) -> None:
    """Refuses two models of which the second does not lead back to where the first began."""
    there, back = forward.languages, backward.languages
    if there is None or back is None or (there.source, there.target) != (back.target, back.source):
        raise UserError(
            f"fetch_models.backward: {backward.title} does not translate back what {forward.title} does.",
            "Name the models of the two directions; their entries say the languages.",
        )


def _load(folder: Path) -> tuple[Any, Any]:
    try:
        model = MarianMTModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True)
        tokenizer = MarianTokenizer.from_pretrained(folder, local_files_only=True)
    except FAULTS as error:
        raise UserError(
            f"{folder}: no MarianMT model with weights in safetensors ({one_line(str(error))[:160]}).",
            "Correct its entry in catalog/models.",
        ) from None
    model.train(False)
    return model, tokenizer
