"""Writes a fine-tuned model as ONNX: the same bytes each time, and nothing in them of where or when it was made."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnxscript.ir.passes.common
import torch

from stages.common.core.messages import UserError, one_line
from stages.common.model.exported import INPUTS
from stages.common.model.scorer import Scorer


class Logits(torch.nn.Module):
    """A model whose inputs are given by place and whose only output are the logits."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The logits of a batch whose tensors are those of :data:`INPUTS`, in that order."""
        logits: torch.Tensor = self.model(**dict(zip(INPUTS, inputs, strict=False))).logits
        return logits


def convert(scorer: Scorer, batch: dict[str, torch.Tensor], path: Path) -> None:
    """Writes a model as ONNX, for any number of texts of any length.

    Args:
        scorer: The fine-tuned model, on the processor.
        batch: What it reads of some texts, two or more, as :func:`stages.common.model.batching.make_batch` gives it.
        path: The file.

    Raises:
        UserError: If torch cannot trace the model.
    """
    names = [name for name in INPUTS if name in batch]
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    try:
        with _quietly():
            program: Any = torch.onnx.export(
                Logits(scorer.model).train(False),
                tuple(batch[name] for name in names),
                input_names=names,
                output_names=["logits"],
                dynamic_shapes=(tuple(shape for _ in names),),
                dynamo=True,
                optimize=True,
                verbose=False,
            )
    except Exception as error:  # whatever a model's code does that torch cannot follow
        said = one_line(str(error))
        raise UserError(
            f"models/finetuned: torch cannot write this {scorer.model.config.model_type} model as ONNX ({said[:160]}).",
            "Use another model or method, or leave the stage out: `dvc repro evaluate`.",
        ) from None
    # torch notes for each node which line of which file it came from
    onnxscript.ir.passes.common.ClearMetadataAndDocStringPass()(program.model)
    program.save(str(path))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what torch says of itself while it exports."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
