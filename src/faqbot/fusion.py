"""What the channels say of a message, and how that becomes one probability for each question.

Fusion is a softmax over a weighted sum of the channels' evidence, mixed with what two clauses of a message ask as far
as it asks two things. The few weights are fitted on authors that were left out of training and stand in the
manifest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FUSED = ("lexical", "clauses", "phrasings", "passages")
TWO_PART_CLUES = ("second", "head", "clauses")
FAINT = 1e-4  # added to a probability before its logarithm, so that none counts beyond measure
SENTENCE_CLUES = ("sentence", "passage", "aimed_sentence", "aimed_passage", "words", "passage_words", "lead", "whole")


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted on left-out authors: one number a channel, one a clue, in the order of the names above."""

    fusion: tuple[float, ...]
    follow_up: tuple[float, ...]  # the same for a message that comes after others
    none_bias: float
    sentence: tuple[float, ...]
    two_part: tuple[float, ...]
    two_part_bias: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the channels say of one message. Class n - 1 is question n; the last class is "none of these"."""

    classes: Floats  # (questions + 1, len(FUSED)), higher is better
    kinds: dict[str, float]  # probability of every kind of message that no question answers
    danger: float  # how surely someone is in danger now, 0 to 1: two heads must agree
    cry: float  # the same of the clause that tells of it most surely; 0 for a message of one clause
    two_part: float  # probability that a message asks two things with two answers, read whole
    apart: float  # how surely two of its clauses ask different things
    pair: Floats | None  # P(question) as these two tell, (questions,); None for a message of one clause
    spanish: float  # log odds that the message is in Spanish rather than English
    clues: Floats  # (sentences, len(SENTENCE_CLUES)), rows as in Search.sentences


def fuse(evidence: Evidence, weights: Weights, *, follow_up: bool = False) -> Floats:
    """Probability of every class: softmax of the weighted sum of the channels, then what two clauses ask.

    A message that comes after others shares out what the questions have together by weights of its own. As surely as
    a message asks two things, that share is what its two clauses ask, not what it asks when read whole.
    """
    probabilities = fuse_channels(evidence.classes, weights, follow_up=follow_up)
    if evidence.pair is not None:
        two = 1 / (1 + np.exp(-two_part_clues(evidence, probabilities) @ weights.two_part - weights.two_part_bias))
        covered = 1 - probabilities[-1]
        probabilities[:-1] = (1 - two) * probabilities[:-1] + two * covered * evidence.pair
    return probabilities


def fuse_channels(classes: Floats, weights: Weights, *, follow_up: bool = False) -> Floats:
    """`fuse` of the message read whole."""
    logits = classes @ np.array(weights.fusion, dtype=np.float32)
    logits[-1] += weights.none_bias
    probabilities = _softmax(logits)
    if follow_up:
        among = _softmax(classes[:-1] @ np.array(weights.follow_up, dtype=np.float32))
        probabilities[:-1] = among * (1 - probabilities[-1])
    return probabilities


def two_part_clues(evidence: Evidence, probabilities: Floats) -> Floats:
    """What tells that a message asks two things: the second question beside the first, the head, the clauses."""
    second, first = np.partition(probabilities[:-1], -2)[-2:]
    clues = np.array([second / first, evidence.two_part, evidence.apart], dtype=np.float32)
    return np.asarray(np.log(clues + FAINT), dtype=np.float32)


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max())
    return np.asarray(odds / odds.sum(), dtype=np.float32)
