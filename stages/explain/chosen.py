"""Explains the chosen test documents by each method, and measures how faithful the methods are on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.explain.erasing import Floats, beliefs, layout_logits
from stages.explain.explaining import Explained, Method, Targets, explain, lay_out_targets, predicted_targets
from stages.explain.faithfulness import compared, faithfulness, interval, random_faithfulness
from stages.explain.layout import Ints, Layout
from stages.explain.parameters import ExplainParameters
from stages.explain.randomised import rank_correlations, with_random_weights
from stages.explain.selection import choose, explained_words

LONGEST = 16  # windows: a longer document is not chosen, since each of its words is a pass of occlusion


@dataclass(frozen=True)
class Chosen:
    """What was found of the chosen documents.

    Attributes:
        documents: The entries of documents.json.
        summary: Of all of them: which method, how faithful.
        seconds: By method, what a document took.
    """

    documents: list[dict[str, Any]]
    summary: dict[str, Any]
    seconds: dict[str, float]


def explain_chosen(
    scorer: Scorer, shown: pd.DataFrame, predictions: pd.DataFrame, parameters: ExplainParameters
) -> Chosen:
    """Chooses documents, explains them, and measures how faithful that is.

    Args:
        scorer: The model.
        shown: The test documents that may be shown.
        predictions: What evaluate wrote.
        parameters: The stage's section.
    """
    task = task_of(scorer.inference)
    known = predictions[predictions["id"].isin(shown["id"])]
    chosen = choose(known, task, parameters.documents, parameters.seed)
    documents = shown.set_index("id").loc[chosen["id"]].reset_index()
    targets = _targets(scorer, documents, chosen, known)
    layout = lay_out_targets(scorer, documents, targets)
    rows = np.flatnonzero((np.diff(layout.tokens.firsts) <= LONGEST) & [len(words) > 0 for words in layout.words])
    layout, outputs = layout.only(rows), targets.outputs[rows]
    documents, chosen = documents.iloc[rows].reset_index(drop=True), chosen.iloc[rows].reset_index(drop=True)
    words = None if targets.words is None else targets.words[rows]

    found = _by_method(scorer, layout, outputs, chosen["why"].tolist(), parameters)
    measured = _measured(scorer, layout, outputs, documents["id"].tolist(), found, parameters)
    sure = beliefs(scorer, layout_logits(scorer, layout), outputs)
    entries = [
        _entry(scorer, layout, row, ident, why, int(outputs[row]), None if words is None else int(words[row]), found)
        | {"probability": None if task.answer == "value" else float(sure[row])}
        for row, (ident, why) in enumerate(zip(documents["id"], chosen["why"], strict=True))
    ]
    settings = {"baseline": parameters.integrated.baseline, "tolerance": parameters.integrated.tolerance}
    seconds: dict[str, float] = {method: each.seconds for method, (_, each) in found.items()}
    return Chosen(entries, {"integrated": settings, "methods": measured}, seconds)


def _targets(scorer: Scorer, documents: pd.DataFrame, chosen: pd.DataFrame, predictions: pd.DataFrame) -> Targets:
    """What was predicted of each document; where words have tags, that of the word that is of most interest."""
    task = task_of(scorer.inference)
    if task.head == "document":
        return predicted_targets(scorer, documents)
    words = explained_words(chosen, predictions, task.target)
    outputs = {tag: place for place, tag in enumerate(scorer.inference.outputs)}
    tags = predictions.set_index("id")["predicted"]
    predicted = [outputs[tags[ident][word]] for ident, word in zip(chosen["id"], words, strict=True)]
    return Targets(np.arange(len(documents)), np.array(predicted, dtype=np.int64), np.array(words, dtype=np.int64))


def _by_method(
    scorer: Scorer, layout: Layout, outputs: Ints, why: Sequence[str], parameters: ExplainParameters
) -> dict[Method, tuple[Ints, Explained]]:
    """The scores of each method, with the rows that it explained: all of them, or some of each kind."""
    in_turn = pd.Series(why).groupby(pd.Series(why), sort=False).cumcount().to_numpy()
    order = np.argsort(in_turn, kind="stable")
    counts: dict[Method, int] = {
        "integrated_gradients": parameters.integrated.documents,
        "gradient_times_input": len(layout),
        "occlusion": parameters.occlusion,
    }
    result: dict[Method, tuple[Ints, Explained]] = {}
    for method, count in counts.items():
        rows = np.sort(order[:count])
        if len(rows):
            found = explain(scorer, layout.only(rows), outputs[rows], method, *_settings(parameters))
            result[method] = (rows, found)
    return result


def _settings(parameters: ExplainParameters) -> tuple[Any, float, int]:
    integrated = parameters.integrated
    return integrated.baseline, integrated.tolerance, integrated.most_steps


def _measured(
    scorer: Scorer,
    layout: Layout,
    outputs: Ints,
    ids: Sequence[str],
    found: dict[Method, tuple[Ints, Explained]],
    parameters: ExplainParameters,
) -> dict[str, Any]:
    """How faithful each method is, beside random orders, and how far its scores are those of random weights."""
    directed = _directions(scorer, layout, outputs)
    random = random_faithfulness(scorer, layout, outputs, ids, parameters.random_orders, parameters.seed)
    untrained = with_random_weights(scorer, parameters.seed) if parameters.randomised else None
    measured: dict[str, Any] = {}
    for method, (rows, explained) in found.items():
        scores = [directed[row] * each for row, each in zip(rows, explained.scores, strict=True)]
        method_faithfulness = faithfulness(scorer, layout.only(rows), outputs[rows], scores)
        of_rows = type(random)(*(values[rows] for values in random))
        bootstrap = Bootstrap(
            np.zeros(len(rows), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
        )
        entry = {"documents": len(rows), **compared(method_faithfulness, of_rows, bootstrap)}
        if explained.error is not None:
            entry["completeness_error"] = float(np.median(explained.error))
            entry["reached"] = int((explained.error <= parameters.integrated.tolerance).sum())
            entry["points"] = float(np.mean(explained.points))
        if untrained is not None and explained.gradients:
            few = rows[: parameters.randomised]
            other = explain(untrained, layout.only(few), outputs[few], method, *_settings(parameters))
            alike = rank_correlations(explained.scores[: len(few)], other.scores)
            few_bootstrap = Bootstrap(np.zeros(len(few), np.int64), *_resampling(parameters))
            entry["random_weights"] = {"documents": len(few), **interval(alike, few_bootstrap)}
        measured[method] = entry
    return measured


def _resampling(parameters: ExplainParameters) -> tuple[int, float, int]:
    return parameters.bootstrap_samples, parameters.confidence, parameters.seed


def _directions(scorer: Scorer, layout: Layout, outputs: Ints) -> Floats:
    """1, or -1 where a predicted number is below what a document without words gets: low scores are then the best."""
    if task_of(scorer.inference).answer != "value":
        return np.ones(len(layout))
    emptied = layout.without(np.arange(len(layout)), [np.ones(len(words), dtype=bool) for words in layout.words])
    rows = np.arange(len(layout))
    apart = layout_logits(scorer, layout)[rows, outputs] - layout_logits(scorer, emptied)[rows, outputs]
    return np.where(apart < 0, -1.0, 1.0)


def _entry(
    scorer: Scorer,
    layout: Layout,
    row: int,
    ident: str,
    why: str,
    output: int,
    word: int | None,
    found: dict[Method, tuple[Ints, Explained]],
) -> dict[str, Any]:
    """A document of documents.json: places of words and their scores, not the words, which may not be passed on."""
    scores: dict[str, Any] = {}
    for method, (rows, explained) in found.items():
        at = np.flatnonzero(rows == row)
        if len(at):
            error = None if explained.error is None else float(explained.error[at[0]])
            scores[method] = {
                "scores": [float(f"{score:.5g}") for score in explained.scores[at[0]]],
                "completeness_error": error if error is None or np.isfinite(error) else None,
                "points": int(explained.points[at[0]]),
            }
    return {
        "id": ident,
        "why": why,
        "target": scorer.inference.outputs[output],
        "word": word,
        "places": [list(place) for place in layout.words[row]],
        "methods": scores,
    }
