"""Which questions are near each other, by the embeddings, and where each stands in a picture. Draws nothing.

A question stands where the ways to ask it stand (the mean of its phrasings' vectors), so two are near when people ask
them in like words. The picture is a small graph: every question is joined to its nearest, and placed so that distance
in the picture follows distance along the joints (Kamada and Kawai's layout, solved by majorisation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faqbot.index import Index

Floats = NDArray[np.float64]
JOINED = 2  # the nearest questions that each is joined to
ROUNDS = 400  # of majorisation; it moves no more long before
APART = 0.14  # least distance of two questions, as a share of the picture's width
TALL = 0.6  # height of the picture for a width of 1


@dataclass(frozen=True, slots=True)
class Place:
    """A question in the picture: x from 0 to 1, y from 0 to `TALL`; `near` are those joined to it, nearest first."""

    question: int
    x: float
    y: float
    near: tuple[int, ...]


def places(index: Index, questions: int) -> tuple[Place, ...]:
    """The picture of an index: the same index always gives the same picture."""
    return arrange(question_vectors(index, questions))


def question_vectors(index: Index, questions: int) -> Floats:
    """One unit vector a question: the mean of its phrasings, or of its passages where nobody authored any."""
    vectors = index.store.head(len(index.rows))
    kinds = np.array([row.kind for row in index.rows])
    owners = np.array([row.question or 0 for row in index.rows])
    means = []
    for number in range(1, questions + 1):
        own = (owners == number) & (kinds == "phrasing")
        means.append(vectors[own if own.any() else (owners == number) & (kinds == "passage")].mean(axis=0))
    joined = np.array(means, dtype=np.float64)
    return np.asarray(joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-12))


def arrange(vectors: Floats) -> tuple[Place, ...]:
    """Join and place unit vectors, one a question."""
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    count = len(vectors)
    joined = np.zeros((count, count), dtype=bool)
    for row, order in enumerate(np.argsort(-alike, axis=1, kind="stable")[:, : min(JOINED, count - 1)]):
        joined[row, order] = joined[order, row] = True
    points = _spread(_fitted(_laid_out(_lengths(joined))))
    return tuple(
        Place(
            row + 1,
            round(float(points[row, 0]), 4),
            round(float(points[row, 1]), 4),
            tuple(int(other) + 1 for other in np.argsort(-alike[row], kind="stable") if joined[row, other]),
        )
        for row in range(count)
    )


def _lengths(joined: NDArray[np.bool_]) -> Floats:
    """Joints between any two on the shortest way (Floyd and Warshall); parts that are not joined stand a little off."""
    lengths = np.where(joined, 1.0, np.inf)
    np.fill_diagonal(lengths, 0)
    for middle in range(len(lengths)):
        lengths = np.minimum(lengths, lengths[:, middle, None] + lengths[None, middle, :])
    reached = np.isfinite(lengths)
    return np.where(reached, lengths, lengths[reached].max() + 1)


def _laid_out(lengths: Floats) -> Floats:
    """Points whose distances are as near to the lengths as a plane allows, short lengths first."""
    count = len(lengths)
    turns = np.arange(count) * 2 * np.pi / count
    points = np.stack([np.cos(turns), np.sin(turns)], axis=1) * lengths.max() / 2
    weights = 1 / np.maximum(lengths, 1) ** 2
    np.fill_diagonal(weights, 0)
    inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    for _ in range(ROUNDS):
        gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
        pull = -weights * lengths / np.maximum(gaps, 1e-9)
        np.fill_diagonal(pull, 0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        points = inverse @ pull @ points
    return np.asarray(points)


def _fitted(points: Floats) -> Floats:
    """Turned so that it is widest from left to right, and stretched to the picture."""
    points = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(points.T @ points)
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]  # the sign of an axis is arbitrary
    points = points @ axes.T
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / np.maximum(high - low, 1e-9) * np.array([1, TALL]))


def _spread(points: Floats) -> Floats:
    """Pushed apart where two would touch, and kept inside."""
    apart = min(APART, 0.8 * float(np.sqrt(TALL / len(points))))  # a long document has less room for each
    for _ in range(ROUNDS):
        offsets = points[:, None] - points[None]
        gaps = np.linalg.norm(offsets, axis=2)
        np.fill_diagonal(gaps, np.inf)
        short = np.maximum(apart - gaps, 0)
        points = points + (offsets / np.maximum(gaps, 1e-9)[:, :, None] * (short / 2)[:, :, None]).sum(axis=1)
        points = np.clip(points, [0, 0], [1, TALL])
    return points
