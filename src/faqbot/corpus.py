"""The document and everything authored about it, read from one folder.

The only file that knows the document's format: a question line is the next number in sequence and ends
with "?"; an answer is paragraphs and numbered items, some under a short heading that ends with ":".
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from faqbot.errors import CorpusError
from faqbot.schema import Conversation, Language, Passage, Phrasing, Question, Span, Tension, TensionSide, Trigger
from faqbot.text import sentence_spans

LONGEST_LINE = 100_000  # characters; a longer line is a binary or a broken export
_NUMBERED = re.compile(r"(\d{1,9})\.[ \t]+(?=\S)")
_HEADING = re.compile(r"[^\W\d]\w*(?: \w+){0,3}:")  # up to four words and a colon, alone on a line
_LANGUAGES: tuple[Language, ...] = ("en", "es")


@dataclass(frozen=True, slots=True)
class Document:
    """What `document.toml` says of the text, and the text itself."""

    title: str
    origin: str
    date: str
    obtained: str
    language: str
    place: str
    sha256: str
    notice: dict[str, str]
    source: str
    questions: tuple[Question, ...]

    @property
    def passages(self) -> tuple[Passage, ...]:
        return tuple(passage for question in self.questions for passage in question.passages)

    def question(self, number: int) -> Question:
        """The question with that printed number; IndexError if there is none."""
        if not 1 <= number <= len(self.questions):
            raise IndexError(number)
        return self.questions[number - 1]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A document with its authored language data and its tensions."""

    document: Document
    phrasings: tuple[Phrasing, ...]
    unanswerable: tuple[Phrasing, ...]
    conversations: tuple[Conversation, ...]
    tensions: tuple[Tension, ...]
    files: dict[str, str]  # file name -> sha256 of its bytes, for the manifest


def load_corpus(folder: Path) -> Corpus:
    """Read and check a corpus folder; raises CorpusError naming the file and line of the first fault."""
    document = load_document(folder)
    phrasings: list[Phrasing] = []
    for language in _LANGUAGES:
        phrasings += _read_phrasings(folder / f"phrasings.{language}.jsonl", document, language)
    contrasted = list(_read_contrasts(folder / "contrasts.jsonl", document))
    unanswerable = [*_read_unanswerable(folder / "unanswerable.jsonl")]
    return Corpus(
        document=document,
        phrasings=(*phrasings, *(one for one in contrasted if one.question)),
        unanswerable=(*unanswerable, *(one for one in contrasted if not one.question)),
        conversations=tuple(_read_conversations(folder / "followups.jsonl", document)),
        tensions=load_tensions(folder, document),
        files=corpus_hashes(folder),
    )


