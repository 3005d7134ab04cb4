"""Loads an encoder with a classification head, and its tokenizer, from a folder: safetensors only, no network, no remote code."""

from pathlib import Path

from pydantic import Field
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.validation import Strict


class Inference(Strict):
    """What scoring with a fine-tuned model needs to know beside its weights: ``inference.json``.

    Attributes:
        max_length: The tokens after which a document is cut, special tokens included.
        batch_tokens: The most tokens that a batch holds, padding included.
    """

    max_length: int = Field(ge=1)
    batch_tokens: int = Field(ge=1)


def load_finetuned(folder: Path, device: str = "auto") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Loads what the finetune stage made, ready for :func:`stages.common.encoder.scoring.score`.

    Args:
        folder: Such as ``models/finetuned``.
        device: ``auto`` (CUDA where there is one, else MPS, else the processor), ``cpu``, ``cuda`` or ``mps``.

    Returns:
        The model in evaluation mode, float32, on the device (``model.config.id2label`` holds the labels' names in the
        card's order), and its tokenizer.

    Raises:
        UserError: If the folder lacks a file, its weights are no safetensors, or there is no such device.
    """
    raise NotImplementedError


def read_inference(folder: Path) -> Inference:
    """Reads ``inference.json`` of a fine-tuned model.

    Raises:
        UserError: If it is missing or something in it is wrong.
    """
    raise NotImplementedError
