"""How much of sound text the repair of wrong decoding leaves alone, and how much of damaged text comes back whole.

    python -m benchmarks.bench_mojibake FOLDER

The folder holds one file of sentences a language, such as ``de.txt``, one sentence a line in UTF-8; sentences of ASCII
alone are left out, for nothing can happen to them. Each sentence is damaged once and twice by reading its UTF-8 as
Windows-1252 (with the bytes that it lacks as control characters, as programs do) or as Latin-1.
"""

import argparse
from pathlib import Path

import ftfy.bad_codecs  # noqa: F401  (registers sloppy-windows-1252)
import pandas as pd

from stages.common.text_rules.mojibake import fix_mojibake

MOST = 1_000
ENCODINGS = {"Windows-1252": "sloppy-windows-1252", "Latin-1": "latin-1"}


def damaged(text: str, encoding: str, times: int) -> str:
    """A text whose UTF-8 was read in another encoding, so many times."""
    for _ in range(times):
        text = text.encode("utf-8").decode(encoding)
    return text


def whole(texts: list[str], encoding: str, times: int) -> float:
    """The share of damaged texts that the repair brings back character by character."""
    fixed = fix_mojibake(pd.Series([damaged(text, encoding, times) for text in texts], dtype="str"))
    return sum(now == text for now, text in zip(fixed, texts, strict=True)) / len(texts)


def main() -> None:
    """Measures each file of a folder and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="files of sentences, one a line")
    cases = [(name, encoding, times) for name, encoding in ENCODINGS.items() for times in (1, 2)]
    print(
        "| sentences in | number | sound, but changed |", *(f" {name}, {times}x |" for name, _, times in cases), sep=""
    )
    print("|---|---|---|" + "---|" * len(cases))
    for file in sorted(parser.parse_args().folder.glob("*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines()
        texts = [line for line in lines if not line.isascii()][:MOST]
        sound = pd.Series(texts, dtype="str")
        changed = int(fix_mojibake(sound).ne(sound).sum())
        shares = " | ".join(f"{whole(texts, encoding, times):.1%}" for _, encoding, times in cases)
        print(f"| {file.stem} | {len(texts):,} | {changed} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
