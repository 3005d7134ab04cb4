"""Adjudication: a table of what is contested, the worst first, without names; and the decisions taken back from it.

A decision about a round becomes an answer of the annotator ``adjudicator``, which outranks all others: round.yaml says
so. A decision about the label audit's queue becomes a verdict that ``audit.reviewed`` can name.
"""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

from commands.annotation.answers import Answer, read_csv, write_answer_file, write_csv
from commands.annotation.choosing import ask, shuffled, top_shares
from commands.annotation.corpus import Corpus
from commands.annotation.entry_lines import entry_lines
from commands.annotation.forms import Canonical, UnusableError, canonical
from commands.annotation.rounds import ROUNDS, TASKS, Round, load_round
from commands.annotation.tools.plain_csv import delimiter_of, shown
from commands.annotation.tools.sheet import Prediction
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs
from stages.common.documents.answers import ADJUDICATOR, COUNTED, read_answers
from stages.common.documents.card import read_card
from stages.common.documents.consensus import CONSENSUS, read_consensus

ISSUES, REVIEWS = Path("reports/audit/label_issues.csv"), Path("catalog/reviews")
VERDICTS = ("id", "verdict", "new_label")  # what stages.audit.review reads
DROP = "(drop)"  # the decision that a document is not to be trained on; about the audit's queue only
MODEL = "model"
DECIDED = ("id", "decision")


class Case(NamedTuple):
    """One document to be decided.

    Attributes:
        id: The document.
        confidence: The posterior of its label, else the share of the most frequent answer; of the audit's queue the
            quality of the label.
        answers: What people answered, in an order that tells nothing; of the audit's queue the label, then what people
            answered.
        model: What a model answers, where one was asked.
        probability: How sure the model is.
    """

    id: str
    confidence: float
    answers: list[str]
    model: str = ""
    probability: float | None = None


def adjudicate(arguments: Namespace) -> None:
    """Writes a queue, or takes decisions back.

    Args:
        arguments: Those of ``python -m commands.annotate adjudicate``.

    Raises:
        UserError: If there is nothing to decide, or something is wrong with the decisions.
    """
    if arguments.audit == (arguments.round is not None):
        raise UserError("adjudicate: name a round, or say --audit.", "One of the two.")
    corpus = Corpus.load()
    if arguments.audit:
        cases = audit_cases(corpus, arguments.seed)
        if arguments.take:
            take_verdicts(corpus, cases, arguments.take)
            return
        folder, name = ROUNDS / corpus.card.name / TASKS, "audit.csv"
    else:
        planned = load_round(corpus, arguments.round)
        if arguments.take:
            take_decisions(corpus, planned, arguments.take)
            return
        cases = round_cases(corpus, planned, arguments)
        folder, name = planned.folder / TASKS, f"{ADJUDICATOR}.csv"
    path = arguments.out or folder / name
    if path.suffix != ".csv":
        raise UserError(f"--out {path}: a queue is a CSV file.", "Let its name end in .csv.")
    if path.exists() and any(row["decision"] for _, row in read_csv(path, DECIDED)):
        raise UserError(f"{path}: holds decisions.", "Take them with --take and remove it, or name another with --out.")
    with new_outputs(path) as (made,):
        write_queue(corpus, cases, made)
    closing_line("adjudicate", f"{len(cases)} documents in {path}, the worst first; fill in `decision`, then --take it")


def round_cases(corpus: Corpus, planned: Round, arguments: Namespace) -> list[Case]:
    """What a round left open, the least sure first: answered differently, or below the confidence that is asked for.

    Documents of known answer are not among them, nor those that are decided.
    """
    answers = planned.answers
    said: dict[str, list[str]] = defaultdict(list)
    for answer in sorted(answers):
        if answer.annotator != ADJUDICATOR and answer.id not in planned.gold and answer.id in corpus.documents.index:
            said[answer.id].append(answer.answer)
    sure = top_shares(answers) | _posteriors(corpus)
    decided, contested = planned.decided, planned.contested
    open_ids = [
        row_id for row_id in said if row_id not in decided and (row_id in contested or sure[row_id] < arguments.below)
    ]
    predictions: Mapping[str, Prediction] = {}
    if arguments.predictions and open_ids:
        predictions = ask(corpus, sorted(open_ids), arguments.model, arguments.device)[0]
    cases = []
    for row_id in sorted(open_ids, key=lambda row_id: (round(sure[row_id], 6), row_id)):
        places = shuffled(map(str, range(len(said[row_id]))), arguments.seed, ADJUDICATOR, row_id)
        model = predictions.get(row_id)
        shown_answers = [said[row_id][int(place)] for place in places]
        cases.append(
            Case(row_id, sure[row_id], shown_answers, model.answer if model else "", model and model.probability)
        )
    return cases


def audit_cases(corpus: Corpus, seed: int) -> list[Case]:
    """The label audit's queue: the label, what several people answered, and what the audit suggests as the model's.

    Raises:
        UserError: If the audit has not run.
    """
    columns = ("id", "label", "suggested", "probability", "quality")
    rows = [row for _, row in read_csv(ISSUES, columns)]
    gone = next((row["id"] for row in rows if row["id"] not in corpus.documents.index), None)
    if gone is not None:
        raise UserError(f"{ISSUES}: {gone!r} is no document of {corpus.card.name}.", "Run `dvc repro audit`.")
    said = _answers(corpus, {row["id"] for row in rows})
    cases = []
    for row in rows:
        people = said.get(row["id"], [])
        places = shuffled(map(str, range(len(people))), seed, ADJUDICATOR, row["id"])
        answers = [row["label"], *(people[int(place)] for place in places)]
        cases.append(Case(row["id"], float(row["quality"]), answers, row["suggested"], float(row["probability"])))
    return cases


