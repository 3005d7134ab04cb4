"""The section of params.yaml that the stage reads."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.common.core.validation import Strict


class BalanceParameters(Strict):
    """How many rows of each class are trained on.

    Attributes:
        method: ``none``, ``oversample`` (repeat documents of small classes), ``fill`` (admit more variants of them) or
            ``undersample`` (leave rows of large classes out).
        counts: Rows that a class is to have, such as {sport: 200}; a class that is not named stays as it is. Null
            brings all classes to the size of the largest one, or of the smallest one where rows are left out.
    """

    method: Literal["none", "oversample", "undersample", "fill"] = "none"
    counts: dict[str, Annotated[int, Field(ge=1)]] | None = None

    @model_validator(mode="after")
    def _counts_are_for_a_method(self) -> Self:
        if self.method == "none" and self.counts is not None:
            raise ValueError("counts need a method: oversample, undersample or fill")
        return self


class SplitParameters(Strict):
    """How the documents are divided. A split that the publisher fixed is taken as it is: its share does not apply.

    Attributes:
        seed: Of all random choices; a document's place depends on it and on the names of its class's groups.
        validation: Share of the documents that choose hyperparameters; of the training documents where the publisher
            fixed the test split.
        test: Share of the documents that the result is measured on; what validation and test leave is trained on.
        augmented: Share of the variants of training documents that is trained on. A higher share contains a lower one.
        train_per_class: Training documents of each class, at most; null takes all. A higher number contains a lower
            one. Documents with several labels are of one class if all of these are the same; those with a number, if
            it lies in the same fifth.
        unlabelled: Whether ``data/unlabelled`` is filled: with documents that the dataset's entry gives no label, with
            training documents that train_per_class leaves out, and with the variants of both, but with nothing that is,
            or nearly is, a validation or test document.
        label_texts: Texts of the labels themselves that are trained on too, each with its label: ``none``, their
            ``names``, or their names and ``definitions`` in the dataset's entry. They help where documents are few.
        balance: How the classes of the training rows are brought to one size, after all of the above.
    """

    seed: int = Field(ge=0)
    validation: float = Field(gt=0.0, lt=1.0)
    test: float = Field(gt=0.0, lt=1.0)
    augmented: float = Field(default=0.0, ge=0.0, le=1.0)
    train_per_class: int | None = Field(default=None, ge=1)
    unlabelled: bool = False
    label_texts: Literal["none", "names", "definitions"] = "none"
    balance: BalanceParameters = BalanceParameters()

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            parts = f"validation ({self.validation:g}) and test ({self.test:g})"
            raise ValueError(f"{parts} must sum to less than 1, for the rest is trained on")
        return self
