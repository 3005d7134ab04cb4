"""One run of `commands.predict`: from texts as they come to a file of answers, or to JSON lines on stdout."""

import argparse
import sys
from collections.abc import Iterable, Iterator

from commands.answers import join, suffix_of
from commands.predict import STDIN
from commands.predicting.engine import About, Options
from commands.predicting.journal import Answered, Counts, Journal, open_journal
from commands.predicting.processes import Answer, answering
from commands.texts import Window, count_rows, format_of, read_rows, windows
from stages.common.core.messages import UserError, closing_line, progress


def predict(arguments: argparse.Namespace) -> None:
    """Reads texts, answers them, writes the answers.

    Args:
        arguments: Those of :mod:`commands.predict`.

    Raises:
        UserError: If the model or the input is not what it should be.
    """
    form, suffix = format_of(arguments.input, arguments.format), suffix_of(arguments.out)
    if arguments.out and arguments.input != STDIN and arguments.out.resolve() == arguments.input.resolve():
        raise UserError(f"{arguments.out}: is the input, too.", "Name another file with --out.")
    options = Options(
        arguments.model,
        arguments.device,
        arguments.threads,
        arguments.temperature,
        arguments.abstain_below,
        suffix,
        kept=arguments.out is not None,
        explain=arguments.explain,
    )
    with answering(options, arguments.processes) as (about, answer):
        columns = columns_of(about.inputs, arguments)
        rows = read_rows(arguments.input, form, columns, arguments.id, words=arguments.tokens is not None)
        shown = progress(rows, "predicting", "text", count_rows(arguments.input, form))
        if arguments.out is None:
            for answered in in_order(answer(windows(shown))):
                sys.stdout.write(answered.answers.decode())
            return
        with open_journal(arguments.out, about.made_with, arguments.resume) as journal:
            before = journal.texts
            counts = fill(journal, windows(shown), answer)
            join(arguments.out, about.schema, journal.answers())
    say(arguments, about, counts, before)


def fill(journal: Journal, every: Iterable[Window], answer: Answer) -> Counts:
    """Answers the windows that a journal does not hold yet.

    Returns:
        What is counted of all texts.

    Raises:
        UserError: If the journal holds answers of other texts.
    """
    seen = 0

    def open_windows() -> Iterator[Window]:
        nonlocal seen
        for window in every:
            seen += 1
            if not journal.holds(window.number, window.digest):
                yield window

    for answered in answer(open_windows()):
        journal.add(answered)
    return journal.counted(seen)


def in_order(answers: Iterable[Answered]) -> Iterator[Answered]:
    """Windows of answers in the order of the texts, as soon as all before each are there."""
    waiting: dict[int, Answered] = {}
    following = 0
    for answered in answers:
        waiting[answered.number] = answered
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def columns_of(inputs: tuple[str, ...], arguments: argparse.Namespace) -> list[str]:
    """The columns of the input that hold what a model reads.

    Args:
        inputs: Those of its task.
        arguments: Those of :mod:`commands.predict`.

    Raises:
        UserError: If lists of words are given to a model of texts.
    """
    named = {"text": arguments.text, "text_pair": arguments.text_pair, "tokens": arguments.tokens or arguments.text}
    if arguments.tokens and "tokens" not in inputs:
        raise UserError("--tokens: the model reads texts, not lists of words.", "Name the column of texts with --text.")
    return [named[name] for name in inputs]


def say(arguments: argparse.Namespace, about: About, counts: Counts, before: int) -> None:
    """Prints what was done.

    Args:
        arguments: Those of :mod:`commands.predict`.
        about: What the model is like.
        counts: Of all texts.
        before: How many of them an earlier run had answered.
    """
    parts = [f"{counts.texts:,} texts in {arguments.out}, {counts.empty:,} of them empty"]
    parts += [f"{counts.unsure:,} left open below {arguments.abstain_below}"] if arguments.abstain_below else []
    parts += [f"{before:,} answered before"] if before else []
    calibrated = (
        f"temperature {about.temperature:.3f}" if about.temperature else "not calibrated: the model has no temperature"
    )
    closing_line("predict", ", ".join(parts) + (f"; {calibrated}" if about.kind != "value" else ""))
