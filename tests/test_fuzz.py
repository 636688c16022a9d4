"""Two thousand messages and two thousand documents that nobody would write: right or silent, and never a traceback."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from contract import check_contract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faqbot.bot import LONGEST_MESSAGE, FaqBot
from faqbot.document import Document, Text, load_document
from faqbot.errors import CorpusError
from faqbot.render import to_json, to_text
from faqbot.schema import Answer
from faqbot.settings import ROOT
from faqbot.view import turn

MESSAGES, DOCUMENTS, OVER_HTTP = 2_000, 2_000, 200
MOST_GROWTH = 90e6  # bytes of memory over all messages of a test, after a hundred of each kind to warm up

SCRIPTS = "ابجد עברית हिन्दी 中文字 ひらがな 한국어 ไทย Ελληνικά кириллица አማርኛ ქართული"
WORDS = "ICE share my data benefits tell me 7 Q5 item 3 ¿me avisan? pregunta 8 list all 5.3 1-20 no not 414-555-0199"
every_plane = st.text(st.characters(), max_size=200)  # surrogates too
lone_surrogates = st.text(st.characters(categories=["Cs"]) | st.sampled_from("a 7?"), min_size=1, max_size=50)
planes = st.lists(
    st.integers(0, 0x10).flatmap(lambda plane: st.integers(plane << 16, (plane << 16) + 0xFFFF)), max_size=80
)
combining = st.text(st.characters(categories=["Mn", "Me", "Ll"]), max_size=300)
turned = st.text(st.sampled_from("\u202e\u202d\u2066\u2069\u200f\u061cאבג7?.data "), max_size=200)
emoji = st.text(st.sampled_from("😀🧊👮🏽‍♀️🇺🇸🏳️‍🌈👩‍👩‍👧‍👦\ufe0f\u200d❤"), min_size=1, max_size=300)
controls = st.text(st.characters(categories=["Cc", "Cf"]) | st.sampled_from("\0share my data"), max_size=200)
mixed = st.lists(st.sampled_from((SCRIPTS + " " + WORDS).split()), max_size=60).map(" ".join)
long = st.tuples(st.text(st.characters(), min_size=1, max_size=9) | mixed, st.integers(1, 100_000)).map(
    lambda one: ((one[0] or "x") * (one[1] // max(len(one[0]), 1) + 1))[: one[1]]
)
longest = st.sampled_from(["a", "7", "é", "\u0301", "😀", "ICE ", "(", "\n", "1.", "a@", "٣"]).map(
    lambda one: (one * 100_000)[:100_000]
)
messages = st.one_of(
    every_plane,
    lone_surrogates,
    planes.map(lambda codes: "".join(map(chr, codes))),
    combining,
    turned,
    emoji,
    controls,
    mixed,
    mixed,
    long,
    longest,
    st.tuples(mixed, every_plane).map("".join),
)
many = settings(
    max_examples=MESSAGES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


class Memory:
    """How much this process has grown since it was warm."""

    def __init__(self) -> None:
        self.count, self.base = 0, 0

    def note(self) -> None:
        self.count += 1
        if self.count == 300:
            self.base = psutil.Process().memory_info().rss

    def check(self) -> None:
        assert self.count > 300
        growth = psutil.Process().memory_info().rss - self.base
        assert growth < MOST_GROWTH, f"{growth / 1e6:.0f} MB more after {self.count} messages"


def check_answer(answer: Answer, document: Document) -> None:
    """The contract, every span by the text that it claims to quote, and every way of showing it."""
    translation = document.translation("es")
    check_contract(to_json(answer), document.source, spanish=translation and translation.source)
    for citation in (*answer.citations, *(one for tension in answer.tensions for one in tension.citations)):
        passage = citation.passage
        assert document.source[passage.start : passage.end] == passage.text
    assert len(answer.query) <= LONGEST_MESSAGE
    json.dumps(to_json(answer), ensure_ascii=False).encode()
    to_text(answer, document).encode()
    turn(answer, document, key="abc").encode()


@pytest.mark.trust
def test_two_thousand_messages_get_a_true_answer_or_none(bot: FaqBot) -> None:
    memory = Memory()

    @many
    @given(messages, st.lists(messages, max_size=2), st.sampled_from([None, "en", "es"]))
    def ask(message: str, history: list[str], language: Any) -> None:
        check_answer(bot.ask(message, history, language=language), bot.document)
        memory.note()

    ask()
    memory.check()


@pytest.mark.trust
def test_two_hundred_of_them_over_http(bot: FaqBot, server: str) -> None:
    seen: set[int] = set()

    with httpx.Client(base_url=server, timeout=60) as client:

        @settings(many, max_examples=OVER_HTTP)
        @given(messages, st.lists(messages, max_size=2), st.booleans())
        def ask(message: str, history: list[str], escaped: bool) -> None:
            body = json.dumps({"turns": [*history, message]}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
            response = client.post("/ask", content=body)
            seen.add(response.status_code)
            assert "Traceback" not in response.text
            if response.status_code == 200:
                check_contract(response.json(), bot.document.source, spanish=bot.document.translations[0].source)
            else:
                assert set(response.json()) == {"error"}

        ask()
        assert client.get("/health").json()["status"] == "ready"
    assert 200 in seen
    assert seen <= {200, 400, 413}


# ---- documents


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A file with one to four things wrong with it."""
    for _ in range(dice.randint(1, 4)):
        lines = data.split(b"\n")
        one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        place = dice.randrange(len(data)) if data else 0
        match dice.randrange(12):
            case 0:
                data = data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]
            case 1:
                data = data[:place] + dice.randbytes(dice.randint(1, 40)) + data[place:]
            case 2:
                data = data[:place]
            case 3:
                data = b"\n".join(lines[:one] + lines[one + 1 :])
            case 4:
                data = b"\n".join([*lines[:one], lines[one], *lines[one:]])
            case 5:
                lines[one], lines[other] = lines[other], lines[one]
                data = b"\n".join(lines)
            case 6:
                data = re.sub(rb"\d", lambda _: b"%d" % dice.randrange(10), data, count=dice.randint(1, 9))
            case 7:
                lines[one] = lines[one][: dice.randrange(len(lines[one]) + 1)]
                data = b"\n".join(lines)
            case 8:
                data = data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b" ", b"\v", "\u2028".encode()]))
            case 9:
                form = dice.choice(["utf-16", "utf-8-sig", "latin-1", "utf-32", "cp037"])
                data = data.decode("utf-8", "replace").encode(form, "replace")
            case 10:
                lines[one] = lines[one].replace(b"?", b"").replace(b".", b"", 1)
                data = b"\n".join(lines)
            case _:
                lines.insert(one, dice.choice([b"\0", b"21. What is new?", b"1. One?", b"99999999999. x?", b"Risks:"]))
                data = b"\n".join(lines)
    return data


