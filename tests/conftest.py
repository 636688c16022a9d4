"""What more than one test file needs: the real bot, and the real app served on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from faqbot.settings import silence

silence()  # before anything imports Gradio

from browsing import (  # noqa: E402
    CHROMIUM,
    INSTALL,
    KNOWN_NOISE,
    Visit,
    chromium,
    require,
    serving,
)

from faqbot.bot import FaqBot  # noqa: E402


@pytest.fixture(scope="session")
def bot() -> FaqBot:
    return FaqBot.load()


@pytest.fixture(scope="session")
def server(bot: FaqBot) -> Iterator[str]:
    with serving(bot) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    require(CHROMIUM, INSTALL)
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Any]:
    """Opens pages, and checks of each at the end what must hold of all."""
    opened: list[Visit] = []

    def open_page(address: str = "/", **options: Any) -> Any:
        opened.append(Visit(browser, server, address, **options))
        return opened[-1].page

    open_page.opened = opened  # type: ignore[attr-defined]
    yield open_page
    for one in opened:
        assert [words for words in one.complaints if words not in KNOWN_NOISE] == []
        assert [url for _, url, _ in one.requests if not url.startswith((server, "data:"))] == []
        one.context.close()
