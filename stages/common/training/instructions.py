"""Which of the processor's instructions torch and its libraries compute with, and how to hold them to fewer.

Each library chooses its code by what the processor can do, and wider instructions add up in another order: the last
digits of sums change, and with them the weights of a model. Held to AVX2, a training gave the same bytes on a
processor with AVX-512 as on one without (docs/decisions.md).
"""

import os
import sys

import torch

from stages.common.core.messages import UserError
from stages.common.training.parameters import Instructions

# What holds torch, MKL and oneDNN to AVX2. They read these when they are loaded.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

BF16 = ("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16")  # names of torch.cpu.get_capabilities; the last is ARM's
# Values of ONEDNN_MAX_CPU_ISA that leave bf16 instructions out: oneDNN's guide, "CPU Dispatcher Control"
WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")


def has_bf16() -> bool:
    """Whether products of bfloat16 matrices are computed with instructions for them on this processor."""
    able = torch.cpu.get_capabilities()
    return os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() not in WITHOUT_BF16 and any(map(able.get, BF16))


def instruction_set() -> str:
    """What torch computes with, such as ``AVX512 with bf16`` or ``AVX2``, and the variables that hold it to that."""
    pins = ", ".join(f"{name}={os.environ[name]}" for name in AVX2 if name in os.environ)
    name = torch.backends.cpu.get_cpu_capability() + (" with bf16" if has_bf16() else "")
    return f"{name} ({pins})" if pins else name


def compute_with(instructions: Instructions) -> None:
    """Starts this program anew with the variables that hold its libraries to these instructions, unless they are set.

    Args:
        instructions: ``native`` leaves all as it is.

    Raises:
        UserError: If the processor does not have them.
    """
    if instructions == "native" or AVX2.items() <= os.environ.items():
        return
    if not torch.cpu.get_capabilities().get("avx2"):
        raise UserError(
            "params.yaml: finetune.instructions: this processor has no AVX2 instructions.", "Set it to native."
        )
    os.environ.update(AVX2)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # it is this program, with its arguments as they were
