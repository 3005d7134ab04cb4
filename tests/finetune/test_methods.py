"""Every method on tiny encoders of several architectures."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

from stages.common.core.messages import UserError
from stages.common.documents.card import Labels
from stages.common.model.batching import make_batch
from stages.common.model.device import compute_alike
from stages.common.model.loading import load_finetuned, load_pretrained
from stages.common.model.scorer import document_logits, word_logits
from stages.common.model.tokenising import tokenise
from stages.common.tasks import task_of
from stages.common.training import frozen
from stages.common.training.architecture import encoder_layers, head_modules, parameter_depths
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.examples import Examples
from stages.common.training.frozen import FrozenPart
from stages.common.training.loop import train
from stages.common.training.methods import prepare
from stages.common.training.optimisation import make_optimiser
from stages.common.training.selection import Validation
from stages.finetune.reading import plan_reading
from stages.finetune.tasks import finetune_task
from tests.common.tiny_encoder import TOPICS, record, save_encoder
from tests.finetune.conftest import make_sentences, make_split

pytestmark = pytest.mark.slow

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
UNCHANGING = Validation(
    lambda: ({"macro_f1": 0.5, "accuracy": 0.5, "loss": 1.0}, np.zeros((1, 3), dtype=np.float32)),
    "macro_f1",
    True,
    ("accuracy", "macro_f1", "loss"),
)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    made = {name: save_encoder(folder / name, name, **settings) for name, settings in ARCHITECTURES.items()}
    mean = {**ARCHITECTURES["modernbert"], "classifier_pooling": "mean"}
    return {**made, "modernbert mean": save_encoder(folder / "mean", "modernbert", **mean)}


@pytest.fixture
def run_method(encoders, parameters, tmp_path):
    """Trains by a method; gives the folder where the model was saved, the trained one and what was prepared."""

    def run(architecture="bert", documents=None, task="text-classification", **changes):
        settings = parameters(**{"epochs": 1, **changes})
        compute_alike(settings.seed, 1)
        documents = make_split(0, 8) if documents is None else documents
        labels = Labels(task=task, labels=list(TOPICS) if task == "text-classification" else ["PER", "LOC"])
        room, head = finetune_task(task_of(labels)), task_of(labels).head
        model, tokenizer = load_pretrained(encoders[architecture], labels.outputs, settings.dropout, head)
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        targets = room.read_targets(documents, labels.labels, tmp_path)
        inference = room.plan_inference(plan_reading(settings, labels, model, tokenizer, documents), targets)
        examples = room.make_examples(documents, targets, tokenizer, inference, tmp_path)
        method = prepare(model, settings, head, len(documents))
        trained = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
        examples = method.precompute(examples, tokenizer, torch.device("cpu"))
        losses = []
        outcome = train(
            method.model,
            tokenizer,
            examples,
            room.make_objective(settings, targets, labels.outputs, method.penalty),
            UNCHANGING,
            settings,
            Accelerator(cpu=True),
            Checkpoints(tmp_path / "checkpoints", 0),
            lambda step, values: losses.append(values.get("train/loss")),
        )
        if task == "text-classification":
            logits = scored(method.model, tokenizer)
        else:
            logits = words_scored(method.model, tokenizer, documents)
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
    return document_logits(model, tokenizer, TEXTS, record(TOPICS, 32), "scoring")


def words_scored(model, tokenizer, documents):
    reading = record(["PER", "LOC"], 32, "token-classification")
    return np.concatenate(word_logits(model, tokenizer, documents["tokens"].tolist(), reading, "scoring"))


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


@pytest.mark.parametrize("method", ["full", "frozen", "head", "lora", "ia3", "prefix"])
def test_words_can_be_classified_by_the_same_methods(run_method, method):
    sentences = make_sentences(0, 24)
    made = run_method("bert", sentences, "token-classification", method=method, learning_rate=1e-2, epochs=4)
    assert np.mean(made["losses"][-3:]) < np.mean(made["losses"][:3])
    model, tokenizer = load_finetuned(made["folder"], "cpu")
    again = words_scored(model, tokenizer, sentences)
    np.testing.assert_allclose(again, made["logits"], atol=2e-5)
    assert AutoModelForTokenClassification.from_pretrained(made["folder"]).config.id2label[3] == "B-LOC"


def test_a_prefix_is_put_before_each_text_when_the_model_is_loaded_again(run_method):
    made = run_method(method="prefix", learning_rate=0.1)
    model, tokenizer = load_finetuned(made["folder"], "cpu")
    np.testing.assert_allclose(scored(model, tokenizer), made["logits"], atol=2e-5)
    without = AutoModelForSequenceClassification.from_pretrained(made["folder"])
    assert np.abs(scored(without, tokenizer) - made["logits"]).max() > 1e-3


@pytest.mark.parametrize("architecture", ["distilbert", "deberta-v2", "modernbert"])
def test_a_method_that_does_not_fit_a_model_is_refused_in_one_line(run_method, architecture):
    with pytest.raises(UserError, match=f"prefix does not fit a model of type {architecture}") as caught:
        run_method(architecture, method="prefix")
    assert "\n" not in str(caught.value)


def test_more_frozen_layers_than_there_are_are_refused(run_method):
    with pytest.raises(UserError, match="frozen_layers is 3, but the model has 2 layers"):
        run_method(method="frozen", frozen_layers=3)


def test_a_model_whose_layers_are_not_found_is_refused(tmp_path, parameters):
    folder = save_encoder(tmp_path / "albert", "albert", embedding_size=16)  # one layer, used again and again
    model, _ = load_pretrained(folder, ["a", "b"], 0.0, "document")
    with pytest.raises(UserError, match=r"\(albert\) has no list of 2 layers"):
        prepare(model, parameters(method="frozen"), "document", 10)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_model_goes_on_from_the_states_of_its_frozen_part_as_if_it_had_computed_them(encoders, architecture, depth):
    model, tokenizer = load_pretrained(encoders[architecture], ["a", "b", "c"], 0.3, "document")
    model.train(False)
    tokens = tokenise(tokenizer, TEXTS, 8, "windows", 0.25)
    batch = make_batch(tokens, np.arange(len(TEXTS)), tokenizer, torch.device("cpu"))
    batch.pop("document")
    with torch.inference_mode():
        expected = model(**batch).logits
        part = FrozenPart(model, depth)
        states = Examples(tokens, np.zeros(len(TEXTS), np.int64), states=part.states(tokens, tokenizer))
        given, _ = states.batch(np.arange(len(TEXTS)), tokenizer, torch.device("cpu"))
        given.pop("document")
        torch.testing.assert_close(model(**given).logits, expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(model(**batch).logits, expected, atol=1e-6, rtol=0)
        nothing = {**given, "hidden_states": torch.zeros_like(given["hidden_states"])}
        assert not torch.allclose(model(**nothing).logits, expected, atol=1e-3)  # they are what counts


def test_the_frozen_part_computes_each_document_once_however_many_epochs(run_method, monkeypatch):
    calls = []
    compute = FrozenPart._capture
    monkeypatch.setattr(FrozenPart, "_capture", lambda part, batch: calls.append(1) or compute(part, batch))
    made = run_method(method="frozen", epochs=5, early_stopping_patience=9)
    assert len(calls) == 1  # all documents fit into one batch
    assert len(made["losses"]) == 15


def test_large_states_are_kept_in_a_file_that_has_no_name(run_method, monkeypatch, tmp_path):
    in_memory = run_method(method="frozen")
    monkeypatch.setattr(frozen, "MOST_BYTES_IN_MEMORY", 1_000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    on_disk = run_method(method="frozen")
    assert isinstance(on_disk["examples"].states, np.memmap)
    assert np.array_equal(on_disk["logits"], in_memory["logits"])


def test_of_documents_only_the_first_token_is_kept_for_a_head_that_reads_no_other(run_method):
    made = run_method("bert", method="head")
    assert made["examples"].states.shape == (24, 32)
    mean = run_method("modernbert mean", method="head")
    assert len(mean["examples"].states) == mean["examples"].tokens.lengths.sum() > 24


def test_the_share_of_trained_weights_is_counted(run_method):
    full, lora = (run_method(method=method)["method"] for method in ("full", "lora"))
    assert full.trainable == full.parameters == lora.parameters
    maps = 2 * (4 * (32 + 32) + 2 * (32 + 64)) * 4  # two layers; rank 4
    assert lora.trainable == maps + (32 * 32 + 32) + (32 * 3 + 3)


def test_adalora_takes_ranks_away_and_goes_on_from_its_own_state(encoders, parameters):
    settings = parameters(method="adalora", epochs=10)

    def adapted():
        compute_alike(1, 1)
        model, _ = load_pretrained(encoders["bert"], ["a", "b"], 0.0, "document")
        method = prepare(model, settings, "document", 24)  # 30 steps
        return method, make_optimiser(method.model, 1e-2, 0.0)

    def learn(method, optimiser, steps):
        for step in steps:
            ids = torch.tensor([[2, 5 + step, 9, 3], [2, 8, 6 + step, 3]])
            cross_entropy(method.model(input_ids=ids).logits, torch.tensor([0, 1])).backward()
            optimiser.step()
            optimiser.zero_grad()

    whole, optimiser = adapted()
    learn(whole, optimiser, range(30))
    values = [tensor for name, tensor in whole.model.named_parameters() if "lora_E" in name]
    assert sum(int((tensor != 0).sum()) for tensor in values) == len(values) * 4  # from 6 to 4 each, on average

    for stop in (7, 25):
        first, one = adapted()
        learn(first, one, range(stop))
        second, other = adapted()
        second.model.load_state_dict(first.model.state_dict())
        other.load_state_dict(one.state_dict())
        learn(second, other, range(stop, 30))
        state = whole.model.state_dict()
        assert all(torch.equal(tensor, state[name]) for name, tensor in second.model.state_dict().items())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_depth_rises_from_the_embeddings_to_the_head(encoders, architecture):
    model, _ = load_pretrained(encoders[architecture], ["a", "b"], 0.1, "document")
    depths = parameter_depths(model)
    assert set(depths.values()) == {0, 1, 2, 3}
    for depth, layer in enumerate(encoder_layers(model), 1):
        inside = {id(parameter) for parameter in layer.parameters()}
        assert {depths[name] for name, parameter in model.named_parameters() if id(parameter) in inside} == {depth}
    assert all(depth == 3 for name, depth in depths.items() if name.startswith(tuple(head_modules(model))))
    assert next(depth for name, depth in depths.items() if "word_embeddings" in name or "tok_embeddings" in name) == 0
