"""Authored phrasings to the lexical heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from faqbot.clauses import clauses
from faqbot.lexical import ASKS, CHUNK, CONTEXT_SALT, Head, NgramFeatures, beside, columns, weigh_all
from faqbot.ngrams import BUCKETS, all_ngram_counts
from faqbot.noise import misspell
from faqbot.training import SEED, Progress, Schedule, with_progress

_FAINT = 1e-8  # so that no probability is zero
_SILENT = -100  # in place of a target: the lesson teaches that head nothing


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text that teaches the lexical heads: for each head that it teaches, the index of the right label."""

    text: str
    targets: Mapping[str, int]
    context: str = ""


def train_rarity(texts: Sequence[str]) -> NDArray[np.float32]:
    """Smoothed inverse document frequency of every bucket, shape (BUCKETS,)."""
    documents = np.zeros(BUCKETS, dtype=np.float32)
    for start in range(0, len(texts), CHUNK):
        for salt in (0, CONTEXT_SALT):
            _, buckets, _ = all_ngram_counts(texts[start : start + CHUNK], salt=salt)
            documents += np.bincount(buckets, minlength=BUCKETS)
    return (np.log((1 + len(texts)) / (1 + documents)) + 1).astype(np.float32)


def train_heads(
    lessons: Sequence[Lesson],
    labels: Mapping[str, Sequence[str]],
    rarity: NDArray[np.float32],
    *,
    epochs: int = 8,
    copies: int = 2,
    rate: float = 0.04,
    progress: Progress | None = None,
) -> dict[str, Head]:
    """A softmax regression for each head, by Adam, on the lessons and `copies` misspelled copies of them, in turn.

    `labels` names the heads and their labels. All heads learn in one pass, since they look at the same n-grams; a
    lesson counts for those heads that it has a target for. The clauses of a lesson teach the topic once more, each as
    far as it asks; nobody says which does: `ASKS` learns it from how well their topics then fit.
    """
    random = Random(SEED)
    targets = {name: torch.tensor([lesson.targets.get(name, _SILENT) for lesson in lessons]) for name in labels}
    texts = [lesson.text for lesson in lessons]
    contexts = list(weigh_all([lesson.context for lesson in lessons], rarity, salt=CONTEXT_SALT))
    copied = [texts] + [[misspell(text, random) for text in texts] for _ in range(copies)]
    variants = [list(map(beside, weigh_all(copy, rarity), contexts)) for copy in copied]
    in_clauses = [_clause_features(lessons, copy, rarity) for copy in copied]
    widths = [columns(names) for names in labels.values()]
    weights = torch.zeros(BUCKETS, sum(widths), requires_grad=True)
    bias = torch.zeros(sum(widths), requires_grad=True)
    schedule = Schedule(
        torch.optim.Adam([weights, bias], lr=rate, fused=True), epochs=epochs, samples=len(lessons), batch=2048
    )

    for epoch in with_progress(range(epochs), progress, "n-grams"):
        features, parts = (one[epoch % len(copied)] for one in (variants, in_clauses))
        for rows in schedule.batches(epoch):
            several = [row for row in rows if parts[row]]
            texts_then_clauses = [*(features[row] for row in rows), *chain(*(parts[row] for row in several))]
            scores = torch.split(bag(texts_then_clauses, weights) + bias, widths, dim=1)
            heads = dict(zip(labels, scores, strict=True))
            losses = [_head_loss(own[: len(rows)], targets[name][rows]) for name, own in heads.items()]
            if several:
                topic, asks = (heads[name][len(rows) :] for name in ("topic", ASKS))
                loss = _clause_loss(topic, asks, [len(parts[row]) for row in several], targets["topic"][several])
                losses.append(loss * len(several) / len(rows))
            schedule.step(torch.stack(losses).sum())
    columns_of = zip(torch.split(weights.detach(), widths, dim=1), torch.split(bias.detach(), widths), strict=True)
    return {
        name: Head.rounded(labels[name], own.numpy(), own_bias.numpy())
        for name, (own, own_bias) in zip(labels, columns_of, strict=True)
    }


def _clause_features(
    lessons: Sequence[Lesson], texts: Sequence[str], rarity: NDArray[np.float32]
) -> list[list[NgramFeatures]]:
    """The features of the clauses of each text; none for a text of one clause, or where a lesson teaches no topic."""
    cut = [
        clauses(text) if "topic" in lesson.targets and not lesson.context else []
        for lesson, text in zip(lessons, texts, strict=True)
    ]
    features = weigh_all(list(chain(*cut)), rarity)
    return [list(islice(features, len(parts))) for parts in cut]


def _clause_loss(topic: torch.Tensor, asks: torch.Tensor, counts: list[int], targets: torch.Tensor) -> torch.Tensor:
    """The loss of `clauses.attended`; `counts` are the clauses of each text, whose rows follow one another."""
    owner = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    odds = torch.exp(asks[:, 0] - asks.max().detach())
    attention = odds / torch.zeros(len(counts)).index_add(0, owner, odds)[owner]
    read = torch.zeros(len(counts), topic.shape[1]).index_add(0, owner, attention[:, None] * F.softmax(topic, dim=1))
    return F.cross_entropy(torch.log(read + _FAINT), targets, label_smoothing=0.05)


def _head_loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if scores.shape[1] == 1:  # of two labels the first is the reference, with score 0
        scores = F.pad(scores, (1, 0))
    taught = targets != _SILENT
    return F.cross_entropy(scores[taught], targets[taught], label_smoothing=0.05) if taught.any() else scores.sum() * 0


def bag(features: list[NgramFeatures], weights: torch.Tensor) -> torch.Tensor:
    """The weighted sum of each text's rows of weights, shape (texts, columns)."""
    offsets = np.cumsum([0, *(len(one.buckets) for one in features)])[:-1]
    return F.embedding_bag(
        torch.from_numpy(np.concatenate([one.buckets for one in features])),
        weights,
        torch.from_numpy(offsets),
        mode="sum",
        per_sample_weights=torch.from_numpy(np.concatenate([one.weights for one in features])),
    )
