import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.common.model.loading import load_pretrained
from stages.common.training.optimisation import make_optimiser, rate_share, set_rate


def test_biases_and_norms_get_no_weight_decay_and_every_parameter_is_in_one_group(encoder):
    model, _ = load_pretrained(encoder, ["a", "b"], 0.1, "document")
    decayed, spared = make_optimiser(model, 1e-3, 0.25).param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert decayed["weight_decay"] == 0.25
    assert spared["weight_decay"] == 0.0
    assert all("bias" in names[id(p)] or "LayerNorm" in names[id(p)] for p in spared["params"])
    assert not any("bias" in names[id(p)] or "LayerNorm" in names[id(p)] for p in decayed["params"])
    assert sorted(map(id, decayed["params"] + spared["params"])) == sorted(names)


def test_weight_decay_shrinks_a_matrix_without_gradient_and_leaves_its_bias():
    layer = torch.nn.Linear(3, 3)
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    optimiser = make_optimiser(layer, 0.1, 0.5)
    layer.weight.grad, layer.bias.grad = torch.zeros(3, 3), torch.zeros(3)
    optimiser.step()
    torch.testing.assert_close(layer.weight.detach(), weight * (1 - 0.1 * 0.5))
    assert torch.equal(layer.bias.detach(), bias)


def test_a_frozen_parameter_is_left_alone():
    layer = torch.nn.Linear(3, 3)
    layer.bias.requires_grad_(False)
    assert [len(group["params"]) for group in make_optimiser(layer, 0.1, 0.5).param_groups] == [1, 0]


def test_the_learning_rate_rises_and_falls_linearly():
    shares = [rate_share(step, 10, 0.4) for step in range(1, 11)]
    assert shares == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7])


def test_without_warmup_the_learning_rate_starts_at_its_largest():
    assert [rate_share(step, 4, 0.0) for step in range(1, 5)] == pytest.approx([1, 3 / 4, 2 / 4, 1 / 4])


def test_the_other_schedules_fall_by_half_a_cosine_or_stay():
    cosine = [rate_share(step, 4, 0.25, "cosine") for step in range(1, 5)]
    assert cosine == pytest.approx([1, *((1 + math.cos(math.pi * gone)) / 2 for gone in (1 / 4, 2 / 4, 3 / 4))])
    assert [rate_share(step, 4, 0.5, "constant") for step in range(1, 5)] == [1 / 2, 1, 1, 1]


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from(["linear", "cosine", "constant"]))
def test_no_step_has_a_learning_rate_of_zero_or_above_the_largest(steps, warmup, schedule):
    shares = [rate_share(step, steps, warmup, schedule) for step in range(1, steps + 1)]
    assert all(0 < share <= 1 for share in shares)
    assert max(shares) == 1


def test_the_rate_is_set_for_all_groups():
    optimiser = make_optimiser(torch.nn.Linear(2, 2), 0.1, 0.5)
    set_rate(optimiser.param_groups, 0.02)
    assert [group["lr"] for group in optimiser.param_groups] == [0.02, 0.02]


def test_each_layer_learns_slower_than_the_one_above(encoder):
    model, _ = load_pretrained(encoder, ["a", "b"], 0.1, "document")
    optimiser = make_optimiser(model, 1.0, 0.1, layer_decay=0.5)
    set_rate(optimiser.param_groups, 0.8)
    rates = {id(parameter): group["lr"] for group in optimiser.param_groups for parameter in group["params"]}
    found = {name: rates[id(parameter)] for name, parameter in model.named_parameters()}
    for name, rate in found.items():
        share = 1.0 if name.startswith(("classifier", "bert.pooler")) else 0.5 ** (2 - int("layer.1." in name))
        if "embeddings" in name:
            share = 0.5**3
        assert rate == pytest.approx(0.8 * share), name
