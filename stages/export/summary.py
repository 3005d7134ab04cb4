"""What the stage says of itself."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from stages.common.metrics.names import title


def describe_machine(threads: int) -> dict[str, Any]:
    """What times were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
        "onnxruntime": version("onnxruntime"),
    }


def outcome(summary: Mapping[str, Any], times: Mapping[str, Any], headline: str) -> str:
    """The closing line.

    Args:
        summary: What summary.json holds.
        times: How fast 8 bits are; empty where they were not timed.
        headline: The name of the task's headline metric.
    """
    float32, int8 = summary["float32"], summary["int8"]
    difference = float32["headline_difference"]["value"]
    parts = [
        f"on {summary['test_documents']:,} test documents ONNX differs from torch by at most "
        f"{float32['largest_logit_difference']:.1e} in a logit, {float32['flips']} answers and "
        f"{'nothing known' if difference is None else format(difference, '.4f')} in {title(headline)}"
    ]
    speed = f", {times['speed_up']:.2f} times as fast" if times else ""
    parts.append(f"8 bits are handed over{speed}" if int8["handed_over"] else f"no 8 bits: {int8['why_not']}{speed}")
    if "predict.py" in summary:
        alone = summary["predict.py"]
        rules = f", without {', '.join(alone['rules_left_out'])}" if alone["rules_left_out"] else ""
        parts.append(f"predict.py{rules} gives {alone['different_answers']} other answers to the texts as published")
    return "; ".join(parts)
