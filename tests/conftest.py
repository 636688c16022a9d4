"""What more than one test file needs: the real bot, and the real app served on a free port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faqbot.settings import silence

silence()  # before anything imports Gradio

from browsing import serving  # noqa: E402

from faqbot.bot import FaqBot  # noqa: E402


@pytest.fixture(scope="session")
def bot() -> FaqBot:
    return FaqBot.load()


@pytest.fixture(scope="session")
def server(bot: FaqBot) -> Iterator[str]:
    with serving(bot) as address:
        yield address
