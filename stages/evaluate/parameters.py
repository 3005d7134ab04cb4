"""The sections of params.yaml that the stage reads."""

from typing import Literal

from pydantic import Field

from stages.common.validation import Strict


class BaselineParameters(Strict):
    """TF-IDF with logistic regression, the plain method that the encoder is held against.

    Attributes:
        ngram_max: The longest sequence of words that is one feature; the shortest is a single word.
        min_df: Documents of the training split that must hold a feature for it to count.
        sublinear_tf: Whether a term's frequency f counts as 1 + ln f.
        c: Inverse strengths of the L2 penalty to try; the one with the best validation macro F1 is taken.
        max_iterations: Steps of the solver (L-BFGS), at most.
    """

    ngram_max: int = Field(ge=1, le=5)
    min_df: int = Field(ge=1)
    sublinear_tf: bool
    c: list[float] = Field(min_length=1)
    max_iterations: int = Field(ge=1)


class EvaluateParameters(Strict):
    """How the finetuned encoder is tested.

    Attributes:
        seed: Seed of the bootstrap.
        bootstrap_samples: Resamples of the test documents behind each interval.
        confidence: The share of the resamples that an interval covers.
        device: Where the encoder runs; auto takes CUDA, else MPS, else the processor.
        threads: Processor threads that torch uses.
        baseline: The baseline's settings.
    """

    seed: int = Field(ge=0, lt=2**32)
    bootstrap_samples: int = Field(ge=100)
    confidence: float = Field(gt=0.5, lt=1.0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)
    baseline: BaselineParameters
