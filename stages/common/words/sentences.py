"""Where sentences begin and end in a text, for languages that write as English does."""

import re

# Titles that are abbreviated with a full stop, which ends no sentence.
TITLES = frozenset(
    {"Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Gen", "Sen", "Rep", "Gov", "Lt", "Col", "Capt", "Sgt", "Rev"}
)
# Where one sentence may end and the next begin; what matches stays as it is.
BORDER = re.compile(r"((?<=[.!?])\s+|(?<=[.!?][\"'\u201d\u2019)\]])\s+|\s*\n\s*)")


def split_sentences(text: str) -> list[str]:
    """Takes a text apart into sentences.

    Args:
        text: The text.

    Returns:
        A sentence, what stands between it and the next, that one and so on; joined they are the text. An abbreviated
        title or an initial ends no sentence.
    """
    parts = BORDER.split(text)
    pieces = parts[:1]
    for border, sentence in zip(parts[1::2], parts[2::2], strict=True):
        last = pieces[-1].rpartition(" ")[2]
        if last.endswith(".") and (last[:-1] in TITLES or len(last) == 2) and "\n" not in border:
            pieces[-1] += border + sentence
        else:
            pieces += [border, sentence]
    return pieces
