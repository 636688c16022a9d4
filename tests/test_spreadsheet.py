"""A batch of questions in a CSV file, as spreadsheets write it, and the answers in one that is safe to open."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from faqbot.bot import FaqBot
from faqbot.errors import UsageError
from faqbot.render import citation_label, source_card
from faqbot.spreadsheet import Sheet, read_sheet, write_sheet

TOLD = "will they tell me if my data is shared?"
AVISAN = "¿me avisan si comparten mis datos, o no?"


def run(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "faqbot", "ask", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def asked(data: bytes) -> list[tuple[int, str, str]]:
    return [(line.number, line.id, line.question) for line in read_sheet(data, "f.csv").lines]


# ---- reading


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["question", "Q", " Pregunta "])
def test_what_spreadsheets_write_is_read(mark: bytes, delimiter: str, end: str, name: str) -> None:
    lines = [f"note,{name},id", f'x,"{AVISAN}",a1', '"y","two', 'lines, ""quoted""",2', "", ",,", "z,5.3,"]
    text = end.join(lines).replace(",", delimiter).replace(AVISAN.replace(",", delimiter), AVISAN)
    found = asked(mark + text.encode())
    joined = f'two{end}lines{delimiter} "quoted"'.strip()
    assert [(name, words) for _, name, words in found] == [("a1", AVISAN), ("2", joined), ("", "5.3")]
    if end != "\r":
        assert [number for number, _, _ in found] == [2, 3, 7]
    assert read_sheet(mark + text.encode(), "f").delimiter == delimiter


