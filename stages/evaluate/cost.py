"""What the encoder costs: its size, its speed, how long a document waits. Times differ from run to run."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

Scorer = Callable[[list[str]], object]


def measure_cost(
    model: PreTrainedModel, folder: Path, texts: Sequence[str], batches: Sequence[int], scored: Scorer
) -> dict[str, Any]:
    """Times the encoder on some texts, tokenising included, in batches of several sizes.

    Args:
        model: The encoder.
        folder: Where it is on the disk.
        texts: What is scored.
        batches: Documents a batch; 1 is always tried.
        scored: Scores the texts of one batch.

    Returns:
        The content of cost.json.
    """
    scored(list(texts[:1]))  # the first call also allocates
    tried = [_timed(size, texts, scored) for size in sorted({1, *(min(size, len(texts)) for size in batches)})]
    device = model.device
    return {
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "bytes_on_disk": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "documents": len(texts),
        "latency_ms": tried[0]["latency_ms"],
        "best_batch": max(tried, key=lambda batch: batch["documents_per_second"]),
        "batches": tried,
    }


def _timed(size: int, texts: Sequence[str], scored: Scorer) -> dict[str, Any]:
    """Times batches of one size; a batch's time is what each of its documents waits."""
    seconds = []
    for start in range(0, len(texts) - size + 1, size):
        begun = time.perf_counter()
        scored(list(texts[start : start + size]))
        seconds.append(time.perf_counter() - begun)
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1_000
    return {
        "documents": size,
        "documents_per_second": round(size * len(seconds) / sum(seconds), 2),
        "latency_ms": {"p50": round(float(p50), 2), "p95": round(float(p95), 2)},
    }
