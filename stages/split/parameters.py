"""The section of params.yaml that the stage reads."""

from typing import Self

from pydantic import Field, model_validator

from stages.common.validation import Strict


class SplitParameters(Strict):
    """How the documents are divided. A split that the publisher fixed is taken as it is; its share does not apply.

    Attributes:
        seed: Seed of all random choices.
        validation: Share of the documents that choose hyperparameters; of the training documents where the publisher
            fixed the test split.
        test: Share of the documents that the result is measured on.
        augmented: Share of the variants of training documents that is trained on. A higher share contains a lower one.
        train_per_class: Training documents of each class, at most; null takes all. A higher number contains a lower
            one.
    """

    seed: int = Field(ge=0)
    validation: float = Field(gt=0.0, lt=1.0)
    test: float = Field(gt=0.0, lt=1.0)
    augmented: float = Field(ge=0.0, le=1.0)
    train_per_class: int | None = Field(ge=1)

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            parts = f"validation ({self.validation:g}) and test ({self.test:g})"
            raise ValueError(f"{parts} must sum to less than 1, for the rest is trained on")
        return self
