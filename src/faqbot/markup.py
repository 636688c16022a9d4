"""The few ways in which text becomes HTML inside Gradio's Markdown. Every dynamic string passes `escape`.

The pieces are whole HTML blocks on one line, so that Markdown never parses what is inside; `escape` writes
Markdown's own punctuation as entities all the same. Gradio keeps class, id, href, title, lang, role and
tabindex and drops data-* and aria-*, so `assets/ui.js` adds the latter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from faqbot import glossary, texts
from faqbot.document import Document, Text
from faqbot.schema import LANGUAGES, Passage, Span

_SPECIAL = re.compile(r"[^\w \-.,;?!'’“”()–—…¿¡áéíóúñü]")


def escape(text: str) -> str:
    r"""Text that stays text, in HTML and in Markdown.

    >>> escape("<b> *x*\n# $1 [a](b)")
    '&#60;b&#62; &#42;x&#42;&#10;&#35; &#36;1 &#91;a&#93;(b)'
    """
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text).replace("_", "&#95;")


def tag(name: str, content: str | Iterable[str] = "", **attributes: object) -> str:
    """An element; `content` is HTML, attribute values are text. `class_` is written as class."""
    written = "".join(
        f' {key.rstrip("_")}="{escape(str(value))}"' for key, value in attributes.items() if value is not None
    )
    inside = content if isinstance(content, str) else "".join(content)
    return f"<{name}{written}>{inside}</{name}>" if name != "input" else f"<{name}{written}>"


def both(name: str, **values: object) -> str:
    """A fixed text in both languages; the style sheet shows the one chosen."""
    return "".join(
        tag("span", escape(texts.ui(language, name, **values)), class_=f"say-{language}", lang=language)
        for language in LANGUAGES
    )


def by_language(words: dict[Any, str], *, name: str | None = None) -> str:
    """A text given in each language; `name` begins the ids, for what is pointed to."""
    return "".join(
        tag("span", escape(words[lang]), class_=f"say-{lang}", id=name and f"{name}-{lang}", lang=lang)
        for lang in LANGUAGES
    )


def in_each(document: Document, words: Callable[[Text], str]) -> str:
    """HTML made of each translation, then of the source; the style sheet shows that of the page's language."""
    return "".join(
        tag(
            "span",
            words(text),
            class_="source-words" if text is document else f"say-{text.language}",
            lang=text.language,
        )
        for text in document.texts
    )


def verbatim(text: str, marked: Span | None = None, seen: set[str] | None = None) -> str:
    """A text word for word: `marked` (offsets into it) highlighted, hard words made into terms unless `seen`."""
    seen = set() if seen is None else seen
    if marked is None or (marked.start, marked.end) == (0, len(text)):
        return _explained(text, seen)
    before, inside, after = text[: marked.start], text[marked.start : marked.end], text[marked.end :]
    return _explained(before, seen) + tag("mark", _explained(inside, seen)) + _explained(after, seen)


def anchor(passage: Passage) -> str:
    """Where a passage stands in the source panel: "q5.3", "q20.risks.3", "q15.p2" for a paragraph.

    It is the permanent link, so it is made of what is printed in the document.
    """
    if passage.item is None:
        return f"q{passage.question}.p{passage.position}"
    section = [re.sub(r"\W+", "-", passage.section.lower())] if passage.section else []
    return ".".join([f"q{passage.question}", *section, str(passage.item)])


def _explained(text: str, seen: set[str]) -> str:
    return "".join(
        tag("span", escape(piece), class_=f"term term-{term.name}", role="button", tabindex="0")
        if term
        else escape(piece)
        for piece, term in glossary.split(text, seen)
    )
