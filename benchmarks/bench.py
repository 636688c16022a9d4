"""The speed table: every figure beside a yardstick measured in the same run. `make bench` runs it (minutes).

The targets are ratios, so that they hold on a faster or slower machine. Timings of two things that are compared
alternate, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path

from servers import ROOT, Endpoint, Server, round_trips, running

from faqbot.settings import Settings, silence

QUESTION = "Do they tell me before they share my information?"
NEIGHBOURS = 100  # rows of a bare search, as many as the bot itself looks at
REPEATS = 5  # of a start, of a command, of a pass over the texts
BLOCKS = {1: (20, 30), 32: (10, 96)}  # callers: blocks of requests to one app and then the other, requests in each

APP, ECHO = "app.py", "benchmarks/echo_app.py"
ASK = Endpoint("/ask", lambda text: {"q": text})
GRADIO_ASK = Endpoint("/gradio_api/run/ask", lambda text: {"data": [text]})
GRADIO_ECHO = Endpoint("/gradio_api/run/echo", lambda text: {"data": [text]})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `at_most` limits the ratio to the yardstick, or the value itself if `absolute`."""

    what: str
    value: float
    unit: str
    beside: str
    yardstick: float
    at_most: float | None = None
    absolute: bool = False

    @property
    def ratio(self) -> float:
        return self.value / self.yardstick

    @property
    def passed(self) -> bool | None:
        if self.at_most is None:
            return None
        return (self.value if self.absolute else self.ratio) <= self.at_most

    def as_text(self) -> str:
        ratio = "" if self.absolute else f"{self.ratio:.2f}×"
        reach = ""
        if self.at_most is not None:
            limit = f"{self.at_most:.1f} {self.unit}" if self.absolute else f"{self.at_most:.2f}×"
            reach = f"≤ {limit:<6} {'pass' if self.passed else 'MISS'}"
        value, yardstick = f"{self.value:.2f} {self.unit}", f"{self.yardstick:.2f} {self.unit}"
        return f"{self.what:<42}{value:>11}   {self.beside:<22}{yardstick:>11} {ratio:>8}   {reach}".rstrip()


@dataclass(frozen=True, slots=True)
class Message:
    """What a person typed, and their messages before it."""

    text: str
    history: tuple[str, ...]


