"""Who is asking: the peer itself, or whom a trusted proxy names. Pure ASGI; run before anything else."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

# By these Gradio or uvicorn would take another address, host or scheme for the real one.
FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix"}
NEVER = {b"x-gradio-server", b"x-gradio-user", b"x-ip-token"}  # for Gradio's own hosting


class Forwarded:
    """Believes forwarded headers from trusted addresses ("127.0.0.1,10.0.0.0/8") and drops them from all others."""

    def __init__(self, app: ASGIApp, *, trusted: str = "") -> None:
        self.app = app
        believing: Any = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type]
        self.believing = believing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trusted = bool(scope.get("client")) and scope["client"][0] in self.believing.trusted_hosts
        drop = NEVER if trusted else NEVER | FORWARDED
        headers = [pair for pair in scope["headers"] if pair[0].lower() not in drop]
        await (self.believing if trusted else self.app)({**scope, "headers": headers}, receive, send)
