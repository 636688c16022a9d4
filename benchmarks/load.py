"""Steady under load: many conversations at once, beside the Gradio echo app in the same run. `make load` runs it.

Every answer is compared word for word with what a bot in this process says to the same conversation, so an answer
that went to the wrong one is seen. The apps take turns, so that what else the machine does falls on each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
from bench import APP, ASK, ECHO, GRADIO_ECHO, QUESTION, machine, percentile95
from servers import ROOT, Endpoint, Server, running

from faqbot import texts
from faqbot.bot import FaqBot
from faqbot.render import to_json
from faqbot.settings import silence
from faqbot.view import turn

LEVELS = (1, 8, 32, 128)  # conversations at once
SLICE = 5.0  # seconds of one app before the next one's turn
THROUGHPUT_AT_LEAST, P95_AT_MOST = 0.8, 1.5  # times the echo app's
QUESTIONS, SAMPLES, CALLERS = 20_000, 40, 4  # of the memory test
SLOPE_AT_MOST = 0.1  # MB more for 1,000 questions, over the last three quarters
PREDICT = "/gradio_api/run/predict"
FOLLOW_UPS = ("and why?", "who decides that?", "for how long?", "7", "5.3", "¿y en español?")
_KEY = re.compile(r'id="turn-([0-9a-f]{8})"')


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a conversation, with the messages before it and the answers that are right, by door."""

    text: str
    earlier: tuple[str, ...]
    answer: dict[str, Any]
    page: str  # the turn as the chat shows it, with the key "key"


@dataclass(slots=True)
class Tally:
    """What came of one app at one level."""

    seconds: list[float] = field(default_factory=list)
    lasted: float = 0.0
    errors: list[str] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        return len(self.seconds) / self.lasted


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; targets are ratios to the echo app in the same run."""

    app: str
    conversations: int
    requests: int
    errors: int
    per_second: float
    p50: float  # milliseconds
    p95: float
    throughput_ratio: float | None = None
    p95_ratio: float | None = None

    @property
    def passed(self) -> bool:
        ratios = self.throughput_ratio is None or (
            self.throughput_ratio >= THROUGHPUT_AT_LEAST and (self.p95_ratio or 0) <= P95_AT_MOST
        )
        return self.errors == 0 and ratios

    def as_text(self) -> str:
        line = (
            f"{self.app:<22}{self.conversations:>4}{self.requests:>9,}{self.errors:>7}"
            f"{self.per_second:>9.1f}/s {self.p50:>8.1f} ms {self.p95:>8.1f} ms"
        )
        if self.throughput_ratio is not None:
            line += f"   {self.throughput_ratio:.2f}× ≥ {THROUGHPUT_AT_LEAST}   {self.p95_ratio:.2f}× ≤ {P95_AT_MOST}"
        return f"{line}   {'PASS' if self.passed else 'MISS'}"


def conversations(bot: FaqBot) -> list[tuple[Step, ...]]:
    """A fixed course for each conversation, no two alike: a question that its number is in, then follow-ups."""
    starts = [texts.ui(language, f"starter_{n}") for language in ("en", "es") for n in range(1, 7)]  # type: ignore[arg-type]
    starts += [question.text for question in bot.document.questions]
    made = []
    for number in range(max(LEVELS)):
        said: list[str] = []
        steps = []
        follow = [FOLLOW_UPS[(number + n) % len(FOLLOW_UPS)] for n in range(3)]
        for text in (f"{starts[number % len(starts)]} ({number:03d})", *follow):
            answer = bot.ask(text, said)
            page = turn(answer, bot.document, key="key")
            steps.append(Step(text, tuple(said), to_json(answer), page))
            said = [*said, text][-2:]
        made.append(tuple(steps))
    return made


class Door:
    """A way to ask one server, and whether what comes back is right."""

    def __init__(self, name: str, server: Server, path: str, body: Callable[[Step, int], dict[str, Any]]) -> None:
        self.name, self.server, self.path, self.body = name, server, path, body

    def wrong(self, step: Step, number: int, data: Any) -> str | None:
        """What is wrong with an answer; None if it is this conversation's own."""
        if self.path == PREDICT:
            shown, earlier, _ = data["data"]
            key = _KEY.search(shown)
            right = bool(key) and shown.replace(key[1], "key", 1) == step.page  # type: ignore[index]
            kept = json.loads(earlier) == [*step.earlier, step.text][-2:]
            return None if right and kept else "another answer"
        if self.path == ASK.path:
            return None if data == {"id": number} | step.answer else "another answer"
        return None if data["data"] == [step.text] else "another echo"


def doors(app: Server, echo: Server) -> list[Door]:
    """The echo first: it is the yardstick of the others."""
    return [
        Door("Gradio echo", echo, GRADIO_ECHO.path, lambda step, number: GRADIO_ECHO.body(step.text)),
        Door("POST /ask", app, ASK.path, lambda step, number: {"id": number, "turns": [*step.earlier, step.text]}),
        Door(
            "the chat",
            app,
            PREDICT,
            lambda step, number: {
                "data": [step.text, json.dumps(step.earlier), ""],
                "fn_index": 0,
                "session_hash": f"s{number}",
            },
        ),
    ]


