"""The large development set: every authored message, asked of a training that has not seen its author.

Authors are left out in groups (see `calibration.split_authors`), so each figure is a little pessimistic: a third of
the voices is missing at a time, not one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faqbot import training
from faqbot.build import progress_bar
from faqbot.calibration import HeldAside, calibrate, hold_aside, processes, split_authors, without
from faqbot.confidence import Thresholds, shown_share
from faqbot.corpus import Corpus, load_corpus
from faqbot.fusion import FUSED, fuse
from faqbot.measures import question_scores
from faqbot.measures import share as share_of
from faqbot.schema import Conversation, TwoPart
from faqbot.settings import Settings
from faqbot.trained import train

FRACTIONS = (0.1, 0.25, 0.5, 1.0)  # of the phrasings of each question, for the learning curve
_UNWEIGHTED = [FUSED.index("lexical"), FUSED.index("phrasings")]
MINIMUM = 20  # messages of a voice, below which it gets no row of its own


def measure_left_out(settings: Settings, folder: Path) -> dict[str, Any]:
    """Figures by voice, question and confusion pair; draws the plots into `folder`. Takes minutes."""
    from faqbot import plots

    corpus = load_corpus(Path(settings.corpus))
    with processes(corpus) as pool:
        held = hold_aside(corpus, settings.embedder, pool, progress_bar)
    calibration, fitted = calibrate(corpus, held)
    probabilities = np.stack(
        [fuse(one.evidence, calibration.weights, follow_up=isinstance(one.asked, Conversation)) for one in held]
    )
    targets = np.array([_target(one, own) for one, own in zip(held, probabilities, strict=True)])
    none = probabilities.shape[1] - 1
    rankings = np.argsort(-probabilities[:, :none], axis=1, kind="stable")
    answerable = targets < none
    report: dict[str, Any] = {
        "voices": _by_voice(held, targets, rankings, answerable),
        "questions": question_scores(targets[answerable] + 1, rankings[answerable] + 1),
        "confusions": _confusions(targets[answerable], rankings[answerable, 0]),
        "detection": _detection(held, probabilities, targets, none),
        "decisions": _decisions(held, probabilities, targets, calibration.thresholds),
        "sentences": fitted,
        "strong": _strong(probabilities, targets, none, calibration.thresholds.strong),
        "learning curve": _learning_curve(corpus, settings.embedder),
    }
    right = rankings[:, 0] == targets
    plots.reliability(probabilities[:, :none].max(axis=1), right, folder / "reliability.png")
    plots.risk_coverage(
        probabilities[:, :none].max(axis=1)[answerable], right[answerable], folder / "risk_coverage.png"
    )
    plots.confusion(targets[answerable], rankings[answerable, 0], none, folder / "confusion.png")
    plots.learning_curve(report["learning curve"], folder / "learning_curve.png")
    print_left_out(report)
    return report


def _by_voice(
    held: Sequence[HeldAside], targets: NDArray[np.int64], rankings: NDArray[np.int64], answerable: NDArray[np.bool_]
) -> dict[str, Any]:
    voices = np.array([_voice(one) for one in held])
    scores = {}
    for voice in sorted(set(voices.tolist())):
        own = (voices == voice) & answerable
        if own.sum() >= MINIMUM:
            scores[voice] = {
                "messages": int(own.sum()),
                "hit@1": share_of((rankings[own, 0] == targets[own]).tolist()),
                "hit@3": share_of((rankings[own, :3] == targets[own, None]).any(axis=1).tolist()),
            }
    own = answerable
    scores["all"] = {
        "messages": int(own.sum()),
        "hit@1": share_of((rankings[own, 0] == targets[own]).tolist()),
        "hit@3": share_of((rankings[own, :3] == targets[own, None]).any(axis=1).tolist()),
    }
    return scores


def _target(one: HeldAside, probabilities: NDArray[np.float32]) -> int:
    """The right class; of a two-part message the likelier of its two questions, since either may come first."""
    if isinstance(one.asked, TwoPart):
        return max((number - 1 for number in one.asked.questions), key=lambda index: float(probabilities[index]))
    return one.target


def _message(one: HeldAside) -> str:
    return one.asked.turns[-1] if isinstance(one.asked, Conversation) else one.asked.text


def _voice(one: HeldAside) -> str:
    names = {Conversation: "conversations", TwoPart: "two-part"}
    return names.get(type(one.asked), one.asked.author)


def _decisions(
    held: Sequence[HeldAside],
    probabilities: NDArray[np.float32],
    targets: NDArray[np.int64],
    thresholds: Thresholds,
) -> dict[str, Any]:
    """What the thresholds do on messages that stand alone: answers, offers, refusals, danger; and two-part messages."""
    none = probabilities.shape[1] - 1
    danger = np.array([one.evidence.danger >= thresholds.urgent_from(_message(one)) for one in held])
    share, held_right, two_shown = shown_share(probabilities, targets)
    covered = 1 - probabilities[:, none]
    alone = np.array([one.phrasing is not None for one in held])
    kinds = np.array([one.phrasing.kind or "" if one.phrasing else "" for one in held])
    near = np.char.startswith(kinds, "near")
    asked = alone & (targets < none)
    likely = covered >= thresholds.answer
    given = likely & (share >= thresholds.sure)
    offered = likely & ~given
    three = (np.argsort(-probabilities[:, :none], axis=1, kind="stable")[:, :3] == targets[:, None]).any(axis=1)
    pairs = np.array([set(one.asked.questions) if isinstance(one.asked, TwoPart) else set() for one in held])
    both = np.array([bool(pair) for pair in pairs])
    first = np.argsort(-probabilities[:, :none], axis=1, kind="stable")[:, :3] + 1
    first_two, first_three = (np.array([p <= set(r[:n]) for p, r in zip(pairs, first, strict=True)]) for n in (2, 3))

    rates = {
        "answered, of answerable": given[asked],
        "right question shown, of answers": held_right[asked & given],
        "the same without the gap": held_right[asked & likely],
        "offered because of the gap, of answerable": offered[asked],
        "right question among those offered": three[asked & offered],
        "refused, of answerable": (covered < thresholds.offer)[asked],
        "answered, of near the topic": given[alone & near],
        "answered, of other unanswerable": given[alone & (targets == none) & ~near],
        "danger recognised": danger[kinds == "distress"],
        "taken for danger, of answerable": danger[asked],
        "taken for danger, of near the topic": danger[alone & near],
        "a second question shown, of one-part": two_shown[asked],
        "both questions shown, of two-part": (two_shown & first_two)[both],
        "both questions in the first three, of two-part": first_three[both],
    }
    return {name: share_of(values.tolist()) for name, values in rates.items()}


def _confusions(targets: NDArray[np.int64], first: NDArray[np.int64]) -> list[dict[str, int]]:
    """The pairs of questions mistaken for each other most often."""
    wrong = targets != first
    pairs, counts = np.unique(np.stack([targets[wrong], first[wrong]], axis=1) + 1, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:15]
    return [
        {"question": int(pairs[i, 0]), "taken for": int(pairs[i, 1]), "times": int(counts[i])} for i in order.tolist()
    ]


def _detection(
    held: Sequence[HeldAside], probabilities: NDArray[np.float32], targets: NDArray[np.int64], none: int
) -> dict[str, float]:
    """How well answerable and unanswerable messages are told apart: areas under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    covered = 1 - probabilities[:, none]
    kinds = [one.phrasing.kind if one.phrasing else None for one in held]
    near = np.array([bool(kind and kind.startswith("near")) for kind in kinds])
    other = (targets == none) & ~near
    answerable = targets < none
    return {
        name: round(float(roc_auc_score(answerable[answerable | group], covered[answerable | group])), 4)
        for name, group in (("AUROC near the topic", near), ("AUROC elsewhere", other))
    }


