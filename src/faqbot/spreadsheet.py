"""Questions in a CSV file, answers in a CSV file: what caseworkers keep lists in. Knows no bot and opens no file.

Reading forgives: a byte order mark, commas, semicolons or tabs, quoted line breaks, or one column without a heading.
Writing is safe to open: a cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from faqbot import texts
from faqbot.document import Document
from faqbot.errors import UsageError
from faqbot.render import citation_label, questions_listed, source_card
from faqbot.schema import Answer, Citation, ShownTension

QUESTION_NAMES = ("question", "q", "questions", "pregunta", "preguntas")
_BEFORE = ("id", "question", "language", "outcome", "confidence", "message")
_CITED = ("citation", "marked", "quote", "scope", "original")  # of each passage: citation_1, marked_1, ...
_AFTER = ("other_side", "questions_to_try", "document", "error")
_DELIMITERS = (",", ";", "\t")
_NONE = "\x1f"  # separates nothing: for a file of one column, where a comma is a comma
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: a question, or what is wrong with the row. `number` is the line that it begins in."""

    number: int
    id: str
    question: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file and the character between its cells, which is used in the answers as well."""

    delimiter: str
    lines: tuple[Line, ...]


def read_sheet(data: bytes, path: object) -> Sheet:
    """Read a file's bytes; raises UsageError, with the file's name, when it has no questions at all."""
    if data.startswith(_UTF16):
        raise UsageError(f"{path}: this is UTF-16. Save it as CSV in UTF-8 and try again.")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    for delimiter in _DELIMITERS:
        rows = list(_rows(text, delimiter))
        names = [cell.strip().lower() for cell in rows[0].cells] if rows else []
        question = next((names.index(name) for name in QUESTION_NAMES if name in names), None)
        if question is not None and len(names) == 1:
            return Sheet(",", tuple(_line(row, 0, None, 1) for row in list(_rows(text, _NONE))[1:]))
        if question is not None:
            id_place = names.index("id") if "id" in names else None
            return Sheet(delimiter, tuple(_line(row, question, id_place, len(names)) for row in rows[1:]))
    for delimiter in _DELIMITERS:
        widths = {len(row.cells) for row in _rows(text, delimiter)}
        if len(widths) == 1 and widths != {1} and text.count("\n") > 1:
            raise UsageError(
                f"{path}:1: no column is called question or q. Name the columns in the first line, such as: id,question"
            )
    lines = tuple(_line(row, 0, None, 1) for row in _rows(text, _NONE))
    if not lines:
        raise UsageError(f"{path}: there is no question in it. Write one in each line.")
    return Sheet(",", lines)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: tuple[str, ...]
    error: str = ""


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    """Every row that is not blank; a row that cannot be read has an error instead of cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _Row(number, (), "a quotation mark is not closed, or text follows the closing one")
        else:
            if any(cell.strip() for cell in cells):
                yield _Row(number, tuple(cells))


def _line(row: _Row, question: int, id_place: int | None, columns: int) -> Line:
    cells = [cell.strip() for cell in row.cells]
    name = cells[id_place] if id_place is not None and id_place < len(cells) else ""
    error = row.error
    if not error and any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
        return Line(row.number, "", "", "not in UTF-8; save the file as CSV in UTF-8")
    if not error and len(cells) > columns:
        error = f"{len(cells)} cells where the heading has {columns}; put a question with a comma in quotes"
    if not error and (len(cells) <= question or not cells[question]):
        error = "no question"
    return Line(row.number, name, "" if error else cells[question], error)


def write_sheet(
    output: TextIO, sheet: Sheet, answers: Sequence[Answer | None], document: Document, *, path: object
) -> None:
    """Write one row for each line, in order: its answer, or what is wrong with it where there is none."""
    most = max((len(_claimed(answer)) for answer in answers if answer), default=0)
    cited = [f"{name}_{n}" for n in range(1, most + 1) for name in _CITED]
    writer = csv.DictWriter(output, (*_BEFORE, *cited, *_AFTER), restval="", delimiter=sheet.delimiter)
    writer.writeheader()
    for line, answer in zip(sheet.lines, answers, strict=True):
        row = _row(answer, document) if answer else {"error": f"{path}:{line.number}: {line.error}"}
        writer.writerow({name: _safe(cell) for name, cell in ({"id": line.id} | row).items()})


def _row(answer: Answer, document: Document) -> dict[str, str]:
    """`answer.query` stands for the question: it is empty where that held personal details."""
    text = document.text_for(answer.language)
    row = {
        "question": answer.query,
        "language": answer.language,
        "outcome": answer.outcome,
        "confidence": answer.confidence or "",
        "message": answer.message,
        "other_side": "\n\n".join(_other_side(tension, answer) for tension in answer.tensions),
        "questions_to_try": "\n".join(f"{n}. {text.question(n).text}" for n in questions_listed(answer)),
        "document": " · ".join(source_card(document, answer.language)),
    }
    for n, citation in enumerate(_claimed(answer), 1):
        cells = _citation_cells(citation, answer)
        row |= {f"{name}_{n}": cell for name, cell in zip(_CITED, cells, strict=True)}
    return row


def _claimed(answer: Answer) -> tuple[Citation, ...]:
    """The passages that answer; an offer of questions claims none."""
    return () if answer.outcome == "did_you_mean" else answer.citations


def _citation_cells(citation: Citation, answer: Answer) -> tuple[str, ...]:
    shown = citation.shown
    label = f"{citation_label(shown.passage, answer.language)}: {shown.question_text}"
    original = citation.passage.text if citation.translation else ""
    return label, shown.marked_text, shown.passage.text, citation.passage.scope, original


def _other_side(tension: ShownTension, answer: Answer) -> str:
    sides = (
        f"“{side.shown.marked_text}” ({citation_label(side.shown.passage, answer.language)})"
        for side in tension.citations
    )
    return "\n".join([f"{texts.label(answer.language, 'tension')}. {tension.note}", *sides])


def _safe(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run; numbers stay.

    >>> _safe("=1+1"), _safe("-5"), _safe("- why?"), _safe("why?")
    ("'=1+1", '-5', "'- why?", 'why?')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
