"""The download section of params.yaml."""

from pydantic import Field

from stages.common.core.validation import Strict


class DownloadParameters(Strict):
    """How a dataset is read.

    Attributes:
        most_rejected: Records (rows, files, sentences) that may be unusable, one by one, before the whole dataset
            counts as wrong.
    """

    most_rejected: int = Field(default=0, ge=0)
