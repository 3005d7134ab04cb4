"""Tells an unlabelled file that is the test file, whatever it is called and however it is written."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import xxhash

from stages.common.core.messages import UserError
from stages.common.documents.table import NO_LABEL
from stages.download.entry import Part
from stages.download.readers.record import Batch

Hashes = npt.NDArray[np.uint64]


class Texts:
    """The texts of the parts by their hashes, so far; nothing is kept where no part is unlabelled.

    Args:
        parts: All of them.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._wanted = any(part.split == NO_LABEL for part in parts)
        self._unlabelled: dict[str, list[Hashes]] = defaultdict(list)
        self._tested: dict[str, list[Hashes]] = defaultdict(list)

    def add(self, part: Part, batch: Batch) -> None:
        """Takes the texts of a batch; those of a part that the publisher trains on are no test file's."""
        if not self._wanted or part.split == "train":
            return
        kind = self._unlabelled if part.split == NO_LABEL else self._tested
        columns = [batch.rows[name].to_pylist() for name in ("text", "text_pair") if name in batch.rows.column_names]
        rows = ("\n".join(" ".join(text.casefold().split()) for text in texts) for texts in zip(*columns, strict=True))
        kind[part.file].append(np.array([xxhash.xxh3_64_intdigest(row.encode()) for row in rows], np.uint64))

    def check(self) -> None:
        """Checks that each unlabelled file has a text that no labelled file has which may be tested on.

        Raises:
            UserError: If one has none.
        """
        tested = {file: np.concatenate(found) for file, found in self._tested.items()}
        for file, found in self._unlabelled.items():
            own = np.unique(np.concatenate(found))
            if len(own) and np.isin(own, np.concatenate([np.zeros(0, np.uint64), *tested.values()])).all():
                most = max(tested, key=lambda name: np.isin(own, tested[name]).sum())
                raise UserError(
                    f"{file}: each of its texts has a label in {most}: an unlabelled file that is the test file.",
                    "Name another file, or leave this part out of the entry.",
                )
