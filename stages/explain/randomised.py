"""Whether scores depend on what a model has learnt: they are compared with those of random weights."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from stages.common.core.seeding import derived_seed
from stages.common.model.scorer import Scorer
from stages.explain.erasing import Floats

SPREAD = 0.02  # of random weights, where a config does not say (BERT's)


def with_random_weights(scorer: Scorer, seed: int) -> Scorer:
    """The same model with all of its weights drawn anew, as an untrained encoder has them (Adebayo et al. 2018).

    Args:
        scorer: The model, which stays as it is.
        seed: The stage's seed.
    """
    model: Any = copy.deepcopy(scorer.model)
    spread = getattr(model.config, "initializer_range", SPREAD)
    random = torch.Generator().manual_seed(derived_seed(seed, "random weights") >> 1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.copy_(torch.randn(weight.shape, generator=random) * spread)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
    return Scorer(model, scorer.tokenizer, scorer.inference)


def rank_correlations(scores: Sequence[Floats], others: Sequence[Floats]) -> Floats:
    """Spearman's rank correlation of two scores of the words of each document; NaN where there is none."""
    found = np.full(len(scores), np.nan)
    for row, (one, other) in enumerate(zip(scores, others, strict=True)):
        if len(one) > 2 and np.ptp(one) > 0 and np.ptp(other) > 0:
            found[row] = spearmanr(one, other).statistic
    return found
