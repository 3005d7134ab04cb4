"""The section of params.yaml that the stage reads."""

from typing import Literal

from pydantic import Field

from stages.common.core.validation import Strict


class MethodParameters(Strict):
    """How much one method does.

    Attributes:
        count: Variants of each document; 0 turns the method off.
        rate: Share of the document's words (mentions, sentences) that are changed; at least one, unless it is 0.
    """

    count: int = Field(default=0, ge=0)
    rate: float = Field(default=0.0, ge=0.0, le=1.0)


class ContextualParameters(MethodParameters):
    """Words are replaced by what a masked language model expects in their place.

    Attributes:
        candidates: The likeliest words among which the replacement is drawn, by their probabilities.
        max_length: Tokens after which a text is cut into windows, special tokens included.
        batch_size: Windows that the model reads at once, at most.
        threads: Processor threads; another number changes the last digits.
    """

    candidates: int = Field(default=10, ge=1, le=1000)
    max_length: int = Field(default=128, ge=8)
    batch_size: int = Field(default=32, ge=1)
    threads: int = Field(default=1, ge=1)


class BackTranslationParameters(MethodParameters):
    """Sentences are translated into another language and back.

    Attributes:
        engine: ``apertium`` (a system package that works offline) or ``marian`` (two models: section fetch_models).
        pair: For apertium: from the documents' language into the other; ``apertium -l`` lists what is installed.
        batch_size: For marian: sentences that the model translates at once, at most.
        beams: For marian: translations that the search keeps at each step.
        threads: For marian: processor threads; another number changes the last digits.
    """

    engine: Literal["apertium", "marian"] = "apertium"
    pair: str = Field(default="eng-spa", pattern=r"^[a-z]{2,3}(_[A-Za-z]+)?-[a-z]{2,3}(_[A-Za-z]+)?$")
    batch_size: int = Field(default=32, ge=1)
    beams: int = Field(default=1, ge=1)
    threads: int = Field(default=1, ge=1)


class GateParameters(Strict):
    """Which variants are too far from their origin, by the pretrained encoder.

    Attributes:
        enabled: Whether they are compared; it takes a pass of the encoder over all documents and variants.
        similarity: The least cosine of the two embeddings (the mean of the last hidden states).
        max_length: Tokens after which a text is cut before it is embedded.
        threads: Processor threads that embed; another number changes the last digits.
    """

    enabled: bool = False
    similarity: float = Field(default=-1.0, ge=-1.0, le=1.0)
    max_length: int = Field(default=128, ge=3)
    threads: int = Field(default=1, ge=1)


class AugmentParameters(Strict):
    """The pool of variants of every document that may be trained on; split.augmented says how many of them are.

    Attributes:
        seed: Of all random choices; a variant's depend on it, the method, the document's id and the variant's number.
        synonym: Words are replaced by synonyms from WordNet, of the same part of speech and in the same form.
        insertion: Synonyms of random words are inserted at random places; the rate is a share of the words there are.
        swap: Pairs of random words change places.
        deletion: Random words are left out.
        keyboard: A letter gives way to that of a neighbouring key.
        ocr: A letter gives way to what a scanner may take it for ("rn" for "m").
        transposition: Two letters next to each other change places.
        contextual: Words are replaced by what a masked language model expects.
        back_translation: Sentences are translated into another language and back; for more than one variant, some of
            the sentences only.
        mention_replacement: Mentions are replaced by others of the same type, from documents that may be trained on.
        label_wise_replacement: Tokens are replaced by others with the same tag, from these documents.
        synonym_outside_mentions: Words outside of mentions are replaced by synonyms.
        gate: Variants whose embedding is too far from their origin's are rejected; a copy always is.
    """

    seed: int = Field(ge=0)
    synonym: MethodParameters = MethodParameters()
    insertion: MethodParameters = MethodParameters()
    swap: MethodParameters = MethodParameters()
    deletion: MethodParameters = MethodParameters()
    keyboard: MethodParameters = MethodParameters()
    ocr: MethodParameters = MethodParameters()
    transposition: MethodParameters = MethodParameters()
    contextual: ContextualParameters = ContextualParameters()
    back_translation: BackTranslationParameters = BackTranslationParameters()
    mention_replacement: MethodParameters = MethodParameters()
    label_wise_replacement: MethodParameters = MethodParameters()
    synonym_outside_mentions: MethodParameters = MethodParameters()
    gate: GateParameters = GateParameters()

    @property
    def methods(self) -> dict[str, MethodParameters]:
        """The methods that are on, by name."""
        settings = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: method for name, method in settings.items() if isinstance(method, MethodParameters) and method.count
        }
