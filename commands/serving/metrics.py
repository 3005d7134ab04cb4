"""Counts what the service does, and writes it as Prometheus reads it.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4).
"""

import resource
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

PREFIX = "plumbline"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
STATM = Path("/proc/self/statm")


class Histogram:
    """How many values were at most so large.

    Args:
        bounds: Of the buckets, rising.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.counts = bounds, [0] * len(bounds)
        self.sum, self.count = 0.0, 0

    def add(self, value: float) -> None:
        """Counts a value."""
        self.sum += value
        self.count += 1
        for place, bound in enumerate(self.bounds):
            self.counts[place] += value <= bound

    def lines(self, name: str) -> list[str]:
        """Its lines."""
        buckets = [*zip(map(_number, self.bounds), self.counts, strict=True), ("+Inf", self.count)]
        each = [f'{name}_bucket{{le="{bound}"}} {count}' for bound, count in buckets]
        return [*each, f"{name}_sum {_number(self.sum)}", f"{name}_count {self.count}"]


class Metrics:
    """What is counted; only the event loop changes it.

    Args:
        model: What is known of the model, such as its hash; its values may be any text.
    """

    def __init__(self, model: Mapping[str, str]) -> None:
        self.model = dict(model)
        self.requests: Counter[tuple[str, int]] = Counter()
        self.texts = 0
        self.seconds = Histogram(SECONDS)
        self.batch_texts = Histogram(SIZES)
        self.batch_seconds = Histogram(SECONDS)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of it as Prometheus reads it.

        Args:
            gauges: What is so now, by name: what it is, and its value.
        """
        requests = [
            f'{PREFIX}_requests_total{{path="{_escaped(path)}",status="{status}"}} {count}'
            for (path, status), count in sorted(self.requests.items())
        ]
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in self.model.items())
        parts: list[tuple[str, str, str, Histogram | list[str]]] = [
            ("requests_total", "counter", "Requests by their status", requests),
            ("texts_total", "counter", "Texts answered", [f"{PREFIX}_texts_total {self.texts}"]),
            ("request_seconds", "histogram", "From a request to its answer", self.seconds),
            ("batch_texts", "histogram", "Texts that were computed at once", self.batch_texts),
            ("batch_seconds", "histogram", "What that took", self.batch_seconds),
            ("model_info", "gauge", "The model that answers", [f"{PREFIX}_model_info{{{labels}}} 1"]),
            *((name, "gauge", what, [f"{PREFIX}_{name} {_number(value)}"]) for name, (what, value) in gauges.items()),
        ]
        lines = []
        for name, kind, what, content in parts:
            lines += [f"# HELP {PREFIX}_{name} {what}.", f"# TYPE {PREFIX}_{name} {kind}"]
            lines += content.lines(f"{PREFIX}_{name}") if isinstance(content, Histogram) else content
        return "\n".join(lines) + "\n"


def resident_bytes() -> int:
    """The memory that this process holds now, in bytes; where Linux does not tell, the most that it held."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
