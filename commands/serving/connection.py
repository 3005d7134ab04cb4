"""A connection that does not wait for a client for ever: uvicorn's own, with a limit on each time that it waits."""

import asyncio
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

TOO_SLOW = b'{"error":"The request did not arrive in time."}'


def timed_connection(patience: float) -> type[H11Protocol]:
    """The class of connections whose clients have so many seconds.

    A request's head must arrive in that time, counted from its first byte or from the connection's beginning; a client
    that does not read its answer for so long is cut off. Reading a body is timed where it is read; between two
    requests uvicorn waits by itself.
    """

    class TimedConnection(H11Protocol):
        _head: asyncio.TimerHandle | None = None
        _answer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._head = self._later(self._refuse)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            part_of_a_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
            if not part_of_a_head:
                self._end_head()
            elif self._head is None:
                self._head = self._later(self._refuse)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._answer = self._later(self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._end_answer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_head()
            self._end_answer()
            super().connection_lost(exc)

        def _end_head(self) -> None:
            if self._head:
                self._head.cancel()
                self._head = None

        def _end_answer(self) -> None:
            if self._answer:
                self._answer.cancel()
                self._answer = None

        def _later(self, act: Callable[[], None]) -> asyncio.TimerHandle:
            return self.loop.call_later(patience, act)

        def _refuse(self) -> None:
            if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
                headers = [("content-type", "application/json"), ("content-length", str(len(TOO_SLOW)))]
                response = h11.Response(status_code=408, headers=[*headers, ("connection", "close")], reason=b"Timeout")
                for event in (response, h11.Data(data=TOO_SLOW), h11.EndOfMessage()):
                    self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return TimedConnection