def messages(folder: Path) -> list[Message]:
    """Every text of the benchmark questions."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    turns = [row["turns"] if "turns" in row else [row["q"]] for row in map(json.loads, lines)]
    return [Message(turn[-1], tuple(turn[:-1])) for turn in turns]


def in_process(settings: Settings, asked: Sequence[Message]) -> list[Row]:
    """`ask` beside a bare search of the same vectors and beside BM25 over the same rows."""
    import bm25s
    import faiss

    from faqbot.bot import FaqBot
    from faqbot.corpus import load_corpus

    bot = FaqBot.load(settings)
    store = faiss.read_index(str(settings.index / "vectors.faiss"))
    vectors = {message: bot.index.embedder.embed([message.text]) for message in asked}
    words = bm25s.BM25()
    corpus = load_corpus(Path(settings.corpus))
    rows = [row.text for row in bot.index.rows if row.kind != "phrasing"]
    rows += [phrasing.text for phrasing in (*corpus.phrasings, *corpus.unanswerable)]
    words.index(bm25s.tokenize(rows, show_progress=False), show_progress=False)

    def by_words(message: Message) -> None:
        words.retrieve(bm25s.tokenize(message.text, show_progress=False), k=NEIGHBOURS, show_progress=False)

    ways: tuple[Callable[[Message], object], ...] = (
        lambda message: bot.ask(message.text, message.history),
        lambda message: store.search(vectors[message], NEIGHBOURS),
        by_words,
    )
    times: list[list[float]] = [[], [], []]
    for number in range(1 + REPEATS):
        for way, kept in zip(ways, times, strict=True):
            passed = [_milliseconds(way, message) for message in asked]
            if number:  # the first pass warms up
                kept += passed
    ask, bare, bm25 = times
    return [
        Row(f"ask, {name}", of(ask), "ms", beside, of(yardstick))
        for name, of in (("median", statistics.median), ("95th percentile", percentile95))
        for beside, yardstick in (("FAISS search alone", bare), ("bm25s alone", bm25))
    ]


def _milliseconds(way: Callable[[Message], object], message: Message) -> float:
    start = time.perf_counter()
    way(message)
    return (time.perf_counter() - start) * 1000


def percentile95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def cold_starts() -> list[Row]:
    """A fresh process to its first page and first answer, and the memory it then holds."""
    started: dict[str, list[Server]] = {APP: [], ECHO: []}
    for _ in range(REPEATS):
        for script, endpoint in ((APP, ASK), (ECHO, GRADIO_ECHO)):
            with running(script, endpoint, QUESTION) as server:
                started[script].append(server)

    def row(what: str, unit: str, of: Callable[[Server], float], at_most: float, *, absolute: bool = False) -> Row:
        app, echo = (statistics.median(map(of, started[script])) for script in (APP, ECHO))
        return Row(what, app, unit, "Gradio echo", echo, at_most, absolute)

    return [
        row("cold start to the first page", "s", lambda server: server.page_seconds, 1.3),
        row(
            "from the first page to the first answer",
            "s",
            lambda s: s.answer_seconds - s.page_seconds,
            0.3,
            absolute=True,
        ),
        row("memory after the first answer", "MB", lambda server: server.megabytes, 1.7),
    ]


def over_http(asked: Sequence[Message]) -> Iterator[Row]:
    """Round trips, one caller and many, in turn with the echo app."""
    texts = [message.text for message in asked]
    with ExitStack() as stack:
        app = stack.enter_context(running(APP, ASK, QUESTION))
        echo = stack.enter_context(running(ECHO, GRADIO_ECHO, QUESTION))
        for what, endpoint, callers, at_most in (
            ("POST /ask, 1 caller", ASK, 1, 1.3),
            ("POST /ask, 32 callers", ASK, 32, 1.3),
            ("POST /gradio_api/run/ask, 1 caller", GRADIO_ASK, 1, None),
        ):
            here: list[float] = []
            there: list[float] = []
            supply = cycle(texts)
            blocks, requests = BLOCKS[callers]
            for number in range(1 + blocks):
                block = list(islice(supply, requests))
                ours = round_trips(app, endpoint, block, callers=callers)
                theirs = round_trips(echo, GRADIO_ECHO, block, callers=callers)
                if number:  # the first block warms up
                    here += ours
                    there += theirs
            yield Row(
                what, statistics.median(here) * 1000, "ms", "Gradio echo", statistics.median(there) * 1000, at_most
            )


def command_line() -> list[Row]:
    """A whole command, from the shell and back."""
    commands = {"ask": ["-m", "faqbot", "ask", QUESTION], "bare": ["-c", "import numpy, faiss"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - start)
    ask, bare = (statistics.median(seconds[name]) for name in commands)
    # 1.0 s where the bare import takes 0.3 s
    return [Row("python -m faqbot ask, cold", ask, "s", "import numpy, faiss", bare, 1.0 / 0.3)]


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("gradio", "faiss-cpu", "numpy", "bm25s", "httpx")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=Path, default=ROOT / "benchmarks" / "questions")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "bench.json")
    options = parser.parse_args()
    silence()
    settings = Settings.from_environment()
    asked = messages(options.questions)
    rows: list[Row] = []
    for part in (
        lambda: in_process(settings, asked),
        lambda: over_http(asked),
        cold_starts,
        command_line,
    ):
        for row in part():
            print(row.as_text(), flush=True)
            rows.append(row)
    table = [asdict(row) | {"ratio": row.ratio, "passed": row.passed} for row in rows]
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps({"machine": machine(), "rows": _rounded(table)}, indent=1) + "\n", "utf-8")
    missed = sum(row.passed is False for row in rows)
    print(f"{missed} missed of {sum(row.passed is not None for row in rows)} targets. Written to {options.results}.")


def _rounded(table: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{key: round(cell, 4) if isinstance(cell, float) else cell for key, cell in row.items()} for row in table]


if __name__ == "__main__":
    main()
