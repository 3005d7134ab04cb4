import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st

from stages.common.core.messages import UserError
from stages.common.model.loading import load_pretrained
from stages.common.training.placement import make_accelerator, parts_of_batch, prepare_model


@given(st.integers(1, 70), st.integers(1, 20), st.integers(1, 9))
def test_processes_and_parts_share_out_a_batch_and_every_process_has_as_many_parts(documents, micro_batch, processes):
    shares = [parts_of_batch(documents, micro_batch, process, processes) for process in range(processes)]
    assert sorted(np.concatenate([place for share in shares for place in share])) == list(range(documents))
    assert len({len(share) for share in shares}) == 1
    assert max(len(part) for share in shares for part in share) <= micro_batch
    sizes = [sum(map(len, share)) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_a_whole_batch_in_one_process_keeps_its_order():
    (part,) = parts_of_batch(5, 8, 0, 1)
    assert part.tolist() == [0, 1, 2, 3, 4]


def test_a_model_without_gradient_checkpointing_is_refused(encoder, parameters, monkeypatch):
    model, _ = load_pretrained(encoder, ["a", "b"], 0.0, "document")
    monkeypatch.setattr(type(model), "supports_gradient_checkpointing", False)
    with pytest.raises(UserError, match="gradient_checkpointing: BertForSequenceClassification cannot do it"):
        prepare_model(model, parameters(gradient_checkpointing=True), Accelerator(cpu=True))


def test_a_compiler_that_does_not_work_is_a_clear_message(encoder, parameters, monkeypatch):
    def fail(function):
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(torch, "compile", fail)
    model, _ = load_pretrained(encoder, ["a", "b"], 0.0, "document")
    with pytest.raises(UserError, match=r"finetune\.compile: torch\.compile does not work here \(no C\+\+ compiler\)"):
        prepare_model(model, parameters(compile=True), Accelerator(cpu=True))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"distributed_type": "MULTI_GPU"}, "has no fsdp_config with fsdp_version: 2"),
        ({"fsdp_config": {"fsdp_version": 2}}, "FSDP needs CUDA devices, but this is cpu"),
    ],
)
def test_a_config_of_accelerate_that_cannot_be_used_is_a_clear_message(tmp_path, content, said):
    (tmp_path / "fsdp.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=said):
        make_accelerator("cpu", "fp32", str(tmp_path / "fsdp.yaml"))
