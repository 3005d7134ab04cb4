import numpy as np
import pytest
import torch
from accelerate import Accelerator

from stages.common.core.messages import UserError
from stages.common.model.device import compute_alike
from stages.common.model.loading import load_finetuned, load_pretrained
from stages.common.model.tokenising import tokenise
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.examples import Examples
from stages.common.training.loop import log_nowhere, train
from stages.common.training.selection import Validation
from stages.finetune.objectives import of_classes
from tests.common.tiny_encoder import TOPICS
from tests.finetune.conftest import make_split

LABELS = list(TOPICS)


def metrics(macro_f1=0.5, loss=1.0):
    return {"accuracy": macro_f1, "macro_precision": 0.0, "macro_recall": 0.0, "macro_f1": macro_f1, "loss": loss}


@pytest.fixture
def run_training(encoder, parameters, tmp_path):
    """Trains with given validation results; returns the outcome, the weights, what was logged, weights per epoch."""

    def run(validation=None, spoil=None, prepare=None, **changes):
        settings = parameters(**changes)
        compute_alike(settings.seed, settings.threads)
        model, tokenizer = load_pretrained(encoder, LABELS, settings.dropout, "document")
        if spoil is not None:
            model.register_forward_hook(spoil)
        if prepare is not None:
            model.register_forward_pre_hook(prepare, with_kwargs=True)
        documents = make_split(0, 11)
        indices = documents["label"].map(LABELS.index).to_numpy(dtype=np.int64, copy=True)
        examples = Examples(tokenise(tokenizer, documents["text"], settings.max_length, "head", 0.0), indices)
        answers = iter(validation or [metrics()] * settings.epochs)
        logged, seen = [], []

        def validate():
            seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
            return next(answers), np.zeros((len(documents), len(LABELS)), dtype=np.float32)

        outcome = train(
            model,
            tokenizer,
            examples,
            of_classes(settings, indices, len(LABELS), None),
            Validation(validate, "macro_f1", True, ("accuracy", "macro_f1", "loss")),
            settings,
            Accelerator(cpu=True, mixed_precision="no"),
            Checkpoints(tmp_path / "checkpoints", every=0),
            lambda step, values: logged.append((step, dict(values))),
        )
        return outcome, model.state_dict(), logged, seen

    return run


def same(left, right):
    return all(torch.equal(left[name], right[name]) for name in left)


def test_training_lowers_the_loss(run_training):
    _, _, logged, _ = run_training(epochs=10, dropout=0.0)
    losses = [values["train/loss"] for _, values in logged if "train/loss" in values]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_every_step_and_epoch_is_logged_once_with_the_planned_learning_rate(run_training):
    outcome, _, logged, _ = run_training(epochs=2, warmup=0.2, learning_rate=1e-3)
    rates = [(step, values["train/learning_rate"]) for step, values in logged if "train/learning_rate" in values]
    assert [step for step, _ in rates] == list(range(1, 11))  # 33 documents in batches of 8, twice
    assert [rate for _, rate in rates[:4]] == pytest.approx([5e-4, 1e-3, 1e-3 * 8 / 9, 1e-3 * 7 / 9])
    epochs = [(step, values) for step, values in logged if "validation/loss" in values]
    assert [step for step, _ in epochs] == [5, 10]
    assert set(epochs[0][1]) == {"validation/accuracy", "validation/macro_f1", "validation/loss"}
    assert outcome.steps == 10


def test_tokens_are_counted_over_all_epochs_with_and_without_padding(run_training):
    outcome, _, _, _ = run_training(epochs=3)
    once, _, _, _ = run_training(epochs=1)
    assert outcome.real_tokens == 3 * once.real_tokens
    assert once.real_tokens == sum(len(text.split()) + 3 for text in make_split(0, 11)["text"])  # [CLS] . [SEP]
    assert 0.85 < outcome.real_tokens / outcome.computed_tokens < 1


def test_the_weights_of_the_best_epoch_are_kept(run_training):
    outcome, weights, _, seen = run_training([metrics(0.3), metrics(0.7), metrics(0.6)], epochs=3)
    assert (outcome.best_epoch, outcome.epochs, outcome.best["macro_f1"]) == (2, 3, 0.7)
    assert same(weights, seen[1])
    assert not same(weights, seen[2])


def test_the_earliest_of_equally_good_epochs_is_kept(run_training):
    outcome, weights, _, seen = run_training([metrics(0.7, 0.9), metrics(0.7, 0.1)], epochs=2)
    assert outcome.best_epoch == 1
    assert outcome.best["loss"] == 0.9
    assert same(weights, seen[0])


def test_training_stops_when_patience_ends(run_training):
    scores = [0.2, 0.5, 0.4, 0.4]
    outcome, weights, logged, seen = run_training([metrics(s) for s in scores], epochs=9, early_stopping_patience=2)
    assert (outcome.best_epoch, outcome.epochs, outcome.steps) == (2, 4, 20)
    assert same(weights, seen[1])
    assert logged[-1][0] == 20


def test_a_loss_that_is_no_number_stops_training_and_names_the_step(run_training):
    calls = []

    def spoil(module, inputs, output):
        calls.append(1)
        if len(calls) == 7:
            output.logits = output.logits * float("nan")
        return output

    with pytest.raises(UserError, match=r"training loss is nan at step 7 \(epoch 2\).*learning_rate") as caught:
        run_training(epochs=2, spoil=spoil)
    assert "\n" not in str(caught.value)


