"""The program as an operator runs it: replacing what it serves, its health, its log, its counts, its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tiny import SOURCE, TENSIONS, write_corpus

from faqbot.bot import FaqBot
from faqbot.build import build_index
from faqbot.counting import KEPT_HOURS, Count
from faqbot.document import load_document
from faqbot.errors import FaqBotError
from faqbot.live import Live
from faqbot.settings import ROOT, Settings
from faqbot.swap import move_into_place

SECRET = "Zanzibar quokka x4711x"
PREDICT = "/gradio_api/run/predict"
CHANGES = {  # every passage of the tiny document is another one in its second version
    "The library lends books": "The archive lends books",
    "three weeks": "four weeks",
    "one day": "two days",
    "The library in Oakville": "The archive in Oakville",
    "The reader pays": "The visitor pays",
}


def second(text: str) -> str:
    for old, new in CHANGES.items():
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of a corpus, each with its index, built once."""
    folder = tmp_path_factory.mktemp("versions")
    for name, source, tensions in (("a", SOURCE, TENSIONS), ("b", second(SOURCE), second(TENSIONS))):
        corpus = write_corpus(folder / name / "corpus", source=source)
        (corpus / "tensions.toml").write_text(tensions, encoding="utf-8")
        build_index(corpus, folder / name / "index", quiet=True)
    return folder


@pytest.fixture
def place(versions: Path, tmp_path: Path) -> Path:
    """A folder that is served, with the first version in it."""
    shutil.copytree(versions / "a", tmp_path / "served", ignore=shutil.ignore_patterns(".*"))
    return tmp_path / "served"


class Program:
    """`python app.py` with what it says on stderr, read as it comes."""

    def __init__(self, place: Path, *options: str, **environment: str) -> None:
        command = [sys.executable, "app.py", "--port", "0", "--corpus", str(place / "corpus")]
        command += ["--index", str(place / "index"), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        assert ready.startswith("Ready: "), self.process.stderr and self.process.stderr.read()
        self.address = ready.split()[1]
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said += self.process.stderr

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said]

    def health(self) -> dict[str, Any]:
        return dict(httpx.get(self.address + "/health").json())

    def become(self, **wanted: str) -> dict[str, Any]:
        """Wait until /health says so."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            health = self.health()
            if wanted.items() <= health.items():
                return health
            time.sleep(0.05)
        raise AssertionError(f"{health} never became {wanted}")

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=10)
        return code


@contextmanager
def running(place: Path, *options: str, **environment: str) -> Iterator[Program]:
    program = Program(place, *options, **environment)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


def put(version: Path, place: Path, *, only: str | None = None) -> None:
    """Replace what is served, as an editor and `make index` would: files one by one, the index by renames."""
    if only in (None, "corpus"):
        for path in (version / "corpus").iterdir():
            shutil.copy(path, place / "corpus" / path.name)
    if only in (None, "index"):
        shutil.copytree(version / "index", place / ".index-building")
        move_into_place(place / ".index-building", place / "index")


# ---- replacing the document


def test_a_new_version_takes_over_under_load_without_one_failed_or_mixed_answer(versions: Path, place: Path) -> None:
    texts = {
        name: {passage.text for passage in load_document(versions / name / "corpus").passages} for name in ("a", "b")
    }
    assert not texts["a"] & texts["b"]
    hashes = {name: load_document(versions / name / "corpus").sha256 for name in ("a", "b")}
    seen: list[str] = []
    faults: list[object] = []
    done = threading.Event()

    def keep_asking(address: str, number: int) -> None:
        questions = ["list", "1", "what can i borrow", "who pays for a lost book", "2", "when do you open", "3"]
        with httpx.Client(base_url=address, timeout=20) as client:
            while not done.is_set():
                number += 1
                q = questions[number % len(questions)]
                answer = client.post("/ask", json={"turns": ["what do you lend", q]})
                shown = client.post(PREDICT, json={"data": [q, "[]", ""], "fn_index": 0, "session_hash": "a"})
                if answer.status_code != 200 or shown.status_code != 200:
                    faults.append((answer.status_code, shown.status_code))
                    continue
                body = answer.json()
                cited = [*body["citations"], *(one for t in body["tensions"] for one in t["citations"])]
                told = {name for name in texts for one in cited if one["quote"] in texts[name]}
                html = shown.json()["data"][0]
                mixed = any(new in html for new in CHANGES.values()) and any(old in html for old in CHANGES)
                if len(told) > 1 or mixed or (cited and not told):
                    faults.append(body)
                seen.extend(told)

    with running(place) as program:
        threads = [threading.Thread(target=keep_asking, args=(program.address, n)) for n in range(6)]
        for thread in threads:
            thread.start()
        try:
            for name in ("b", "a", "b"):
                time.sleep(0.5)
                put(versions / name, place)
                if name == "a":
                    program.process.send_signal(signal.SIGHUP)  # at once, not at the next look
                program.become(status="ready", document=hashes[name])
                page = httpx.get(program.address + "/").text
                assert ("archive in Oakville" in page) is (name == "b")
                assert ("library in Oakville" in page) is (name == "a")
                assert hashes[name] in page
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert faults == []
        assert seen.count("a") > 20
        assert seen.count("b") > 20
        assert [one["document"] for one in program.events() if one["event"] == "swap"][-1] == hashes["b"]
        program.stop()


@pytest.mark.parametrize("what", ["document", "half an index", "flipped bit", "no index", "no corpus", "manifest"])
def test_what_cannot_be_used_is_refused_and_the_old_one_goes_on(versions: Path, place: Path, what: str) -> None:
    live = Live.load(Settings(corpus=place / "corpus", index=place / "index"))
    bot, before = live.bot, live.about()
    index, source = place / "index", place / "corpus" / "source.txt"
    if what == "document":
        put(versions / "b", place, only="corpus")
    elif what == "half an index":
        (index / "vectors.faiss").write_bytes((index / "vectors.faiss").read_bytes()[:-500])
    elif what == "flipped bit":
        data = bytearray((index / "lexical.safetensors").read_bytes())
        data[5000] ^= 1
        (index / "lexical.safetensors").write_bytes(data)
    elif what == "no index":
        shutil.rmtree(index)
    elif what == "no corpus":
        source.unlink()
    elif what == "manifest":
        (index / "manifest.json").write_text("{", encoding="utf-8")
    live.check()
    assert live.state.status == "degraded"
    assert live.state.reason
    assert str(place.parent) not in live.state.reason  # where things lie is not told to everybody
    assert (live.bot is bot, live.about()) == (True, before)
    assert live.bot.ask("what can i borrow").citations[0].passage.text in SOURCE
    live.check()  # nothing new: nothing is read again
    shutil.rmtree(place)
    shutil.copytree(versions / "b", place, ignore=shutil.ignore_patterns(".*"))
    live.check()
    assert live.state.status == "ready"
    assert "archive" in live.bot.document.source


def test_a_degraded_server_says_so_and_why(versions: Path, place: Path) -> None:
    with running(place) as program:
        ready = program.health()
        assert (ready["status"], "reason" in ready) == ("ready", False)
        put(versions / "b", place, only="corpus")
        degraded = program.become(status="degraded")
        assert "make index" in degraded["reason"]
        assert {**degraded, "status": "ready"} == {**ready, "reason": degraded["reason"]}
        assert httpx.head(program.address + "/health").status_code == 200
        program.stop()
        refused = [one for one in program.events() if one["event"] == "swap refused"]
        assert len(refused) >= 1
        assert refused[-1]["reason"] == degraded["reason"]


def test_a_document_and_an_index_read_at_two_moments_are_refused(
    versions: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is read, then everything is replaced, then the index is read: both good, together wrong."""
    import faqbot.bot

    settings = Settings(corpus=place / "corpus", index=place / "index")
    read = faqbot.bot.load_document

    def then_replaced(folder: Path) -> Any:
        document = read(folder)
        put(versions / "b", place)
        return document

    monkeypatch.setattr(faqbot.bot, "load_document", then_replaced)
    with pytest.raises(FaqBotError, match="changed while it was read"):
        FaqBot.load(settings)


