"""A text as hashed word and character n-grams: robust to misspelling, knows no language and no document.

Hashing is a polynomial over code points, or over the hashes of words, modulo 2**32 (Rabin-Karp), computed for all
windows at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faqbot.text import words

BITS = 18
BUCKETS = 1 << BITS
CHARACTER_GRAMS = tuple(tuple(range(size)) for size in (3, 4, 5))
WORD_GRAMS = ((0,), (0, 1), (0, 2), (0, 3), (0, 1, 2))  # single words, pairs up to three apart, three in a row
LONGEST = 2_000  # characters that are looked at; nobody's question is longer
_BASE = np.uint32(0x01000193)  # the FNV prime: odd, so every position keeps its weight


def ngram_counts(text: str, *, salt: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Distinct n-gram buckets of a text and how often each occurs.

    Args:
        text: only its first `LONGEST` characters count.
        salt: another number sends the same n-gram to another bucket, so that two roles of a text differ.

    Returns:
        (buckets, counts), both of shape (distinct,), buckets ascending and in [0, BUCKETS).
        Both are empty for a text without letters or digits.
    """
    codes, names = _units([words(text[:LONGEST])])
    hashes = [_grams(codes, offsets) for offsets in CHARACTER_GRAMS]
    hashes += [_grams(names, offsets) for offsets in WORD_GRAMS]
    buckets, counts = np.unique(_buckets(np.concatenate(hashes), salt), return_counts=True)
    return buckets.astype(np.int64), counts.astype(np.float32)


def all_ngram_counts(
    texts: Sequence[str], *, salt: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """`ngram_counts` of many texts: faster than one by one, slower for one.

    Returns:
        (bounds, buckets, counts): those of text i lie from bounds[i] to bounds[i + 1].
    """
    tokens = [words(text[:LONGEST]) for text in texts]
    codes, names = _units(tokens)
    of_code = np.repeat(np.arange(len(texts)), [len(" ".join(own)) + 2 if own else 0 for own in tokens])
    of_name = np.repeat(np.arange(len(texts)), [len(own) for own in tokens])
    keys = []
    for units, owner, sizes in ((codes, of_code, CHARACTER_GRAMS), (names, of_name, WORD_GRAMS)):
        for offsets in sizes:
            hashes = _grams(units, offsets)
            first = owner[: len(hashes)]
            whole = first == owner[offsets[-1] :]  # not from one text into the next
            keys.append(first[whole] << BITS | _buckets(hashes[whole], salt))
    distinct, counts = np.unique(np.concatenate(keys), return_counts=True)
    bounds = np.searchsorted(distinct >> BITS, np.arange(len(texts) + 1))
    return bounds, distinct & (BUCKETS - 1), counts.astype(np.float32)


def _units(tokens: Sequence[Sequence[str]]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The letters of texts, each with blanks around, and the hashes of their words."""
    padded = "".join(f" {' '.join(own)} " for own in tokens if own)
    names = [zlib.crc32(token.encode()) for own in tokens for token in own]
    return np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32), np.array(names, dtype=np.uint32)


def _buckets(hashes: NDArray[np.uint32], salt: int) -> NDArray[np.uint32]:
    mixed = hashes ^ np.uint32(salt * 0x85EBCA6B & 0xFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)  # spread into the high bits
    return np.asarray(mixed >> np.uint32(32 - BITS), dtype=np.uint32)


def _grams(units: NDArray[np.uint32], offsets: Sequence[int]) -> NDArray[np.uint32]:
    """The hash of the units at those offsets from every place, with the shape mixed in."""
    count = max(len(units) - offsets[-1], 0)
    shape = sum((offset + 1) * 31**place for place, offset in enumerate(offsets))
    total = np.full(count, shape * 0x9E3779B1 & 0xFFFFFFFF, dtype=np.uint32)
    for offset in offsets:
        total = total * _BASE + units[offset : offset + count]
    return total
