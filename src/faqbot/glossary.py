"""The hard words of the document, found in a text and explained beside it. Never changes the text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from faqbot.schema import Language


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase with its explanation in each language."""

    name: str
    words: tuple[str, ...]
    exact: bool  # upper and lower case matter, as in "ICE"
    explained: dict[Language, str]


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in file order."""
    text = files("faqbot.texts").joinpath("glossary.toml").read_text(encoding="utf-8")
    return tuple(
        Term(one["name"], tuple(one["words"]), one.get("exact", False), {"en": one["en"], "es": one["es"]})
        for one in tomllib.loads(text)["term"]
    )


def split(text: str, seen: set[str]) -> Iterator[tuple[str, Term | None]]:
    """The text in pieces, in order; a piece that is the first use of a term comes with it. `seen` is added to.

    >>> [(piece, term and term.name) for piece, term in split("An MOU with ICE. The MOU ends.", set())]
    [('An ', None), ('MOU', 'mou'), (' with ', None), ('ICE', 'ice'), ('. The MOU ends.', None)]
    """
    done = 0
    for match in _pattern().finditer(text):
        term = _by_group(match)
        if term.name not in seen:
            seen.add(term.name)
            if match.start() > done:
                yield text[done : match.start()], None
            yield match[0], term
            done = match.end()
    if done < len(text):
        yield text[done:], None


@cache
def _pattern() -> re.Pattern[str]:
    alternatives = []
    for term in terms():
        words = "|".join(re.escape(word) for word in sorted(term.words, key=len, reverse=True))
        alternatives.append(f"(?P<{term.name}>{words if term.exact else f'(?i:{words})'})")
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")


def _by_group(match: re.Match[str]) -> Term:
    return next(term for term in terms() if term.name == match.lastgroup)