def _strong(
    probabilities: NDArray[np.float32], targets: NDArray[np.int64], none: int, threshold: float
) -> dict[str, Any]:
    strong = probabilities[:, :none].max(axis=1) >= threshold
    right = probabilities[:, :none].argmax(axis=1) == targets
    return {"right": share_of(right[strong].tolist()), "of answerable": share_of(strong[targets < none].tolist())}


def _learning_curve(corpus: Corpus, embedder: str) -> list[dict[str, float]]:
    """hit@1 on one left-out group after training on growing parts of what the others wrote."""
    group = split_authors(corpus)[0]
    rest = without(corpus, group)
    asked = [p for p in corpus.phrasings if p.author in group and p.question]
    order = np.random.default_rng(training.SEED).permutation(len(rest.phrasings))
    curve = []
    for fraction in FRACTIONS:
        kept = [rest.phrasings[i] for i in sorted(order[: int(fraction * len(order))].tolist())]
        search = train(dataclasses.replace(rest, phrasings=tuple(kept)), embedder, progress_bar).search(corpus)
        # Two channels are added unweighted here: weights fitted at one size would favour that size.
        evidence = [search.evidence(p.text).classes for p in asked]
        first = [int(np.argmax(one[:-1][:, _UNWEIGHTED].sum(axis=1))) + 1 for one in evidence]
        hits = [found == p.question for found, p in zip(first, asked, strict=True)]
        curve.append({"phrasings": len(kept), "hit@1": round(float(np.mean(hits)), 4)})
    return curve


def print_left_out(report: dict[str, Any]) -> None:
    """The tables, for a terminal."""
    print(f"\n{'left-out voice':16}{'messages':>10}{'hit@1':>8}{'95 %':>18}{'hit@3':>8}")
    for voice, row in report["voices"].items():
        one, three = row["hit@1"], row["hit@3"]
        interval = f"[{one['low']:.3f}, {one['high']:.3f}]"
        print(f"{voice:16}{row['messages']:>10}{one['share']:>8.3f}{interval:>18}{three['share']:>8.3f}")
    print(f"\n{'question':16}{'messages':>10}{'hit@1':>8}{'95 %':>18}  taken for")
    for question, row in report["questions"].items():
        one = row["hit@1"]
        interval = f"[{one['low']:.3f}, {one['high']:.3f}]"
        taken = ", ".join(f"{other['question']} ({other['times']})" for other in row["taken for"])
        print(f"{question:<16}{row['messages']:>10}{one['share']:>8.3f}{interval:>18}  {taken}")
    print("\n" + "  ".join(f"{name} {value}" for name, value in report["detection"].items()))
    for name, one in report["decisions"].items():
        print(f"{name:50}{one['share']:>8.3f}  [{one['low']:.3f}, {one['high']:.3f}]")
    print("  ".join(f"{name} {value}" for name, value in report["sentences"].items()))
    print(
        f"strong matches right: {report['strong']['right']}, share of answerable: {report['strong']['of answerable']}"
    )
    print("learning curve: " + ", ".join(f"{p['phrasings']} → {p['hit@1']}" for p in report["learning curve"]))
