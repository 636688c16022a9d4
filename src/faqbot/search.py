"""A message to ranked questions and sentences: dense and lexical channels.

Two channels look at a message. The *lexical* one is a classifier over word and character n-grams. The
*dense* one is the encoder with FAISS: the nearest phrasings vote for the question that they point to, and
the nearest passage speaks for its own. `fusion.py` makes one probability of what both say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faqbot.clauses import attended, clauses, two_asked
from faqbot.embedding import Embedder
from faqbot.fusion import SENTENCE_CLUES, Evidence, Floats, Weights, fuse
from faqbot.lexical import ASKS, NgramClassifier, NgramFeatures, weigh_all
from faqbot.schema import Passage, Question, Span
from faqbot.vectors import VectorStore

CONTEXT_TURNS = 2  # earlier messages that a follow-up is read with, in training and in asking
NEIGHBOURS = 100  # rows that FAISS returns for one message
SHARPNESS = 0.05  # a phrasing whose similarity is lower by this much has 1/e of the vote
CRY = 0.8  # danger in one clause, from which what stands around it does not count ("they are outside, and can they …")
SILENCE = 1e-6  # the vote of a question that no neighbour points to


@dataclass(frozen=True, slots=True)
class Row:
    """What one vector of the index stands for; `question` is None for an unanswerable message."""

    kind: Literal["passage", "sentence", "phrasing"]
    text: str = ""
    question: int | None = None
    position: int | None = None
    sentence: int | None = None  # 1-based within its passage


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence of the document and how well it fits the message among those of its question."""

    passage: Passage
    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Findings:
    """The fused result for one message."""

    probabilities: Floats  # (questions + 1,), sums to 1
    kinds: dict[str, float]
    danger: float
    spanish: float
    sentences: Mapping[int, tuple[SentenceHit, ...]]  # by question, best first

    @property
    def ranking(self) -> tuple[int, ...]:
        """Question numbers, best first, ties by number."""
        return tuple(int(index) + 1 for index in np.argsort(-self.probabilities[:-1], kind="stable"))

    @property
    def none(self) -> float:
        """The probability that the document does not answer."""
        return float(self.probabilities[-1])

    def probability(self, question: int) -> float:
        return float(self.probabilities[question - 1])


