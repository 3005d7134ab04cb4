"""Shows how far the rounds of a dataset are, and how far their annotators agree."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean

from commands.annotation.agreement import agreement_lines
from commands.annotation.answers import Answer
from commands.annotation.corpus import Corpus
from commands.annotation.rounds import Round, all_rounds, guideline_hash
from stages.common.core.messages import UserError, closing_line
from stages.common.documents.answers import ADJUDICATOR


def show() -> None:
    """Prints the state of each round.

    Raises:
        UserError: If there is no round.
    """
    corpus = Corpus.load()
    rounds = all_rounds(corpus)
    if not rounds:
        raise UserError(f"{corpus.card.name}: there is no round yet.", "Plan one: `python -m commands.annotate plan`.")
    for planned in rounds:
        print("\n".join(round_lines(planned, corpus)))
    missing = sum(len(missing_of(planned)) for planned in rounds)
    now = guideline_hash(corpus)
    older = [planned.name for planned in rounds if planned.record.guideline != now]
    changed = f"; planned under an earlier guideline: {', '.join(older)}" if older else ""
    closing_line("status", f"{len(rounds)} rounds, {missing} answers missing{changed}")


def round_lines(planned: Round, corpus: Corpus) -> list[str]:
    """What is known of a round: who has answered how much, how right on gold, how fast, and how far they agree."""
    answers, gold = planned.answers, planned.gold
    missing = Counter(annotator for _, annotator in missing_of(planned))
    asked = Counter(row.annotator for row in planned.plan)
    record = planned.record
    lines = [
        f"{planned.name}: {len({row.id for row in planned.plan})} documents ({record.chosen}, {record.split}), "
        f"overlap {record.overlap}, gold {record.gold}, guideline {record.guideline[:12]}"
    ]
    for annotator in record.annotators:
        own = [answer for answer in answers if answer.annotator == annotator]
        done = f"  {annotator}: {asked[annotator] - missing[annotator]} of {asked[annotator]} answered"
        lines.append(done + _on_gold(own, gold) + _speed(own))
    lines += [f"  {line}" for line in agreement_lines(planned, corpus)]
    left = planned.contested - planned.decided
    lines.append(f"  contested: {len(left)} open, {len(planned.decided)} decided by the {ADJUDICATOR}")
    return lines


def missing_of(planned: Round) -> list[tuple[str, str]]:
    """What the plan asks for and nobody has given: documents with the annotator who owes them."""
    given = {answer.key for answer in planned.answers}
    return [(row.id, row.annotator) for row in planned.plan if (row.id, row.annotator) not in given]


def _on_gold(own: Sequence[Answer], gold: dict[str, str]) -> str:
    judged = [answer.answer == gold[answer.id] for answer in own if answer.id in gold]
    return f", {sum(judged)} of {len(judged)} gold right" if judged else ""


def _speed(own: Sequence[Answer]) -> str:
    times = [answer.seconds for answer in own if answer.seconds is not None]
    return f", {mean(times):.1f} s each" if times else ""
