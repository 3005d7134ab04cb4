"""The one thread that computes: it takes a batch as soon as it is free, and never waits for more to come."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Sequence

from commands.serving.waiting import Answer, Item, Job, Line
from commands.texts import Row

RECENT = 20  # batches, about, over which the rate is measured

Answering = Callable[[Sequence[Row]], list[Answer]]
Computed = Callable[[list[Item], float], None]


class UnanswerableError(Exception):
    """The model failed on a text of a request."""


class Worker:
    """Answers what waits in line.

    Args:
        answering: The model, for texts of several requests at once.
        line: What waits; only this class changes it.
        rate: Tokens a second, padding included, as measured before the first request.
        computed: Called in the event loop after each batch, with the batch and its seconds.
    """

    def __init__(self, answering: Answering, line: Line, rate: float, computed: Computed) -> None:
        self.rate = rate
        self._answering, self._line, self._computed = answering, line, computed
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)

    def start(self) -> None:
        """Begins to work for the event loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def end(self) -> None:
        """Ends the thread after the batch that it computes."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def texts(self) -> int:
        """How many texts wait."""
        return self._line.texts

    def add(self, job: Job) -> None:
        """Puts a request in line."""
        with self._changed:
            self._line.add(job)
            self._changed.notify()

    def remove(self, job: Job) -> None:
        """Leaves out what has not been computed of a request."""
        with self._changed:
            self._line.remove(job)

    def seconds(self, tokens: int) -> float:
        """About how long a new request of so many tokens would take, by the rate of late."""
        with self._changed:
            return self._line.ahead(tokens) / self.rate

    def _work(self) -> None:
        while batch := self._next():
            begun = time.monotonic()
            answers = self._answer([item.job.rows[item.place] for item in batch])
            seconds = time.monotonic() - begun
            rate = max(item.tokens for item in batch) * len(batch) / max(seconds, 1e-6)
            self.rate += (rate - self.rate) / RECENT
            self._loop.call_soon_threadsafe(self._hand_out, batch, answers, seconds)

    def _next(self) -> list[Item]:
        """The next batch, when there is one; empty when the thread is to end."""
        with self._changed:
            while not self._ended:
                if batch := self._line.take(self._loop.time()):
                    return batch
                self._changed.wait()
        return []

    def _answer(self, rows: list[Row]) -> list[Answer | None]:
        """The answers; None for a text on which the model fails, which is the fault of no other request."""
        try:
            return [*self._answering(rows)]
        except Exception as error:
            if len(rows) > 1:
                return [answer for row in rows for answer in self._answer([row])]
            place = error.__traceback__
            while place and place.tb_next:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
            # Its message may hold the text.
            print(
                f"serve: a text could not be answered: {type(error).__name__} at {where}", file=sys.stderr, flush=True
            )
            return [None]

    def _hand_out(self, batch: list[Item], answers: list[Answer | None], seconds: float) -> None:
        self._computed(batch, seconds)
        for (job, place, _), answer in zip(batch, answers, strict=True):
            if job.answered.done():  # given up, or failed already
                continue
            if answer is None:
                self.remove(job)
                job.answered.set_exception(UnanswerableError)
                continue
            job.answers[place] = answer
            job.missing -= 1
            if job.missing == 0:
                job.answered.set_result([answer for answer in job.answers if answer is not None])
