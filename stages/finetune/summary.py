"""What the stage says it did."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.documents.table import ORIGINAL, OVERSAMPLED
from stages.common.training.loop import Outcome
from stages.common.training.methods import Method
from stages.common.training.selection import Validation


def summarise(outcome: Outcome, training: pd.DataFrame, validation: pd.DataFrame, method: Method) -> dict[str, Any]:
    """What ``summary.json`` holds: the same in every run of the same parameters on the same machine."""
    return {
        "validation": outcome.best,
        "best_epoch": outcome.best_epoch,
        "epochs_run": outcome.epochs,
        "steps": outcome.steps,
        "training_rows": len(training),
        "augmented_training_rows": int((~training["method"].isin([ORIGINAL, OVERSAMPLED])).sum()),
        "validation_rows": len(validation),
        "trainable_parameters": method.trainable,
        "trainable_share": method.trainable / method.parameters,
        "real_tokens": outcome.real_tokens,
        "computed_tokens": outcome.computed_tokens,
        "real_share": outcome.real_tokens / outcome.computed_tokens,
    }


def report(outcome: Outcome, environment: Mapping[str, Any], selection: Validation) -> None:
    """Says in one line what was trained and how well it does."""
    shown = dict.fromkeys([selection.headline, *selection.curves])
    listed = ", ".join(f"{name} {outcome.best[name]:.4f}" for name in shown)
    closing_line(
        "finetune",
        f"validation {listed} "
        f"after epoch {outcome.best_epoch} of {outcome.epochs}; {outcome.computed_tokens:,} tokens, "
        f"{outcome.real_tokens / outcome.computed_tokens:.1%} of them real, {environment['tokens_per_second']:,.0f} "
        f"a second on {environment['device']} ({environment['precision']})",
    )
