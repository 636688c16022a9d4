"""What can be reached from outside, and nothing else: every route of the app and of Gradio is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from faqbot.bot import FaqBot
from faqbot.web import create_app

PREDICT = "/gradio_api/run/predict"
# Everything that answers anything but 404 or 405, with what it is for.
OPEN = {
    "GET /": "the page",
    "HEAD /": "the page",
    "POST /ask": "the JSON contract",
    "GET /health": "whether it is ready",
    "HEAD /health": "whether it is ready",
    "POST /find": "the look-up",
    "POST /hand-out": "a page to print",
    **{
        f"{method} /assets/ui{part}": "the page"
        for method in ("GET", "HEAD")
        for part in ".lookup.css .handout.js .hits.js .lookup.js .parts.js .picture.js .views.js .words.js".split()
    },
    "GET /privacy": "what is private and what is not",
    "HEAD /privacy": "comes with GET",
    "GET /assets/privacy.css": "its style",
    "HEAD /assets/privacy.css": "comes with GET",
    "GET /assets/ui.css": "the page",
    "GET /assets/ui.js": "the page",
    "HEAD /assets/ui.css": "comes with GET",
    "HEAD /assets/ui.js": "comes with GET",
    "GET /config": "gradio_client",
    "GET /theme.css": "the page",
    "GET /favicon.ico": "the page",
    "GET /manifest.json": "the page",
    "GET /gradio_api/info": "gradio_client",
    "GET /gradio_api/queue/data": "gradio_client",
    "POST /gradio_api/queue/join": "gradio_client",
    "POST /gradio_api/run/predict": "the page",
    "POST /gradio_api/run/ask": "the named endpoint over plain HTTP",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def paths(app: Any, prefix: str = "") -> Iterator[str]:
    """Every path of every route, those of what is mounted too."""
    for route in getattr(app, "routes", []):
        path = prefix + (getattr(route, "path", None) or "")
        yield path or "/"
        for inner in (getattr(route, "app", None), getattr(route, "original_router", None)):
            if inner is not None and getattr(inner, "routes", None):
                yield from paths(inner, path.rstrip("/"))


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=5) as one:
        yield one


def test_every_route_that_answers_is_named_here(client: httpx.Client, bot: FaqBot) -> None:
    app: FastAPI = create_app(bot)
    templates = {re.sub(r"\{[^}]*\}", "ask", path) for path in paths(app)}
    assert len(templates) > 40  # Gradio's are among them
    tried = templates | {path.split()[1] for path in OPEN} | {f"{path}/" for path in templates if path != "/"}
    answering = set()
    for path in sorted(tried):
        for method in METHODS:
            with client.stream(method, path, json={"data": ["7", "", ""]} if method == "POST" else None) as response:
                if response.status_code not in (404, 405):
                    answering.add(f"{method} {path}")
    assert answering == set(OPEN)


def test_the_named_endpoint_and_its_schema(client: httpx.Client) -> None:
    info = client.get("/gradio_api/info").json()
    assert list(info["named_endpoints"]) == ["/ask"]
    assert info["unnamed_endpoints"] == {}
    (parameter,) = info["named_endpoints"]["/ask"]["parameters"]
    assert (parameter["parameter_name"], parameter["type"]) == ("q", {"type": "string"})


# ---- what has been wrong with Gradio before


@pytest.mark.parametrize(
    "path",
    [
        "/?deep_link=../../../../etc",
        "/config?deep_link=../../../../etc/passwd",
        "/?view=api",
        "/?__theme=dark",
        "/?backend=https://evil.example",
    ],
)
def test_a_query_changes_nothing(client: httpx.Client, path: str) -> None:
    plain = path.split("?")[0]
    assert client.get(path).text == client.get(plain).text


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file%3D/etc/passwd",
        "/gradio_api/file=http://169.254.169.254/",
        "//gradio_api/file=/etc/passwd",
        "/gradio_api/./file=/etc/passwd",
        "/gradio_api//proxy=https://evil.example",
        "/gradio_api/proxy%3Dhttps://evil.example",
        "/gradio_api/stream/a/b/c/playlist.m3u8",
        "/gradio_api/component_server",
        "/static/..%5c..%5capp.py",
        "/static/js/..;/..;/app.py",
        "/static/fonts/%2e%2e/%2e%2e/index.html",
        "/assets/.%2e/index.html",
        "/assets/%252e%252e/index.html",
        "/assets//etc/passwd",
        "/static/img//etc/passwd",
        "/custom_component/a/client/component/..%2f..%2f/x",
        "/login?next=https://evil.example",
        "/logout?all_session=https://evil.example",
        "/ask\x00",
    ],
)
def test_paths_of_known_advisories(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        request = client.build_request(method, "/", json={"data": []} if method == "POST" else None)
        request.url = request.url.copy_with(raw_path=path.replace("\x00", "%00").encode())
        response = client.send(request)
        assert response.status_code in (403, 404)
        assert "root:" not in response.text


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/%2f..", "/\\evil.example", "/ask/", "/config/"])
def test_nothing_leads_elsewhere(client: httpx.Client, path: str) -> None:
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    response = client.send(request, follow_redirects=False)
    assert response.status_code == 404
    assert "location" not in response.headers


@pytest.mark.parametrize(
    "value",
    [
        {"path": "http://169.254.169.254/latest/meta-data", "meta": {"_type": "gradio.FileData"}},
        {"url": "file:///etc/passwd", "path": "x", "meta": {"_type": "gradio.FileData"}},
        [{"path": "/proc/self/environ"}],
        {"__type__": "update"},
    ],
)
@pytest.mark.parametrize("key", ["data", "event_data", "request", "batched"])
def test_a_description_of_a_file_is_never_taken(client: httpx.Client, key: str, value: Any) -> None:
    body = {"data": ["7", ""], "fn_index": 0, "session_hash": "a"}
    body[key] = [value, ""] if key == "data" else value
    for path in (PREDICT, "/gradio_api/run/ask", "/gradio_api/queue/join"):
        assert client.post(path, json=body).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_ask_in_its_visitors_name(client: httpx.Client, site: str) -> None:
    """Without it any page could use up a visitor's rate, or reach an app that only the visitor reaches."""
    headers = {"sec-fetch-site": site, "content-type": "text/plain"}
    for path in ("/ask", PREDICT):
        assert client.post(path, content=b'{"q": "7"}', headers=headers).status_code == 403
    assert client.post("/ask", json={"q": "7"}, headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
@pytest.mark.parametrize("cookie", ["", "a=b"])
def test_no_origin_is_ever_reflected(client: httpx.Client, origin: str, cookie: str) -> None:
    headers = {"origin": origin, "cookie": cookie, "host": "faq.example.org"}
    for response in (
        client.get("/config", headers=headers),
        client.options(PREDICT, headers=headers | {"access-control-request-method": "POST"}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-allow")] or (
            response.headers.get("access-control-allow-origin") is None
        )


def test_no_cookie_is_ever_set(client: httpx.Client) -> None:
    client.get("/")
    client.post("/ask", json={"q": "7"})
    client.post(PREDICT, json={"data": ["7", ""], "fn_index": 0, "session_hash": "a"})
    assert not client.cookies
