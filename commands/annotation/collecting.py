"""Takes answers back: checks them against plan, guideline and labels, and keeps what fails with its reason."""

import json
import re
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from commands.annotation.answers import Answer, read_csv, seconds_of, time_of, write_answer_file, write_csv
from commands.annotation.corpus import Corpus
from commands.annotation.entry_lines import entry_lines
from commands.annotation.forms import Content, UnusableError, canonical
from commands.annotation.rounds import Round, guideline_hash, load_round
from commands.annotation.sheets import TOOLS
from commands.annotation.tools import argilla, crowd
from commands.annotation.tools.plain_csv import delimiter_of
from commands.annotation.tools.sheet import Found
from stages.common.core.messages import UserError, closing_line, one_line
from stages.common.core.outputs import new_outputs

REJECTED = ("file", "task", "id", "annotator", "reason", "answer")
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)""")  # as Python shows strings; cut off or not
MOST_LINES = 40  # of problems that are printed; rejected.csv has all


class Problem(NamedTuple):
    """Something that came back and cannot be used, or was left out.

    Attributes:
        place: Where, for the one who imports.
        file: The first digits of the file's SHA-256: its name may be a person's.
        task: The task in it.
        id: The document, where known.
        annotator: The annotator's id, where known.
        reason: Why.
        answer: What was answered.
    """

    place: str
    file: str
    task: str
    id: str
    annotator: str
    reason: str
    answer: str

    def row(self, shows_texts: bool) -> tuple[str, ...]:
        """The row of rejected.csv: without the place, and without what may be words of a text that git may not hold."""
        shown = self if shows_texts else self._replace(reason=QUOTED.sub("'…'", self.reason), answer="")
        return tuple(getattr(shown, name) for name in REJECTED)


class Taken(NamedTuple):
    """An answer that can be used, with where it stands and the tool's own id of it."""

    found: Found
    file: str
    answer: Answer


def take_back(arguments: Namespace) -> None:
    """Imports answers into a round.

    Args:
        arguments: Those of ``python -m commands.annotate import``.

    Raises:
        UserError: If a file is not what the tool writes, or answers were made under another guideline than the round's.
    """
    corpus = Corpus.load()
    planned = load_round(corpus, arguments.round)
    taken, problems = read_files(corpus, planned, arguments)
    check_guidelines(taken, planned, arguments.allow)
    own, claimed = one_person_each(taken)
    kept, repeated = one_each(own)
    answers = {answer.key: answer for answer in planned.answers}
    new, outdated = against_earlier(kept, answers, arguments.replace)
    answers |= {one.answer.key: one.answer for one in new}
    problems += [*claimed, *repeated, *outdated]
    files = {problem.file for problem in problems} | {one.file for one in taken}
    with new_outputs(planned.folder / "answers.csv", planned.folder / "rejected.csv") as (answer_file, rejected_file):
        write_answer_file(answers.values(), answer_file)
        told = {problem.row(corpus.card.shows_texts) for problem in problems}
        write_csv(rejected_file, REJECTED, sorted({*_rejected_before(planned, files), *told}))
    _print_problems(problems, planned.folder / "rejected.csv")
    missing = len(planned.asked - set(answers))
    changed = "; the guideline has been changed since" if guideline_hash(corpus) != planned.record.guideline else ""
    closing_line(
        "import",
        f"{len(new)} answers in {planned.folder / 'answers.csv'}, {len(problems)} set aside with their reasons, "
        f"{missing} of {len(planned.asked)} still missing{changed}",
    )
    print(entry_lines(planned))


