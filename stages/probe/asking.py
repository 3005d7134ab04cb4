"""Asks the model all texts of all suites in one pass, and makes the tables of what it answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.common.metrics.counts import Floats
from stages.common.model.scorer import Scorer
from stages.probe import differences, failures
from stages.probe.entry import INVARIANCE, MINIMUM
from stages.probe.parameters import ProbeParameters
from stages.probe.scoring import Answers, answer_texts
from stages.probe.suites import Suite

COUNTERFACTUAL = "words in one place"
TEXTS = [
    *("suite", "case", "test", "functionality", "group", "word", "text", "text_pair", "reference", "reference_pair"),
    *("expected", "predicted", "reference_predicted", "failed", "change"),
]


@dataclass(frozen=True)
class Asked:
    """What the model answered.

    Attributes:
        texts: One row a text, with the columns :data:`TEXTS`; ``failed`` is None where nothing is expected.
        tables: What is counted from it: groups, failures and swaps, by name.
    """

    texts: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def ask(suites: Sequence[Suite], model: Path, parameters: ProbeParameters) -> Asked:
    """Asks the model, which is loaded only if there is anything to ask."""
    if not suites:
        return Asked(pd.DataFrame(columns=TEXTS).astype({"change": float}), tables_of([]))
    return look_at(suites, Scorer.load(model, parameters.device), parameters)


def look_at(suites: Sequence[Suite], scorer: Scorer, parameters: ProbeParameters) -> Asked:
    """Answers all texts of all suites in one pass, and counts."""
    asked = [texts_of(suite) for suite in suites]
    together = answer_texts(scorer, pd.concat(asked, ignore_index=True))
    return count(suites, split_answers(together, [len(texts) for texts in asked]), parameters)


def texts_of(suite: Suite) -> pd.DataFrame:
    """All that a suite asks, in columns text and text_pair: words in places; cases, their references, null swaps.

    A case without a reference, or without a null swap, has its own text there, so that rows stay in step.
    """
    if suite.entry.words:
        return _inputs(suite.placed, "text")
    cases = suite.cases
    references = _inputs(cases, "reference").fillna(_inputs(cases, "text"))
    return pd.concat([_inputs(cases, "text"), references, _inputs(cases, "null").fillna(references)], ignore_index=True)


def _inputs(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    pair = rows.get(f"{name}_pair", pd.Series(None, index=rows.index, dtype=object))
    texts = rows.get(name, pd.Series(None, index=rows.index, dtype=object))
    return pd.DataFrame({"text": texts.astype(object), "text_pair": pair.astype(object)}).reset_index(drop=True)


def split_answers(answers: Answers, counts: Sequence[int]) -> list[Answers]:
    """The answers to each suite's texts, from those to all."""
    ends = np.cumsum(counts)
    return [answers.at(slice(end - size, end)) for end, size in zip(ends, counts, strict=True)]


def count(suites: Sequence[Suite], answers: Sequence[Answers], parameters: ProbeParameters) -> Asked:
    """Makes the tables.

    Args:
        suites: Those that were asked.
        answers: To all that :func:`texts_of` gives of each.
        parameters: The stage's.
    """
    parts = list(zip(suites, answers, strict=True))
    texts, tables = [], []
    for suite, of_suite in parts:
        made = _of_words(suite, of_suite, parameters) if suite.entry.words else _of_cases(suite, of_suite, parameters)
        for table, name in made[1]:
            tables.append((name, table))
        texts.append(made[0].reindex(columns=TEXTS).astype(object))
    rows = pd.concat(texts, ignore_index=True)
    rows["change"] = rows["change"].astype(float)
    return Asked(rows, tables_of(tables))


def tables_of(tables: Sequence[tuple[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """The tables of all suites, by name, each with its header where there is nothing in it."""
    columns = {"groups": differences.COLUMNS, "failures": failures.FAILURES, "swaps": failures.SWAPS}
    return {
        name: pd.concat([table for kind, table in tables if kind == name], ignore_index=True)
        if any(kind == name for kind, _ in tables)
        else pd.DataFrame(columns=listed)
        for name, listed in columns.items()
    }


Made = tuple[pd.DataFrame, list[tuple[pd.DataFrame, str]]]


def _of_words(suite: Suite, answers: Answers, parameters: ProbeParameters) -> Made:
    placed = suite.placed
    tables = [(differences.compare_groups(suite.name, placed, answers, parameters), "groups")]
    texts = placed.rename(columns={"context": "case", "place": "functionality"})
    texts = texts.assign(suite=suite.name, test=COUNTERFACTUAL, predicted=_named(answers), failed=None)
    with_label = placed["expected"].notna().to_numpy()
    if with_label.any():
        cases = texts[with_label].assign(test=MINIMUM, direction=None)
        own = answers_where(answers, with_label)
        wrong = failures.failed(cases, own, own, parameters.tolerance)
        texts.loc[with_label, "failed"] = wrong
        tables.append((failures.failure_table(suite.name, cases, wrong, parameters), "failures"))
    return texts, tables


def _of_cases(suite: Suite, answers: Answers, parameters: ProbeParameters) -> Made:
    cases, size = suite.cases.reset_index(drop=True), len(suite.cases)
    after, before, null = split_answers(answers, [size] * 3)
    wrong = failures.failed(cases, after, before, parameters.tolerance).astype(object)
    held = cases["reference"].notna().to_numpy()
    invariant = (cases["test"] == INVARIANCE).to_numpy()
    without = invariant & (after.kinds < 0)  # numbers are neither the same nor another answer
    wrong[without] = None
    tables = []
    if (counted := ~without).any():
        part = cases[counted].reset_index(drop=True)
        tables.append((failures.failure_table(suite.name, part, wrong[counted].astype(bool), parameters), "failures"))
    if invariant.any():
        part = cases[invariant].reset_index(drop=True)
        now, was, by_null = (answers_where(each, invariant) for each in (after, before, null))
        tables.append((failures.swap_table(suite.name, part, now, was, by_null, parameters), "swaps"))
    change = np.abs(after.scores - before.scores).max(axis=1)
    texts = cases.assign(
        suite=suite.name,
        predicted=_named(after),
        reference_predicted=pd.Series(_named(before), dtype=object).where(held, None),
        failed=wrong,
        change=np.where(held, change, np.nan),
    )
    return texts, tables


def answers_where(answers: Answers, rows: failures.Flags) -> Answers:
    """The answers to some texts."""
    return Answers(answers.scores[rows], answers.given[rows], answers.kinds[rows], answers.labels)


def _named(answers: Answers) -> "list[Any]":
    """The label or labels that each text is given; of a number, the number."""
    return [_name(answers.labels, *answer) for answer in zip(answers.scores, answers.given, answers.kinds, strict=True)]


def _name(labels: Sequence[str], scores: Floats, given: failures.Flags, kind: int) -> str | None:
    if kind >= 0:
        return " + ".join(name for name, has in zip(labels, given, strict=True) if has) or "(none)"
    return f"{scores[0]:+.3f}" if len(scores) == 1 else None
