"""What the encoder costs: its size, its speed, how long a document waits. Times differ from run to run."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from stages.common.model.scorer import Scorer
from stages.evaluate.inputs import MODEL


def measure_cost(scorer: Scorer, documents: pd.DataFrame, batches: Sequence[int]) -> dict[str, Any]:
    """Times the encoder on some documents, tokenising included, in batches of several sizes.

    Args:
        scorer: The fine-tuned encoder.
        documents: What is scored.
        batches: Documents a batch; 1 is always tried.

    Returns:
        The content of cost.json.
    """
    scorer.logits(documents[:1], "timing")  # the first call also allocates
    sizes = sorted({1, *(min(size, len(documents)) for size in batches)})
    tried = [_timed(size, documents, scorer) for size in sizes]
    device = scorer.model.device
    return {
        "parameters": sum(weights.numel() for weights in scorer.model.parameters()),
        "bytes_on_disk": sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "documents": len(documents),
        "latency_ms": tried[0]["latency_ms"],
        "best_batch": max(tried, key=lambda batch: batch["documents_per_second"]),
        "batches": tried,
    }


def _timed(size: int, documents: pd.DataFrame, scorer: Scorer) -> dict[str, Any]:
    """Times batches of one size; a batch's time is what each of its documents waits."""
    seconds = []
    for start in range(0, len(documents) - size + 1, size):
        batch = documents[start : start + size]
        begun = time.perf_counter()
        scorer.logits(batch, "timing")
        seconds.append(time.perf_counter() - begun)
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1_000
    return {
        "documents": size,
        "documents_per_second": round(size * len(seconds) / sum(seconds), 2),
        "latency_ms": {"p50": round(float(p50), 2), "p95": round(float(p95), 2)},
    }
