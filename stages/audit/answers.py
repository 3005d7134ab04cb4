"""Several people's answers beside the classifiers: how likely each label is by both together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
from cleanlab.multiannotator import get_label_quality_multiannotator

from stages.audit.parameters import Ways
from stages.audit.probabilities import Floats
from stages.common.core.messages import UserError
from stages.common.documents.answers import ADJUDICATOR

MOST_CELLS = 200_000_000  # of cleanlab's table of documents by annotators, 1.6 GB
SMALLEST = 1e-6  # probability that a classifier gives: a label that it never saw is not impossible


class Crowd(NamedTuple):
    """What people said.

    Attributes:
        consensus: What their answers came to (:mod:`stages.common.documents.consensus`).
        answers: The answers that counted, one an annotator and document.
    """

    consensus: pd.DataFrame
    answers: pd.DataFrame


def beside_answers(
    way: Ways, documents: pd.DataFrame, labels: Sequence[str], names: Sequence[str], by_text: Floats, crowd: Crowd
) -> Floats | None:
    """Combines the classifiers' probabilities with what people answered.

    A label that an adjudicator decided, or that is gold, stays as it is; where nobody answered the classifiers judge
    alone.

    Args:
        way: ``posterior`` or ``crowdlab``; with ``none`` nothing is combined.
        documents: The judged rows of a document table.
        labels: The labels that occur, in the order of the probabilities' columns.
        names: The names of all labels, in the card's order.
        by_text: Out-of-fold probabilities, [documents, labels].
        crowd: What people said.

    Returns:
        Probabilities, rows summing to 1, [documents, labels]; None if the way is ``none``, or no document has
            two answers.

    Raises:
        UserError: If CROWDLAB's table of answers would not fit into memory.
    """
    if way == "none":
        return None
    consensus, answers = crowd
    judged = answers[answers["id"].isin(documents["id"]) & answers["answer"].isin(labels)]
    decided = {*consensus["id"][consensus["seen"]], *judged["id"][judged["annotator"].eq(ADJUDICATOR)]}
    judged = judged[judged["annotator"].ne(ADJUDICATOR)]
    if not judged["id"].duplicated().any():
        return None
    if way == "posterior":
        combined = by_posterior(documents, labels, names, by_text, consensus)
    else:
        combined = by_crowdlab(documents, labels, by_text, judged)
    fixed = documents["id"].isin(decided).to_numpy()
    combined[fixed] = np.equal.outer(documents["label"].to_numpy()[fixed], np.array(labels, dtype=object))
    return combined


def by_posterior(
    documents: pd.DataFrame, labels: Sequence[str], names: Sequence[str], by_text: Floats, consensus: pd.DataFrame
) -> Floats:
    """Multiplies annotate's posterior by the classifiers' probabilities and divides by the shares of the labels.

    That is Bayes' rule where answers and text are independent given the label; either knows the shares, so they are
    taken out once. A label that the posterior excludes stays excluded.

    Args:
        documents: The judged rows.
        labels: The labels that occur.
        names: The names of all labels, in the order of the posteriors.
        by_text: Out-of-fold probabilities, [documents, labels].
        consensus: What answers came to.
    """
    known = consensus.dropna(subset="probabilities").set_index("id")["probabilities"]
    answered = np.flatnonzero(documents["id"].isin(known.index))
    places = [list(names).index(label) for label in labels]
    posterior = np.stack(known[documents["id"].iloc[answered]].to_list())[:, places]
    shares = documents["label"].value_counts(normalize=True)[list(labels)].to_numpy()
    product = posterior * np.maximum(by_text[answered], SMALLEST) / shares
    combined = by_text.copy()
    total = product.sum(axis=1, keepdims=True)
    combined[answered] = np.divide(product, total, out=by_text[answered], where=total > 0)
    return combined


def by_crowdlab(documents: pd.DataFrame, labels: Sequence[str], by_text: Floats, answers: pd.DataFrame) -> Floats:
    """CROWDLAB's probabilities (Goh, Tkachenko & Mueller 2022, arXiv 2210.06812), with the weights that cleanlab finds.

    The classifiers and each annotator vote; one who agrees with the others more counts more. An annotator's vote gives
    their answer the share in which people agree with the majority, and deals the rest out to the other labels. Equal
    labels give equal votes whatever the order: rows and columns are sorted before cleanlab sees them.

    Args:
        documents: The judged rows.
        labels: The labels that occur.
        by_text: Out-of-fold probabilities, [documents, labels].
        answers: One row an annotator and document, about some of the documents; some have two.
    """
    ids, annotators = sorted(answers["id"].unique()), sorted(answers["annotator"].unique())
    if len(ids) * len(annotators) > MOST_CELLS:
        raise UserError(
            f"audit.answers: CROWDLAB would need a table of {len(ids):,} documents by {len(annotators):,} annotators; "
            f"{MOST_CELLS:,} cells are the most.",
            "Set audit.answers to posterior.",
        )
    rows = pd.Index(ids).get_indexer(pd.Index(answers["id"]))
    columns = pd.Index(annotators).get_indexer(pd.Index(answers["annotator"]))
    values = pd.Index(list(labels)).get_indexer(pd.Index(answers["answer"]))
    table = np.full((len(ids), len(annotators)), np.nan)
    table[rows, columns] = values
    places = pd.Index(documents["id"]).get_indexer(pd.Index(ids))
    with _seeded():
        weighed = get_label_quality_multiannotator(
            table,
            by_text[places],
            consensus_method="majority_vote",  # the weights by which cleanlab's best labels are found
            return_detailed_quality=False,
            return_annotator_stats=False,
            return_weights=True,
            verbose=False,
        )
    found = weighed["label_quality"]
    agreement = float(found["annotator_agreement"][found["num_annotations"] > 1].mean())
    other, weight = (1 - agreement) / (len(labels) - 1), weighed["annotator_weight"]
    cells = rows * len(labels) + values
    gained = np.bincount(cells, weight[columns] * (agreement - other), len(ids) * len(labels)).reshape(-1, len(labels))
    total = np.bincount(rows, weight[columns], len(ids))[:, None]
    combined = by_text.copy()
    votes = weighed["model_weight"] * by_text[places] + gained + other * total
    combined[places] = votes / (weighed["model_weight"] + total)
    return combined


@contextmanager
def _seeded() -> Iterator[None]:
    """Cleanlab tosses numpy's global coin where labels tie in every way."""
    before = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(before)
