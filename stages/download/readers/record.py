"""What every reader yields: one record for each document, or what was wrong with it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """A document as it stands in its source.

    Attributes:
        place: Where it stands, such as a member's name or a file's line.
        text: Its text.
        label: Its label by the name that the source uses; None if it has none.
        id: The publisher's id; None if there is none.
    """

    place: str
    text: str
    label: str | None
    id: str | None


@dataclass(frozen=True)
class BadRecord:
    r"""A record that could not be read, to be listed among the rejected rows.

    Attributes:
        place: Where it stands.
        rule: The kind of fault, in one word.
        reason: What is wrong with it.
        text: What could be read of it, with bytes that could not as ``\xNN``.
    """

    place: str
    rule: str
    reason: str
    text: str
