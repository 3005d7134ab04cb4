"""From several people's answers to one label a document, with its probability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.annotate.aggregation import Aggregate, CodedAnswers, Settings, aggregate, choose
from stages.annotate.agreement.answering_order import last_answers
from stages.annotate.parameters import AnnotateParameters
from stages.common.core.seeding import derived_seed
from stages.common.documents.answers import ADJUDICATOR
from stages.common.documents.consensus import SCHEMA

HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Reached:
    """What answers came to.

    Attributes:
        table: The consensus (:mod:`stages.common.documents.consensus`).
        method: By which it was reached.
        why: By which one and why, in words.
        latest: The answers that were counted, one an annotator and document.
        coded: Those without an adjudicator's, as numbers.
        aggregate: What the method made of them.
    """

    table: pd.DataFrame
    method: str
    why: str
    latest: pd.DataFrame
    coded: CodedAnswers
    aggregate: Aggregate


def reach_consensus(
    answers: pd.DataFrame,
    documents: pd.DataFrame,
    labels: list[str],
    parameters: AnnotateParameters,
    with_functions: bool = False,
) -> Reached:
    """Makes one label of the answers about each document.

    Of several answers that one annotator gave about a document in different rounds the last one counts. What an
    adjudicator decided outranks everything but gold.

    Args:
        answers: The table of answers.
        documents: The documents; their ``label`` is gold.
        labels: The names of the labels, in the card's order.
        parameters: The section ``annotate`` of params.yaml.
        with_functions: Whether functions are among the annotators. A label that all answers agree on is then never
            overturned, and a document without answers is not trained on, whatever its gold label.
    """
    latest = last_answers(answers)
    people = latest[latest["annotator"].ne(ADJUDICATOR)]
    ids = sorted(people["id"].unique())
    coded = CodedAnswers.of(people, ids, labels)
    truth = documents.set_index("id")["label"].dropna()
    seen = gold_seen(documents, ids, parameters) if parameters.method == "auto" else []
    settings = Settings(never_overturn_unanimous=with_functions)
    if parameters.method == "auto":
        gold = np.array([labels.index(truth[name]) for name in seen], dtype=np.int64)
        method, why, _ = choose(coded, np.searchsorted(ids, seen), gold, settings)
    else:
        method, why = parameters.method, f"{parameters.method}, as params.yaml says"
    found = aggregate(method, coded, settings)
    reached = pd.DataFrame({"id": ids, "probabilities": list(found.posterior)})
    reached["label"] = np.array(labels, dtype=object)[found.labels]
    table = _outranked(reached, latest, truth, seen, labels, parameters)
    if with_functions:
        silent = documents.loc[~documents["id"].isin(table["id"]), "id"]
        alone = pd.DataFrame({"id": silent, "gold": silent.map(truth), "seen": False, "left_out": True})
        alone = alone.assign(label=alone["gold"]).dropna(subset="label").reindex(columns=SCHEMA.names)
        table = pd.concat([table, alone.astype(table.dtypes)], ignore_index=True)
    return Reached(table, method, why, latest, coded, found)


def gold_seen(documents: pd.DataFrame, ids: Sequence[str], parameters: AnnotateParameters) -> list[str]:
    """The documents whose gold label is looked at to choose a method: whole groups, never one that is held out.

    Args:
        documents: All documents.
        ids: Those that somebody answered about, sorted.
        parameters: The section ``annotate`` of params.yaml.

    Returns:
        Ids, sorted; which ones depends on the seed and the names of the groups alone.
    """
    held_out = documents.loc[documents["published_split"].isin(HELD_OUT), "group"]
    free = documents[documents["label"].notna() & documents["id"].isin(ids) & ~documents["group"].isin(held_out)]
    sizes = free.groupby("group").size()
    order = sorted(sizes.index, key=lambda group: (derived_seed(parameters.seed, "gold", group), group))
    taken = sizes[order].cumsum() <= round(parameters.gold_share * len(free))
    return sorted(free.loc[free["group"].isin(taken.index[taken]), "id"])


def gold_shown(documents: pd.DataFrame, consensus: pd.DataFrame) -> dict[str, str]:
    """The gold labels that annotators may be held against, by id: none of a document that may be tested on.

    Args:
        documents: Their ``label`` is gold.
        consensus: What answers came to.
    """
    trained = documents["published_split"].eq("train") | documents["id"].isin(consensus["id"][consensus["seen"]])
    known = documents[trained & documents["label"].notna()]
    return dict(zip(known["id"], known["label"], strict=True))


def labelled(documents: pd.DataFrame, consensus: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gives documents their labels.

    Args:
        documents: Their ``label`` is gold.
        consensus: What answers came to.

    Returns:
        The documents that have a label: by consensus, or else gold; and those that have none, with rule and reason.
    """
    label = documents["id"].map(consensus.set_index("id")["label"]).fillna(documents["label"])
    none = label.isna()
    unanswered = documents[none].assign(rule="unanswered", reason="nobody answered about it, and it has no gold label")
    return documents.assign(label=label)[~none], unanswered


def _outranked(
    reached: pd.DataFrame,
    latest: pd.DataFrame,
    truth: pd.Series,
    seen: list[str],
    labels: list[str],
    parameters: AnnotateParameters,
) -> pd.DataFrame:
    """The consensus, with what an adjudicator decided and the gold labels that were looked at in its place."""
    decided = latest[latest["annotator"].eq(ADJUDICATOR)].set_index("id")["answer"]
    table = pd.DataFrame({"id": sorted({*reached["id"], *decided.index})}).merge(reached, on="id", how="left")
    gold = table["id"].map(truth)
    is_seen = table["id"].isin(seen)
    fixed = gold.where(is_seen, table["id"].map(decided))
    table["label"] = fixed.fillna(table["label"])
    certain = np.eye(len(labels))
    table["probabilities"] = [
        answered if pd.isna(label) else certain[labels.index(label)]
        for label, answered in zip(fixed, table["probabilities"], strict=True)
    ]
    table["confidence"] = [
        float(shares[labels.index(label)]) for shares, label in zip(table["probabilities"], table["label"], strict=True)
    ]
    left_out = table["confidence"].lt(parameters.confidence) & (parameters.unsure == "leave_out")
    complete: pd.DataFrame = table.assign(gold=gold, seen=is_seen, left_out=left_out)[SCHEMA.names]
    return complete
