"""The section ``export`` of params.yaml."""

from pydantic import Field

from stages.common.core.validation import Strict


class ExportParameters(Strict):
    """How the finetuned encoder is handed over.

    Attributes:
        int8: Whether a second file with weights of 8 bits is tried. It is handed over if it is accurate and fast
            enough; reports/export/summary.json says why not.
        tolerance: What 8 bits may cost of macro F1, or of the task's own headline metric (of an error, in standard
            deviations of the training numbers); all of the interval must lie within it.
        speed_up: How many times as fast as float32 8 bits must be on this machine.
        threads: Processor threads that both are computed with.
        seed: Seed of the bootstrap.
        bootstrap_samples: Resamples of the test documents behind each interval.
        confidence: The share of the resamples that an interval covers.
        documents: Test documents that are scored for each length and size of batch, and timed, at most.
    """

    int8: bool = False
    tolerance: float = Field(default=0.005, ge=0, lt=1)
    speed_up: float = Field(default=1.2, ge=1, allow_inf_nan=False)
    threads: int = Field(default=2, ge=1)
    seed: int = Field(default=1, ge=0, lt=2**32)
    bootstrap_samples: int = Field(default=1000, ge=100)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    documents: int = Field(default=16, ge=2)
