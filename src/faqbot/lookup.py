"""What the look-up finds by meaning: the passages nearest to a few words, for a list that is read while one types."""

from __future__ import annotations

from dataclasses import dataclass

from faqbot.answer import compose
from faqbot.confidence import Decision
from faqbot.document import Document
from faqbot.schema import Citation, Outcome
from faqbot.search import Findings

COUNT = 6  # passages listed by meaning, beside those that are found by their words


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, best first, and how sure the search is of them; `message` is for what a search cannot help with."""

    outcome: Outcome
    hits: tuple[Citation, ...] = ()
    message: str = ""


def nearest(document: Document, findings: Findings, decision: Decision, *, count: int = COUNT) -> tuple[Citation, ...]:
    """What the chat would cite, then the best passage of each question that it would offer; none twice."""
    cited = [*(compose(document, findings, "answered") if decision == "answered" else ())]
    once: dict[tuple[int, int], Citation] = {}
    for citation in [*cited, *compose(document, findings, "did_you_mean")]:
        once.setdefault(citation.passage.key, citation)
    return tuple(once.values())[:count]