async def hold(door: Door, courses: list[tuple[Step, ...]], callers: int, seconds: float, tally: Tally) -> None:
    """So many conversations at once for so long; each asks its own course over and over."""
    limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
    end = time.perf_counter() + seconds

    async def converse(number: int, client: httpx.AsyncClient) -> None:
        for turn_number in count():
            step = courses[number][turn_number % len(courses[number])]
            begun = time.perf_counter()
            if begun >= end:
                return
            try:
                response = await client.post(door.path, json=door.body(step, number))
                tally.seconds.append(time.perf_counter() - begun)
                fault = (
                    door.wrong(step, number, response.json())
                    if response.status_code == 200
                    else f"status {response.status_code}"
                )
            except (httpx.HTTPError, ValueError, KeyError) as error:
                fault = type(error).__name__
            if fault:
                tally.errors.append(fault)

    begun = time.perf_counter()
    async with httpx.AsyncClient(base_url=door.server.url, timeout=60, limits=limits, trust_env=False) as client:
        await asyncio.gather(*(converse(number, client) for number in range(callers)))
    tally.lasted += time.perf_counter() - begun


def level(ways: list[Door], courses: list[tuple[Step, ...]], callers: int, seconds: float) -> list[Row]:
    """Every door at one level, in turn."""
    tallies = {door.name: Tally() for door in ways}
    for door in ways:  # warms up
        asyncio.run(hold(door, courses, callers, min(1.0, seconds), Tally()))
    left = seconds
    while left > 0:
        for door in ways:
            asyncio.run(hold(door, courses, callers, min(SLICE, left), tallies[door.name]))
        left -= SLICE
    echo, rows = tallies[ways[0].name], []
    for door in ways:
        one = tallies[door.name]
        if one.errors:
            print(f"  {door.name}: {', '.join(sorted(set(one.errors)))}", flush=True)
        beside = door is not ways[0]
        row = Row(
            app=door.name,
            conversations=callers,
            requests=len(one.seconds),
            errors=len(one.errors),
            per_second=one.throughput,
            p50=statistics.median(one.seconds) * 1000,
            p95=percentile95(one.seconds) * 1000,
            throughput_ratio=one.throughput / echo.throughput if beside else None,
            p95_ratio=percentile95(one.seconds) / percentile95(echo.seconds) if beside else None,
        )
        print(row.as_text(), flush=True)
        rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of the server over many questions, in MB, and how it rises."""

    questions: int
    samples: list[float]
    slope: float  # MB for 1,000 questions, a least-squares line through the last three quarters

    @property
    def passed(self) -> bool:
        return self.slope <= SLOPE_AT_MOST


def memory(door: Door, courses: list[tuple[Step, ...]], questions: int) -> Memory:
    """Ask one server so many questions by a few callers and look at its memory between."""
    listening = int(door.server.url.rsplit(":", 1)[1])
    process = next(
        psutil.Process(one.pid)
        for one in psutil.net_connections("tcp")
        if one.status == "LISTEN" and one.laddr.port == listening and one.pid
    )
    samples: list[float] = []
    each = max(questions // SAMPLES, 1)
    steps = [(step, number) for number, course in enumerate(courses) for step in course]

    async def ask(numbers: Iterator[int], client: httpx.AsyncClient) -> None:
        for n in numbers:
            step, number = steps[n % len(steps)]
            (await client.post(door.path, json=door.body(step, number))).raise_for_status()

    async def sample() -> None:
        async with httpx.AsyncClient(base_url=door.server.url, timeout=60, trust_env=False) as client:
            for first in range(0, SAMPLES * each, each):
                numbers = iter(range(first, first + each))
                await asyncio.gather(*(ask(numbers, client) for _ in range(CALLERS)))
                samples.append(process.memory_info().rss / 1e6)

    asyncio.run(sample())
    tail = samples[SAMPLES // 4 :]
    slope = statistics.linear_regression([n * each / 1000 for n in range(len(tail))], tail).slope
    return Memory(each * SAMPLES, [round(one, 2) for one in samples], round(slope, 4))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each app at each level (60)")
    parser.add_argument("--levels", type=int, nargs="+", default=LEVELS, help="conversations at once (1 8 32 128)")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of the memory test (20,000)")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "load.json")
    options = parser.parse_args()
    silence()
    os.environ["FAQBOT_RATE"] = "0"
    courses = conversations(FaqBot.load())
    rows: list[Row] = []
    with ExitStack() as stack:
        app = stack.enter_context(running(APP, ASK, QUESTION))
        echo = stack.enter_context(running(ECHO, Endpoint(GRADIO_ECHO.path, GRADIO_ECHO.body), QUESTION))
        ways = doors(app, echo)
        for callers in options.levels:
            rows += level(ways, courses, callers, options.seconds)
        rise = memory(ways[-1], courses, options.questions)
    print(
        f"memory over {rise.questions:,} questions: {rise.samples[0]:.1f} → {rise.samples[-1]:.1f} MB, "
        f"{rise.slope:+.3f} MB for 1,000 ≤ {SLOPE_AT_MOST}   {'PASS' if rise.passed else 'MISS'}"
    )
    result = {
        "machine": machine(),
        "seconds": options.seconds,
        "rows": [
            {key: round(cell, 3) if isinstance(cell, float) else cell for key, cell in asdict(row).items()}
            | {"passed": row.passed}
            for row in rows
        ],
        "memory": asdict(rise) | {"passed": rise.passed},
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    missed = sum(not row.passed for row in rows) + (not rise.passed)
    print(f"{missed} missed of {len(rows) + 1}. Written to {options.results}.")
    return 1 if any(row.errors for row in rows) else 0  # a MISS of speed is a figure; a wrong answer is a failure


if __name__ == "__main__":
    raise SystemExit(main())
