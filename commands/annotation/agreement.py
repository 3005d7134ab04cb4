"""Agreement of the annotators of a round, in lines for the terminal."""

from collections import defaultdict

from commands.annotation.corpus import Corpus
from commands.annotation.rounds import ADJUDICATOR, Round


def agreement_lines(planned: Round, _: Corpus) -> list[str]:
    """How far annotators agree."""
    said: dict[str, list[str]] = defaultdict(list)
    for answer in planned.answers:
        if answer.annotator != ADJUDICATOR:
            said[answer.id].append(answer.answer)
    shares = []
    for given in said.values():
        pairs = [one == other for place, one in enumerate(given) for other in given[place + 1 :]]
        if pairs:
            shares.append(sum(pairs) / len(pairs))
    if not shares:
        return ["agreement: no document has two answers"]
    return [f"agreement: {sum(shares) / len(shares):.4f} observed, on {len(shares)} documents"]
