"""The web application: its addresses, its headers, and one line of JSON for whatever is refused."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commands.serving.description import openapi
from commands.serving.messages import RefusedError
from commands.serving.pages import STYLE_AND_SCRIPT, docs_page, try_page
from commands.serving.service import Service, discard_rest

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
POLICY += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def application(service: Service, hosts: frozenset[str] | None, log: bool) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        service: What answers.
        hosts: The names under which it may be asked; None for any.
        log: Whether each request gets a line on standard error, which never holds a text.
    """
    known = (service.inference, service.model)
    described = openapi(service.requests, *known)
    pages = {
        "/": ("text/html; charset=utf-8", try_page(*known, service.limits, service.abstain_below)),
        "/docs": ("text/html; charset=utf-8", docs_page(*known, service.limits, described)),
        "/openapi.json": ("application/json", orjson.dumps(described, option=orjson.OPT_INDENT_2)),
        **STYLE_AND_SCRIPT,
    }

    async def predict(request: Request) -> Response:
        content, texts = await service.answer(request)
        request.state.texts = texts
        return Response(orjson.dumps(content), media_type="application/json")

    async def health(_: Request) -> Response:
        return _json({"alive": True}) if service.worker.alive else _json({"error": "Nothing computes any more."}, 500)

    async def ready(_: Request) -> Response:
        if service.stopping:
            raise RefusedError(503, "The service is being stopped.", wait=1)
        return _json({"ready": True, "model": service.model})

    async def metrics(_: Request) -> Response:
        return Response(service.metrics.text(service.gauges()), media_type="text/plain; version=0.0.4; charset=utf-8")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.worker.start()
        yield
        service.worker.end()

    paths: dict[str, Callable[[Request], Any]] = {"/health": health, "/ready": ready, "/metrics": metrics}
    paths |= {path: _fixed(*page) for path, page in pages.items()}
    made = Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            *(Route(path, answer, methods=["GET"]) for path, answer in paths.items()),
        ],
        exception_handlers={RefusedError: _refuse, HTTPException: _not_found, ClientDisconnect: _leave},
        lifespan=lifespan,
    )
    return _Guard(made, service, hosts, log, frozenset({"/predict", *paths}))


class _Guard:
    """What surrounds every request: who may ask, the headers of every answer, counting, and what fails unforeseen."""

    def __init__(
        self, app: ASGIApp, service: Service, hosts: frozenset[str] | None, log: bool, paths: frozenset[str]
    ) -> None:
        self.app, self.service, self.hosts, self.log, self.paths = app, service, hosts, log, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0
        scope["state"] = {"texts": 0, "unread": scope["method"] == "POST"}

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
                if self.service.stopping or scope["state"]["unread"]:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        request = Request(scope, receive, send_guarded)
        try:
            if self.hosts is not None and _host(request) not in self.hosts:
                await _json({"error": "The service is asked by a name that is not its own."}, 403)(
                    scope, receive, send_guarded
                )
            else:
                await self.app(scope, receive, send_guarded)
        except Exception as error:  # its message may hold a text, so it is not shown
            print(f"serve: {scope['path']!r} failed: {type(error).__name__}", file=sys.stderr, flush=True)
            if not status:
                await _json({"error": "The service failed."}, 500)(scope, receive, send_guarded)
        self._count(scope, status, time.monotonic() - begun)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in self.paths else "other"
        self.service.metrics.requests[path, status] += 1
        if path == "/predict":
            self.service.metrics.seconds.add(seconds)
        if self.log:
            texts = scope["state"]["texts"]
            line = f"{scope['method']} {path} {status} {texts} texts {1000 * seconds:.1f} ms"
            print(line, file=sys.stderr, flush=True)


class _Early(Response):
    """An answer to a request whose body may still be coming."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await discard_rest(Request(scope, receive))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101  # for mypy
    response = _json({"error": error.why}, error.status, _Early if request.state.unread else Response)
    if error.wait is not None:
        response.headers["retry-after"] = str(error.wait)
    return response


def _not_found(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # for mypy
    response = _json({"error": f"{error.detail}. See /docs."}, error.status_code)
    response.headers.update(error.headers or {})
    return response


def _leave(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it; nginx counts such requests under this number


def _json(content: dict[str, Any], status: int = 200, kind: type[Response] = Response) -> Response:
    return kind(orjson.dumps(content), status_code=status, media_type="application/json")


def _fixed(kind: str, content: bytes) -> Callable[[Request], Any]:
    async def answer(_: Request) -> Response:
        return Response(content, media_type=kind)

    return answer


def _host(request: Request) -> str:
    """The name under which the service is asked, without its port."""
    name = request.headers.get("host", "")
    return name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0].lower()
