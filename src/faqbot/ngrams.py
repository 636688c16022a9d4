"""A text as hashed word and character n-grams: robust to misspelling, knows no language and no document.

Hashing is a polynomial over code points modulo 2**32 (Rabin-Karp), computed for all windows at once.
"""

from __future__ import annotations

import zlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faqbot.text import words

BITS = 17
BUCKETS = 1 << BITS
CHARACTER_SIZES = (2, 3, 4, 5)
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
    hashes = [_windows(codes, size) for size in CHARACTER_SIZES]
    pairs = [f"{left} {right}" for left, right in pairwise(tokens)]
    hashes.append(np.array([zlib.crc32(gram.encode()) for gram in (*tokens, *pairs)], dtype=np.uint32))
    mixed = np.concatenate(hashes) ^ np.uint32(salt * 0x85EBCA6B & 0xFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D)  # spread into the high bits
    buckets, counts = np.unique(mixed >> np.uint32(32 - BITS), return_counts=True)
    return buckets.astype(np.int64), counts.astype(np.float32)


def _windows(codes: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """The hash of every window of `size` code points, with the size mixed in."""
    count = max(len(codes) - size + 1, 0)
    total = np.full(count, size * 0x9E3779B1 & 0xFFFFFFFF, dtype=np.uint32)
    for shift in range(size):
        total = total * _BASE + codes[shift : shift + count]
    return total
