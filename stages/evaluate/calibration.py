"""What calibration.json and calibration.csv say: how well probabilities fit, before and after the temperature."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from stages.common.metrics.calibration import CALIBRATION
from stages.common.metrics.counts import Floats
from stages.common.metrics.intervals import Estimate
from stages.common.model.answers import probabilities
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits

NO_TEMPERATURE = (
    "the model's record has no temperature: none could be fitted on the validation documents, or it did not lower the "
    "log loss of those that it was not fitted on"
)


def versions(logits: Logits, inference: Inference) -> dict[str, Floats]:
    """The encoder's probabilities before its temperature, and after it where its record has one."""
    plain = inference.model_copy(update={"temperature": None})
    before = {"before": probabilities(logits, plain)}
    return before | ({"after": probabilities(logits, inference)} if inference.temperature else {})


def summarise_calibration(
    probability: dict[str, Floats], inference: Inference, bins: int, measure: Callable[[Floats], dict[str, Any]]
) -> dict[str, Any]:
    """What calibration.json holds.

    Args:
        probability: What :func:`versions` gives.
        inference: The model's record.
        bins: How many bins the calibration errors have.
        measure: From probabilities to their calibration metrics.
    """
    reason = {} if inference.temperature else {"reason": NO_TEMPERATURE}
    measured = {name: measure(each) for name, each in probability.items()}
    return {"temperature": inference.temperature, **reason, "bins": bins, **{"after": None, **measured}}


def no_calibration(reason: str | None, bins: int) -> dict[str, Any]:
    """What calibration.json holds where there are no probabilities to look at."""
    nothing = Estimate(None, reason=reason).as_json()
    return {
        "temperature": None,
        "reason": reason,
        "bins": bins,
        "before": dict.fromkeys(CALIBRATION, nothing),
        "after": None,
    }


def diagrams(probability: dict[str, Floats], diagram: Callable[[Floats], pd.DataFrame]) -> pd.DataFrame:
    """The reliability diagrams of both versions, one below the other."""
    return pd.concat([diagram(each).assign(version=name) for name, each in probability.items()], ignore_index=True)
