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
    tokens = words(text[:LONGEST])
    if not tokens:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    padded = f" {' '.join(tokens)} "
    codes = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32)
    names = np.array([zlib.crc32(token.encode()) for token in tokens], dtype=np.uint32)
    hashes = [_grams(codes, offsets) for offsets in CHARACTER_GRAMS]
    hashes += [_grams(names, offsets) for offsets in WORD_GRAMS]
    mixed = np.concatenate(hashes) ^ np.uint32(salt * 0x85EBCA6B & 0xFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)  # spread into the high bits
    buckets, counts = np.unique(mixed >> np.uint32(32 - BITS), return_counts=True)
    return buckets.astype(np.int64), counts.astype(np.float32)


def _grams(units: NDArray[np.uint32], offsets: Sequence[int]) -> NDArray[np.uint32]:
    """The hash of the units at those offsets from every place, with the shape mixed in."""
    count = max(len(units) - offsets[-1], 0)
    shape = sum((offset + 1) * 31**place for place, offset in enumerate(offsets))
    total = np.full(count, shape * 0x9E3779B1 & 0xFFFFFFFF, dtype=np.uint32)
    for offset in offsets:
        total = total * _BASE + units[offset : offset + count]
    return total
