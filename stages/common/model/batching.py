"""Which documents share a batch, so that little of it is padding, and the tensors of a batch."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from stages.common.core.seeding import generator
from stages.common.model.tokenising import Tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MEGABATCH = 100  # batches that are sorted by length together: 50 leave up to 4 % of padding, these under 3 %

Rows = npt.NDArray[np.int64]


def bucketed_batches(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[Rows]:
    """Batches for one epoch of training: chosen at random, yet each of documents of about one length.

    The documents are shuffled, cut into megabatches, sorted by length within each, cut into batches, and the batches
    are shuffled. The result depends on the arguments alone.

    Args:
        lengths: The number of tokens of each document, [documents].
        batch_size: Documents a batch; one batch has what is left over.
        seed: The stage's seed.
        epoch: Which epoch it is, so that each has an order of its own.

    Returns:
        The rows of each batch; every row occurs once.
    """
    random = generator(seed, "batches", epoch)
    shuffled = list(range(len(lengths)))
    random.shuffle(shuffled)
    order = np.array(shuffled, dtype=np.int64)
    batches = -(-len(order) // batch_size)
    megabatches = max(1, round(batches / MEGABATCH))
    cuts = np.linspace(0, batches, megabatches + 1).astype(int)[1:-1] * batch_size
    result = []
    for megabatch in np.split(order, cuts):
        by_length = megabatch[np.argsort(lengths[megabatch], kind="stable")]
        result += [by_length[start : start + batch_size] for start in range(0, len(by_length), batch_size)]
    random.shuffle(result)
    return result


def budgeted_batches(lengths: npt.NDArray[np.int64], batch_tokens: int) -> list[Rows]:
    """Batches for scoring: documents in the order of their length, as many as a budget of tokens allows.

    Args:
        lengths: The number of tokens of each document, [documents].
        batch_tokens: The most tokens of a batch, padding included; a longer document makes a batch of its own.

    Returns:
        The rows of each batch, shortest documents first; every row occurs once.
    """
    result: list[Rows] = []
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > batch_tokens:
            result.append(order[start:end])
            start = end
    return result


def make_batch(
    tokens: Tokens, rows: Rows, tokenizer: "PreTrainedTokenizerBase", device: torch.device
) -> dict[str, torch.Tensor]:
    """The model's inputs for some documents, padded to the longest of their windows.

    Args:
        tokens: The token ids of all documents.
        rows: Which documents.
        tokenizer: Says what to pad with, and on which side.
        device: Where the tensors go.

    Returns:
        ``input_ids`` and ``attention_mask``, int64, [windows, tokens], for pairs ``token_type_ids`` too; where a
        document has more than one window also ``document``, int64, [windows]: which of the rows a window belongs to
        (see :func:`pool_windows`).
    """
    windows, owners = tokens.windows(rows)
    ids, mask = pad(tokens.ids, tokens.starts, windows, int(tokenizer.pad_token_id), tokenizer.padding_side)
    batch = {"input_ids": ids, "attention_mask": mask.astype(np.int64)}
    if tokens.types is not None:
        batch["token_type_ids"], _ = pad(tokens.types, tokens.starts, windows, 0, tokenizer.padding_side)
    if len(windows) > len(rows):
        batch["document"] = owners
    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in batch.items()}


def pad(
    values: npt.NDArray[Any], starts: Rows, windows: Rows, fill: float, side: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Lays the values of some windows out in rows as long as the longest.

    Args:
        values: What each token has, a number or a vector, [tokens, ...].
        starts: Where each window begins in them, [windows + 1].
        windows: Which windows.
        fill: What stands where a window has no token.
        side: Where that is, ``right`` or ``left``.

    Returns:
        The values, [windows, tokens, ...], whole numbers as int64, and whether a window has a token there,
        [windows, tokens].
    """
    lengths = starts[windows + 1] - starts[windows]
    mask = np.arange(lengths.max()) < lengths[:, None]
    if side == "left":
        mask = mask[:, ::-1]
    kind = np.int64 if values.dtype.kind == "i" else values.dtype
    rows = np.full((*mask.shape, *values.shape[1:]), fill, dtype=kind)
    rows[mask] = np.concatenate([values[starts[window] : starts[window + 1]] for window in windows])
    return rows, mask


def pool_windows(logits: torch.Tensor, document: torch.Tensor | None) -> torch.Tensor:
    """The mean of the logits of each document's windows, [documents, labels].

    Args:
        logits: [windows, labels].
        document: Which document a window belongs to, [windows]; None where each has one window.
    """
    if document is None:
        return logits
    counts = torch.bincount(document)
    sums = logits.new_zeros((len(counts), logits.shape[1])).index_add(0, document, logits)
    return sums / counts.unsqueeze(1).to(logits.dtype)
