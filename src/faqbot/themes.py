"""The questions of a document grouped by theme, for its table of contents. Knows nothing of what they say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faqbot.document import Document
from faqbot.errors import CorpusError
from faqbot.reading import read_toml
from faqbot.schema import LANGUAGES

THEMES = "themes.toml"


@dataclass(frozen=True, slots=True)
class Theme:
    """A heading of the table of contents in each language, and the numbers of its questions as they are shown."""

    name: dict[str, str]
    questions: tuple[int, ...]


def load_themes(folder: Path, document: Document) -> tuple[Theme, ...]:
    """Read `themes.toml`: every question once. Without the file there are none, and the contents are one flat list."""
    path = folder / THEMES
    if not path.exists():
        return ()
    rows: Any = read_toml(path).get("theme", [])
    if not isinstance(rows, list):
        raise CorpusError(path, "theme must be a list of tables, each begun by [[theme]].")
    themes = tuple(_theme(path, number, row) for number, row in enumerate(rows, 1))
    counts = Counter(number for theme in themes for number in theme.questions)
    there = {question.number for question in document.questions}
    for fault, numbers in (
        ("in no theme", there - counts.keys()),
        ("named more than once", {number for number, count in counts.items() if count > 1}),
        (f"not in the document, which has 1 to {len(there)}", counts.keys() - there),
    ):
        if numbers:
            raise CorpusError(path, f"question {', '.join(map(str, sorted(numbers)))}: {fault}.")
    return themes


def _theme(path: Path, number: int, row: Any) -> Theme:
    if not isinstance(row, dict) or row.keys() != {"name", "questions"}:
        raise CorpusError(path, f"theme {number} must hold name and questions, and nothing else.")
    name, questions = row["name"], row["questions"]
    if (
        not isinstance(name, dict)
        or name.keys() != set(LANGUAGES)
        or not all(isinstance(one, str) for one in name.values())
    ):
        raise CorpusError(path, f"theme {number}: its name must stand in {' and '.join(LANGUAGES)}.")
    if not isinstance(questions, list) or not questions or not all(type(one) is int for one in questions):
        raise CorpusError(path, f"theme {number}: questions is {questions!r}; it must be a list of numbers.")
    return Theme(dict(name), tuple(questions))
