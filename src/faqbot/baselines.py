"""Plain rankers to compare with: BM25, TF-IDF, a linear SVM, and each channel of the bot alone.

They need the development requirements (bm25s, scikit-learn).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from faqbot.bot import FaqBot
from faqbot.errors import UsageError
from faqbot.fusion import FUSED
from faqbot.settings import Settings
from faqbot.text import words

Ranker = Callable[[str], Sequence[int]]


def baselines(bot: FaqBot, settings: Settings) -> dict[str, Ranker]:
    """Rankers over the document, over document and phrasings, and the bot's channels, by name."""
    try:
        import bm25s  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"{error.name} is missing: run `make eval`, or `pip install -r requirements-dev.txt`."
        ) from None
    from faqbot.corpus import load_corpus

    corpus = load_corpus(Path(settings.corpus))
    questions = bot.document.questions
    plain = [f"{q.text} {' '.join(p.text for p in q.passages)}" for q in questions]
    asked = [[p.text for p in corpus.phrasings if p.question == q.number] for q in questions]
    enriched = [f"{text} {' '.join(ways)}" for text, ways in zip(plain, asked, strict=True)]
    texts = [text for ways in asked for text in ways]
    labels = [number for number, ways in enumerate(asked, 1) for _ in ways]
    return {
        "BM25, document": _bm25(plain),
        "BM25, with phrasings": _bm25(enriched),
        "TF-IDF words, with phrasings": _tfidf(enriched, analyzer="word", sizes=(1, 2)),
        "TF-IDF characters, with phrasings": _tfidf(enriched, analyzer="char_wb", sizes=(3, 5)),
        "linear SVM, same phrasings": _svm(texts, labels),
    } | {f"channel alone: {name}": _channel(bot, channel) for channel, name in enumerate(FUSED)}


def _ranked(scores: object) -> list[int]:
    return [int(index) + 1 for index in np.argsort(-np.asarray(scores), kind="stable")]


def _bm25(documents: list[str]) -> Ranker:
    import bm25s

    index = bm25s.BM25()
    index.index([words(text) for text in documents], show_progress=False)
    return lambda query: _ranked(index.get_scores(words(query)))


def _tfidf(documents: list[str], *, analyzer: str, sizes: tuple[int, int]) -> Ranker:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=analyzer, ngram_range=sizes, sublinear_tf=True, strip_accents="unicode")
    matrix = vectorizer.fit_transform(documents)
    return lambda query: _ranked((matrix @ vectorizer.transform([query]).T).toarray().ravel())


def _svm(texts: list[str], labels: list[int]) -> Ranker:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, strip_accents="unicode"),
    )
    model = make_pipeline(features, LinearSVC(random_state=7)).fit(texts, labels)
    return lambda query: _ranked(model.decision_function([query])[0])


def _channel(bot: FaqBot, channel: int) -> Ranker:
    return lambda query: _ranked(bot.search.evidence(query).classes[:-1, channel])
