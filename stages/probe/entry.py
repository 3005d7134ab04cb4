"""The form of an entry of catalog/probes: what a suite is, and where its files come from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stages.common.core.validation import Strict
from stages.common.fetching.sources import PinnedFile

MINIMUM, INVARIANCE, DIRECTION = "minimum functionality", "invariance", "direction"  # Ribeiro et al. (2020)
Kind = Literal["minimum functionality", "invariance", "direction"]


class WordList(Strict):
    """Words of groups that a file lists.

    Attributes:
        file: Its name among the entry's files.
        format: ``lines``, one word a line, all of one group; or ``descriptors``, HolisticBias's JSON, whose axes are
            groups.
        group: The name of the group, of lines.
    """

    file: str
    format: Literal["lines", "descriptors"]
    group: str | None = None

    @model_validator(mode="after")
    def _lines_have_a_group(self) -> Self:
        if (self.format == "lines") != (self.group is not None):
            raise ValueError("give 'group' with format lines, and with no other")
        return self


class Words(Strict):
    """A suite that puts the words of groups, such as names, into the same places.

    Attributes:
        groups: The words of each group.
        lists: Further groups, out of files.
        templates: Texts with ``{word}`` in them, or ``{a word}`` for the word behind its English article.
        fill: What other placeholders of templates stand for; each value makes a template of its own.
        frames: The same with ``{text}``, for which test documents are put.
        replace: Whether the words are put where one of them stands in a test document, too.
        label: The suite's label that every template has, whatever the word; None where they have none.
    """

    groups: dict[str, list[str]] = Field(default={})
    lists: list[WordList] = Field(default=[])
    templates: list[str] = Field(default=[])
    fill: dict[str, list[str]] = Field(default={})
    frames: list[str] = Field(default=[])
    replace: bool = False
    label: str | None = None


class Swap(Strict):
    """A suite that exchanges gendered words in test documents, and, for comparison, words that mean the same.

    Attributes:
        method: ``english``, pronouns by their part of speech and a table of nouns; or ``pairs``, each of ``pairs`` for
            the other.
        pairs: Words of the one gender, and those of the other for each, of method pairs.
        groups: What the swapped texts are called: those with words of the first gender in place of the second's, the
            other way round, and those that held both.
        null: Words that mean nearly the same, each for the other.
    """

    method: Literal["english", "pairs"]
    pairs: dict[str, str] = Field(default={})
    groups: tuple[str, str, str] = ("women for men", "men for women", "both exchanged")
    null: dict[str, str] = Field(default={})


class Columns(Strict):
    """The columns of a table of cases.

    Attributes:
        text: The text that is answered.
        label: The suite's label of it; for a direction, the label whose probability is looked at.
        id: What names a case; the row's number by default.
        functionality: What the case tests.
        group: Whom it is about.
        test: ``minimum functionality``, ``invariance`` or ``direction``, where a table holds several.
        reference: The text that it is held against, of an invariance or direction.
        direction: ``up`` or ``down``: how the probability of the label may move.
    """

    text: str = "text"
    label: str | None = None
    id: str | None = None
    functionality: str | None = None
    group: str | None = None
    test: str | None = None
    reference: str | None = None
    direction: str | None = None


class Cases(Strict):
    """A suite of cases that were written out, as CheckList (Ribeiro et al. 2020) has them.

    Attributes:
        file: Its name among the entry's files.
        format: ``csv`` or ``tsv`` with a header, or ``winobias`` (numbered lines with brackets) or ``winogender``.
        against: The file that it is held against line by line, of winobias.
        test: What kind of test the cases are, where no column says it.
        functionality: What they test, where no column says it.
        columns: Of csv and tsv.
    """

    file: str
    format: Literal["csv", "tsv", "winobias", "winogender"] = "csv"
    against: str | None = None
    test: Kind = "minimum functionality"
    functionality: str = "all"
    columns: Columns = Columns()


class ProbeEntry(Strict):
    """A suite of probes.

    Attributes:
        title: The name that people know it by.
        language: A BCP 47 tag.
        licence: Under what terms it may be used.
        citation: What to cite.
        offensive: Whether its texts hold abuse, which the page folds away.
        labels: Its labels, and the names that each may have in a dataset beside its own.
        null: Words that mean nearly the same: with one for the other, cases show how far the model moves for nothing.
        files: What it is made of, where it comes from outside.
        words: What it does: words into places,
        swap: gendered words exchanged,
        cases: or cases that are written out.
    """

    title: str
    language: str
    licence: str
    citation: str
    offensive: bool = False
    labels: dict[str, list[str]] = Field(default={})
    null: dict[str, str] = Field(default={})
    files: list[PinnedFile] = Field(default=[])
    words: Words | None = None
    swap: Swap | None = None
    cases: list[Cases] = Field(default=[])

    @model_validator(mode="after")
    def _one_form_is_given(self) -> Self:
        if sum(map(bool, (self.words, self.swap, self.cases))) != 1:
            raise ValueError("give one of 'words', 'swap' and 'cases'")
        return self
