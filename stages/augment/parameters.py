"""The section of params.yaml that the stage reads."""

from pydantic import Field

from stages.common.validation import Strict


class MethodParameters(Strict):
    """How much one method does.

    Attributes:
        count: Variants of each document; 0 turns the method off.
        rate: The share of a document's words that a variant changes, 0 to 1; at least one word, unless it is 0.
    """

    count: int = Field(ge=0)
    rate: float = Field(ge=0.0, le=1.0)


class AugmentParameters(Strict):
    """Which variants the pool holds.

    Attributes:
        seed: Seed of all random choices; each variant has its own stream, made of this and its id.
        synonym: Words are replaced by synonyms from the lexicon.
        insertion: Synonyms of random words are inserted at random places.
        swap: Pairs of random words change places.
        deletion: Random words are left out.
    """

    seed: int = Field(ge=0)
    synonym: MethodParameters
    insertion: MethodParameters
    swap: MethodParameters
    deletion: MethodParameters

    @property
    def methods(self) -> dict[str, MethodParameters]:
        """The methods that are on, by name."""
        settings = {name: getattr(self, name) for name in type(self).model_fields if name != "seed"}
        return {name: method for name, method in settings.items() if method.count}
