"""Answers with an exported model: ONNX Runtime in the place of torch, behind the same :class:`Scorer`."""

from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import onnxruntime
import torch
from transformers import PretrainedConfig

from stages.common.core.messages import UserError, one_line
from stages.common.model.inference import read_inference
from stages.common.model.loading import load_all_but_weights
from stages.common.model.scorer import Scorer

if TYPE_CHECKING:  # transformers' models take two seconds to import
    from transformers import PreTrainedModel

FLOAT32, INT8 = "model.onnx", "model_int8.onnx"  # an exported folder holds the second where it was worth while
TEXT_RULES = "text_rules.json"  # beside them: the rules by which the texts that the model learnt from were cleaned
SUMS = "SHA256SUMS"  # of the folder's files, as `sha256sum --check` reads it
INPUTS = ("input_ids", "attention_mask", "token_type_ids")  # the last one for pairs of texts alone


class Output(NamedTuple):
    """What the model gives: logits, float32, [windows, outputs] or [windows, tokens, outputs]."""

    logits: torch.Tensor


class ExportedModel(torch.nn.Module):
    """An ONNX Runtime session that is called as a model of transformers is.

    Args:
        session: Of a model that the stage export made.
        config: The config of the model that was exported.
    """

    def __init__(self, session: onnxruntime.InferenceSession, config: PretrainedConfig) -> None:
        super().__init__()
        self.session, self.config, self.device = session, config, torch.device("cpu")
        self.inputs = [each.name for each in session.get_inputs()]

    def forward(self, **batch: torch.Tensor) -> Output:
        """Computes the logits of a batch that :func:`stages.common.model.batching.make_batch` made."""
        (logits,) = self.session.run(["logits"], {name: batch[name].numpy() for name in self.inputs})
        return Output(torch.from_numpy(logits))


def is_exported(folder: Path) -> bool:
    """Whether a folder holds what the stage export makes."""
    return (folder / FLOAT32).is_file() or (folder / SUMS).is_file()


def write_sums(folder: Path) -> None:
    """Writes the hashes of all files of an exported folder, once it is complete."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in names if name != SUMS]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def check_sums(folder: Path) -> None:
    """Makes sure that what answering reads of an exported folder is as the stage left it.

    Raises:
        UserError: If a file is missing, or has other bytes: then labels and weights may not belong together.
    """
    mend = "Get the whole folder again: `dvc checkout`, or `dvc repro -f export`."
    if not (folder / SUMS).is_file():
        raise UserError(f"{folder / SUMS}: there is no such file.", mend)
    lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    known = {name: made for made, _, name in (line.partition("  ") for line in lines)}
    for name in (FLOAT32, *known, *sorted(path.name for path in folder.iterdir())):
        if name.endswith((".json", ".onnx")):
            if not (folder / name).is_file():
                raise UserError(f"{folder / name}: there is no such file.", mend)
            if _sha256(folder / name) != known.get(name):
                raise UserError(f"{folder / name}: is not the file that {SUMS} names.", mend)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def load_exported(folder: Path, threads: int, file: str = FLOAT32) -> Scorer:
    """Loads what the export stage made.

    Args:
        folder: Such as ``models/exported``.
        threads: Processor threads to compute with.
        file: Its weights, :data:`FLOAT32` or :data:`INT8`.

    Raises:
        UserError: If it is incomplete or damaged.
    """
    config, tokenizer = load_all_but_weights(folder)
    model = ExportedModel(open_session(folder / file, threads), config)
    return Scorer(cast("PreTrainedModel", model), tokenizer, read_inference(folder))


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Opens a model to compute on the processor.

    Args:
        path: An ONNX file.
        threads: Processor threads to compute with.

    Raises:
        UserError: If it is missing or damaged.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro`, which makes it.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors; it warns of what it optimises
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no other class
        said = one_line(str(error))
        raise UserError(
            f"{path}: ONNX Runtime cannot load it ({said[:160]}).", "Make it again with `dvc repro -f export`."
        ) from None