def write_queue(corpus: Corpus, cases: Sequence[Case], path: Path) -> None:
    """Writes the table: an empty decision, each answer under a letter, the model's, and the texts."""
    letters = ascii_uppercase[: max((len(case.answers) for case in cases), default=1)]
    words = ["words"] if corpus.task.answer == "tags" else []
    names = [name for name in corpus.task.inputs if name != "tokens"] or ["text"]
    head = [*DECIDED, "confidence", *letters, MODEL, "probability", *words, *names]
    rows = []
    for case in cases:
        item = corpus.item(case.id)
        row: list[Any] = [case.id, "", round(case.confidence, 4)]
        row += [*case.answers, *[""] * (len(letters) - len(case.answers)), case.model, case.probability]
        if words:
            row.append(shown(" ".join(f"{place}:{word.text}" for place, word in enumerate(item.words or ()))))
        rows.append([*row, *(shown(item.texts[name]) for name in names)])
    write_csv(path, head, rows)


def take_decisions(corpus: Corpus, planned: Round, path: Path) -> None:
    """Adds decisions to the answers of a round; a new one about a document takes the place of an old one.

    Raises:
        UserError: If one of them is no answer, or about a document that the round has no answer for.
    """
    answers = planned.answers
    known = {answer.id for answer in answers}
    decisions = {}
    for place, row_id, said in _decisions(corpus, path):
        if row_id not in known or row_id not in corpus.documents.index:
            raise UserError(f"{place}: the round has no answer about {row_id[:80]!r}.", "Take the ids from the queue.")
        answer = _decided(corpus, place, row_id, said)
        decisions[row_id] = Answer(row_id, ADJUDICATOR, answer, None, None, planned.name, planned.record.guideline)
    kept = [answer for answer in answers if answer.annotator != ADJUDICATOR or answer.id not in decisions]
    with new_outputs(planned.folder / "answers.csv") as (made,):
        write_answer_file([*kept, *decisions.values()], made)
    left = planned.contested - planned.decided
    closing_line(
        "adjudicate",
        f"{len(decisions)} decisions in {planned.folder / 'answers.csv'}, as answers of {ADJUDICATOR}, which outrank "
        f"all others; {len(left)} contested documents left",
    )
    print(entry_lines(planned))


def take_verdicts(corpus: Corpus, cases: Sequence[Case], path: Path) -> None:
    """Writes decisions about the audit's queue into the dataset's file of reviews.

    Raises:
        UserError: If one of them is no label, or about a document that is not in the queue.
    """
    given = {case.id: case.answers[0] for case in cases}
    target = REVIEWS / f"{corpus.card.name}.csv"
    verdicts = {}
    if target.exists():
        verdicts = {row["id"]: (row["verdict"], row["new_label"]) for _, row in read_csv(target, VERDICTS)}
    before = len(verdicts)
    taken = 0
    for place, row_id, said in _decisions(corpus, path):
        if row_id not in given:
            raise UserError(f"{place}: {row_id[:80]!r} is not in {ISSUES}.", "Take the ids from the queue.")
        taken += 1
        if said == DROP:
            verdicts[row_id] = ("drop", "")
            continue
        answer = _decided(corpus, place, row_id, said)
        verdicts[row_id] = ("keep", "") if answer == given[row_id] else ("relabel", answer)
    with new_outputs(target) as (made,):
        write_csv(made, VERDICTS, [(row_id, *verdict) for row_id, verdict in sorted(verdicts.items())])
    closing_line("adjudicate", f"{taken} verdicts in {target}, {before} before; name it in audit.reviewed")


def _decisions(corpus: Corpus, path: Path) -> Iterator[tuple[str, str, str]]:
    """The rows of a filled-in queue that have a decision: place, document, and the decision, letters replaced."""
    seen: set[str] = set()
    for place, row in read_csv(path, DECIDED, delimiter_of(path)):
        said = row["decision"].strip()
        if not said:
            continue
        if row["id"] in seen:
            raise UserError(f"{place}: {row['id'][:80]!r} has two decisions.", "Keep one of them.")
        seen.add(row["id"])
        named = said in (*ascii_uppercase, MODEL) and said not in corpus.labels
        meant = row.get(said, "") if named else ""
        yield place, row["id"], meant or said


def _decided(corpus: Corpus, place: str, row_id: str, said: str) -> str:
    try:
        return canonical(Canonical(said), corpus.task.answer, corpus.item(row_id), corpus.labels, ())
    except UnusableError as error:
        raise UserError(f"{place}: {error}.", f"Write an answer, a letter of the row, or {MODEL}.") from None


def _answers(corpus: Corpus, ids: Set[str]) -> dict[str, list[str]]:
    """By document, what people answered whose answers became its label; of some documents."""
    if not COUNTED.exists() or not _is_annotated(corpus):
        return {}
    rows = read_answers(COUNTED)
    rows = rows[rows["id"].isin(ids) & rows["annotator"].ne(ADJUDICATOR)]
    return {str(name): sorted(answers) for name, answers in rows.groupby("id")["answer"]}


def _posteriors(corpus: Corpus) -> dict[str, float]:
    """By document, the posterior of the label that people's answers came to; empty where none was computed."""
    if not CONSENSUS.exists() or not _is_annotated(corpus):
        return {}
    rows = read_consensus()[["id", "confidence"]].dropna()
    return dict(zip(rows["id"], rows["confidence"], strict=True))


def _is_annotated(corpus: Corpus) -> bool:
    """Whether data/annotated is of this dataset."""
    return read_card(CONSENSUS.parent).name == corpus.card.name
