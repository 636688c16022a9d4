"""An `Answer` as one turn of the chat: HTML for Gradio's Markdown. Pure; knows no Gradio and no bot.

Reads top down: the answering sentence, where it stands, the words around it, the other side, then the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from faqbot import texts
from faqbot.document import Document, Text
from faqbot.handout import marks
from faqbot.markup import anchor, escape, tag, verbatim
from faqbot.render import citation_label, questions_listed, scope_label, translation_label
from faqbot.schema import Answer, Citation, Language, ShownTension

_QUOTING = ("answered", "lookup")  # the outcomes that show words of the document


def turn(answer: Answer, document: Document, *, key: str) -> str:
    """The whole turn; `key` makes its id one of a kind on the page."""
    language = answer.language
    seen: set[str] = set()  # terms explained in this turn
    if answer.outcome == "lookup":
        body = _looked_up(answer, document, seen)
    elif answer.outcome == "answered":
        body = _answered(answer, document, seen)
    else:  # an offer claims nothing, but what it points to may stand against something else
        body = _other_sides(list(answer.tensions), None, document, language)
    content = _asked(answer) + tag(
        "div",
        _says(answer) + _with_label(body, answer, document) + _notice(answer, document),
        class_=f"reply {answer.outcome}",
    )
    return tag("article", content, class_="turn", id=f"turn-{key}", lang=language, tabindex="-1")


def failed(language: Language, *, key: str) -> str:
    """The turn that stands in for an answer when answering failed."""
    says = tag("p", escape(texts.ui(language, "failed")), class_="says")
    return tag("article", tag("div", says, class_="reply empty"), class_="turn", id=f"turn-{key}", lang=language)


def _asked(answer: Answer) -> str:
    """The person's own words, unless they hold personal details: those are not shown again."""
    language = answer.language
    hidden = not answer.query.strip() and answer.outcome != "empty"
    words = texts.ui(language, "hidden_message") if hidden else answer.query.strip()
    label = tag("span", escape(texts.ui(language, "you_asked")) + " ", class_="unseen")
    return tag("h2", label + escape(words), class_="asked withheld" if hidden else "asked") if words else ""


def _says(answer: Answer) -> str:
    strength = ""
    if answer.confidence and answer.outcome == "answered":
        strength = tag("strong", escape(texts.label(answer.language, answer.confidence)) + ".", class_="strength") + " "
    return tag("p", strength + escape(answer.message), class_="says")


def _with_label(body: str, answer: Answer, document: Document) -> str:
    """What is shown of the document and the questions to press, with the word that it is a translation."""
    words = translation_label(answer, document)
    label = tag("p", escape(words), class_="unofficial") if words else ""
    offers = _offers(answer, document)
    return label + body + offers if body else offers + label


def _answered(answer: Answer, document: Document, seen: set[str]) -> str:
    """The best passage large, with what qualifies it, then the others under their questions."""
    language = answer.language
    waiting = list(answer.tensions)
    parts = [
        _best(answer.citations[0], document, language, seen),
        _other_sides(waiting, answer.citations[:1], document, language),
    ]
    question = answer.citations[0].passage.question
    heading = tag("h3", escape(texts.label(language, "more")))
    for citation in answer.citations[1:]:
        if citation.passage.question != question:
            question = citation.passage.question
            heading = _question_heading(citation, document, language)
        parts += [
            heading,
            _further(citation, document, language, seen),
            _other_sides(waiting, [citation], document, language),
        ]
        heading = ""
    return "".join(parts) + _other_sides(waiting, None, document, language)


def _looked_up(answer: Answer, document: Document, seen: set[str]) -> str:
    """Every passage asked for, in the order of the document."""
    parts = []
    question = 0
    for citation in answer.citations:
        if citation.passage.question != question:
            question = citation.passage.question
            parts.append(_question_heading(citation, document, answer.language))
        parts.append(_further(citation, document, answer.language, seen))
    return "".join(parts) + _other_sides(list(answer.tensions), None, document, answer.language)


def _best(citation: Citation, document: Document, language: Language, seen: set[str]) -> str:
    shown, spoken = citation.shown, document.text_for(language).language
    words = verbatim(shown.marked_text, seen=seen)
    lead = tag("p", words, class_="lead quote" if shown.whole else "lead", lang=spoken)
    of = tag("span", escape(shown.question_text), class_="of", lang=spoken)
    around = "" if shown.whole else _around(shown, language, spoken, seen)
    full = tag("a", escape(texts.label(language, "full_answer")), class_="full", href=f"#{anchor(citation.passage)}")
    return tag(
        "div",
        lead
        + tag("p", f"{_cite(citation, language)} {of}", class_="where")
        + _scope(citation, document, language)
        + around
        + _original(citation, document, language)
        + _tools(language, full),
        class_="passage best",
    )


