"""The section ``finetune`` of params.yaml."""

from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from stages.common.core.validation import Strict
from stages.common.model.tokenising import Truncation
from stages.common.training.parameters import TrainingParameters

FEW = 32  # documents of a label, at most, with which method auto is contrastive


class Contrastive(Strict):
    """Method contrastive: what is compared, and how.

    Attributes:
        loss: ``cosine`` (documents with one label are to have the cosine 1, others 0) or ``supervised`` (a document is
            to be likest to those with its label; Khosla et al. 2020).
        pairs: In how many pairs of an epoch a document is, on average, at most.
        temperature: What the loss supervised divides cosines by.
    """

    loss: Literal["cosine", "supervised"] = "supervised"
    pairs: int = Field(default=20, ge=1)
    temperature: float = Field(default=0.1, gt=0, allow_inf_nan=False)


class Unlabelled(Strict):
    """What is learnt from data/unlabelled (``split.unlabelled``), by the labels that the trained model gives its texts.

    Attributes:
        method: ``none``; ``self_training`` (another model learns the texts themselves with these labels),
            ``consistency`` (it learns variants of the texts from augment's pool, each with the label of its origin) or
            ``both``.
        mixture: Whether the labels that the model gives are first made better by a mixture of Gaussians over how it
            sees the texts (docs/finetuning.md).
        rounds: How often; each round labels the texts with the model of the round before.
        share: Of the texts that the model gives one label, how much is learnt, the surest first; it is the same for
            all labels.
        epochs: Passes of each round over the texts.
        learning_rate: The largest of each round.
        most_drift: How far the labels that the model gives may be distributed otherwise than those of the training
            documents (total variation distance); beyond it, or if the validation documents say that a round did harm,
            the model that was trained with labels alone is kept.
    """

    method: Literal["none", "self_training", "consistency", "both"] = "none"
    mixture: bool = True
    rounds: int = Field(default=1, ge=1, le=100)
    share: float = Field(default=0.75, gt=0, le=1)
    epochs: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1.0e-4, gt=0, le=1, allow_inf_nan=False)
    most_drift: float = Field(default=0.2, ge=0, le=1)


class Distil(Strict):
    """Method distil: a model is trained with all layers, the teacher; then one with ``layers`` learns its answers.

    Attributes:
        teacher: The method by which the teacher is trained, with the other settings of this section.
        epochs: Passes of the student over the training documents and the texts without a label.
        learning_rate: The student's largest.
        temperature: What the teacher's and the student's logits are divided by before they are compared (Hinton et al.
            2015); the higher, the more the differences between unlikely labels count. Of no effect on numbers.
        labels: How much a document's own label counts beside the teacher's answer, which counts the rest.
    """

    teacher: Literal["auto", "full", "frozen", "head", "lora", "dora", "adalora", "ia3", "contrastive"] = "auto"
    epochs: int = Field(default=6, ge=1)
    learning_rate: float = Field(default=2.0e-4, gt=0, le=1, allow_inf_nan=False)
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    labels: float = Field(default=0.0, ge=0, le=1)


class Finetune(TrainingParameters):
    """How the encoder is trained, and what it learns from a document.

    Attributes:
        layers: The encoder's layers that the model has, counted from 1, such as [1, 3, 5]; the others are left out. If
            empty, all, and with method distil every second one, the first among them.
        truncation: What is kept of a document longer than max_length: its ``head``, its ``tail``, ``head+tail`` (1/4,
            3/4), or all of it in ``windows``, whose logits are averaged. Tagged sentences are always kept whole.
        window_overlap: The share of a window that the next one repeats.
        label_smoothing: The share of a label's weight that is spread over all labels.
        class_weights: Whether rare labels count more: by the inverse of how often they occur.
        soft_labels: Whether a document about which several people answered counts for each label as much as the answers
            make it likely; else it counts for the likeliest label only.
        contrastive: Of the comparison.
        distil: Of the student.
        unlabelled: What is learnt from texts without a label.
        keep: Whose weights are kept: those of the ``best`` epoch by the validation documents, or of the ``last``; then
            validation labels decide nothing, and no temperature is fitted on them. ``auto`` is the last with method
            contrastive, since validation documents with labels may be many more than training ones; else the best.
        r_drop: Weight of the divergence between two passes with other dropout (Liang et al. 2021); 0 for one pass.
    """

    layers: list[Annotated[int, Field(ge=1)]] = Field(default=[])
    truncation: Truncation
    window_overlap: float = Field(ge=0, le=0.9)
    label_smoothing: float = Field(ge=0, lt=1)
    class_weights: Literal["none", "balanced"]
    soft_labels: bool = False
    contrastive: Contrastive = Contrastive()
    distil: Distil = Distil()
    unlabelled: Unlabelled = Unlabelled()
    keep: Literal["auto", "best", "last"] = "best"
    r_drop: float = Field(ge=0, allow_inf_nan=False)

    @field_validator("layers")
    @classmethod
    def _each_once_and_rising(cls, layers: list[int]) -> list[int]:
        if any(higher <= lower for lower, higher in pairwise(layers)):
            raise ValueError("name each layer once, the lowest first")
        return layers

    @property
    def first(self) -> "Finetune":
        """Those of the model that is trained first: of the teacher, where there is one."""
        return (
            self if self.method != "distil" else self.model_copy(update={"method": self.distil.teacher, "layers": []})
        )

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch is kept, whatever the validation documents say."""
        return self.keep == "last" or (self.keep == "auto" and self.first.method == "contrastive")

    def settled(self, labels: npt.NDArray[np.int64] | None) -> "Finetune":
        """The parameters with a method, where it is auto.

        Args:
            labels: The one label of each training document that is no variant, an index; None where documents have not
                one label each.
        """
        if self.first.method != "auto":
            return self
        few = labels is not None and np.bincount(labels).max() <= FEW
        method: Literal["contrastive", "full"] = "contrastive" if few else "full"
        if self.method == "distil":
            return self.model_copy(update={"distil": self.distil.model_copy(update={"teacher": method})})
        return self.model_copy(update={"method": method})

    def after(self, epochs: int, learning_rate: float, **changes: Any) -> "Finetune":
        """Those of a training by method full after the first one, which goes by the same validation.

        Args:
            epochs: Passes over what it learns.
            learning_rate: The largest.
            **changes: What else differs.
        """
        method = "full" if self.first.method == "contrastive" else self.first.method
        keep = "last" if self.keeps_last else "best"
        settings = {"method": method, "epochs": epochs, "learning_rate": learning_rate, "keep": keep, **changes}
        return self.first.model_copy(update=settings)
