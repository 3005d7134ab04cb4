"""Guesses which columns of a table hold texts and labels, and which task that makes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from commands.guessing.answers import annotator_columns
from commands.guessing.guess import LABEL_NAMES, TRUE, Guess
from stages.common.core.messages import UserError
from stages.download.readers.columns import MARKS

TEXT_NAMES = ("text", "sentence", "message", "content", "body", "review", "comment", "document", "tweet", "utterance")
ID_NAMES = ("id", "uid", "guid", "key", "doc_id", "document_id")
PAIRS = (
    ("premise", "hypothesis"),
    ("text", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question", "passage"),
    ("question", "answer"),
    ("query", "passage"),
    ("question", "sentence"),
)
GOLD = re.compile(r"gold|final|majority|consensus", re.IGNORECASE)
SEPARATORS = (",", ";", "|", " ")
MOST_CLASSES_OF_NUMBERS = 20
RATING = re.compile(r"star|rating|score|grade|rank", re.IGNORECASE)
IDENTIFIER = re.compile(r"[A-Za-z_.:/-]*\d[\w.:/-]*", re.ASCII)
NO_LABEL = {"", "n/a", "na", "none", "null", "nan", "-", "?", "nil", "unknown", "unsup", "unlabeled", "unlabelled"}
Rows = Sequence[Mapping[str, str]]
Values = Mapping[str, list[str]]


def guess_columns(base: dict[str, Any], names: Sequence[str], rows: Rows, where: str, answered: bool = False) -> Guess:
    """Adds to a reader which columns hold what.

    Args:
        base: The reader so far.
        names: The names of the columns.
        rows: Some records, by column.
        where: How messages call the file.
        answered: Whether what is predicted may stand elsewhere, such as in another file.

    Raises:
        UserError: If no column looks like texts, or none like what is to be predicted.
    """
    values = {name: [row.get(name, "") for row in rows] for name in names if name}
    if not rows or not values:
        raise UserError(f"{where}: has no column of strings or numbers.", "Write its entry by hand.")
    lengths = {name: sum(map(len, column)) / len(column) for name, column in values.items()}
    guess = Guess(dict(base), columns=list(names))
    pair = _pair(values)
    guess.annotators, guess.annotators_doubt = annotator_columns(values)
    flags = _flags(values) if not guess.annotators else []
    target, doubt = (flags[0], "") if flags else _target(values, lengths, pair, guess.annotators)
    if target is None and not (answered or guess.annotators):
        raise _without_labels(values, lengths, pair, where)
    taken = [name for name in (target, *flags, *guess.annotators) if name]
    texts = [name for name in values if name not in taken]
    if not texts:
        raise UserError(f"{where}: has no column of texts beside {', '.join(taken)}.", "Write its entry by hand.")
    text = pair[0] if pair and target not in pair else _text(texts, values, lengths)
    ids = [
        n for n in texts if n != text and n.lower() in ID_NAMES and len(set(values[n])) == len(rows) and all(values[n])
    ]
    if ids:
        guess.reader["id"] = ids[0]
    if sum(IDENTIFIER.fullmatch(cell.strip()) is not None for cell in values[text]) > 0.9 * len(rows):
        raise UserError(
            f"{where}: holds no texts, only numbers or ids; the longest column is {text!r}.",
            "Join the texts to it by their ids, and describe that.",
        )
    if target and _names_labels(values[target], values[text]):
        raise UserError(
            f"{where}: is a table of labels ({target!r}, each once) and their names ({text!r}), not of texts.",
            "Describe the file of the texts; the names go under `labels` or `label_names` of its entry.",
        )
    guess.reader["text"] = [text]
    if pair and target not in pair:
        guess.reader["text_pair"], guess.task = pair[1], "pairs"
    else:
        _other_texts(guess, text, [name for name in texts if name not in (text, *ids)], values, lengths)
    if flags:
        guess.task, guess.reader["labels"] = "multi-label", flags
        shown = f"{', '.join(flags)}: columns of 0 and 1 are read as labels that apply or not"
        guess.doubt("labels", f"{shown}; or name the one that is meant as `label`")
    elif target and guess.annotators:
        guess.reader["label"] = target
    elif target:
        _fill_target(guess, target, values[target])
    if doubt:
        key = next(key for key in ("labels", "value", "label") if key in guess.reader)
        guess.doubt(key, doubt)
    _said(guess, names, values, pair, flags or ([target] if target else []))
    return guess


def _said(
    guess: Guess, names: Sequence[str], values: Values, pair: tuple[str, str] | None, targets: Sequence[str]
) -> None:
    """Remarks on which columns hold what."""
    text = guess.reader["text"][0]
    said = f"text {text}" + (f" and {pair[1]}" if "text_pair" in guess.reader and pair else "")
    shown = f", target {', '.join(targets)}" if targets else ""
    guess.remarks.append(f"Columns: {', '.join(name or '(no name)' for name in names)}; {said}{shown}.")
    if guess.annotators:
        answers = list(zip(*(values[name] for name in guess.annotators), strict=True))
        alike = sum(len({cell for cell in row if cell}) == 1 for row in answers)
        shown = f"{', '.join(guess.annotators)} are answers of several people"
        guess.remarks.append(f"{shown}, alike in {alike:,} of {len(answers):,} records.")


def _names_labels(labels: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether a table says what labels are called: each of them once, with a few letters beside it."""
    numbers = {cell for cell in labels if _number(cell) and not float(cell).is_integer()}
    short = sum(len(text) <= 30 and len(text.split()) <= 4 for text in texts)
    return 1 < len(labels) == len(set(labels)) and not numbers and short == len(texts)


