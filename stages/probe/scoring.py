"""What the model answers to all texts of all suites, in one pass, in the form that probes compare."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.metrics.counts import Counts, Floats
from stages.common.model.answers import chosen_labels, probabilities
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits, Scorer
from stages.common.tasks import task_of

WITHOUT = -1  # in place of a kind of answer: there is none


@dataclass(frozen=True)
class Answers:
    """What the model answers to some texts.

    Attributes:
        scores: The probability of each label, [texts, labels]; of a number, how many standard deviations of the
            training documents it lies from their mean, [texts, 1].
        given: Which labels each text is given, [texts, labels]; none where the answer is a number, or there is none.
        kinds: The same as one number for each label or set of labels, [texts]; :data:`WITHOUT` where there is none.
        labels: The names of the columns.
    """

    scores: Floats
    given: npt.NDArray[np.bool_]
    kinds: Counts
    labels: list[str]

    def at(self, rows: slice) -> "Answers":
        """Those of some texts."""
        return Answers(self.scores[rows], self.given[rows], self.kinds[rows], self.labels)


def answer_texts(scorer: Scorer, documents: pd.DataFrame) -> Answers:
    """Answers all texts in one pass.

    Args:
        scorer: The model; one that has one row of outputs a document.
        documents: With the columns that its task reads.
    """
    return answers_of(np.asarray(scorer.logits(documents, "Probing")), scorer.inference)


def answers_of(logits: Logits, inference: Inference) -> Answers:
    """The answers that logits give, [texts, outputs]."""
    answer = task_of(inference).answer
    labels = list(inference.outputs)
    silent = np.asarray(~np.isfinite(logits).all(axis=1))
    without = np.full(len(logits), WITHOUT, dtype=np.int64)
    if answer == "value":
        scores = np.where(silent[:, None], 0.0, logits.astype(np.float64))
        return Answers(scores, np.zeros(scores.shape, dtype=bool), without, labels)
    scores = np.nan_to_num(probabilities(logits, inference))
    if answer == "labels":
        given = chosen_labels(scores, inference)
    else:
        given = np.eye(scores.shape[1], dtype=bool)[scores.argmax(axis=1)]
    _, kinds = np.unique(given, axis=0, return_inverse=True)
    return Answers(
        scores, np.where(silent[:, None], False, given), np.where(silent, without, kinds.reshape(-1)), labels
    )
