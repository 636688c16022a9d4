"""A `Handout` as one self-contained page: no script, its style inside, nothing fetched. Prints on A4 and US Letter."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from faqbot import glossary, texts
from faqbot.document import Document
from faqbot.handout import CHOICES, Handout
from faqbot.markup import escape, tag
from faqbot.page import NAMES
from faqbot.render import citation_label, dated, scope_label, short_hash, source_card
from faqbot.schema import LANGUAGES, Answer, Citation, Language, ShownTension

FILE_NAME = "hand-out.html"
_POLICY = (
    "default-src 'none'; style-src '{digest}'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class HandoutPage:
    """The page and the Content-Security-Policy that allows its style and nothing else."""

    html: str
    policy: str


def handout_page(handout: Handout, *, with_controls: bool = False) -> HandoutPage:
    """The whole page; `with_controls` puts a strip on top, not printed, to change the language and to save it."""
    answers, document = handout.answers, handout.document
    first = answers[0].language
    titles = [document.text_for(answer.language).title for answer in answers]
    body = [
        _controls(handout) if with_controls else "",
        _columns((answer.language, _top(answer, document)) for answer in answers),
        *_passages(answers, document),
        _columns((answer.language, _hard_words(answer)) for answer in answers),
        _columns((answer.language, _card(answer, document)) for answer in answers),
    ]
    footers = (
        texts.handout(
            answer.language, "footer", title=title, date=dated(document, answer.language), sha256=short_hash(document)
        )
        for answer, title in zip(answers, titles, strict=True)
    )
    name = f"{texts.handout(first, 'name')} · {titles[0]}"
    return _page(first, name, "".join(body), footer=" ".join(footers))


def refusal_page(name: str) -> HandoutPage:
    """Why there is no hand-out, in both languages; `name` of the text."""
    words = "".join(tag("p", escape(texts.handout(language, name)), lang=language) for language in LANGUAGES)
    return _page("en", texts.handout("en", "name"), words)


def _page(language: str, title: str, body: str, *, footer: str = "") -> HandoutPage:
    style = _style() + (f"@page {{ @bottom-left {{ content: {_css_string(footer)}; }} }}\n" if footer else "")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    html = f'<!doctype html>\n<html lang="{language}"><head>{head}</head>\n<body><main>{body}</main></body></html>\n'
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return HandoutPage(html, _POLICY.format(digest=f"sha256-{digest}"))


@cache
def _style() -> str:
    return files("faqbot").joinpath("assets", "handout.css").read_text(encoding="utf-8")


def _css_string(text: str) -> str:
    """A text as a string of CSS; everything that could end it is written as a number."""
    return '"' + re.sub(r"[^\w .,:;()…-]", lambda match: f"\\{ord(match[0]):x} ", text) + '"'


def _columns(written: Iterable[tuple[Language, str]]) -> str:
    """The same part in each language, side by side where there is room; nothing if it is empty."""
    parts = [tag("div", content, lang=language) for language, content in written if content]
    return tag("div", parts, class_="pair" if len(parts) > 1 else None) if parts else ""


def _top(answer: Answer, document: Document) -> str:
    language = answer.language
    translation = document.translation(language)
    marked = any(not citation.whole for citation in answer.citations)
    return (
        tag("p", escape(texts.handout(language, "name")), class_="kind")
        + tag("h1", escape(document.text_for(language).title))
        + (tag("p", escape(translation.label[language]), class_="unofficial") if translation else "")
        + tag("p", escape(document.notice[language]), class_="notice")
        + (tag("p", escape(texts.handout(language, "bold"))) if marked else "")
    )


def _passages(answers: tuple[Answer, ...], document: Document) -> Iterator[str]:
    """Each passage with the other side of it; each other side once, under the first passage that it qualifies."""
    waiting = list(range(len(answers[0].tensions)))
    for n, citation in enumerate(answers[0].citations):
        parts = [_columns((answer.language, _passage(answer.citations[n], answer, document)) for answer in answers)]
        for t in list(waiting):
            if citation.passage.key in {side.passage.key for side in answers[0].tensions[t].citations}:
                waiting.remove(t)
                block = _columns(
                    (answer.language, _tension(answer.tensions[t], answer, document)) for answer in answers
                )
                parts.append(tag("section", block, class_="tension"))
        yield tag("article", parts)


def _passage(citation: Citation, answer: Answer, document: Document) -> str:
    language, shown = answer.language, citation.shown
    spoken = document.text_for(language).language
    span = shown.marked_in_passage
    text = shown.passage.text
    words = escape(text)
    if not shown.whole:
        marked = tag("mark", escape(text[span.start : span.end]))
        words = escape(text[: span.start]) + marked + escape(text[span.end :])
    return (
        tag("h2", escape(citation_label(shown.passage, language)))
        + tag("p", escape(shown.question_text), class_="of", lang=spoken)
        + tag("blockquote", words, lang=spoken)
        + tag("p", escape(scope_label(citation.passage, document, language)), class_="scope")
    )


def _tension(tension: ShownTension, answer: Answer, document: Document) -> str:
    language = answer.language
    spoken = document.text_for(language).language
    sides = (
        tag(
            "li",
            tag("q", escape(one.shown.marked_text), lang=spoken)
            + " "
            + tag("cite", escape(citation_label(one.shown.passage, language))),
        )
        for one in tension.citations
    )
    heading = tag("h3", escape(texts.label(language, "tension")))
    return heading + tag("p", escape(tension.note)) + tag("ul", sides)


def _hard_words(answer: Answer) -> str:
    """The hard words of what is quoted, explained."""
    language = answer.language
    quotes = [one.shown.passage.text for one in answer.citations]
    quotes += [side.shown.marked_text for tension in answer.tensions for side in tension.citations]
    seen: set[str] = set()
    found = [term for quote in quotes for _, term in glossary.split(quote, seen) if term]
    items = "".join(tag("li", escape(term.explained[language])) for term in found)
    return tag("h2", escape(texts.handout(language, "words"))) + tag("ul", items) if found else ""


def _card(answer: Answer, document: Document) -> str:
    language = answer.language
    lines = "".join(tag("li", escape(line)) for line in source_card(document, language))
    return tag("h2", escape(texts.handout(language, "card"))) + tag("ul", lines, class_="card")


def _controls(handout: Handout) -> str:
    """Other languages, saving, and how to print. Posts the keys again; nothing else is known here."""
    spoken = [answer.language for answer in handout.answers]
    both = " · ".join(texts.handout(language, "both") for language in spoken)
    names = dict(zip(CHOICES, (*NAMES.values(), both), strict=True))
    keys = "".join(_field("passage", key) for key in handout.keys)
    buttons = "".join(
        tag(
            "button",
            escape(names[choice]),
            name_="language",
            value=choice,
            class_="on" if choice == handout.choice else None,
        )
        for choice in CHOICES
    )
    save = " · ".join(texts.handout(language, "save") for language in spoken)
    buttons += tag("button", escape(save), name_="save", value=handout.choice)
    hints = "".join(tag("p", escape(texts.handout(language, "print")), lang=language) for language in spoken)
    return tag("form", keys + buttons + hints, method="post", action="./hand-out", class_="controls")


def _field(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'