def _around(shown: Citation, language: Language, spoken: str, seen: set[str]) -> str:
    title = tag("h3", escape(texts.ui(language, "whole_passage")), class_="small")
    return title + tag("p", _quote(shown, seen), class_="around quote", lang=spoken)


def _further(citation: Citation, document: Document, language: Language, seen: set[str]) -> str:
    quote = tag("p", _quote(citation.shown, seen), class_="quote", lang=document.text_for(language).language)
    copy = tag("button", escape(texts.ui(language, "copy")), class_="copy", type="button")
    where = tag("p", _cite(citation, language) + copy, class_="where")
    return tag("div", quote + where + _original(citation, document, language), class_="passage")


def _quote(citation: Citation, seen: set[str]) -> str:
    return verbatim(citation.passage.text, citation.marked_in_passage, seen)


def _original(citation: Citation, document: Document, language: Language, *, sentence: bool = False) -> str:
    """The passage (or its marked `sentence`) as the source has it, one tap away; nothing where it is shown already."""
    if citation.translation is None:
        return ""
    label = citation_label(citation.shown.passage, language)
    summary = escape(texts.label(language, "original")) + tag("span", f": {escape(label)}", class_="unseen")
    words = verbatim(citation.marked_text, seen=set()) if sentence else _quote(citation, set())
    place = f"{citation.passage.label}: {citation.question_text}"  # as the source's own readers cite it
    quote = tag("p", words, class_="quote") + tag("p", escape(place), class_="from")
    return tag("details", tag("summary", summary) + tag("div", quote, lang=document.language), class_="original")


def _tools(language: Language, full: str) -> str:
    copy = tag("button", escape(texts.ui(language, "copy")), class_="copy", type="button")
    markdown = tag("button", escape(texts.ui(language, "copy_markdown")), class_="copy markdown", type="button")
    return tag("p", full + copy + markdown, class_="tools")


def _question_heading(citation: Citation, document: Document, language: Language) -> str:
    number = texts.label(language, "question", number=citation.passage.question)
    words = tag("span", escape(citation.shown.question_text), lang=document.text_for(language).language)
    return tag("h3", f"{escape(number)}. {words}") + _scope(citation, document, language)


def _scope(citation: Citation, document: Document, language: Language) -> str:
    general = citation.passage.scope == "general"
    words = escape(scope_label(citation.passage, document, language))
    return tag("p", words, class_="scope general" if general else "scope local")


def _cite(citation: Citation, language: Language) -> str:
    """The citation as a link to the passage in the source panel. Its title is for copying, its class for a hand-out."""
    label = citation_label(citation.shown.passage, language)
    link = f"#{anchor(citation.passage)}"
    kind = f"cite marks-{marks(citation)}".removesuffix(" marks-")
    return tag("a", escape(label), class_=kind, href=link, title=f"{label}: {citation.shown.question_text}")


def _other_sides(
    waiting: list[ShownTension], beside: Sequence[Citation] | None, document: Document, language: Language
) -> str:
    """The tensions that qualify these passages, or all that are left; each is shown once."""
    keys = None if beside is None else {citation.passage.key for citation in beside}
    shown = [t for t in waiting if keys is None or keys & {citation.passage.key for citation in t.citations}]
    for tension in shown:
        waiting.remove(tension)
    return "".join(_tension(tension, document, language) for tension in shown)


def _tension(tension: ShownTension, document: Document, language: Language) -> str:
    spoken = document.text_for(language).language
    sides = (
        tag(
            "li",
            tag("p", escape(one.shown.marked_text), class_="quote", lang=spoken)
            + _cite(one, language)
            + _original(one, document, language, sentence=True),
        )
        for one in tension.citations
    )
    title = tag("h3", escape(texts.label(language, "tension")))
    return tag("section", title + tag("p", escape(tension.note), class_="note") + tag("ul", sides), class_="tension")


def _offers(answer: Answer, document: Document) -> str:
    """Questions to press: those offered, all of them for a list, or the related ones."""
    numbers = questions_listed(answer)
    if not numbers:
        return ""
    items = (tag("li", _ask_button(number, document.text_for(answer.language))) for number in numbers)
    related = not answer.offered and answer.outcome != "list"  # else the reply itself introduces them
    title = tag("h3", escape(texts.label(answer.language, "related")), class_="small") if related else ""
    return title + tag("ul", items, class_="offers")


def _ask_button(number: int, text: Text) -> str:
    words = tag("span", escape(text.question(number).text), class_="say")
    label = tag("span", f"{number}. ", class_="number")
    return tag("button", label + words, class_="ask", type="button", lang=text.language)


def _notice(answer: Answer, document: Document) -> str:
    return tag("p", escape(document.notice[answer.language]), class_="notice") if answer.outcome in _QUOTING else ""
