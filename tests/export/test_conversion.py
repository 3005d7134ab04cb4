import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from stages.common.core.messages import UserError
from stages.common.model.exported import FLOAT32, is_exported, load_exported
from stages.common.model.scorer import Scorer
from stages.common.tasks import TASKS
from stages.export.__main__ import example_batch
from stages.export.conversion import convert
from stages.export.folder import copy_all_but_weights
from tests.export.conftest import DOCUMENTS
from tests.imports import ROOT


def export(model, folder):
    folder.mkdir(parents=True)
    copy_all_but_weights(model, folder)
    scorer = Scorer.load(model, "cpu")
    convert(scorer, example_batch(scorer, DOCUMENTS), folder / FLOAT32)
    return scorer


@pytest.mark.parametrize("task", TASKS)
def test_an_exported_model_of_any_task_has_the_logits_of_the_model_itself(make_model, tmp_path, task):
    reading = {"truncation": "windows", "window_overlap": 0.5} if TASKS[task].inputs == ("text",) else {}
    scorer = export(make_model(task, max_length=12, **reading), tmp_path / "exported")
    exported = load_exported(tmp_path / "exported", 1)
    assert is_exported(tmp_path / "exported")
    assert not is_exported(tmp_path / "models/finetuned")
    logits, again = scorer.logits(DOCUMENTS, "one"), exported.logits(DOCUMENTS, "other")
    for one, other in zip(logits, again, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    assert np.ptp(np.concatenate([np.ravel(rows) for rows in logits])) > 0.1  # it is no constant


def test_the_same_model_gives_the_same_bytes_wherever_it_lies_and_they_name_no_place(make_model, tmp_path):
    model = make_model("text-classification")
    program = (
        "import sys; from pathlib import Path; from tests.export.test_conversion import export; "
        "export(*map(Path, sys.argv[1:]))"
    )
    hashes = set()
    for seed, name in (("1", "a"), ("2", "b/c")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", program, model, tmp_path / name], env=environment, check=True)
        content = (tmp_path / name / FLOAT32).read_bytes()
        hashes.add(hashlib.sha256(content).hexdigest())
    assert len(hashes) == 1
    for word in (str(ROOT), str(tmp_path), "site-packages", ".py", "stack_trace"):
        assert word.encode() not in content


def test_a_damaged_or_missing_model_is_told_in_one_line(make_model, tmp_path):
    export(make_model("text-classification"), tmp_path / "exported")
    (tmp_path / "exported" / FLOAT32).write_bytes(b"no model")
    with pytest.raises(UserError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        load_exported(tmp_path / "exported", 1)
    (tmp_path / "exported" / FLOAT32).unlink()
    with pytest.raises(UserError, match=r"model\.onnx: there is no such file"):
        load_exported(tmp_path / "exported", 1)
