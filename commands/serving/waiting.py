"""The texts that wait for the model, and which of them it answers next."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from commands.texts import Row

NEAR = 1.5  # texts of one batch are at most so many times as long as the one that it is made for
SHORT = 16  # tokens that a text may be longer or shorter in any case
BYTES_OF_A_TOKEN = 4  # of UTF-8: English has about four letters a token, Chinese about one character of three bytes

Answer = dict[str, Any]


@dataclass(eq=False)
class Job:
    """The texts of one request on their way through the service.

    Attributes:
        rows: What the model reads.
        deadline: When the client no longer waits, by the clock of the event loop, in seconds.
        answered: Gets the answers in the order of the rows.
        left: What no batch has taken yet: tokens and place of each text, the shortest first.
        answers: What there is so far, in the order of the rows.
        missing: How many answers are missing.
    """

    rows: Sequence[Row]
    deadline: float
    answered: "asyncio.Future[list[Answer]]"
    left: list[tuple[int, int]] = field(default_factory=list)
    answers: list[Answer | None] = field(default_factory=list)
    missing: int = 0

    @classmethod
    def of(
        cls, rows: Sequence[Row], length: Callable[[Row], int], deadline: float, answered: "asyncio.Future[Any]"
    ) -> "Job":
        """A job of which nothing is done; ``length`` tells about how many tokens a row has."""
        left = sorted((length(row), place) for place, row in enumerate(rows))
        return cls(rows, deadline, answered, left, [None] * len(rows), len(rows))

    @property
    def tokens(self) -> int:
        """About how many tokens no batch has taken yet."""
        return sum(length for length, _ in self.left)


class Item(NamedTuple):
    """A text of a batch: whose it is, its place there, and about how many tokens it has."""

    job: Job
    place: int
    tokens: int


class Line:
    """Requests in the order in which they are served: whoever was served longest ago is first.

    A batch is made for the first request. What it does not fill goes to the others in turn, a text each, of about the
    same length, so that little of it is padding. Then all that got something go to the end. So a request waits for one
    batch at most for each that is before it, however many texts those have.

    Args:
        batch_tokens: The most tokens of a batch, padding included; a longer text is a batch of its own.
    """

    def __init__(self, batch_tokens: int) -> None:
        self.batch_tokens = batch_tokens
        self.texts = 0
        self._jobs: dict[Job, None] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Puts a request at the end."""
        self._jobs[job] = None
        self.texts += len(job.left)

    def remove(self, job: Job) -> None:
        """Takes out what no batch has taken yet of a request."""
        if job in self._jobs:
            del self._jobs[job]
            self.texts -= len(job.left)
            job.left.clear()

    def ahead(self, tokens: int) -> int:
        """About how many tokens are computed before a new request of so many has all its answers, its own included.

        The others get as much as this one while it waits: no more than it has, or a batch, or what they have.
        """
        share = max(tokens, self.batch_tokens)
        return tokens + sum(min(job.tokens, share) for job in self._jobs)

    def take(self, now: float) -> list[Item]:
        """The next batch; empty if nobody waits. What is past its deadline is left out.

        Args:
            now: By the clock of the deadlines.
        """
        for job in [job for job in self._jobs if job.deadline <= now]:
            self.remove(job)
        first = next(iter(self._jobs), None)
        if first is None:
            return []
        tokens, place = first.left.pop()
        batch = [Item(first, place, tokens)]
        room = max(tokens * NEAR, tokens + SHORT)
        asked = list(self._jobs)
        longest = tokens
        while asked and longest * (len(batch) + 1) <= self.batch_tokens:
            giving = []
            for job in asked:
                most = min(room, self.batch_tokens / (len(batch) + 1))
                item = _nearest(job, tokens, most)
                if item is not None and longest * (len(batch) + 1) <= self.batch_tokens:
                    job.left.remove((item.tokens, item.place))
                    batch.append(item)
                    longest = max(longest, item.tokens)
                    giving.append(job)
            asked = giving
        self.texts -= len(batch)
        for job in dict.fromkeys(item.job for item in batch):
            del self._jobs[job]
            if job.left:
                self._jobs[job] = None
        return batch


def _nearest(job: Job, tokens: int, most: float) -> Item | None:
    """The text of a job that is nearest to a length, if it is near it and not longer than allowed."""
    place = bisect_left(job.left, (tokens, 0))
    near = [entry for entry in job.left[max(0, place - 1) : place + 1] if entry[0] <= most]
    if not near:
        return None
    length, row = min(near, key=lambda entry: abs(entry[0] - tokens))
    return Item(job, row, length) if max(length * NEAR, length + SHORT) >= tokens else None


def estimate_tokens(row: Row, most: int | None) -> int:
    """About how many tokens a model reads of a row, special tokens included.

    Args:
        row: What it reads.
        most: How many it reads at most; None where it reads all.
    """
    parts = [part if isinstance(part, str) else " ".join(part or ()) for part in row.inputs]
    tokens = 2 + sum(len(part.encode("utf-8", "replace")) for part in parts) // BYTES_OF_A_TOKEN
    return tokens if most is None else min(tokens, most)
