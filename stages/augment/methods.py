"""The methods that make variants. One more takes a file of its own, a line here and a field in parameters.py."""

from collections.abc import Callable

from stages.augment.chance import Draw
from stages.augment.deletion import delete_words
from stages.augment.insertion import insert_synonyms
from stages.augment.noise import hit_neighbouring_keys, misread_characters, transpose_letters
from stages.augment.passage import Passage
from stages.augment.sentence import Change, Donors, Sentence
from stages.augment.swap import swap_words
from stages.augment.synonym import replace_by_synonyms
from stages.augment.tagged import replace_label_wise, replace_mentions, replace_outside_mentions

# From a text, the share of its words to change and random numbers to the new text and the number of words changed; None
# where the text offers nothing to change.
TEXT_METHODS: dict[str, Callable[[Passage, float, Draw], tuple[str, int] | None]] = {
    "synonym": replace_by_synonyms,
    "insertion": insert_synonyms,
    "swap": swap_words,
    "deletion": delete_words,
    "keyboard": hit_neighbouring_keys,
    "ocr": misread_characters,
    "transposition": transpose_letters,
}
# From a sentence with tags, the share to change, random numbers and the donors to the new sentence; None as above.
TAGGED_METHODS: dict[str, Callable[[Sentence, float, Draw, Donors], Change | None]] = {
    "mention_replacement": replace_mentions,
    "label_wise_replacement": replace_label_wise,
    "synonym_outside_mentions": replace_outside_mentions,
}
# Made of many texts at once, by a model or a translator: contextual.py and back_translation.py.
CONTEXTUAL, BACK_TRANSLATION = "contextual", "back_translation"
NEED_LEXICON = frozenset({"synonym", "insertion", "synonym_outside_mentions"})  # and it is English
