"""The sections of params.yaml that the stage reads."""

from typing import Annotated, Literal

from pydantic import Field

from stages.common.core.validation import Strict

Penalty = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BaselineParameters(Strict):
    """TF-IDF with a linear model, the plain method that the encoder is compared with.

    Attributes:
        ngram_max: The longest sequence of words that is one feature; the shortest is a single word.
        min_df: Documents of the training split that must hold a feature for it to count.
        sublinear_tf: Whether a term's frequency f counts as 1 + ln f.
        c: Inverse strengths of the L2 penalty to try; the one that does best on validation is taken.
        max_iterations: Steps of the solver (L-BFGS), at most; the frozen encoder's too.
    """

    ngram_max: int = Field(ge=1, le=5)
    min_df: int = Field(ge=1)
    sublinear_tf: bool
    c: list[Penalty] = Field(min_length=1)
    max_iterations: int = Field(ge=1)


class FrozenParameters(Strict):
    """The pretrained encoder's embeddings with logistic regression.

    Attributes:
        enabled: Whether this is tested too.
        documents: Training documents that are embedded, at most, the classes in turn; as many of validation.
        max_length: Tokens after which a text is cut before it is embedded.
        c: Inverse strengths of the L2 penalty to try.
    """

    enabled: bool
    documents: int = Field(ge=10)
    max_length: int = Field(ge=4)
    c: list[Penalty] = Field(min_length=1)


class CalibrationParameters(Strict):
    """How it is shown whether probabilities, or numbers, fit.

    Attributes:
        bins: Bins of the calibration error and of the reliability diagram; of predicted numbers, quantiles.
    """

    bins: int = Field(ge=1, le=100)


class RobustnessParameters(Strict):
    """How the test texts are perturbed.

    Attributes:
        enabled: Whether they are.
        documents: Test documents that are perturbed in every way, at most; each way scores all of them again.
    """

    enabled: bool
    documents: int = Field(ge=1)


class CostParameters(Strict):
    """How the encoder is timed.

    Attributes:
        documents: Test documents that are scored for each batch size.
        batches: Documents a batch that are tried, beside 1.
    """

    documents: int = Field(ge=1)
    batches: list[Annotated[int, Field(ge=1)]]


class EvaluateParameters(Strict):
    """How the finetuned encoder is tested.

    Attributes:
        seed: Seed of the bootstrap, of the perturbations and of the choice of documents.
        bootstrap_samples: Resamples of the test documents behind each interval.
        confidence: The share of the resamples that an interval covers.
        device: Where the encoder runs; auto takes CUDA, else MPS, else the processor.
        threads: Processor threads that torch uses.
        listed: Documents in errors.csv, at most.
        baseline: The baseline's settings.
        frozen: The frozen encoder's settings.
        calibration: Of the calibration error.
        robustness: Of the perturbations.
        cost: Of the timing.
    """

    seed: int = Field(ge=0, lt=2**32)
    bootstrap_samples: int = Field(ge=100)
    confidence: float = Field(gt=0.5, lt=1.0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)
    listed: int = Field(ge=1)
    baseline: BaselineParameters
    frozen: FrozenParameters
    calibration: CalibrationParameters
    robustness: RobustnessParameters
    cost: CostParameters
