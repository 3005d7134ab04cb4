"""The embedding gate: variants that are too far from their origin are rejected."""

from pathlib import Path

import pandas as pd

from stages.augment.parameters import GateParameters
from stages.common.model.embedding import embed

TOO_FAR = "too_far"
DIGITS = 4  # of a similarity that count: the last ones of a float differ with the shape of the batch


def reject_distant(
    variants: pd.DataFrame, documents: pd.DataFrame, parameters: GateParameters, encoder: Path
) -> pd.DataFrame:
    """Compares the variants that are kept so far with their origins, and rejects those that are too far from them.

    Args:
        variants: Judged variants.
        documents: Their origins.
        parameters: The least similarity, and how texts are embedded.
        encoder: The folder of the pretrained encoder.

    Returns:
        The variants with ``similarity``, the cosine of their embedding to their origin's; missing where not compared.
    """
    kept = variants[variants["rule"].isna()]
    origins = documents[documents["id"].isin(kept["origin"])]
    texts = [*origins["text"], *kept["text"]]
    vectors = embed(encoder, texts, parameters.max_length, parameters.threads)
    places = dict(zip(origins["id"], range(len(origins)), strict=True))
    of_origins = vectors[[places[origin] for origin in kept["origin"]]]
    similarity = pd.Series((vectors[len(origins) :] * of_origins).sum(axis=1), index=kept.index).round(DIGITS)
    far = similarity[similarity < parameters.similarity]
    variants = variants.assign(similarity=similarity)
    variants.loc[far.index, "rule"] = TOO_FAR
    variants.loc[far.index, "reason"] = [
        f"the cosine of its embedding to its origin's is {cosine:.4f}, below {parameters.similarity:g}"
        for cosine in far
    ]
    return variants
