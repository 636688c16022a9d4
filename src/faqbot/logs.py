"""The log: one JSON line an event on stderr, never a word of what was typed.

Only what this module's functions are given is written. A line of any other library keeps its place and drops
its words, since those can quote a question.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

_log = logging.getLogger("faqbot")


def configure(level: str = "info", *, stream: TextIO | None = None) -> None:
    """Write the log to stderr, from a level on. For a program, not for a library."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if level == "debug" else max(logging.WARNING, _number(level)))
    _log.setLevel(_number(level))
    logging.captureWarnings(True)
    # Gradio prints the traceback of a request that does not fit, and that quotes what was sent.
    traceback.print_exc = lambda *_, **__: _unforeseen(sys.exc_info()[1])
    sys.excepthook = lambda _, error, __: _unforeseen(error)
    threading.excepthook = lambda arguments: _unforeseen(arguments.exc_value)


def event(name: str, *, level: str = "info", **facts: object) -> None:
    """Log something that happened to the server itself; `facts` hold nothing of a person's."""
    _log.log(_number(level), "%s %s", name, facts, extra={"facts": {"event": name, **facts}})


def fault(error: BaseException, what: str = "answering") -> None:
    """Log a fault by its kind and place; its text and its traceback can quote the question."""
    kind, place = type(error).__name__, _place(error)
    facts = {"event": "fault", "while": what, "error": kind, "place": place}
    _log.error("%s failed: %s at %s", what, kind, place, extra={"facts": facts})


def _unforeseen(error: BaseException | None) -> None:
    if error is not None:
        fault(error, "something")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] | None = getattr(record, "facts", None)
        if facts is None:
            facts = {"event": "library", "logger": record.name, "place": f"{record.filename}:{record.lineno}"}
            error = record.exc_info[1] if record.exc_info else None
            if error is not None:
                facts |= {"error": type(error).__name__, "place": _place(error)}
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return json.dumps({"time": moment, "level": record.levelname.lower(), **facts}, ensure_ascii=False)


def _place(error: BaseException) -> str:
    steps = traceback.extract_tb(error.__traceback__)
    return f"{Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else "unknown"


def _number(level: str) -> int:
    return int(logging.getLevelName(level.upper()))
