"""From several people's answers to one answer a document, with its probability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.annotate.aggregation import Choice, Scores, Settings, choose_by
from stages.annotate.agreement.answering_order import last_answers
from stages.annotate.combining import Combined, Combiner, combiner_of
from stages.annotate.parameters import AnnotateParameters
from stages.common.core.messages import UserError
from stages.common.core.seeding import derived_seed
from stages.common.documents.answer_forms import labelled_with
from stages.common.documents.answers import ADJUDICATOR
from stages.common.documents.consensus import SCHEMA
from stages.common.documents.table import has_no_label
from stages.common.tasks import Task

AUTO = "auto"
HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Reached:
    """What answers came to.

    Attributes:
        table: The consensus (:mod:`stages.common.documents.consensus`).
        method: By which it was reached.
        why: By which one and why, in words.
        latest: The answers that were counted, one an annotator and document.
        combined: What the method made of those without an adjudicator's.
        combiner: What combined them.
    """

    table: pd.DataFrame
    method: str
    why: str
    latest: pd.DataFrame
    combined: Combined
    combiner: Combiner

    @property
    def people(self) -> pd.DataFrame:
        """The answers without an adjudicator's."""
        return self.latest[self.latest["annotator"].ne(ADJUDICATOR)]

    @property
    def numbers(self) -> pd.DataFrame | None:
        """The numbers that answers came to, with their standard errors: id, value, standard_error; or None."""
        if self.combined.standard_error is None:
            return None
        values = np.array(self.combined.answers, dtype=np.float64)
        columns = {"id": self.combiner.ids, "value": values, "standard_error": self.combined.standard_error}
        return pd.DataFrame(columns)


def reach_consensus(
    answers: pd.DataFrame,
    documents: pd.DataFrame,
    task: Task,
    labels: list[str],
    parameters: AnnotateParameters,
    with_functions: bool = False,
) -> Reached:
    """Makes one answer of the answers about each document.

    Of several answers that one annotator gave about a document in different rounds the last one counts. What an
    adjudicator decided outranks everything but gold.

    Args:
        answers: The table of answers.
        documents: The documents; their ``gold`` is the true answer as the table of answers would hold it, or null.
        task: The task.
        labels: The names of the labels, in the card's order.
        parameters: The section ``annotate`` of params.yaml.
        with_functions: Whether functions are among the annotators. A label that all answers agree on is then never
            overturned, and a document without answers is not trained on, whatever its gold label.

    Raises:
        UserError: If there is no such method for the task's answers, or an answer is not of its kind.
    """
    latest = last_answers(answers)
    people = latest[latest["annotator"].ne(ADJUDICATOR)]
    truth = documents.set_index("id")["gold"].dropna()
    settings = Settings(
        shrinkage=parameters.shrinkage,
        number_shrinkage=parameters.number_shrinkage,
        temper=parameters.temper,
        never_overturn_unanimous=with_functions,
    )
    combiner = combiner_of(task, people, labels, word_counts(documents, task), settings)
    seen = gold_seen(documents, combiner.ids, parameters) if parameters.method == AUTO else []
    method, why = _chosen(combiner, truth, seen, task, parameters)
    found = combiner.combine(method)
    reached = pd.DataFrame({"id": combiner.ids, "label": found.answers, "confidence": found.confidence})
    reached["probabilities"] = None if found.probabilities is None else list(found.probabilities)
    table = _outranked(reached, latest, truth, seen, combiner, parameters)
    if with_functions:
        silent = documents.loc[~documents["id"].isin(table["id"]), "id"]
        alone = pd.DataFrame({"id": silent, "gold": silent.map(truth), "seen": False, "left_out": True})
        alone = alone.assign(label=alone["gold"]).dropna(subset="label").reindex(columns=SCHEMA.names)
        table = pd.concat([table, alone.astype(table.dtypes)], ignore_index=True)
    return Reached(table, method, why, latest, found, combiner)


