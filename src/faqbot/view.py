"""An `Answer` as one turn of the chat: HTML for Gradio's Markdown. Pure; knows no Gradio and no bot.

Reads top down: the answering sentence, where it stands, the words around it, the other side, then the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from faqbot import texts
from faqbot.corpus import Document
from faqbot.markup import anchor, escape, tag, verbatim
from faqbot.render import citation_label, scope_label
from faqbot.schema import Answer, Citation, Language, ShownTension, Span

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
        _says(answer) + body + _offers(answer, document) + _notice(answer, document),
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
    passage = citation.passage
    whole = (citation.marked.start, citation.marked.end) == (passage.start, passage.end)
    lead = tag(
        "p", verbatim(citation.marked_text, seen=seen), class_="lead quote" if whole else "lead", lang=document.language
    )
    where = (
        _cite(citation, language)
        + " "
        + tag("span", escape(citation.question_text), class_="of", lang=document.language)
    )
    around = "" if whole else _around(citation, document, language, seen)
    full = tag("a", escape(texts.label(language, "full_answer")), class_="full", href=f"#{anchor(passage)}")
    return tag(
        "div",
        lead + tag("p", where, class_="where") + _scope(citation, document, language) + around + _tools(language, full),
        class_="passage best",
    )


def _around(citation: Citation, document: Document, language: Language, seen: set[str]) -> str:
    title = tag("h3", escape(texts.ui(language, "whole_passage")), class_="small")
    return title + tag("p", _quote(citation, seen), class_="around quote", lang=document.language)


def _further(citation: Citation, document: Document, language: Language, seen: set[str]) -> str:
    quote = tag("p", _quote(citation, seen), class_="quote", lang=document.language)
    copy = tag("button", escape(texts.ui(language, "copy")), class_="copy", type="button")
    return tag("div", quote + tag("p", _cite(citation, language) + copy, class_="where"), class_="passage")


def _quote(citation: Citation, seen: set[str]) -> str:
    begin = citation.passage.start
    return verbatim(citation.passage.text, Span(citation.marked.start - begin, citation.marked.end - begin), seen)


def _tools(language: Language, full: str) -> str:
    copy = tag("button", escape(texts.ui(language, "copy")), class_="copy", type="button")
    markdown = tag("button", escape(texts.ui(language, "copy_markdown")), class_="copy markdown", type="button")
    return tag("p", full + copy + markdown, class_="tools")


def _question_heading(citation: Citation, document: Document, language: Language) -> str:
    number = texts.label(language, "question", number=citation.passage.question)
    words = tag("span", escape(citation.question_text), lang=document.language)
    return tag("h3", f"{escape(number)}. {words}") + _scope(citation, document, language)


def _scope(citation: Citation, document: Document, language: Language) -> str:
    general = citation.passage.scope == "general"
    words = escape(scope_label(citation.passage, document, language))
    return tag("p", words, class_="scope general" if general else "scope local")


def _cite(citation: Citation, language: Language) -> str:
    """The citation as a link to the passage in the source panel; its title is what copying needs."""
    label = citation_label(citation.passage, language)
    link = f"#{anchor(citation.passage)}"
    return tag("a", escape(label), class_="cite", href=link, title=f"{label}: {citation.question_text}")


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
    sides = (
        tag("li", tag("p", escape(one.marked_text), class_="quote", lang=document.language) + _cite(one, language))
        for one in tension.citations
    )
    title = tag("h3", escape(texts.label(language, "tension")))
    return tag("section", title + tag("p", escape(tension.note), class_="note") + tag("ul", sides), class_="tension")


def _offers(answer: Answer, document: Document) -> str:
    """Questions to press: those offered, all of them for a list, or the related ones."""
    numbers = answer.ranking if answer.outcome == "list" else answer.offered or answer.related
    if not numbers:
        return ""
    items = (tag("li", _ask_button(number, document)) for number in numbers)
    related = not answer.offered and answer.outcome != "list"  # else the reply itself introduces them
    title = tag("h3", escape(texts.label(answer.language, "related")), class_="small") if related else ""
    return title + tag("ul", items, class_="offers")


def _ask_button(number: int, document: Document) -> str:
    words = tag("span", escape(document.question(number).text), class_="say")
    label = tag("span", f"{number}. ", class_="number")
    return tag("button", label + words, class_="ask", type="button", lang=document.language)


def _notice(answer: Answer, document: Document) -> str:
    return tag("p", escape(document.notice[answer.language]), class_="notice") if answer.outcome in _QUOTING else ""
