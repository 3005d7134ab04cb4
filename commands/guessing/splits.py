"""Which published split a file or a folder is, by its name."""

import re

SPLITS = (
    ("validation", r"valid|validation|val|dev|devel"),
    ("test", r"test|testing|eval"),
    ("train", r"train|training"),
)


def split_of(name: str) -> str | None:
    """The split that a path's last telling part names, if any."""
    for piece in reversed(name.split("/")):
        words = set(re.split(r"[^a-z]+", piece.lower()))
        split = next((split for split, known in SPLITS if words & set(known.split("|"))), None)
        if split:
            return split
    return None