def _chosen(
    combiner: Combiner, truth: "pd.Series[str]", seen: Sequence[str], task: Task, parameters: AnnotateParameters
) -> tuple[str, str]:
    """The method, and why."""
    if parameters.method == AUTO:
        places, gold = np.searchsorted(combiner.ids, seen), truth[list(seen)].to_list()
        methods = combiner.methods if seen else ()
        scores: Mapping[str, Scores] = {name: combiner.scores(name, places, gold) for name in methods}
        choice: Choice = choose_by(scores, combiner.methods[0])
        return choice.method, choice.why
    if parameters.method not in combiner.methods:
        raise UserError(
            f"params.yaml: annotate.method {parameters.method} is not for answers of the task {task.name}.",
            f"Set it to {AUTO}, {', '.join(combiner.methods[:-1])} or {combiner.methods[-1]}.",
        )
    return parameters.method, f"{parameters.method}, as params.yaml says"


def word_counts(documents: pd.DataFrame, task: Task) -> dict[str, int]:
    """How many words each document has, by its id, where words are tagged; else nothing."""
    return dict(zip(documents["id"], documents["tokens"].map(len), strict=True)) if task.answer == "tags" else {}


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
    free = documents[documents["gold"].notna() & documents["id"].isin(ids) & ~documents["group"].isin(held_out)]
    sizes = free.groupby("group").size()
    order = sorted(sizes.index, key=lambda group: (derived_seed(parameters.seed, "gold", group), group))
    taken = sizes[order].cumsum() <= round(parameters.gold_share * len(free))
    return sorted(free.loc[free["group"].isin(taken.index[taken]), "id"])


def gold_shown(documents: pd.DataFrame, consensus: pd.DataFrame) -> dict[str, str]:
    """The gold labels that annotators may be held against, by id: none of a document that may be tested on.

    Args:
        documents: Their ``gold`` is the true answer.
        consensus: What answers came to.
    """
    trained = documents["published_split"].eq("train") | documents["id"].isin(consensus["id"][consensus["seen"]])
    known = documents[trained & documents["gold"].notna()]
    return dict(zip(known["id"], known["gold"], strict=True))


def labelled(
    documents: pd.DataFrame, consensus: pd.DataFrame, task: Task, labels: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gives documents their labels.

    Args:
        documents: A document table, with the true answers as ``gold``.
        consensus: What answers came to.
        task: The task.
        labels: The names of the labels, in the card's order.

    Returns:
        The documents that have a label: by consensus, or else gold, and those that their publisher gives none, unless
        somebody answered about them; and the others, with rule and reason.
    """
    answers = documents["id"].map(consensus.set_index("id")["label"]).fillna(documents["gold"])
    documents, none = documents.drop(columns="gold"), answers.isna()
    through = none & has_no_label(documents)
    unanswered = documents[none & ~through]
    unanswered = unanswered.assign(rule="unanswered", reason="nobody answered about it, and it has no gold label")
    decided = labelled_with(documents[~none], answers[~none], task, labels)
    if through.any() or has_no_label(decided).any():
        split = decided["published_split"].mask(has_no_label(decided))
        decided = pd.concat([decided.assign(published_split=split), documents[through]])
    return decided, unanswered


def _outranked(
    reached: pd.DataFrame,
    latest: pd.DataFrame,
    truth: pd.Series,
    seen: Sequence[str],
    combiner: Combiner,
    parameters: AnnotateParameters,
) -> pd.DataFrame:
    """The consensus, with what an adjudicator decided and the gold labels that were looked at in its place."""
    decided = latest[latest["annotator"].eq(ADJUDICATOR)].set_index("id")["answer"]
    table = pd.DataFrame({"id": sorted({*reached["id"], *decided.index})}).merge(reached, on="id", how="left")
    gold = table["id"].map(truth)
    is_seen = table["id"].isin(seen)
    fixed = gold.where(is_seen, table["id"].map(decided))
    table["label"] = fixed.fillna(table["label"])
    certain = fixed.map(combiner.certain, na_action="ignore").astype(object)
    table["probabilities"] = certain.where(fixed.notna(), table["probabilities"])
    table["confidence"] = table["confidence"].where(fixed.isna(), 1.0)
    left_out = table["confidence"].lt(parameters.confidence) & (parameters.unsure == "leave_out")
    complete: pd.DataFrame = table.assign(gold=gold, seen=is_seen, left_out=left_out)[SCHEMA.names]
    return complete
