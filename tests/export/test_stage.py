import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from commands.prediction import Predictor
from stages.common.core.messages import UserError
from stages.common.core.outputs import write_json
from stages.common.documents.card import write_card
from stages.common.documents.table import write_documents
from stages.common.model.answers import answer_logits
from stages.common.model.exported import FLOAT32, INT8
from stages.common.text_rules.settings import TextRules
from stages.export import __main__ as export
from stages.export.parameters import ExportParameters
from stages.export.parity import check_parity
from tests.evaluate.conftest import LABELS, card, documents, save_tiny_model

RULES = TextRules(entities=True, tags=True, whitespace=True, mojibake=True)
BLOCKED = ["torch", "transformers", "pandas", "pyarrow", "pydantic", "yaml", "stages", "commands"]
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """All that the stage reads; every other published text is dressed in HTML that cleaning took off."""
    monkeypatch.chdir(tmp_path)
    write_settings()
    for folder in ("data/splits", "data/annotated", "models/finetuned", "models/card/data", "reports/clean"):
        Path(folder).mkdir(parents=True)
    test = documents("test", 6)
    write_documents(test, Path("data/splits/test.parquet"))
    dressed = [f"<b>{text}</b>  &amp;" if row % 2 else text for row, text in enumerate(test["text"])]
    test["text"] = [text.removesuffix("  &amp;") if "&" not in text else text for text in dressed]
    write_documents(test, Path("data/annotated/documents.parquet"))
    write_card(card(), Path("data/splits"))
    save_tiny_model(Path("models/finetuned"), temperature=0.5)
    for place in ("README.md", "data/README.md"):
        (Path("models/card") / place).write_text("a card\n")
    write_json(Path("reports/clean/text_rules.json"), RULES.model_dump())
    return tmp_path


def write_settings(**changes):
    settings = ExportParameters(int8=True, threads=1, bootstrap_samples=100, documents=4).model_dump() | changes
    Path("params.yaml").write_text(yaml.safe_dump({"model": "tiny", "finetune": {"seed": 1}, "export": settings}))


def summary():
    return json.loads(Path("reports/export/summary.json").read_text())


def run_program(texts, *arguments):
    """predict.py with nothing to import but the standard library, numpy, onnxruntime and tokenizers."""
    block = Path("block")
    block.mkdir(exist_ok=True)
    (block / "sitecustomize.py").write_text(
        "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in BLOCKED)
    )
    variables = {**os.environ, "PYTHONPATH": str(block.resolve())}
    command = [sys.executable, "models/exported/predict.py", *arguments]
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, *command], input=texts, capture_output=True, text=True, env=variables
    )
    assert done.returncode == 0, done.stderr
    *said, peak = done.stderr.splitlines()
    return [json.loads(line) for line in done.stdout.splitlines()], said, int(peak) / 1024


def test_the_stage_hands_over_a_folder_and_says_how_it_compares(workplace, capsys):
    export.main()
    made = {path.relative_to("models/exported").as_posix() for path in Path("models/exported").rglob("*.*")}
    assert made - {INT8} == {
        *("README.md", "data/README.md", "config.json", "inference.json", "tokenizer.json", "tokenizer_config.json"),
        *(FLOAT32, "origin.json", "predict.json", "predict.py", "clean_text.py", "text_rules.json"),
    }
    said = summary()
    assert said["test_documents"] == 18
    assert 0 <= said["float32"]["largest_logit_difference"] < 1e-5
    assert said["float32"]["flips"] == 0
    assert said["float32"]["headline_difference"]["value"] == 0
    assert said["int8"]["handed_over"] == (Path("models/exported") / INT8).exists()
    assert said["predict.py"]["rules_left_out"] == ["mojibake"]
    shapes = pd.read_csv("reports/export/shapes.csv")
    assert shapes.groupby("tokens")["documents_a_batch"].apply(list).to_dict() == {16: [1, 8], 32: [1, 8]}
    assert shapes["difference"].max() < 1e-5
    assert capsys.readouterr().out.startswith("export: on 18 test documents ONNX differs from torch by at most")
    origin = json.loads(Path("models/exported/origin.json").read_text())
    assert origin["model"]["md5"].endswith(".dir")
    assert origin["data"]["name"] == "tiny"


def test_predict_py_answers_without_torch_as_the_model_does_and_in_little_memory(workplace):
    export.main()
    texts = [
        "<p>The minister &amp; the vote.</p>",
        "",
        "\x00 the phone \U0001f600",
        "the goal " * 500,
        "\u0645\u0628\u0627\u0631\u0627\u0629",
        "...",
    ]
    answers, said, peak = run_program("\n".join(texts) + "\n")
    assert said == ["rules that are not applied, since they take packages: mojibake"]
    assert peak < 400
    predictor = Predictor.load(Path("models/exported"), "cpu")
    table = pd.DataFrame({"text": [*RULES.apply(pd.Series(texts, dtype="str"))]})
    logits = predictor.scorer.logits(table, "expected")
    expected = answer_logits(logits, predictor.scorer.inference)
    for row, answer in enumerate(answers):
        wanted = None if row in (1, 5) else expected["label"][row]
        assert answer["label"] == wanted
        assert answer["probability"] == pytest.approx(expected["probability"][row], abs=1e-5)
        assert [answer[f"p:{label}"] for label in LABELS] == pytest.approx(
            [expected[f"p:{label}"][row] for label in LABELS], abs=1e-5
        )
    assert len(answers) == len(texts)


def test_eight_bits_that_cost_too_much_or_save_too_little_stay_behind_and_it_is_said_why(workplace, monkeypatch):
    monkeypatch.setattr(export, "time_both", lambda *_: {"speed_up": 1.1})
    export.main()
    assert summary()["int8"]["why_not"] == "it is less than 1.2 times as fast as float32 here"
    assert not (Path("models/exported") / INT8).exists()
    monkeypatch.setattr(export, "too_inaccurate", lambda *_: "macro F1 may be worse by 0.2")
    export.main()
    assert summary()["int8"]["why_not"] == "macro F1 may be worse by 0.2"
    write_settings(int8=False)
    export.main()
    assert summary()["int8"] == {"handed_over": False, "why_not": "export.int8 is false"}


def test_all_but_times_is_the_same_bytes_again(workplace, monkeypatch):
    monkeypatch.setattr(export, "time_both", lambda *_: {"speed_up": 2.0})

    def content():
        export.main()
        paths = [path for place in ("models/exported", "reports/export") for path in Path(place).rglob("*.*")]
        return {str(path): path.read_bytes() for path in paths}

    once = content()
    assert content() == once
    assert f"models/exported/{INT8}" in once


def test_an_export_that_is_not_the_model_fails_in_one_line_and_leaves_nothing(workplace, monkeypatch):
    with pytest.raises(UserError, match=r"differ from torch's by up to 0\.002, more than 0\.001"):
        check_parity(0.002)
    with pytest.raises(UserError, match="up to nan"):
        check_parity(float("nan"))
    monkeypatch.setattr(export, "compare_shapes", lambda *_: pd.DataFrame({"difference": [0.5]}))
    with pytest.raises(UserError, match="it is not the model that was trained"):
        export.main()
    assert not Path("models/exported").exists()
