"""Answers windows of texts in this process or in several, each with the model; the answers are the same bytes."""

import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from os import devnull
from pathlib import Path
from threading import RLock
from typing import Any

from tqdm import tqdm

from commands.predicting.engine import About, Engine, Options
from commands.predicting.journal import Answered
from commands.texts import Window
from stages.common.core.entry import end_with_parent
from stages.common.core.messages import UserError

SPREAD = 4  # windows per process between the oldest that is not answered and the newest: what may wait for its turn
Answer = Callable[[Iterable[Window]], Iterator[Answered]]


@contextmanager
def answering(options: Options, processes: int) -> Iterator[tuple[About, Answer]]:
    """Loads a model.

    Args:
        options: How texts are answered.
        processes: How many processes answer; with one, it is this.

    Yields:
        What the model is like, and a function that answers windows: each as soon as it is done, in no certain order.

    Raises:
        UserError: If the model does not go with the options, or a process dies.
    """
    if processes == 1:
        engine = Engine(options)
        yield engine.about, lambda windows: map(engine.answer, windows)
        return
    workers = [_Worker(options) for _ in range(processes)]
    try:
        for worker in workers:
            about: About = worker.receive()
        yield about, lambda windows: _shared(workers, windows)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that answers one window after the other."""

    def __init__(self, options: Options) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_work, args=(theirs, options), daemon=True)
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
        self._process.start()
        signal.signal(signal.SIGINT, heard)
        theirs.close()  # or its end would go unnoticed

    def receive(self) -> Any:
        """What it has done.

        Raises:
            UserError: If it is dead.
            Exception: Whatever it raised.
        """
        try:
            received = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode or 0
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            raise UserError(
                f"A process that answers texts {how}.", "If memory ran out, use fewer --processes."
            ) from None
        if isinstance(received, Exception):
            raise received
        return received

    def give(self, window: Window) -> None:
        """Lets it answer a window; that it is dead shows when its answers are received."""
        with suppress(OSError):
            self.connection.send(window)

    def end(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _shared(workers: list[_Worker], windows: Iterable[Window]) -> Iterator[Answered]:
    """Shares windows among processes. If one fails, or the input does, what the others are at is waited for."""
    idle = list(workers)
    busy: dict[Connection, tuple[_Worker, int]] = {}
    failure: Exception | None = None

    def finished() -> Iterator[Answered]:
        nonlocal failure
        for connection in wait(list(busy)):
            worker, _ = busy.pop(connection)  # type: ignore[call-overload]  # wait returns what it was given
            try:
                answered = worker.receive()
            except Exception as error:
                failure = failure or error
            else:
                idle.append(worker)
                yield answered

    try:
        for window in windows:
            while not failure and (not idle or _is_far_ahead(window, busy.values(), len(workers))):
                yield from finished()
            if failure:
                break
            worker = idle.pop()
            worker.give(window)
            busy[worker.connection] = (worker, window.number)
    except Exception as error:  # the input is not what it should be
        failure = error
    while busy:
        yield from finished()
    if failure:
        raise failure


def _is_far_ahead(window: Window, busy: Iterable[tuple[_Worker, int]], processes: int) -> bool:
    return window.number >= min((number for _, number in busy), default=window.number) + SPREAD * processes


def _work(connection: Connection, options: Options) -> None:
    """What a process does: says what its model is like, and answers until nobody asks any more."""
    end_with_parent()
    with Path(devnull).open("w") as nowhere, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        sys.stderr = nowhere  # progress bars of several processes would write over one another
        tqdm.set_lock(RLock())  # its own is a semaphore between processes, which is left behind when this one is killed
        try:
            engine = Engine(options)
            connection.send(engine.about)
            while True:
                connection.send(engine.answer(connection.recv()))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            error.add_note(traceback.format_exc())  # which does not travel otherwise
            connection.send(error)
