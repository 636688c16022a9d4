"""The browser chat and the JSON endpoint: a thin door over `FaqBot`. Keeps nothing between two requests.

Gradio hosts the chat (one event to ask, one to clear, neither queued); `POST /ask` and `GET /health` stand
beside it in the same FastAPI app. `settings.silence()` must have run before this module is imported.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.telemetry import TelemetryConfig
from starlette.responses import JSONResponse

from faqbot import handout_form, page, view
from faqbot.asked import clean, read_request
from faqbot.bot import LONGEST_MESSAGE, FaqBot
from faqbot.document import Document
from faqbot.errors import FaqBotError, UsageError
from faqbot.guard import Guard, refuse
from faqbot.markup import escape
from faqbot.render import to_json
from faqbot.schema import LANGUAGES
from faqbot.search import CONTEXT_TURNS

MOST_WAITING = 64  # calls of gradio_client; further ones are told to come back
Result = TypeVar("Result")
_log = logging.getLogger(__name__)
_FAILED = "Answering failed on this side. Please ask again."
# FastAPI can export requests and tracebacks by OpenTelemetry when the environment says so: never here.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_ASSETS = {"ui.css": "text/css", "ui.js": "text/javascript", "ui.handout.js": "text/javascript"}
_FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]  # no font is fetched


def create_app(bot: FaqBot) -> FastAPI:
    """The whole app: JSON routes, assets and the chat at "/"."""
    app = FastAPI(openapi_url=None, telemetry=_NO_TELEMETRY)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # else Gradio reflects any origin on its own
    _add_routes(app, bot)
    blocks = chat(bot)
    blocks.queue(max_size=MOST_WAITING, default_concurrency_limit=None)  # only gradio_client joins the queue
    blocks.state_session_capacity = 1  # Gradio would keep the last conversation of 10,000 sessions in memory
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=gr.themes.Base(font=_FONT, font_mono=["ui-monospace", "monospace"]),
        footer_links=[],
        run_history=False,  # else the browser keeps every question and answer
        show_error=False,
        enable_monitoring=False,
        max_file_size="1b",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"telemetry": _NO_TELEMETRY},
    )
    blocks.has_launched = True  # mounting leaves Gradio's check of file paths off without this
    app.add_middleware(Guard, rewrite=_page_rewriter(bot.document))
    return app


def chat(bot: FaqBot) -> gr.Blocks:
    """The Gradio part. The latest turn is one Markdown; ui.js moves earlier turns above it."""

    async def ask(q: str) -> dict[str, Any]:
        """Ask one question; returns the JSON contract of `ask`."""
        data = _safely(lambda: to_json(bot.ask(clean(q))))
        if data is None:
            raise gr.Error(_FAILED, print_exception=False)
        return data

    async def converse(message: str | None, earlier: str | None, speaks: str | None) -> tuple[str, str, str]:
        history = _earlier(earlier)
        language = next((one for one in LANGUAGES if one == speaks), None)
        message = clean(message or "")
        key = secrets.token_hex(4)
        answer = _safely(lambda: bot.ask(message, history, language=language))
        if answer is None:
            return view.failed(language or "en", key=key), earlier or "", message
        kept = [*history, message] if answer.query else history  # personal details leave no query
        shown = view.turn(answer, bot.document, key=key)
        return shown, json.dumps(kept[-CONTEXT_TURNS:]), ""

    async def clear() -> tuple[str, str, str]:
        return "", "", ""

    def part(html: str, name: str) -> gr.Markdown:
        return gr.Markdown(html, elem_id=name, latex_delimiters=[])

    with gr.Blocks(analytics_enabled=False, title=page.TITLE) as blocks:
        part(page.top(), "top")
        part(page.first_screen(), "first")
        with gr.Column(elem_id="desk"):
            with gr.Column(elem_id="thread"):
                latest = part("", "latest")
            part(page.source(bot.document), "source")
            with gr.Row(elem_id="composer"):
                box = gr.Textbox(
                    label=page.BOX_LABEL,
                    elem_id="box",
                    lines=1,
                    max_lines=5,
                    max_length=LONGEST_MESSAGE,
                    autofocus=True,
                )
                send = gr.Button(page.SEND, elem_id="send", variant="primary")
                wipe = gr.Button(page.CLEAR, elem_id="clear")
            part(page.starters(), "starters")
        part(page.card(bot.document), "card")
        earlier = gr.Textbox(visible=False)  # the last messages, held by the page: the server keeps none
        speaks = gr.Textbox(visible="hidden", elem_id="speaks", show_label=False)  # ui.js writes the page's language
        seen = [latest, earlier, box]
        hidden: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "undocumented"}
        gr.on([box.submit, send.click], converse, [box, earlier, speaks], seen, api_name="converse", **hidden)
        wipe.click(clear, None, seen, api_name="clear", **hidden)
        gr.api(ask, api_name="ask", queue=False)
    return blocks


def _safely(answering: Callable[[], Result]) -> Result | None:
    """The result, or None after a fault. Only its place is logged, since a traceback can quote the question."""
    try:
        return answering()
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error("answering failed: %s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
        return None


def _earlier(text: str | None) -> list[str]:
    """The earlier messages as the page sent them back; anything else is no history."""
    try:
        turns = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    if not isinstance(turns, list):
        return []
    return [clean(turn) for turn in turns[-CONTEXT_TURNS:] if isinstance(turn, str)]


def _add_routes(app: FastAPI, bot: FaqBot) -> None:
    manifest = json.dumps(bot.index.manifest, sort_keys=True).encode()
    health = {
        "status": "ready",
        "version": version("faqbot"),
        "index": hashlib.sha256(manifest).hexdigest(),
        "document": bot.document.sha256,
    }

    async def ask(request: Request) -> Response:
        try:
            asked = read_request(json.loads(await request.body()))
        except UsageError as error:
            return refuse(422, str(error))
        except (ValueError, RecursionError):
            return refuse(400, "The request is not JSON.")
        data = _safely(lambda: to_json(bot.ask(asked.message, asked.history, language=asked.language), id=asked.id))
        return refuse(500, _FAILED) if data is None else JSONResponse(data)

    async def hand_out(request: Request) -> Response:
        body = await request.body()
        return _safely(lambda: handout_form.respond(body, bot.document, bot.tensions)) or refuse(500, _FAILED)

    async def ready(request: Request) -> Response:
        return JSONResponse(health)

    app.add_route("/ask", ask, methods=["POST"])
    app.add_route("/hand-out", hand_out, methods=["POST"])
    app.add_route("/health", ready, methods=["GET"])
    for name, kind in _ASSETS.items():
        app.add_route(f"/assets/{name}", _file(name, kind), methods=["GET"])


def _file(name: str, kind: str) -> Callable[[Request], Any]:
    content = files("faqbot").joinpath("assets", name).read_bytes()

    async def serve_file(request: Request) -> Response:
        return Response(content, media_type=kind)

    return serve_file


def _page_rewriter(document: Document) -> Callable[[bytes], bytes]:
    """Puts our style, script and texts into Gradio's page, and takes out what names other hosts.

    Gradio's own `head=` adds them only after its scripts have run, so the page would be seen unstyled first.
    """
    head = (
        f"<title>{escape(page.TITLE)}</title>"
        '<link rel="stylesheet" href="./assets/ui.css"><script src="./assets/ui.js" defer></script>'
        '<script src="./assets/ui.handout.js" defer></script>'
        f'<script type="application/json" id="ui-texts">{page.script_texts(document)}</script></head>'
    ).encode()
    body = f"<noscript>{page.no_script()}</noscript><gradio-app".encode()

    @lru_cache(maxsize=2)
    def rewrite(html: bytes) -> bytes:
        html = re.sub(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*', b"", html)
        return html.replace(b"</head>", head, 1).replace(b"<gradio-app", body, 1)

    return rewrite


class Server(uvicorn.Server):
    """uvicorn without a log of requests. Says where it is once it is there; open requests get five seconds."""

    def __init__(self, app: FastAPI) -> None:
        quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False, "ws": "none"}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=5, **quiet))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or ():
            host, port = one.getsockname()[:2]
            print(f"Ready: http://{f'[{host}]' if ':' in host else host}:{port}  (Ctrl+C stops it)", flush=True)


def serve(bot: FaqBot, host: str, port: int) -> None:
    """Serve until stopped; raises FaqBotError when the port cannot be had."""
    with suppress(KeyboardInterrupt):  # Ctrl+C is how it is stopped
        Server(create_app(bot)).run(sockets=[listen(host, port)])


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
