"""Where every question is answered, whichever way it came. Knows no HTTP and no page."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import FastAPI

from faqbot import logs
from faqbot.bot import FaqBot
from faqbot.counting import Count
from faqbot.document import Document
from faqbot.live import Live
from faqbot.schema import Answer, Language

Result = TypeVar("Result")
SAVE_EVERY = 60.0  # seconds between two times that the counts are written


class Desk:
    """Answers by the bot of the moment, and counts if that is on."""

    def __init__(self, live: Live, count: Count | None = None) -> None:
        self.live = live
        self.count = count

    def answer(
        self, message: str, history: Sequence[str] = (), *, language: Language | None = None
    ) -> tuple[Answer, Document] | None:
        """The answer and the document that it quotes; None after a fault, of which only the place is logged."""

        def ask(bot: FaqBot) -> tuple[Answer, Document]:
            answer = bot.ask(message, history, language=language)
            if self.count:
                self.count.add(answer)
            return answer, bot.document

        return self.safely(ask)

    def safely(self, reply: Callable[[FaqBot], Result]) -> Result | None:
        """What a reply makes of the bot; None after a fault."""
        bot = self.live.bot  # taken once: it may be another one a moment later
        try:
            return reply(bot)
        except Exception as error:
            logs.fault(error)
            return None

    @asynccontextmanager
    async def open(self, app: FastAPI) -> AsyncIterator[None]:
        """While the app runs: follow the files, at once on SIGHUP, and write the counts."""
        wake = asyncio.Event()
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, wake.set)
        tasks = [asyncio.create_task(self.live.watch(wake)), asyncio.create_task(self._keep_counts())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._save()
        if self.count:
            self.count.close()
        logs.event("stop")

    async def _keep_counts(self) -> None:
        while self.count:
            await asyncio.sleep(SAVE_EVERY)
            await asyncio.to_thread(self._save)

    def _save(self) -> None:
        try:
            if self.count:
                self.count.save()
        except OSError as error:
            logs.fault(error, "writing the counts")
