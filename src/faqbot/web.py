"""The browser chat and the JSON endpoint: a thin door over `FaqBot`. Keeps nothing of a person between two requests.

Gradio hosts the chat (one event to ask, one to clear) but does not run these events: `_answer_page` does, in half the
time (docs/decisions/0009). The look-up, `POST /ask`, `POST /find` and `GET /health` stand beside it in the same FastAPI
app. `settings.silence()` must have run before this module is imported.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.telemetry import TelemetryConfig
from starlette.responses import HTMLResponse, JSONResponse

from faqbot import handout_form, logs, lookup_page, page, privacy, view
from faqbot.asked import Asked, clean, read_request
from faqbot.bot import LONGEST_MESSAGE, FaqBot
from faqbot.counting import Count
from faqbot.desk import Desk
from faqbot.errors import UsageError
from faqbot.guard import Guard, Turnstile
from faqbot.headers import Headers
from faqbot.live import Live
from faqbot.login import Login
from faqbot.passwords import read_users
from faqbot.proxy import Forwarded
from faqbot.refusal import refuse
from faqbot.render import to_json
from faqbot.schema import LANGUAGES
from faqbot.search import CONTEXT_TURNS
from faqbot.server import listen, run
from faqbot.settings import Settings
from faqbot.shell import CARD, SOURCE, PageRewriter

MOST_WAITING = 64  # calls of gradio_client; further ones are told to come back
_FAILED = "Answering failed on this side. Please ask again."
# FastAPI can export requests and tracebacks by OpenTelemetry when the environment says so: never here.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_STYLES = ("ui.css", "ui.lookup.css", "privacy.css")
_SCRIPTS = tuple(
    f"ui{name}.js" for name in ("", ".handout", ".hits", ".lookup", ".parts", ".picture", ".views", ".words")
)
_ASSETS = dict.fromkeys(_STYLES, "text/css") | dict.fromkeys(_SCRIPTS, "text/javascript")
# A browser writes the words of a field to its disk to bring them back, and may send them to whoever checks spelling.
_UNKEPT = gr.InputHTMLAttributes(autocomplete="off", spellcheck=False, autocorrect="off")
Event = Callable[..., Awaitable[tuple[str, str, str]]]
_FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]  # no font is fetched


def create_app(bot: FaqBot | Live, settings: Settings | None = None) -> FastAPI:
    """The whole app: JSON routes, assets and the chat at "/", behind what `settings` ask for.

    Given a `Live` bot it follows the files that this was read from. Raises FaqBotError for settings that do not do.
    """
    settings = settings or Settings()
    live = bot if isinstance(bot, Live) else Live(bot)
    users = read_users(settings.users) if settings.users else None
    desk = Desk(live, Count(settings.count) if settings.count else None)
    app = FastAPI(openapi_url=None, telemetry=_NO_TELEMETRY, lifespan=desk.open)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # else Gradio reflects any origin on its own
    _add_routes(app, desk)
    blocks, events = chat(desk)
    app.add_route("/gradio_api/run/predict", _answer_page(blocks, events), methods=["POST"])
    blocks.queue(max_size=MOST_WAITING, default_concurrency_limit=None)  # only gradio_client joins the queue
    blocks.state_session_capacity = 1  # Gradio would keep the last conversation of 10,000 sessions in memory
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        root_path=settings.root_path or None,
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
    app.add_middleware(Guard)  # the last one added is the first to see a request
    if users:
        app.add_middleware(Login, users=users)
    app.add_middleware(Turnstile, per_minute=settings.rate)
    app.add_middleware(Headers, rewrite=PageRewriter(live))
    app.add_middleware(Forwarded, trusted=settings.behind_proxy)
    return app


def chat(desk: Desk) -> tuple[gr.Blocks, dict[str, Event]]:
    """The Gradio part, and its events by name. The latest turn is one Markdown; ui.js moves earlier turns above it.

    What shows the document is put in by `PageRewriter`, since Gradio makes its page once and keeps it.
    """

    async def ask(q: str) -> dict[str, Any]:
        """Ask one question; returns the JSON contract of `ask`."""
        answered = desk.answer(clean(q))
        if answered is None:
            raise gr.Error(_FAILED, print_exception=False)
        return to_json(answered[0])

    async def converse(message: str | None, earlier: str | None, speaks: str | None) -> tuple[str, str, str]:
        history = _earlier(earlier)
        language = next((one for one in LANGUAGES if one == speaks), None)
        message = clean(message or "")
        key = secrets.token_hex(4)
        answered = desk.answer(message, history, language=language)
        if answered is None:
            return view.failed(language or "en", key=key), earlier or "", message
        answer, document = answered
        kept = [*history, message] if answer.query else history  # personal details leave no query
        return view.turn(answer, document, key=key), json.dumps(kept[-CONTEXT_TURNS:]), ""

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
            part(SOURCE, "source")
            with gr.Row(elem_id="composer"):
                box = gr.Textbox(
                    label=page.BOX_LABEL,
                    elem_id="box",
                    lines=1,
                    max_lines=5,
                    max_length=LONGEST_MESSAGE,
                    autofocus=True,
                    html_attributes=_UNKEPT,
                )
                send = gr.Button(page.SEND, elem_id="send", variant="primary")
                wipe = gr.Button(page.CLEAR, elem_id="clear")
            part(page.starters(), "starters")
        part(CARD, "card")
        earlier = gr.Textbox(visible=False)  # the last messages, held by the page: the server keeps none
        speaks = gr.Textbox(visible="hidden", elem_id="speaks", show_label=False)  # ui.js writes the page's language
        seen = [latest, earlier, box]
        hidden: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "undocumented"}
        gr.on([box.submit, send.click], converse, [box, earlier, speaks], seen, api_name="converse", **hidden)
        wipe.click(clear, None, seen, api_name="clear", **hidden)
        gr.api(ask, api_name="ask", queue=False)
    return blocks, {"converse": converse, "clear": clear}


def _answer_page(blocks: gr.Blocks, events: dict[str, Event]) -> Callable[[Request], Any]:
    """What the page sends when one asks or clears, answered as Gradio would, without its threads and sessions."""
    known = {number: (one.api_name, len(one.inputs)) for number, one in blocks.fns.items() if one.api_name in events}

    async def predict(request: Request) -> Response:
        sent = json.loads(await request.body())  # the guard has seen that it is an object with a list
        name, count = known.get(sent.get("fn_index"), ("", -1))
        if len(sent["data"]) != count or not all(one is None or isinstance(one, str) for one in sent["data"]):
            return refuse(422, "The page does not ask like this.")
        return JSONResponse({"data": await events[str(name)](*sent["data"])})

    return predict


def _earlier(text: str | None) -> list[str]:
    """The earlier messages as the page sent them back; anything else is no history."""
    try:
        turns = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    if not isinstance(turns, list):
        return []
    return [clean(turn) for turn in turns[-CONTEXT_TURNS:] if isinstance(turn, str)]


def _add_routes(app: FastAPI, desk: Desk) -> None:
    def replying(reply: Callable[[Asked], dict[str, Any] | None]) -> Callable[[Request], Any]:
        async def serve_reply(request: Request) -> Response:
            try:
                asked = read_request(json.loads(await request.body()))
            except UsageError as error:
                return refuse(422, str(error))
            except (ValueError, RecursionError):
                return refuse(400, "The request is not JSON.")
            data = reply(asked)
            return refuse(500, _FAILED) if data is None else JSONResponse(data)

        return serve_reply

    def ask(asked: Asked) -> dict[str, Any] | None:
        answered = desk.answer(asked.message, asked.history, language=asked.language)
        return None if answered is None else to_json(answered[0], id=asked.id)

    def find(asked: Asked) -> dict[str, Any] | None:
        return desk.safely(lambda bot: lookup_page.found_json(bot.find(asked.message, asked.language or "en")))

    async def hand_out(request: Request) -> Response:
        body = await request.body()
        made = desk.safely(lambda bot: handout_form.respond(body, bot.document, bot.tensions))
        return refuse(500, _FAILED) if made is None else made

    async def health(request: Request) -> Response:
        state = desk.live.state
        reason = {"reason": state.reason} if state.reason else {}
        return JSONResponse({"status": state.status} | desk.live.about() | reason)

    async def private(request: Request) -> Response:
        return HTMLResponse(privacy.page())

    app.add_route("/ask", replying(ask), methods=["POST"])
    app.add_route("/find", replying(find), methods=["POST"])
    app.add_route("/hand-out", hand_out, methods=["POST"])
    app.add_route("/privacy", private, methods=["GET"])
    app.add_route("/health", health, methods=["GET", "HEAD"])
    for name, kind in _ASSETS.items():
        app.add_route(f"/assets/{name}", _file(name, kind), methods=["GET"])


def _file(name: str, kind: str) -> Callable[[Request], Any]:
    content = files("faqbot").joinpath("assets", name).read_bytes()

    async def serve_file(request: Request) -> Response:
        return Response(content, media_type=kind)

    return serve_file


def serve(settings: Settings) -> None:
    """Serve until stopped; raises FaqBotError when that cannot begin."""
    live = Live.load(settings)
    app = create_app(live, settings)
    port = listen(settings.host, settings.port)
    logs.event("start", **live.about())
    run(app, port)
