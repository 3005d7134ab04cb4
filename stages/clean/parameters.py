"""The clean section of params.yaml: every rule by its name, on or off, with its settings."""

from functools import partial
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.common.text_rules.addresses import Action, replace_emails, replace_urls
from stages.common.text_rules.chain import Rule
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls, remove_zero_width
from stages.common.text_rules.datelines import remove_datelines
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.mojibake import fix_mojibake
from stages.common.text_rules.private_data import mask_private
from stages.common.text_rules.reduction import (
    lemmatise,
    lowercase,
    remove_punctuation,
    remove_stop_words,
    shorten_repeats,
)
from stages.common.text_rules.remains import break_at_backslashes, undo_broken_entities
from stages.common.text_rules.tags import strip_tags
from stages.common.validation import Strict

TAKE_AWAY = ("urls", "emails", "private_data", "lowercase", "punctuation", "stop_words", "lemmas")
Keep = Literal["first", "longest", "all"]


class UnicodeForm(Strict):
    """Unicode normal form.

    Attributes:
        enabled: Whether it is applied.
        form: NFC joins letters with their accents; NFKC also replaces ligatures, full-width letters and the like.
    """

    enabled: bool
    form: Literal["NFC", "NFKC"]


class Datelines(Strict):
    """Datelines of wire services.

    Attributes:
        enabled: Whether they are removed.
        agencies: The services' names, as they sign.
    """

    enabled: bool
    agencies: list[str] = Field(min_length=1)


class RepeatedPunctuation(Strict):
    """Runs of one punctuation mark.

    Attributes:
        enabled: Whether they are cut.
        longest: Marks that are left of a longer run.
    """

    enabled: bool
    longest: int = Field(ge=1, le=100)


class PrivateData(Strict):
    """Data that tells who a person is: e-mail and IP addresses, numbers of phones, cards and bank accounts.

    Attributes:
        enabled: Whether it is looked for.
        action: ``report`` counts it and flags the documents, ``mask`` puts placeholders such as ``[PHONE]`` in its
            place, ``drop`` drops the documents.
        phone_region: The country (ISO 3166) whose phone numbers count without ``+``; null for none.
    """

    enabled: bool
    action: Literal["report", "mask", "drop"]
    phone_region: str | None = Field(pattern="^[A-Z]{2}$")


class LengthLimit(Strict):
    """A limit on the length of a text.

    Attributes:
        enabled: Whether it is applied.
        words: The limit, in words between white space.
        characters: The limit, in characters.
    """

    enabled: bool
    words: int = Field(ge=1)
    characters: int = Field(ge=1)


class Letters(Strict):
    """Texts that are mostly numbers and signs.

    Attributes:
        enabled: Whether they are dropped.
        share: The least share of letters among the characters that are no white space, 0 to 1.
    """

    enabled: bool
    share: float = Field(ge=0, le=1)


class Repetition(Strict):
    """Texts that repeat themselves (Rae et al. 2021, Scaling Language Models, table A1).

    Attributes:
        enabled: Whether they are dropped.
        min_words: Texts with fewer words are not looked at.
        lines: The largest share of lines that repeat another, 0 to 1.
        line_characters: The largest share of characters in such lines.
        top_ngrams: The largest share of characters in the most frequent run of 2, 3, … words.
        repeated_ngrams: The largest share of characters in runs of 5, 6, … words that occurred before.
    """

    enabled: bool
    min_words: int = Field(ge=5)
    lines: float = Field(ge=0, le=1)
    line_characters: float = Field(ge=0, le=1)
    top_ngrams: list[Annotated[float, Field(ge=0, le=1)]] = Field(min_length=1)
    repeated_ngrams: list[Annotated[float, Field(ge=0, le=1)]] = Field(min_length=1)


class Language(Strict):
    """Texts in another language than the card says.

    Attributes:
        enabled: Whether they are dropped.
        probability: How sure the identifier has to be, 0 to 1.
        letters: Texts with fewer letters are not looked at.
    """

    enabled: bool
    probability: float = Field(ge=0, le=1)
    letters: int = Field(ge=1)


class LengthOutliers(Strict):
    """Texts that are much shorter or longer than the others.

    Attributes:
        enabled: Whether they are dropped.
        deviations: How far from the median the logarithm of the number of words may lie, in standard deviations as the
            median absolute deviation estimates them.
    """

    enabled: bool
    deviations: float = Field(gt=0)


class Contradictions(Strict):
    """Texts that occur with two labels.

    Attributes:
        enabled: Whether they are dropped.
        keep: ``none`` drops all copies, ``majority`` keeps those with the commonest label, if there is one.
    """

    enabled: bool
    keep: Literal["none", "majority"]


class Duplicates(Strict):
    """Texts that occur more than once.

    Attributes:
        enabled: Whether copies are dropped; if not, all stay in one group, on one side of the split.
        keep: The copy that stays: the one with the smallest id (``first``), the ``longest``, or ``all``, in one group.
            Copies of a document that the publisher put into test or validation never stay in training.
    """

    enabled: bool
    keep: Keep


