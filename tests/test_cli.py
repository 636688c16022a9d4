"""The command line as a person and as a script meet it: exit codes, the JSON contract, batches, builds."""

import json
import os
import subprocess
import sys
import time

import pytest
from contract import check_contract
from tiny import write_corpus

from faqbot.corpus import load_corpus
from faqbot.document import load_document
from faqbot.settings import Settings

DOCUMENT = load_document(Settings().corpus)
TEXTS = {"source": DOCUMENT.source, "spanish": DOCUMENT.text_for("es").source}


def run(*arguments, stdin=None, timeout=120, **environment):
    return subprocess.run(
        [sys.executable, "-m", "faqbot", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        env=os.environ | environment,
        check=False,
    )


def batch(lines, *arguments):
    done = run("ask", "--json", "--batch", "-", *arguments, stdin="\n".join(lines))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- one question ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code", "outcome"),
    [
        ("how long does ICE keep the data", 0, "answered"),
        ("5.3", 0, "lookup"),
        ("list all questions", 0, "list"),
        ("hello", 0, "small_talk"),
        ("Q21", 3, "out_of_range"),
        ("what documents do I need for a green card", 3, "not_covered"),
        ("", 3, "empty"),
    ],
)
def test_exit_codes_and_json(message, code, outcome):
    done = run("ask", message, "--json")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") == 1
    data = json.loads(done.stdout)
    check_contract(data, **TEXTS)
    assert (data["query"], data["outcome"]) == (message, outcome)


def test_readable_answer():
    done = run("ask", "Q5 item 3")
    assert done.returncode == 0
    for part in ("Question 5", "Data Use Agreements: Before sharing any", "item 3", "Not a government"):
        assert part in done.stdout
    assert "\033" not in done.stdout  # no colour where there is no terminal


def test_readable_answer_in_spanish():
    done = run("ask", "¿me avisan cuando comparten mis datos?")
    for part in ("Pregunta 8, punto 1", "»En la mayoría de los casos, no se notifica", "Traducción no oficial"):
        assert part in done.stdout
    assert "Original en inglés: In most cases, individuals are not directly notified" in done.stdout
    assert "No es un documento del gobierno" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["ask"],
        ["ask", "who", "--batch", "file"],
        ["ask", "--batch", "file"],
        ["ask", "--batch", "no-such-file", "--json"],
        ["ask", "who", "--colour"],
        ["serve", "--port", "many"],
        ["build", "please"],
    ],
    ids=" ".join,
)
def test_bad_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["ask", "who", "--corpus", "no-such-folder"], {}, "no-such-folder"),
        (["ask", "who", "--index", "no-such-folder"], {}, "make index"),
        (["ask", "who"], {"FAQBOT_CORPUS": "no-such-folder"}, "no-such-folder"),
        (["ask", "who", "--embedder", "some/model"], {}, "make index"),
        (["build", "--quiet", "--corpus", "no-such-folder"], {}, "no-such-folder"),
        (["ask", "who"], {"FAQBOT_PORT": "many"}, "FAQBOT_PORT"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_failures_are_one_paragraph(arguments, environment, says):
    done = run(*arguments, **environment)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


# ---- batches -----------------------------------------------------------------------------------------


def test_batch_keeps_order_and_ids():
    got = batch(
        [
            '{"id": "a", "q": "how long does ICE keep the data"}',
            "",
            '{"id": 2, "turns": ["what data do they share", "and how long do they keep it?"]}',
            '{"q": "Q5"}',
            '{"id": "á🙂", "q": "¿me avisan?"}',
            '{"id": "empty", "q": ""}',
            '{"id": "odd", "q": "\\ud800 \\u0000 x"}',
        ]
    )
    assert [row.get("id") for row in got] == ["a", 2, None, "á🙂", "empty", "odd"]
    for row in got:
        check_contract(row, **TEXTS)
    assert [row["ranking"][:1] for row in got[:5]] == [[9], [9], [5], [8], []]
    assert got[1]["query"] == "and how long do they keep it?"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("not json", None),
        ("[1, 2]", None),
        ('"text"', None),
        ("null", None),
        ('{"id": 1}', 1),
        ('{"id": 2, "q": 5}', 2),
        ('{"id": 3, "q": "a", "turns": ["b"]}', 3),
        ('{"id": 4, "turns": []}', 4),
        ('{"id": 5, "turns": ["a", 1]}', 5),
        ('{"id": 6, "turns": "a"}', 6),
        ('{"id": 7, "q": null}', 7),
        ('{"id": 8, "q": "a"', None),
        ("[" * 100_000, None),
        ('{"id": 9, "q": ' + "9" * 5_000 + "}", None),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_bad_line_gets_an_error_and_the_rest_go_on(line, name):
    before, bad, after = batch(['{"id": "before", "q": "Q1"}', line, '{"id": "after", "q": "Q2"}'])
    assert set(bad) == {"id", "error"}
    assert bad["id"] == name
    assert bad["error"]
    assert (before["id"], after["id"], after["outcome"]) == ("before", "after", "lookup")


def test_bytes_that_are_not_text(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1, "q": "Q1"}\r\n{"id": 2, "q": "\xff\xfe"}\n{"id": 3, "q": "Q3"}')
    done = run("ask", "--json", "--batch", path)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["outcome"], third["outcome"]) == ("lookup", "lookup")  # with a byte order mark and CRLF
    assert set(second) == {"id", "error"}


def test_500_lines_take_less_than_30_seconds():
    corpus = load_corpus(Settings().corpus)
    texts = [one.text for one in (*corpus.phrasings, *corpus.unanswerable)][::20][:500]
    assert len(texts) == 500
    started = time.monotonic()
    got = batch([json.dumps({"id": number, "q": text}) for number, text in enumerate(texts)])
    assert time.monotonic() - started < 30
    assert [(row["id"], row["query"]) for row in got] == list(enumerate(texts))


def test_a_reader_that_goes_away():
    """As `| head -1` does: no traceback, no hang."""
    lines = "\n".join(json.dumps({"id": number, "q": "Q20"}) for number in range(500))
    command = [sys.executable, "-m", "faqbot", "ask", "--json", "--batch", "-"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    process.stdin.write(lines)
    process.stdin.close()
    assert json.loads(process.stdout.readline())["id"] == 0
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) != 0
    assert errors == ""


# ---- build -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_build_and_build_if_stale(tmp_path):
    places = ["--corpus", write_corpus(tmp_path / "corpus"), "--index", tmp_path / "index"]
    first = run("build", "--if-stale", "--quiet", *places)
    assert first.returncode == 0, first.stderr
    assert "no index here" in first.stdout
    assert run("ask", "what can i borrow", *places).returncode == 0

    written = (tmp_path / "index" / "manifest.json").stat().st_mtime_ns
    started = time.monotonic()
    fresh = run("build", "--if-stale", *places)
    assert (fresh.returncode, fresh.stderr) == (0, "")
    assert time.monotonic() - started < 3
    assert (tmp_path / "index" / "manifest.json").stat().st_mtime_ns == written

    with (tmp_path / "corpus" / "unanswerable.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"q": "do you sell tea", "kind": "near_tea", "author": "one"}\n')
    refused = run("ask", "what can i borrow", *places)
    assert (refused.returncode, "make index" in refused.stderr) == (1, True)
    again = run("build", "--if-stale", *places)
    assert again.returncode == 0
    assert "unanswerable.jsonl" in again.stdout
    assert run("ask", "what can i borrow", *places).returncode == 0