def check_text(text: Text) -> None:
    assert [question.number for question in text.questions] == list(range(1, len(text.questions) + 1))
    for question in text.questions:
        assert text.source[question.start : question.end] == question.text
        assert question.passages
    for passage in text.passages:
        assert text.source[passage.start : passage.end] == passage.text
        assert passage.text.strip()
        for span in passage.sentences:
            assert passage.start <= span.start < span.end <= passage.end


@pytest.mark.trust
def test_two_thousand_spoiled_documents_are_refused_in_words_or_true(tmp_path: Path) -> None:
    import hashlib

    dice, base = random.Random(5), ROOT / "corpus" / "wisconsin"
    for name in ("document.toml", "source.txt", "source.es.txt"):
        shutil.copy(base / name, tmp_path / name)
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in good.items()}
    refused: list[str] = []
    read = 0
    for number in range(DOCUMENTS):
        files = dict(good)
        name = dice.choice(["source.txt"] * 6 + ["source.es.txt", "document.toml"])
        files[name] = mutated(good[name], dice)
        about = files["document.toml"]
        if name != "document.toml" and dice.random() < 0.9:  # with the right hash, so that more than the hash is tried
            about = about.replace(hashes[name].encode(), hashlib.sha256(files[name]).hexdigest().encode())
        if name == "source.txt":  # without the translation, which would refuse nearly everything by its build
            del files["source.es.txt"]
            about = about.split(b"[translation", 1)[0]
        files["document.toml"] = about
        for path in tmp_path.iterdir():
            path.unlink()
        for one, data in files.items():
            (tmp_path / one).write_bytes(data)
        try:
            document = load_document(tmp_path)
        except CorpusError as error:
            refused.append(str(error))
        except Exception as error:
            raise AssertionError(f"document {number}, {name}: {error!r}") from error
        else:
            read += 1
            for text in (document, *document.translations):
                check_text(text)
    place = re.compile(rf"{re.escape(str(tmp_path))}/(?:document\.toml|source(?:\.es)?\.txt)(?::\d+)?: \S")
    assert [one for one in refused if not place.match(one)] == []
    assert len(refused) > 500  # both were tried
    assert read > 200