@pytest.mark.parametrize(
    "data",
    [
        b"how long, and who?\nwhat is shared\n",
        b"\xef\xbb\xbfhow long, and who?\r\n\r\nwhat is shared",
        b'"how long, and who?"\nwhat is shared\n',
        b"question\nhow long, and who?\nwhat is shared\n",
        b"Preguntas\nhow long, and who?\nwhat is shared\n",
    ],
)
def test_one_column_needs_no_heading(data: bytes) -> None:
    assert [words for _, _, words in asked(data)] == ["how long, and who?", "what is shared"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no question"),
        (b"\n \n", "no question"),
        (b"1,how long\n2,who\n", "f.csv:1: no column is called question"),
        (b"id;text\n2;who\n", "f.csv:1: no column"),
        ("question\nhow long".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_without_questions_says_so(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_sheet(data, "f.csv")


def test_a_bad_row_is_reported_and_the_rest_go_on() -> None:
    data = b'id,question\n1,7\n2,\n3,how, long\n4,"who" is it\n5,caf\xe9\n6\n,8\n7,"never closed\n8,9\n'
    lines = read_sheet(data, "f.csv").lines
    assert [(line.number, line.id) for line in lines if not line.error] == [(2, "1"), (8, "")]
    assert [(line.number, line.id, line.error.split(";")[0]) for line in lines if line.error] == [
        (3, "2", "no question"),
        (4, "3", "3 cells where the heading has 2"),
        (5, "", "a quotation mark is not closed, or text follows the closing one"),
        (6, "", "not in UTF-8"),
        (7, "6", "no question"),
        (9, "", "a quotation mark is not closed, or text follows the closing one"),
    ]


# ---- writing


def written(bot: FaqBot, data: bytes) -> list[dict[str, str]]:
    sheet = read_sheet(data, "f.csv")
    output = io.StringIO(newline="")
    answers = [None if line.error else bot.ask(line.question) for line in sheet.lines]
    write_sheet(output, sheet, answers, bot.document, path="f.csv")
    return rows(output.getvalue().encode(), sheet.delimiter)


@pytest.mark.parametrize("question", [TOLD, AVISAN, "7", "what is for lunch", "tell me about the data", "list"])
def test_a_row_holds_the_whole_answer(bot: FaqBot, question: str) -> None:
    row = written(bot, f'id;question\na1;"{question}"'.encode())[0]
    answer = bot.ask(question)
    language = answer.language
    assert (row["id"], row["question"], row["error"]) == ("a1", question, "")
    assert (row["outcome"], row["confidence"]) == (answer.outcome, answer.confidence or "")
    assert (row["language"], row["message"]) == (language, answer.message)
    claimed = () if answer.outcome == "did_you_mean" else answer.citations
    for n, citation in enumerate(claimed, 1):
        shown = citation.shown
        assert row[f"citation_{n}"] == f"{citation_label(shown.passage, language)}: {shown.question_text}"
        assert (row[f"marked_{n}"], row[f"quote_{n}"]) == (shown.marked_text, shown.passage.text)
        assert row[f"scope_{n}"] == citation.passage.scope
        assert row[f"original_{n}"] == (citation.passage.text if language == "es" else "")
    assert f"citation_{len(claimed) + 1}" not in row
    for tension in answer.tensions:
        assert tension.note in row["other_side"]
        for side in tension.citations:
            label = citation_label(side.shown.passage, language)
            assert f"“{side.shown.marked_text}” ({label})" in row["other_side"]
    assert bool(row["other_side"]) == bool(answer.tensions)
    for number in answer.offered or answer.related:
        assert bot.document.text_for(language).question(number).text in row["questions_to_try"]
    for line in source_card(bot.document, language):
        assert line in row["document"]


def test_personal_details_are_not_echoed(bot: FaqBot) -> None:
    row = written(bot, b"question\nmy ssn is 123-45-6789")[0]
    assert (row["outcome"], row["question"]) == ("personal_details", "")
    assert "6789" not in "".join(row.values())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "＝"])
def test_no_cell_is_a_formula(bot: FaqBot, start: str) -> None:
    cell = f'{start}HYPERLINK(""x"")'
    row = written(bot, f'id,question\n"{cell}","{cell} how long is it kept?"'.encode())[0]
    assert row["id"] == f"'{cell.strip()}".replace('""', '"')
    assert row["question"].startswith("'")
    assert written(bot, b"id,question\n-5,how long is it kept?")[0]["id"] == "-5"


def test_no_cell_of_any_answer_begins_a_formula(bot: FaqBot) -> None:
    data = "question\n" + "\n".join(str(one.number) for one in bot.document.questions)
    for row in written(bot, data.encode()):
        assert not [cell for cell in row.values() if cell[:1] in tuple("=+-@\t\r")]


# ---- the command


def test_batch_to_a_file_and_to_stdout(tmp_path: Path) -> None:
    path, out = tmp_path / "q.CSV", tmp_path / "a.csv"
    path.write_bytes(f"id;question\n1;{TOLD}\n2;\n".encode())
    done = run("--batch", path, "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert out.read_bytes().startswith(b"\xef\xbb\xbfid;question;")
    printed = run("--batch", "-", "--csv", stdin=path.read_bytes())
    assert printed.stdout.startswith(b"id;question;")
    first, second = rows(out.read_bytes(), ";")
    assert first["citation_1"].startswith("Question 8, item 1: ")
    assert second["error"] == f"{path}:3: no question"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["who", "--csv"], "go with a CSV batch"),
        (["--batch", "q.jsonl", "--json", "-o", "x"], "go with a CSV batch"),
        (["--batch", "no-such.csv"], "no-such.csv"),
        (["--batch", "{q}", "--json"], "Leave out --json"),
        (["--batch", "{q}", "-o", "{q}"], "file of the questions"),
        (["--batch", "{q}", "-o", "no-such-folder/a.csv"], "no-such-folder"),
    ],
)
def test_bad_usage(tmp_path: Path, arguments: list[str], says: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text("question\n7\n", encoding="utf-8")
    done = run(*(one.replace("{q}", str(path)) for one in arguments))
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert path.read_text(encoding="utf-8") == "question\n7\n"


def test_500_lines_take_less_than_30_seconds(bot: FaqBot, tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    asks = [question.text for question in bot.document.questions] + [TOLD, AVISAN, "what is for lunch", "5.3", "list"]
    path.write_text("question\n" + "\n".join(f'"{one}"' for one in (asks * 20)), encoding="utf-8")
    started = time.monotonic()
    done = run("--batch", path)
    assert time.monotonic() - started < 30
    assert len(rows(done.stdout)) == 500


def test_a_sheet_keeps_the_separator_of_its_questions() -> None:
    sheet: Any = read_sheet(b"question;id\nx;1", "f")
    assert isinstance(sheet, Sheet)
    assert sheet.delimiter == ";"
