"""What a model answers to documents of which some words are taken out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from stages.common.metrics.probabilities import sigmoid, softmax
from stages.common.model.batching import budgeted_batches, make_batch, pool_windows
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.explain.layout import Ints, Layout

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def layout_logits(scorer: Scorer, layout: Layout) -> Floats:
    """A model's logits for documents that are laid out: the mean of a document's windows, [documents, outputs]."""
    tokens = layout.tokens
    logits = np.zeros((len(layout), len(scorer.inference.outputs)))
    with torch.no_grad():
        for rows in budgeted_batches(tokens.lengths, scorer.inference.batch_tokens) if len(layout) else []:
            batch = make_batch(tokens, rows, scorer.tokenizer, scorer.model.device)
            document = batch.pop("document", None)
            made = scorer.model(**batch).logits.float()
            if layout.read is not None:
                read = torch.from_numpy(layout.read[rows]).to(made.device)
                if scorer.tokenizer.padding_side == "left":
                    read = read + made.shape[1] - batch["attention_mask"].sum(dim=1)
                made = made[torch.arange(len(rows), device=made.device), read]
            logits[rows] = pool_windows(made, document).double().cpu().numpy()
    return logits


def beliefs(scorer: Scorer, logits: Floats, targets: Ints) -> Floats:
    """How sure a model is of each document's target, [documents]: a probability, or a number in standard units.

    Args:
        scorer: The model; its temperature counts.
        logits: [documents, outputs].
        targets: The output that is explained, [documents].
    """
    answer, divisor = task_of(scorer.inference).answer, scorer.inference.divisor
    rows = np.arange(len(targets))
    if answer == "value":
        return logits[rows, targets]
    return np.asarray((sigmoid if answer == "labels" else softmax)(logits, divisor)[rows, targets])


def beliefs_without(scorer: Scorer, layout: Layout, targets: Ints, documents: Ints, removed: Sequence[Flags]) -> Floats:
    """How sure a model is of the targets of copies of documents, [copies], some of whose words are taken out.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        documents: Which document each copy is of, [copies].
        removed: For each copy, which words go, [words].
    """
    return beliefs(scorer, layout_logits(scorer, layout.without(documents, removed)), targets[documents])


def occlusion(scorer: Scorer, layout: Layout, targets: Ints) -> list[Floats]:
    """What each document's logit loses when a word is taken out, by itself (Zeiler & Fergus 2014; Li et al. 2016).

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].

    Returns:
        A score a word for each document, [words]; 0 for words that are cut off.
    """
    counts = [len(words) for words in layout.words]
    documents = np.repeat(np.arange(len(counts)), counts)
    alone = [np.arange(count) == word for count in counts for word in range(count)]
    whole = layout_logits(scorer, layout)[np.arange(len(counts)), targets]
    left = layout_logits(scorer, layout.without(documents, alone))[np.arange(len(documents)), targets[documents]]
    return np.split(whole[documents] - left, np.cumsum(counts)[:-1]) if counts else []
