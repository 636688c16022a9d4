"""One training of everything on a corpus: which texts teach what to `training.py` and `heads.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faqbot import heads, training
from faqbot.corpus import Corpus
from faqbot.embedding import Embedder, SentenceTransformerEmbedder, StaticEmbedder
from faqbot.heads import Lesson
from faqbot.index import document_rows
from faqbot.lexical import ASKS, NgramClassifier
from faqbot.schema import LANGUAGES, Phrasing
from faqbot.search import Row, Search, context_of
from faqbot.settings import EMBEDDED
from faqbot.training import Anchor, Progress, Sample
from faqbot.vectors import FaissStore, Vectors, condense

EACH = 8  # phrasings that one vector stands for: as right as one for each (docs/decisions/0001), and fast
DETACHED = 3_000  # phrasings that are shown once with a foreign turn before them: context must not mislead


@dataclass(frozen=True, slots=True)
class Trained:
    """One training: on everything, or on everything but some authors."""

    embedder: Embedder
    rows: tuple[Row, ...]
    store: FaissStore
    classifier: NgramClassifier
    save_encoder: Callable[[Path], None] | None

    def search(self, corpus: Corpus) -> Search:
        count = len(document_rows(corpus.document.questions))
        anchors = self.store.head(count)
        return Search(corpus.document.questions, self.rows, self.store, anchors, self.embedder, self.classifier)


def train(corpus: Corpus, embedder: str, progress: Progress | None = None) -> Trained:
    """Train encoder and lexical heads on a corpus, and embed its passages, sentences and phrasings."""
    save = None
    model: Embedder
    if embedder == EMBEDDED:
        tokenizer, weights = training.train_encoder(
            encoder_samples(corpus), anchors(corpus), len(corpus.document.questions) + 1, progress=progress
        )
        model = StaticEmbedder(tokenizer, weights)
        save = partial(training.save_encoder, tokenizer, weights)
    else:
        model = SentenceTransformerEmbedder(embedder)
    rows, vectors = embed_rows(corpus, model)
    return Trained(model, rows, FaissStore(vectors), _train_classifier(corpus, progress), save)


def embed_rows(corpus: Corpus, model: Embedder, *, each: int = EACH) -> tuple[tuple[Row, ...], Vectors]:
    """The rows of an index with their vectors: the document's, then those that stand for the phrasings.

    Phrasings that point to the same place are condensed to one vector for every `each` of them.
    """
    rows = document_rows(corpus.document.questions)
    parts = [model.embed([_embedded(row, corpus) for row in rows])]
    asked = [*corpus.phrasings, *corpus.unanswerable]
    places = np.array([(p.question or 0, p.position or 0, p.sentence or 0) for p in asked])
    vectors = model.embed([p.text for p in asked])
    for place in np.unique(places, axis=0):
        own = vectors[(places == place).all(axis=1)]
        parts.append(condense(own, -(-len(own) // each)))
        rows += [Row("phrasing", "", *(point or None for point in place.tolist()))] * len(parts[-1])
    return tuple(rows), np.concatenate(parts)


def anchors(corpus: Corpus) -> list[Anchor]:
    """The rows of the document as they are embedded, then the questions themselves."""
    questions = corpus.document.questions
    anchors = [Anchor(_embedded(row, corpus), (row.question or 0) - 1) for row in document_rows(questions)]
    return anchors + [Anchor(question.text, question.number - 1) for question in questions]


def _embedded(row: Row, corpus: Corpus) -> str:
    """The text that is embedded for a row: a passage is read under its question."""
    if row.kind != "passage" or row.question is None:
        return row.text
    return f"{corpus.document.question(row.question).text} {row.text}"


def encoder_samples(corpus: Corpus) -> list[Sample]:
    """What teaches the encoder: class n - 1 is question n, the last one "none of these"."""
    rows = document_rows(corpus.document.questions)
    none = len(corpus.document.questions)
    samples = [
        Sample(p.text, (p.question or 0) - 1, aims=tuple(i for i, row in enumerate(rows) if _aims_at(p, row)))
        for p in corpus.phrasings
    ]
    samples += [Sample(both.text, number - 1) for both in corpus.two_part for number in both.questions]
    return samples + [Sample(p.text, none) for p in corpus.unanswerable]


def _aims_at(phrasing: Phrasing, row: Row) -> bool:
    """Whether a phrasing asks for that passage or sentence; one that asks for a passage accepts its sentences."""
    if phrasing.position is None or (row.question, row.position) != (phrasing.question, phrasing.position):
        return False
    return row.kind == "sentence" and phrasing.sentence in (None, row.sentence)


def lessons(corpus: Corpus) -> tuple[list[Lesson], dict[str, list[str]]]:
    """What teaches the lexical heads, phrasings first, and the labels of each head."""
    questions = corpus.document.questions
    kinds = sorted({kind_label(p) for p in corpus.unanswerable})
    labels: dict[str, list[str]] = {
        "topic": [str(question.number) for question in questions] + kinds,
        ASKS: ["tells", "asks"],
        "danger": ["ordinary", "danger"],
        "scope": ["part", "whole"],
        "language": list(LANGUAGES),
    }
    labels |= {"leaning": ["alone", "leans"]} if corpus.conversations else {}
    labels |= {"two_part": ["one", "two"]} if corpus.two_part else {}
    taught = [Lesson(p.text, _targets(p)) for p in corpus.phrasings]
    for p in corpus.unanswerable:
        topic = len(questions) + kinds.index(kind_label(p))
        taught.append(Lesson(p.text, {"topic": topic, "danger": int(p.kind == "distress")}))
    for question in questions:
        own = (question.text, *(passage.text for passage in question.passages))
        taught += [Lesson(text, {"topic": question.number - 1}) for text in own]
    for both in corpus.two_part:
        taught += [Lesson(both.text, {"topic": number - 1, "two_part": 1, "danger": 0}) for number in both.questions]
    fragments = [Lesson(talk.turns[-1], {"danger": 0}) for talk in corpus.conversations]  # "and my kids?"
    return taught + fragments + _in_context(corpus, taught), labels


def _targets(phrasing: Phrasing) -> dict[str, int]:
    targets = {"danger": 0, "two_part": 0, "scope": int(phrasing.position is None)}
    targets["topic"] = (phrasing.question or 0) - 1
    if phrasing.language:
        targets["language"] = LANGUAGES.index(phrasing.language)
    return targets


def _in_context(corpus: Corpus, taught: Sequence[Lesson]) -> list[Lesson]:
    """The last turns of conversations, and phrasings that are shown with a foreign turn before them."""
    pick = np.random.default_rng(training.SEED)
    alone = pick.permutation(len(corpus.phrasings))[:DETACHED]
    before = pick.integers(len(taught), size=DETACHED)
    foreign = []
    for place, (mine, other) in enumerate(zip(alone, before, strict=False)):
        targets = {"topic": taught[mine].targets["topic"]}
        targets |= {"leaning": 0} if place < len(corpus.conversations) else {}
        foreign.append(Lesson(taught[mine].text, targets, context=taught[other].text))
    return foreign + [
        Lesson(c.turns[-1], {"topic": c.question - 1, "leaning": int(not c.switch)}, context=context_of(c.turns[:-1]))
        for c in corpus.conversations
    ]


def _train_classifier(corpus: Corpus, progress: Progress | None) -> NgramClassifier:
    taught, labels = lessons(corpus)
    rarity = heads.train_rarity([lesson.text for lesson in taught if not lesson.context])
    trained = heads.train_heads(taught, labels, rarity, progress=progress)
    topic = trained["topic"]
    trained["topic"] = replace(topic, bias=topic.bias - _crowding(taught, len(labels["topic"]), corpus))
    return NgramClassifier(rarity, trained)


def _crowding(taught: Sequence[Lesson], topics: int, corpus: Corpus) -> NDArray[np.float32]:
    """How much likelier a question is in the lessons than the mean one, as a logarithm; 0 for other topics.

    Some questions were given more phrasings because they are hard, not because more people ask them. Taken off the
    bias, all questions are as likely beforehand (logit adjustment, Menon et al. 2021).
    """
    questions = len(corpus.document.questions)
    counts = np.bincount([lesson.targets["topic"] for lesson in taught if "topic" in lesson.targets], minlength=topics)
    crowding = np.zeros(topics, dtype=np.float32)
    crowding[:questions] = np.log(counts[:questions] / counts[:questions].mean())
    return crowding


def kind_label(phrasing: Phrasing) -> str:
    """The kind of an unanswerable message as the classifier learns it: a few with replies of their own, else "near"."""
    kind = phrasing.kind or ""
    if kind in ("near_advice", "near_stop"):  # "should I …", about one's own case
        return "advice"
    return "near" if kind.startswith("near") else {"trap": "offtopic"}.get(kind, kind)
