"""From a plan to the files of a tool, one an annotator."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.annotation.corpus import Corpus
from commands.annotation.rounds import Round, guideline_hash, load_round
from commands.annotation.tools import argilla, doccano, label_studio, plain_csv
from commands.annotation.tools.sheet import Prediction, Sheet
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs

# Each has SUFFIX, UNITS (in which offsets may be counted, the likeliest first), write and read.
TOOLS: Mapping[str, Any] = {"label-studio": label_studio, "doccano": doccano, "argilla": argilla, "csv": plain_csv}
INTERFACE = "interface.xml"


def sheets_of(
    planned: Round, corpus: Corpus, guideline: str, predictions: Mapping[str, Prediction], answered: bool = False
) -> dict[str, list[Sheet]]:
    """By annotator, the documents of a round as each gets them.

    Args:
        planned: The round.
        corpus: The documents.
        guideline: The SHA-256 of the guideline that goes with them.
        predictions: What annotators see of a model, by document.
        answered: Whether only what was answered is wanted, with the answers.

    Raises:
        UserError: If a document of the plan is gone.
    """
    answers = {answer.key: answer for answer in planned.answers} if answered else {}
    sheets: dict[str, list[Sheet]] = {name: [] for name in planned.record.annotators}
    for row in planned.plan:
        given = answers.get((row.id, row.annotator))
        if answered and given is None:
            continue
        if row.id not in corpus.documents.index:
            raise UserError(f"{planned.folder}/plan.csv: {row.id!r} is no document any more.", "Plan another round.")
        item = corpus.item(row.id)
        sheets[row.annotator].append(
            Sheet(item, row.annotator, planned.name, guideline, predictions.get(row.id), given)
        )
    return sheets


def write_sheets(folder: Path, sheets: Mapping[str, list[Sheet]], tool: str, corpus: Corpus) -> None:
    """Writes a file an annotator; for Label Studio the labelling interface, too."""
    folder.mkdir(exist_ok=True)
    module = TOOLS[tool]
    for annotator, rows in sheets.items():
        content = module.write(rows, corpus.task.answer)
        (folder / f"{annotator}{module.SUFFIX}").write_text(content, encoding="utf-8", newline="")
    if tool == "label-studio":
        texts = [name for name in corpus.task.inputs if name != "tokens"] or ["text"]
        page = label_studio.interface(corpus.labels, corpus.task.answer, texts)
        (folder / INTERFACE).write_text(page, encoding="utf-8")


def export(arguments: Namespace) -> None:
    """Writes the tasks of a round again, for any tool, with or without the answers so far.

    Args:
        arguments: Those of ``python -m commands.annotate export``.

    Raises:
        UserError: If there is no such round, or the folder is there already.
    """
    corpus = Corpus.load()
    planned = load_round(corpus, arguments.round)
    if arguments.out.exists():
        raise UserError(f"{arguments.out}: is there already.", "Name a folder that is not.")
    guideline = guideline_hash(corpus)
    sheets = sheets_of(planned, corpus, guideline, {}, arguments.answers)
    with new_outputs(arguments.out) as (folder,):
        write_sheets(folder, sheets, arguments.tool or planned.record.tool, corpus)
    changed = "" if guideline == planned.record.guideline else "; the guideline is another one than the round's"
    closing_line("export", f"{sum(map(len, sheets.values()))} tasks in {arguments.out}{changed}")
