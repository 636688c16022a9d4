"""Behind a proxy: whom the app believes, and the recipe in deploy/nginx.conf, run as it stands with Debian's nginx."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import ask, require, serving

from faqbot.bot import FaqBot
from faqbot.render import to_json
from faqbot.settings import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MISSING = "no nginx or openssl was found; install them with `sudo apt-get install nginx-light openssl`"
PREDICT = "gradio_api/run/predict"
EVIL = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.7",
    "x-gradio-server": "https://evil.example",
    "forwarded": "host=evil.example",
}


def root_of(client: httpx.Client, **headers: str) -> str:
    return str(client.get("/config", headers=headers).json()["root"])


def test_forwarded_headers_of_strangers_are_dropped(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        assert root_of(client, **EVIL) == server
        assert "evil" not in client.get("/", headers=EVIL).text


def test_those_of_a_trusted_proxy_are_believed_except_gradios_own(bot: FaqBot) -> None:
    with serving(bot, behind_proxy="127.0.0.1", root_path="/faq") as address, httpx.Client(base_url=address) as client:
        headers = {"x-forwarded-host": "faq.example.org", "x-forwarded-proto": "https"}
        assert root_of(client, **headers) == "https://faq.example.org/faq"
        assert "evil" not in root_of(client, **{"x-gradio-server": "https://evil.example"})


def test_a_proxy_elsewhere_is_believed_only_if_named(bot: FaqBot) -> None:
    with serving(bot, behind_proxy="10.0.0.0/8") as address, httpx.Client(base_url=address) as client:
        assert root_of(client, **EVIL) == address


# ---- the recipe


@dataclass(frozen=True)
class Recipe:
    """The recipe as it runs here: where, with whose certificate, and the folder that nginx writes in."""

    address: str
    plain: str
    certificate: Path
    folder: Path
    apps: tuple[subprocess.Popen[str], ...]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, verify=ssl.create_default_context(cafile=str(self.certificate)))


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    require(NGINX and shutil.which("openssl"), MISSING)
    folder = tmp_path_factory.mktemp("nginx")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    https, http, one, two = free_ports(4)
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{https} ssl http2;"),
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("127.0.0.1:7861", f"127.0.0.1:{one}"),
        ("127.0.0.1:7862", f"127.0.0.1:{two}"),
        ("faq.example.org", "localhost"),
        ("/etc/ssl/faqbot/", f"{folder}/"),
        ("/var/log/nginx/faqbot.log", f"{folder}/errors.log"),
    ):
        assert old in text, f"deploy/nginx.conf has no {old}"
        text = text.replace(old, new)
    (folder / "faqbot.conf").write_text(text, encoding="utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/temporary/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "temporary").mkdir()
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/main.log;\n"
        f"events {{ }}\nhttp {{ {temporary} include {folder}/faqbot.conf; }}\n",
        encoding="utf-8",
    )
    folder.chmod(0o755)
    started = [
        subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--root-path", "/faq", "--behind-proxy"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for port in (one, two)
    ]
    nginx = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        for app in started:
            assert app.stdout is not None
            assert app.stdout.readline().startswith("Ready: ")
        made = Recipe(f"https://localhost:{https}", f"http://localhost:{http}", certificate, folder, tuple(started))
        with made.client() as client:
            for _ in range(100):
                try:
                    client.get("/faq/health")
                    break
                except httpx.ConnectError:
                    assert nginx.poll() is None, nginx.stderr and nginx.stderr.read()
                    time.sleep(0.05)
        yield made
    finally:
        for process in (nginx, *started):
            process.terminate()
            process.wait(timeout=20)


def test_the_page_is_there_under_its_path_over_tls_with_every_header(recipe: Recipe) -> None:
    with recipe.client() as client:
        page = client.get("/faq/")
        assert page.status_code == 200
        assert f'"root":"{recipe.address}/faq"' in page.text
        for name in ("content-security-policy", "permissions-policy", "referrer-policy", "x-frame-options"):
            assert name in page.headers
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["cache-control"] == "no-store"
        assert "'unsafe-eval'" not in page.headers["content-security-policy"]
        assert "uvicorn" not in page.headers.get("server", "")
        assert not re.search(r"\d", page.headers.get("server", ""))
        for part in set(re.findall(r'(?:src|href)="(\./[^"]+)"', page.text)):
            assert client.get("/faq/" + part[2:]).status_code == 200, part
        assert client.get("/faq").headers["location"] == f"{recipe.address}/faq/"
        for path in ("/", "/faqx", "/health", "/faq/gradio_api/upload", "/faq/../app.py"):
            assert client.get(path).status_code == 404
    assert httpx.get(recipe.plain + "/x", headers={"host": "evil.example"}).headers["location"] == (
        "https://localhost/faq/"
    )


def test_follow_ups_are_answered_whichever_process_gets_them(recipe: Recipe, bot: FaqBot) -> None:
    turns = ["how long does ICE keep my data?", "and who can see it?", "is there any limit?", "thanks"]
    expected = [to_json(bot.ask(turn, turns[:number])) for number, turn in enumerate(turns)]
    with recipe.client() as client:
        for _ in range(5):
            earlier = ""
            for number, turn in enumerate(turns):
                answer = client.post("/faq/ask", json={"turns": turns[: number + 1]})
                assert answer.json() == expected[number]
                body = {"data": [turn, earlier, ""], "fn_index": 0, "session_hash": "s"}
                shown, earlier, _ = client.post(f"/faq/{PREDICT}", json=body).json()["data"]
                if expected[number]["outcome"] == "answered":
                    assert expected[number]["citations"][0]["label"] in shown


def test_large_and_many_requests_are_refused_and_nothing_is_left_on_the_disk(recipe: Recipe) -> None:
    mark = "Zanzibar quokka"
    with recipe.client() as client:
        assert client.post("/faq/ask", content=b"x" * 70_000).status_code == 413
        for size in (100, 10_000, 60_000):
            turns = [mark + "x" * (size // 30)] * 29
            assert client.post("/faq/ask", content=json.dumps({"turns": turns})).status_code == 200
        client.get("/faq/", params={"q": mark})
        client.get("/" + mark)
    written = [path for path in recipe.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if path.is_relative_to(recipe.folder / "temporary")]
    assert not [path for path in written if mark.encode() in path.read_bytes()]
    assert {path.name for path in written} <= {
        *("nginx.conf", "faqbot.conf", "key.pem", "certificate.pem", "pid", "main.log", "errors.log"),
    }


def test_no_body_is_larger_than_the_memory_that_the_recipe_gives_it() -> None:
    from faqbot.guard import LARGEST_BODY

    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    limits = {name: int(size) * 1024 for name, size in re.findall(r"(client_\w+_size) (\d+)k;", text)}
    assert limits == {"client_max_body_size": LARGEST_BODY, "client_body_buffer_size": LARGEST_BODY}


@pytest.mark.slow
def test_gradio_client_reaches_one_process_in_both_steps(recipe: Recipe, bot: FaqBot) -> None:
    from gradio_client import Client

    client = Client(f"{recipe.address}/faq/", ssl_verify=False, verbose=False)
    for q in ("7", "who checks on this?", "8", "9"):
        assert client.predict(q, api_name="/ask") == to_json(bot.ask(q))


@pytest.mark.browser
def test_a_conversation_in_a_browser_through_the_proxy(recipe: Recipe, browser: Any) -> None:
    page = browser.new_context(ignore_https_errors=True, locale="en-US").new_page()
    asked: list[Any] = []
    faults: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
    page.goto(recipe.address + "/faq/")
    page.wait_for_selector("html[data-ready]")
    assert "Question 9" in ask(page, "how long is it kept?").inner_text()
    ask(page, "and who can see it?")
    assert page.locator(".turn").count() == 2
    assert [url for url in asked if not url.startswith((recipe.address + "/faq/", "data:"))] == []
    assert faults == []


def test_a_process_that_has_stopped_is_not_noticed(recipe: Recipe) -> None:
    """The last test of this file: the second process answers alone from here on."""
    recipe.apps[0].terminate()
    recipe.apps[0].wait(timeout=20)
    with recipe.client() as client:
        assert [client.post("/faq/ask", json={"q": "7"}).status_code for _ in range(6)] == [200] * 6
