"""How the best epoch is found: a training's validation, and which of its metrics decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Metrics = dict[str, float]
Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Validation:
    """The validation of a model as it is, after each epoch.

    Attributes:
        run: Gives the metrics by name, the ``loss`` among them, and the logits they were made from, float32,
            [documents or words, outputs].
        headline: The metric that the best epoch is chosen by.
        higher_is_better: Whether more of it is better.
        curves: The metrics that are recorded after each epoch.
        keeps_last: Whether the last epoch counts as the best one, whatever its metrics.
    """

    run: Callable[[], tuple[Metrics, Logits]]
    headline: str
    higher_is_better: bool
    curves: Sequence[str]
    keeps_last: bool = False

    def best_epoch(self, history: Sequence[Metrics]) -> int:
        """The epoch with the best headline metric, the earliest of equals, from 1; 0 before there is one."""
        if self.keeps_last:
            return len(history)
        sign = 1 if self.higher_is_better else -1
        return 1 + max(range(len(history)), key=lambda past: sign * history[past][self.headline], default=-1)
