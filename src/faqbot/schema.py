"""The nouns of the product: what a document is made of and what an answer is. No behaviour beyond views.

All spans are character offsets into the document's text (or, in what is translated, into the translation's) as read
with `newline=""`, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")
Outcome = Literal[
    "answered",
    "did_you_mean",
    "not_covered",
    "lookup",
    "list",
    "out_of_range",
    "small_talk",
    "urgent",
    "personal_details",
    "empty",
]
Confidence = Literal["strong", "possible"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source text, `source[start:end]`."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two stretches share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph or list item of an answer. (question, position) identifies it; item numbers repeat."""

    question: int
    position: int  # 1-based place among the passages of its question
    item: int | None  # the printed list number, if it is a list item
    section: str | None  # the heading it stands under, such as "Risks"
    text: str  # without the list number; text == source[start:end]
    start: int
    end: int
    sentences: tuple[Span, ...]  # in order, covering all text but the blanks between them
    scope: str  # the document's place in lower case if the whole answer names it, else "general"

    @property
    def key(self) -> tuple[int, int]:
        return self.question, self.position

    @property
    def label(self) -> str:
        """How the passage is cited in English: "Question 20, Risks, item 3"."""
        parts = [f"Question {self.question}", self.section, self.item and f"item {self.item}"]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Question:
    """A numbered question of the document with its answer."""

    number: int
    text: str
    start: int
    end: int  # of the question line
    passages: tuple[Passage, ...]
    scope: str

    @property
    def answer_span(self) -> Span:
        """From the first to the last character of the answer, headings and list numbers included."""
        return Span(self.end, self.passages[-1].end)


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One authored way to ask. `question` is None for a message that the document does not answer."""

    text: str
    author: str
    language: Language | None = None  # known for phrasings
    question: int | None = None
    position: int | None = None  # the passage aimed at, if one
    sentence: int | None = None  # the sentence of that passage aimed at, 1-based, if one
    kind: str | None = None  # for unanswerable messages: which kind of gap


@dataclass(frozen=True, slots=True)
class TwoPart:
    """An authored message that asks two things; `questions` answer them, in the order asked."""

    text: str
    author: str
    questions: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Conversation:
    """An authored follow-up: the answer to the last turn is `question`; `switch` marks a new topic."""

    turns: tuple[str, ...]
    author: str
    question: int
    switch: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage shown word for word, with the answering sentence marked."""

    passage: Passage
    question_text: str
    marked: Span
    translation: Citation | None = None  # the same passage and sentences in the reader's language, if not the source's

    @property
    def shown(self) -> Citation:
        """What the reader is shown first: the translation if there is one."""
        return self.translation or self

    @property
    def whole(self) -> bool:
        """Whether all of the passage is marked."""
        return (self.marked.start, self.marked.end) == (self.passage.start, self.passage.end)

    @property
    def marked_in_passage(self) -> Span:
        """`marked` as offsets into the passage's text."""
        return Span(self.marked.start - self.passage.start, self.marked.end - self.passage.start)

    @property
    def marked_text(self) -> str:
        span = self.marked_in_passage
        return self.passage.text[span.start : span.end]


Trigger = Literal["passage", "sentence", "never"]


@dataclass(frozen=True, slots=True)
class TensionSide:
    """One quoted sentence of a disagreement; sides with different groups disagree.

    `trigger` says what raises the tension: showing any part of the passage, only marking this sentence, or
    nothing (the side is only ever shown as the other side).
    """

    passage: Passage
    span: Span
    group: str
    trigger: Trigger = "passage"


@dataclass(frozen=True, slots=True)
class Tension:
    """Sentences of the document that disagree, with one neutral line in each language."""

    note: dict[str, str]
    sides: tuple[TensionSide, ...]


@dataclass(frozen=True, slots=True)
class ShownTension:
    """A tension as it appears in one answer: the note and both sides, cited."""

    note: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one message gets. `message` is the reply in words; `ranking` all questions, best first."""

    query: str
    language: Language
    outcome: Outcome
    message: str
    confidence: Confidence | None = None
    ranking: tuple[int, ...] = ()
    citations: tuple[Citation, ...] = ()
    tensions: tuple[ShownTension, ...] = ()
    related: tuple[int, ...] = ()
    offered: tuple[int, ...] = field(default=())  # questions to try, for did_you_mean and not_covered
