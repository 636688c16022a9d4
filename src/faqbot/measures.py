"""Shares with their uncertainty. Knows neither the bot nor the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000  # bootstrap resamples of a 95 % interval


def share(hits: Sequence[bool]) -> dict[str, float]:
    """A share with its 95 % bootstrap interval (percentile, fixed seed)."""
    if not hits:
        return {"share": float("nan"), "low": float("nan"), "high": float("nan")}
    values = np.asarray(hits, dtype=float)
    resampled = np.random.default_rng(7).choice(values, size=(RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {"share": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def question_scores(targets: NDArray[np.int64], rankings: NDArray[np.int64]) -> dict[int, dict[str, Any]]:
    """hit@1 by question number with its interval and the questions that it is taken for most often."""
    scores = {}
    for question in sorted(set(targets.tolist())):
        first = rankings[targets == question, 0]
        taken, counts = np.unique(first[first != question], return_counts=True)
        worst = sorted(zip(counts.tolist(), taken.tolist(), strict=True), reverse=True)[:3]
        scores[question] = {
            "messages": len(first),
            "hit@1": share((first == question).tolist()),
            "taken for": [{"question": other, "times": count} for count, other in worst],
        }
    return scores
