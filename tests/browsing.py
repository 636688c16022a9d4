"""The app served on a free port, and Debian's chromium to look at it. For the tests and docs/screenshots.py."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
INSTALL = "no chromium was found; install it with `sudo apt-get install chromium`"
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 860}}

# Lines that Gradio's own front end writes to the console. Nothing else may be written there.
KNOWN_NOISE = {"Autofocus processing was blocked because a document already has a focused element."}


@contextmanager
def serving(bot: Any, **settings: Any) -> Iterator[str]:
    """The app at an address, in this process, stopped at the end."""
    from faqbot.server import Server, listen
    from faqbot.settings import Settings
    from faqbot.web import create_app

    server, port = Server(create_app(bot, Settings(**settings))), listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [port]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server stopped while starting"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def require(there: object, missing: str) -> None:
    """Fail on CI, skip on a user's machine, where something that a test needs besides Python is not there."""
    import pytest

    if not there:
        # A user without a browser shall see the rest of the suite pass; CI runs all of it or fails.
        refuse = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        refuse(missing)


def ask(page: Any, words: str) -> Any:
    """Type a message, press Enter, and wait for its turn; returns the turn."""
    before = page.locator(".turn").count()
    page.locator("#box textarea").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.turn').length > n", arg=before)
    return page.locator("#latest .turn.seen")


class Visit:
    """One page in its own context, with everything it asked for and everything it complained of."""

    def __init__(self, browser: Any, server: str, address: str = "/", **options: Any) -> None:
        self.server = server
        self.context = browser.new_context(**({"locale": "en-US"} | DESK | options))
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
        self.requests: list[tuple[str, str, str | None]] = []
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.on("request", lambda one: self.requests.append((one.method, one.url, one.post_data)))
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.goto(server + address)
        self.page.wait_for_selector("html[data-ready]")


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def focused(page: Any, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def shown(page: Any, selector: str) -> int:
    return int(page.locator(f"{selector}:visible").count())


def serious(page: Any) -> list[tuple[str, list[str]]]:
    """What axe finds of serious or critical impact, as (rule, elements)."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def small_targets(page: Any) -> list[str]:
    """What can be pressed and is less than 24 px wide or high."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('button, a, summary, #finder input')]
            .filter(e => e.getClientRects().length)
            .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, b]) => b.width < 24 || b.height < 24).map(([h]) => h)"""
        )
    )


# Typed by `type_and_time`: numbers, words, words misspelled, plain language in both languages.
TYPED = ("5.3", "q20 risks 3", "data use agreement", "encripted", "how long do they keep it", "¿me avisan a mí?")


def type_and_time(page: Any, texts: Sequence[str] = TYPED) -> list[float]:
    """Type into the look-up key by key; milliseconds from each key to the painted list of what was typed by then."""
    page.evaluate(
        """() => {
        window.took = [];
        const found = document.getElementById('found');
        document.addEventListener('keydown', () => { window.began = performance.now(); }, true);
        new MutationObserver(() => {
          const began = window.began;
          window.began = null;
          if (!began || !found.dataset.query) return;
          requestAnimationFrame(() => setTimeout(() => took.push(performance.now() - began)));
        }).observe(found, {childList: true, attributes: true, attributeFilter: ['data-query']}); }"""
    )
    for text in texts:
        page.locator("#search").fill("")
        page.wait_for_timeout(200)
        for key in text:
            page.keyboard.press(key) if key.isascii() and key != " " else page.keyboard.type(key)
            page.wait_for_timeout(90)
    return list(page.evaluate("took"))