class Search:
    """The channels over one index. Rows must begin with all passages, then all sentences, in document order."""

    def __init__(
        self,
        questions: tuple[Question, ...],
        rows: tuple[Row, ...],
        store: VectorStore,
        anchors: Floats,  # the vectors of the passage and sentence rows
        embedder: Embedder,
        classifier: NgramClassifier,
    ) -> None:
        self._questions, self._rows, self._store = questions, rows, store
        self._embedder, self._classifier = embedder, classifier
        passages = [passage for question in questions for passage in question.passages]
        self.sentences = [(passage, span) for passage in passages for span in passage.sentences]
        self._passage_vectors, self._sentence_vectors = anchors[: len(passages)], anchors[len(passages) :]
        self._passage_owner = np.array([passage.question - 1 for passage in passages])
        place = {passage.key: index for index, passage in enumerate(passages)}
        self._sentence_passage = np.array([place[passage.key] for passage, _ in self.sentences])
        self._owner = np.array([passage.question for passage, _ in self.sentences])
        self._lead = np.array(
            [passage.position == 1 and span == passage.sentences[0] for passage, span in self.sentences]
        )
        first = {passage.key: index for index, (passage, span) in reversed(list(enumerate(self.sentences)))}
        phrasing = [row.kind == "phrasing" for row in rows]
        self._aim_sentence = np.array(
            [self._aim(row, first) if p else -1 for row, p in zip(rows, phrasing, strict=True)]
        )
        self._aim_passage = np.array(
            [
                place.get((row.question, row.position), -1) if p and row.question and row.position else -1
                for row, p in zip(rows, phrasing, strict=True)
            ]
        )
        self._class = np.array([(row.question or len(questions) + 1) - 1 for row in rows])
        texts = [_cut(passage, span) for passage, span in self.sentences] + [passage.text for passage in passages]
        self._words = _NgramMatrix(list(weigh_all(texts, classifier.rarity)))

    @staticmethod
    def _aim(row: Row, first: dict[tuple[int, int], int]) -> int:
        if row.question is None or row.position is None or row.sentence is None:
            return -1
        return first[row.question, row.position] + row.sentence - 1

    def evidence(self, message: str, *, context: str = "") -> Evidence:
        """What each channel says, before fusion. `context` is the conversation before the message."""
        features = self._classifier.features(message, context=context)
        topic = self._classifier.heads["topic"]
        log_topic = topic.log_probabilities(features)
        questions = len(self._questions)
        lexical = self._classes(log_topic)

        alone = self._dense(self._embedder.embed([message])[0])
        if context:
            joined = self._dense(self._embedder.embed([f"{context} {message}"])[0])
            share = self._yes("leaning", features)
            dense = tuple((1 - share) * a + share * j for a, j in zip(alone, joined, strict=True))
        else:
            share, dense = 0.0, alone
        votes, passage_best, clues = dense
        words = self._classifier.features(message) if context else features
        cosines = self._words.cosine(words)
        clues[:, 4] = cosines[: len(clues)]
        clues[:, 5] = cosines[len(clues) :][self._sentence_passage]
        part, whole = self._classifier.heads["scope"].log_probabilities(words)
        clues[:, 6] = self._lead
        clues[:, 7] = self._lead * (whole - part)
        kinds = dict(zip(topic.labels[questions:], np.exp(log_topic[questions:]).tolist(), strict=True))
        by_clause, cry, apart, pair = self._by_clause(message, lexical)
        return Evidence(
            classes=np.stack([lexical, by_clause, votes, np.append(passage_best, 0)], axis=1).astype(np.float32),
            danger=self._danger(words, log_topic),
            cry=cry,
            two_part=self._yes("two_part", words),
            apart=(1 - share) * apart,  # the clauses of a message that leans on others say little alone
            pair=pair,
            spanish=self._spanish(words),
            kinds=kinds,
            clues=clues,
        )

    def _classes(self, log_topic: Floats) -> Floats:
        """ln P of every question and, in one, of the kinds of message that none answers."""
        count = len(self._questions)
        return np.append(log_topic[:count], np.logaddexp.reduce(log_topic[count:])).astype(np.float32)

    def _danger(self, features: NgramFeatures, log_topic: Floats) -> float:
        labels = self._classifier.heads["topic"].labels
        distress = float(np.exp(log_topic[labels.index("distress")])) if "distress" in labels else 0.0
        return float(np.sqrt(self._yes("danger", features) * distress))

    def _by_clause(self, message: str, whole: Floats) -> tuple[Floats, float, float, Floats | None]:
        """What the clauses say of every class, the most danger in one, how surely two ask different things and which.

        A message of one clause says what it says as a whole.
        """
        features = [self._classifier.features(clause) for clause in clauses(message)]
        if not features or len(self._questions) == 1:
            return whole, 0.0, 0.0, None
        topics = [self._classifier.heads["topic"].log_probabilities(own) for own in features]
        cry = max(map(self._danger, features, topics))
        read = np.stack([self._classes(one) for one in topics])
        asks = np.array([self._log_odds(ASKS, own) for own in features])
        return attended(read, asks), cry, *two_asked(np.exp(read[:, :-1]))

    def _dense(self, query: Floats) -> tuple[Floats, Floats, Floats]:
        """Votes of the neighbours by class, the best passage similarity by question, clues by sentence."""
        similarities, rows = self._store.search(query, NEIGHBOURS)
        shares = np.exp((similarities - 1) / SHARPNESS)
        votes = np.full(len(self._questions) + 1, SILENCE, dtype=np.float32)
        aimed_sentence = np.full(len(self.sentences) + 1, SILENCE, dtype=np.float32)  # the last: aimed at none
        aimed_passage = np.full(len(self._passage_vectors) + 1, SILENCE, dtype=np.float32)
        np.add.at(votes, self._class[rows], shares)
        np.add.at(aimed_sentence, self._aim_sentence[rows], shares)
        np.add.at(aimed_passage, self._aim_passage[rows], shares)
        passages = self._passage_vectors @ query
        best = np.full(len(self._questions), -1, dtype=np.float32)
        np.maximum.at(best, self._passage_owner, passages)
        clues = np.zeros((len(self.sentences), len(SENTENCE_CLUES)), dtype=np.float32)
        clues[:, 0] = self._sentence_vectors @ query
        clues[:, 1] = passages[self._sentence_passage]
        clues[:, 2] = np.log(aimed_sentence[:-1])
        clues[:, 3] = np.log(aimed_passage[:-1])[self._sentence_passage]
        return np.log(votes), best, clues

    def _yes(self, name: str, features: NgramFeatures) -> float:
        """The probability of the second label of a head of two; 0 where the corpus had nothing to teach it."""
        head = self._classifier.heads.get(name)
        return float(np.exp(head.log_probabilities(features)[1])) if head else 0.0

    def spanish(self, message: str) -> float:
        """The log odds that a message is in Spanish rather than English, both as likely beforehand."""
        return self._spanish(self._classifier.features(message))

    def _spanish(self, features: NgramFeatures) -> float:
        return self._log_odds("language", features) - float(self._classifier.heads["language"].bias[0])

    def _log_odds(self, name: str, features: NgramFeatures) -> float:
        """The log odds of the second label of a head of two."""
        first, second = self._classifier.heads[name].log_probabilities(features)
        return float(second - first)

    def find(self, message: str, weights: Weights, *, context: str = "") -> Findings:
        """Rank every question, and the sentences within each."""
        evidence = self.evidence(message, context=context)
        scores = evidence.clues @ np.array(weights.sentence, dtype=np.float32)
        sentences = _RankedSentences(self.sentences, self._owner, scores)
        probabilities = fuse(evidence, weights, follow_up=bool(context))
        danger = max(evidence.danger, evidence.cry) if evidence.cry >= CRY else evidence.danger
        return Findings(probabilities, evidence.kinds, danger, evidence.spanish, sentences)


