"""A small corpus, split, and a tiny randomly initialised encoder for it."""

import pandas as pd
import pytest
import yaml

from stages.common.documents.card import Card, Label, write_card
from stages.common.documents.table import write_documents, write_flags
from stages.common.model.inference import Inference, write_inference
from stages.common.tasks import task_named

LABELS = ("politics", "sport", "tech")
WORDS = {"politics": "minister vote party law", "sport": "team cup match goal", "tech": "phone chip software web"}
PARAMETERS = {
    "seed": 1,
    "bootstrap_samples": 100,
    "confidence": 0.95,
    "device": "cpu",
    "threads": 1,
    "listed": 5,
    "frozen": {"enabled": True, "documents": 10, "max_length": 16, "c": [1.0]},
    "calibration": {"bins": 4},
    "robustness": {"enabled": True, "documents": 4},
    "cost": {"documents": 3, "batches": [2]},
    "baseline": {"ngram_max": 2, "min_df": 1, "sublinear_tf": True, "c": [1.0, 10.0], "max_iterations": 100},
}


def documents(split, per_label, labels=LABELS):
    rows = []
    for label in labels:
        words = WORDS[label].split()
        for number in range(per_label):
            ident = f"{split}/{label}/{number:03}"
            text = f"The {words[number % 4]} and the {words[(number + 1) % 4]}, number {number}."
            rows.append({"id": ident, "text": text, "label": label, "group": ident, "derived_from": [ident]})
    return pd.DataFrame(rows).assign(method="original")


def card(labels=LABELS, task="text-classification"):
    return Card(
        name="tiny",
        title="Tiny news",
        task=task,
        language="en",
        licence="none",
        citation="none",
        known_faults=[],
        labels=[Label(name=label, definition=f"About {label}.") for label in labels],
        sources=[],
        rows=100,
    )


def save_tiny_model(folder, labels=LABELS, task="text-classification", **record):
    """Saves a tiny model with random weights for some labels, and its record."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        BertForTokenClassification,
        PreTrainedTokenizerFast,
    )

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "and", "number", ",", ".", *" ".join(WORDS.values()).split()]
    words += [str(number) for number in range(40)]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    outputs = task_named(task).outputs(labels)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(outputs)),
        label2id={label: index for index, label in enumerate(outputs)},
    )
    of_words = task_named(task).head == "word"
    model = (BertForTokenClassification if of_words else BertForSequenceClassification)(config)
    model.save_pretrained(folder)
    reading = {"truncation": "windows" if of_words else "head", "window_overlap": 0.5 if of_words else 0.0}
    named = {"task": task, "labels": list(labels), "max_length": 32, "batch_tokens": 256, **reading, **record}
    write_inference(Inference(**named), folder)
    return model


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with params.yaml, splits and a finetuned model, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    write_parameters(tmp_path)
    splits = tmp_path / "data/splits"
    audited = tmp_path / "data/audited"
    splits.mkdir(parents=True)
    audited.mkdir()
    for place, name, per_label in ((audited, "train", 12), (splits, "validation", 4), (splits, "test", 6)):
        write_documents(documents(name, per_label), place / f"{name}.parquet")
    write_card(card(), splits)
    for name in ("finetuned", "fetched/pretrained"):
        (tmp_path / "models" / name).mkdir(parents=True)
        save_tiny_model(tmp_path / "models" / name)
    (tmp_path / "data/clean").mkdir()
    flags = pd.DataFrame({"id": ["test/tech/000"], "rule": ["too_short"], "reason": ["three words"]})
    write_flags(flags, tmp_path / "data/clean/flags.parquet")
    (tmp_path / "catalog/models").mkdir(parents=True)
    entry = {"title": "Tiny", "licence": "MIT (weights)", "citation": "none", "folder": "not read here"}
    (tmp_path / "catalog/models/tiny.yaml").write_text(yaml.safe_dump(entry))
    return tmp_path


def write_parameters(folder, **changes):
    (folder / "params.yaml").write_text(yaml.safe_dump({"model": "tiny", "evaluate": {**PARAMETERS, **changes}}))
