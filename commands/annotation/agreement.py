"""Agreement of the annotators of a round, in lines for the terminal."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from commands.annotation.answers import Answer
from commands.annotation.corpus import Corpus
from commands.annotation.rounds import Round
from stages.annotate.agreement.summary import agreement_summary
from stages.common.documents.answers import ADJUDICATOR

SAMPLES = 1_000  # resamples of the documents behind each interval
OF_PAIRS = ("cohen_kappa", "span_f1", "mean_jaccard")  # the one that a pair of annotators has is shown


def agreement_lines(planned: Round, corpus: Corpus) -> list[str]:
    """Coefficients of a round with their intervals, over all, by version of the guideline, and by pair.

    Documents that are gone, and decisions, are left out.
    """
    known = corpus.documents.index
    answers = [answer for answer in planned.answers if answer.annotator != ADJUDICATOR and answer.id in known]
    if not answers:
        return ["agreement: nothing is answered yet"]
    words = None
    if corpus.task.answer == "tags":
        words = {answer.id: len(corpus.item(answer.id).words or ()) for answer in answers}
    found = agreement_summary(_table(answers), corpus.task.answer, corpus.labels, words=words, samples=SAMPLES)
    lines = [f"agreement: {_in_words(found['overall'])}"]
    if found["overall"].get("paradox"):
        lines.append(f"  {found['overall']['paradox']}")
    if len(found["by_guideline"]) > 1:
        lines += [f"  guideline {each['guideline'][:12]}: {_in_words(each)}" for each in found["by_guideline"]]
    for each in found["by_pair"]:
        lines.append(f"  {' and '.join(each['annotators'])}: {_in_words(each, OF_PAIRS)}")
    return lines


def _table(answers: Sequence[Answer]) -> pd.DataFrame:
    table = pd.DataFrame(answers, columns=list(Answer._fields))
    return table.assign(time=pd.to_datetime(table["time"], utc=True), seconds=table["seconds"].astype("float64"))


def _in_words(entry: dict[str, Any], only: Sequence[str] = ()) -> str:
    """The coefficients of an entry, each with its interval or the reason why it has no value."""
    found = {name: value for name, value in entry.items() if isinstance(value, dict) and "value" in value}
    shown = {name: found[name] for name in only if name in found} or found
    reasons = {value["reason"] for value in shown.values() if value["value"] is None}
    parts = [_estimate(name, value) for name, value in shown.items() if value["value"] is not None]
    documents = entry.get("documents_with_several", entry["documents"])
    return f"{', '.join([*parts, *sorted(reasons)])}; {documents} documents"


def _estimate(name: str, value: dict[str, Any]) -> str:
    interval = f" ({value['low']:.3f} to {value['high']:.3f})" if value.get("low") is not None else ""
    return f"{name.replace('_', ' ')} {value['value']:.3f}{interval}"
