"""Counting, if an operator wants it: how many questions in an hour, their outcomes, which answers were shown.

No text, no address, and no time finer than an hour is taken in, so none can be written.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from faqbot.errors import FaqBotError
from faqbot.schema import Answer

FORMAT = 1
KEPT_HOURS = 400 * 24
_PARTS = ("outcomes", "hits")


class Count:
    """The counts of one process, and the file that they are kept in over a restart."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Go on from a file, or start it; raises FaqBotError if it is foreign, taken or cannot be written."""
        self._path = path
        self._clock = clock
        self._file = FileLock(path.with_name(f".{path.name}.lock"))
        self._adding = threading.Lock()  # saving runs in a thread of its own
        self._dirty = True
        try:
            self._file.acquire(blocking=False)
            self._hours = _read(path) if path.exists() else {}
            self.save()
        except Timeout:
            raise FaqBotError(f"{path}: another process counts into it. Give each one a file of its own.") from None
        except OSError as error:
            raise FaqBotError(f"{path}: cannot be written ({error.strerror}). Choose another with --count.") from None

    def add(self, answer: Answer) -> None:
        """Count one answer, by its outcome and by the questions of the document that it shows."""
        hour = time.strftime("%Y-%m-%dT%H", time.gmtime(self._clock()))
        with self._adding:
            counted = self._hours.setdefault(hour, {name: Counter() for name in _PARTS})
            counted["outcomes"][answer.outcome] += 1
            counted["hits"].update({str(citation.passage.question) for citation in answer.citations})
            self._dirty = True

    def save(self) -> None:
        """Write what is new, whole or not at all; raises OSError and keeps counting in memory."""
        with self._adding:
            if not self._dirty:
                return
            while len(self._hours) > KEPT_HOURS:
                del self._hours[min(self._hours)]
            text = self._text()
            self._dirty = False
        aside = self._path.with_name(f".{self._path.name}.new")
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, self._path)
        except OSError:
            self._dirty = True
            with suppress(OSError):
                aside.unlink()
            raise

    def _text(self) -> str:
        hours = {
            hour: {"questions": sum(counted["outcomes"].values())}
            | {name: dict(sorted(counted[name].items())) for name in _PARTS}
            for hour, counted in sorted(self._hours.items())
        }
        return json.dumps({"format": FORMAT, "hours": hours}, indent=1) + "\n"

    def close(self) -> None:
        """Let another process have the file."""
        self._file.release()


def _read(path: Path) -> dict[str, dict[str, Counter[str]]]:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError
        return {
            str(hour): {name: Counter({str(k): int(n) for k, n in counted[name].items()}) for name in _PARTS}
            for hour, counted in data["hours"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FaqBotError(f"{path}: not a file of counts. Move it away, or choose another with --count.") from None
