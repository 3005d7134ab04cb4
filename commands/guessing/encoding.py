"""Guesses the encoding of a text file, and says what each candidate makes of the first odd character."""

import codecs
import re
from typing import NamedTuple

from commands.guessing.language import language_of

SURE_CHARACTERS = 20  # odd characters, of three kinds or more, without which one encoding is not told from another
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

FEWEST_AGAINST = 5  # odd characters that speak against every other encoding

# The letters beyond ASCII with which languages are written (CLDR's main exemplar characters).
LETTERS = {
    "fr": "àâæçéèêëîïôœùûüÿ",
    "de": "äöüß",
    "es": "áéíñóúü",
    "pt": "àáâãçéêíòóôõúü",
    "it": "àèéìíîòóùú",
    "ca": "àçèéíïòóúü·",
    "nl": "áäéëíïóöúü",
    "sv": "åäöé",
    "da": "åæøé",
    "no": "åæøéòô",
    "nb": "åæøéòô",
    "fi": "åäöšž",
    "is": "áæðéíóöþúý",
    "en": "éèêëïçôöüñ",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "hr": "čćđšž",
    "sl": "čšž",
    "tr": "çğıöşüâîûİ",
    "az": "çəğıöşüİ",
    "et": "äõöüšž",
    "lv": "āčēģīķļņšūž",
    "lt": "ąčęėįšųūž",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهويى",
}
APOSTROPHE = "\u2019"
PUNCTUATION = {*"\u00a0«»“”„—…€£°§·•¿¡ºª®©™№", APOSTROPHE, "\u2018", "\u201a", "\u2013"}
ONE_BYTE = """
cp1252 iso8859-15 cp1250 iso8859-2 cp1251 koi8-r koi8-u iso8859-5 cp866 mac-cyrillic cp1253 iso8859-7
cp1254 cp1257 iso8859-13 cp1255 cp1256 mac-roman mac-latin2 cp850 cp852 cp437
"""
SINGLE = tuple(ONE_BYTE.split())
DOUBLE = ("gb18030", "big5", "shift_jis", "euc-jp", "euc-kr")
# Characters that Chinese of any kind is full of, simplified and traditional; what is decoded wrongly has rare ones.
COMMON = re.compile(
    "[的一是不了在人有我他这這中大来來上个個国國到说說们們为為和你出也时時年得就要下以会會去过過家对對可里后後小多天能好都没沒还還很]"
)
COMMON_SHARE = 0.08  # a page of news has about 0.2
HAN = re.compile(r"[\u4e00-\u9fff]")
HIRAGANA, HANGUL = re.compile(r"[\u3041-\u3096]"), re.compile(r"[\uac00-\ud7a3]")


class Encoding(NamedTuple):
    """The encoding of a file.

    Attributes:
        name: As Python calls it.
        doubt: Why it is not sure, with the candidates; empty if it is.
        remark: What else was seen.
    """

    name: str
    doubt: str = ""
    remark: str = ""


