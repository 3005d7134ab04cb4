"""What the stage says it did."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.documents.table import NO_VARIANTS
from stages.common.training.examples import Examples
from stages.common.training.loop import Outcome
from stages.common.training.methods import Method
from stages.common.training.selection import Validation
from stages.finetune.parameters import Finetune

UNKNOWN_TOO_MANY = 0.05  # share of unknown tokens; sound texts in a model's language have next to none


def warn_of_unknown(share: float) -> None:
    """Says before the training that the tokenizer does not know much of the texts, if so."""
    if share >= UNKNOWN_TOO_MANY:
        closing_line(
            "finetune",
            f"warning: {share:.0%} of the tokens of the training documents are unknown to the model's tokenizer: the "
            "model cannot tell them apart. Choose a model for the language and the script of the texts.",
        )


def summarise(
    outcome: Outcome,
    training: pd.DataFrame,
    examples: Examples,
    validation: pd.DataFrame,
    method: Method,
    unknown: float,
    parameters: Finetune,
) -> dict[str, Any]:
    """What ``summary.json`` holds: the same in every run of the same parameters on the same machine.

    Args:
        outcome: Of the training.
        training: The training documents.
        examples: What was made of them.
        validation: The validation documents.
        method: How the model was trained.
        unknown: The share of the training documents' tokens that the tokenizer does not know.
        parameters: How it was trained, with a method.
    """
    without_tokens = training["id"].iloc[examples.left_out].tolist()
    return {
        "method": parameters.method,
        "validation": outcome.best,
        "best_epoch": outcome.best_epoch,
        **({"keeps_last": True} if parameters.keeps_last else {}),
        "epochs_run": outcome.epochs,
        "steps": outcome.steps,
        "training_rows": len(training),
        "augmented_training_rows": int((~training["method"].isin(NO_VARIANTS)).sum()),
        **({"training_rows_without_tokens": without_tokens} if without_tokens else {}),
        "validation_rows": len(validation),
        **({"layers": parameters.layers, "parameters": method.parameters} if parameters.layers else {}),
        "trainable_parameters": method.trainable,
        "trainable_share": method.trainable / method.parameters,
        "real_tokens": outcome.real_tokens,
        "computed_tokens": outcome.computed_tokens,
        "real_share": outcome.real_tokens / outcome.computed_tokens,
        "unknown_share": unknown,
    }


def headline(outcome: Outcome, selection: Validation) -> dict[str, dict[str, float]]:
    """What ``headline.json``, a DVC metric, holds: few enough metrics for a line of ``dvc exp show``."""
    return {"val": {name: outcome.best[name] for name in dict.fromkeys([selection.headline, "loss"])}}


def report(
    outcome: Outcome, environment: Mapping[str, Any], selection: Validation, without_tokens: Sequence[str]
) -> None:
    """Says in one line what was trained and how well it does."""
    left_out = (
        f"; {len(without_tokens):,} training documents were left out, since the tokenizer makes no token of them, "
        f"such as {without_tokens[0]!r}"
        if without_tokens
        else ""
    )
    shown = dict.fromkeys([selection.headline, *selection.curves])
    listed = ", ".join(f"{name} {outcome.best[name]:.4f}" for name in shown)
    closing_line(
        "finetune",
        f"validation {listed} "
        f"after epoch {outcome.best_epoch} of {outcome.epochs}; {outcome.computed_tokens:,} tokens, "
        f"{outcome.real_tokens / outcome.computed_tokens:.1%} of them real, {environment['tokens_per_second']:,.0f} "
        f"a second on {environment['device']} ({environment['precision']}){left_out}",
    )
