"""Where a model computes, and that it computes the same each time."""

import os
import random

import numpy as np
import torch

from stages.common.core.messages import UserError
from stages.common.model.spinning import sleep_when_busy


def choose_device(name: str) -> torch.device:
    """The device of this name; for ``auto`` CUDA where there is one, else MPS, else the processor.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        UserError: If this machine has no such device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if not present[name]:
        found = " and ".join(device for device, there in present.items() if there)
        raise UserError(f"The device {name!r} is not available; torch finds {found}.", "Use 'auto' or one of these.")
    return torch.device(name)


def compute_alike(seed: int, threads: int) -> None:
    """Seeds python, numpy and torch, and allows only algorithms that give the same bytes each time.

    Args:
        seed: The stage's seed, from 0 to 2**32 - 1.
        threads: How many threads torch computes with; their number changes the last digits of sums.
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # docs.nvidia.com/cuda/cublas: Results Reproducibility
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    if threads > 1:
        sleep_when_busy()
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # mypy misses it; saves time
    torch.backends.cudnn.benchmark = False
