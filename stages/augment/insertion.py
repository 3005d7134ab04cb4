"""Random insertion: synonyms of some words are put elsewhere into the text."""

from stages.augment.chance import Draw, count_changes, pick
from stages.augment.passage import Passage


def insert_synonyms(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Inserts synonyms of random words, each after a random word (Wei & Zou 2019, https://arxiv.org/abs/1901.11196).

    Args:
        passage: The text.
        rate: How many words to insert, as a share of the words there are.
        draw: Gives random numbers.

    Returns:
        The new text and how many words or phrases were inserted; None where no word has a synonym.
    """
    if not passage.replaceable:
        return None
    pieces = passage.pieces.copy()
    places = range(1, len(pieces), 2)
    inserted = count_changes(rate, len(passage.words))
    for _ in range(inserted):
        pieces[pick(draw, places)] += " " + pick(draw, passage.synonyms[pick(draw, passage.replaceable)])
    return "".join(pieces), inserted
