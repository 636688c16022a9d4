"""Bounds: one client, one slow or one large request does not stop the others, and is told why it was refused."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from browsing import serving

from faqbot import guard, server, texts
from faqbot.asked import MOST_TURNS
from faqbot.bot import LONGEST_MESSAGE, FaqBot
from faqbot.limits import FORGOTTEN_AFTER, FREE_MISTAKES, LONGEST_WAIT, Lockout, Rate, loopback, whose

ANSWERED_WITHIN = 1.0  # seconds for an ordinary question while somebody attacks; it takes some milliseconds


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# ---- a client and its rate


def test_a_minutes_worth_at_once_then_evenly() -> None:
    clock = Clock()
    rate = Rate(6, clock=clock)
    assert [rate.take("192.0.2.1") for _ in range(7)] == [0] * 6 + [10]
    assert rate.take("192.0.2.2") == 0  # another one is not touched
    clock.now += 10
    assert [rate.take("192.0.2.1"), rate.take("192.0.2.1")] == [0, 10]
    clock.now += 3600
    assert [rate.take("192.0.2.1") for _ in range(7)] == [0] * 6 + [10]


def test_an_address_is_forgotten_after_a_minute() -> None:
    clock = Clock()
    rate = Rate(60, clock=clock)
    for number in range(200):
        rate.take(f"192.0.2.{number}")
    assert rate.remembered == 200
    clock.now += 61
    rate.take("198.51.100.1")
    assert rate.remembered == 1


def test_addresses_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faqbot.limits.MOST_ADDRESSES", 100)
    rate, lockout = Rate(60), Lockout()
    for number in range(1000):
        rate.take(f"10.0.{number // 256}.{number % 256}")
        lockout.mistake(f"10.0.{number // 256}.{number % 256}")
        lockout.wait("10.0.0.1")
    assert rate.remembered <= 100
    assert len(lockout._made) <= 101


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "no address", True),
    ],
)
def test_who_counts_as_one_client(one: str, other: str, same: bool) -> None:
    assert (whose(one) == whose(other)) is same


def test_this_machine_is_told_from_others() -> None:
    assert [loopback(one) for one in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [loopback(one) for one in ("0.0.0.0", "::", "192.168.1.5", "example.org", "")] == [False] * 5


def test_wrong_passwords_wait_longer_each_time() -> None:
    clock = Clock()
    lockout = Lockout(clock=clock)
    waits = []
    for _ in range(FREE_MISTAKES + 9):
        lockout.mistake("192.0.2.1")
        waits.append(lockout.wait("192.0.2.1"))
    assert waits[: FREE_MISTAKES + 3] == [0] * (FREE_MISTAKES - 1) + [2, 4, 8, 16]
    assert max(waits) == LONGEST_WAIT
    assert lockout.wait("192.0.2.2") == 0
    clock.now += LONGEST_WAIT
    assert lockout.wait("192.0.2.1") == 0
    clock.now += FORGOTTEN_AFTER
    assert lockout.wait("192.0.2.1") == 0
    lockout.mistake("192.0.2.1")
    assert lockout.wait("192.0.2.1") == 0  # from the beginning again


def test_a_crowd_of_guessers_does_not_lock_out_who_made_no_mistake() -> None:
    clock = Clock()
    lockout = Lockout(clock=clock)
    for number in range(1000):
        lockout.mistake(f"10.0.{number // 256}.{number % 256}")
    assert lockout.wait("10.0.0.1") > 0  # one mistake only, but there is a crowd
    assert lockout.wait("192.0.2.9") == 0


def test_too_many_questions_are_refused_in_words(bot: FaqBot) -> None:
    with serving(bot, rate=5) as address, httpx.Client(base_url=address) as client:
        responses = [client.post("/ask", json={"q": "7"}) for _ in range(6)]
        assert [one.status_code for one in responses] == [200] * 5 + [429]
        last = responses[-1]
        seconds = int(last.headers["retry-after"])
        assert 1 <= seconds <= 12
        assert last.json() == {"error": texts.refusal("en", "too_many", seconds=seconds)}
        assert last.headers["x-content-type-options"] == "nosniff"
        for _ in range(100):  # the page costs less, but not nothing
            shown = client.get("/", headers={"accept": "text/html"})
        assert shown.status_code == 429
        assert texts.refusal("es", "too_many", seconds=shown.headers["retry-after"]) in shown.text
        assert client.get("/health").status_code == 200


def test_who_sits_at_the_machine_is_not_limited_by_default(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        for _ in range(guard.PER_MINUTE + 5):
            assert client.post("/ask", json={"q": ""}).status_code == 200


def test_a_forwarded_client_is_limited_by_default(bot: FaqBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PER_MINUTE", 3)
    with serving(bot, behind_proxy="127.0.0.1") as address, httpx.Client(base_url=address) as client:

        def statuses(forwarded: str) -> list[int]:
            headers = {"x-forwarded-for": forwarded}
            return [client.post("/ask", json={"q": ""}, headers=headers).status_code for _ in range(4)]

        assert statuses("192.0.2.1") == [200] * 3 + [429]
        assert statuses("192.0.2.2") == [200] * 3 + [429]
        assert statuses("198.51.100.9, 192.0.2.2") == [429] * 4  # what the client itself claimed does not count


# ---- sizes


def test_the_longest_allowed_is_answered_and_more_is_said_clearly(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        assert client.post("/ask", json={"turns": ["a"] * MOST_TURNS}).status_code == 200
        many = client.post("/ask", json={"turns": ["a"] * (MOST_TURNS + 1)})
        assert (many.status_code, str(MOST_TURNS) in many.json()["error"]) == (422, True)
        long = client.post("/ask", json={"q": "is it " * LONGEST_MESSAGE}).json()
        assert f"{LONGEST_MESSAGE:,}" in long["message"]


def test_the_slowest_message_that_fits_is_quick(server: str) -> None:
    worst = [{"turns": ["x y " * 150] * MOST_TURNS}, {"q": "a" * 60_000}, {"q": "😀 " * 12_000}, {"q": "( " * 30_000}]
    with httpx.Client(base_url=server) as client:
        for body in worst:
            begun = time.perf_counter()
            assert client.post("/ask", json=body).status_code in (200, 413)
            assert time.perf_counter() - begun < ANSWERED_WITHIN


def test_ten_megabytes_are_refused_by_their_first_line(server: str) -> None:
    with raw(server) as one:
        one.sendall(head("/ask", length=10 * 2**20))  # not one byte of the body
        assert b" 413 " in one.recv(100)


def test_many_large_bodies_do_not_stop_others(server: str) -> None:
    def push() -> None:
        with raw(server) as one:
            try:
                one.sendall(head("/ask", length=10 * 2**20) + b"x" * 10 * 2**20)
            except OSError:  # hung up on: as good
                return

    pushing = [threading.Thread(target=push) for _ in range(16)]
    for thread in pushing:
        thread.start()
    with httpx.Client(base_url=server) as client:
        while any(thread.is_alive() for thread in pushing):
            begun = time.perf_counter()
            assert client.post("/ask", json={"q": "7"}).status_code == 200
            assert time.perf_counter() - begun < ANSWERED_WITHIN
    for thread in pushing:
        thread.join()


# ---- slowness


@pytest.fixture
def impatient(bot: FaqBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(server, "HEADERS_WITHIN", 1.0)
    monkeypatch.setattr(guard, "BODY_WITHIN", 1.0)
    with serving(bot) as address:
        yield address


@pytest.mark.parametrize("what", ["nothing", "headers", "body", "second headers", "body after the answer"])
def test_trickling_is_cut_off_and_stops_nobody(impatient: str, what: str) -> None:
    begins = {
        "nothing": b"",
        "headers": b"POST /ask HTTP/1.1\r\nHost: x\r\nX-A: ",
        "body": head("/ask", length=5000),
        "second headers": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nX-A: ",
        "body after the answer": head("/ask", length=10**7),
    }
    slow = [raw(impatient) for _ in range(100)]
    for one in slow:
        one.sendall(begins[what])
    begun = time.perf_counter()
    received: dict[Any, bytes] = dict.fromkeys(slow, b"")
    open_ones = set(slow)
    with httpx.Client(base_url=impatient) as client:
        while open_ones and time.perf_counter() - begun < 10:
            asked = time.perf_counter()
            assert client.post("/ask", json={"q": "7"}).status_code == 200
            assert time.perf_counter() - asked < ANSWERED_WITHIN
            for one in list(open_ones):
                try:
                    if what != "nothing":
                        one.send(b"a")
                    one.setblocking(False)
                    data = one.recv(4096)
                    received[one] += data
                    if not data:
                        open_ones.discard(one)
                except BlockingIOError:
                    pass
                except OSError:
                    open_ones.discard(one)
                finally:
                    one.setblocking(True)
            time.sleep(0.1)
    for one in slow:
        one.close()
    assert not open_ones
    if what == "body":
        assert all(b" 408 " in data for data in received.values())


def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "ANSWER_WITHIN", 0.1)
    gone = []

    async def stuck(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            gone.append(True)

    response = call(guard.Guard(stuck))
    assert (response.status_code, response.headers["retry-after"], gone) == (503, "2", [True])
    assert response.json() == {"error": texts.refusal("en", "busy", seconds=2)}


def test_more_than_can_wait_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_ANSWERING", 3)
    go = asyncio.Event()

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def many() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard.Guard(waiting)), base_url="http://x") as one:
            asked = [asyncio.create_task(one.post("/ask", content=b"{}")) for _ in range(5)]
            await asyncio.sleep(0.1)
            go.set()
            return sorted([(await task).status_code for task in asked] + [(await one.get("/health")).status_code])

    assert asyncio.run(many()) == [200, 200, 200, 200, 503, 503]


def test_one_address_cannot_take_every_connection(bot: FaqBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_FROM_ONE", 5)
    monkeypatch.setattr(server, "loopback", lambda host: False)  # as if this machine were another one
    with serving(bot) as address:
        held = [raw(address) for _ in range(5)]
        for one in held:
            one.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in one.recv(4096)
        with raw(address) as sixth:
            sixth.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert sixth.recv(10) == b""
        for one in held:
            one.close()


def call(app: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as one:
            return await one.get("/health")

    return asyncio.run(once())


def head(path: str, *, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def raw(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)
