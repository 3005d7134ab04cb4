"""The clean section of params.yaml: every rule by its name, on or off, with its settings."""

from functools import partial
from typing import Literal, Self

from pydantic import Field, model_validator

from stages.common.text_rules.chain import Rule
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.tags import strip_tags
from stages.common.validation import Strict


class UnicodeForm(Strict):
    """Unicode normal form.

    Attributes:
        enabled: Whether it is applied.
        form: NFC joins letters with their accents; NFKC also replaces ligatures, full-width letters and the like.
    """

    enabled: bool
    form: Literal["NFC", "NFKC"]


class WordLimit(Strict):
    """A limit on the length of a text.

    Attributes:
        enabled: Whether it is applied.
        words: The limit, in words between white space.
    """

    enabled: bool
    words: int = Field(ge=1)


class CleanParameters(Strict):
    """Which rules run. The first five change texts, in this order; the others drop documents.

    Attributes:
        entities: Undo HTML entities.
        tags: Remove HTML tags.
        unicode_form: Bring into a Unicode normal form.
        control_characters: Remove control characters.
        whitespace: Make white space plain.
        undecodable: Drop texts with replacement characters, which some earlier program put where it could not decode.
        empty: Drop texts without a letter or digit.
        too_short: Drop texts with fewer words.
        too_long: Drop texts with more words.
        contradictions: Drop all copies of a text that has two labels.
        duplicates: Keep one copy of a text, the one with the smallest id; if off, all copies stay in one group, on one
            side of the split.
    """

    entities: bool
    tags: bool
    unicode_form: UnicodeForm
    control_characters: bool
    whitespace: bool
    undecodable: bool
    empty: bool
    too_short: WordLimit
    too_long: WordLimit
    contradictions: bool
    duplicates: bool

    @model_validator(mode="after")
    def _limits_leave_room(self) -> Self:
        if self.too_short.enabled and self.too_long.enabled and self.too_short.words > self.too_long.words:
            raise ValueError("too_short.words is above too_long.words, so every text would be dropped")
        return self

    def text_rules(self) -> dict[str, Rule]:
        """The rules that change texts and are on, by name, in the order in which they are applied."""
        rules: dict[str, tuple[bool, Rule]] = {
            "entities": (self.entities, undo_entities),
            "tags": (self.tags, strip_tags),
            "unicode_form": (self.unicode_form.enabled, partial(normal_form, form=self.unicode_form.form)),
            "control_characters": (self.control_characters, remove_controls),
            "whitespace": (self.whitespace, plain_spaces),
        }
        return {name: rule for name, (on, rule) in rules.items() if on}
