"""Every method on tiny encoders of several architectures."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from transformers import AutoModelForSequenceClassification

from stages.common.encoder.device import compute_alike
from stages.common.encoder.loading import load_pretrained
from stages.common.encoder.scoring import score, score_words
from stages.finetune.architecture import head_modules, parameter_depths
from stages.finetune.checkpoints import Checkpoints
from stages.finetune.examples import make_examples, output_names, plan_inference, target_indices
from stages.finetune.methods import prepare
from stages.finetune.objectives import make_objective
from stages.finetune.training import train
from tests.common.tiny_encoder import save_encoder
from tests.finetune.conftest import make_card, make_split

ARCHITECTURES = {
    "bert": {},
    "roberta": {"max_position_embeddings": 66, "pad_token_id": 0},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "electra": {"embedding_size": 16},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False},
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
}
ADAPTERS = ("lora", "dora", "adalora", "ia3")
TEXTS = make_split(0, 5)["text"].tolist()


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    return {name: save_encoder(folder / name, name, **settings) for name, settings in ARCHITECTURES.items()}


@pytest.fixture
def run_method(encoders, parameters, tmp_path):
    """Trains by a method; gives the folder where the model was saved, the trained one and what was prepared."""

    def run(architecture="bert", documents=None, task="text-classification", **changes):
        settings = parameters(**{"epochs": 1, **changes})
        compute_alike(settings.seed, 1)
        documents = make_split(0, 8) if documents is None else documents
        card = make_card(task=task) if task == "text-classification" else make_card(("PER", "LOC"), task)
        outputs = output_names(card)
        model, tokenizer = load_pretrained(encoders[architecture], outputs, settings.dropout, task)
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        inference = plan_inference(settings, model, tokenizer, documents)
        targets = target_indices(documents, card, tmp_path)
        examples = make_examples(documents, targets, tokenizer, inference, tmp_path)
        method = prepare(model, settings, task, len(documents))
        trained = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
        examples = method.precompute(examples, tokenizer, torch.device("cpu"))
        losses = []
        outcome = train(
            method.model,
            tokenizer,
            examples,
            make_objective(settings, targets, len(outputs), method.penalty),
            lambda: {"macro_f1": 0.5, "accuracy": 0.5, "loss": 1.0},
            settings,
            Accelerator(cpu=True),
            Checkpoints(tmp_path / "checkpoints", 0),
            lambda step, values: losses.append(values.get("train/loss")),
        )
        if task == "text-classification":
            logits = score(method.model, tokenizer, TEXTS, 32)
        else:
            logits = np.concatenate(score_words(method.model, tokenizer, documents["tokens"].tolist(), 32))
        folder = tmp_path / "finetuned"
        method.save(folder, outcome.weights)
        tokenizer.save_pretrained(folder)
        return {
            "folder": folder,
            "logits": logits,
            "before": before,
            "trained": trained,
            "method": method,
            "tokenizer": tokenizer,
            "examples": examples,
            "losses": [loss for loss in losses if loss is not None],
        }

    return run


def scored(model, tokenizer):
    return score(model, tokenizer, TEXTS, 32)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("method", ["full", "frozen", "head", *ADAPTERS])
def test_what_was_trained_loads_by_the_auto_classes_and_gives_the_same_logits(run_method, architecture, method):
    made = run_method(architecture, method=method, learning_rate=1e-2)
    model, loaded = AutoModelForSequenceClassification.from_pretrained(made["folder"], output_loading_info=True)
    assert not loaded["missing_keys"] and not loaded["unexpected_keys"] and not loaded["mismatched_keys"]
    np.testing.assert_allclose(scored(model, made["tokenizer"]), made["logits"], atol=2e-5)
    after = dict(model.named_parameters())
    changed = {name for name, tensor in made["before"].items() if not torch.equal(tensor, after[name])}
    heads = tuple(head_modules(model))
    assert any(name.startswith(heads) for name in changed)
    if method == "head":
        assert all(name.startswith(heads) for name in changed)
    elif method == "frozen":
        depths = parameter_depths(model)
        assert {depths[name] for name in changed} == {2, 3}  # of two layers the upper one, and the head
    else:
        assert any(not name.startswith(heads) for name in changed)
    assert (made["folder"] / "adapter/adapter_model.safetensors").exists() == (method in ADAPTERS)
