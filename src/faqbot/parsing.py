"""The document's format: its text to questions and passages with exact spans. The only file that knows it.

A question line is the next number in sequence and ends with "?"; an answer is paragraphs and numbered items,
some under a short heading that ends with ":".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from faqbot.errors import CorpusError
from faqbot.schema import Passage, Question
from faqbot.text import sentence_spans

LONGEST_LINE = 100_000  # characters; a longer line is a binary or a broken export
_NUMBERED = re.compile(r"(\d{1,9})\.[ \t]+(?=\S)")
_HEADING = re.compile(r"[^\W\d]\w*(?: \w+){0,3}:")  # up to four words and a colon, alone on a line


def parse_questions(source: str, *, place: str, path: object = "source.txt") -> tuple[Question, ...]:
    """Parse a numbered question-and-answer text.

    Args:
        source: the text; line ends may be LF or CRLF, a byte order mark and trailing blanks are passed over.
        place: what the document is about; an answer that names it gets it as scope, in lower case.
        path: named in errors.

    Returns:
        Questions 1…n in order. For every passage, `source[start:end] == text`.
    """
    if not source.strip("\ufeff \t\r\n"):
        raise CorpusError(path, "the document is empty. Put the numbered questions and answers into it.")
    questions: list[Question] = []
    heads: list[tuple[int, str, int, int]] = []  # line number, text, start, end
    blocks: list[list[_Block]] = []
    for line_number, line, start in _lines(source, path):
        numbered = _NUMBERED.match(line)
        number = int(numbered[1]) if numbered else None
        next_item = _next_item(blocks[-1]) if blocks else None
        if number == len(heads) + 1 and line.endswith("?"):
            if heads and not blocks[-1]:
                raise _no_answer(path, heads[-1][0], len(heads))
            heads.append((line_number, line[numbered.end() :], start + numbered.end(), start + len(line)))  # type: ignore[union-attr]
            blocks.append([])
        elif number is not None and line.endswith("?") and number not in (1, next_item):
            raise CorpusError(
                path,
                f'found question number {number}, expected {len(heads) + 1}: "{line[:60]}". Question numbers '
                "run 1, 2, 3 … without a gap or a repeat.",
                line=line_number,
            )
        elif not heads:
            raise CorpusError(
                path,
                f'text before question 1: "{line[:60]}". The document must begin with "1. …?"; titles and '
                "notices belong into document.toml.",
                line=line_number,
            )
        else:
            offset = numbered.end() if numbered else 0
            blocks[-1].append(_Block(line[offset:], start + offset, number))
    if not heads:
        raise CorpusError(path, 'no questions found. A question is a line such as "1. How long …?".')
    if not blocks[-1]:
        raise _no_answer(path, heads[-1][0], len(heads))
    for number, ((line_number, text, start, end), answer) in enumerate(zip(heads, blocks, strict=True), 1):
        names_place = re.search(rf"\b{re.escape(place)}\b", " ".join(block.text for block in answer), re.IGNORECASE)
        scope = place.lower() if names_place else "general"
        passages = tuple(_passages(number, answer, scope))
        if not passages:
            raise _no_answer(path, line_number, number)
        questions.append(Question(number, text, start, end, passages, scope))
    return tuple(questions)


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    start: int
    number: int | None


def _lines(source: str, path: object) -> Iterator[tuple[int, str, int]]:
    """Non-blank lines, stripped, as (1-based line number, text, offset of its first character)."""
    for line_number, match in enumerate(re.finditer(r"[^\n]*(?:\n|\Z)", source), 1):
        line = match[0]
        if len(line) > LONGEST_LINE:
            raise CorpusError(
                path, f"the line has {len(line):,} characters; the limit is {LONGEST_LINE:,}.", line=line_number
            )
        if "\0" in line:
            raise CorpusError(path, "the line holds a NUL byte; save the document as plain text.", line=line_number)
        text = line.strip("\ufeff \t\r\n\f\v\u00a0")
        if text:
            yield line_number, text, match.start() + line.index(text)


def _next_item(answer: list[_Block]) -> int:
    numbers = [block.number for block in answer if block.number is not None]
    return numbers[-1] + 1 if numbers else 1


def _passages(question: int, answer: list[_Block], scope: str) -> Iterator[Passage]:
    section, position = None, 0
    for block, following in zip(answer, [*answer[1:], None], strict=True):
        if following and following.number == 1 and block.number is None and _HEADING.fullmatch(block.text):
            section = block.text.removesuffix(":")
            continue
        position += 1
        if block.number is None:
            section = None  # a paragraph ends the list under a heading
        yield Passage(
            question=question,
            position=position,
            item=block.number,
            section=section,
            text=block.text,
            start=block.start,
            end=block.start + len(block.text),
            sentences=sentence_spans(block.text, offset=block.start),
            scope=scope,
        )


def _no_answer(path: object, line_number: int, number: int) -> CorpusError:
    return CorpusError(path, f"question {number} has no answer below it.", line=line_number)