def guess_encoding(head: bytes) -> Encoding:
    """UTF-8 if the file is that but for single lines; else the one encoding that makes plausible text of all it holds.

    Args:
        head: The first bytes of the file, cut after a line if the file goes on.
    """
    for mark, name in BOMS.items():
        if head.startswith(mark):
            return Encoding(name)
    wide = _wide(head)
    if wide:
        return Encoding(wide)
    odd = [line for line in re.split(rb"[\r\n]+", head) if not line.isascii()]
    wrong = [line for line in odd if _decoded(line, "utf-8") is None]
    if not wrong:
        return Encoding("utf-8")
    if 2 * len(wrong) < len(odd):
        return Encoding("utf-8", remark=f"{len(wrong):,} of {len(odd):,} lines with odd characters are not UTF-8.")
    if len(wrong) < len(odd):
        shown = f"{len(odd) - len(wrong):,} lines are UTF-8, {len(wrong):,} are not"
        return Encoding("utf-8", f"utf-8 or another one: {shown}; {_samples(wrong, [*SINGLE, *DOUBLE])}")
    return _not_utf8(odd)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: one of the two bytes of its ASCII characters is zero."""
    if b"\0" not in head:
        return ""
    zeros = {"utf-16-le": head[1::2].count(0), "utf-16-be": head[0::2].count(0)}
    name = max(zeros, key=lambda one: zeros[one])
    if zeros[name] < 0.05 * len(head) / 2 or min(zeros.values()) > 0.5 * zeros[name]:
        return ""
    text = _decoded(head[: len(head) // 2 * 2], name)
    return name if text is not None and "\0" not in text else ""


def _not_utf8(odd: list[bytes]) -> Encoding:
    content = b"\n".join(odd[:2_000])
    texts: dict[str, list[str]] = {}
    for name in (*SINGLE, *DOUBLE):
        text = _decoded(content, name)
        if text is not None:
            texts.setdefault(text, []).append(name)
    scores = {text: plausibility(text) for text in texts}
    ranked = sorted(texts, key=lambda text: -scores[text])
    if not ranked:
        return Encoding("latin-1", f"unknown: no encoding tried fits; {_samples(odd, ['latin-1'])}")
    best = ranked[0]
    characters = [character for character in best if not character.isascii()]
    enough = len(characters) >= SURE_CHARACTERS and len(set(characters)) >= 3
    second = scores[ranked[1]] if len(ranked) > 1 else 0.0
    alone = second < 0.99 and (scores[best] - second) * len(characters) >= FEWEST_AGAINST
    name = texts[best][0]
    if scores[best] >= 0.98 and enough and alone:
        others = ", ".join(texts[best][1:])
        return Encoding(name, remark=f"The same in {others}." if others else "")
    candidates = [texts[text][0] for text in ranked[:5]]
    return Encoding(name, f"one of these, by what it makes of the first odd word: {_samples(odd, candidates)}")


def plausibility(text: str) -> float:
    """The share of the odd characters that the text's own language is written with, in places where they can stand."""
    characters = [character for character in text if not character.isascii()]
    if not characters:
        return 0.0
    if sum(map(bool, map(HAN.match, characters))) > 0.3 * len(characters) or any(
        "\u3040" <= c <= "힣" for c in characters
    ):
        return _eastern(text, characters)
    language = language_of(text)
    letters = set(LETTERS.get(language, ""))
    good = 0
    for match in re.finditer(r"[^\x00-\x7f]", text):
        character = match.group()
        before, after = text[max(match.start() - 1, 0) : match.start()], text[match.end() : match.end() + 1]
        if character in PUNCTUATION:
            good += not (before.isalpha() and after.isalpha()) or character in (APOSTROPHE, "·")
        elif character.lower() in letters or character in letters:
            good += not (character.isupper() and before.islower())
    return good / len(characters)


def _eastern(text: str, characters: list[str]) -> float:
    language = language_of(text)
    legacy = {"zh": "gb2312", "ja": "shift_jis", "ko": "euc-kr"}.get(language)
    if legacy is None:
        return 0.0
    if language == "zh" and not all(_encodes(character, "gb2312") for character in characters):
        legacy = "big5"
    fitting = sum(_encodes(character, legacy) for character in characters)
    usual = len({"zh": COMMON, "ja": HIRAGANA, "ko": HANGUL}[language].findall("".join(characters)))
    if usual < COMMON_SHARE * len(characters):
        fitting //= 2
    rare = sum("\uff61" <= character <= "\uff9f" or "\ue000" <= character <= "\uf8ff" for character in characters)
    return (fitting - rare) / len(characters)


def _encodes(character: str, encoding: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x80-\x9f]", text) and encoding != "utf-8" else text


def _samples(lines: list[bytes], candidates: list[str]) -> str:
    """What each candidate makes of the first word with an odd character; those that agree, once."""
    word = next(word for line in lines for word in re.split(rb"[\s,;\t]", line) if not word.isascii())
    shown: dict[str, list[str]] = {}
    for name in candidates:
        text = _decoded(word[:40], name)
        if text is not None:
            shown.setdefault(text, []).append(name)
    return "; ".join(f"{names[0]} makes {text!r}" for text, names in list(shown.items())[:6])
