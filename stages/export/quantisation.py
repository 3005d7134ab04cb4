"""Weights of 8 bits: made, and handed over only if they are accurate enough and fast enough."""

import logging
import statistics
import time
from pathlib import Path
from typing import Any

import pandas as pd
from onnxruntime.quantization import QuantType, quantize_dynamic

from stages.common.metrics.names import METRICS, title
from stages.common.model.exported import FLOAT32, INT8, load_exported
from stages.common.tasks import Task
from stages.export.parameters import ExportParameters
from stages.export.parity import Parity

ROUNDS = 3  # in which float32 and 8 bits take turns


def quantise(folder: Path) -> None:
    """Writes a model's matrices with 8 bits a weight and one scale a column; activations get theirs batch by batch.

    One scale for a whole matrix costs more: a few columns of an encoder's matrices are many times as large as others.
    The table of word embeddings, which is looked up and not multiplied, stays as it is.

    Args:
        folder: The exported folder.
    """
    logging.disable(logging.WARNING)  # it recommends a preparation that changes nothing here
    try:
        quantize_dynamic(
            folder / FLOAT32,
            folder / INT8,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
        )
    finally:
        logging.disable(logging.NOTSET)


def too_inaccurate(parity: Parity, task: Task, tolerance: float) -> str:
    """In words, why 8 bits are not accurate enough; empty if they are.

    Args:
        parity: 8 bits beside the fine-tuned model.
        task: The model's task.
        tolerance: What they may cost of the headline metric.
    """
    estimate = parity.headline.estimate
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return f"what it costs is not known: {estimate.reason}"
    loss = -estimate.low if METRICS[task.headline].higher_is_better else estimate.high
    if loss <= tolerance:
        return ""
    return (
        f"{title(task.headline)} may be worse by {loss:.4f}, which is more than {tolerance:g} (difference "
        f"{estimate.value:+.4f}, {estimate.low:+.4f} to {estimate.high:+.4f}; {len(parity.flips)} answers flip)"
    )


def time_both(folder: Path, documents: pd.DataFrame, parameters: ExportParameters) -> dict[str, Any]:
    """How many times as fast as float32 8 bits are, in alternating rounds. Times differ from run to run.

    Only one of the two is loaded at a time: the waiting threads of one would slow the other down.

    Returns:
        ``speed_up``, the median over the rounds, and ``documents_per_second`` of both in each round.
    """
    rates: dict[str, list[float]] = {FLOAT32: [], INT8: []}
    for _ in range(ROUNDS):
        for file, each in rates.items():
            scorer = load_exported(folder, parameters.threads, file)
            scorer.logits(documents[:2], "warm up")
            begun = time.perf_counter()
            scorer.logits(documents, "timing")
            each.append(len(documents) / (time.perf_counter() - begun))
            del scorer
    ratios = [eight / full for full, eight in zip(rates[FLOAT32], rates[INT8], strict=True)]
    listed = {name: [round(rate, 1) for rate in each] for name, each in rates.items()}
    return {"speed_up": round(statistics.median(ratios), 3), "documents_per_second": listed}