def corpus_hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file that an index is built from, by name; raises CorpusError for a missing document."""
    names = [folder / "source.txt", *sorted(folder.glob("*.jsonl"))]
    return {path.name: hashlib.sha256(_read_bytes(path)).hexdigest() for path in names}


def load_document(folder: Path) -> Document:
    """Read `document.toml` and `source.txt`, check the hash and parse."""
    path = folder / "source.txt"
    about = _read_toml(folder / "document.toml")
    missing = {"title", "origin", "date", "obtained", "language", "place", "sha256", "notice"} - about.keys()
    if missing:
        raise CorpusError(folder / "document.toml", f"the setting {', '.join(sorted(missing))} is missing.")
    data = _read_bytes(path)
    found = hashlib.sha256(data).hexdigest()
    source = _decode(data, path)
    questions = parse_questions(source, place=about["place"], path=path)
    if found != about["sha256"]:
        raise CorpusError(
            path,
            f"its sha256 is {found}, but document.toml says {about['sha256']}. If the change to the document "
            "is meant, put the new value into document.toml and run `make index`.",
        )
    unknown = about.keys() - {field.name for field in dataclasses.fields(Document)}
    if unknown or not isinstance(about["notice"], dict) or about["notice"].keys() != set(_LANGUAGES):
        raise CorpusError(
            folder / "document.toml",
            f"unknown: {', '.join(sorted(unknown)) or 'nothing'}; [notice] must hold {' and '.join(_LANGUAGES)}.",
        )
    return Document(source=source, questions=questions, **about)


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


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(path, f"cannot be read ({error.strerror}).") from error


def _decode(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CorpusError(path, f"byte {error.start} is not UTF-8. Save the file as UTF-8 text.", line=line) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_decode(_read_bytes(path), path))
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(path, f"not valid TOML: {error}.") from None


def _read_jsonl(path: Path, *, required: set[str], optional: set[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line_number, line in enumerate(_decode(_read_bytes(path), path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise CorpusError(path, f"not valid JSON ({error.msg}).", line=line_number) from None
        if not isinstance(row, dict) or not required <= row.keys() or row.keys() - required - optional:
            found = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
            raise CorpusError(
                path,
                f"expected an object with {', '.join(sorted(required))} (and perhaps "
                f"{', '.join(sorted(optional))}), found {found}.",
                line=line_number,
            )
        for name in ("q", "author", "kind", "turn"):
            text = row.get(name, "-")
            if not isinstance(text, str) or not text.strip() or "\0" in text:
                raise CorpusError(path, f'"{name}" must be a text, neither empty nor with a NUL.', line=line_number)
        yield line_number, row


def _read_phrasings(path: Path, document: Document, language: Language) -> Iterator[Phrasing]:
    for line_number, row in _read_jsonl(path, required={"q", "question", "author"}, optional={"position", "sentence"}):
        yield _phrasing(path, line_number, row, document, row["author"], language)


def _phrasing(
    path: Path, line_number: int, row: dict[str, Any], document: Document, author: str, language: Language | None = None
) -> Phrasing:
    number, position, sentence = row["question"], row.get("position"), row.get("sentence")
    _check_number(path, line_number, number, "question", len(document.questions))
    if position is not None:
        passages = document.question(number).passages
        _check_number(path, line_number, position, f"position in question {number}", len(passages))
        if sentence is not None:
            count = len(passages[position - 1].sentences)
            _check_number(path, line_number, sentence, f"sentence of passage {number}.{position}", count)
    elif sentence is not None:
        raise CorpusError(path, '"sentence" needs a "position".', line=line_number)
    return Phrasing(row["q"], author, language, number, position, sentence)


def _read_contrasts(path: Path, document: Document) -> Iterator[Phrasing]:
    """Pairs that differ by a word and have different answers; each side is a phrasing of its own."""
    if not path.exists():
        return
    for line_number, row in _read_jsonl(path, required={"a", "b", "turn", "author"}, optional=set()):
        for side in (row["a"], row["b"]):
            text = side.get("q") if isinstance(side, dict) else None
            if not isinstance(text, str) or not text.strip() or "\0" in text:
                raise CorpusError(path, 'each side of a contrast is an object with a text in "q".', line=line_number)
            if "question" in side:
                yield _phrasing(path, line_number, side, document, row["author"])
            else:
                yield Phrasing(side["q"], row["author"], kind="near_contrast")


def _read_unanswerable(path: Path) -> Iterator[Phrasing]:
    for _, row in _read_jsonl(path, required={"q", "kind", "author"}, optional=set()):
        yield Phrasing(row["q"], row["author"], kind=row["kind"])


def _read_conversations(path: Path, document: Document) -> Iterator[Conversation]:
    if not path.exists():
        return
    for line_number, row in _read_jsonl(path, required={"turns", "question", "author"}, optional={"switch"}):
        turns = row["turns"]
        if not isinstance(turns, list) or len(turns) < 2 or not all(isinstance(turn, str) for turn in turns):
            raise CorpusError(path, '"turns" must be a list of two or more texts.', line=line_number)
        _check_number(path, line_number, row["question"], "question", len(document.questions))
        yield Conversation(tuple(turns), row["author"], row["question"], bool(row.get("switch", False)))


def _check_number(path: Path, line_number: int, value: object, name: str, highest: int) -> None:
    if type(value) is not int or not 1 <= value <= highest:
        raise CorpusError(path, f"{name} is {value!r}; it must be 1 to {highest}.", line=line_number)


def load_tensions(folder: Path, document: Document) -> tuple[Tension, ...]:
    """Read `tensions.toml`; every quote must stand verbatim in the passage that it names."""
    path = folder / "tensions.toml"
    tensions = []
    for number, row in enumerate(_read_toml(path).get("tension", []), 1):
        try:
            note: dict[str, str] = {language: str(row["note"][language]) for language in _LANGUAGES}
            sides = tuple(_tension_side(path, number, side, document) for side in row["side"])
        except (KeyError, TypeError) as error:
            raise CorpusError(path, f"tension {number}: {error} is missing.") from None
        if len({side.group for side in sides}) < 2:
            raise CorpusError(path, f"tension {number} needs sides of at least two groups.")
        tensions.append(Tension(note, sides))
    return tuple(tensions)


def _tension_side(path: Path, number: int, side: dict[str, Any], document: Document) -> TensionSide:
    passage = next((p for p in document.passages if p.key == (side["question"], side["position"])), None)
    if passage is None:
        raise CorpusError(path, f"tension {number}: there is no passage {side['question']}.{side['position']}.")
    at = passage.text.find(side["quote"])
    if at < 0:
        raise CorpusError(
            path, f"tension {number}: passage {passage.question}.{passage.position} does not hold {side['quote']!r}."
        )
    span = Span(passage.start + at, passage.start + at + len(side["quote"]))
    trigger = side.get("trigger", "passage")
    if trigger not in get_args(Trigger):
        raise CorpusError(path, f"tension {number}: trigger is {trigger!r}; it must be one of {get_args(Trigger)}.")
    return TensionSide(passage, span, str(side["group"]), trigger)