def test_an_index_swapped_while_it_is_read_is_refused(
    versions: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faqbot.index

    read = faqbot.index._read_rows

    def then_replaced(path: Path) -> Any:
        rows = read(path)
        put(versions / "b", place, only="index")
        return rows

    monkeypatch.setattr(faqbot.index, "_read_rows", then_replaced)
    with pytest.raises(FaqBotError, match=r"took its place|says"):
        FaqBot.load(Settings(corpus=place / "corpus", index=place / "index"))


def test_who_only_reads_does_not_disturb_a_build_between_its_two_renames(place: Path) -> None:
    from faqbot.swap import build_lock, recover

    (place / "index").rename(place / ".index-old")
    with build_lock(place / "index"):
        begun = time.monotonic()
        threading.Timer(0.3, lambda: (place / ".index-old").rename(place / "index")).start()  # as the builder does
        recover(place / "index")
        assert time.monotonic() - begun < 10
    assert (place / "index" / "manifest.json").exists()


# ---- the log and the end


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_answered_before_the_end(place: Path, how: int) -> None:
    with running(place) as program:
        host, port = program.address.removeprefix("http://").split(":")
        body = json.dumps({"q": "what can i borrow"}).encode()
        with socket.create_connection((host, int(port)), timeout=20) as one:
            one.sendall(b"POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
            time.sleep(0.3)
            program.process.send_signal(how)
            time.sleep(0.5)
            assert program.process.poll() is None
            with pytest.raises(OSError, match="refused"):  # nobody new
                socket.create_connection((host, int(port)), timeout=5).close()
            one.sendall(body[5:])
            data = b""
            while part := one.recv(65536):
                data += part
        assert b" 200 " in data.splitlines()[0]
        assert b"library lends" in data
        assert program.process.wait(timeout=20) in (0, -how)
        program._reader.join(timeout=10)
        assert [one["event"] for one in program.events()] == ["start", "stop"]


@pytest.mark.parametrize("level", ["debug", "info"])
def test_every_line_of_the_log_is_json_and_none_quotes_a_question(place: Path, level: str) -> None:
    with running(place, FAQBOT_LOG_LEVEL=level) as program:
        with httpx.Client(base_url=program.address) as client:
            client.post("/ask", json={"q": SECRET})
            client.post("/ask", json={"turns": [SECRET, SECRET]})
            client.post("/ask", content=SECRET.encode() + b"{")
            client.get(f"/?q={SECRET}")
            client.get("/" + SECRET)
            for data in ([SECRET, "[]"], [SECRET], [], [SECRET] * 9, [None, SECRET], [[SECRET], SECRET]):
                for fn_index in (0, 1, 2, 99, -1, SECRET):
                    client.post(PREDICT, json={"data": data, "fn_index": fn_index, "session_hash": SECRET})
                client.post("/gradio_api/run/ask", json={"data": data})
                client.post("/gradio_api/queue/join", json={"data": data, "fn_index": 2, "session_hash": SECRET})
            client.get("/gradio_api/queue/data", params={"session_hash": SECRET}, timeout=5)
        with socket.create_connection(program.address.removeprefix("http://").split(":"), timeout=5) as one:
            one.sendall(b"nonsense " + SECRET.encode() + b"\r\n\r\n")
            one.recv(1000)
        program.stop()
        lines = program.events()
        assert {one["event"] for one in lines} >= {"start", "stop"}
        assert all({"time", "level", "event"} <= one.keys() for one in lines)
        assert "Zanzibar" not in "".join(program.said)
        assert "x4711x" not in "".join(program.said)  # no hash can hold an x
        if level == "debug":
            assert any(one["event"] == "fault" for one in lines)  # Gradio's tracebacks came, without their words
        assert program.process.stdout is not None
        assert program.process.stdout.read() == ""


# ---- counting


def test_nothing_is_counted_unless_asked_for(place: Path) -> None:
    before = sorted(place.rglob("*"))
    with running(place) as program:
        httpx.post(program.address + "/ask", json={"q": "1"})
        program.stop()
    assert sorted(place.rglob("*")) == before


def test_counts_hold_outcomes_and_hits_by_the_hour_and_survive_a_restart(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    for _ in range(2):
        with running(place, "--count", str(path)) as program:
            with httpx.Client(base_url=program.address) as client:
                for q in ("1", "3", "1.2", SECRET, "call 414-555-0199 about me"):
                    assert client.post("/ask", json={"q": q}).status_code == 200
                client.post(PREDICT, json={"data": ["1", "[]", ""], "fn_index": 0, "session_hash": "a"})
            program.stop()
    text = path.read_text(encoding="utf-8")
    hours = json.loads(text)["hours"]
    assert all(len(hour) == len("2026-01-01T00") for hour in hours)
    total = {name: sum(one["hits"].get(name, 0) for one in hours.values()) for name in ("1", "2", "3")}
    assert (total["1"], total["3"]) == (6, 2)
    assert sum(one["questions"] for one in hours.values()) == 12
    assert sum(one["outcomes"].get("lookup", 0) for one in hours.values()) == 8
    assert sum(one["outcomes"]["personal_details"] for one in hours.values()) == 2
    for leak in ("Zanzibar", "x4711x", "414", "127.0.0.1", "library"):
        assert leak not in text
    assert set().union(*(one.keys() for one in hours.values())) == {"questions", "outcomes", "hits"}


def test_a_count_file_that_is_not_one_or_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    first = Count(path)
    with pytest.raises(FaqBotError, match="another process"):
        Count(path)
    first.close()
    Count(path).close()
    for bad in ("", "{", "[]", '{"format": 2}', '{"format": 1, "hours": {"x": 7}}'):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(FaqBotError, match="not a file of counts"):
            Count(path)
        assert path.read_text(encoding="utf-8") == bad
    with pytest.raises(FaqBotError, match="cannot be written"):
        Count(path / "counts.json")


def test_old_hours_are_dropped_and_a_full_disk_loses_nothing(tmp_path: Path, bot: FaqBot, monkeypatch: Any) -> None:
    now = [0.0]
    count = Count(tmp_path / "counts.json", clock=lambda: now[0])
    answer = bot.ask("7")
    for hour in range(KEPT_HOURS + 5):
        now[0] = hour * 3600.0
        count.add(answer)
    replace = os.replace

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="space"):
        count.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".counts.json.lock", "counts.json"]
    monkeypatch.setattr(os, "replace", replace)
    count.save()
    assert len(json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))["hours"]) == KEPT_HOURS
