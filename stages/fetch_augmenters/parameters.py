"""The section of params.yaml that the stage reads."""

from stages.common.core.validation import Strict


class FetchAugmentersParameters(Strict):
    """Which entries of catalog/augmenters are fetched.

    Attributes:
        masked_language_model: What augment.contextual works with; None for the pretrained encoder.
        forward: A MarianMT model from the documents' language into another one, for augment.back_translation.
        backward: A MarianMT model from there back.
        names: A token classification model that finds names of people, for clean.private_data.names.
    """

    masked_language_model: str | None
    forward: str | None
    backward: str | None
    names: str | None
