"""What lies in an exported folder beside the weights: all that using it takes, and where it comes from."""

import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.hashes import directory_hash
from stages.common.core.outputs import write_json
from stages.common.core.parameters import PARAMS, load_value
from stages.common.core.validation import read_record, read_yaml
from stages.common.documents.card import Card
from stages.common.model.exported import TEXT_RULES
from stages.common.model.loading import ADAPTER, WEIGHTS
from stages.common.model.scorer import Scorer
from stages.common.model.tokenising import special_tokens
from stages.common.tasks import task_of
from stages.common.text_rules.settings import TextRules
from stages.export.substitutions import substitutions

STAND_ALONE = ("predict.py", "clean_text.py")
PACKAGES = ("numpy", "onnx", "onnxruntime", "onnxscript", "peft", "tokenizers", "torch", "transformers")


def copy_all_but_weights(model: Path, folder: Path) -> None:
    """Copies the config, the tokenizer and the inference record of a fine-tuned model."""
    skipped = shutil.ignore_patterns(ADAPTER, *WEIGHTS, "*.safetensors")
    shutil.copytree(model, folder, ignore=skipped, dirs_exist_ok=True)


def copy_cards(cards: Path, folder: Path) -> None:
    """Copies the model card and the data card."""
    shutil.copytree(cards, folder, dirs_exist_ok=True)


def write_rules(cleaned: Path, card: Card, folder: Path) -> TextRules:
    """Writes the rules by which texts are cleaned before the model reads them: none where it reads words.

    Args:
        cleaned: What cleaning wrote of the rules that it ran.
        card: The dataset's card.
        folder: The exported folder.
    """
    rules = read_record(TextRules, cleaned) if task_of(card).head == "document" else TextRules()
    write_json(folder / TEXT_RULES, rules.model_dump())
    return rules


def write_stand_alone(scorer: Scorer, rules: TextRules, inputs: Sequence[str], folder: Path) -> list[str]:
    """Writes predict.py, which answers without this repository, and ``predict.json``, which tells it how.

    Args:
        scorer: The fine-tuned model.
        rules: How texts are cleaned.
        inputs: The names of the exported model's inputs.
        folder: The exported folder.

    Returns:
        The names of the rules that it does not apply.
    """
    before, after = special_tokens(scorer.tokenizer)
    task, applied = task_of(scorer.inference), substitutions(rules)
    how = {
        "columns": task.inputs,
        "answer": task.answer,
        "outputs": scorer.inference.outputs,
        "inputs": inputs,
        "before": before,
        "after": after,
        "pad": scorer.tokenizer.pad_token_id,
        "pads_left": scorer.tokenizer.padding_side == "left",
        **applied,
    }
    write_json(folder / "predict.json", how)
    for program in STAND_ALONE:
        shutil.copyfile(Path(__file__).with_name("programs") / program, folder / program)
    return list(applied["left_out"])


def write_origin(model: Path, card: Card, test: pd.DataFrame, folder: Path) -> None:
    """Writes ``origin.json``: what the model was made from and by which versions, nothing of when or where."""
    content: dict[str, Any] = {
        "model": {"md5": directory_hash(model), "pretrained": load_value("model")},
        "data": card.model_dump(include={"name", "title", "licence", "citation", "sources", "rows"}),
        "test_documents": len(test),
        "parameters": {"finetune": read_yaml(PARAMS)["finetune"]},
        "packages": {package: version(package) for package in PACKAGES},
    }
    write_json(folder / "origin.json", content)
