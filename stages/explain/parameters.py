"""The section of params.yaml that the stage reads."""

from typing import Literal

from pydantic import Field

from stages.common.core.validation import Strict

NO_AGENCIES: list[str] = []


class IntegratedParameters(Strict):
    """Integrated gradients, which take many passes a document.

    Attributes:
        documents: Of the chosen documents, how many are explained by them, each kind in turn.
        baseline: What they start from: each piece of a word replaced by the padding or the mask token.
        tolerance: The completeness error from which on a document takes no further steps.
        most_steps: The most steps of a document, which may end there with a larger error.
    """

    documents: int = Field(default=12, ge=0)
    baseline: Literal["padding", "mask"] = "padding"
    tolerance: float = Field(default=0.02, gt=0, lt=1)
    most_steps: int = Field(default=512, ge=8, le=4096)


class ShortcutParameters(Strict):
    """Words and marks that may decide alone.

    Attributes:
        words: Of how many words is tried what taking them out and putting them in does; 0 tries none.
        documents: Documents in which each is tried, both ways, at most.
        agencies: Who signs news; a name that occurs is tried.
    """

    words: int = Field(default=12, ge=0, le=200)
    documents: int = Field(default=20, ge=2)
    agencies: list[str] = NO_AGENCIES


class ExplainParameters(Strict):
    """What of the test split is explained, and how faithfulness is tested.

    Attributes:
        seed: Of the choice of documents, random orders, random weights and the bootstrap.
        documents: Test documents that the page explains: a third are the worst errors, a third differ from the
            baseline, the others are right; 0 turns the stage off.
        occlusion: Of these, how many are explained by leaving out word after word, too.
        global_documents: Test documents behind the words of each class.
        words: Words listed for each class, at most.
        random_orders: Random orders of the words that faithfulness is compared with.
        randomised: Documents explained once more with random weights, at most.
        bootstrap_samples: Resamples of the documents behind each interval.
        confidence: The share of the resamples that an interval covers.
        device: Where the model runs; auto takes CUDA, else MPS, else the processor.
        threads: Processor threads that torch uses.
        integrated: Integrated gradients.
        shortcuts: Words and marks that may decide alone.
    """

    seed: int = Field(default=30, ge=0, lt=2**32)
    documents: int = Field(default=0, ge=0)
    occlusion: int = Field(default=12, ge=0)
    global_documents: int = Field(default=200, ge=0)
    words: int = Field(default=10, ge=1, le=100)
    random_orders: int = Field(default=3, ge=1, le=100)
    randomised: int = Field(default=8, ge=0)
    bootstrap_samples: int = Field(default=1000, ge=100)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int = Field(default=2, ge=1)
    integrated: IntegratedParameters = IntegratedParameters()
    shortcuts: ShortcutParameters = ShortcutParameters()
