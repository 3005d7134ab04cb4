"""The form of an entry of catalog/augmenters."""

from pydantic import Field

from stages.common.core.validation import Strict
from stages.common.fetching.sources import PinnedFile
from stages.common.model.augmenters import Augmenter, Languages


class AugmenterEntry(Strict):
    """A masked language model, a translation model or one that finds names, whose files are fetched one by one.

    Attributes:
        title: The name that people know it by.
        licence: Under what terms it may be used.
        citation: What to cite.
        languages: For a translation model: from which language into which.
        prefix: What a translation model for several target languages wants before each sentence, such as ``>>spa<<``.
        files: Its files in transformers' form, with weights in safetensors.
    """

    title: str
    licence: str
    citation: str
    languages: Languages | None = None
    prefix: str = ""
    files: list[PinnedFile] = Field(min_length=1)

    @property
    def listed(self) -> Augmenter:
        """What the stage writes of it."""
        hashes = [f"{file.name} {file.hash}" for file in self.files]
        return Augmenter(title=self.title, languages=self.languages, prefix=self.prefix, hashes=hashes)
