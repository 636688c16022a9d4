"""One training of everything on a corpus: which texts teach what. `training.py` does the learning itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faqbot import training
from faqbot.corpus import Corpus
from faqbot.embedding import Embedder, SentenceTransformerEmbedder, StaticEmbedder
from faqbot.index import document_rows
from faqbot.lexical import NgramClassifier
from faqbot.schema import Phrasing
from faqbot.search import Row, Search, context_of
from faqbot.settings import EMBEDDED
from faqbot.training import Anchor, Progress, Sample
from faqbot.vectors import FaissStore

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
    questions = corpus.document.questions
    phrasings = [*corpus.phrasings, *corpus.unanswerable]
    rows = document_rows(questions)
    save = None
    model: Embedder
    if embedder == EMBEDDED:
        tokenizer, weights = training.train_encoder(
            _encoder_samples(corpus), _anchors(corpus), len(questions) + 1, progress=progress
        )
        model = StaticEmbedder(tokenizer, weights)

        def save(folder: Path) -> None:
            training.save_encoder(tokenizer, weights, folder)

    else:
        model = SentenceTransformerEmbedder(embedder)
    rows += [Row("phrasing", p.text, p.question, p.position, p.sentence) for p in phrasings]
    store = FaissStore(model.embed([_embedded(row, corpus) for row in rows]))
    return Trained(model, tuple(rows), store, _train_classifier(corpus, progress), save)


def _anchors(corpus: Corpus) -> list[Anchor]:
    """The rows of the document as they are embedded, then the questions themselves."""
    questions = corpus.document.questions
    anchors = [Anchor(_embedded(row, corpus), (row.question or 0) - 1) for row in document_rows(questions)]
    return anchors + [Anchor(question.text, question.number - 1) for question in questions]


def _embedded(row: Row, corpus: Corpus) -> str:
    """The text that is embedded for a row: a passage is read under its question."""
    if row.kind != "passage" or row.question is None:
        return row.text
    return f"{corpus.document.question(row.question).text} {row.text}"


def _encoder_samples(corpus: Corpus) -> list[Sample]:
    rows = document_rows(corpus.document.questions)
    none = len(corpus.document.questions)
    samples = [
        Sample(p.text, (p.question or 0) - 1, aims=tuple(i for i, row in enumerate(rows) if _aims_at(p, row)))
        for p in corpus.phrasings
    ]
    return samples + [Sample(p.text, none) for p in corpus.unanswerable]


def _aims_at(phrasing: Phrasing, row: Row) -> bool:
    """Whether a phrasing asks for that passage or sentence; one that asks for a passage accepts its sentences."""
    if phrasing.position is None or (row.question, row.position) != (phrasing.question, phrasing.position):
        return False
    return row.kind == "sentence" and phrasing.sentence in (None, row.sentence)


def _train_classifier(corpus: Corpus, progress: Progress | None) -> NgramClassifier:
    questions = corpus.document.questions
    kinds = sorted({kind_label(p) for p in corpus.unanswerable})
    labels = [str(question.number) for question in questions] + kinds
    target = {label: index for index, label in enumerate(labels)}
    topic = [Sample(p.text, (p.question or 0) - 1) for p in corpus.phrasings]
    topic += [Sample(p.text, target[kind_label(p)]) for p in corpus.unanswerable]
    topic += [Sample(text, q.number - 1) for q in questions for text in (q.text, *(p.text for p in q.passages))]
    rarity = training.train_rarity([sample.text for sample in topic])
    standing_alone = topic[: len(corpus.phrasings)]
    pick = np.random.default_rng(training.SEED)
    foreign = [
        Sample(standing_alone[mine].text, standing_alone[mine].target, context=topic[other].text)
        for mine, other in zip(
            pick.permutation(len(standing_alone))[:DETACHED],
            pick.integers(len(topic), size=DETACHED),
            strict=False,
        )
    ]
    talks = [Sample(c.turns[-1], c.question - 1, context=context_of(c.turns[:-1])) for c in corpus.conversations]
    leaning = [Sample(c.turns[-1], int(not c.switch), context=context_of(c.turns[:-1])) for c in corpus.conversations]
    leaning += [Sample(sample.text, 0, context=sample.context) for sample in foreign[: len(talks)]]
    language = [Sample(p.text, 0) for p in corpus.phrasings if p.language == "en"]
    language += [Sample(p.text, 1) for p in corpus.phrasings if p.language == "es"]
    heads = {
        "topic": training.train_head([*topic, *foreign, *talks], labels, rarity, progress=progress, title="topics")
    }
    if leaning:
        heads["leaning"] = training.train_head(
            leaning, ["alone", "leans"], rarity, progress=progress, title="follow-ups"
        )
    danger = [Sample(p.text, 0) for p in corpus.phrasings]
    danger += [Sample(p.text, int(p.kind == "distress")) for p in corpus.unanswerable]
    heads["danger"] = training.train_head(
        danger, ["ordinary", "danger"], rarity, epochs=6, progress=progress, title="danger"
    )
    scope = [Sample(p.text, int(p.position is None)) for p in corpus.phrasings]
    heads["scope"] = training.train_head(
        scope, ["part", "whole"], rarity, epochs=4, copies=1, progress=progress, title="scope"
    )
    heads["language"] = training.train_head(
        language, ["en", "es"], rarity, epochs=4, copies=1, progress=progress, title="language"
    )
    return NgramClassifier(rarity, heads)


def kind_label(phrasing: Phrasing) -> str:
    """The kind of an unanswerable message as the classifier learns it: a few with replies of their own, else "near"."""
    kind = phrasing.kind or ""
    if kind in ("near_advice", "near_stop"):  # "should I …", about one's own case
        return "advice"
    return "near" if kind.startswith("near") else {"trap": "offtopic"}.get(kind, kind)
