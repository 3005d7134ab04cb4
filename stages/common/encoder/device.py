"""Where a model computes, and that it computes the same each time."""

import torch


def choose_device(name: str) -> torch.device:
    """The device of this name; for ``auto`` CUDA where there is one, else MPS, else the processor.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        UserError: If this machine has no such device.
    """
    raise NotImplementedError


def compute_alike(seed: int, threads: int) -> None:
    """Seeds python, numpy and torch, and allows only algorithms that give the same bytes each time.

    Args:
        seed: The stage's seed.
        threads: How many threads torch computes with; their number changes the last digits of sums.
    """
    raise NotImplementedError
