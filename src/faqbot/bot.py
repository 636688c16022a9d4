"""The one place where the parts meet: `FaqBot.load()`, `.ask()`, `.look_up()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faqbot import answer as composing
from faqbot import texts
from faqbot.asked import clean
from faqbot.corpus import load_tensions
from faqbot.document import Document, load_document
from faqbot.errors import BrokenIndexError
from faqbot.index import Index, load_index
from faqbot.language import spanish_signs
from faqbot.lookup import COUNT, Found, nearest
from faqbot.routing import Route, Target, redact, resolve_last, route
from faqbot.schema import Answer, Citation, Language, Outcome
from faqbot.search import Findings, Search, context_of
from faqbot.settings import Settings
from faqbot.text import words
from faqbot.themes import Theme, load_themes

LONGEST_MESSAGE = 2_000  # characters
SIGN = 2.0  # what one everyday word adds to the log odds that a message is Spanish
DOUBT = 1.3  # log odds up to which a message, such as "7" or "ok", tells nothing of its language
KIND = 0.5  # probability of the kinds below together, from which the likeliest gets its own reply
SURELY_URGENT = 0.5  # danger in what is left of a message without its personal details
FRAGMENT = 4  # words: fewer, such as "I live at", tell nothing
ADVICE = 0.4  # probability that a message asks what to do in one's own case, from which the refusal says so
_KIND_REPLIES: dict[str, tuple[Outcome, str]] = {
    "greeting": ("small_talk", "greeting"),
    "thanks": ("small_talk", "thanks"),
    "meta": ("small_talk", "meta"),
    "chitchat": ("small_talk", "chitchat"),
    "abuse": ("small_talk", "abuse"),
    "injection": ("not_covered", "injection"),
    "gibberish": ("not_covered", "not_covered_vague"),
    "offtopic": ("not_covered", "not_covered_offtopic"),
}


@dataclass(frozen=True, slots=True)
class FaqBot:
    """A document, its index and how to ask them. Holds no conversation: the caller passes the earlier turns."""

    document: Document
    index: Index
    search: Search
    tensions: composing.TensionFinder
    themes: tuple[Theme, ...]
    headings: Mapping[str, str]  # those of the document, which works them out anew each time

    @classmethod
    def load(cls, settings: Settings | None = None) -> FaqBot:
        """Read corpus and index; raises FaqBotError that says what is wrong and what mends it."""
        settings = settings or Settings.from_environment()
        document = load_document(Path(settings.corpus))
        index = load_index(Path(settings.index), corpus=Path(settings.corpus), embedder=settings.embedder)
        if index.manifest["corpus"].get("source.txt") != document.sha256:  # swapped between the two lines above
            raise BrokenIndexError(f"{settings.corpus}: the document changed while it was read. Try again.")
        tensions = composing.TensionFinder(load_tensions(Path(settings.corpus), document), document)
        themes = load_themes(Path(settings.corpus), document)
        return cls(document, index, index.search(document.questions), tensions, themes, document.headings)

    def ask(self, message: str, history: Sequence[str] = (), *, language: Language | None = None) -> Answer:
        """Answer one message.

        Args:
            message: what the person typed.
            history: the person's earlier messages of this conversation, oldest first.
            language: of the reply to a message that tells nothing of its own, such as "7"; without it, that of the
                conversation, or English.
        """
        message, history = clean(message), [clean(turn) for turn in history]
        routed = self._routed(message)
        if routed.kind == "question":
            findings = self._find(message[:LONGEST_MESSAGE], history)
            spoken = self._language(message, history, language, findings.spanish)
            answer = self._answer(message, spoken, findings)
        else:
            odds = self.search.spanish(message[:LONGEST_MESSAGE])
            spoken = routed.language or self._language(message, history, language, odds)
            answer = self._reply_to(message, routed, spoken)
        answer = self._translated(answer)
        return answer if len(message) <= LONGEST_MESSAGE else replace(answer, query="")  # it was not read whole

    def look_up(self, question: int, item: int | None = None, *, language: Language = "en") -> Answer:
        """A question of the document by number, or one item of it."""
        message = f"{question}" if item is None else f"{question}.{item}"
        return self._translated(self._look_up(message, language, (Target(question, item),)))

    def find(self, message: str, language: Language = "en", *, count: int = COUNT) -> Found:
        """The passages nearest to what is typed, without a conversation; `language` is that of `Found.message`.

        Personal details are not searched. What sounds like danger gets the urgent reply above its hits.
        """
        message = clean(message)
        routed = self._routed(message)
        if routed.kind != "question":
            answer = self._reply_to(message, routed, language)
            return Found(answer.outcome, answer.citations[:count], answer.message)
        findings, thresholds = self._find(message[:LONGEST_MESSAGE], ()), self.index.calibration.thresholds
        decision, _ = thresholds.decide(findings)
        hits = nearest(self.document, findings, decision, count=count)
        if findings.danger >= thresholds.urgent_from(message):
            return Found("urgent", hits, texts.message(language, "urgent"))
        return Found(decision, hits)

    def _routed(self, message: str) -> Route:
        return route(message[: LONGEST_MESSAGE + 1], headings=tuple(self.headings))

    def _reply_to(self, message: str, routed: Route, language: Language) -> Answer:
        """The reply to what is no question to search for."""
        in_order = tuple(question.number for question in self.document.questions)
        if routed.kind == "empty":
            return self._reply(message, language, "empty", "empty", in_order if message.strip() else ())
        if routed.kind == "emergency":
            return self._reply(message, language, "urgent", "urgent", in_order)
        if routed.kind == "list":
            text = texts.message(language, "list", count=len(in_order))
            return Answer(message, language, "list", text, ranking=in_order)
        if routed.kind == "lookup":
            targets = (replace(one, heading=self.headings.get(one.heading or "")) for one in routed.targets)
            return self._look_up(message, language, resolve_last(tuple(targets), len(in_order)))
        # Personal details: nothing is searched and nothing echoed; only danger is looked for.
        rest = redact(message)[:LONGEST_MESSAGE]
        urgent = len(words(rest)) >= FRAGMENT and self._find(rest, ()).danger >= SURELY_URGENT
        name: Outcome = "urgent" if urgent else "personal_details"
        return self._reply("", language, name, name, in_order)

    def _find(self, message: str, history: Sequence[str]) -> Findings:
        context = context_of([turn[:LONGEST_MESSAGE] for turn in history])
        return self.search.find(message, self.index.calibration.weights, context=context)

    def _language(self, message: str, history: Sequence[str], default: Language | None, odds: float) -> Language:
        """The language of the message; the default, or that of the turn before, if it has too little to tell.

        `odds` are what the search takes the message for.
        """
        odds += SIGN * spanish_signs(message[:LONGEST_MESSAGE])
        if abs(odds) > DOUBT:
            return "es" if odds > 0 else "en"
        if default or not history:
            return default or "en"
        last = history[-1]
        return self._language(last, history[:-1], None, self.search.spanish(last[:LONGEST_MESSAGE]))

    def _translated(self, answer: Answer) -> Answer:
        """The answer with the document's words in its language, or a line that says that they are not."""
        translation = self.document.translation(answer.language)
        if translation:
            return composing.translated(answer, translation)
        if answer.citations and answer.language != self.document.language:
            return replace(answer, message=f"{answer.message} {texts.message(answer.language, 'untranslated')}")
        return answer

    def _answer(self, message: str, language: Language, findings: Findings) -> Answer:
        thresholds = self.index.calibration.thresholds
        if findings.danger >= thresholds.urgent_from(message):
            return self._reply(message, language, "urgent", "urgent", findings.ranking)
        if len(message) > LONGEST_MESSAGE:
            text = texts.message(language, "too_long", limit=f"{LONGEST_MESSAGE:,}")
            return Answer(message, language, "not_covered", text, ranking=findings.ranking)
        decision, confidence = thresholds.decide(findings)
        if decision != "answered":
            talk = {kind: share for kind, share in findings.kinds.items() if kind in _KIND_REPLIES}
            if sum(talk.values()) >= KIND:
                kind = max(talk, key=lambda name: talk[name])
                outcome, name = _KIND_REPLIES[kind]
                offered = findings.ranking[: composing.OFFERED] if kind == "offtopic" else ()
                return self._reply(message, language, outcome, name, findings.ranking, offered)
        citations = composing.compose(self.document, findings, decision)
        name = f"answered_{confidence}" if decision == "answered" else decision
        if decision == "not_covered" and findings.kinds.get("advice", 0) >= ADVICE:
            name = "not_covered_case"
        return Answer(
            query=message,
            language=language,
            outcome=decision,
            confidence=confidence,
            message=texts.message(language, name),
            ranking=findings.ranking,
            citations=citations,
            tensions=self.tensions.find(citations, language),
            related=composing.related(findings, citations) if decision == "answered" else (),
            offered=() if decision == "answered" else findings.ranking[: composing.OFFERED],
        )

    def _look_up(self, message: str, language: Language, targets: Sequence[Target]) -> Answer:
        exists = [target.question for target in targets if 1 <= target.question <= len(self.document.questions)]
        full = tuple(dict.fromkeys([*exists, *(question.number for question in self.document.questions)]))
        citations: list[Citation] = []
        reply = texts.message(language, "lookup")
        for target in targets:
            found = composing.look_up(self.document, target)
            if not found and target.question in exists and not self._items(target.question):
                reply = texts.message(language, "range_no_items", number=target.question)
                found = composing.look_up(self.document, Target(target.question))
            if not found:
                return Answer(message, language, "out_of_range", self._range(target, language), ranking=full)
            citations += [citation for citation in found if citation not in citations]
        return Answer(
            query=message,
            language=language,
            outcome="lookup",
            confidence="strong",
            message=reply,
            ranking=full,
            citations=tuple(citations),
            tensions=self.tensions.find(citations, language, every=True),
            related=tuple(number for number in full if number not in exists)[: composing.RELATED],
        )

    def _items(self, question: int) -> list[int]:
        """The item numbers printed in an answer."""
        return [passage.item for passage in self.document.question(question).passages if passage.item is not None]

    def _range(self, target: Target, language: Language) -> str:
        """What numbers there are, for one that there is not."""
        wanted = texts.label(language, "question", number=target.question)
        last = len(self.document.questions)
        if not 1 <= target.question <= last:
            limits = texts.message(language, "range_questions", last=last)
        else:
            items = self._items(target.question)
            wanted = f"{wanted}, {texts.label(language, 'item', number=target.item)}"
            limits = texts.message(language, "range_items", number=target.question, first=min(items), last=max(items))
        return texts.message(language, "out_of_range", wanted=wanted, range=limits)

    @staticmethod
    def _reply(
        message: str,
        language: Language,
        outcome: Outcome,
        name: str,
        ranking: tuple[int, ...],
        offered: tuple[int, ...] = (),
    ) -> Answer:
        return Answer(message, language, outcome, texts.message(language, name), ranking=ranking, offered=offered)
