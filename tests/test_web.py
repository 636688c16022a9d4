"""The real app over HTTP: answers, and every setting that keeps a question private or a server safe."""

from __future__ import annotations

import base64
import gc
import hashlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from browsing import serving

from faqbot import page, texts, view
from faqbot.bot import FaqBot
from faqbot.desk import Desk
from faqbot.errors import FaqBotError
from faqbot.guard import LARGEST_BODY
from faqbot.live import Live
from faqbot.markup import LANGUAGES, anchor
from faqbot.render import to_json
from faqbot.server import listen
from faqbot.settings import ROOT
from faqbot.web import chat, create_app

SECRET = "Zanzibar quokka 4711"
PREDICT = "/gradio_api/run/predict"


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server) as one:
        yield one


@pytest.fixture(scope="module")
def config(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/config").json())


def converse(client: httpx.Client, message: str, earlier: str = "", language: str = "") -> list[str]:
    """What the page sends when a question is asked."""
    body = {"data": [message, earlier, language], "fn_index": 0, "trigger_id": 4, "session_hash": "abc"}
    response = client.post(PREDICT, json=body)
    assert response.status_code == 200, response.text
    return list(response.json()["data"])


# ---- answers


@pytest.mark.parametrize(
    "q", ["will they tell me if my data is shared?", "5.3", "¿Me avisan?", "what's the weather", ""]
)
def test_ask_returns_the_json_contract(client: httpx.Client, bot: FaqBot, q: str) -> None:
    response = client.post("/ask", json={"q": q, "id": "a1"})
    assert response.status_code == 200
    assert response.json() == to_json(bot.ask(q), id="a1")


def test_ask_takes_a_conversation(client: httpx.Client, bot: FaqBot) -> None:
    turns = ["how long does ICE keep my data?", "and is it encrypted?"]
    assert client.post("/ask", json={"turns": turns}).json() == to_json(bot.ask(turns[1], turns[:1]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_page_is_for_messages_that_tell_nothing(
    client: httpx.Client, bot: FaqBot, language: Any
) -> None:
    told = client.post("/ask", json={"q": "7", "language": language}).json()
    assert told == to_json(bot.ask("7", language=language))
    assert told["language"] == language
    assert f'lang="{language}"' in converse(client, "7", language=language)[0].partition(">")[0]
    assert 'lang="en"' in converse(client, "7", language="x")[0].partition(">")[0]  # anything else is no language


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 30_000, 400),
        (b'"x"', 422),
        (b"{}", 422),
        (b'{"q": 7}', 422),
        (b'{"q": "x", "turns": ["x"]}', 422),
        (b'{"turns": []}', 422),
        (b'{"turns": ["x", 3]}', 422),
        (b'{"q": "x", "id": {"a": 1}}', 422),
        (b'{"q": "x", "language": "fr"}', 422),
        (b'{"q": "x", "language": ["es"]}', 422),
        (b'{"q": "' + b"x" * LARGEST_BODY + b'"}', 413),
    ],
)
def test_a_bad_request_gets_a_clear_error(client: httpx.Client, body: bytes, status: int) -> None:
    response = client.post("/ask", content=body)
    assert response.status_code == status
    assert set(response.json()) == {"error"}


def test_errors_repeat_nothing_that_was_sent(client: httpx.Client) -> None:
    for path in ("/ask", PREDICT):
        for body in ({"Q": SECRET}, {"turns": SECRET}, {"data": {"x": SECRET}}, {"data": [{"path": SECRET}]}):
            response = client.post(path, json=body)
            assert response.status_code in (400, 422)
            assert "Zanzibar" not in response.text


def test_half_a_surrogate_pair_is_no_failure(client: httpx.Client) -> None:
    assert client.post("/ask", content=b'{"q": "what \\ud83d is shared?"}').status_code == 200
    body = b'{"data": ["\\ud83d data", "[\\"\\\\ud83d\\"]", ""], "fn_index": 0, "session_hash": "a"}'
    assert client.post(PREDICT, content=body, headers={"content-type": "application/json"}).status_code == 200


