"""What can be set about the models of annotators."""

from pydantic import Field

from stages.common.core.validation import Strict


class Settings(Strict):
    """How answers are aggregated.

    Attributes:
        shrinkage: How many answers of their own, for each true class, the confusion matrix of all annotators together
            counts for in the estimate of each annotator's; for Dawid-Skene and its one-coin form.
        number_shrinkage: How many answers no bias and the variance of all annotators together count for in the estimate
            of each annotator's bias and variance; for numbers.
        iterations: Steps of expectation-maximisation, at most.
        tolerance: It stops when no probability of an item changes by more than this; 0 takes all steps.
        temper: Make posteriors less sure where that predicts held-out answers better; no label changes.
        never_overturn_unanimous: Leave an item its label where all answers about it are the same; for answers of
            labelling functions.
    """

    shrinkage: float = Field(default=2.0, gt=0)
    number_shrinkage: float = Field(default=20.0, gt=0)
    iterations: int = Field(default=300, ge=1)
    tolerance: float = Field(default=1e-4, ge=0)
    temper: bool = True
    never_overturn_unanimous: bool = False
