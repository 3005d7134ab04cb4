"""The section of params.yaml that the stage reads."""

from pydantic import Field

from stages.common.validation import Strict


class MethodParameters(Strict):
    """How much one method does.

    Attributes:
        count: Variants of each document; 0 turns the method off.
        rate: The share of what the method works on (words, mentions or sentences of a document) that a variant changes,
            0 to 1; at least one of them, unless it is 0.
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
        keyboard: A letter of a word becomes a neighbour on the keyboard.
        ocr: A letter of a word becomes one that looks alike.
        transposition: Two letters of a word change places.
        mention_replacement: In token classification, mentions are replaced by others of the same type.
        label_wise_replacement: In token classification, tokens are replaced by others with the same tag.
        synonym_outside_mentions: In token classification, words outside of mentions are replaced by synonyms.
    """

    seed: int = Field(ge=0)
    synonym: MethodParameters
    insertion: MethodParameters
    swap: MethodParameters
    deletion: MethodParameters
    keyboard: MethodParameters
    ocr: MethodParameters
    transposition: MethodParameters
    mention_replacement: MethodParameters
    label_wise_replacement: MethodParameters
    synonym_outside_mentions: MethodParameters

    @property
    def methods(self) -> dict[str, MethodParameters]:
        """The methods that are on, by name."""
        settings = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: method for name, method in settings.items() if isinstance(method, MethodParameters) and method.count
        }
