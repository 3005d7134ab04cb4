"""What a catalog entry may ask of every reader."""

from collections.abc import Mapping
from typing import Literal

from stages.common.core.validation import Strict

AnnotationKind = Literal["label", "text"]


class BaseReader(Strict):
    """What all readers have in common; each has besides a ``format`` of its own and a method ``read``."""

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        raise NotImplementedError

    @property
    def beside(self) -> list[str]:
        """The names of further files; ``read`` takes their paths after that of the part's own file."""
        return []

    @property
    def inside(self) -> str | None:
        """The pattern of the members of an archive that it reads; None for all there are."""
        pattern: str | None = getattr(self, "member", None) or getattr(self, "members", None)
        return pattern

    @property
    def names_groups(self) -> bool:
        """Whether it fills ``group``, too: documents of one group are on one side of a split."""
        return False

    @property
    def kept_aside(self) -> Mapping[str, AnnotationKind]:
        """The columns of annotations.parquet that it fills: ``label`` for one that is written like the label."""
        return {}

    def named_labels(self, labels: list[str]) -> dict[str, str]:
        """The card's name for each label as the source writes it.

        Args:
            labels: The names in the card, in its order.
        """
        return {name: name for name in labels}
