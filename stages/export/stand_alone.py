"""Whether predict.py in an exported folder answers as the model does, without the rules that take packages."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.messages import UserError, one_line
from stages.common.model.answers import answer_logits
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.tasks import task_of

NEAR = 1e-3  # a predicted number, in standard deviations, that differs by less is the same


def run_stand_alone(folder: Path, documents: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """What predict.py answers.

    Args:
        folder: The exported folder.
        documents: Texts as they were published.
        columns: Which columns the model reads.

    Raises:
        UserError: If it fails.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for row in documents[list(columns)].itertuples(index=False):
            file.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")
        file.flush()
        command = [sys.executable, str(folder / "predict.py"), file.name]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        said = one_line(done.stderr)[-200:]
        raise UserError(f"{folder / 'predict.py'} fails: {said}", "Leave the stage out: `dvc repro evaluate`.")
    return [json.loads(line) for line in done.stdout.splitlines()]


def count_differences(answers: Sequence[dict[str, Any]], logits: Logits | list[Logits], inference: Inference) -> int:
    """How many of these answers differ from those of the fine-tuned model, which reads cleaned texts.

    Args:
        answers: What :func:`run_stand_alone` returned.
        logits: The fine-tuned model's.
        inference: Its record.
    """
    task = task_of(inference)
    expected = answer_logits(logits, inference)[task.target]
    given = [answer[task.target] for answer in answers]
    if task.answer == "value":
        return sum(abs(one - other) > NEAR * inference.scale for one, other in zip(given, expected, strict=True))
    return sum(one != other for one, other in zip(given, expected, strict=True))
