"""The bot that answers now, and the watch over the files that it was read from.

A new index is read and verified beside the old one, and takes its place by one assignment. A request takes the
bot once and keeps it, so no answer is made of two. What cannot be used changes nothing but the state.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from faqbot import logs
from faqbot.bot import FaqBot
from faqbot.errors import FaqBotError
from faqbot.index import MANIFEST
from faqbot.settings import Settings

LOOK_EVERY = 2.0  # seconds
Seen = tuple[tuple[str, int, int, int], ...]  # name, time of change, size and inode of every file


@dataclass(frozen=True, slots=True)
class State:
    """How things stand: ready; loading a changed index while the old one answers; or degraded, and why."""

    status: Literal["ready", "loading", "degraded"] = "ready"
    reason: str | None = None


class Live:
    """Holds the bot. Without settings there are no files to watch, and it stays as it is."""

    def __init__(self, bot: FaqBot, settings: Settings | None = None, *, seen: Seen | None = None) -> None:
        self.bot = bot
        self.state = State()
        self._settings = settings
        self._seen = seen

    @classmethod
    def load(cls, settings: Settings) -> Live:
        """Read the first bot; raises FaqBotError."""
        seen = _look(settings)  # before reading, so that a change meanwhile is noticed
        return cls(FaqBot.load(settings), settings, seen=seen)

    def about(self) -> dict[str, str]:
        """What answers now: the program's version and the sha256 of the index (its manifest) and the document."""
        bot = self.bot
        manifest = json.dumps(bot.index.manifest, sort_keys=True).encode()
        index = hashlib.sha256(manifest).hexdigest()
        return {"version": version("faqbot"), "index": index, "document": bot.document.sha256}

    def check(self) -> None:
        """Look at the files, and if any changed try to read them; a failure leaves the bot as it is."""
        if self._settings is None:
            return
        seen = _look(self._settings)
        if seen == self._seen:
            return
        self._seen = seen
        before, self.state = self.state, State("loading", self.state.reason)
        try:
            if not (Path(self._settings.index) / MANIFEST).is_file():  # perhaps between the two renames of a swap
                raise FaqBotError(f"{self._settings.index}: there is no index here. Run `make index` to build it.")
            self.bot = FaqBot.load(self._settings)
        except FaqBotError as error:
            self._refuse(str(error), before)
        except Exception as error:  # a watch must go on, whatever is in the files
            logs.fault(error, "reading the index")
            self._refuse(f"The files cannot be read ({type(error).__name__}).", before)
        else:
            self.state = State()
            logs.event("swap", **self.about())

    def _refuse(self, reason: str, before: State) -> None:
        assert self._settings is not None
        for folder in (self._settings.index, self._settings.corpus):  # where things lie is nobody's business
            reason = reason.replace(f"{Path(folder).parent}{os.sep}", "")
        self.state = State("degraded", reason)
        if self.state != before:
            logs.event("swap refused", level="warning", reason=reason)

    async def watch(self, wake: asyncio.Event) -> None:
        """Check every few seconds, and at once when woken, until cancelled."""
        while True:
            await asyncio.to_thread(self.check)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await wake.wait()
            except TimeoutError:
                continue
            wake.clear()


def _look(settings: Settings) -> Seen:
    """What a change of any file of the corpus or the index shows in."""
    seen = []
    for folder in (Path(settings.index), Path(settings.corpus)):
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(parent, name)
                try:
                    found = os.stat(path)
                except OSError:  # gone meanwhile
                    continue
                seen.append((path, found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(seen)
