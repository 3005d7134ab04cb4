"""Starts the service and stops it: what was accepted is answered before it ends."""

import argparse
import asyncio
import ctypes
import io
import ipaddress
import os
import socket
import sys
from types import FrameType

import uvicorn

from commands.origin import model_hash
from commands.prediction import Predictor
from commands.serving.answering import warm_up
from commands.serving.app import application
from commands.serving.connection import timed_connection
from commands.serving.limits import Limits
from commands.serving.service import Service
from stages.common.core.entry import PR_SET_PDEATHSIG
from stages.common.core.messages import UserError, closing_line
from stages.common.model.device import compute_alike

CONNECTIONS = 512  # at once; each further one gets 503
FAREWELL = 0.5  # seconds for which new requests are still told that the service stops, after the last answer
LOOK = 0.02  # seconds between two looks whether all is answered


def serve(arguments: argparse.Namespace, limits: Limits) -> None:
    """Runs the service until it is told to stop.

    Args:
        arguments: Those of :mod:`commands.serve`.
        limits: What it takes.

    Raises:
        UserError: If the model or the address is not what it should be.
    """
    host, port = arguments.host, arguments.port
    opened = bind(host, port)
    _outlive_parent()
    _hide_bars()
    compute_alike(seed=0, threads=arguments.threads)
    predictor = Predictor.load(arguments.model, arguments.device)
    if arguments.abstain_below and predictor.task.answer != "label":
        raise UserError("--abstain-below: the model does not give one label a text.", "Leave it out.")
    rate = warm_up(predictor, limits.batch_tokens)
    model = model_hash(arguments.model)
    service = Service(predictor, model, limits, arguments.abstain_below, rate)
    local = _is_local(host)
    hosts = frozenset({"localhost", "127.0.0.1", "[::1]", _shown(host).lower()}) if local else None
    server = _Server(service, application(service, hosts, arguments.log), limits)
    where = f"http://{_shown(host)}:{opened.getsockname()[1]}"
    open_to_all = "" if local else "; whoever reaches this machine can ask it, without a password"
    closing_line("serve", f"{arguments.model} ({model}) answers at {where}{open_to_all}. Stop it with Ctrl-C.")
    server.run(sockets=[opened])
    closing_line("serve", f"stopped; {service.answered:,} requests were answered")


def bind(host: str, port: int) -> socket.socket:
    """Takes an address, so that it is known to be free before a model is loaded.

    Raises:
        UserError: If it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"--host {host} --port {port}: {reason}.", "Name another; port 0 takes a free one.") from None
    return opened


class _Server(uvicorn.Server):
    """uvicorn, which tells new requests that it stops, answers those that it accepted, and then ends."""

    def __init__(self, service: Service, app: object, limits: Limits) -> None:
        super().__init__(
            uvicorn.Config(
                app,  # type: ignore[arg-type]
                http=timed_connection(limits.patience),
                loop="asyncio",
                ws="none",
                lifespan="on",
                interface="asgi3",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
            )
        )
        self.service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begins to stop; the second time, stops at once."""
        if self.service.stopping:
            self.should_exit = self.force_exit = True
        else:
            self.service.stopping = True
            self.loop.call_soon_threadsafe(lambda: setattr(self, "_ending", self.loop.create_task(self._end())))

    async def _end(self) -> None:
        while self.service.accepted:
            await asyncio.sleep(LOOK)
        await asyncio.sleep(FAREWELL)
        self.should_exit = True


def _is_local(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _outlive_parent() -> None:
    """Lets the service run on when the shell ends that started it; other commands end with whatever called them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0)


class _NoTerminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return False


def _hide_bars() -> None:
    """Shows no progress bar for each batch, whatever standard error is."""
    sys.stderr = _NoTerminal(os.fdopen(os.dup(2), "wb", buffering=0), write_through=True)
