"""What any training of a model asks for: how it steps, which weights it trains, where and in which number format."""

import math
from typing import Annotated, Literal

from pydantic import Field

from stages.common.core.execution import physical_cores
from stages.common.core.validation import Strict

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Method = Literal["auto", "full", "frozen", "head", "lora", "dora", "adalora", "ia3", "prefix", "contrastive", "distil"]
Instructions = Literal["native", "avx2"]
Schedule = Literal["linear", "cosine", "constant"]

# The largest learning rate of each method where params.yaml says auto: chosen on validation (docs/finetuning.md).
LEARNING_RATES: dict[Method, float] = {
    "full": 1.0e-4,
    "frozen": 2.0e-4,
    "head": 3.0e-3,
    "lora": 1.0e-3,
    "dora": 1.0e-3,
    "adalora": 3.0e-3,
    "ia3": 1.0e-2,
    "prefix": 1.0e-2,
    "contrastive": 5.0e-5,
}
# Where it says auto for them: the passes over the training documents, and the rows of a step.
EPOCHS: dict[Method, int] = {"contrastive": 5}
BATCH_SIZES: dict[Method, int] = {"contrastive": 16}
OTHER_EPOCHS, OTHER_BATCH_SIZE = 1, 8


class Adapter(Strict):
    """The size of the adapters that lora, dora, adalora and prefix add.

    Attributes:
        rank: Rank of the two matrices that are added to each linear map (adalora: on average, at the end).
        alpha: What they add counts alpha / rank.
        virtual_tokens: The length of the prefix, in tokens.
    """

    rank: int = Field(ge=1)
    alpha: float = Field(gt=0, allow_inf_nan=False)
    virtual_tokens: int = Field(ge=1)


class TrainingParameters(Strict):
    """How a model is trained.

    Attributes:
        seed: Draws the head, the order of the documents and what dropout drops.
        epochs: The most passes over the training documents; the learning rate reaches zero after the last. ``auto`` is
            5 with method contrastive, else 1.
        batch_size: Documents a step; with method contrastive, pairs of documents. ``auto`` is 16 pairs or 8 documents.
        max_length: Tokens after which a document is cut, special tokens included; in training and ever after. ``auto``
            is the 95th percentile of the training documents' lengths.
        learning_rate: The largest learning rate, reached after the warm-up; ``auto`` is the method's own.
        weight_decay: AdamW's decoupled weight decay; biases and norms are left out.
        warmup: The share of all steps in which the learning rate rises linearly; then it falls.
        clip_norm: The largest norm of a step's gradient; a larger one is scaled down to it.
        dropout: The share of values dropped in training: hidden states, attention and before the classifier.
        early_stopping_patience: Training stops after this many epochs without a better validation macro F1.
        device: Where to compute; ``auto`` takes CUDA, else MPS, else the processor.
        precision: Number format of the matrix products; ``auto`` is bf16 or fp16 on CUDA and fp32 elsewhere.
        emulate_bf16: Whether a processor without bf16 instructions may train in bf16, many times slower than in fp32.
        instructions: Of the processor, to compute with: all that it has, or AVX2 at most, which gave the same bytes on
            processors with and without AVX-512.
        threads: Processor threads; their number changes the last digits of sums. ``auto`` is one for each core, so that
            another machine may get other weights.
        micro_batch_size: Documents that a process computes at once; null is all of its share of a batch.
        gradient_checkpointing: Whether activations are computed again for the gradient, which saves memory.
        tf32: Whether CUDA may round the factors of float32 products to 10 bits of mantissa, which is faster.
        compile: Whether torch.compile translates the model first.
        method: What is trained: ``full`` (all weights), ``frozen`` (those above frozen_layers), ``head`` (those after
            the last layer), the head and an adapter (``lora``, ``dora``, ``adalora``, ``ia3`` or ``prefix``), or all
            but the head, by comparing documents, and then the head (``contrastive``), which is for few documents; or a
            smaller model after a larger one (``distil``); ``auto`` is contrastive where documents have one label each
            and no label more than 32 of them, else full.
        frozen_layers: Method frozen: the lowest layers that stay as they are, with the embeddings.
        adapter: The size of the adapter.
        schedule: How the learning rate goes on after the warm-up: ``linear`` (to zero), ``cosine`` (to zero) or
            ``constant``.
        layer_decay: A layer's learning rate over that of the layer above (Howard & Ruder 2018).
    """

    seed: int = Field(ge=0, lt=2**32)
    epochs: Annotated[int, Field(ge=1)] | Literal["auto"]
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"]
    max_length: Annotated[int, Field(ge=4)] | Literal["auto"]
    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | Literal["auto"]
    weight_decay: float = Field(ge=0, lt=1)
    warmup: float = Field(ge=0, le=1)
    clip_norm: float = Field(gt=0, allow_inf_nan=False)
    dropout: float = Field(ge=0, lt=1)
    early_stopping_patience: int = Field(ge=1)
    device: Device
    precision: Precision
    emulate_bf16: bool = False
    instructions: Instructions = "native"
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]
    micro_batch_size: int | None = Field(ge=1)
    gradient_checkpointing: bool
    tf32: bool
    compile: bool

    method: Method
    frozen_layers: int = Field(ge=0)
    adapter: Adapter
    schedule: Schedule
    layer_decay: float = Field(gt=0, le=1)

    @property
    def largest_rate(self) -> float:
        """The largest learning rate: the one that is set, or the method's own."""
        return LEARNING_RATES[self.method] if self.learning_rate == "auto" else self.learning_rate

    @property
    def most_epochs(self) -> int:
        """The most passes over the training documents."""
        return EPOCHS.get(self.method, OTHER_EPOCHS) if self.epochs == "auto" else self.epochs

    @property
    def rows_a_step(self) -> int:
        """The documents of a step, or its pairs."""
        return BATCH_SIZES.get(self.method, OTHER_BATCH_SIZE) if self.batch_size == "auto" else self.batch_size

    @property
    def thread_count(self) -> int:
        """The number of processor threads: the one that is set, or one for each core that this process may use."""
        return physical_cores() if self.threads == "auto" else self.threads

    def steps(self, documents: int) -> int:
        """The steps of all epochs with so many training documents."""
        return self.most_epochs * math.ceil(documents / self.rows_a_step)
