"""What the processor can do, as a training sees it; the programs that start anew do so in processes of their own."""

import os
import subprocess
import sys

import pytest
import torch
from accelerate import Accelerator

from stages.common.core.messages import UserError
from stages.common.training.checkpoints import training_key
from stages.common.training.environment import describe_training, math_libraries
from stages.common.training.instructions import AVX2, compute_with, has_bf16, instruction_set
from stages.common.training.placement import choose_precision
from tests.imports import ROOT

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
STARTED = """
import os, sys
print("started")
from stages.common.training.instructions import compute_with, instruction_set
compute_with("avx2")
print(instruction_set(), *sys.argv[1:])
"""


@pytest.fixture
def processor(monkeypatch):
    """Makes torch find certain instructions, and nothing in the environment that holds it to others."""
    for name in AVX2:
        monkeypatch.delenv(name, raising=False)

    def with_(*able):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(able, True))

    return with_


@pytest.mark.parametrize("able", [("avx2",), ("avx2", "avx512_f", "avx512_vnni")])
def test_bf16_without_instructions_for_it_is_refused_and_fp32_named_unless_a_parameter_insists(processor, able):
    processor(*able)
    with pytest.raises(UserError, match=r"bf16 takes many times as .* Use fp32, or set finetune\.emulate_bf16"):
        choose_precision("bf16", CPU)
    assert choose_precision("bf16", CPU, emulate_bf16=True) == "bf16"
    assert choose_precision("auto", CPU) == "fp32"
    assert choose_precision("bf16", torch.device("cuda")) == "bf16"


@pytest.mark.parametrize("able", ["avx512_bf16", "amx_bf16", "bf16"])
def test_bf16_is_taken_where_the_processor_has_it_and_its_libraries_are_not_held_to_less(processor, monkeypatch, able):
    processor("avx2", able)
    assert choose_precision("bf16", CPU) == "bf16"
    assert instruction_set().endswith(" with bf16")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "avx2")
    assert not has_bf16()
    assert instruction_set().endswith("(ONEDNN_MAX_CPU_ISA=avx2)")


def test_avx2_on_a_processor_without_it_is_refused(processor):
    processor("neon")
    with pytest.raises(UserError, match=r"finetune\.instructions: this processor has no AVX2 .* Set it to native"):
        compute_with("avx2")


@pytest.mark.skipif(not torch.cpu.get_capabilities().get("avx2"), reason="needs a processor with AVX2")
def test_a_program_that_is_to_compute_with_avx2_starts_anew_once_with_its_arguments():
    environment = {name: value for name, value in os.environ.items() if name not in AVX2}
    done = subprocess.run(
        [sys.executable, "-c", STARTED, "--debug"],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = "AVX2 (ATEN_CPU_CAPABILITY=avx2, MKL_CBWR=AVX2, ONEDNN_MAX_CPU_ISA=AVX2) --debug"
    assert done.stdout.splitlines() == ["started", "started", said]


def test_native_instructions_leave_the_program_alone(processor):
    processor("neon")
    compute_with("native")


def test_the_record_of_a_run_names_the_libraries_and_no_place_of_this_machine():
    libraries = math_libraries()
    assert any(name.startswith("openblas of ") for name in libraries)
    assert "/" not in "".join([*libraries, *libraries.values()])


def test_threads_auto_is_one_for_each_core_that_this_process_may_use(parameters, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert parameters(threads="auto").thread_count == 1
    assert parameters(threads=7).thread_count == 7


def test_a_checkpoint_of_another_number_of_threads_or_other_instructions_is_another(parameters, monkeypatch):
    def key():
        return training_key(describe_training(parameters(threads="auto"), Accelerator(cpu=True), "fp32"), [])

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    first = key()
    assert key() == first
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "of another machine")
    second = key()
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1000, 1001}, raising=False)
    assert len({first, second, key()}) == 3