def test_health(client: httpx.Client, bot: FaqBot) -> None:
    data = client.get("/health").json()
    assert data["status"] == "ready"
    assert data["document"] == bot.document.sha256
    assert re.fullmatch(r"[0-9a-f]{64}", data["index"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", data["version"])


@pytest.mark.slow
def test_gradio_client_gets_the_same_json(server: str, bot: FaqBot, capfd: pytest.CaptureFixture[str]) -> None:
    from gradio_client import Client

    q = "who checks on this?"
    assert Client(server, verbose=False).predict(q, api_name="/ask") == to_json(bot.ask(q))


def test_the_chat_answers_with_the_earlier_turns(client: httpx.Client, bot: FaqBot) -> None:
    first, earlier, box = converse(client, "how long does ICE keep my data?")
    assert "Question 9" in first
    assert box == ""
    second, earlier, _ = converse(client, "and is it encrypted?", earlier)
    expected = bot.ask("and is it encrypted?", ["how long does ICE keep my data?"])
    assert expected.citations[0].passage.text[:10] in second
    assert converse(client, "thanks", earlier)[1] == '["and is it encrypted?", "thanks"]'


def test_personal_details_are_neither_shown_nor_sent_back(client: httpx.Client) -> None:
    shown, earlier, _ = converse(client, "my ssn is 123-45-6789")
    assert "6789" not in shown + earlier


@pytest.mark.parametrize("earlier", ["{", "7", '{"a": 1}', "[[]]", "[1]", "[" * 20_000])
def test_a_forged_history_is_no_history(client: httpx.Client, earlier: str) -> None:
    assert "turn" in converse(client, "how long?", earlier)[0]


# ---- what is shown


def everything_shown(bot: FaqBot) -> Iterator[str]:
    for q in ["will they tell me?", "7", "q20", "list all questions", "ICE is at my door", "hola", "tacos", "Q99", ""]:
        yield view.turn(bot.ask(q), bot.document, key="k")


def test_an_answer_shows_quote_citation_scope_and_notice(bot: FaqBot) -> None:
    answer = bot.ask("will they tell me if my data is shared with ICE?")
    html = view.turn(answer, bot.document, key="k")
    best = answer.citations[0]
    assert f'href="&#35;{anchor(best.passage)}"' in html
    assert words(html).count(best.marked_text) >= 2  # large, and marked in its place
    assert best.passage.text in words(html)
    for part in (best.passage.label, best.question_text, bot.document.notice["en"], texts.label("en", "strong")):
        assert part in words(html)
    for tension in answer.tensions:
        assert tension.note in words(html)
    for number in answer.related:
        assert bot.document.question(number).text in words(html)


def test_a_list_shows_every_question_as_a_button(bot: FaqBot) -> None:
    html = view.turn(bot.ask("list all questions"), bot.document, key="k")
    assert html.count('class="ask"') == len(bot.document.questions)


def test_every_quote_is_shown_word_for_word(bot: FaqBot) -> None:
    for question in bot.document.questions:
        shown = words(view.turn(bot.look_up(question.number), bot.document, key="k"))
        for passage in question.passages:
            assert passage.text in shown
    whole = words(page.source(bot.document))
    assert all(passage.text in whole for passage in bot.document.passages)


def test_permanent_links_are_one_of_a_kind(bot: FaqBot) -> None:
    links = [anchor(passage) for passage in bot.document.passages]
    assert len(set(links)) == len(links)
    assert {"q5.3", "q20.risks.3", "q15.p2"} <= set(links)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_starter_question_is_answered(bot: FaqBot, language: Any) -> None:
    for number in range(1, page.STARTERS + 1):
        answer = bot.ask(texts.ui(language, f"starter_{number}"))
        assert (answer.outcome, answer.language) == ("answered", language), answer.query


def test_every_offered_question_leads_to_its_answer(bot: FaqBot) -> None:
    for question in bot.document.questions:
        answer = bot.ask(question.text)
        assert answer.outcome == "answered"
        assert answer.citations[0].passage.question == question.number


@pytest.mark.parametrize(
    "evil",
    [
        "<img src=x onerror=alert(1)>",
        "![](https://e.org/x)",
        "<b>&amp;",
        "</article><h1>x",
        "$$x$$ **b** `c`",
        "a\n\n# b",
    ],
)
def test_what_a_person_types_stays_text(bot: FaqBot, evil: str) -> None:
    html = view.turn(bot.ask(evil), bot.document, key="k")
    asked = re.search(r'<h2 class="asked"><span[^>]*>[^<]*</span>(.*?)</h2>', html)
    assert asked is not None
    assert not re.search(r"[<>*`$!\[\n]", asked[1].replace("!", "") if evil.startswith("!") else asked[1])
    assert evil.strip() in words(html)


def test_a_turn_is_one_block_of_html(bot: FaqBot) -> None:
    for html in [*everything_shown(bot), page.source(bot.document), page.card(bot.document), page.top()]:
        assert "\n" not in html  # a blank line would end the block and start Markdown
        assert not re.search(r"\b(?:style|src|on\w+)=", html)


def words(html: str) -> str:
    """The text that a reader sees."""
    from html import unescape

    return unescape(re.sub(r"<[^>]+>", "", html))


# ---- privacy and safety settings


def test_gradio_keeps_and_reports_nothing(config: dict[str, Any], bot: FaqBot) -> None:
    import os

    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert config["analytics_enabled"] is False
    assert not config.get("run_history")
    assert config["footer_links"] == []
    assert config["show_error"] is False
    assert config["enable_queue"] is not None
    assert all(one["queue"] is False for one in config["dependencies"])
    assert [one["api_name"] for one in config["dependencies"] if one["api_visibility"] == "public"] == ["ask"]
    kinds = {one["type"] for one in config["components"]}
    assert not kinds & {"state", "browserstate", "html", "file", "image", "uploadbutton", "chatbot"}


def test_the_mounted_app_has_the_settings_that_mounting_leaves_off(bot: FaqBot) -> None:
    app = create_app(bot)
    mounted = next(route.app for route in app.routes if hasattr(getattr(route, "app", None), "get_blocks"))
    for one in (app, mounted):
        assert not any(value is True for value in one._telemetry.values())
    blocks = mounted.get_blocks()
    assert blocks.has_launched is True
    assert blocks.state_session_capacity == 1
    assert blocks.enable_monitoring is False
    assert blocks.max_file_size == 1
    assert not blocks.mcp_server
    assert not blocks.allowed_paths


def test_no_conversation_stays_in_memory(client: httpx.Client) -> None:
    mark = "quokka" + "zanzibar"
    for number in range(3):
        body = {"data": [f"{mark} {number}?", "", ""], "fn_index": 0, "session_hash": f"s{number}"}
        assert client.post(PREDICT, json=body).status_code == 200
    converse(client, "hello")
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is dict and any(mark in str(v) for v in strings(one))]


def strings(mapping: dict[Any, Any]) -> list[str]:
    return [value for value in list(mapping.values()) if type(value) is str and len(value) < 5_000]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=app.py",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://example.org",
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/runs",
        "/gradio_api/deep_link",
        "/gradio_api/openapi.json",
        "/gradio_api/vibe-code",
        "/gradio_api/call/ask",
        "/gradio_api/api/ask",
        "/gradio_api/startup-events",
        "/monitoring",
        "/login",
        "/docs",
        "/openapi.json",
        "/static/../app.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/assets/..%2f..%2fapp.py",
    ],
)
def test_paths_that_are_not_needed_do_not_exist(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path, json={"data": []}).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, ""],
        [{"url": "https://example.org/", "meta": {"_type": "gradio.FileData"}}, ""],
        [["a", {"path": "/etc/passwd"}], ""],
        [7, ""],
        {"path": "/etc/passwd"},
    ],
)
@pytest.mark.parametrize("path", [PREDICT, "/gradio_api/run/ask", "/gradio_api/queue/join"])
def test_only_text_is_taken(client: httpx.Client, path: str, data: object) -> None:
    assert client.post(path, json={"data": data, "fn_index": 0, "session_hash": "a"}).status_code == 400


