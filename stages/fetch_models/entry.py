"""The form of an entry of catalog/models."""

from typing import Self

from pydantic import Field, model_validator

from stages.common.core.validation import Strict
from stages.common.fetching.packed_files import PackedFiles
from stages.common.fetching.roles import FetchedModel, Languages
from stages.common.fetching.sources import PinnedFile


class ModelEntry(Strict):
    """A model for any of the roles, whose files are fetched one by one or lie in one archive.

    Attributes:
        title: The name that people know it by.
        licence: Under what terms it may be used.
        citation: What to cite.
        languages: For a translation model: from which language into which.
        prefix: What a translation model for several target languages wants before each sentence, such as ``>>spa<<``.
        files: Its files in transformers' form, with weights in safetensors.
        archive: In place of these an archive.
        folder: The folder inside it that holds the files.
        members: The hash of each file wanted, sha256 in hexadecimal, by file name.
    """

    title: str
    licence: str
    citation: str
    languages: Languages | None = None
    prefix: str = ""
    files: list[PinnedFile] | None = Field(default=None, min_length=1)
    archive: PinnedFile | None = None
    folder: str | None = None
    members: dict[str, str] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_form_is_given(self) -> Self:
        packed = [given is not None for given in (self.archive, self.folder, self.members)]
        if any(packed) if self.files else not all(packed):
            raise ValueError("give either 'files', or 'archive', 'folder' and 'members'")
        return self

    @property
    def packed(self) -> PackedFiles | None:
        """What to take out of an archive; None where the files are fetched one by one."""
        if self.archive is None or self.folder is None or self.members is None:
            return None
        return PackedFiles(
            title=self.title,
            licence=self.licence,
            citation=self.citation,
            archive=self.archive,
            folder=self.folder,
            members=self.members,
        )

    @property
    def hashes(self) -> list[str]:
        """The name of each file and the hash that is pinned for it."""
        if self.files:
            return [f"{file.name} {file.hash}" for file in self.files]
        return [f"{name} sha256:{digest}" for name, digest in (self.members or {}).items()]

    @property
    def record(self) -> FetchedModel:
        """What the readers of an optional role need to know of it."""
        return FetchedModel(title=self.title, languages=self.languages, prefix=self.prefix, hashes=self.hashes)