def read_files(corpus: Corpus, planned: Round, arguments: Namespace) -> tuple[list[Taken], list[Problem]]:
    """Reads the files, in the order of their names: the answers that can be used, and those that cannot.

    Raises:
        UserError: If a file is not what the tool writes.
    """
    tool = arguments.tool or planned.record.tool
    named = read_names(arguments.annotators, planned) if arguments.annotators else {}
    checks = Checks(corpus, planned, tool, arguments.offsets, None if arguments.unplanned else planned.asked)
    problems: list[Problem] = []
    taken: list[Taken] = []
    for path in sorted(arguments.files, key=str):
        file, found = file_hash(path), list(_read(path, tool, corpus, arguments))
        who = Annotators(planned, named, path, found)
        for one in found:
            try:
                taken.append(Taken(one, file, checks.answer(one, who)))
            except UnusableError as error:
                problems.append(_problem(one, file, who.guess(one), str(error)))
    return taken, problems


class Annotators:
    """Finds out whose an answer is: by a table of names, else by the ids of the plan, the task and the file's name.

    Args:
        planned: The round.
        named: From the tool's names to the plan's ids; empty where there is no table.
        path: The file.
        found: All answers in it.
    """

    def __init__(self, planned: Round, named: Mapping[str, str], path: Path, found: Sequence[Found]) -> None:
        self._ids = set(planned.record.annotators)
        self._named = {**{argilla.user_of(name): name for name in self._ids}, **named}
        self._table = bool(named)
        self._file = named.get(path.stem) or (path.stem if path.stem in self._ids else None)
        people: dict[str | None, set[str]] = defaultdict(set)
        for one in found:
            if one.who is not None:
                people[one.assigned].add(one.who)
        self._several = {assigned for assigned, names in people.items() if len(names) > 1}

    def of(self, one: Found) -> str:
        """The id of the annotator who gave an answer.

        Raises:
            UnusableError: If it cannot be told. The tool's name for the person is not in the message.
        """
        if one.who is not None and (known := self._named.get(one.who) or (one.who if one.who in self._ids else None)):
            return known
        if one.who is not None and self._table:
            raise UnusableError("the table of annotators does not have whoever answered this")
        if one.assigned in self._several:
            raise UnusableError("several people answered such tasks: say who is who with --annotators")
        for name in (one.assigned, self._file):
            if name in self._ids:
                return str(name)
        raise UnusableError("nothing says whose this is: name the file after the annotator, or give --annotators")

    def guess(self, one: Found) -> str:
        """The same for the record of what cannot be used; empty where it cannot be told."""
        try:
            return self.of(one)
        except UnusableError:
            return ""


class Checks(NamedTuple):
    """What an answer must fulfil.

    Attributes:
        corpus: The documents and labels.
        planned: The round.
        tool: The tool that the answers come from.
        offsets: In which units spans are counted; None for what the tool does.
        asked: What the plan asks for: documents with annotators; None if anything is taken.
    """

    corpus: Corpus
    planned: Round
    tool: str
    offsets: str | None
    asked: frozenset[tuple[str, str]] | None

    def answer(self, one: Found, who: Annotators) -> Answer:
        """An answer as a row of the table.

        Raises:
            UnusableError: If it cannot be used.
        """
        corpus, planned = self.corpus, self.planned
        if one.document is None:
            raise UnusableError("does not say which document it is about")
        if one.document not in corpus.documents.index:
            raise UnusableError(f"the document {one.document[:80]!r} is not there any more")
        if one.fault or one.content is None:
            raise UnusableError(one.fault or "is empty")
        if (said := one.known.get("round")) and said != planned.name:
            raise UnusableError(f"belongs to the round {str(said)[:40]!r}")
        annotator = who.of(one)
        if self.asked is not None and (one.document, annotator) not in self.asked:
            raise UnusableError(f"{annotator} was not asked about {one.document!r}; --unplanned takes it")
        item = corpus.item(one.document)
        if one.texts and not _same_texts(one.texts, item.texts):
            raise UnusableError(f"its text is not that of {one.document!r}")
        units = [self.offsets] if self.offsets else TOOLS[self.tool].UNITS if self.tool in TOOLS else ()
        answer = canonical(one.content, corpus.task.answer, item, corpus.labels, units)
        try:
            time, seconds = time_of(one.known.get("time")), seconds_of(one.known.get("seconds"))
        except ValueError as error:
            raise UnusableError(str(error)) from None
        guideline = one.known.get("guideline") or planned.record.guideline
        return Answer(one.document, annotator, answer, time, seconds, planned.name, str(guideline))


