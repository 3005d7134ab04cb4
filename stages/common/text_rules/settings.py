"""The rules that change texts, each on or off with its settings: cleaning runs them, and prediction does again."""

from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from stages.common.core.validation import Strict
from stages.common.text_rules.addresses import Action, kept_addresses, replace_emails, replace_urls
from stages.common.text_rules.chain import Rule, apply_rules
from stages.common.text_rules.characters import normal_form, plain_spaces, remove_controls, remove_zero_width
from stages.common.text_rules.datelines import remove_datelines
from stages.common.text_rules.entities import undo_entities
from stages.common.text_rules.markup import Markup
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

NAMES = Path("models/fetched/names")  # what finds names of people
TAKE_AWAY = ("urls", "emails", "private_data", "lowercase", "punctuation", "stop_words", "lemmas")


class UnicodeForm(Strict):
    """Unicode normal form.

    Attributes:
        enabled: Whether it is applied.
        form: NFC joins letters with their accents; NFKC also replaces ligatures, full-width letters and the like.
    """

    enabled: bool = False
    form: Literal["NFC", "NFKC"] = "NFC"


class Datelines(Strict):
    """Datelines of wire services.

    Attributes:
        enabled: Whether they are removed.
        agencies: Who signs.
    """

    enabled: bool = False
    agencies: list[str] = Field(default=["Reuters"], min_length=1)


class RepeatedPunctuation(Strict):
    """Runs of one punctuation mark.

    Attributes:
        enabled: Whether they are cut.
        longest: Marks that are left of a longer run.
    """

    enabled: bool = False
    longest: int = Field(default=3, ge=1, le=100)


class PrivateData(Strict):
    """Data that tells who a person is: e-mail and IP addresses, numbers of phones, cards and bank accounts.

    Attributes:
        enabled: Whether it is looked for.
        action: ``report`` counts it and flags the documents, ``mask`` puts placeholders such as [PHONE] in its
            place, ``drop`` drops the documents.
        phone_region: The country (ISO 3166, such as US) whose phone numbers count without +; ``null`` for none.
        names: Whether names of people are looked for, too; that takes a model (section fetch_models).
    """

    enabled: bool = False
    action: Literal["report", "mask", "drop"] = "report"
    phone_region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    names: bool = False


class TextRules(Strict):
    """Which rules that change texts run, in this order. One that is not named is off.

    Attributes:
        broken_entities: Mend HTML entities whose ampersand became a space (" #39;" for an apostrophe).
        entities: Undo HTML entities (&amp; &#163;), until none is left.
        backslash_breaks: Put a space for a backslash that stands where a line ended.
        mojibake: Decode anew what was decoded wrongly, where there are signs of it (by ftfy).
        tags: Remove HTML tags, comments, scripts and style sheets.
        markup: What becomes of escaped tags (&lt;b&gt;): ``remove`` them with the others, ``keep`` them and all tags,
            ``keep_escaped`` to keep them and remove the others; ``evidence`` decides by counts over all texts.
        unicode_form: Bring texts into a Unicode normal form.
        control_characters: Remove control characters and byte order marks.
        zero_width: Remove characters without width, but not the joiners of emoji, Arabic and Indic scripts.
        datelines: Remove "NEW YORK (Reuters) -" at the beginning of a story.
        urls: ``keep`` web addresses, ``mask`` them as [URL] or ``drop`` them.
        emails: ``keep`` e-mail addresses, ``mask`` them as [EMAIL] or ``drop`` them.
        private_data: E-mail and IP addresses, numbers of phones, cards and bank accounts, names.
        repeated_punctuation: Cut runs of one punctuation mark ("!!!!!"); ten stars, dashes and the like stay.
        lowercase: Put all letters into lower case.
        punctuation: Remove punctuation.
        stop_words: Remove English words that carry little meaning (scikit-learn's list).
        lemmas: Replace English words by their dictionary form (lemminflect).
        whitespace: One space for a run of them, at most one blank line, none at the ends.
    """

    broken_entities: bool = False
    entities: bool = False
    backslash_breaks: bool = False
    mojibake: bool = False
    tags: bool = False
    markup: Markup = "remove"
    unicode_form: UnicodeForm = UnicodeForm()
    control_characters: bool = False
    zero_width: bool = False
    datelines: Datelines = Datelines()
    urls: Action = "keep"
    emails: Action = "keep"
    private_data: PrivateData = PrivateData()
    repeated_punctuation: RepeatedPunctuation = RepeatedPunctuation()
    lowercase: bool = False
    punctuation: bool = False
    stop_words: bool = False
    lemmas: bool = False
    whitespace: bool = False

    def text_rules(self) -> dict[str, Rule]:
        """The rules that change texts and are on, by name, in the order in which they are applied."""
        kept = kept_addresses(self.urls, self.emails)
        rules: dict[str, tuple[bool, Rule]] = {
            "broken_entities": (self.broken_entities, undo_broken_entities),
            "entities": (self.entities, partial(undo_entities, brackets=self.markup != "keep_escaped")),
            "backslash_breaks": (self.backslash_breaks, break_at_backslashes),
            "mojibake": (self.mojibake, fix_mojibake),
            "tags": (self.tags and self.markup != "keep", strip_tags),
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
                partial(shorten_repeats, longest=self.repeated_punctuation.longest, kept=kept),
            ),
            "lowercase": (self.lowercase, partial(lowercase, kept=kept)),
            "punctuation": (self.punctuation, partial(remove_punctuation, kept=kept)),
            "stop_words": (self.stop_words, partial(remove_stop_words, kept=kept)),
            "lemmas": (self.lemmas, partial(lemmatise, kept=kept)),
            "whitespace": (self.whitespace, plain_spaces),
        }
        return {name: rule for name, (on, rule) in rules.items() if on}

    def repairs(self) -> dict[str, Rule]:
        """Those of :meth:`text_rules` that only undo damage: what the text said is still there to be counted."""
        return {name: rule for name, rule in self.text_rules().items() if name not in TAKE_AWAY}

    def apply(self, texts: pd.Series) -> pd.Series:
        """Texts as cleaning would have left them.

        Args:
            texts: One text a row; each row has an index of its own.

        Returns:
            The texts in the same order.
        """
        rules, repairs = self.text_rules(), self.repairs()
        repaired, _ = apply_rules(texts, repairs)
        if len(rules) == len(repairs):  # they are the same, and a second time they would change nothing
            return repaired
        if self.private_data.action == "mask":
            repaired, _ = self.mask_names(repaired)
        return apply_rules(repaired, rules)[0]

    def mask_names(self, repaired: pd.Series, folder: Path = NAMES) -> tuple[pd.Series, "pd.Series[int]"]:
        """Masks names of people if they are to be looked for: once, between the repairs and the other rules.

        It is none of :meth:`text_rules`, which run again as long as one changes something.

        Args:
            repaired: The texts after the repairs; each row has an index of its own.
            folder: The model that finds them.

        Returns:
            The texts in the same order, and how many names were masked in each row that held any.
        """
        if not (self.private_data.enabled and self.private_data.names):
            return repaired, pd.Series(dtype="int64")
        from stages.common.text_rules.names import mask_names  # here: torch takes seconds to import

        return mask_names(repaired, self.private_data.phone_region, folder)
