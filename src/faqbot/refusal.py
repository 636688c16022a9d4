"""Saying no over HTTP: what is wrong, when to come back, and nothing of what was sent."""

from __future__ import annotations

import math

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from faqbot import texts


def refuse(status: int, reason: str, **headers: str) -> Response:
    """An error for a program; a header `retry_after` is sent as `Retry-After`."""
    return JSONResponse({"error": reason}, status_code=status, headers=_named(headers))


def tell(scope: Scope, status: int, name: str, *, wait: float = 0, **headers: str) -> Response:
    """An error by the name of its text: in words in both languages for a page, in JSON for everything else.

    `wait` is in seconds; from it come `Retry-After` and the `{seconds}` of the text.
    """
    seconds = math.ceil(wait)
    if seconds:
        headers["retry_after"] = str(seconds)
    english, spanish = (texts.refusal(language, name, seconds=seconds) for language in ("en", "es"))
    if scope["method"] == "GET" and any(k == b"accept" and b"text/html" in v for k, v in scope["headers"]):
        return PlainTextResponse(f"{english}\n\n{spanish}\n", status_code=status, headers=_named(headers))
    return refuse(status, english, **headers)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
