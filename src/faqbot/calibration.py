"""What is fitted on left-out authors: fusion weights, the choice of the sentence, thresholds."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from faqbot import training
from faqbot.confidence import fit_thresholds
from faqbot.corpus import Corpus
from faqbot.fitting import fit_choice, fit_fusion
from faqbot.fusion import TWO_PART_CLUES, Evidence, Weights, fuse, fuse_channels, two_part_clues
from faqbot.index import Calibration
from faqbot.schema import Conversation, Phrasing, TwoPart
from faqbot.search import context_of
from faqbot.trained import train
from faqbot.training import Progress

_Authored = TypeVar("_Authored", Phrasing, Conversation, TwoPart)
FOLDS = 3
WORKERS = 2
FEW = 1_000  # phrasings below which starting processes takes longer than the trainings
NEVER = -20.0  # log odds of a two-part message where the corpus has none
WHOLE_SHARE = 3  # one in so many whole questions counts when the choice of the sentence is fitted: precise ones decide


@dataclass(frozen=True, slots=True)
class HeldAside:
    """A message with the evidence of a training that has not seen its author."""

    evidence: Evidence
    target: int  # the first of its questions for a two-part message
    asked: Phrasing | Conversation | TwoPart

    @property
    def phrasing(self) -> Phrasing | None:
        """What was asked, if it is a message that stands alone and asks one thing."""
        return self.asked if isinstance(self.asked, Phrasing) else None


def split_authors(corpus: Corpus, folds: int = FOLDS) -> list[frozenset[str]]:
    """Authors in at most `folds` groups with a like share of every sort of message.

    The largest author first, each goes where least is of what that author wrote: a training without a group that
    held most of the cries for help would hardly know any.
    """
    authored: list[Phrasing | Conversation | TwoPart] = [*corpus.phrasings, *corpus.unanswerable]
    authored += [*corpus.conversations, *corpus.two_part]
    written = Counter((one.author, _sort(one)) for one in authored)
    sizes, sorts = Counter(one.author for one in authored), Counter(map(_sort, authored))
    groups: list[list[str]] = [[] for _ in range(min(folds, len(sizes)))]

    def met(author: str, group: list[str]) -> tuple[float, int]:
        shared = sum(written[author, sort] * written[own, sort] / sorts[sort] for own in group for sort in sorts)
        return shared, sum(sizes[own] for own in group)

    for author in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(groups, key=lambda group: met(author, group)).append(author)
    return [frozenset(group) for group in groups]


def _sort(authored: Phrasing | Conversation | TwoPart) -> str:
    """What of it must be in every group: the language, the wider kind of gap, or that it is more than one message."""
    if isinstance(authored, Phrasing):
        return authored.language or str(authored.kind).partition("_")[0]
    return type(authored).__name__


def without(corpus: Corpus, authors: frozenset[str]) -> Corpus:
    """The corpus less what those authors wrote."""

    def keep(items: Sequence[_Authored]) -> tuple[_Authored, ...]:
        return tuple(item for item in items if item.author not in authors)

    return dataclasses.replace(
        corpus,
        phrasings=keep(corpus.phrasings),
        unanswerable=keep(corpus.unanswerable),
        conversations=keep(corpus.conversations),
        two_part=keep(corpus.two_part),
    )


def hold_aside(
    corpus: Corpus, embedder: str, pool: ProcessPoolExecutor | None, progress: Progress | None = None
) -> list[HeldAside]:
    """The evidence for every authored message from a training without its author."""
    groups = split_authors(corpus)
    jobs = [(corpus, embedder, group) for group in groups]
    steps = progress(range(len(groups)), "without each group of authors") if progress else range(len(groups))
    results = (pool.map if pool else map)(_hold_aside_group, jobs)
    return [one for _ in steps for one in next(results)]


@contextmanager
def processes(corpus: Corpus) -> Iterator[ProcessPoolExecutor | None]:
    """Processes to train in, since a training keeps only one core busy; None for a small corpus or on one core."""
    workers = min(WORKERS, os.cpu_count() or 1)
    if workers == 1 or len(corpus.phrasings) < FEW:
        yield None
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin_worker) as pool:
        yield pool


def _begin_worker() -> None:
    """One thread; and end with the parent, which may be killed without a chance to say so."""
    training.use_one_thread()
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _hold_aside_group(job: tuple[Corpus, str, frozenset[str]]) -> list[HeldAside]:
    corpus, embedder, group = job
    none = len(corpus.document.questions)
    search = train(without(corpus, group), embedder).search(corpus)
    held = []
    for phrasing in (*corpus.phrasings, *corpus.unanswerable):
        if phrasing.author in group:
            target = phrasing.question - 1 if phrasing.question else none
            held.append(HeldAside(search.evidence(phrasing.text), target, phrasing))
    for talk in corpus.conversations:
        if talk.author in group:
            evidence = search.evidence(talk.turns[-1], context=context_of(talk.turns[:-1]))
            held.append(HeldAside(evidence, talk.question - 1, talk))
    two_part = (both for both in corpus.two_part if both.author in group)
    return held + [HeldAside(search.evidence(both.text), both.questions[0] - 1, both) for both in two_part]


def calibrate(corpus: Corpus, held: Sequence[HeldAside]) -> tuple[Calibration, dict[str, Any]]:
    """Fit the fusion, the choice of the sentence and the thresholds on left-out authors; figures for the manifest."""
    single = [one for one in held if one.phrasing]
    follow_ups = [one for one in held if isinstance(one.asked, Conversation)]
    classes, targets = _stacked(single)
    fusion, none_bias = fit_fusion(classes, targets)
    asked = [one for one in single if one.phrasing and one.phrasing.question]
    precise = [_sentence_group(corpus, one) for one in asked if one.phrasing and one.phrasing.position]
    whole = [_sentence_group(corpus, one) for one in asked if one.phrasing and not one.phrasing.position]
    weights = Weights(
        fusion=fusion,
        follow_up=fit_fusion(*_stacked(follow_ups))[0] if follow_ups else fusion,
        none_bias=none_bias,
        sentence=fit_choice(precise + whole[::WHOLE_SHARE]),
        two_part=(0.0,) * len(TWO_PART_CLUES),
        two_part_bias=NEVER,
    )
    weights = _with_two_part(weights, held)
    probabilities = np.stack([fuse(one.evidence, weights) for one in single])
    thresholds = fit_thresholds(
        probabilities,
        targets,
        kinds=[one.phrasing.kind if one.phrasing else None for one in single],
        ordinary=np.array([one.evidence.danger for one in held if not (one.phrasing and one.phrasing.kind)]),
    )
    answerable = targets < len(corpus.document.questions)
    best = probabilities[:, :-1].argmax(axis=1)
    report = {
        "held_aside": len(held),
        "hit@1 on left-out authors": round(float((best == targets)[answerable].mean()), 4),
        "sentence on left-out authors": round(_choice_accuracy(precise, weights), 4),
        "lead for a whole question on left-out authors": round(_choice_accuracy(whole, weights), 4),
    }
    return Calibration(weights, thresholds), report


def _with_two_part(weights: Weights, held: Sequence[HeldAside]) -> Weights:
    """Logistic regression: is it a two-part message, by its clues? Over answerable messages of several clauses."""
    cut = [one for one in held if one.evidence.pair is not None and not isinstance(one.asked, Conversation)]
    cut = [one for one in cut if isinstance(one.asked, TwoPart) or one.asked.question]
    two = np.array([isinstance(one.asked, TwoPart) for one in cut])
    if not two.any():
        return weights
    whole = [fuse_channels(one.evidence.classes, weights) for one in cut]
    clues = np.stack([two_part_clues(one.evidence, own) for one, own in zip(cut, whole, strict=True)])
    fitted, bias = fit_fusion(np.stack([np.zeros_like(clues), clues], axis=1), two.astype(np.int64))
    return dataclasses.replace(weights, two_part=fitted, two_part_bias=bias)


def _stacked(held: Sequence[HeldAside]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return np.stack([one.evidence.classes for one in held]), np.array([one.target for one in held])


def _sentence_group(corpus: Corpus, one: HeldAside) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The sentences of the right question with those that the author aimed at; the lead for a whole question."""
    phrasing = one.phrasing
    assert phrasing is not None
    sentences = [(p, n) for p in corpus.document.passages for n, _ in enumerate(p.sentences, 1)]
    own = np.array([p.question == phrasing.question for p, _ in sentences])
    right = np.array([_aimed(p.position, n, phrasing) for p, n in sentences])
    return one.evidence.clues[own], right[own]


def _aimed(position: int, sentence: int, phrasing: Phrasing) -> bool:
    if phrasing.position is None:
        return (position, sentence) == (1, 1)
    return position == phrasing.position and phrasing.sentence in (None, sentence)


def _choice_accuracy(groups: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]], weights: Weights) -> float:
    chosen = [bool(right[int(np.argmax(clues @ np.array(weights.sentence)))]) for clues, right in groups]
    return float(np.mean(chosen)) if chosen else 0.0
