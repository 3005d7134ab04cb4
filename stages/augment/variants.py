"""Makes the variants of documents, one partition of the corpus at a time; no document's depend on another's."""

from pathlib import Path

import pandas as pd

from stages.augment.methods import METHODS
from stages.augment.parameters import AugmentParameters
from stages.augment.passage import Passage
from stages.augment.wordnet import read_synonyms
from stages.common.seeding import generator
from stages.common.text_rules.normalisation import duplicate_key

NOTHING, EQUALS_ORIGIN, EQUALS_VARIANT = "nothing_to_change", "equals_origin", "equals_variant"
TYPES = {
    **dict.fromkeys(("id", "origin", "method", "text", "label", "published_split", "group", "rule", "reason"), "str"),
    "share": "float64",
}


def augmentable(documents: pd.DataFrame) -> pd.Series:
    """Which documents get variants: those that may be trained on, with a text as a whole to learn from.

    Args:
        documents: A document table.

    Returns:
        A boolean for each row: false for a published validation or test document, and for one with tags on its tokens.
    """
    return ~documents["published_split"].isin(["validation", "test"]) & documents["tokens"].isna()


def make_variants(documents: pd.DataFrame, parameters: AugmentParameters, lexicon: Path) -> pd.DataFrame:
    """Makes all variants of some documents.

    A variant's random choices depend on the seed, the method, the document's id and the variant's number alone, so a
    higher count adds variants and leaves the others as they are.

    Args:
        documents: Rows of a document table.
        parameters: Which methods, how many variants and how much of the text they change.
        lexicon: The folder with WordNet's files.

    Returns:
        One row for each document, method and number. ``origin`` is the document's id, ``share`` the share of words
        changed; ``rule`` and ``reason`` say why the variant is not kept, and are missing for those that are. Where
        the text offered nothing to change, the rule is ``nothing_to_change`` and there is no text.
    """
    methods = parameters.methods
    synonyms = read_synonyms(lexicon) if any(METHODS[name].lexicon for name in methods) else {}
    rows = []
    for document in documents[["id", "text", "label", "published_split", "group"]].itertuples(index=False, name=None):
        origin, text, label, published_split, group = document
        passage = Passage(text, synonyms)
        for number in range(1, max(method.count for method in methods.values()) + 1):
            for name, method in methods.items():
                if number > method.count:
                    continue
                draw = generator(parameters.seed, name, origin, number).random
                changed, words = METHODS[name].change(passage, method.rate, draw) or (None, 0)
                share = words / max(len(passage.words), 1)
                rows.append((f"{origin}#{name}-{number}", origin, name, changed, label, published_split, group, share))
    columns = ["id", "origin", "method", "text", "label", "published_split", "group", "share"]
    variants = pd.DataFrame(rows, columns=columns).reindex(columns=list(TYPES)).astype(TYPES)
    return judge(variants, documents)


def judge(variants: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Says which variants are not kept, and why: nothing was changed, or the text is there already.

    Args:
        variants: Variants with id, origin and text, in the order in which they were made; the first of equal ones is
            kept.
        documents: Their origins.

    Returns:
        The variants with ``rule`` and ``reason``.
    """
    empty = variants["text"].isna()
    variants.loc[empty, "rule"] = NOTHING
    made = variants[~empty]
    keys = pd.DataFrame({"origin": made["origin"], "key": duplicate_key(made["text"])})
    origins = dict(zip(documents["id"], duplicate_key(documents["text"]), strict=True))
    unchanged = keys["key"] == keys["origin"].map(origins)
    firsts = keys.assign(id=made["id"])[~unchanged].groupby(["origin", "key"], sort=False)["id"].transform("first")
    repeats = firsts[firsts != made["id"].reindex(firsts.index)]
    variants.loc[unchanged.index[unchanged], "rule"] = EQUALS_ORIGIN
    variants.loc[unchanged.index[unchanged], "reason"] = "but for case and spaces, the text is that of its origin"
    variants.loc[repeats.index, "rule"] = EQUALS_VARIANT
    variants.loc[repeats.index, "reason"] = "but for case and spaces, the text is that of " + repeats
    return variants
