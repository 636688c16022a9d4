"""A password before everything but /health: HTTP Basic, with a brake on guessing. Pure ASGI.

Basic is what browsers, `fetch` of the page and every HTTP tool do without a page or a cookie of ours. It sends
the password with each request, so beyond one machine it belongs behind TLS.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from faqbot.limits import Lockout
from faqbot.passwords import Secret, right
from faqbot.refusal import tell

OPEN = ("/health",)
MOST_CHECKING = 32  # passwords that wait to be checked; one takes a tenth of a second and 32 MB


class Login:
    """Asks for a name and a password. A password that was right once is known again by a keyed hash."""

    def __init__(self, app: ASGIApp, *, users: Mapping[str, Secret], lockout: Lockout | None = None) -> None:
        self.app = app
        self.users = users
        self.lockout = lockout or Lockout()
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()
        self._checking: dict[bytes, asyncio.Task[bool]] = {}
        self._one = asyncio.Semaphore(1)  # guesses take turns, so that they leave the other core to answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        given = _given(scope)
        address = scope["client"][0] if scope.get("client") else ""
        mark = hashlib.blake2b(":".join(given).encode("utf-8", "replace"), key=self._key).digest() if given else b""
        if given and mark not in self._known and mark not in self._checking:
            wait = self.lockout.wait(address)
            if wait or len(self._checking) >= MOST_CHECKING:
                name = "too_many_passwords" if wait else "busy"
                await tell(scope, 429 if wait else 503, name, wait=wait or 2)(scope, receive, send)
                return
            self.lockout.mistake(address)
            self._checking[mark] = asyncio.create_task(self._check(mark, *given, address))
        if given and (mark in self._known or await asyncio.shield(self._checking[mark])):
            headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
            await self.app({**scope, "headers": headers}, receive, send)
            return
        ask = 'Basic realm="faqbot", charset="UTF-8"'
        await tell(scope, 401, "password", www_authenticate=ask)(scope, receive, send)

    async def _check(self, mark: bytes, name: str, password: str, address: str) -> bool:
        try:
            async with self._one:
                fits = await asyncio.to_thread(right, self.users, name, password)
            if fits:
                self._known.add(mark)
                self.lockout.pardon(address)
            return fits
        finally:
            del self._checking[mark]


def _given(scope: Scope) -> tuple[str, str] | None:
    """The name and password of a request; None if there are none, or nothing that could be any."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(values) != 1 or values[0][:6].lower() != b"basic ":
        return None
    try:
        name, colon, password = base64.b64decode(values[0][6:], validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None
