"""The program that listens: uvicorn with deadlines, without a log of requests. Knows no answers.

On SIGTERM and Ctrl+C it stops listening and finishes what it has begun.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from faqbot.errors import FaqBotError
from faqbot.limits import loopback

HEADERS_WITHIN = 10.0  # seconds from the first byte of a connection or request to the end of its headers
FINISH_WITHIN = 10  # seconds that open requests get at the end
MOST_FROM_ONE = 500  # connections of one address; a browser opens six
_FILES = 65_536  # open files; a connection is one, and the usual limit is 1,024


class Connection(H11Protocol):
    """uvicorn's connection, closed when a request's headers trickle in or one address opens very many."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        if not loopback(host) and sum(1 for one in self.connections if _host(one) == host) > MOST_FROM_ONE:
            transport.abort()
        else:
            self._deadline = self.loop.call_later(HEADERS_WITHIN, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        reading_headers = self.cycle is None or self.cycle.response_complete
        if not reading_headers:
            self._clear()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_WITHIN, self.transport.abort)

    def on_response_complete(self) -> None:
        self._clear()  # a connection that is kept alive has a deadline of its own until data come
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear()
        super().connection_lost(exc)

    def _clear(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _host(connection: Any) -> str:
    return connection.client[0] if connection.client else ""


class Server(uvicorn.Server):
    """Says where it is once it is there."""

    def __init__(self, app: FastAPI) -> None:
        quiet: dict[str, Any] = {"log_config": None, "log_level": "error", "access_log": False, "server_header": False}
        plain: dict[str, Any] = {"ws": "none", "http": Connection, "proxy_headers": False}  # see proxy.py
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=FINISH_WITHIN, **quiet, **plain))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or ():
            host, port = one.getsockname()[:2]
            print(f"Ready: http://{f'[{host}]' if ':' in host else host}:{port}  (Ctrl+C stops it)", flush=True)


def run(app: FastAPI, port: socket.socket) -> None:
    """Serve until stopped."""
    _allow_files()
    _leave_no_memory()
    with suppress(KeyboardInterrupt):  # Ctrl+C is how it is stopped
        Server(app).run(sockets=[port])


def listen(host: str, port: int) -> socket.socket:
    """An open port (any free one for 0), or a FaqBotError that says why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's delay off: 40 ms less for each answer.
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen(2048)
    except (OSError, OverflowError) as error:
        one.close()
        raise FaqBotError(f"Cannot listen on {host} port {port}: {error}. Choose another with --port.") from None
    return one


def _allow_files() -> None:
    """Raise this process's limit of open files as far as it may."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leave_no_memory() -> None:
    """No core file after a crash: it would hold the questions of that moment."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
