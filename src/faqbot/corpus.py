"""What was authored about a document: phrasings, unanswerable messages, conversations, tensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from faqbot.document import SOURCE, Document, load_document
from faqbot.errors import CorpusError
from faqbot.reading import fingerprint, read_bytes, read_jsonl, read_toml
from faqbot.schema import LANGUAGES, Conversation, Language, Phrasing, Span, Tension, TensionSide, Trigger, TwoPart


@dataclass(frozen=True, slots=True)
class Corpus:
    """A document with its authored language data and its tensions."""

    document: Document
    phrasings: tuple[Phrasing, ...]
    unanswerable: tuple[Phrasing, ...]
    conversations: tuple[Conversation, ...]
    two_part: tuple[TwoPart, ...]
    tensions: tuple[Tension, ...]
    files: dict[str, str]  # file name -> sha256 of its bytes, for the manifest


def load_corpus(folder: Path) -> Corpus:
    """Read and check a corpus folder; raises CorpusError naming the file and line of the first fault."""
    document = load_document(folder)
    phrasings: list[Phrasing] = []
    for language in LANGUAGES:
        phrasings += _read_phrasings(folder / f"phrasings.{language}.jsonl", document, language)
    contrasted = list(_read_contrasts(folder / "contrasts.jsonl", document))
    unanswerable = [*_read_unanswerable(folder / "unanswerable.jsonl")]
    return Corpus(
        document=document,
        phrasings=(*phrasings, *(one for one in contrasted if one.question)),
        unanswerable=(*unanswerable, *(one for one in contrasted if not one.question)),
        conversations=tuple(_read_conversations(folder / "followups.jsonl", document)),
        two_part=tuple(_read_two_part(folder / "twoparts.jsonl", document)),
        tensions=load_tensions(folder, document),
        files=corpus_hashes(folder),
    )


def corpus_hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file that an index is built from, by name; raises CorpusError for a missing document."""
    names = [folder / SOURCE, *sorted(folder.glob("*.jsonl"))]
    return {path.name: fingerprint(read_bytes(path)) for path in names}


def _read_phrasings(path: Path, document: Document, language: Language) -> Iterator[Phrasing]:
    for line_number, row in read_jsonl(path, required={"q", "question", "author"}, optional={"position", "sentence"}):
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
    for line_number, row in read_jsonl(path, required={"a", "b", "turn", "author"}, optional=set()):
        for side in (row["a"], row["b"]):
            text = side.get("q") if isinstance(side, dict) else None
            if not isinstance(text, str) or not text.strip() or "\0" in text:
                raise CorpusError(path, 'each side of a contrast is an object with a text in "q".', line=line_number)
            if "question" in side:
                yield _phrasing(path, line_number, side, document, row["author"])
            else:
                yield Phrasing(side["q"], row["author"], kind="near_contrast")


def _read_unanswerable(path: Path) -> Iterator[Phrasing]:
    for _, row in read_jsonl(path, required={"q", "kind", "author"}, optional=set()):
        yield Phrasing(row["q"], row["author"], kind=row["kind"])


def _read_two_part(path: Path, document: Document) -> Iterator[TwoPart]:
    if not path.exists():
        return
    for line_number, row in read_jsonl(path, required={"q", "questions", "author"}, optional=set()):
        numbers = row["questions"]
        if not isinstance(numbers, list) or len(numbers) != 2 or numbers[0] == numbers[1]:
            raise CorpusError(path, f'"questions" is {numbers!r}; it must list two different ones.', line=line_number)
        for number in numbers:
            _check_number(path, line_number, number, "question", len(document.questions))
        yield TwoPart(row["q"], row["author"], (numbers[0], numbers[1]))


def _read_conversations(path: Path, document: Document) -> Iterator[Conversation]:
    if not path.exists():
        return
    for line_number, row in read_jsonl(path, required={"turns", "question", "author"}, optional={"switch"}):
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
    for number, row in enumerate(read_toml(path).get("tension", []), 1):
        try:
            note: dict[str, str] = {language: str(row["note"][language]) for language in LANGUAGES}
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