def test_a_long_body_is_refused_before_it_is_read_whole(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2_000):
            yield b"x" * 65_536

    try:
        status = client.post(PREDICT, content=endless()).status_code
    except httpx.WriteError:  # the server hung up on the rest
        return
    assert status == 413


@pytest.mark.parametrize("path", ["/", "/ask", "/health", "/assets/ui.js", "/config", "/nothing"])
def test_security_headers_are_everywhere(client: httpx.Client, path: str) -> None:
    headers = client.post(path, json={"q": "x"}).headers if path == "/ask" else client.get(path).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]


def test_the_policy_allows_exactly_the_inline_scripts_of_the_page(client: httpx.Client) -> None:
    response = client.get("/")
    scripts = re.findall(rb"<script(?:\sdata-gradio-mode)?>(.*?)</script>", response.content, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in scripts}
    assert hashes == set(re.findall(r"'sha256-[^']+'", response.headers["content-security-policy"]))


def test_the_page_names_no_other_host(client: httpx.Client, bot: FaqBot) -> None:
    html = re.sub(r"<script>.*?</script>", "", client.get("/").text, flags=re.DOTALL)
    assert set(re.findall(r"(?:https?:)?//[\w.-]+", html)) == set()
    assert "<noscript><p" in html


@pytest.mark.parametrize("origin", ["https://example.org", "null", "http://localhost:1"])
def test_no_other_site_may_read_answers(client: httpx.Client, origin: str) -> None:
    asked = client.post("/ask", json={"q": "x"}, headers={"origin": origin})
    preflight = {"origin": origin, "access-control-request-method": "POST"}
    for response in (asked, client.options("/ask", headers=preflight), client.options(PREDICT, headers=preflight)):
        assert "access-control-allow-origin" not in response.headers


