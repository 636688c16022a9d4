"""When to answer, when to offer close questions, when to say that the document does not answer.

The probabilities come from the fusion and are calibrated on left-out authors; the thresholds are chosen on the
same held-aside messages to meet stated rates, and stand in the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faqbot.schema import Confidence
from faqbot.search import Findings

STRONG_PRECISION = 0.975  # "strong match" is right at least this often on left-out authors
FALSE_ANSWERS = 0.08  # share of near-topic unanswerable messages that may be answered
REFUSED = 0.015  # share of answerable messages that may get neither an answer nor an offer
FALSE_ALARMS = 0.003  # share of answerable messages that may be taken for someone in danger
LEAST_URGENT = 0.05  # no lower, however few ordinary messages look like danger
SECOND_SHARE = 0.3  # a second question is shown when its probability is this share of the first's
SURE = 0.6  # share of the probability that some question answers, which must lie on the questions shown

Decision = Literal["answered", "did_you_mean", "not_covered"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All on probabilities.

    answer: that any question answers, from which the best are shown as the answer (if they hold `SURE` of it).
    strong: of the best question, from which the match is called strong.
    offer: that any question answers, from which close ones are offered.
    urgent: how surely someone is in danger now, from which the reply is about that and nothing else.
    """

    answer: float
    strong: float
    offer: float
    urgent: float

    def decide(self, findings: Findings) -> tuple[Decision, Confidence | None]:
        covered = 1 - findings.none
        if covered >= self.answer and sum(map(findings.probability, shown(findings))) >= SURE * covered:
            best = findings.probability(findings.ranking[0])
            return "answered", "strong" if best >= self.strong else "possible"
        return ("did_you_mean", None) if covered >= self.offer else ("not_covered", None)


def shown(findings: Findings) -> tuple[int, ...]:
    """The questions that an answer cites: the best, and the second when it is nearly as likely."""
    first, *others = findings.ranking
    if others and findings.probability(others[0]) >= SECOND_SHARE * findings.probability(first):
        return first, others[0]
    return (first,)


def fit_thresholds(
    probabilities: NDArray[np.float32],
    targets: NDArray[np.int64],
    *,
    kinds: Sequence[str | None],
    danger: NDArray[np.float64],
) -> Thresholds:
    """Choose the thresholds on held-aside messages.

    Args:
        probabilities: shape (messages, classes); the last class is "none of these".
        targets: the class of each message.
        kinds: for unanswerable messages their kind, else None; kinds that begin with "near" are near the topic.
        danger: how surely someone is in danger now, for each message.
    """
    none = probabilities.shape[1] - 1
    best = probabilities[:, :none].max(axis=1)
    right = probabilities[:, :none].argmax(axis=1) == targets
    covered = 1 - probabilities[:, none]
    near = covered[[bool(kind and kind.startswith("near")) for kind in kinds]]
    ordinary = danger[targets != none]
    answer = float(np.quantile(near, 1 - FALSE_ANSWERS)) if len(near) else 0.5
    offer = float(np.quantile(covered[targets != none], REFUSED))
    return Thresholds(
        answer=round(answer, 4),
        strong=round(_precise_from(best, right), 4),
        offer=round(min(offer, answer), 4),
        urgent=round(max(float(np.quantile(ordinary, 1 - FALSE_ALARMS)), LEAST_URGENT), 4),
    )


def _precise_from(best: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """The lowest score from which on the share of right answers is at least STRONG_PRECISION."""
    order = np.argsort(-best, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    precise = np.flatnonzero(precision >= STRONG_PRECISION)
    return float(best[order][precise[-1]]) if len(precise) else 1.0
