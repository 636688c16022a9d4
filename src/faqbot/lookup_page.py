"""The look-up view of the page: its box, the table of contents, and what ui.lookup.js must know of the document.

Stands beside Gradio in the same page (docs/decisions/0007), so it is plain HTML with its aria attributes in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from faqbot import texts
from faqbot.answer import TensionFinder, cite, translated_citation
from faqbot.document import Document
from faqbot.lookup import Found
from faqbot.markup import anchor, both, by_language, escape, in_each, tag
from faqbot.nearness import Place
from faqbot.picture import picture
from faqbot.render import citation_label, scope_label
from faqbot.routing import ITEM_WORDS, QUESTION_WORDS
from faqbot.schema import LANGUAGES, Citation, Passage, Question, Span
from faqbot.themes import Theme

LONGEST_SEARCH = 300  # characters that the box takes
_HEADING = re.compile(r"[^.:;?!]{2,60}(?=: )")  # what an item begins with: "Data Security: It is essential …"
_SCRIPT_TEXTS = (
    "look_up_title title search_found search_found_one search_none search_more search_number search_all search_meaning "
    "search_unsure search_some other_side copy copied not_copied search_source search_failed"
).split()


def view(document: Document, themes: Sequence[Theme], places: Sequence[Place], tensions: TensionFinder) -> str:
    """The whole view, shown when ui.lookup.js has put it in its place."""
    against = opponents(tensions, document)
    box = tag(
        "input",
        id="search",
        type="search",
        autocomplete="off",
        spellcheck="false",  # a browser may send what is typed away to have it spelled
        autocapitalize="off",
        enterkeyhint="search",
        maxlength=LONGEST_SEARCH,
        **{"aria-describedby": "search-keys", "aria-controls": "found"},
    )
    keys = tag("p", both("search_keys"), id="search-keys", class_="keys")
    switch = tag(
        "label",
        tag("input", id="one-keys", type="checkbox", role="switch", checked="") + tag("span", both("search_switch")),
        class_="one-keys",
    )
    head = tag(
        "div",
        tag("label", both("search_label"), **{"for": "search"}) + box + tag("p", "", id="count", class_="count"),
        class_="search-bar",
        role="search",
    )
    labels = (
        tag("p", escape(one.label[one.language]), class_=f"unofficial say-{one.language}", lang=one.language)
        for one in document.translations
    )
    contents = _contents(document, themes, against) + picture(document, places, against)
    return tag(
        "section",
        tag("h1", both("look_up_title"), id="look-up-title", tabindex="-1")
        + head
        + tag("div", keys + switch, class_="search-help")
        + "".join(labels)
        + tag("div", "", id="found", class_="found")
        + tag("div", contents, id="contents"),
        id="finder",
        class_="prose",
        hidden="",
        **{"aria-labelledby": "look-up-title"},
    )


def _contents(document: Document, themes: Sequence[Theme], against: dict[int, list[int]]) -> str:
    """Every question with what it covers, under its theme; one flat list for a document without themes."""
    groups = themes or [Theme({}, tuple(question.number for question in document.questions))]
    heading = tag("h2", both("contents", count=len(document.questions)))
    return heading + "".join(
        (tag("h3", by_language(theme.name)) if theme.name else "")
        + tag(
            "ol",
            (_entry(document.question(number), document, against) for number in theme.questions),
            class_="entries",
        )
        for theme in groups
    )


def _entry(question: Question, document: Document, against: dict[int, list[int]]) -> str:
    words = in_each(document, lambda text: escape(text.question(question.number).text))
    count = len(question.passages)
    facts = [tag("span", both("passages_one" if count == 1 else "passages", number=count)), scope(question, document)]
    if against.get(question.number):
        facts.append(tag("span", both("other_side"), class_="two-sided"))
    return tag(
        "li",
        tag("a", tag("span", f"{question.number}.", class_="number") + tag("span", words), href=f"#q{question.number}")
        + tag("p", in_each(document, lambda text: escape(glance(text.question(question.number)))), class_="glance")
        + tag("p", facts, class_="facts"),
        class_="entry",
    )


def scope(question: Question, document: Document) -> str:
    """About the document's place or general, in each language."""
    words = by_language({lang: scope_label(question.passages[0], document, lang) for lang in LANGUAGES})
    return tag("span", words, class_="scope general" if question.scope == "general" else "scope local")


