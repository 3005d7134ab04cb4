"""The section ``finetune`` of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.common.validation import Strict

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


class Finetune(Strict):
    """How the encoder is trained.

    Attributes:
        seed: Draws the head, the order of the documents and what dropout drops.
        epochs: The most passes over the training documents; the learning rate reaches zero after the last.
        batch_size: Documents a step.
        max_length: Tokens after which a document is cut, special tokens included; in training and ever after.
        learning_rate: The largest learning rate, reached after the warm-up.
        weight_decay: AdamW's decoupled weight decay; biases and norms are left out.
        warmup: The share of all steps in which the learning rate rises linearly; then it falls linearly.
        clip_norm: The largest norm of a step's gradient; a larger one is scaled down to it.
        dropout: The share of values dropped in training: hidden states, attention and before the classifier.
        early_stopping_patience: Training stops after this many epochs without a better validation macro F1.
        device: Where to compute; ``auto`` takes CUDA, else MPS, else the processor.
        precision: Number format of the matrix products; ``auto`` is bf16 or fp16 on CUDA and fp32 elsewhere.
        threads: Processor threads; their number changes the last digits of sums.
        micro_batch_size: Documents that a process computes at once; null is all of its share of a batch.
        gradient_checkpointing: Whether activations are computed again for the gradient, which saves memory.
        tf32: Whether CUDA may round the factors of float32 products to 10 bits of mantissa, which is faster.
        compile: Whether torch.compile translates the model first.
    """

    seed: int = Field(ge=0, lt=2**32)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=4)
    learning_rate: float = Field(gt=0, le=1, allow_inf_nan=False)
    weight_decay: float = Field(ge=0, lt=1)
    warmup: float = Field(ge=0, le=1)
    clip_norm: float = Field(gt=0, allow_inf_nan=False)
    dropout: float = Field(ge=0, lt=1)
    early_stopping_patience: int = Field(ge=1)
    device: Device
    precision: Precision
    threads: int = Field(ge=1, le=1024)
    micro_batch_size: int | None = Field(ge=1)
    gradient_checkpointing: bool
    tf32: bool
    compile: bool
