"""The words of each class over some test documents, and which of them decide alone."""

import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.model.scorer import Scorer, read_by
from stages.common.tasks import task_of
from stages.explain.erasing import layout_logits
from stages.explain.explaining import explain, lay_out_targets, predicted_targets
from stages.explain.global_words import global_words
from stages.explain.layout import Layout
from stages.explain.parameters import ExplainParameters
from stages.explain.shortcuts import Corpus, candidates, shortcuts


def words_of_classes(
    scorer: Scorer, shown: pd.DataFrame, parameters: ExplainParameters
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Adds up the words of a sample of documents by gradient times input, and tries the best of them.

    Args:
        scorer: The model.
        shown: The test documents that may be shown.
        parameters: The stage's section.

    Returns:
        The tables of words and of shortcuts; None where a model gives numbers, or tags of single words.
    """
    task = task_of(scorer.inference)
    order = sorted(range(len(shown)), key=lambda row: derived_seed(parameters.seed, "global", shown["id"][row]))
    documents = shown.iloc[sorted(order[: parameters.global_documents])].reset_index(drop=True)
    if task.answer == "value" or documents.empty:
        return None, None
    targets = predicted_targets(scorer, documents)
    if not len(targets.outputs):
        return None, None
    layout = lay_out_targets(scorer, documents, targets)
    found = explain(scorer, layout, targets.outputs, "gradient_times_input")
    about = documents.iloc[targets.documents].reset_index(drop=True)
    words = named_words(scorer, about, layout)
    labels = [scorer.inference.outputs[output] for output in targets.outputs]
    totals = global_words(labels, words, found.scores)
    listed = totals.groupby("label", sort=False).head(parameters.words).reset_index(drop=True)
    if task.answer != "label":
        return listed, None
    corpus = Corpus(documents, task.inputs, layout, words, layout_logits(scorer, layout))
    return listed, shortcuts(scorer, corpus, candidates(totals, corpus, labels, parameters), parameters)


def named_words(scorer: Scorer, documents: pd.DataFrame, layout: Layout) -> list[list[tuple[int, str]]]:
    """Of each document its words in lower case, with the input that each is in, [documents][words]."""
    task = task_of(scorer.inference)
    inputs = read_by(task, documents)
    named = []
    for given, places in zip(inputs, layout.words, strict=True):
        texts = given if len(task.inputs) > 1 else (given,)
        named.append([(text, _word(texts[text], start, end)) for text, start, end in places])
    return named


def _word(text: str | list[str], start: int, end: int) -> str:
    return (text[start:end] if isinstance(text, str) else " ".join(text[start:end])).casefold()
