"""The lexical channel: a linear classifier over word and character n-grams, with a few heads.

Serving needs numpy only. Training is in `heads.py`. A head is a softmax over named labels, such as
the questions of a document and the kinds of message that it does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faqbot.errors import BrokenIndexError
from faqbot.ngrams import BUCKETS, all_ngram_counts, ngram_counts

ASKS = "asks"  # the head that tells which clause asks; it has no targets of its own
NEEDED = {"topic", ASKS, "danger", "scope", "language"}  # heads that the search asks; "leaning" only helps it
CHUNK = 2_000  # texts that are hashed at once
CONTEXT_SALT = 1  # n-grams of the turn before are features of their own


@dataclass(frozen=True, slots=True)
class NgramFeatures:
    """A sparse vector: distinct buckets and their weights."""

    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]


def weigh(text: str, rarity: NDArray[np.float32], *, context: str = "") -> NgramFeatures:
    """Sublinear TF-IDF of a text's n-grams, length 1, and those of its context beside it, length 1.

    `rarity` is the smoothed inverse document frequency of each bucket, ln((1 + n) / (1 + df)) + 1.
    """
    features = _unit(*ngram_counts(text), rarity)
    return beside(features, _unit(*ngram_counts(context, salt=CONTEXT_SALT), rarity)) if context else features


def beside(message: NgramFeatures, context: NgramFeatures) -> NgramFeatures:
    """The features of a message and those of its context in one."""
    return NgramFeatures(
        np.concatenate([message.buckets, context.buckets]), np.concatenate([message.weights, context.weights])
    )


def weigh_all(texts: Sequence[str], rarity: NDArray[np.float32], *, salt: int = 0) -> Iterator[NgramFeatures]:
    """`weigh` of many texts without context."""
    for start in range(0, len(texts), CHUNK):
        bounds, buckets, counts = all_ngram_counts(texts[start : start + CHUNK], salt=salt)
        for begin, end in pairwise(bounds.tolist()):
            yield _unit(buckets[begin:end], counts[begin:end], rarity)


def _unit(buckets: NDArray[np.int64], counts: NDArray[np.float32], rarity: NDArray[np.float32]) -> NgramFeatures:
    weights = (1 + np.log(counts)) * rarity[buckets]
    length = float(np.linalg.norm(weights))
    return NgramFeatures(buckets, (weights / length if length else weights).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Head:
    """A softmax over labels. weights: int8 (BUCKETS, columns) in units of scale; scale, bias: float32 (columns,).

    There is a column a label; of two labels the first is the reference with score 0, and has none.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def rounded(cls, labels: Sequence[str], weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Head:
        """The head with each column of weights rounded to 255 steps: a quarter of the size, the same answers."""
        scale = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
        return cls(tuple(labels), np.rint(weights / scale).astype(np.int8), scale.astype(np.float32), bias)

    def log_probabilities(self, features: NgramFeatures) -> NDArray[np.float32]:
        """ln P(label | text), shape (labels,)."""
        scores = features.weights @ self.weights[features.buckets].astype(np.float32) * self.scale + self.bias
        if len(self.labels) == 2:
            scores = np.array([0, scores[0]], dtype=np.float32)
        return np.asarray(scores - np.logaddexp.reduce(scores), dtype=np.float32)


def columns(labels: Sequence[str]) -> int:
    """How many columns of weights a head needs."""
    return 1 if len(labels) == 2 else len(labels)


@dataclass(frozen=True, slots=True)
class NgramClassifier:
    """Heads over shared features."""

    rarity: NDArray[np.float32]  # (BUCKETS,)
    heads: Mapping[str, Head]

    def features(self, text: str, *, context: str = "") -> NgramFeatures:
        return weigh(text, self.rarity, context=context)

    def save(self, path: Path) -> None:
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[np.generic]] = {"rarity": self.rarity}
        for name, head in self.heads.items():
            tensors |= {f"{name}.weights": head.weights, f"{name}.scale": head.scale, f"{name}.bias": head.bias}
        labels = {name: head.labels for name, head in self.heads.items()}
        save_file(tensors, path, metadata={"heads": json.dumps(labels)})  # one entry: their order is not kept

    @classmethod
    def load(cls, path: Path) -> NgramClassifier:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                labels = json.loads((file.metadata() or {})["heads"])
                heads = {
                    str(name): Head(
                        tuple(map(str, labels[name])),
                        file.get_tensor(f"{name}.weights"),
                        file.get_tensor(f"{name}.scale"),
                        file.get_tensor(f"{name}.bias"),
                    )
                    for name in labels
                }
                classifier = cls(file.get_tensor("rarity"), heads)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenIndexError(f"{path}: cannot be read ({error}). Run `make index`.") from None
        missing = NEEDED - heads.keys()
        if missing:
            raise BrokenIndexError(f"{path}: the heads {', '.join(sorted(missing))} are missing. Run `make index`.")
        tensors: list[tuple[str, NDArray[Any], type, tuple[int, ...]]] = [
            ("rarity", classifier.rarity, np.float32, (BUCKETS,))
        ]
        for name, head in heads.items():
            width = columns(head.labels)
            tensors.append((f"{name}.weights", head.weights, np.int8, (BUCKETS, width)))
            tensors += [
                (f"{name}.scale", head.scale, np.float32, (width,)),
                (f"{name}.bias", head.bias, np.float32, (width,)),
            ]
        for name, tensor, kind, shape in tensors:
            if tensor.dtype != np.dtype(kind) or tensor.shape != shape:
                found = f"{tensor.dtype} of shape {tensor.shape}, expected {np.dtype(kind)} of shape {shape}"
                raise BrokenIndexError(f"{path}: {name} is {found}. Run `make index`.")
            if not np.isfinite(tensor).all():
                raise BrokenIndexError(f"{path}: {name} holds what is no number. Run `make index`.")
        return classifier
