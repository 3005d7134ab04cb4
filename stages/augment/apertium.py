"""Translates with Apertium, rules and dictionaries that work offline (Forcada et al. 2011); Debian packages it."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stages.common.core.execution import load_execution
from stages.common.core.messages import UserError, one_line, progress, suggestion

PROGRAM = "apertium"
MEND = "On Debian: `apt-get install apertium apertium-{pair}`. Or set augment.back_translation.count to 0."
# An empty line ends a sentence for Apertium, whatever stands before it, so that no rule works across it.
SEPARATOR = "\n\n"
CHUNK = 2_000  # sentences that one process translates
TIMEOUT = 3_600  # seconds after which a process is taken for dead
# The codes of Apertium (ISO 639-3) for the languages (ISO 639-1) that it has pairs of.
CODES = {
    "af": "afr", "ar": "ara", "ast": "ast", "be": "bel", "bg": "bul", "br": "bre", "ca": "cat", "cy": "cym",
    "da": "dan", "de": "deu", "en": "eng", "eo": "epo", "es": "spa", "eu": "eus", "fr": "fra", "gl": "glg",
    "hi": "hin", "hr": "hrv", "id": "ind", "is": "isl", "it": "ita", "kk": "kaz", "mk": "mkd", "ms": "msa",
    "mt": "mlt", "nb": "nob", "nl": "nld", "nn": "nno", "no": "nob", "oc": "oci", "pl": "pol", "pt": "por",
    "ro": "ron", "ru": "rus", "sc": "srd", "se": "sme", "sl": "slv", "sr": "srp", "sv": "swe", "tr": "tur",
    "tt": "tat", "uk": "ukr", "ur": "urd",
}  # fmt: skip


class Apertium:
    """Two of Apertium's directions: from the documents' language into another one, and back.

    Attributes:
        identity: What a translation depends on beside the sentence: the version and a hash of the pair's rules.
    """

    def __init__(self, pair: str, language: str) -> None:
        """Checks that everything is there.

        Args:
            pair: The direction from the documents' language, such as ``eng-spa``.
            language: The documents' language as a BCP 47 tag.

        Raises:
            UserError: If Apertium or one of the directions is not installed, or the pair begins with another language.
        """
        if shutil.which(PROGRAM) is None:
            raise UserError("augment.back_translation: the program `apertium` is missing.", MEND.format(pair=pair))
        known = _say("-l").split()
        source, _, target = pair.partition("-")
        self._directions = (pair, f"{target}-{source}")
        for direction in self._directions:
            if direction not in known:
                raise UserError(
                    f"augment.back_translation.pair: Apertium has no direction {direction!r} here.",
                    f"{suggestion(direction, known)} There are: {', '.join(known)}. {MEND.format(pair=pair)}",
                )
        code = CODES.get(language.split("-")[0], language)
        if source.partition("_")[0] != code:
            raise UserError(
                f"augment.back_translation.pair: {pair!r} translates from {source!r}, but the documents are in "
                f"{language!r} ({code}).",
                "Choose a pair that begins with it.",
            )
        rules = "".join(_hash_of_rules(direction) for direction in self._directions)
        self.identity = f"apertium {one_line(_say('-V'))} {pair} {rules}"

    def translate(self, sentences: Sequence[str], back: bool) -> list[str]:
        """Translates sentences, each by itself.

        Args:
            sentences: Sentences without line breaks.
            back: Whether it goes back into the documents' language.

        Returns:
            As many translations, in the same order.
        """
        direction = self._directions[back]
        chunks = [sentences[start : start + CHUNK] for start in range(0, len(sentences), CHUNK)]
        with ThreadPoolExecutor(load_execution().worker_count) as pool:
            done = pool.map(lambda chunk: _translate(chunk, direction), chunks)
            return [
                said for chunk in progress(done, f"translating {direction}", "chunk", len(chunks)) for said in chunk
            ]


def _translate(sentences: Sequence[str], direction: str) -> list[str]:
    """Translates with one process; halves the sentences where it does not give back as many as it was given."""
    said = _say("-u", direction, given=SEPARATOR.join([*sentences, ""])).split(SEPARATOR)[:-1]
    if len(said) == len(sentences):
        return [one_line(sentence) for sentence in said]
    if len(sentences) == 1:
        return [one_line(" ".join(said))]
    half = len(sentences) // 2
    return _translate(sentences[:half], direction) + _translate(sentences[half:], direction)


def _say(*arguments: str, given: str = "") -> str:
    done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise UserError(
            f"`{PROGRAM} {' '.join(arguments)}` failed: {done.stderr[-200:]}", "Install it and its pair anew."
        )
    return done.stdout


def _hash_of_rules(direction: str) -> str:
    """A hash of the files that a direction works with: its mode, which names them, and they themselves."""
    program = Path(shutil.which(PROGRAM) or PROGRAM).resolve()
    mode = program.parent.parent / "share" / "apertium" / "modes" / f"{direction}.mode"
    digest = hashlib.sha256(mode.read_bytes())
    for path in re.findall(r"'([^']+)'", mode.read_text(encoding="utf-8")):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()
