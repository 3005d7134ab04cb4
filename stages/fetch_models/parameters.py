"""The section of params.yaml that the stage reads."""

from stages.common.core.validation import Strict


class FetchModelsParameters(Strict):
    """Models that augment and clean work with: entries of catalog/models, or null for none.

    Attributes:
        masked_language_model: For augment.contextual; null for the pretrained encoder, if it has a head of
            that kind.
        forward: For augment.back_translation: a MarianMT model from the documents' language into another.
        backward: And one from there back.
        names: For clean.private_data.names: a model that tags names of people in texts (docs/cleaning.md).
    """

    masked_language_model: str | None = None
    forward: str | None = None
    backward: str | None = None
    names: str | None = None