def test_a_validation_loss_that_is_no_number_stops_training_too(run_training):
    with pytest.raises(UserError, match=r"validation loss is inf at step 5 \(epoch 1\)"):
        run_training([metrics(0.5, float("inf"))], epochs=1)


def test_a_seed_fixes_the_weights_and_another_gives_others(run_training):
    first, again, other = (run_training(epochs=1, seed=seed)[1] for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)


def test_the_gradient_is_clipped(run_training):
    _, clipped, _, _ = run_training(epochs=1, clip_norm=1e-12, weight_decay=0.0, learning_rate=1e-6)
    _, free, _, _ = run_training(epochs=1, clip_norm=1e3, weight_decay=0.0, learning_rate=1e-6)
    assert not same(clipped, free)


def test_training_in_bf16_keeps_its_weights_in_float32(encoder, parameters, tmp_path):
    settings = parameters(epochs=1, precision="bf16")
    model, tokenizer = load_pretrained(encoder, LABELS, settings.dropout, "document")
    indices = np.arange(12) % 3
    examples = Examples(tokenise(tokenizer, make_split(0, 4)["text"], settings.max_length, "head", 0.0), indices)
    objective = of_classes(settings, indices, len(LABELS), None)
    formats = []
    model.classifier.register_forward_hook(lambda module, inputs, output: formats.append(output.dtype))
    accelerator = Accelerator(cpu=True, mixed_precision="bf16")
    checkpoints = Checkpoints(tmp_path, every=0)
    validation = Validation(
        lambda: (metrics(), np.zeros((12, 3), dtype=np.float32)), "macro_f1", True, ("accuracy", "macro_f1", "loss")
    )
    train(model, tokenizer, examples, objective, validation, settings, accelerator, checkpoints, log_nowhere)
    assert set(formats) == {torch.bfloat16}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def losses(logged):
    return [values["train/loss"] for _, values in logged if "train/loss" in values]


@pytest.mark.parametrize("micro_batch", [1, 3, 5])
def test_parts_of_a_batch_add_up_to_its_loss_and_gradient(run_training, micro_batch):
    _, _, logged, _ = run_training(epochs=2, dropout=0.0)
    _, _, in_parts, _ = run_training(epochs=2, dropout=0.0, micro_batch_size=micro_batch)
    assert losses(in_parts) == pytest.approx(losses(logged), rel=1e-4)


def test_out_of_memory_halves_what_is_computed_at_once_and_changes_no_result(run_training, capfd):
    sizes = []

    def hold(module, inputs, kwargs):
        sizes.append(len(kwargs["input_ids"]))
        if sizes[-1] > 2 and len(sizes) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    outcome, _, logged, _ = run_training(epochs=2, prepare=hold, dropout=0.0)
    assert sizes[:8] == [8, 8, 8, 4, 2, 2, 2, 2]
    assert max(sizes[8:]) <= 2
    said = capfd.readouterr().err.splitlines()
    assert [line[:75] for line in said if "epoch" not in line] == [
        "finetune: out of memory at step 3, so it goes on with 4 documents at once, ",
        "finetune: out of memory at step 3, so it goes on with 2 documents at once, ",
    ]
    whole, _, logged_whole, _ = run_training(epochs=2, dropout=0.0)
    assert losses(logged) == pytest.approx(losses(logged_whole), rel=1e-4)
    assert outcome.real_tokens == whole.real_tokens


def test_a_document_that_does_not_fit_alone_is_a_clear_message(run_training):
    def hold(module, inputs, kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(UserError, match=r"Out of memory on cpu at step 1 with 1 documents at once\..*max_length"):
        run_training(prepare=hold)


def test_another_error_of_the_model_is_not_taken_for_a_lack_of_memory(run_training):
    def hold(module, inputs, kwargs):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        run_training(prepare=hold)


def test_activations_computed_again_give_the_same_bytes(run_training):
    _, weights, _, _ = run_training(epochs=1)
    _, again, _, _ = run_training(epochs=1, gradient_checkpointing=True)
    assert same(weights, again)


def test_the_last_good_weights_of_a_training_that_went_wrong_are_kept(run_training, tmp_path):
    def weights_at(step, spoiled):
        calls = []

        def spoil(module, inputs, output):
            calls.append(1)
            if spoiled and len(calls) == step:
                output.logits = output.logits * float("inf")
            return output

        return spoil

    with pytest.raises(UserError, match=r"training loss is nan at step 5 .*The last good weights are in .*last_good\."):
        run_training(epochs=1, spoil=weights_at(5, spoiled=True))
    kept, _ = load_finetuned(tmp_path / "checkpoints/last_good", "cpu")
    seen = []

    def hold(module, inputs, kwargs):
        seen.append({name: tensor.clone() for name, tensor in module.state_dict().items()})

    run_training(epochs=1, prepare=hold)
    assert same(kept.state_dict(), seen[4])


def test_an_infinite_gradient_stops_training_before_it_spoils_the_weights(run_training):
    def spoil(module, inputs, output):
        output.logits.register_hook(lambda gradient: gradient * float("inf"))

    with pytest.raises(
        UserError, match=r"gradient norm is nan at step 1 \(epoch 1\), so the training was stopped\. Lower"
    ):
        run_training(spoil=spoil)
