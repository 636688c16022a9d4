"""The app served on a free port, and Debian's chromium to look at it. For the tests and docs/screenshots.py."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
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


def missing_browser_is_a_failure() -> bool:
    """On CI a browser must be there; on a user's machine the tests that need one are skipped."""
    return os.environ.get("CI", "").lower() == "true"


def ask(page: Any, words: str) -> Any:
    """Type a message, press Enter, and wait for its turn; returns the turn."""
    before = page.locator(".turn").count()
    page.locator("#box textarea").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.turn').length > n", arg=before)
    return page.locator("#latest .turn.seen")
