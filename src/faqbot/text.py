"""Small, document-independent text handling: sentences and the normal form of a query."""

from __future__ import annotations

import re
import unicodedata

from syntok import segmenter

from faqbot.schema import Span

_DASHES_AND_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "¿": " ", "¡": " "})


def sentence_spans(text: str, *, offset: int = 0) -> tuple[Span, ...]:
    """Split a passage into sentences; spans are shifted by `offset` and exclude surrounding blanks.

    >>> [(s.start, s.end) for s in sentence_spans("It may. In the U.S. Congress, 287(g) counts.")]
    [(0, 7), (8, 44)]
    """
    spans = []
    for paragraph in segmenter.analyze(text):
        for sentence in paragraph:
            tokens = [token for token in sentence if token.value.strip()]
            if tokens:
                last = tokens[-1]
                spans.append(Span(offset + tokens[0].offset, offset + last.offset + len(last.value)))
    return tuple(spans)


def fold(text: str) -> str:
    """Lower case, without accents, with plain quotes and single blanks: the form in which texts are compared.

    >>> fold("¿Cuánto  tiempo GUARDAN…?")
    'cuanto tiempo guardan...?'
    """
    text = unicodedata.normalize("NFKD", text.translate(_DASHES_AND_QUOTES))
    text = unicodedata.normalize("NFKD", text.casefold())  # again: a folded letter may come apart
    text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """The words and numbers of a folded text.

    >>> words("Don't share my SSN, por favor!")
    ["don't", 'share', 'my', 'ssn', 'por', 'favor']
    """
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", fold(text))
