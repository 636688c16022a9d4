"""A message read clause by clause: which clause asks, and whether two of them ask different things.

"I know they keep it ten years, but who checks?": read whole, the words about keeping outweigh those that ask. "How
long do they keep it, and who checks?": read whole, one question outshines the other.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LEAST = 2  # words of a clause
MOST = 12  # clauses that are read, the last ones
_JOINT = re.compile(
    r"[.?!;:,—–]+\s+|\s[-–—]\s"
    r"|\s(?=(?:and|plus|also|then|but|or|pero|y|o|e|luego|además|ademas|también|tambien|&|\+)\s)",
    re.IGNORECASE,
)


def clauses(message: str) -> list[str]:
    """The clauses of a message, cut at sentence marks, commas and words that join; empty if there is only one.

    >>> clauses("I know they keep it, but who checks?")
    ['I know they keep it', 'but who checks?']
    >>> clauses("who checks?")
    []
    """
    parts = [part for part in _JOINT.split(message) if len(part.split()) >= LEAST]
    return parts[-MOST:] if len(parts) > 1 else []


def attended(read: Floats, asks: Floats) -> Floats:
    """ln P(label | message), of what its clauses say, each as far as it is the one that asks.

    Attention over the members of a bag (Ilse et al. 2018).

    Args:
        read: ln P(label | clause), shape (clauses, labels).
        asks: scores, shape (clauses,); their softmax is the attention.
    """
    together = (asks - np.logaddexp.reduce(asks))[:, None] + read
    return np.asarray(np.logaddexp.reduce(together, axis=0), dtype=np.float32)


def two_asked(read: Floats) -> tuple[float, Floats]:
    """How surely two clauses ask different things, and what these two ask.

    Args:
        read: P(question | clause), shape (clauses, questions), with at least two clauses.

    Returns:
        The highest product of probabilities of two different questions, one for each clause, over all pairs of
        clauses; and the mean of what that pair asks, shape (questions,), sum 1.
    """
    surest, pair = -1.0, read[:2]
    for first, second in combinations(range(len(read)), 2):
        together = np.outer(read[first], read[second])
        np.fill_diagonal(together, 0)
        if together.max() > surest:
            surest, pair = float(together.max()), read[[first, second]]
    return surest, (pair / pair.sum(axis=1, keepdims=True)).mean(axis=0)
