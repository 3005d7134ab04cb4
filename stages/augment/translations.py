"""Keeps translated sentences between runs, outside of all outputs: what is found is what would be made again."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

FOLDER = ".translations"  # git ignores it
AT_ONCE = 10_000  # sentences after which what was translated is kept, should the run be stopped


def translate_once(
    sentences: Sequence[str], identity: str, translate: Callable[[Sequence[str]], list[str]]
) -> dict[str, str]:
    """Translates sentences that were not translated before.

    Args:
        sentences: The sentences, in any order, with repeats.
        identity: What a translation depends on beside the sentence: the engine, its version, the direction.
        translate: Translates sentences, in their order.

    Returns:
        The translation of each sentence.
    """
    found: dict[str, str] = {}
    missing = []
    with closing(_open()) as store:
        for sentence in sorted(set(sentences)):
            row = store.execute("select translation from translations where key = ?", (_key(identity, sentence),))
            for (translation,) in row:
                found[sentence] = translation
            if sentence not in found:
                missing.append(sentence)
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            made = dict(zip(part, translate(part), strict=True))
            rows = [(_key(identity, sentence), translation) for sentence, translation in made.items()]
            with store:
                store.executemany("insert or ignore into translations values (?, ?)", rows)
            found |= made
    return found


def _key(identity: str, sentence: str) -> str:
    return hashlib.sha256(f"{identity}\0{sentence}".encode()).hexdigest()


def _open() -> sqlite3.Connection:
    """Opens the store; one that cannot be read is begun anew."""
    path = Path(os.environ.get("DVC_ROOT", ".")) / FOLDER / "translations.sqlite"
    path.parent.mkdir(exist_ok=True)
    try:
        return _create(path)
    except sqlite3.DatabaseError:
        path.unlink()
        return _create(path)


def _create(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=60)  # seconds to wait for another run that writes
    store.execute("create table if not exists translations (key text primary key, translation text not null)")
    return store