def read_names(path: Path, planned: Round) -> dict[str, str]:
    """Reads who is who: a CSV file with the columns ``name`` (the tool's) and ``annotator`` (the plan's id).

    It is the only place where people are named, and is no part of the repository.

    Raises:
        UserError: If an annotator is not in the plan, or a name stands for two.
    """
    named: dict[str, str] = {}
    for place, row in read_csv(path, ("name", "annotator"), delimiter_of(path)):
        if row["annotator"] not in planned.record.annotators:
            known = ", ".join(planned.record.annotators)
            raise UserError(f"{place}: the plan has no annotator {row['annotator'][:40]!r}.", f"It has {known}.")
        if named.setdefault(row["name"], row["annotator"]) != row["annotator"]:
            raise UserError(f"{place}: this name stands for two annotators.", "Keep one of the rows.")
    return named


def check_guidelines(taken: Iterable[Taken], planned: Round, allowed: Sequence[str]) -> None:
    """Refuses answers made under another guideline than the round's.

    Args:
        taken: The answers.
        planned: The round.
        allowed: Beginnings of the hashes of other guidelines that are taken all the same.

    Raises:
        UserError: If there are such answers.
    """
    for one in taken:
        said = one.answer.guideline or ""
        if said != planned.record.guideline and not any(part and said.startswith(part) for part in allowed):
            raise UserError(
                f"{one.found.place}: was answered under the guideline {said[:12]}, not the round's "
                f"{planned.record.guideline[:12]}.",
                f"Say --allow {said[:12]} to take such answers with their own hash.",
            )


def one_person_each(taken: Sequence[Taken]) -> tuple[list[Taken], list[Problem]]:
    """Sets aside annotations that stand under two annotators, as when one exported file is given under two names.

    An annotation is known by its id in the tool, the document and the time.
    """
    people: dict[tuple[str | None, ...], dict[str, Taken]] = defaultdict(dict)
    for one in taken:
        if one.found.mark and one.answer.time:
            people[_mark(one)].setdefault(one.answer.annotator, one)
    own, left_out = [], []
    for one in taken:
        others = [other for name, other in people.get(_mark(one), {}).items() if name != one.answer.annotator]
        if others:
            place, name = others[0].found.place, others[0].answer.annotator
            left_out.append(_left_out(one, f"the same annotation stands in {place} as an answer of {name}"))
        else:
            own.append(one)
    return own, left_out


def _mark(one: Taken) -> tuple[str | None, ...]:
    return one.found.mark, one.answer.id, one.answer.time


def one_each(taken: Sequence[Taken]) -> tuple[list[Taken], list[Problem]]:
    """Keeps one answer a document and annotator: the latest. What says the same counts once.

    Returns:
        The answers; and those left out: repeats, earlier ones, and all that no time puts in an order.
    """
    groups: dict[tuple[str, str], list[Taken]] = defaultdict(list)
    for one in taken:
        groups[one.answer.key].append(one)
    kept, left_out = [], []
    for group in groups.values():
        distinct: list[Taken] = []
        for one in group:
            same = next((other for other in distinct if other.answer == one.answer), None)
            if same is None:
                distinct.append(one)
            else:
                mark = f" (annotation {one.found.mark})" if one.found.mark else ""
                left_out.append(_left_out(one, f"the same answer{mark} stands in {same.found.place}; it counts once"))
        newest = max(one.answer.time or "" for one in distinct)
        last = [one for one in distinct if (one.answer.time or "") == newest]
        if len({one.answer.answer for one in last}) > 1:
            for one in distinct:
                others = ", ".join(other.found.place for other in distinct if other is not one)
                left_out.append(
                    _left_out(one, f"another answer to it stands in {others}, and no time tells which holds")
                )
            continue
        kept.append(last[0])
        left_out += [
            _left_out(one, f"a later answer stands in {last[0].found.place}") for one in distinct if one is not last[0]
        ]
    return kept, left_out


