"""What is private and what is not: one text in each language, as a plain page and as docs/privacy.md.

The page runs no script, so that it can be read where nothing else works.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from faqbot.markup import escape, tag
from faqbot.schema import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what is said under it."""

    heading: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole text in one language."""

    language: Language
    title: str
    intro: str
    back: str
    parts: tuple[Part, ...]


@cache
def statements() -> tuple[Statement, ...]:
    """The text in each language; KeyError if one lacks a sentence that the other has."""
    text = files("faqbot.texts").joinpath("privacy.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return tuple(
        Statement(
            language,
            data["title"][language],
            data["intro"][language],
            data["back"][language],
            tuple(
                Part(part["heading"][language], tuple(point[language] for point in part["point"]))
                for part in data["part"]
            ),
        )
        for language in LANGUAGES
    )


@cache
def page() -> str:
    """The page, both languages one below the other."""
    first = statements()[0]
    articles = "".join(tag("article", "".join(_html(one)), lang=one.language, id=one.language) for one in statements())
    return (
        f'<!doctype html><html lang="{first.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(first.title)}</title>"
        '<link rel="icon" href="./favicon.ico"><link rel="stylesheet" href="./assets/privacy.css"></head>'
        f"<body>{tag('main', articles)}</body></html>"
    )


def _html(one: Statement) -> Iterator[str]:
    others = (other for other in statements() if other is not one)
    links = [tag("a", escape(one.back), href="./")]
    links += [tag("a", escape(other.title), href=f"#{other.language}", lang=other.language) for other in others]
    yield tag("nav", links)
    yield tag("h1", escape(one.title)) + tag("p", escape(one.intro))
    for part in one.parts:
        yield tag("h2", escape(part.heading)) + tag("ul", (tag("li", escape(point)) for point in part.points))


def markdown() -> str:
    """The same for docs/privacy.md, which a test holds to it."""
    lines: list[str] = []
    for number, one in enumerate(statements()):
        lines += [f"{'##' if number else '#'} {one.title}", "", one.intro, ""]
        for part in one.parts:
            lines += [f"{'###' if number else '##'} {part.heading}", "", *(f"- {point}" for point in part.points), ""]
    return "\n".join(lines)
