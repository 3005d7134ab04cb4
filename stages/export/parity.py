"""Whether an exported model answers as the fine-tuned one does: logits, answers, and the headline metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.common.core.messages import UserError
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.significance import Difference, compare
from stages.common.model.answers import answer_logits
from stages.common.model.scorer import Logits, Scorer
from stages.common.tasks import task_of
from stages.export.measures import headline_metric

LARGEST = 1e-3  # difference of a float32 logit from torch's; those of sound exports are a hundred times smaller
LENGTHS = (16, 64)  # tokens, beside those of the model's own record
BATCHES = (1, 8)  # documents of full length a batch


@dataclass(frozen=True)
class Parity:
    """An exported model beside the fine-tuned one, on the same documents.

    Attributes:
        largest: The largest difference of a logit.
        flips: The documents whose answers differ: id, torch, exported and margin (between torch's two likeliest
            outputs, in logits; of the closest word where words are tagged). Empty where answers are numbers.
        headline: The exported model's headline metric minus the fine-tuned one's.
    """

    largest: float
    flips: pd.DataFrame
    headline: Difference

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file."""
        return {
            "largest_logit_difference": self.largest,
            "flips": len(self.flips),
            "headline_difference": self.headline.as_json(),
        }


def compare_answers(
    documents: pd.DataFrame,
    logits: Logits | list[Logits],
    exported: Logits | list[Logits],
    scorer: Scorer,
    bootstrap: Bootstrap,
) -> Parity:
    """Compares what both answer.

    Args:
        documents: With what is true of them.
        logits: Those of the fine-tuned model.
        exported: Those of the exported one.
        scorer: The fine-tuned model.
        bootstrap: Resamples the documents.
    """
    task, inference = task_of(scorer.inference), scorer.inference
    one, other = (bootstrap.apply(headline_metric(documents, each, inference)) for each in (exported, logits))
    flips = _flips(documents["id"].tolist(), logits, exported, scorer)
    return Parity(largest_difference(logits, exported), flips, compare(task.headline, one, other, bootstrap))


def compare_shapes(documents: pd.DataFrame, scorer: Scorer, exported: Scorer) -> pd.DataFrame:
    """Compares logits for several lengths and sizes of batches.

    Args:
        documents: What is scored, cut at each length as the model's record says.
        scorer: The fine-tuned model.
        exported: The exported one.

    Returns:
        Columns tokens, documents a batch and largest_logit_difference.
    """
    own = scorer.inference.max_length
    rows = []
    for length in sorted({own, *(length for length in LENGTHS if length < own)}):
        for batch in BATCHES:
            cut = {"max_length": length, "batch_tokens": length * batch}
            both = [
                Scorer(each.model, each.tokenizer, each.inference.model_copy(update=cut)).logits(documents, "shapes")
                for each in (scorer, exported)
            ]
            rows.append({"tokens": length, "documents_a_batch": batch, "difference": largest_difference(*both)})
    return pd.DataFrame(rows)


def check_parity(largest: float) -> None:
    """Makes sure that float32 differs from torch by rounding alone.

    Raises:
        UserError: If it does not.
    """
    if not largest <= LARGEST:
        raise UserError(
            f"the exported model's logits differ from torch's by up to {largest:.3g}, more than {LARGEST:g}: it is not "
            "the model that was trained.",
            "Use another model, or leave the stage out: `dvc repro evaluate`.",
        )


def largest_difference(one: Logits | list[Logits], other: Logits | list[Logits]) -> float:
    """The largest difference of a logit of the same document; NaN where one is not finite."""
    return max(
        (float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in zip(one, other, strict=True) if np.size(a)),
        default=0.0,
    )


def _flips(
    ids: Sequence[str], logits: Logits | list[Logits], exported: Logits | list[Logits], scorer: Scorer
) -> pd.DataFrame:
    task, inference = task_of(scorer.inference), scorer.inference
    rows = []
    if task.answer != "value":
        both = (answer_logits(each, inference)[task.target] for each in (logits, exported))
        for ident, own, one, other in zip(ids, logits, *both, strict=True):
            if one != other:
                rows.append({"id": ident, "torch": _said(one), "exported": _said(other), "margin": _margin(own)})
    return pd.DataFrame(rows, columns=["id", "torch", "exported", "margin"]).sort_values("id", ignore_index=True)


def _said(answer: Any) -> str:
    return answer if isinstance(answer, str) else " ".join(answer or [])


def _margin(logits: Logits) -> float:
    """How much likelier the likeliest output is than the next, in logits; the smallest of several words."""
    first, second = np.sort(np.atleast_2d(logits), axis=1)[:, :-3:-1].T
    return float((first - second).min())
