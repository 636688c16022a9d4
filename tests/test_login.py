"""Who may ask: only this machine by default, a password or a plain word for more, and a brake on guessing."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import ask, serving

from faqbot import passwords, texts
from faqbot.bot import FaqBot
from faqbot.errors import UsageError
from faqbot.limits import FREE_MISTAKES
from faqbot.passwords import line, read_users, right
from faqbot.settings import ROOT, Settings

WORD = "correct horse battery"
OTHER = "contraseña muy larga ñ"


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "users.txt"
    path.write_text(f"# who may ask\n{line('maria', WORD)}\n\n{line('josé', OTHER)}\n", encoding="utf-8")
    return path


@pytest.fixture
def locked(bot: FaqBot, users: Path) -> Iterator[str]:
    with serving(bot, users=users) as address:
        yield address


def get(address: str, path: str = "/config", **options: Any) -> httpx.Response:
    return httpx.get(address + path, **options)


# ---- the file


def test_a_line_has_no_password_in_it_and_a_salt_of_its_own(users: Path) -> None:
    text = users.read_text(encoding="utf-8")
    assert "horse" not in text
    assert line("maria", WORD) != line("maria", WORD)
    people = read_users(users)
    assert right(people, "maria", WORD)
    assert right(people, "josé", OTHER)
    for name, word in [("maria", OTHER), ("maria", ""), ("josé", WORD), ("nobody", WORD), ("", "")]:
        assert not right(people, name, word)


def test_an_unknown_name_takes_as_long_as_a_wrong_password(users: Path) -> None:
    people = read_users(users)

    def quickest(name: str) -> float:
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            right(people, name, "not the password")
            times.append(time.perf_counter() - begun)
        return min(times)

    assert 0.5 < quickest("nobody") / quickest("maria") < 2


@pytest.mark.parametrize(
    "bad",
    [
        "maria",
        "maria:secret",
        "maria:md5:15:AAAA:AAAA",
        "maria:scrypt:15:AAAA:AAAA",
        "maria:scrypt:40:{salt}:{hash}",
        "maria:scrypt:x:{salt}:{hash}",
        "maria:scrypt:15:!:{hash}",
        "{line}\n{line}",
    ],
)
def test_a_bad_file_names_its_line_and_shows_nothing_of_it(tmp_path: Path, bad: str) -> None:
    good = line("maria", WORD)
    salt, digest = good.split(":")[3:]
    path = tmp_path / "users.txt"
    path.write_text("# comment\n" + bad.format(salt=salt, hash=digest, line=good) + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_users(path)
    assert f"{path}:{3 if '{line}' in bad else 2}" in str(caught.value)
    assert digest not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_or_empty_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="python -m faqbot password"):
        read_users(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("# nobody\n", encoding="utf-8")
    with pytest.raises(UsageError, match="nobody"):
        read_users(tmp_path / "empty.txt")


@pytest.mark.parametrize(("name", "word"), [("a:b", WORD), ("", WORD), (" a", WORD), ("#a", WORD), ("maria", "short")])
def test_a_name_or_password_that_will_not_do(name: str, word: str) -> None:
    with pytest.raises(UsageError):
        line(name, word)


def test_the_command_prints_a_line(tmp_path: Path) -> None:
    done = faqbot("password", "maria", stdin=WORD + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "users.txt").write_text(done.stdout, encoding="utf-8")
    assert right(read_users(tmp_path / "users.txt"), "maria", WORD)
    short = faqbot("password", "maria", stdin="tiny\n")
    assert (short.returncode, short.stdout) == (2, "")
    assert str(passwords.SHORTEST) in short.stderr


# ---- the address


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_network_needs_a_password_or_a_plain_word(host: str) -> None:
    for done in (faqbot("serve", "--host", host), faqbot("serve", FAQBOT_HOST=host)):
        assert (done.returncode, done.stdout) == (2, "")
        for part in (host, "--public", "--users", "faqbot password", "TLS"):
            assert part in done.stderr


@pytest.mark.parametrize("how", ["public", "users", "loopback"])
def test_with_one_of_them_it_listens(how: str, users: Path) -> None:
    options = {"public": ["--host", "0.0.0.0", "--public"], "users": ["--host", "0.0.0.0", "--users", str(users)]}
    command = [sys.executable, "app.py", "--port", "0", *options.get(how, [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready.startswith("Ready: http://" + ("127.0.0.1" if how == "loopback" else "0.0.0.0"))
            port = int(ready.split(":")[3].split()[0])
            status = get(f"http://127.0.0.1:{port}").status_code
            assert status == (401 if how == "users" else 200)
            if how == "loopback":  # another address of this machine is another machine's way in
                with pytest.raises(OSError, match="refused"):
                    socket.create_connection(("127.0.0.2", port), timeout=5).close()
        finally:
            process.terminate()


def faqbot(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "faqbot", *arguments],
        cwd=ROOT,
        input=stdin,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


# ---- the door


PATHS = ["/", "/config", "/ask", "/assets/ui.js", "/theme.css", "/gradio_api/info", "/nothing", "/gradio_api/upload"]


@pytest.mark.parametrize("path", PATHS)
def test_everything_but_health_needs_the_password(locked: str, path: str) -> None:
    assert get(locked, "/health").status_code == 200
    for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT"):
        response = httpx.request(method, locked + path)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic ")
        assert response.headers["x-frame-options"] == "DENY"


def test_the_right_password_opens_and_wrong_ones_do_not(locked: str) -> None:
    assert get(locked, auth=("maria", WORD)).status_code == 200
    assert get(locked, auth=(b"jos\xc3\xa9", OTHER.encode())).status_code == 200
    assert get(locked, auth=("maria", WORD + " ")).status_code == 401
    for header in ("Basic", "Basic !!!", "Bearer x", "Basic " + "A" * 3000, "basic bWFyaWE="):
        assert get(locked, headers={"authorization": header}).status_code == 401
    asked = httpx.post(locked + "/ask", json={"q": "7"}, auth=("maria", WORD))
    assert asked.json()["outcome"] == "lookup"


def test_a_known_password_costs_no_second_check(locked: str) -> None:
    with httpx.Client(base_url=locked, auth=("maria", WORD)) as client:
        client.get("/config")
        begun = time.perf_counter()
        for _ in range(20):
            assert client.get("/assets/ui.js").status_code == 200
        assert time.perf_counter() - begun < 1  # twenty checks would take two seconds and more


def test_guessing_is_slowed_and_the_known_go_on(locked: str) -> None:
    with httpx.Client(base_url=locked, auth=("maria", WORD)) as known:
        assert known.get("/config").status_code == 200
        statuses = [get(locked, auth=("maria", f"guess number {n}")).status_code for n in range(FREE_MISTAKES + 3)]
        assert statuses == [401] * FREE_MISTAKES + [429] * 3
        refused = get(locked, auth=("josé", "guess"))
        seconds = int(refused.headers["retry-after"])
        assert refused.json() == {"error": texts.refusal("en", "too_many_passwords", seconds=seconds)}
        assert known.get("/config").status_code == 200
        assert get(locked, "/health").status_code == 200


def test_guessing_many_at_once_is_no_way_around(locked: str) -> None:
    statuses: list[int] = []

    def guess(number: int) -> None:
        statuses.append(get(locked, auth=("maria", f"guess number {number}"), timeout=30).status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(401) == FREE_MISTAKES
    assert statuses.count(429) == 20 - FREE_MISTAKES


def test_a_browser_that_comes_with_many_requests_at_once_is_no_guesser(locked: str) -> None:
    """After a restart a browser sends a right password that is not known yet, several times at once."""
    statuses: list[int] = []

    def load() -> None:
        statuses.append(get(locked, auth=("maria", WORD), timeout=30).status_code)

    threads = [threading.Thread(target=load) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 12


@pytest.mark.browser
def test_a_conversation_behind_the_password(locked: str, browser: Any) -> None:
    page = browser.new_context(http_credentials={"username": "maria", "password": WORD}).new_page()
    page.goto(locked)
    page.wait_for_selector("html[data-ready]")
    assert "Question 9" in ask(page, "how long is it kept?").inner_text()


def test_settings_read_what_serving_needs() -> None:
    given = {
        "FAQBOT_USERS": "u.txt",
        "FAQBOT_PUBLIC": "1",
        "FAQBOT_ROOT_PATH": "/faq/",
        "FAQBOT_BEHIND_PROXY": "127.0.0.1",
        "FAQBOT_RATE": "30",
        "FAQBOT_COUNT": "c.json",
        "FAQBOT_LOG_LEVEL": "DEBUG",
    }
    settings = Settings.from_environment(given)
    assert (settings.users, settings.public, settings.root_path) == (Path("u.txt"), True, "/faq")
    assert (settings.rate, settings.count, settings.log_level) == (30, Path("c.json"), "debug")
    assert Settings.from_environment({}) == Settings()
    for name, bad in [
        ("RATE", "-1"),
        ("RATE", "many"),
        ("PUBLIC", "perhaps"),
        ("ROOT_PATH", "faq"),
        ("LOG_LEVEL", "x"),
    ]:
        with pytest.raises(UsageError, match=f"FAQBOT_{name}"):
            Settings.from_environment({f"FAQBOT_{name}": bad})
