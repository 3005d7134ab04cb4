"""Figures of what a method made: how much it changed, how varied it is, how much of it was kept."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.augment.gate import NOTHING
from stages.augment.parameters import MethodParameters
from stages.common.core.seeding import derived_seed
from stages.common.words.splitting import spaced_words

SAMPLE = 200  # documents whose variants self-BLEU and distinct-2 are computed of: BLEU compares words one by one
ORDER = 4  # the longest n-grams of BLEU


def summarise(
    documents: pd.DataFrame,
    chosen: pd.DataFrame,
    attempts: pd.DataFrame,
    methods: Mapping[str, MethodParameters],
    seed: int,
) -> dict[str, Any]:
    """Counts what was made, and checks that every variant asked for is accounted for.

    Args:
        documents: The corpus.
        chosen: The documents that may be trained on.
        attempts: All variants that were asked for, judged.
        methods: The methods that were on.
        seed: The stage's seed.

    Returns:
        The summary that reports/augment/summary.json holds.

    Raises:
        RuntimeError: If one is not.
    """
    sampled = chosen[chosen["id"].isin(sample_documents(chosen["id"].to_list(), seed))]
    sample = dict(zip(sampled["id"], sampled["text"], strict=True))
    said = {}
    for name, method in methods.items():
        made = attempts[attempts["method"].eq(name)]
        if len(made) != len(chosen) * method.count:
            raise RuntimeError(f"{len(chosen) * method.count} variants by {name} were asked for, {len(made)} are there")
        said[name] = figures(made, sample)
    return {
        "seed": seed,
        "documents": len(documents),
        "augmented_documents": len(chosen),
        "sampled_documents": len(sample),
        "methods": said,
    }


def sample_documents(ids: Sequence[str], seed: int) -> set[str]:
    """Documents whose variants are looked at, the same ones for every method and any order of the ids."""
    return set(sorted(ids, key=lambda name: (derived_seed(seed, "quality", name), name))[:SAMPLE])


def figures(made: pd.DataFrame, sample: dict[str, str]) -> dict[str, Any]:
    """What is reported of a method.

    Args:
        made: All variants that were asked of it, judged.
        sample: The texts of the sampled documents by id.

    Returns:
        Counts and figures; a figure that is not defined is None.
    """
    rules = made["rule"].value_counts()
    kept = made[made["rule"].isna()]
    possible = int(len(made) - rules.get(NOTHING, 0))
    looked_at = kept.loc[kept["origin"].isin(sample), ["origin", "text"]]
    sets = [
        [spaced_words(text) for text in (sample[str(origin)], *texts)]
        for origin, texts in looked_at.groupby("origin")["text"]
    ]
    return {
        "made": possible,
        "kept": len(kept),
        "rejected": {rule: int(count) for rule, count in sorted(rules.items()) if rule != NOTHING},
        "documents_with_nothing_to_change": made.loc[made["rule"].eq(NOTHING), "origin"].nunique(),
        "kept_share": _rounded(len(kept) / possible) if possible else None,
        "mean_share_of_words_changed": _mean(kept["share"]),
        "mean_similarity": _mean(kept["similarity"].dropna()) if "similarity" in kept else None,
        "self_bleu": _mean(pd.Series([self_bleu(texts) for texts in sets])),
        "distinct_2": _rounded(distinct([words for texts in sets for words in texts[1:]], 2)),
    }


def self_bleu(texts: Sequence[Sequence[str]]) -> float:
    """How much texts repeat each other: the mean BLEU of each with the others as references (Zhu et al. 2018, Texygen).

    Here the texts are a document and its variants by one method, so 1 means that nothing new was made.

    Args:
        texts: At least two texts as lists of words.

    Returns:
        From 0 to 1.
    """
    return sum(bleu(text, [*texts[:place], *texts[place + 1 :]]) for place, text in enumerate(texts)) / len(texts)


def bleu(text: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """BLEU of one text with n-grams of up to four words (Papineni et al. 2002), add-one smoothed for pairs and longer.

    The smoothing (Lin & Och 2004) keeps short texts from being 0.

    Args:
        text: The text's words.
        references: The words of at least one text that it is compared with.

    Returns:
        From 0 to 1.
    """
    total = 0.0
    for order in range(1, ORDER + 1):
        found, most = _ngrams(text, order), Counter[tuple[str, ...]]()
        for reference in references:
            most |= _ngrams(reference, order)
        smooth = order > 1
        matched, possible = (found & most).total() + smooth, found.total() + smooth
        if not matched or not possible:
            return 0.0
        total += math.log(matched / possible)
    nearest = min((len(reference) for reference in references), key=lambda size: (abs(size - len(text)), size))
    return math.exp(min(0.0, 1 - nearest / len(text)) + total / ORDER)


def distinct(texts: Sequence[Sequence[str]], order: int) -> float | None:
    """The share of different n-grams among all n-grams of some texts (Li et al. 2016, distinct-n).

    Args:
        texts: Texts as lists of words.
        order: The n.

    Returns:
        From 0 to 1; None where there is no n-gram.
    """
    counted: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        counted += _ngrams(text, order)
    return len(counted) / counted.total() if counted else None


def _ngrams(text: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(text[start:] for start in range(order)), strict=False))


def _mean(values: pd.Series) -> float | None:
    return _rounded(float(values.mean())) if len(values) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
