"""One document as it is read: its text, what `document.toml` says of it, and its translations.

A translation is the whole text again with the same questions, passages and sentences in the same order, so that a
citation of one is a citation of the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faqbot.errors import CorpusError
from faqbot.parsing import parse_questions
from faqbot.reading import decode, fingerprint, read_bytes, read_toml
from faqbot.schema import LANGUAGES, Language, Passage, Question

ABOUT, SOURCE = "document.toml", "source.txt"
UNDATED = "undated"  # the date of a document that names none
_TRANSLATED = "source.{}.txt"
_NOTES = ("title", "origin", "date", "obtained", "language", "place")  # of a document, in words


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed text in one language. All spans are offsets into its `source`."""

    title: str
    language: str
    sha256: str
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

    def passage(self, key: tuple[int, int]) -> Passage:
        """The passage with that question number and position; IndexError if there is none."""
        return self.question(key[0]).passages[key[1] - 1]


@dataclass(frozen=True, slots=True)
class Translation(Text):
    """The text in another language."""

    language: Language
    label: dict[str, str]  # that it is unofficial and what the source is, for readers of each language


@dataclass(frozen=True, slots=True)
class Document(Text):
    """The text that is quoted, and where it comes from."""

    origin: str
    date: str
    obtained: str
    place: str
    notice: dict[str, str]
    translations: tuple[Translation, ...] = ()

    def translation(self, language: str) -> Translation | None:
        """The translation into a language, if there is one."""
        return next((one for one in self.translations if one.language == language), None)

    def text_for(self, language: str) -> Text:
        """What a reader of a language is shown: the translation into it, else the document itself."""
        return self.translation(language) or self

    @property
    def texts(self) -> tuple[Text, ...]:
        """The translations, then the document itself."""
        return (*self.translations, self)

    @property
    def headings(self) -> dict[str, str]:
        """The section names of the document and of its translations -> the document's own."""
        return {
            passage.section: own.section
            for text in self.texts
            for own, passage in zip(self.passages, text.passages, strict=True)
            if passage.section and own.section
        }


def load_document(folder: Path) -> Document:
    """Read `document.toml`, `source.txt` and its translations, check their hashes and parse."""
    about = read_toml(folder / ABOUT)
    translations = about.pop("translation", {})
    missing = {*_NOTES, "sha256", "notice"} - about.keys()
    if missing:
        raise CorpusError(folder / ABOUT, f"the setting {', '.join(sorted(missing))} is missing.")
    notes = sorted(name for name in _NOTES if not _is_note(about[name]))
    if notes or not isinstance(translations, dict):
        raise CorpusError(folder / ABOUT, f"{', '.join(notes) or 'translation'}: not a text that is filled in.")
    path = folder / SOURCE
    data = read_bytes(path)
    source = decode(data, path)
    questions = parse_questions(source, place=about["place"], path=path)
    _check_hash(path, data, about["sha256"], remedy="put the new value into document.toml and run `make index`")
    unknown = about.keys() - {field.name for field in dataclasses.fields(Document)}
    if unknown or not _in_all_languages(about["notice"]):
        raise CorpusError(
            folder / ABOUT,
            f"unknown: {', '.join(sorted(unknown)) or 'nothing'}; [notice] must hold {' and '.join(LANGUAGES)}.",
        )
    document = Document(source=source, questions=questions, **about)
    found = tuple(_load_translation(folder, language, row, document) for language, row in translations.items())
    for path in folder.glob(_TRANSLATED.format("*")):
        if path.name not in {_TRANSLATED.format(one.language) for one in found}:
            raise CorpusError(path, f"document.toml has no [translation.{path.suffixes[0][1:]}] that describes it.")
    return dataclasses.replace(document, translations=found)


def _load_translation(folder: Path, language: Language, row: Any, document: Document) -> Translation:
    names = {"title", "sha256", "label"}
    others = set(LANGUAGES) - {document.language}
    if (
        language not in others
        or not isinstance(row, dict)
        or row.keys() != names
        or not _in_all_languages(row["label"])
        or not _is_note(row["title"])
    ):
        raise CorpusError(
            folder / ABOUT,
            f"[translation.{language}] must hold {', '.join(sorted(names))}, the label in "
            f"{' and '.join(LANGUAGES)}, and its language must be {' or '.join(sorted(others))}.",
        )
    path = folder / _TRANSLATED.format(language)
    data = read_bytes(path)
    source = decode(data, path)
    questions = parse_questions(source, place=document.place, path=path)
    _check_shape(path, source, questions, document)
    _check_hash(path, data, row["sha256"], remedy="put the new value into document.toml")
    return Translation(language=language, source=source, questions=questions, **row)


def _check_hash(path: Path, data: bytes, expected: object, *, remedy: str) -> None:
    found = fingerprint(data)
    if found != expected:
        raise CorpusError(
            path, f"its sha256 is {found}, but document.toml says {expected}. If the change is meant, {remedy}."
        )


def _check_shape(path: Path, source: str, questions: tuple[Question, ...], document: Document) -> None:
    """Raise for the first place where a translation is not built like the document."""
    for (what, wanted, there), (_, got, here) in zip(_shape(document.questions), _shape(questions), strict=False):
        if got != wanted:
            line = document.source.count("\n", 0, there) + 1
            raise CorpusError(
                path,
                f"{what}: {got} here, {wanted} in line {line} of {SOURCE}. A translation has the same "
                "questions, passages, list numbers, headings and sentences as the document.",
                line=source.count("\n", 0, here) + 1,
            )


def _shape(questions: tuple[Question, ...]) -> Iterator[tuple[str, int | None, int]]:
    """What must be equal, as (name, value, offset of the place), outer counts before what is inside."""
    yield "number of questions", len(questions), questions[-1].start
    for question in questions:
        yield f"passages of question {question.number}", len(question.passages), question.start
        headings = list(dict.fromkeys(passage.section for passage in question.passages if passage.section))
        for passage in question.passages:
            name = f"passage {passage.question}.{passage.position}"
            heading = headings.index(passage.section) + 1 if passage.section else None
            yield f"list number of {name}", passage.item, passage.start
            yield f"heading of {name}, counted", heading, passage.start
            yield f"sentences of {name}", len(passage.sentences), passage.start


def _in_all_languages(words: object) -> bool:
    return isinstance(words, dict) and words.keys() == set(LANGUAGES) and all(map(_is_note, words.values()))


def _is_note(words: object) -> bool:
    return isinstance(words, str) and bool(words.strip()) and "\0" not in words
