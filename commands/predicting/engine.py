"""Answers windows of texts with one model, in this process."""

import gc
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from platform import machine
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from commands.answers import EXPLANATIONS, encode, schema_of
from commands.predicting.journal import Answered, Counts, MadeWith
from commands.texts import WINDOW, WINDOW_CHARACTERS, Window
from stages.common.core.messages import UserError

ROOT = Path(__file__).parents[2]
CODE = (
    "commands/*.py",
    "commands/predicting/*.py",
    "stages/common/**/*.py",
    "stages/explain/*.py",
)  # what the bytes of an answer may hang on
LIBRARIES = ("numpy", "onnxruntime", "pandas", "pyarrow", "tokenizers", "torch", "transformers")


class Options(NamedTuple):
    """How texts are answered.

    Attributes:
        model: The model's folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: Of the processor.
        temperature: What logits are divided by, instead of the model's own.
        abstain_below: The probability below which no label is given.
        suffix: Of the file that answers go to.
        kept: Whether they are kept so that another run can go on.
        explain: The method by which they are explained, too, or ``auto``; None for no explanations.
    """

    model: Path
    device: str
    threads: int
    temperature: float | None
    abstain_below: float
    suffix: str
    kept: bool
    explain: str | None = None


class About(NamedTuple):
    """What is to be known of a model that answers in another process.

    Attributes:
        inputs: The columns that its task reads.
        kind: What it answers (:attr:`stages.common.tasks.Task.answer`).
        temperature: What its logits are divided by; None where it has none.
        schema: The columns of its answers.
        made_with: What answers depend on beside the texts; empty where they are not kept.
    """

    inputs: tuple[str, ...]
    kind: str
    temperature: float | None
    schema: pa.Schema
    made_with: MadeWith


class Engine:
    """A model that answers windows of texts.

    Args:
        options: How.

    Raises:
        UserError: If the model is not what it should be, or does not go with the options.
    """

    def __init__(self, options: Options) -> None:
        gc.disable()  # or a sixth of the imports' time goes into looking for garbage among what stays
        from commands.prediction import Predictor
        from stages.common.model.device import compute_alike

        gc.freeze()
        gc.enable()
        compute_alike(seed=0, threads=options.threads)
        self._options = options
        self._predictor = Predictor.load(options.model, options.device, options.temperature)
        task, inference = self._predictor.task, self._predictor.scorer.inference
        if options.abstain_below and task.answer != "label":
            raise UserError("--abstain-below: the model does not give one label a text.", "Leave it out.")
        schema = schema_of(inference, explained=options.explain is not None)
        made_with = self._made_with() if options.kept else {}
        self.about = About(task.inputs, task.answer, inference.temperature, schema, made_with)

    def answer(self, window: Window) -> Answered:
        """Answers some texts."""
        columns, empty = self._predictor.answer(window.rows, "scoring")
        unsure = np.zeros(len(empty), dtype=bool)
        if self._options.abstain_below:
            likely = np.array(columns["probability"], dtype=float) >= self._options.abstain_below
            unsure = ~likely & ~empty
            target = self._predictor.task.target
            columns[target] = [value if sure else None for value, sure in zip(columns[target], likely, strict=True)]
        columns = {"id": [row.id for row in window.rows], **columns}
        if self._options.explain:
            columns[EXPLANATIONS] = self._predictor.explain(window.rows, self._options.explain)
        counts = Counts(len(window.rows), int(empty.sum()), int(unsure.sum()))
        answers = encode(columns, self.about.schema, self._options.suffix)
        return Answered(window.number, window.digest, counts, answers)

    def _made_with(self) -> MadeWith:
        from commands.origin import model_hash
        from stages.common.text_rules.settings import NAMES
        from stages.common.training.instructions import instruction_set

        scorer, rules = self._predictor.scorer, self._predictor.rules
        finds_names = rules is not None and rules.private_data.enabled and rules.private_data.names
        return {
            "model": model_hash(self._options.model),
            "set of cleaning rules": rules and rules.model_dump(),
            "model for names": model_hash(NAMES) if finds_names else None,
            "--temperature": scorer.inference.temperature,
            "--abstain-below": self._options.abstain_below,
            "--explain": self._options.explain,
            "--threads": self._options.threads,
            "device": str(scorer.model.device),
            "processor": f"{machine()}, {instruction_set()}",
            "version of the libraries": {name: version(name) for name in LIBRARIES},
            "version of the code": _code_hash(),
            "size of windows": [WINDOW, WINDOW_CHARACTERS],
        }


def _code_hash() -> str:
    """The hash of the code that answers may depend on."""
    digest = blake2b(digest_size=16)
    for path in sorted(path for pattern in CODE for path in ROOT.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
