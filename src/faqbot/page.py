"""The parts of the page that do not change: top, first screen, the document itself, where the words come from."""

from __future__ import annotations

import json
from typing import Any

from faqbot import glossary, texts
from faqbot.corpus import Document
from faqbot.markup import LANGUAGES, anchor, both, escape, tag, verbatim
from faqbot.render import scope_label
from faqbot.schema import Language, Question

TITLE, BOX_LABEL, SEND, CLEAR = (texts.ui("en", name) for name in ("title", "box_label", "send", "clear"))
STARTERS = 6
SHORT = 12  # characters of the fingerprint that are shown
_SCRIPT_TEXTS = (
    "box_label box_placeholder send clear cleared exit_help copied not_copied source_panel language close title"
).split()
_REFUSED = (  # by HTTP status; 0 is no response at all, and any other status counts as 500
    *((401, "password"), (408, "too_slow"), (413, "too_large"), (429, "too_many"), (503, "busy"), (500, "failed")),
    (0, "no_connection"),
)
_NAMES: dict[Language, str] = {"en": "English", "es": "Español"}


def top() -> str:
    """The bar that stays in sight: what this is, the language, the way out."""
    switch = "".join(
        tag("button", escape(name), class_="switch", id=f"speak-{language}", type="button", lang=language)
        for language, name in _NAMES.items()
    )
    leave = tag("button", both("exit"), id="leave", type="button")
    return tag(
        "div", tag("p", both("title"), class_="name") + tag("div", switch, class_="switches") + leave, class_="top"
    )


def first_screen() -> str:
    """One line of what this is and one of what it is not."""
    lines = (
        tag("h1", both("title")) + tag("p", both("what"), class_="what") + tag("p", both("what_not"), class_="what-not")
    )
    return tag("div", lines, class_="first")


def starters() -> str:
    """Questions to begin with, in plain words."""
    items = "".join(
        tag(
            "li",
            tag(
                "button",
                tag("span", escape(texts.ui(language, f"starter_{n}")), class_="say"),
                class_="ask",
                type="button",
            ),
            class_=f"say-{language}",
            lang=language,
        )
        for language in LANGUAGES
        for n in range(1, STARTERS + 1)
    )
    return tag(
        "div", tag("h2", both("starters"), class_="small") + tag("ul", items, class_="offers"), class_="starters"
    )


def source(document: Document) -> str:
    """Every question with its whole answer; ui.js shows the one that a citation names."""
    sections = "".join(_section(question, document) for question in document.questions)
    close = tag("button", both("close"), id="close-source", type="button")
    bar = tag("div", tag("h2", both("source_panel"), id="source-title") + close, class_="bar")
    return tag("div", bar + sections + tag("p", _by_language(document.notice), class_="notice"), class_="source")


def _section(question: Question, document: Document) -> str:
    seen: set[str] = set()
    last = len(document.questions)
    parts = [
        tag("p", both("place_in_document", number=question.number, count=last), class_="place"),
        tag("h3", f"{question.number}. {escape(question.text)}", lang=document.language, tabindex="-1"),
        tag(
            "p",
            _by_language({lang: scope_label(question.passages[0], document, lang) for lang in LANGUAGES}),
            class_="scope general" if question.scope == "general" else "scope local",
        ),
    ]
    section = None
    for passage in question.passages:
        if passage.section and passage.section != section:
            section = passage.section
            parts.append(tag("h4", escape(f"{section}:"), lang=document.language))
        link = anchor(passage)
        number = f"{passage.item}." if passage.item is not None else "¶"
        here = tag("a", number, class_="here", href=f"#{link}", title=f"#{link}")
        words = tag("p", verbatim(passage.text, seen=seen), class_="quote", lang=document.language)
        parts.append(
            tag(
                "div",
                here + words,
                class_="passage item" if passage.item is not None else "passage",
                id=link,
                tabindex="-1",
            )
        )
    steps = [
        tag("a", both(name), class_=f"step {name}", href=f"#q{number}")
        for name, number in (("previous", question.number - 1), ("next", question.number + 1))
        if 1 <= number <= last
    ]
    return tag("section", "".join(parts) + tag("p", steps, class_="steps"), class_="question", id=f"q{question.number}")


def card(document: Document) -> str:
    """Where the words come from, and the hard words explained."""
    rows = [
        ("origin", escape(document.origin)),
        ("date", both("date_value", date=document.date, obtained=document.obtained)),
        ("fingerprint", tag("code", document.sha256[:SHORT] + "…", title=document.sha256)),
    ]
    facts = tag("dl", "".join(tag("div", tag("dt", both(name)) + tag("dd", value)) for name, value in rows))
    words = "".join(tag("li", _by_language(term.explained), id=f"explain-{term.name}") for term in glossary.terms())
    return tag(
        "div",
        tag("h2", both("source_card"))
        + tag("p", escape(document.title), class_="document", lang=document.language)
        + tag("p", _by_language(document.notice), class_="notice")
        + facts
        + tag("details", tag("summary", both("words")) + tag("ul", words), class_="words"),
        class_="card",
    )


def script_texts(document: Document) -> str:
    """What ui.js says or copies, as JSON for the page's head."""
    data: dict[str, Any] = {}
    for language in LANGUAGES:
        say: dict[str, Any] = {name: texts.ui(language, name) for name in _SCRIPT_TEXTS}
        say["refused"] = {status: texts.refusal(language, name, seconds="{seconds}") for status, name in _REFUSED}
        date = texts.ui(language, "date_value", date=document.date, obtained=document.obtained)
        origin, dated = texts.ui(language, "origin"), texts.ui(language, "date")
        say["provenance"] = (
            f"{document.title}\n{origin}: {document.origin}\n{dated}: {date}\n{document.notice[language]}"
        )
        data[language] = say
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def no_script() -> str:
    """What a browser shows that runs no scripts."""
    return "".join(tag("p", escape(texts.ui(language, "no_script")), lang=language) for language in LANGUAGES)


def _by_language(words: dict[Any, str]) -> str:
    return "".join(tag("span", escape(words[lang]), class_=f"say-{lang}", lang=lang) for lang in LANGUAGES)