class _RankedSentences(Mapping[int, tuple[SentenceHit, ...]]):
    """The sentences of a question, best first, sorted when asked for: an answer shows few questions."""

    def __init__(
        self, sentences: Sequence[tuple[Passage, Span]], owner: NDArray[np.int64], scores: NDArray[np.float32]
    ) -> None:
        self._sentences, self._owner, self._scores = sentences, owner, scores

    def __getitem__(self, question: int) -> tuple[SentenceHit, ...]:
        own = np.flatnonzero(self._owner == question)
        if not len(own):
            raise KeyError(question)
        best = own[np.argsort(-self._scores[own], kind="stable")].tolist()
        chosen = ((*self._sentences[index], float(self._scores[index])) for index in best)
        return tuple(SentenceHit(passage, span, score) for passage, span, score in chosen)

    def __iter__(self) -> Iterator[int]:
        return iter(np.unique(self._owner).tolist())

    def __len__(self) -> int:
        return len(np.unique(self._owner))


def context_of(turns: Sequence[str]) -> str:
    """The part of a conversation that a follow-up is read with: the last turns before it."""
    return " ".join(turns[-CONTEXT_TURNS:])


def _cut(passage: Passage, span: Span) -> str:
    return passage.text[span.start - passage.start : span.end - passage.start]


class _NgramMatrix:
    """Texts as sparse unit vectors, sorted by bucket, for cosines with one query."""

    def __init__(self, texts: Sequence[NgramFeatures]) -> None:
        buckets = np.concatenate([text.buckets for text in texts])
        order = np.argsort(buckets, kind="stable")
        self._buckets = buckets[order]
        self._weights = np.concatenate([text.weights for text in texts])[order]
        self._texts = np.repeat(np.arange(len(texts)), [len(text.buckets) for text in texts])[order]
        self._count = len(texts)

    def cosine(self, query: NgramFeatures) -> Floats:
        """Cosine of each text with a query; looks only at the buckets of the query."""
        begin = np.searchsorted(self._buckets, query.buckets, "left")
        lengths = np.searchsorted(self._buckets, query.buckets, "right") - begin
        places = np.arange(lengths.sum()) + np.repeat(begin - np.cumsum(lengths) + lengths, lengths)
        products = self._weights[places] * np.repeat(query.weights, lengths)
        return np.bincount(self._texts[places], products, self._count).astype(np.float32)
