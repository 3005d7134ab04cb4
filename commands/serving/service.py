"""One request's way: read within limits, checked, put in line, answered or refused."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request

from commands.prediction import Predictor
from commands.serving.answering import abstain, answer_rows, row_length
from commands.serving.limits import Limits
from commands.serving.messages import RefusedError, parse, request_model
from commands.serving.metrics import Metrics, resident_bytes
from commands.serving.waiting import Answer, Item, Job, Line
from commands.serving.worker import UnanswerableError, Worker
from commands.texts import Row

HALF = 0.5  # a request is refused if it would take more than this share of its time: the rate is an estimate
LINGER = 2.0  # seconds over which the rest of a body is thrown away that was refused before its end


class Service:
    """A model that answers requests.

    Args:
        predictor: The model.
        model: Its hash.
        limits: What is taken.
        abstain_below: The probability below which no label is given, where a request does not say.
        rate: Tokens a second, as measured before the first request.
    """

    def __init__(self, predictor: Predictor, model: str, limits: Limits, abstain_below: float, rate: float) -> None:
        self.inference, self.model, self.limits = predictor.scorer.inference, model, limits
        self.abstain_below = abstain_below
        self.requests = request_model(self.inference, limits)
        self.metrics = Metrics({"hash": model, "task": self.inference.task})
        self.stopping = False
        self.accepted = 0  # requests that are in line and not yet answered
        self.answered = 0  # since the start
        self._length = row_length(predictor)
        self._bytes = 0
        answering: Callable[[Sequence[Row]], list[Answer]] = lambda rows: answer_rows(predictor, rows)  # noqa: E731
        self.worker = Worker(answering, Line(limits.batch_tokens), rate, self._computed)

    async def answer(self, request: Request) -> tuple[dict[str, Any], int]:
        """Answers a request.

        Returns:
            What :func:`commands.serving.messages.answer_model` describes, and how many texts that are.

        Raises:
            RefusedError: If it gets no answer.
            ClientDisconnect: If the client is gone.
        """
        begun = asyncio.get_running_loop().time()
        held = _Held(self)
        try:
            self._check_open()
            asked = parse(self.requests, await self._read(request, held))
            self._check_open()
            rows = [Row(str(place), _inputs(given)) for place, given in enumerate(asked.texts)]
            seconds = self.limits.deadline if asked.timeout is None else asked.timeout
            answers = await self._wait(request, rows, begun + seconds)
        finally:
            held.give_back()
        below = getattr(asked, "abstain_below", None)
        below = self.abstain_below if below is None else below
        self.metrics.texts += len(rows)
        self.answered += 1
        return {"model": self.model, "answers": abstain(answers, below) if below else answers}, len(rows)

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is so now, for the metrics."""
        return {
            "queue_texts": ("Texts that wait", self.worker.texts),
            "queue_bytes": ("Bytes of requests that are read or wait", self._bytes),
            "accepted_requests": ("Requests that are accepted and not yet answered", self.accepted),
            "tokens_per_second": ("What is computed of late, padding included", self.worker.rate),
            "resident_memory_bytes": ("Memory of the process", resident_bytes()),
            "ready": ("Whether requests are taken", not self.stopping),
        }

    def _check_open(self) -> None:
        if self.stopping:
            raise RefusedError(503, "The service is being stopped.", wait=1)

    async def _read(self, request: Request, held: "_Held") -> bytes:
        """The body of a request.

        Raises:
            RefusedError: If its header does not say JSON, it is too large or late, or there is no room for it.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(415, "Send JSON, with the header Content-Type: application/json.")
        most = self.limits.body_bytes
        said = request.headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > most:
            raise RefusedError(413, f"The body is larger than {most:,} bytes.")
        parts = []
        try:
            async with asyncio.timeout(self.limits.patience):
                async for part in request.stream():
                    held.take(len(part))
                    if held.bytes > most:
                        raise RefusedError(413, f"The body is larger than {most:,} bytes.")
                    if self._bytes > self.limits.queue_bytes:
                        raise RefusedError(429, "Too many bytes wait.", wait=self._retry_after(0))
                    parts.append(part)
        except TimeoutError:
            raise RefusedError(408, "The request did not arrive in time.") from None
        request.state.unread = False
        return b"".join(parts)

    async def _wait(self, request: Request, rows: list[Row], deadline: float) -> list[Answer]:
        """Puts rows in line and waits for their answers.

        Raises:
            RefusedError: If they are too many for the time that there is (413), there is no room in line (429), they
                are not answered in time (504) or the model fails (500).
            ClientDisconnect: If the client is gone; what was not computed is not computed any more.
        """
        loop = asyncio.get_running_loop()
        job = Job.of(rows, self._length, deadline, loop.create_future())
        left = deadline - loop.time()
        alone = job.tokens / self.worker.rate
        if alone > left:
            told = f"{len(rows):,} texts take about {alone:.0f} s, and the request waits for {left:.0f} s"
            raise RefusedError(413, f"{told}: send fewer at once.")
        if self.worker.texts + len(rows) > self.limits.queue_texts:
            raise RefusedError(429, "Too many texts wait.", wait=self._retry_after(job.tokens))
        if self.worker.texts and self.worker.seconds(job.tokens) > HALF * left:
            raise RefusedError(429, "It would take too long.", wait=self._retry_after(job.tokens))
        self.accepted += 1
        gone = asyncio.ensure_future(_gone(request))
        self.worker.add(job)
        try:
            done, _ = await asyncio.wait((job.answered, gone), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if job.answered in done:
                return job.answered.result()
            if gone in done:
                raise ClientDisconnect
            raise RefusedError(504, "The answer was not there in time.")
        except UnanswerableError:
            raise RefusedError(500, "The model failed on a text.") from None
        finally:
            self.worker.remove(job)
            job.answered.cancel()
            gone.cancel()
            self.accepted -= 1

    def _retry_after(self, tokens: int) -> int:
        """Whole seconds after which a request of so many tokens would be answered soon, by the rate of late."""
        return max(1, math.ceil(self.worker.seconds(tokens) * HALF))

    def _computed(self, batch: list[Item], seconds: float) -> None:
        self.metrics.batch_texts.add(len(batch))
        self.metrics.batch_seconds.add(seconds)


class _Held:
    """The bytes of one request that count among those of all."""

    def __init__(self, service: Service) -> None:
        self.service, self.bytes = service, 0

    def take(self, count: int) -> None:
        self.bytes += count
        self.service._bytes += count

    def give_back(self) -> None:
        self.service._bytes -= self.bytes
        self.bytes = 0


async def _gone(request: Request) -> None:
    """Waits until the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def discard_rest(request: Request) -> None:
    """Throws away the rest of a body, for a while: a client that still sends would not see the answer otherwise."""
    try:
        async with asyncio.timeout(LINGER):
            more = True
            while more:
                message = await request.receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        pass


def _inputs(given: Any) -> list[Any]:
    """What a row holds, of what a request gives for one answer: two texts of a pair are inputs of their own."""
    return [*given] if isinstance(given, tuple) else [given]
