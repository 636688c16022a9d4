"""The parts of the page that do not change: top, first screen, the document itself, where the words come from."""

from __future__ import annotations

import json
from typing import Any

from faqbot import glossary, texts
from faqbot.document import Document, Text
from faqbot.markup import anchor, both, by_language, escape, in_each, tag, verbatim
from faqbot.render import dated, scope_label, short_hash, source_card
from faqbot.schema import LANGUAGES, Language, Passage, Question

TITLE, BOX_LABEL, SEND, CLEAR = (texts.ui("en", name) for name in ("title", "box_label", "send", "clear"))
STARTERS = 6
_SCRIPT_TEXTS = (
    "box_label box_placeholder send clear cleared exit_help copied not_copied source_panel language close title views"
).split()
_REFUSED = (  # by HTTP status; 0 is no response at all, and any other status counts as 500
    *((401, "password"), (408, "too_slow"), (413, "too_large"), (429, "too_many"), (503, "busy"), (500, "failed")),
    (0, "no_connection"),
)
_HANDOUT_TEXTS = "name add added removed one many make empty emptied".split()
NAMES: dict[Language, str] = {"en": "English", "es": "Español"}


def top() -> str:
    """The bar that stays in sight: what this is, its two views, the language, the way out."""
    switch = "".join(
        tag(
            "button",
            escape(name[:2]) + tag("span", escape(name[2:]), class_="rest"),  # a phone shows "En" and "Es"
            class_="switch",
            id=f"speak-{language}",
            type="button",
            lang=language,
        )
        for language, name in NAMES.items()
    )
    views = tag("a", both("ask_view"), id="to-chat", href="#") + tag(
        "a", both("look_up"), id="to-look-up", href="#look-up"
    )
    leave = tag("button", both("exit"), id="leave", type="button")
    return tag(
        "div",
        tag("p", both("title"), class_="name")
        + tag("nav", views, class_="views")
        + tag("div", switch, class_="switches")
        + leave,
        class_="top",
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
    labels = "".join(
        tag("p", escape(one.label[one.language]), class_=f"unofficial say-{one.language}", lang=one.language)
        for one in document.translations
    )
    lines = {language: " · ".join(source_card(document, language)) for language in LANGUAGES}
    notice = tag("p", by_language(lines), class_="notice")
    return tag("div", bar + labels + sections + notice, class_="source")


def _section(question: Question, document: Document) -> str:
    """A question in each language of the document: that of the page is shown, and with a button the source too."""
    seen: dict[str, set[str]] = {text.language: set() for text in document.texts}
    last = len(document.questions)
    heading = in_each(document, lambda text: escape(text.question(question.number).text))
    buttons = (
        tag(
            "button",
            escape(texts.ui(one.language, "both_languages")),
            class_=f"both-texts say-{one.language}",
            type="button",
        )
        for one in document.translations
    )
    parts = [
        tag("p", both("place_in_document", number=question.number, count=last), class_="place"),
        tag("h3", f"{question.number}. {heading}", tabindex="-1"),
        tag(
            "p",
            by_language({lang: scope_label(question.passages[0], document, lang) for lang in LANGUAGES}),
            class_="scope general" if question.scope == "general" else "scope local",
        ),
        *buttons,
    ]
    section = None
    for passage in question.passages:
        if passage.section and passage.section != section:
            section = passage.section
            parts.append(_heading(passage, document))
        parts.append(_passage(passage, document, seen))
    steps = [
        tag("a", both(name), class_=f"step {name}", href=f"#q{number}")
        for name, number in (("previous", question.number - 1), ("next", question.number + 1))
        if 1 <= number <= last
    ]
    return tag("section", "".join(parts) + tag("p", steps, class_="steps"), class_="question", id=f"q{question.number}")


def _heading(passage: Passage, document: Document) -> str:
    return tag("h4", in_each(document, lambda text: escape(f"{text.passage(passage.key).section}:")))


def _passage(passage: Passage, document: Document, seen: dict[str, set[str]]) -> str:
    link = anchor(passage)
    number = f"{passage.item}." if passage.item is not None else "¶"
    here = tag("a", number, class_="here", href=f"#{link}", title=f"#{link}")
    words = in_each(document, lambda text: verbatim(text.passage(passage.key).text, seen=seen[text.language]))
    kind = "passage item" if passage.item is not None else "passage"
    tools = tag("div", "", class_="tools")  # where the scripts put what can be done with it
    return tag("div", here + tag("p", words, class_="quote") + tools, class_=kind, id=link, tabindex="-1")


def card(document: Document) -> str:
    """Where the words come from, and the hard words explained."""
    rows = [
        ("origin", escape(document.origin)),
        ("date", by_language({language: dated(document, language) for language in LANGUAGES})),
        ("fingerprint", _fingerprint(document)),
        *(("translation", by_language(one.label) + " " + _fingerprint(one)) for one in document.translations),
    ]
    facts = tag("dl", "".join(tag("div", tag("dt", both(name)) + tag("dd", value)) for name, value in rows))
    words = "".join(tag("li", by_language(term.explained, name=f"explain-{term.name}")) for term in glossary.terms())
    return tag(
        "div",
        tag("h2", both("source_card"))
        + tag("p", in_each(document, lambda text: escape(text.title)), class_="document")
        + tag("p", by_language(document.notice), class_="notice")
        + facts
        + tag("p", tag("a", both("privacy"), href="./privacy", target="_blank"), class_="privacy")
        + tag("details", tag("summary", both("words")) + tag("ul", words), class_="words"),
        class_="card",
    )


def _fingerprint(text: Text) -> str:
    return tag("code", short_hash(text), title=text.sha256)


def script_texts(document: Document) -> str:
    """What ui.js says or copies, as JSON for the page's head."""
    data: dict[str, Any] = {}
    for language in LANGUAGES:
        say: dict[str, Any] = {name: texts.ui(language, name) for name in _SCRIPT_TEXTS}
        say["refused"] = {status: texts.refusal(language, name, seconds="{seconds}") for status, name in _REFUSED}
        say["provenance"] = "\n".join(source_card(document, language))
        say["handout"] = {name: texts.handout(language, name, count="{count}") for name in _HANDOUT_TEXTS}
        translation = document.translation(language)
        if translation:
            say["unofficial"] = translation.label[language]
            say["original"] = texts.label(language, "original")
        data[language] = say
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def no_script() -> str:
    """What a browser shows that runs no scripts."""
    return "".join(tag("p", escape(texts.ui(language, "no_script")), lang=language) for language in LANGUAGES)