def _without_labels(
    values: Values, lengths: Mapping[str, float], pair: tuple[str, str] | None, where: str
) -> UserError:
    """What a table is that has no column of labels, and what can be done with it."""
    shown = f"it has {', '.join(values)}"
    if pair and not any(_names_labels(values[name], values[other]) for name, other in (pair, pair[::-1])):
        return UserError(
            f"{where}: holds {pair[0]} and {pair[1]}, and no column looks like labels; {shown}.",
            "Models here choose labels, tags or numbers and write no texts; to train one, add a column `label`.",
        )
    if max(lengths.values()) < 30 and max(len(cell.split()) for column in values.values() for cell in column) <= 4:
        return UserError(
            f"{where}: is a list of words, and no column looks like labels; {shown}.",
            "It may serve rules of your own, but is no data to train on.",
        )
    return UserError(
        f"{where}: no column looks like labels (short, with repeated values); {shown}.",
        "Name the column `label`; or describe it together with the file of its labels or answers.",
    )


def _pair(values: Values) -> tuple[str, str] | None:
    by_lower = {name.lower(): name for name in values}
    found = [(by_lower[a], by_lower[b]) for a, b in PAIRS if a in by_lower and b in by_lower]
    return found[0] if found else None


def _flags(values: Values) -> list[str]:
    """Columns that say with 0 and 1 whether a label applies, where no column is called like a label."""
    if any(name.lower() in LABEL_NAMES for name in values):
        return []
    kinds = {name: {cell for cell in column if cell.strip()} for name, column in values.items()}
    flags = [name for name, cells in kinds.items() if cells and cells <= set(MARKS)]
    both = [name for name in flags if len({MARKS[cell] for cell in kinds[name]}) == 2]
    return flags if len(both) > 1 else []


def _twins(values: Values, label: str) -> list[str]:
    """Other columns with the values of a column of labels, such as the truth beside an annotator's answer."""
    kinds = {cell for cell in values[label] if cell.strip()}
    others = {name: {cell for cell in column if cell.strip()} for name, column in values.items() if name != label}
    return [name for name, cells in others.items() if len(cells) > 1 and cells <= kinds]


def _text(texts: list[str], values: Values, lengths: Mapping[str, float]) -> str:
    varied = [name for name in texts if len(set(values[name])) > 0.3 * len(values[name])]
    longest = max(varied or texts, key=lambda name: lengths[name])
    named = [name for name in texts if name.lower() in TEXT_NAMES and len(set(values[name])) > 2]
    best = max(named, key=lambda name: lengths[name], default=longest)
    return best if lengths[best] >= 0.5 * lengths[longest] else longest


