"""Start a server in a fresh process on a free port of this machine, ask it, and always stop it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds for a page to come up
POLL = 0.01  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path and the body that a text travels in."""

    path: str
    body: Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; seconds count from the start of its process."""

    url: str
    page_seconds: float
    answer_seconds: float
    megabytes: float  # resident, with its child processes, after the first answer


@contextmanager
def running(script: str, endpoint: Endpoint, text: str) -> Iterator[Server]:
    """Run `python script --port N`, load its page, ask it one text, and stop it at the end."""
    port = _free_port()
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, script, "--port", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, verify=False) as client:
                _first_page(client, process, start)
                page_seconds = time.perf_counter() - start
                client.post(endpoint.path, json=endpoint.body(text)).raise_for_status()
                answer_seconds = time.perf_counter() - start
            yield Server(url, page_seconds, answer_seconds, _megabytes(process.pid))
        except Exception:
            output.seek(0)
            ended = process.poll()
            state = "still runs" if ended is None else f"ended with exit code {ended}"
            print(f"{script} {state}. It printed:\n{output.read().decode(errors='replace')}", file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _first_page(client: httpx.Client, process: subprocess.Popen[bytes], start: float) -> None:
    while time.perf_counter() - start < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with exit code {process.returncode} before its first page")
        try:
            if client.get("/", follow_redirects=True).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(POLL)
    raise RuntimeError(f"{process.args} showed no page within {PATIENCE:.0f} s")


def _megabytes(pid: int) -> float:
    process = psutil.Process(pid)
    return float(sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])) / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def round_trips(server: Server, endpoint: Endpoint, texts: Sequence[str], *, callers: int) -> list[float]:
    """Seconds of each request, with so many callers at once, each on its own kept-open connection."""
    return asyncio.run(_round_trips(server, endpoint, texts, callers))


async def _round_trips(server: Server, endpoint: Endpoint, texts: Sequence[str], callers: int) -> list[float]:
    seconds: list[float] = []
    waiting = iter(texts)
    limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
    client = httpx.AsyncClient(base_url=server.url, timeout=PATIENCE, limits=limits, trust_env=False, verify=False)
    async with client:

        async def caller() -> None:
            for text in waiting:
                start = time.perf_counter()
                response = await client.post(endpoint.path, json=endpoint.body(text))
                seconds.append(time.perf_counter() - start)
                response.raise_for_status()

        await asyncio.gather(*(caller() for _ in range(callers)))
    return seconds
