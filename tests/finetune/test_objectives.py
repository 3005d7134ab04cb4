from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div

from stages.common.core.messages import UserError
from stages.finetune.objectives import IGNORED, balanced_weights, check_plain, counted, of_classes, of_outputs

TARGETS = torch.tensor([0, 2, 1, 2])


class Table(torch.nn.Module):
    """Gives for each input a row of logits, and other ones each time it is asked in training."""

    def __init__(self, *tables):
        super().__init__()
        self.tables = torch.nn.Parameter(torch.stack(tables))

    def forward(self, input_ids):
        tables = self.tables.repeat_interleave(len(input_ids) // len(self.tables), dim=0)
        return SimpleNamespace(logits=tables[torch.arange(len(input_ids)), input_ids])


@pytest.fixture
def logits():
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0))


def loss_of(parameters, model, batch, targets, **changes):
    objective = of_classes(parameters(**changes), targets.flatten().clamp(min=0).numpy(), 3, None)
    return objective(model, batch, targets)


BATCH = {"input_ids": torch.arange(4)}


def test_without_options_the_loss_is_the_mean_cross_entropy(parameters, logits):
    assert torch.equal(loss_of(parameters, Table(logits), BATCH, TARGETS), cross_entropy(logits, TARGETS))


def test_smoothing_is_that_of_torch(parameters, logits):
    loss = loss_of(parameters, Table(logits), BATCH, TARGETS, label_smoothing=0.3)
    assert torch.equal(loss, cross_entropy(logits, TARGETS, label_smoothing=0.3))


def test_balanced_classes_count_alike(parameters, logits):
    weights = balanced_weights(np.array([0, 1, 2, 2]), 4)
    assert weights.tolist() == pytest.approx([4 / 3, 4 / 3, 2 / 3, 1])
    each = cross_entropy(logits, TARGETS, reduction="none")
    loss = loss_of(parameters, Table(logits), BATCH, TARGETS, class_weights="balanced")
    assert loss.item() == pytest.approx((each * weights[TARGETS]).mean().item())


def test_r_drop_adds_the_divergence_of_two_passes(parameters, logits):
    other = logits.flip(0)
    log_p, log_q = logits.log_softmax(-1), other.log_softmax(-1)
    both = [kl_div(a, b, reduction="batchmean", log_target=True) for a, b in ((log_p, log_q), (log_q, log_p))]
    expected = (cross_entropy(logits, TARGETS) + cross_entropy(other, TARGETS)) / 2 + 0.7 * sum(both) / 2
    loss = loss_of(parameters, Table(logits, other), BATCH, TARGETS, r_drop=0.7)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_pieces_that_begin_no_word_do_not_count(parameters, logits):
    targets = torch.tensor([[0, IGNORED, 1, IGNORED]])
    model = Table(logits[None])
    model.forward = lambda input_ids: SimpleNamespace(logits=logits[None].expand(len(input_ids), -1, -1))
    expected = cross_entropy(logits[[0, 2]], targets[0, [0, 2]])
    assert counted(targets) == 2
    for changes in ({}, {"r_drop": 1.0}):  # two equal passes diverge by nothing
        loss = loss_of(parameters, model, {"input_ids": torch.zeros(1, 4)}, targets, **changes)
        assert loss.item() == pytest.approx(expected.item())


def test_the_logits_of_a_documents_windows_are_averaged(parameters, logits):
    batch = {"input_ids": torch.arange(4), "document": torch.tensor([0, 1, 1, 1])}
    expected = cross_entropy(torch.stack([logits[0], logits[1:].mean(0)]), TARGETS[:2])
    assert loss_of(parameters, Table(logits), batch, TARGETS[:2]).item() == pytest.approx(expected.item())
    doubled = loss_of(parameters, Table(logits, logits), batch, TARGETS[:2], r_drop=1.0)
    assert doubled.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_penalty_is_added(parameters, logits):
    objective = of_classes(parameters(), np.zeros(1, np.int64), 3, lambda: torch.tensor(2.0))
    assert objective(Table(logits), BATCH, TARGETS).item() == pytest.approx(2 + cross_entropy(logits, TARGETS).item())


def test_a_loss_over_outputs_averages_windows_and_adds_the_penalty(logits):
    targets = torch.tensor([[1.0, 0, 1], [0, 0, 1]])
    batch = {"input_ids": torch.arange(4), "document": torch.tensor([0, 1, 1, 1])}
    objective = of_outputs(torch.nn.functional.binary_cross_entropy_with_logits, lambda: torch.tensor(2.0))
    pooled = torch.stack([logits[0], logits[1:].mean(0)])
    expected = 2 + torch.nn.functional.binary_cross_entropy_with_logits(pooled, targets)
    assert objective(Table(logits), batch, targets).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("changes", [{"r_drop": 1.0}, {"class_weights": "balanced"}, {"label_smoothing": 0.1}])
def test_what_goes_with_classes_only_is_refused(parameters, changes):
    check_plain(parameters(), "documents with a number")
    with pytest.raises(UserError, match=f"finetune.{next(iter(changes))} does not go with documents with a number"):
        check_plain(parameters(**changes), "documents with a number")
