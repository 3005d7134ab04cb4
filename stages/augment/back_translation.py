"""Back-translation: sentences are translated into another language and back (Sennrich et al. 2016)."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

import pandas as pd

from stages.augment.apertium import Apertium
from stages.augment.chance import choose, count_changes
from stages.augment.methods import BACK_TRANSLATION
from stages.augment.parameters import BackTranslationParameters
from stages.augment.translations import translate_once
from stages.augment.variants import Attempt
from stages.common.core.messages import one_line
from stages.common.core.seeding import generator
from stages.common.words.sentences import split_sentences
from stages.common.words.splitting import spaced_words

WORDLIKE = re.compile(r"[^\W\d_]")


class Engine(Protocol):
    """What translates.

    Attributes:
        identity: What a translation depends on beside the sentence.
    """

    identity: str

    def translate(self, sentences: Sequence[str], back: bool) -> list[str]:
        """Translates sentences, into the other language or back."""
        ...


def open_engine(parameters: BackTranslationParameters, language: str, models: Path) -> Engine:
    """Checks that the engine is there and knows the language.

    Args:
        parameters: Which engine, which languages.
        language: The documents' language as a BCP 47 tag.
        models: The folder of the fetched models, one folder a role.

    Raises:
        UserError: If it is missing, or does not know the languages.
    """
    if parameters.engine == "apertium":
        return Apertium(parameters.pair, language)
    from stages.augment.marian import Marian  # here, because importing torch takes seconds

    return Marian(models, parameters, language)


def translate_back(
    documents: pd.DataFrame, parameters: BackTranslationParameters, engine: Engine, seed: int
) -> Iterator[Attempt]:
    """Makes variants of documents in which some sentences are back-translated.

    Args:
        documents: Rows of a document table.
        parameters: How many variants, and the share of their sentences.
        engine: What translates.
        seed: The stage's seed; which sentences are chosen depends on it, the document's id and the variant's number.

    Yields:
        What was made, one document after the other.
    """
    texts = [split_sentences(text) for text in documents["text"]]
    chosen: dict[tuple[int, int], list[int]] = {}
    for row, (origin, pieces) in enumerate(zip(documents["id"], texts, strict=True)):
        able = [place for place in range(0, len(pieces), 2) if WORDLIKE.search(pieces[place])]
        for number in range(1, parameters.count + 1):
            draw = generator(seed, BACK_TRANSLATION, origin, number).random
            places = choose(draw, count_changes(parameters.rate, len(able)), len(able))
            chosen[row, number] = [able[place] for place in places]
    sentences = {one_line(texts[row][place]) for (row, _), places in chosen.items() for place in places}
    returned = there_and_back(sorted(sentences), engine)
    for (row, number), places in chosen.items():
        pieces = texts[row].copy()
        for place in places:
            pieces[place] = returned[one_line(pieces[place])] or pieces[place]
        text = "".join(pieces) if places or (pieces[0] and not parameters.rate) else None
        yield Attempt(row, BACK_TRANSLATION, number, text, changed_share("".join(texts[row]), text or ""))


def there_and_back(sentences: Sequence[str], engine: Engine) -> dict[str, str]:
    """Translates sentences into the other language and back, each once."""
    there = translate_once(sentences, f"{engine.identity} there", lambda part: engine.translate(part, back=False))
    back = translate_once(
        list(there.values()), f"{engine.identity} back", lambda part: engine.translate(part, back=True)
    )
    return {sentence: back[translation] for sentence, translation in there.items()}


def changed_share(before: str, after: str) -> float:
    """The share of a text's words that another one does not have in the same order, 0 to 1."""
    words = spaced_words(before)
    kept = sum(
        block.size for block in SequenceMatcher(None, words, spaced_words(after), autojunk=False).get_matching_blocks()
    )
    return 1 - kept / max(len(words), 1)
