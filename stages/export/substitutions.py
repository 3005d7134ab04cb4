"""The rules that change texts, as far as regular expressions can say them: for a program without this repository."""

import re
from collections.abc import Iterable
from typing import Any

from stages.common.text_rules import addresses, characters, entities, reduction, remains, tags
from stages.common.text_rules.datelines import dateline_of
from stages.common.text_rules.settings import TextRules

FLAGS = {re.IGNORECASE: "i", re.DOTALL: "s", re.ASCII: "a"}

# call: put (find is replaced by put), unescape (the entity that find finds is undone, unless it is a character of but),
# lower, NFC or NFKC; unless: the text is left as it is where this is found; keep: what is left as it is within it
Step = dict[str, Any]


def substitutions(rules: TextRules) -> dict[str, Any]:
    """What clean_text.py in an exported folder applies.

    Args:
        rules: Those by which the model's texts were cleaned.

    Returns:
        ``repairs`` and ``all``: steps, each list to be repeated until it changes nothing, as
        :meth:`stages.common.text_rules.settings.TextRules.apply` does; ``left_out``: the names of the rules that are
        not among them, since they take a package or a long list.
    """
    known = _steps(rules)
    on = list(rules.text_rules())
    return {
        "repairs": _joined(known[name] for name in rules.repairs() if name in known),
        "all": _joined(known[name] for name in on if name in known),
        "left_out": [name for name in on if name not in known],
    }


def _steps(rules: TextRules) -> dict[str, list[Step]]:
    """The steps of each rule that has any, by its name."""
    kept = addresses.kept_addresses(rules.urls, rules.emails)
    keep = {"keep": _written(kept)} if kept else {}
    but = "<>" if rules.markup == "keep_escaped" else ""
    meant = {"unless": _written(remains.MEANT)}
    longest = rules.repeated_punctuation.longest
    most = max(longest, reduction.MOST_COUNTED)
    return {
        "broken_entities": [_put(remains.OPENING_QUOTE, "  "), _unescape(remains.REMAINS)],
        "entities": [_put(entities.AMPERSANDS, "&"), _unescape(entities.ENTITY, but)],
        "backslash_breaks": [_put(remains.ESCAPED, "") | meant, _put(remains.BACKSLASHES, " ") | meant],
        "tags": [_put(tags.UNSEEN, " "), _put(tags.BLOCK_TAG, " "), _put(tags.INLINE_TAG, "")],
        "unicode_form": [{"call": rules.unicode_form.form}],
        "control_characters": [_put(characters.SEPARATORS, " "), _put(characters.CONTROLS, "")],
        "zero_width": [_put(characters.ZERO_WIDTH, "")],
        "datelines": [_put(dateline_of(rules.datelines.agencies), "")],
        "urls": [_put(addresses.URL, "[URL]" if rules.urls == "mask" else " ")],
        "emails": [_put(addresses.EMAIL, "[EMAIL]" if rules.emails == "mask" else " ")],
        "repeated_punctuation": [
            _put(re.compile(rf"([{re.escape(marks)}])\1{{{limit},}}"), r"\1" * limit) | keep
            for marks, limit in ((reduction.STRESSED, longest), (reduction.COUNTED, most))
        ],
        "lowercase": [{"call": "lower"} | keep],
        "whitespace": [
            _put(characters.LINE_END, "\n"),
            _put(re.compile(r"[^\S\n]+"), " "),
            _put(re.compile(r"(?<![^\n]) | (?![^\n])"), ""),
            _put(characters.BLANK_LINES, "\n\n"),
            _put(re.compile(r"\A\n+|\n+\Z"), ""),
        ],
    }


def _put(pattern: re.Pattern[str], put: str) -> Step:
    return {"call": "put", "find": _written(pattern), "put": put}


def _unescape(pattern: re.Pattern[str], but: str = "") -> Step:
    return {"call": "unescape", "find": _written(pattern), "but": but}


def _written(pattern: re.Pattern[str]) -> str:
    """A pattern with its flags in it."""
    flags = "".join(letter for flag, letter in FLAGS.items() if pattern.flags & flag)
    return f"(?{flags}:{pattern.pattern})" if flags else pattern.pattern


def _joined(steps: Iterable[list[Step]]) -> list[Step]:
    return [step for each in steps for step in each]