def glance(question: Question) -> str:
    """What an answer covers in its own words: what its items are headed, or else its first sentence."""
    headed: dict[str | None, list[str]] = {}
    for passage in question.passages:
        found = _HEADING.match(passage.text) if passage.item is not None else None
        if found:
            headed.setdefault(passage.section, []).append(found[0])
    if not headed:
        first = question.passages[0]
        return first.text[: first.sentences[0].end - first.start]
    return "; ".join(
        f"{section}: {', '.join(names)}" if section else ", ".join(names) for section, names in headed.items()
    )


def opponents(tensions: TensionFinder, document: Document) -> dict[int, list[int]]:
    """The questions that each one stands against, by number."""
    found: dict[int, set[int]] = {question.number: set() for question in document.questions}
    for tension in tensions.tensions:
        for one in tension.sides:
            for other in tension.sides:
                if one.group != other.group and one.passage.question != other.passage.question:
                    found[one.passage.question].add(other.passage.question)
    return {number: sorted(others) for number, others in found.items()}


def found_json(found: Found) -> dict[str, Any]:
    """What `POST /find` answers: where the hits stand, which the page already holds."""
    hits = [
        {
            "id": anchor(one.passage),
            "question": one.passage.question,
            "position": one.passage.position,
            "sentence": sentence_number(one),
        }
        for one in found.hits
    ]
    return {"outcome": found.outcome, "message": found.message, "hits": hits}


def sentence_number(citation: Citation) -> int | None:
    """Which sentence of its passage is marked, from 1; None when all of it is and there are more."""
    sentences = citation.passage.sentences
    inside = [number for number, span in enumerate(sentences, 1) if span.overlaps(citation.marked)]
    return inside[0] if len(inside) == 1 else None


def script_data(document: Document, tensions: TensionFinder) -> str:
    """What ui.lookup.js must know, as JSON for the page's head. The words of the document stand in the source panel."""
    data: dict[str, Any] = {
        "texts": {
            lang: {name: texts.template(lang, name) for name in _SCRIPT_TEXTS}
            | {"tension": texts.label(lang, "tension")}
            for lang in LANGUAGES
        },
        "questionWords": sorted(QUESTION_WORDS),
        "itemWords": sorted(ITEM_WORDS),
        "questions": [
            {
                "id": f"q{question.number}",
                "number": question.number,
                "label": {lang: texts.label(lang, "question", number=question.number) for lang in LANGUAGES},
                "scope": {lang: scope_label(question.passages[0], document, lang) for lang in LANGUAGES},
                "general": question.scope == "general",
            }
            for question in document.questions
        ],
        "passages": [_passage(passage, document, tensions) for passage in document.passages],
    }
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _passage(passage: Passage, document: Document, tensions: TensionFinder) -> dict[str, Any]:
    inside = [(text, text.passage(passage.key)) for text in document.texts]
    data: dict[str, Any] = {
        "id": anchor(passage),
        "question": passage.question,
        "label": {lang: citation_label(document.text_for(lang).passage(passage.key), lang) for lang in LANGUAGES},
        "cited": passage.label,
        "sentences": {text.language: [_offsets(span, own) for span in own.sentences] for text, own in inside},
    }
    if passage.item is not None:
        data["item"] = passage.item
    if passage.section:
        data["headings"] = [own.section for _, own in inside]
    sides = list(_sides(passage, document, tensions))
    return data | {"tensions": sides} if sides else data


def _sides(passage: Passage, document: Document, tensions: TensionFinder) -> Iterator[dict[str, Any]]:
    """What stands against a passage: the note, and where the sentences of the other side are."""
    own = [cite(document.question(passage.question), passage)]
    shown = {lang: tensions.find(own, lang, every=True) for lang in LANGUAGES}
    for number, tension in enumerate(shown[LANGUAGES[0]]):
        others = [one for one in tension.citations if one.passage.key != passage.key]
        yield {
            "note": {lang: shown[lang][number].note for lang in LANGUAGES},
            "others": [{"id": anchor(one.passage), "at": dict(_marked(one, document))} for one in others],
        }


def _marked(citation: Citation, document: Document) -> Iterable[tuple[str, list[int]]]:
    """The marked words as offsets into the passage, in each language of the document."""
    yield document.language, _offsets(citation.marked, citation.passage)
    for translation in document.translations:
        other = translated_citation(citation, translation).shown
        yield translation.language, _offsets(other.marked, other.passage)


def _offsets(span: Span, passage: Passage) -> list[int]:
    return [span.start - passage.start, span.end - passage.start]