def against_earlier(
    kept: Sequence[Taken], earlier: Mapping[tuple[str, str], Answer], replace: bool
) -> tuple[list[Taken], list[Problem]]:
    """Of answers that differ from those imported before, takes the ones that are later, or all if asked to.

    Args:
        kept: What came now.
        earlier: What was imported before, by document and annotator.
        replace: Whether an answer without a time takes the place of an earlier one.
    """
    new, left_out = [], []
    for one in kept:
        before = earlier.get(one.answer.key)
        if before is None or before.answer == one.answer.answer or (one.answer.time or "") > (before.time or ""):
            new.append(one)
        elif (one.answer.time or "") < (before.time or ""):
            left_out.append(_left_out(one, "a later answer to it was imported before"))
        elif replace:
            new.append(one)
        else:
            left_out.append(_left_out(one, "another answer to it was imported before; --replace takes this one"))
    return new, left_out


def file_hash(path: Path) -> str:
    """The first digits of a file's SHA-256.

    Raises:
        UserError: If there is no such file.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Name another.")
    return sha256(path.read_bytes()).hexdigest()[:12]


def _read(path: Path, tool: str, corpus: Corpus, arguments: Namespace) -> Iterator[Found]:
    if tool not in ("wide", "long"):
        found: Iterator[Found] = TOOLS[tool].read(path, corpus.task.answer)
        return found
    columns = [name for name in (arguments.answer_columns or "").split(",") if name]
    if not arguments.id_column or not columns or (tool == "long") != (arguments.annotator_column is not None):
        raise UserError(
            f"--tool {tool}: its columns are not named.",
            "A wide table needs --id-column and --answer-columns, a long one --annotator-column, too.",
        )
    values = dict(part.partition("=")[::2] for part in (arguments.values or "").split(",") if part)
    return crowd.read(path, crowd.Shape(arguments.id_column, columns, arguments.annotator_column, values))


def _same_texts(shown: Mapping[str, str], texts: Mapping[str, str]) -> bool:
    """Whether an annotator saw these texts; where a tool shows two as one, they are one below the other."""
    return all(shown[name] == texts.get(name) for name in shown) or list(shown.values()) == [
        "\n\n".join(texts.values())
    ]


def _problem(one: Found, file: str, annotator: str, reason: str) -> Problem:
    return Problem(one.place, file, one.task, one.document or "", annotator, one_line(reason), _shown(one.content))


def _print_problems(problems: Sequence[Problem], path: Path) -> None:
    """Prints a line for each, up to a number that can be read."""
    for problem in problems[:MOST_LINES]:
        print(f"set aside: {one_line(f'{problem.place}: {problem.reason}')}")
    if len(problems) > MOST_LINES:
        print(f"set aside: {len(problems) - MOST_LINES} more, in {path}")


def _left_out(one: Taken, reason: str) -> Problem:
    return _problem(one.found, one.file, one.answer.annotator, reason)


def _shown(content: Content | None) -> str:
    """What was answered, for the record; without the text that spans cover."""
    if content is None:
        return ""
    if isinstance(content, str | float):
        return str(content)
    plain: list[Any] = [[*one[:2], *one.labels] if isinstance(one, tuple) else one for one in content]
    return json.dumps(plain)


def _rejected_before(planned: Round, files: set[str]) -> list[tuple[str, ...]]:
    """The rows of rejected.csv that are of other files than those that were read now."""
    path = planned.folder / "rejected.csv"
    if not path.exists():
        return []
    rows = (row for _, row in read_csv(path, REJECTED))
    return [tuple(row[name] for name in REJECTED) for row in rows if row["file"] not in files]
