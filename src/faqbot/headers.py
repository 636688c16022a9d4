"""The headers of every response, and the page: its script hashes go into the policy. Pure ASGI.

What Gradio still forces: `style-src 'unsafe-inline'`, because its front end writes style attributes and elements;
`data:` for images and fonts in its own style sheets. Scripts run only from here or by their hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PLAIN_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",  # a shared computer keeps no page, and Back after leaving shows none
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}
POLICY = (
    "default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>(.*?)</script>", re.DOTALL)
_OURS = ("/assets/ui.", "/assets/privacy.")  # these change with the program, under the same name
_KEPT = ("/assets/", "/static/")  # these hold no answers and have hashed names: the browser may keep them


class Headers:
    """ASGI middleware around the whole app; `rewrite` changes the page before its scripts are hashed."""

    def __init__(self, app: ASGIApp, *, rewrite: Callable[[bytes], bytes]) -> None:
        self.app = app
        self.rewrite = rewrite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _with_headers(send, scope["path"])
        if scope["path"] == "/" and scope["method"] == "GET":
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
        good = self.start["status"] == 200  # anything else is no page
        body = self.rewrite(self.body) if good else self.body
        headers = [pair for pair in self.start["headers"] if pair[0] != b"content-length"]
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", policy(body if good else b"").encode()),
        ]
        await self.send({**self.start, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=2)  # the page is the same for everyone
def policy(page: bytes = b"") -> str:
    """The Content-Security-Policy for a page."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page) if script.strip())
    return POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def _with_headers(send: Send, path: str) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            present = {name.lower() for name, _ in headers}
            wanted = PLAIN_HEADERS | ({} if path == "/" else {"content-security-policy": POLICY.format(hashes="")})
            if path.startswith(_KEPT) and not path.startswith(_OURS):
                wanted = wanted | {"cache-control": "public, max-age=86400"}
            drop = {b"cache-control", b"server"}
            headers = [pair for pair in headers if pair[0].lower() not in drop]
            headers += [(k.encode(), v.encode()) for k, v in wanted.items() if k.encode() not in present - drop]
            message = {**message, "headers": headers}
        await send(message)

    return wrapped
