"""Findings or a look-up to an `Answer`: what is cited, what is marked, which other side is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from faqbot.confidence import Decision, shown
from faqbot.document import Document, Translation
from faqbot.routing import Target
from faqbot.schema import Answer, Citation, Language, Passage, Question, ShownTension, Span, Tension, TensionSide
from faqbot.search import Findings

OFFERED = 3  # questions offered when there is no answer
RELATED = 3  # questions named below an answer
PASSAGES = 3  # passages of one question, unless the best one introduces a list
OTHER_SIDES = 2  # sentences quoted of a side that is not shown already
CLOSE = 2.0  # a further passage is shown when its score is within this of the best sentence's (log odds)


def cite(question: Question, passage: Passage, marked: Span | None = None) -> Citation:
    """A passage with its answering sentence marked: the given one, or the whole passage."""
    return Citation(passage, question.text, marked or Span(passage.start, passage.end))


def compose(document: Document, findings: Findings, decision: Decision) -> tuple[Citation, ...]:
    """The passages to show, grouped by question, best question first.

    An answer shows the best question, and the second too when it is nearly as likely. An offer shows the best
    passage of each question offered. Nothing is cited when the document does not answer.
    """
    if decision == "not_covered":
        return ()
    ranking = findings.ranking
    if decision == "did_you_mean":
        return tuple(_best(document, findings, number)[0] for number in ranking[:OFFERED])
    return tuple(citation for number in shown(findings) for citation in _best(document, findings, number))


def _best(document: Document, findings: Findings, number: int) -> list[Citation]:
    """The best passage of a question with its marked sentence, then the others worth showing."""
    question = document.question(number)
    hits = findings.sentences[number]
    best = hits[0]
    citations = [cite(question, best.passage, best.span)]
    if introduces_list(best.passage):
        return citations + [cite(question, passage) for passage in list_below(question, best.passage)]
    seen = {best.passage.key}
    for hit in hits[1:]:
        if len(citations) < PASSAGES and hit.passage.key not in seen and hit.score >= best.score - CLOSE:
            seen.add(hit.passage.key)
            citations.append(cite(question, hit.passage, hit.span))
    return citations


def introduces_list(passage: Passage) -> bool:
    """Whether a paragraph only announces the list below it."""
    return passage.item is None and passage.text.endswith(":")


def list_below(question: Question, passage: Passage) -> list[Passage]:
    """The items that follow a paragraph, up to the next paragraph."""
    below = []
    for following in question.passages[passage.position :]:
        if following.item is None:
            break
        below.append(following)
    return below


def look_up(document: Document, target: Target) -> tuple[Citation, ...]:
    """All passages of a question, or those with the item number named; empty if there is none such."""
    if not 1 <= target.question <= len(document.questions):
        return ()
    question = document.question(target.question)
    if target.item is None:
        return tuple(cite(question, passage) for passage in question.passages)
    return tuple(
        cite(question, passage)
        for passage in question.passages
        if passage.item == target.item and target.heading in (None, passage.section)
    )


@dataclass(frozen=True, slots=True)
class TensionFinder:
    """The other side of what is shown."""

    tensions: tuple[Tension, ...]
    document: Document

    def find(
        self, citations: Sequence[Citation], language: Language, *, every: bool = False
    ) -> tuple[ShownTension, ...]:
        """Every tension of which one side is shown: one sentence of that side, then the first of each other group.

        A side that is raised by its sentence alone counts where it is marked in the best passage of a question;
        with `every`, in any passage.
        """
        leading = _leading(citations)
        shown: list[ShownTension] = []
        for tension in self.tensions:
            raised = {
                side.group: side
                for side in reversed(tension.sides)
                if any(_raises(citation, side, best=every or citation in leading) for citation in citations)
            }
            if not raised:
                continue
            sides = [side for side in tension.sides if raised.get(side.group) is side]
            for group in dict.fromkeys(side.group for side in tension.sides):
                if group not in raised:
                    sides += [side for side in tension.sides if side.group == group][:OTHER_SIDES]
            quoted = [cite(self.document.question(s.passage.question), s.passage, s.span) for s in sides]
            shown.append(ShownTension(tension.note[language], tuple(quoted)))
        return tuple(shown)


def _leading(citations: Sequence[Citation]) -> list[Citation]:
    """The first citation of each question."""
    return list({citation.passage.question: citation for citation in reversed(citations)}.values())


def _raises(citation: Citation, side: TensionSide, *, best: bool) -> bool:
    if citation.passage.key != side.passage.key or side.trigger == "never":
        return False
    return side.trigger == "passage" or (best and citation.marked.overlaps(side.span))


def related(findings: Findings, cited: Iterable[Citation]) -> tuple[int, ...]:
    """The next questions of the ranking that are not cited already."""
    shown = {citation.passage.question for citation in cited}
    return tuple(number for number in findings.ranking if number not in shown)[:RELATED]


def translated(answer: Answer, translation: Translation) -> Answer:
    """The same answer, every citation with its passage and its marked sentences in the translation."""
    tensions = (
        replace(tension, citations=tuple(translated_citation(one, translation) for one in tension.citations))
        for tension in answer.tensions
    )
    citations = tuple(translated_citation(one, translation) for one in answer.citations)
    return replace(answer, citations=citations, tensions=tuple(tensions))


def translated_citation(citation: Citation, translation: Translation) -> Citation:
    """The same citation with its translation.

    Sentences are matched by their place in the passage; a sentence marked in part is marked whole.
    """
    passage = translation.passage(citation.passage.key)
    pairs = zip(citation.passage.sentences, passage.sentences, strict=True)
    marked = [sentence for own, sentence in pairs if own.overlaps(citation.marked)]
    span = None if citation.whole else Span(marked[0].start, marked[-1].end)
    return replace(citation, translation=cite(translation.question(passage.question), passage, span))
