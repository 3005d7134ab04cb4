"""The section of params.yaml that the stage reads."""

from typing import Literal

from pydantic import Field

from stages.common.core.validation import Strict


class ProbeParameters(Strict):
    """Which suites of catalog/probes the finetuned model answers, and when two groups count as treated differently.

    Attributes:
        suites: Entries of catalog/probes; none turns them off. What one needs from outside is fetched first.
        labels: What a suite's labels are called in this dataset, where its entry does not know, such as
            {hatecheck: {hateful: abuse, non-hateful: other}}.
        attributes: Columns that the publisher gives beside documents, such as [dialect], to compare groups of test
            documents by.
        seed: Of the choice of test documents and words, of the permutations and of the bootstrap.
        documents: Test documents around which, or into which, each word of a suite is put, at most.
        swaps: Test documents whose gendered words are swapped, at most.
        words: Words of a group that are used, at most.
        least: Documents of a group, or contexts of its words, of which a verdict is given; fewer are shown without one.
        tolerance: The smallest change of a mean probability that counts as different treatment, however sure it is.
        permutations: Draws behind each p-value.
        bootstrap_samples: Resamples behind each interval that no formula gives.
        confidence: The share of resamples that an interval covers; 1 minus it is the level of the tests.
        device: Where the model runs; auto takes CUDA, else MPS, else the processor.
        threads: Processor threads that torch uses.
    """

    suites: list[str]
    labels: dict[str, dict[str, str]]
    attributes: list[str]
    seed: int = Field(ge=0, lt=2**32)
    documents: int = Field(ge=1)
    swaps: int = Field(ge=1)
    words: int = Field(ge=2)
    least: int = Field(ge=2)
    tolerance: float = Field(ge=0, lt=1)
    permutations: int = Field(ge=100)
    bootstrap_samples: int = Field(ge=100)
    confidence: float = Field(gt=0.5, lt=1.0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)
