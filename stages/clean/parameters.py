"""The clean section of params.yaml: every rule by its name, off unless it says otherwise, with its settings."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.common.core.validation import Strict
from stages.common.text_rules.settings import TextRules

Keep = Literal["first", "longest", "all"]


class LengthLimit(Strict):
    """A limit on the length of a text.

    Attributes:
        enabled: Whether it is applied.
        words: In words: what white space separates, or characters where a script has no spaces (docs/cleaning.md).
        characters: In characters.
    """

    enabled: bool = False
    words: int = Field(default=1, ge=1)
    characters: int = Field(default=1, ge=1)


class UpperLengthLimit(LengthLimit):
    """A limit that is not reached unless it is set."""

    words: int = Field(default=2**31, ge=1)
    characters: int = Field(default=2**31, ge=1)


class Letters(Strict):
    """Texts that are mostly numbers and signs.

    Attributes:
        enabled: Whether they are dropped.
        share: The least share of letters among the characters that are not white space.
    """

    enabled: bool = False
    share: float = Field(default=0.0, ge=0, le=1)


class Repetition(Strict):
    """Texts that repeat themselves (Rae et al. 2021, Scaling Language Models, table A1).

    Attributes:
        enabled: Whether they are dropped.
        min_words: Texts with fewer words are not looked at.
        lines: The largest share of lines that repeat another.
        line_characters: The largest share of characters in such lines.
        top_ngrams: The largest share of characters in the most frequent run of 2, 3, 4 words.
        repeated_ngrams: The largest share of characters in runs of 5, 6, ... 10 words that occurred before.
    """

    enabled: bool = False
    min_words: int = Field(default=5, ge=5)
    lines: float = Field(default=1.0, ge=0, le=1)
    line_characters: float = Field(default=1.0, ge=0, le=1)
    top_ngrams: list[Annotated[float, Field(ge=0, le=1)]] = Field(default=[1.0], min_length=1)
    repeated_ngrams: list[Annotated[float, Field(ge=0, le=1)]] = Field(default=[1.0], min_length=1)


class Language(Strict):
    """Texts in another language than the card says.

    Attributes:
        enabled: Whether they are dropped.
        probability: How sure the identifier has to be.
        letters: Texts with fewer letters are not looked at.
    """

    enabled: bool = False
    probability: float = Field(default=1.0, ge=0, le=1)
    letters: int = Field(default=1, ge=1)


class LengthOutliers(Strict):
    """Texts that are much shorter or longer than the others.

    Attributes:
        enabled: Whether they are dropped.
        deviations: How far from the median the logarithm of the number of words may lie, in standard deviations as the
            median absolute deviation estimates them.
    """

    enabled: bool = False
    deviations: float = Field(default=6.0, gt=0)


class Contradictions(Strict):
    """Texts that occur with two labels.

    Attributes:
        enabled: Whether they are dropped.
        keep: ``none`` drops all copies, ``majority`` keeps those with the commonest label, if there is one.
    """

    enabled: bool = False
    keep: Literal["none", "majority"] = "none"


class Duplicates(Strict):
    """Texts that occur more than once.

    Attributes:
        enabled: Whether copies are dropped; if not, all stay in one group, on one side of the split.
        keep: The copy that stays: the ``first`` (smallest id), the ``longest``, or ``all``, in one group.
    """

    enabled: bool = False
    keep: Keep = "first"


class NearDuplicates(Duplicates):
    """Texts that are nearly the same, measured by the Jaccard similarity of their word n-grams.

    Attributes:
        threshold: The similarity from which on two texts are nearly the same.
        shingle_words: Words of an n-gram.
        recall: The share of the pairs at the threshold that MinHash should find (each is verified); more takes longer.
    """

    threshold: float = Field(default=0.8, ge=0.2, lt=1)
    shingle_words: int = Field(default=5, ge=1, le=50)
    recall: float = Field(default=0.9995, ge=0.5, le=0.999999)


class Examples(Strict):
    """What is shown of the rules that change texts.

    Attributes:
        seed: Of the choice.
        per_rule: Documents for each rule, at most.
    """

    seed: int = 0
    per_rule: int = Field(default=0, ge=0, le=1000)


class CleanParameters(TextRules):
    """Which rules run: those that change texts, then those that drop documents.

    Attributes:
        undecodable: Drop texts with U+FFFD, which some program put where it could not decode.
        empty: Drop texts without a letter or digit.
        too_short: Drop texts with fewer words or characters.
        too_long: Drop texts with more words or characters.
        letters: Drop texts that are mostly numbers and signs.
        repetition: Drop texts that repeat themselves (Rae et al. 2021, table A1). The limits were set for web pages:
            they also drop sound tables, and a short text after its headline.
        language: Drop texts in another language than the card says.
        length_outliers: Drop texts that are much shorter or longer than the others.
        contradictions: Drop copies of a text that occurs with two labels.
        duplicates: Keep one copy of a text.
        near_duplicates: Keep one of the texts that are nearly the same. If off, they are not searched for.
        most_dropped: The largest share of the documents that one rule may drop; more stops the run, unless the entry of
            the dataset allows it.
        examples: Documents shown before and after each rule that changes texts.
    """

    undecodable: bool = False
    empty: bool = False
    too_short: LengthLimit = LengthLimit()
    too_long: UpperLengthLimit = UpperLengthLimit()
    letters: Letters = Letters()
    repetition: Repetition = Repetition()
    language: Language = Language()
    length_outliers: LengthOutliers = LengthOutliers()
    contradictions: Contradictions = Contradictions()
    duplicates: Duplicates = Duplicates()
    near_duplicates: NearDuplicates = NearDuplicates()
    most_dropped: float = Field(default=1.0, ge=0, le=1)
    examples: Examples = Examples()

    @model_validator(mode="after")
    def _limits_leave_room(self) -> Self:
        if self.too_short.enabled and self.too_long.enabled:
            for unit in ("words", "characters"):
                if getattr(self.too_short, unit) > getattr(self.too_long, unit):
                    raise ValueError(f"too_short.{unit} is above too_long.{unit}, so every text would be dropped")
        return self