class NearDuplicates(Duplicates):
    """Texts that are nearly the same, measured by the Jaccard similarity of their word n-grams.

    Attributes:
        threshold: The similarity, above 0 and below 1, from which on two texts are nearly the same.
        shingle_words: Words of an n-gram.
        recall: The share of the pairs at the threshold that the search should find; the more, the longer it takes.
    """

    threshold: float = Field(ge=0.2, lt=1)
    shingle_words: int = Field(ge=1, le=50)
    recall: float = Field(ge=0.5, le=0.999999)


class Examples(Strict):
    """What is shown of the rules that change texts.

    Attributes:
        seed: Of the choice.
        per_rule: Changed documents that are shown for each rule, at most.
    """

    seed: int
    per_rule: int = Field(ge=0, le=1000)


class CleanParameters(Strict):
    """Which rules run. Those before ``undecodable`` change texts, in this order; the others drop documents.

    Attributes:
        broken_entities: Mend HTML entities whose ampersand became a space.
        entities: Undo HTML entities.
        backslash_breaks: Replace backslashes that stand for line ends.
        mojibake: Decode anew what was decoded wrongly.
        tags: Remove HTML tags.
        unicode_form: Bring into a Unicode normal form.
        control_characters: Remove control characters.
        zero_width: Remove characters without width, but for joiners that join.
        datelines: Remove the place and agency that open a wire service's story.
        urls: Keep web addresses, mask them as ``[URL]`` or drop them.
        emails: Keep e-mail addresses, mask them as ``[EMAIL]`` or drop them.
        private_data: Report, mask or drop data that tells who a person is.
        repeated_punctuation: Cut runs of one punctuation mark.
        lowercase: Put all letters into lower case.
        punctuation: Remove punctuation.
        stop_words: Remove English words that carry little meaning.
        lemmas: Replace English words by their dictionary form.
        whitespace: Make white space plain.
        undecodable: Drop texts with replacement characters, which some earlier program put where it could not decode.
        empty: Drop texts without a letter or digit.
        too_short: Drop texts with fewer words or characters.
        too_long: Drop texts with more words or characters.
        letters: Drop texts that are mostly numbers and signs.
        repetition: Drop texts that repeat themselves.
        language: Drop texts in another language than the card says.
        length_outliers: Drop texts that are much shorter or longer than the others.
        contradictions: Drop copies of a text that has two labels.
        duplicates: Keep one copy of a text.
        near_duplicates: Keep one of the texts that are nearly the same. If off, they are not searched for.
        examples: What is shown of the rules that change texts.
    """

    broken_entities: bool
    entities: bool
    backslash_breaks: bool
    mojibake: bool
    tags: bool
    unicode_form: UnicodeForm
    control_characters: bool
    zero_width: bool
    datelines: Datelines
    urls: Action
    emails: Action
    private_data: PrivateData
    repeated_punctuation: RepeatedPunctuation
    lowercase: bool
    punctuation: bool
    stop_words: bool
    lemmas: bool
    whitespace: bool
    undecodable: bool
    empty: bool
    too_short: LengthLimit
    too_long: LengthLimit
    letters: Letters
    repetition: Repetition
    language: Language
    length_outliers: LengthOutliers
    contradictions: Contradictions
    duplicates: Duplicates
    near_duplicates: NearDuplicates
    examples: Examples

    @model_validator(mode="after")
    def _limits_leave_room(self) -> Self:
        if self.too_short.enabled and self.too_long.enabled:
            for unit in ("words", "characters"):
                if getattr(self.too_short, unit) > getattr(self.too_long, unit):
                    raise ValueError(f"too_short.{unit} is above too_long.{unit}, so every text would be dropped")
        return self

    def text_rules(self) -> dict[str, Rule]:
        """The rules that change texts and are on, by name, in the order in which they are applied."""
        rules: dict[str, tuple[bool, Rule]] = {
            "broken_entities": (self.broken_entities, undo_broken_entities),
            "entities": (self.entities, undo_entities),
            "backslash_breaks": (self.backslash_breaks, break_at_backslashes),
            "mojibake": (self.mojibake, fix_mojibake),
            "tags": (self.tags, strip_tags),
            "unicode_form": (self.unicode_form.enabled, partial(normal_form, form=self.unicode_form.form)),
            "control_characters": (self.control_characters, remove_controls),
            "zero_width": (self.zero_width, remove_zero_width),
            "datelines": (self.datelines.enabled, partial(remove_datelines, agencies=self.datelines.agencies)),
            "urls": (self.urls != "keep", partial(replace_urls, action=self.urls)),
            "emails": (self.emails != "keep", partial(replace_emails, action=self.emails)),
            "private_data": (
                self.private_data.enabled and self.private_data.action == "mask",
                partial(mask_private, phone_region=self.private_data.phone_region),
            ),
            "repeated_punctuation": (
                self.repeated_punctuation.enabled,
                partial(shorten_repeats, longest=self.repeated_punctuation.longest),
            ),
            "lowercase": (self.lowercase, lowercase),
            "punctuation": (self.punctuation, remove_punctuation),
            "stop_words": (self.stop_words, remove_stop_words),
            "lemmas": (self.lemmas, lemmatise),
            "whitespace": (self.whitespace, plain_spaces),
        }
        return {name: rule for name, (on, rule) in rules.items() if on}

    def repairs(self) -> dict[str, Rule]:
        """Those of :meth:`text_rules` that only undo damage: what the text said is still there to be counted."""
        return {name: rule for name, rule in self.text_rules().items() if name not in TAKE_AWAY}
