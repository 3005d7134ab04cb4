"""The clean section of params.yaml: every rule by its name, on or off, with its settings."""

from functools import partial
from typing import Literal, Self

from pydantic import Field, model_validator

from stages.common.text_rules.addresses import Action, replace_emails, replace_urls
from stages.common.text_rules.chain import Rule
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls, remove_zero_width
from stages.common.text_rules.datelines import remove_datelines
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.mojibake import fix_mojibake
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


class WordLimit(Strict):
    """A limit on the length of a text.

    Attributes:
        enabled: Whether it is applied.
        words: The limit, in words between white space.
    """

    enabled: bool
    words: int = Field(ge=1)


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
        repeated_punctuation: Cut runs of one punctuation mark.
        lowercase: Put all letters into lower case.
        punctuation: Remove punctuation.
        stop_words: Remove English words that carry little meaning.
        lemmas: Replace English words by their dictionary form.
        whitespace: Make white space plain.
        undecodable: Drop texts with replacement characters, which some earlier program put where it could not decode.
        empty: Drop texts without a letter or digit.
        too_short: Drop texts with fewer words.
        too_long: Drop texts with more words.
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
    repeated_punctuation: RepeatedPunctuation
    lowercase: bool
    punctuation: bool
    stop_words: bool
    lemmas: bool
    whitespace: bool
    undecodable: bool
    empty: bool
    too_short: WordLimit
    too_long: WordLimit
    contradictions: Contradictions
    duplicates: Duplicates
    near_duplicates: NearDuplicates
    examples: Examples

    @model_validator(mode="after")
    def _limits_leave_room(self) -> Self:
        if self.too_short.enabled and self.too_long.enabled and self.too_short.words > self.too_long.words:
            raise ValueError("too_short.words is above too_long.words, so every text would be dropped")
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