def _other_texts(guess: Guess, text: str, others: list[str], values: Values, lengths: Mapping[str, float]) -> None:
    """Marks the text if another column holds texts, too."""
    prose = [
        name
        for name in others
        if lengths[name] >= min(15, 0.25 * lengths[text])
        and len(set(values[name])) > 0.5 * len(values[name])
        and sum(len(cell) >= 10 and not _number(cell) for cell in values[name]) > 0.5 * len(values[name])
    ]
    if prose:
        guess.doubt("text", f"[{text}] alone, or with {', '.join(prose)}: these hold texts, too; or a second text_pair")
    elif lengths[text] < 5 or len(set(values[text])) < 0.3 * len(values[text]):
        guess.doubt("text", f"[{text}]: the longest column, but short or the same again and again; is it the text?")


def _target(
    values: Values, lengths: Mapping[str, float], pair: tuple[str, str] | None, annotators: Sequence[str]
) -> tuple[str | None, str]:
    """The column of what is predicted, None if there is none, and why that is not sure."""
    if annotators:
        return _gold(values, annotators)
    named = [name for word in LABEL_NAMES for name in values if name.lower() == word]
    gold = [name for name in values if GOLD.search(name) and re.search("label|class|gold", name, re.IGNORECASE)]
    if named:
        if len(named) > 1:
            return named[0], f"{named[0]}, or {', '.join(named[1:])}: all are called like labels"
        twins = _twins(values, named[0])
        shown = f"{named[0]}, or {', '.join(twins)}: the values are the same; one may be the truth, or others' answers"
        return named[0], shown if twins else ""
    longest = max(values, key=lambda name: lengths[name])
    taken = {*(pair or ()), longest}
    count = len(next(iter(values.values())))
    few = max(2, count // 2)
    candidates = [
        name
        for name, column in values.items()
        if name not in taken and len(set(column)) <= few and lengths[name] <= 40 and any(column)
    ]
    if not candidates:
        return None, ""
    like = [name for word in LABEL_NAMES for name in candidates if word in _words(name)]
    ranked = sorted(candidates, key=lambda name: (len(set(values[name])) == 1, len(set(values[name]))))
    best = gold[0] if gold and gold[0] in candidates else (like or ranked)[0]
    others = [name for name in ranked if name != best and len(set(values[name])) > 1]
    if len(set(values[best])) == 1:
        return best, f"{best}: it holds one value only, as far as was read"
    if len(like) == 1 or (best in gold and not others):
        return best, ""
    if not others:
        rest = [name for name in values if name.lower() not in ID_NAMES and not _running_number(values[name])]
        sure = len(rest) == 2 or re.fullmatch(r"column_\d+", best)  # with two, nothing else is left
        return best, "" if sure else f"{best}: the only column that may be labels, but its name does not say so"
    return best, f"{best}, or {', '.join(others)}: any of these may be what is to be predicted"


def _gold(values: Values, annotators: Sequence[str]) -> tuple[str | None, str]:
    """The column of the true labels beside those of people's answers, None if there is none, and why it is not sure."""
    others = [name for name in values if name not in annotators]
    named = [name for word in LABEL_NAMES for name in others if name.lower() == word]
    gold = [name for name in others if TRUE.search(name) and len(set(values[name])) <= MOST_CLASSES_OF_NUMBERS]
    best = next(iter([*gold, *named]), None)
    if best is None:
        return None, ""
    rows = zip(values[best], *(values[name] for name in annotators), strict=True)
    most = [(label, Counter(filter(None, cells)).most_common(2)) for label, *cells in rows if label.strip()]
    clear = [label == found[0][0] for label, found in most if found and (len(found) < 2 or found[0][1] > found[1][1])]
    if best in gold and not all(clear):
        return best, ""
    shown = f"as most people said in {sum(clear):,} of {len(clear):,} records"
    return best, f"{best}, if it is gold: the truth apart from the answers ({shown}); else leave this line out"


def _fill_target(guess: Guess, target: str, column: list[str]) -> None:
    """What is predicted: one label, several of them, or a number."""
    filled = [cell for cell in column if cell.strip()]
    kinds = set(filled)
    numbers = [cell for cell in filled if _number(cell)]
    whole = {float(cell) for cell in numbers if float(cell).is_integer()}
    separated = _separator(filled)
    if numbers and len(numbers) >= 0.9 * len(filled) and not separated:
        fractions = len({float(cell) for cell in numbers}) > len(whole)
        if fractions or len(whole) > MOST_CLASSES_OF_NUMBERS:
            guess.task = "regression"
            guess.reader["value"] = target
            shown = f"{len(kinds):,} numbers from {min(map(float, numbers)):g} to {max(map(float, numbers)):g}"
            guess.doubt(
                "value", f"{target}: {shown} are read as numbers to predict; or name it as `label`, for classes"
            )
            return
    if separated and "text_pair" not in guess.reader:
        separator, sure = separated
        guess.task = "multi-label"
        guess.reader["labels"] = {"column": target, "separator": separator}
        if not sure:
            example = next(cell for cell in filled if separator in cell)
            guess.doubt("labels", f"{target}: is {example!r} several labels, with {separator!r} between them, or one?")
        return
    guess.reader["label"] = target
    if RATING.search(target) and len(numbers) == len(filled) and len(whole) > 2:
        shown = f"the whole numbers {min(whole):g} to {max(whole):g}"
        guess.doubt("label", f"{target}: {shown} are read as classes without an order; or name it as `value`")
    if len(kinds) > max(MOST_CLASSES_OF_NUMBERS, 0.1 * len(filled)):
        guess.doubt(
            "label", f"{target}: holds {len(kinds):,} different values in {len(filled):,} records; are they labels?"
        )


def _separator(cells: list[str]) -> tuple[str, bool] | None:
    """What stands between several labels of a cell, and whether that is sure; None if there is nothing."""
    kinds = set(cells)
    for separator in SEPARATORS:
        several = [cell for cell in cells if separator in cell.strip()]
        if len(several) < 0.05 * len(cells):
            continue
        counted = Counter(part.strip() for cell in kinds for part in cell.split(separator) if part.strip())
        if not counted or (separator == " " and len(kinds) < 2 * len(counted)):
            continue
        lone = {cell.strip() for cell in cells if separator not in cell}
        again = sum(count > 1 for count in counted.values())
        if len(kinds) > len(counted) and again >= 0.5 * len(counted):
            return separator, len(kinds) >= 1.5 * len(counted)
        if separator != " " and lone & set(counted) and again:
            return separator, False
    return None


def alike_labels(labels: Sequence[str]) -> dict[str, str]:
    """Labels that may be slips of another one, or stand for none; by label, what is odd about it.

    Args:
        labels: As the file writes them.
    """
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(_plain(label), []).append(label)
    odd = {}
    for group in groups.values():
        for label in group if len(group) > 1 else []:
            odd[label] = "; ".join(f"{_difference(label, other)} {other!r}" for other in group if other != label)
    for label in labels:
        if label.strip().lower() in NO_LABEL:
            odd[label] = "; ".join([*([odd[label]] if label in odd else []), "looks like no label at all"])
        elif label != label.strip() and label not in odd:
            odd[label] = "has blanks around it"
    return odd


def _plain(label: str) -> str:
    visible = "".join(c for c in unicodedata.normalize("NFKC", label) if unicodedata.category(c) != "Cf")
    plain = " ".join(visible.split()).casefold()
    plain = {"true": "1", "false": "0"}.get(plain, plain)
    return f"{float(plain):g}" if _number(plain) else plain


def _difference(label: str, other: str) -> str:
    ways: dict[str, Callable[[str], str]] = {
        "differs by blanks from": lambda text: "".join(text.split()),
        "differs by case from": str.casefold,
        "differs by its Unicode form from": lambda text: unicodedata.normalize("NFC", text),
        "differs by invisible characters from": lambda text: "".join(
            c for c in text if unicodedata.category(c) != "Cf"
        ),
    }
    return next((said for said, same in ways.items() if same(label) == same(other)), "reads like")


def _words(name: str) -> list[str]:
    """The words of a column's name, such as ``is`` and ``spam`` of ``isSpam``."""
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())


def _running_number(column: list[str]) -> bool:
    """Whether a column counts the records."""
    return len(set(column)) == len(column) and all(cell.isdecimal() for cell in column)


def _number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", cell.strip()) is not None