def test_nothing_is_logged(client: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    client.post("/ask", json={"q": SECRET})
    converse(client, SECRET)
    client.post("/ask", json={"turns": [SECRET, 1]})
    out, err = capfd.readouterr()
    assert "Zanzibar" not in out + err


def test_a_failure_says_so_and_logs_no_question(
    bot: FaqBot, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(FaqBot, "ask", fail)
    with serving(bot) as address, httpx.Client(base_url=address) as client:
        response = client.post("/ask", json={"q": SECRET})
        assert (response.status_code, set(response.json())) == (500, {"error"})
        shown, earlier, box = converse(client, SECRET, "[]")
        assert texts.ui("en", "failed") in words(shown)
        assert (earlier, box) == ("[]", SECRET)  # the person need not type it again
        called = client.post("/gradio_api/run/ask", json={"data": [SECRET]})
        assert called.status_code == 500
    out, err = capfd.readouterr()
    told = response.text + shown + called.text + out + err + caplog.text
    assert "Zanzibar" not in told
    assert "answering failed: ValueError at test_web.py:" in told


def test_the_chat_has_one_event_to_ask_and_one_to_clear(bot: FaqBot) -> None:
    assert [fn.api_name for fn in chat(Desk(Live(bot)))[0].fns.values()] == ["converse", "clear", "ask"]


@pytest.mark.parametrize(
    "body",
    [
        {"fn_index": 2, "data": ["7"]},  # the event of gradio_client has a way of its own
        {"fn_index": 9, "data": []},
        {"fn_index": 0, "data": ["7"]},
        {"fn_index": 0, "data": ["7", ["[]"], ""]},
        {"data": ["7", "[]", ""]},
    ],
)
def test_only_what_the_page_itself_sends_is_answered(client: httpx.Client, body: dict[str, Any]) -> None:
    assert client.post(PREDICT, json=body).status_code == 422
    assert client.post(PREDICT, json={"fn_index": 1, "data": []}).json() == {"data": ["", "", ""]}


def test_serving_imports_no_torch() -> None:
    code = (
        "import sys; from faqbot.settings import silence; silence()\n"
        "from faqbot import FaqBot; import faqbot.web; faqbot.web.create_app(FaqBot.load())\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# ---- the front door


def test_answers_are_not_held_back_by_nagle() -> None:
    with listen("127.0.0.1", 0) as one:  # asyncio turns the delay off only for a socket that names its protocol
        assert one.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_a_clear_error(server: str) -> None:
    with pytest.raises(FaqBotError, match="--port"):
        listen("127.0.0.1", int(server.rsplit(":", 1)[1]))


def test_app_without_an_index_says_what_to_do(tmp_path: Any) -> None:
    command = [sys.executable, "app.py", "--index", str(tmp_path / "none"), "--port", "0"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert "make index" in result.stderr
    assert "Traceback" not in result.stderr
