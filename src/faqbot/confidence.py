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
from faqbot.text import words

STRONG_PRECISION = 0.975  # "strong match" is right at least this often on left-out authors
FALSE_ANSWERS = 0.06  # share of near-topic unanswerable messages that may be answered
REFUSED = 0.015  # share of answerable messages that may get neither an answer nor an offer
FALSE_ALARMS = 0.002  # share of answerable messages, follow-ups among them, that may be taken for someone in danger
LONE_URGENT = 0.3  # from which one word alone tells of danger: "and?" and its like reach the fitted one
LEAST_URGENT = 0.05  # no lower, however few ordinary messages look like danger
ANSWERS_RIGHT = 0.98  # share of answers to answerable messages that must show a right question; see decision 3
SECOND_SHARE = 0.3  # a second question is shown when its probability is this share of the first's

Decision = Literal["answered", "did_you_mean", "not_covered"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All on probabilities.

    answer: that any question answers, from which the best are shown as the answer,
    sure: if the questions shown hold this share of it; where several are about as likely, they are offered instead.
    strong: of the best question, from which the match is called strong.
    offer: that any question answers, from which close ones are offered.
    urgent: how surely someone is in danger now, from which the reply is about that and nothing else.
    """

    answer: float
    sure: float
    strong: float
    offer: float
    urgent: float

    def urgent_from(self, message: str) -> float:
        """How surely someone must be in danger now for the reply to that message to be about it."""
        return self.urgent if len(words(message)) > 1 else max(self.urgent, LONE_URGENT)

    def decide(self, findings: Findings) -> tuple[Decision, Confidence | None]:
        covered = 1 - findings.none
        if covered >= self.answer and sum(map(findings.probability, shown(findings))) >= self.sure * covered:
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
    ordinary: NDArray[np.float64],
) -> Thresholds:
    """Choose the thresholds on held-aside messages.

    Args:
        probabilities: shape (messages, classes); the last class is "none of these".
        targets: the class of each message.
        kinds: for unanswerable messages their kind, else None; kinds that begin with "near" are near the topic.
        ordinary: how surely someone is in danger now, by messages that the document answers, of any shape (n,).
    """
    none = probabilities.shape[1] - 1
    best = probabilities[:, :none].max(axis=1)
    right = probabilities[:, :none].argmax(axis=1) == targets
    covered = 1 - probabilities[:, none]
    near = covered[[bool(kind and kind.startswith("near")) for kind in kinds]]
    answer = float(np.quantile(near, 1 - FALSE_ANSWERS)) if len(near) else 0.5
    offer = float(np.quantile(covered[targets != none], REFUSED))
    share, held, _ = shown_share(probabilities, targets)
    given = (targets != none) & (covered >= answer)
    return Thresholds(
        answer=round(answer, 4),
        sure=round(_precise_from(share[given], held[given], ANSWERS_RIGHT), 4),
        strong=round(_precise_from(best, right, STRONG_PRECISION), 4),
        offer=round(min(offer, answer), 4),
        urgent=round(max(float(np.quantile(ordinary, 1 - FALSE_ALARMS)), LEAST_URGENT), 4),
    )


def shown_share(
    probabilities: NDArray[np.float32], targets: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each message: the share of what all questions have that lies on those shown, whether the right one is
    shown, and whether two are.

    Shapes as in `fit_thresholds`; all results have shape (messages,).
    """
    questions = probabilities[:, :-1]
    order = np.argsort(-questions, axis=1, kind="stable")
    first, second = (np.take_along_axis(questions, order[:, [place]], axis=1)[:, 0] for place in (0, 1))
    beside = second >= SECOND_SHARE * first
    share = (first + np.where(beside, second, 0)) / questions.sum(axis=1)
    return share, (order[:, 0] == targets) | (beside & (order[:, 1] == targets)), beside


def _precise_from(score: NDArray[np.float32], right: NDArray[np.bool_], precision: float) -> float:
    """The lowest score from which on the share that is right is at least `precision`."""
    order = np.argsort(-score, kind="stable")
    reached = np.flatnonzero(np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= precision)
    return float(score[order][reached[-1]]) if len(reached) else 1.0
