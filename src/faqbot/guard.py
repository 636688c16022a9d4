"""What stands between the network and the app: few open paths, small bodies of plain text, strict headers.

Pure ASGI, so that it adds no measurable time. Knows nothing of answers. Each rule has a test in test_web.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 64 * 1024  # bytes; the longest message allowed is 2,000 characters
# All that the page, gradio_client and a person need. Gradio's routes for files, uploads, queues of other
# people's events, streams, logins and monitoring are not among them and do not exist here.
OPEN_PATHS = re.compile(
    r"/|/ask|/hand-out|/health|/config|/favicon\.ico|/manifest\.json|/theme\.css"
    r"|/assets/[\w.-]+|/static/(?:fonts|img|js)/[\w/.-]+"
    r"|/gradio_api/(?:info|heartbeat/[\w-]+|queue/(?:join|data)|run/(?:ask|predict))"
)
PLAIN_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",  # a shared computer keeps no page, and Back after leaving shows none
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
POLICY = (  # style attributes are written by Gradio's front end; scripts run only from here or by their hash
    "default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>(.*?)</script>", re.DOTALL)
_KEPT = ("/assets/", "/static/")  # these hold no answers and have hashed names: the browser may keep them


class Guard:
    """ASGI middleware around the whole app; `rewrite` changes the page before its scripts are hashed."""

    def __init__(self, app: ASGIApp, *, rewrite: Callable[[bytes], bytes]) -> None:
        self.app = app
        self.rewrite = rewrite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websocket is part of this app
            return
        path = scope["path"]
        answer = _with_headers(send, path)
        if not OPEN_PATHS.fullmatch(path) or ".." in path:
            await refuse(404, "There is no such page.")(scope, receive, answer)
            return
        if scope["method"] == "POST":
            body = await _read(receive)
            fault = _body_fault(body, path)
            if body is None or fault:
                await refuse(413 if body is None else 400, fault or "The request is too long.")(scope, receive, answer)
                return
            receive = _again(body)
        if path == "/" and scope["method"] == "GET":
            plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, _Page(answer, self.rewrite))
        else:
            await self.app(scope, receive, answer)


class _Page:
    """Collects the page, rewrites it, and allows its inline scripts by their hash and nothing else."""

    def __init__(self, send: Send, rewrite: Callable[[bytes], bytes]) -> None:
        self.send = send
        self.rewrite = rewrite
        self.start: Message = {}
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self.rewrite(self.body)
        headers = [pair for pair in self.start["headers"] if pair[0] != b"content-length"]
        headers += [(b"content-length", str(len(body)).encode()), (b"content-security-policy", policy(body).encode())]
        await self.send({**self.start, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=2)  # the page is the same for everyone
def policy(page: bytes = b"") -> str:
    """The Content-Security-Policy for a page."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page) if script.strip())
    return POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def refuse(status: int, reason: str) -> JSONResponse:
    """An error that says what is wrong and repeats nothing of what was sent."""
    return JSONResponse({"error": reason}, status_code=status)


def _with_headers(send: Send, path: str) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            present = {name.lower() for name, _ in headers}
            wanted = PLAIN_HEADERS | ({} if path == "/" else {"content-security-policy": POLICY.format(hashes="")})
            if path.startswith(_KEPT) and not path.startswith("/assets/ui."):
                wanted = wanted | {"cache-control": "public, max-age=86400"}
            drop = {b"cache-control", b"server"}
            headers = [pair for pair in headers if pair[0].lower() not in drop]
            headers += [(k.encode(), v.encode()) for k, v in wanted.items() if k.encode() not in present - drop]
            message = {**message, "headers": headers}
        await send(message)

    return wrapped


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _body_fault(body: bytes | None, path: str) -> str | None:
    """What is wrong with the body of a call to Gradio: only texts and lists of texts belong in it.

    An object in there would be a file descriptor, by which Gradio reads files or fetches addresses.
    """
    if body is None or not path.startswith("/gradio_api/"):
        return None
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "The request is not JSON."
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        return 'The request must be a JSON object with a list "data".'
    others = (value for name, value in data.items() if name != "data")
    if not all(_is_text(one) for one in data["data"]) or any(isinstance(value, dict | list) for value in others):
        return 'Only text belongs in "data".'
    return None


def _is_text(value: object) -> bool:
    return (
        value is None
        or isinstance(value, str)
        or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    )
