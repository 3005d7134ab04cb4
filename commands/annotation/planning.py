"""Plans a round: which documents, who answers each, in which order, and the files for the annotators' tool."""

import shutil
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from commands.annotation.answers import write_csv
from commands.annotation.choosing import ask, by_disagreement, by_learning, by_uncertainty, earlier_answers, shuffled
from commands.annotation.corpus import TRAIN, Corpus, check_name
from commands.annotation.guideline import example_ids
from commands.annotation.rounds import (
    GOLD_COLUMNS,
    ROUNDS,
    TASKS,
    Planned,
    Round,
    RoundRecord,
    all_rounds,
    guideline_hash,
    guideline_path,
    write_plan,
    write_record,
)
from commands.annotation.sheets import sheets_of, write_sheets
from commands.annotation.tools.sheet import Prediction
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs
from stages.common.documents.answers import ADJUDICATOR

ITEM, GOLD = "item", "gold"
ASKS_A_MODEL = ("uncertainty", "margin", "badge", "coreset")


def plan(arguments: Namespace) -> None:
    """Makes a round.

    Args:
        arguments: Those of ``python -m commands.annotate plan``.

    Raises:
        UserError: If there is such a round already, or not enough to choose from.
    """
    corpus = Corpus.load()
    folder = ROUNDS / corpus.card.name / check_name(arguments.round, "a round", {TASKS})
    if folder.exists():
        raise UserError(f"{folder}: is there already.", "A plan is not written over: name another round.")
    annotators = annotator_ids(arguments.annotators)
    if not 1 <= arguments.overlap <= len(annotators):
        raise UserError(f"--overlap: {arguments.overlap} of {len(annotators)} annotators.", "From 1 to their number.")
    guideline = guideline_hash(corpus)
    gold = choose_gold(corpus, arguments.gold, arguments.split, arguments.seed)
    items, predictions = choose(corpus, arguments, set(gold))
    shared = shared_out(items, annotators, arguments.overlap, arguments.seed)
    rows = in_order(shared, sorted(gold), annotators, guideline, arguments.seed)
    record = RoundRecord(
        dataset=corpus.card.name,
        guideline=guideline,
        annotators=annotators,
        chosen=arguments.choose,
        split=arguments.split,
        overlap=arguments.overlap,
        gold=len(gold),
        seed=arguments.seed,
        model=_hash(arguments.model) if arguments.choose in ASKS_A_MODEL or arguments.predictions else None,
        shows_predictions=arguments.predictions,
        tool=arguments.tool,
    )
    if arguments.predictions and (missing := sorted({*items, *gold} - set(predictions))):
        predictions |= ask(corpus, missing, arguments.model, arguments.device)[0]
    made = Round(arguments.round, folder, record, rows)
    with new_outputs(folder) as (place,):
        write_record(record, place / "round.yaml")
        write_plan(rows, place / "plan.csv")
        write_csv(place / "gold.csv", GOLD_COLUMNS, sorted(gold.items()))
        shutil.copyfile(guideline_path(corpus), place / "guideline.md")
        shown = predictions if arguments.predictions else {}
        write_sheets(place / TASKS, sheets_of(made, corpus, guideline, shown), arguments.tool, corpus)
    each = Counter(row.annotator for row in rows)
    closing_line(
        "plan",
        f"{folder}: {len(items)} documents by {arguments.choose}, {arguments.overlap} answers each, {len(gold)} gold; "
        f"{', '.join(f'{name} {each[name]}' for name in annotators)}; tasks for {arguments.tool} in {folder / TASKS}",
    )


def annotator_ids(said: str) -> list[str]:
    """The annotators of a round.

    Args:
        said: Their ids with commas between.

    Raises:
        UserError: If one is no id, or is named twice.
    """
    names: list[str] = []
    for name in (part.strip() for part in said.split(",")):
        names.append(check_name(name, "an annotator", {ADJUDICATOR, *names}))
    return names


def choose_gold(corpus: Corpus, count: int, split: str, seed: int) -> dict[str, str]:
    """Draws documents whose answer is known and that no guideline shows; by id, their answers.

    Raises:
        UserError: If there are not enough.
    """
    shown = example_ids(guideline_path(corpus))
    known = {row_id: corpus.known_answer(row_id) for row_id in corpus.candidates(split) if row_id not in shown}
    drawn = shuffled((row_id for row_id, answer in known.items() if answer is not None), seed, "gold")[:count]
    if len(drawn) < count:
        raise UserError(f"--gold {count}: the answers of {len(drawn)} {split} documents are known.", "Ask for fewer.")
    return {row_id: answer for row_id in drawn if (answer := known[row_id]) is not None}


def choose(corpus: Corpus, arguments: Namespace, gold: set[str]) -> tuple[list[str], dict[str, Prediction]]:
    """Chooses the documents of a round, and keeps what a model said of them if one was asked.

    Raises:
        UserError: If there are not enough.
    """
    allowed = set(corpus.candidates(arguments.split)) - gold - example_ids(guideline_path(corpus))
    predictions: dict[str, Prediction] = {}
    if arguments.choose == "disagreement":
        known = {row_id for made in all_rounds(corpus) for row_id in made.gold}
        order = by_disagreement(earlier_answers(corpus), allowed, arguments.seed, known)
    else:
        planned = {row.id for made in all_rounds(corpus) for row in made.plan}
        order = shuffled(allowed - planned, arguments.seed, "items")
        if arguments.choose == "uncertainty":
            order, predictions = by_uncertainty(corpus, order, arguments.model, arguments.device)
        elif arguments.choose != "random" and order:
            order, predictions = by_learning(
                corpus, order, arguments.choose, arguments.items, arguments.model, arguments.device, arguments.seed
            )
    if len(order) < arguments.items or arguments.items < 1:
        what = {"disagreement": "were answered differently"}.get(arguments.choose, "no round has asked about yet")
        raise UserError(
            f"--items {arguments.items}: there are {len(order)} {arguments.split} documents that {what}.",
            "Ask for fewer, at least one." if arguments.split == TRAIN else "Ask for fewer, or for another split.",
        )
    chosen = order[: arguments.items]
    return chosen, {row_id: predictions[row_id] for row_id in chosen if row_id in predictions}


def shared_out(items: Sequence[str], annotators: Sequence[str], overlap: int, seed: int) -> dict[str, list[str]]:
    """Who answers each document: as many as overlap, nobody more than one above another, pairs mixed by the seed."""
    load = Counter(dict.fromkeys(annotators, 0))
    shared = {}
    for item in shuffled(items, seed, "sharing"):
        turn = {name: place for place, name in enumerate(shuffled(annotators, seed, "sharing", item))}
        chosen = sorted(annotators, key=lambda name: (load[name], turn[name]))[:overlap]
        load.update(chosen)
        shared[item] = chosen
    return shared


def in_order(
    shared: dict[str, list[str]], gold: Sequence[str], annotators: Sequence[str], guideline: str, seed: int
) -> list[Planned]:
    """The rows of the plan, annotator by annotator; each has an order of their own, with gold among the rest."""
    rows = []
    for annotator in annotators:
        kinds = {item: ITEM for item, chosen in shared.items() if annotator in chosen} | dict.fromkeys(gold, GOLD)
        rows += [Planned(row, annotator, kinds[row], guideline) for row in shuffled(kinds, seed, "order", annotator)]
    return rows


def _hash(model: Path) -> str:
    from commands.origin import model_hash

    return model_hash(model)
