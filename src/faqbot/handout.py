"""A hand-out: passages that a reader picked, word for word, with what stands against them. Knows no HTML.

A picked passage travels as its key: "q5.3", or "q8.1:2" and "q8.1:2-3" when sentences of it are marked. Nothing that a
person typed is part of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from faqbot import answer as composing
from faqbot.answer import TensionFinder, cite
from faqbot.document import Document
from faqbot.errors import UsageError
from faqbot.markup import anchor
from faqbot.routing import resolve_last, route
from faqbot.schema import LANGUAGES, Answer, Citation, Span

Choice = Literal["en", "es", "both"]
CHOICES: tuple[Choice, ...] = (*LANGUAGES, "both")
_KEY = re.compile(r"(?P<place>[\w.-]+)(?::(?P<first>\d{1,3})(?:-(?P<last>\d{1,3}))?)?")


@dataclass(frozen=True, slots=True)
class Handout:
    """The same passages as answered in each language chosen: what is cited, and the other side of it."""

    document: Document
    keys: tuple[str, ...]
    choice: Choice
    answers: tuple[Answer, ...]


def make(document: Document, tensions: TensionFinder, picked: Sequence[Citation], choice: Choice) -> Handout:
    """A hand-out of these passages in this order, each once. The whole of each is shown, so all of it is qualified."""
    once: dict[tuple[int, int], Citation] = {}
    for one in picked:
        once.setdefault(one.passage.key, one)
    citations = tuple(once.values())
    wholes = [cite(document.question(one.passage.question), one.passage) for one in citations]
    answers = []
    for language in LANGUAGES if choice == "both" else (choice,):
        other_sides = tensions.find(wholes, language, every=True)
        shown = Answer("", language, "lookup", "", citations=citations, tensions=other_sides)
        translation = document.translation(language)
        answers.append(composing.translated(shown, translation) if translation else shown)
    return Handout(document, tuple(key(one) for one in citations), choice, tuple(answers))


def key(citation: Citation) -> str:
    """What names a passage and its marked sentences."""
    marked = marks(citation)
    return anchor(citation.passage) + (f":{marked}" if marked else "")


def marks(citation: Citation) -> str:
    """The numbers of the sentences that are marked, "2" or "2-3"; "" when all of the passage is."""
    if citation.whole:
        return ""
    numbers = [n for n, sentence in enumerate(citation.passage.sentences, 1) if sentence.overlaps(citation.marked)]
    return f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"


def read_keys(keys: Sequence[str], document: Document) -> tuple[Citation, ...]:
    """The passages that keys name; raises UsageError, which does not repeat them, for one that names none."""
    places = {anchor(passage): passage for passage in document.passages}
    picked = []
    for one in keys:
        match = _KEY.fullmatch(one)
        passage = places.get(match["place"]) if match else None
        if match is None or passage is None:
            raise UsageError("there is no such passage.")
        marked = None
        if match["first"]:
            first, last = int(match["first"]), int(match["last"] or match["first"])
            if not 1 <= first <= last <= len(passage.sentences):
                raise UsageError("there is no such sentence in the passage.")
            marked = Span(passage.sentences[first - 1].start, passage.sentences[last - 1].end)
        picked.append(cite(document.question(passage.question), passage, marked))
    return tuple(picked)


def read_places(places: Sequence[str], document: Document) -> tuple[Citation, ...]:
    """The passages at places as people write them: "5.3", "7", "20 risks 3"; raises UsageError that names the place."""
    headings = document.headings
    last = len(document.questions)
    picked: list[Citation] = []
    for place in places:
        routed = route(place, headings=tuple(headings))
        if routed.kind != "lookup":
            raise UsageError(f"{place!r} names no place in the document. Write its number, such as 7 or 5.3.")
        for target in resolve_last(routed.targets, last):
            found = composing.look_up(document, replace(target, heading=headings.get(target.heading or "")))
            if not found:
                there = 1 <= target.question <= last
                hint = f"`python -m faqbot ask {target.question}` shows what is." if there else f"Its last is {last}."
                raise UsageError(f"{place!r} is not in the document. {hint}")
            picked += found
    return tuple(picked)
