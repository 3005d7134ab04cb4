"""The annotate section of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.common.core.validation import Strict


class AnnotateParameters(Strict):
    """How several people's answers about a document become its label. Where documents have one label each, nothing.

    Attributes:
        seed: Of the choice of gold labels that are looked at, and of the bootstrap.
        method: How answers are weighed (docs/annotation.md): ``majority``, ``dawid_skene``, ``one_coin``, ``glad``,
            ``mace``; for numbers ``mean``, ``median``, ``bias_corrected``; or ``auto``: the one that agrees best with
            the gold labels that are looked at, and majority (for numbers the mean) where there are none.
        shrinkage: How many answers, for each label, all annotators together count for in the estimate of each one's
            confusion matrix (dawid_skene, one_coin); the more, the less annotators differ.
        number_shrinkage: How many answers they count for in the estimate of each one's bias and spread
            (bias_corrected).
        temper: Whether the probabilities of models become less sure where that predicts held-out answers better; no
            label changes.
        gold_share: The share of the documents with a gold label whose gold ``auto`` looks at. They are trained on, with
            that label, and never tested on.
        confidence: The least probability of its label with which a document counts as sure.
        unsure: What becomes of training documents that are not: ``keep`` trains on them, ``leave_out`` does not.
        functions: A Python file in catalog/functions whose functions answer, too; where it has any, a document that
            nobody answers about is not trained on. ``catalog/functions/none.py`` has none.
        bootstrap_samples: Resamples of the documents behind each interval of agreement.
    """

    seed: int = Field(default=1, ge=0)
    method: Literal[
        "auto", "majority", "dawid_skene", "one_coin", "glad", "mace", "mean", "median", "bias_corrected"
    ] = "auto"
    shrinkage: float = Field(default=2.0, gt=0)
    number_shrinkage: float = Field(default=20.0, gt=0)
    temper: bool = True
    gold_share: float = Field(default=0.1, ge=0.0, lt=1.0)
    confidence: float = Field(default=0.5, ge=0.0, le=1.0)
    unsure: Literal["keep", "leave_out"] = "keep"
    functions: str = "catalog/functions/none.py"
    bootstrap_samples: int = Field(default=1000, ge=100)
