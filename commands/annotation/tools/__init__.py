"""The tools that annotators work with; each has a file here, entered in :mod:`commands.annotation.sheets`."""

from typing import Literal

Tool = Literal["label-studio", "doccano", "argilla", "csv"]
