"""The section of params.yaml that the stage reads."""

from pydantic import Field

from stages.common.core.validation import Strict


class ReportParameters(Strict):
    """What the page shows, and how much of it.

    Attributes:
        seed: Seed of the choice of examples and of the places of words in the clouds.
        word_cloud_words: Words in the cloud of a class, at most.
        examples: Documents shown for each rule of cleaning, at most.
        variants: Variants shown of each method of augmentation, at most.
        listed: Rows shown of a longer list, at most: leaks, clusters, labels that look wrong, slices, confused pairs.
        errors: Wrongly classified test documents shown, and documents on which encoder and baseline differ, at most.
        excerpt_characters: Characters after which a shown text is cut.
    """

    seed: int = Field(ge=0)
    word_cloud_words: int = Field(ge=1, le=200)
    examples: int = Field(ge=0, le=50)
    variants: int = Field(ge=0, le=50)
    listed: int = Field(ge=0, le=200)
    errors: int = Field(ge=0, le=500)
    excerpt_characters: int = Field(ge=40, le=2000)
