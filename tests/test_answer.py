"""Composing alone: which passages an answer shows, what it marks, and what raises a tension."""

import numpy as np
import pytest

from faqbot.answer import TensionFinder, cite, compose, introduces_list, list_below, look_up, related
from faqbot.document import load_document
from faqbot.routing import Target
from faqbot.schema import Tension, TensionSide
from faqbot.search import Findings, SentenceHit
from faqbot.settings import Settings


@pytest.fixture(scope="module")
def document():
    return load_document(Settings().corpus)


def findings(document, probabilities, best):
    """Made by hand: P(question), and by question the (position, sentence) that score best, first scoring 0."""
    shares = np.full(len(document.questions) + 1, 1e-4, dtype=np.float32)
    for number, share in probabilities.items():
        shares[number - 1] = share
    sentences = {}
    for question in document.questions:
        wanted = best.get(question.number, [])
        hits = []
        for passage in question.passages:
            for number, span in enumerate(passage.sentences, 1):
                key = (passage.position, number)
                hits.append(SentenceHit(passage, span, -0.1 * wanted.index(key) if key in wanted else -50.0))
        sentences[question.number] = tuple(sorted(hits, key=lambda hit: -hit.score))
    return Findings(shares, {}, 0.0, 0.0, sentences)


def test_the_best_passage_with_its_sentence_marked(document):
    got = compose(document, findings(document, {9: 0.9}, {9: [(1, 3)]}), "answered")
    assert [(c.passage.key, c.marked_text) for c in got] == [
        ((9, 1), document.source[slice(*span(document, 9, 1, 3))]),
    ]
    assert got[0].marked_text.startswith("It is important to note that the retention period may vary")


def span(document, question, position, sentence):
    found = document.question(question).passages[position - 1].sentences[sentence - 1]
    return found.start, found.end


def test_a_paragraph_that_announces_a_list_brings_the_list(document):
    got = compose(document, findings(document, {5: 0.9}, {5: [(1, 2)]}), "answered")
    assert [c.passage.label for c in got] == ["Question 5", *(f"Question 5, item {n}" for n in range(1, 6))]


def test_one_citation_for_a_passage_with_two_good_sentences(document):
    got = compose(document, findings(document, {8: 0.9}, {8: [(1, 1), (1, 2), (2, 1)]}), "answered")
    assert [c.passage.key for c in got] == [(8, 1), (8, 2)]
    assert (got[0].marked.start, got[0].marked.end) == span(document, 8, 1, 1)


def test_two_likely_questions_are_both_cited_best_first(document):
    got = compose(document, findings(document, {8: 0.4, 4: 0.5}, {8: [(1, 1)], 4: [(4, 1)]}), "answered")
    assert [c.passage.key for c in got] == [(4, 4), (8, 1)]


def test_an_offer_shows_one_passage_of_each_question(document):
    found = findings(document, {2: 0.3, 3: 0.2, 12: 0.1}, {2: [(1, 2)], 3: [(1, 1)], 12: [(1, 1)]})
    assert [c.passage.key for c in compose(document, found, "did_you_mean")] == [(2, 1), (3, 1), (12, 1)]
    assert compose(document, found, "not_covered") == ()


def test_related_questions_are_not_those_cited(document):
    found = findings(document, {2: 0.5, 3: 0.1, 12: 0.08, 17: 0.05}, {2: [(1, 1)]})
    assert related(found, compose(document, found, "answered")) == (3, 12, 17)


def test_lists(document):
    first, *_, last = document.question(20).passages
    assert introduces_list(first)
    assert not introduces_list(last)
    assert len(list_below(document.question(20), first)) == 8
    assert list_below(document.question(20), last) == []


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        (Target(5, 3), ["Question 5, item 3"]),
        (Target(20, 3), ["Question 20, Risks, item 3", "Question 20, Benefits, item 3"]),
        (Target(20, 3, "Benefits"), ["Question 20, Benefits, item 3"]),
        (Target(7), ["Question 7"]),
        (Target(5, 9), []),
        (Target(0), []),
        (Target(21), []),
        (Target(-1), []),
    ],
)
def test_look_up(document, target, labels):
    got = look_up(document, target)
    assert [c.passage.label for c in got] == labels
    assert all(c.marked_text == c.passage.text for c in got)


@pytest.mark.parametrize(
    ("trigger", "marked", "raised"),
    [
        ("passage", 1, True),
        ("passage", 3, True),
        ("sentence", 3, True),
        ("sentence", 1, False),
        ("never", 3, False),
    ],
)
def test_what_raises_a_tension(document, trigger, marked, raised):
    """The side is the third sentence of question 9; the other side is the first of question 8."""
    here, there = document.question(9), document.question(8)
    one = TensionSide(here.passages[0], here.passages[0].sentences[2], "a", trigger)
    other = TensionSide(there.passages[0], there.passages[0].sentences[0], "b")
    finder = TensionFinder((Tension({"en": "They differ.", "es": "No coinciden."}, (one, other)),), document)
    shown = finder.find([cite(here, here.passages[0], here.passages[0].sentences[marked - 1])], "es")
    assert bool(shown) == raised
    if raised:
        assert shown[0].note == "No coinciden."
        assert [c.passage.key for c in shown[0].citations] == [(9, 1), (8, 1)]
        assert [c.marked for c in shown[0].citations] == [one.span, other.span]
