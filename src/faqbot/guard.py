"""What stands between the network and the app: few open paths, small bodies of plain text, and an end to waiting.

Pure ASGI, so that it adds no measurable time. Knows nothing of answers. Each rule has a test in test_web.py or
test_limits.py.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faqbot import logs
from faqbot.limits import Rate, loopback
from faqbot.refusal import refuse, tell

LARGEST_BODY = 64 * 1024  # bytes; the longest message allowed is 2,000 characters
BODY_WITHIN = 10.0  # seconds for a body to arrive
ANSWER_WITHIN = 20.0  # seconds for the app to answer; an answer takes some milliseconds
MOST_ANSWERING = 512  # requests at once; further ones are told to come back
PER_MINUTE = 600  # questions of one address: an office of a hundred people who ask without a pause
PAGE_PART = 0.01  # of a question: loading the page, with its fifty parts, counts as half of one
# All that the page, gradio_client and a person need. Gradio's routes for files, uploads, queues of other
# people's events, streams, logins and monitoring are not among them and do not exist here.
OPEN_PATHS = re.compile(
    r"/|/ask|/find|/hand-out|/health|/privacy|/config|/favicon\.ico|/manifest\.json|/theme\.css"
    r"|/assets/[\w.-]+|/static/(?:fonts|img|js)/[\w/.-]+"
    r"|/gradio_api/(?:info|queue/(?:join|data)|run/(?:ask|predict))"
)
QUERY_PATHS = ("/theme.css", "/gradio_api/queue/data")  # elsewhere a query could only name Gradio's saved sessions


class Turnstile:
    """Lets an address ask so many questions a minute. `rate` None: the default, and this machine itself unlimited."""

    def __init__(self, app: ASGIApp, *, per_minute: int | None) -> None:
        self.app = app
        self.exempt_loopback = per_minute is None
        self.rate = Rate(PER_MINUTE if per_minute is None else per_minute) if per_minute != 0 else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.rate is not None and scope["path"] != "/health":
            address = scope["client"][0] if scope.get("client") else ""
            if not (self.exempt_loopback and loopback(address)):
                wait = self.rate.take(address, cost=1.0 if scope["method"] == "POST" else PAGE_PART)
                if wait:
                    await tell(scope, 429, "too_many", wait=wait)(scope, receive, send)
                    return
        await self.app(scope, receive, send)


class Guard:
    """Nothing but what is needed comes in, and everything that does has an end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.answering = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websocket is part of this app
            return
        path = scope["path"]
        if not OPEN_PATHS.fullmatch(path) or ".." in path or "//" in path:
            await refuse(404, "There is no such page.")(scope, receive, send)
            return
        if path not in QUERY_PATHS:
            scope = {**scope, "query_string": b""}
        if scope["method"] == "POST":
            if any((b"sec-fetch-site", site) in scope["headers"] for site in (b"cross-site", b"same-site")):
                await refuse(403, "Another site cannot ask here.")(scope, receive, send)
                return
            try:
                async with asyncio.timeout(BODY_WITHIN):
                    body = await _read(scope, receive)
            except TimeoutError:
                await tell(scope, 408, "too_slow")(scope, receive, send)
                return
            if body is None:
                await tell(scope, 413, "too_large")(scope, receive, send)
                return
            fault = _body_fault(body, path)
            if fault:
                await refuse(400, fault)(scope, receive, send)
                return
            receive = _again(body, receive)
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.answering >= MOST_ANSWERING:
            await tell(scope, 503, "busy", wait=2)(scope, receive, send)
            return
        begun = ended = False

        async def noting(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body")

        self.answering += 1
        try:
            async with asyncio.timeout(ANSWER_WITHIN) as limit:
                await self.app(scope, receive, noting)
        except TimeoutError:
            if not limit.expired() or begun:  # a response that has begun can only be cut off
                raise
            await tell(scope, 503, "busy", wait=2)(scope, receive, send)
        except Exception as error:  # Gradio's: ours are caught where a question is answered
            logs.fault(error)
            if begun and not ended:  # Gradio's own layer may have answered already
                raise
            if not begun:
                await tell(scope, 500, "failed")(scope, receive, send)
        finally:
            self.answering -= 1


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body, or None when it is too long, or says that it will be."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (len(value) > 9 or not value.isdigit() or int(value) > LARGEST_BODY):
            return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, and then whatever comes: that the caller has gone."""
    first = True

    async def once() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return once


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
    if type(data.get("fn_index", 0)) is not int:
        return '"fn_index" must be a number.'
    return None


def _is_text(value: object) -> bool:
    return (
        value is None
        or isinstance(value, str)
        or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    )
