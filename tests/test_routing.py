"""What kind of message it is, by form: the promised look-ups in both languages, and no false alarm."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faqbot.corpus import load_corpus
from faqbot.routing import Target, resolve_last, route
from faqbot.settings import ROOT, Settings

HEADINGS = ("Risks", "Benefits")
CASES = json.loads((Path(__file__).parent / "cases" / "routing.json").read_text(encoding="utf-8"))
LINES = [(case, message) for case in CASES for message in case["messages"]]


@pytest.fixture(scope="module")
def corpus():
    return load_corpus(Settings().corpus)


@pytest.mark.parametrize(("case", "message"), LINES, ids=[f"{case['rule']}: {message!r}" for case, message in LINES])
def test_promised_forms(case, message):
    got = route(message, headings=HEADINGS)
    assert got.kind == case["is"]
    assert got.targets == tuple(Target(*numbers) for numbers in case.get("targets", []))


def test_the_last_question_is_known_from_the_document():
    assert resolve_last(route("the last question").targets, 20) == (Target(20),)
    assert resolve_last((Target(3, 1),), 20) == (Target(3, 1),)


def test_benchmark_look_ups():
    kinds = {"lookup": "lookup", "invalid": "lookup", "list": "list", "trap": "question"}
    rows = [json.loads(line) for line in (ROOT / "benchmarks/questions/lookup.jsonl").open(encoding="utf-8")]
    for row in rows:
        got = route(row["q"], headings=HEADINGS)
        assert got.kind == kinds[row["kind"]], row
        if row["kind"] == "lookup":
            assert [target.question for target in resolve_last(got.targets, 20)] == row["best"], row
            assert row["item"] in (None, got.targets[0].item), row


def test_every_authored_phrasing_is_a_question(corpus):
    """No look-up, list or personal detail is seen in anything that an author asked."""
    asked = [phrasing.text for phrasing in corpus.phrasings]
    asked += [turn for talk in corpus.conversations for turn in talk.turns]
    kinds = {text: route(text, headings=HEADINGS).kind for text in asked}
    # One author meant ten years; as a whole message a bare number word is a look-up all the same.
    assert {text: kind for text, kind in kinds.items() if kind != "question"} == {"ten": "lookup"}


def test_no_unanswerable_message_is_a_look_up(corpus):
    got = {one.text: route(one.text, headings=HEADINGS).kind for one in corpus.unanswerable}
    # One author meant thanks; of this document "10q" is a question. To ask what one can ask is to ask for the list.
    known = {"10q": "lookup", "qué te puedo preguntar": "list"}
    known |= {"what can i ask": "list", "what topics do you cover": "list"}
    assert {text: kind for text, kind in got.items() if kind in ("lookup", "list")} == known


def test_the_document_itself_raises_no_alarm(corpus):
    """Every sentence, passage and question of the document, typed in, is a question."""
    document = corpus.document
    texts = [question.text for question in document.questions] + [passage.text for passage in document.passages]
    texts += [document.source[s.start : s.end] for p in document.passages for s in p.sentences]
    assert {text for text in texts if route(text, headings=HEADINGS).kind != "question"} == set()


SERVICES = {211, 287, 311, 411, 511, 611, 711, 811, 911}  # a telephone number, or 287(g), when alone


@given(st.integers(0, 999), st.integers(1, 99))
def test_any_number_can_be_looked_up(question, item):
    for form in ("{}.{}", "Q{} item {}", "question {}, item {}", "pregunta {} punto {}"):
        assert route(form.format(question, item)).targets == (Target(question, item),)
    assert route(f"item {item} of question {question}").targets == (Target(question, item),)
    for form in ("Q{}", "#{}", "question {}", "pregunta {}", "{}" if question not in SERVICES else "Q{}"):
        assert route(form.format(question)).targets == (Target(question),)


@given(st.text(max_size=200))
def test_any_text_has_a_route(message):
    got = route(message, headings=HEADINGS)
    assert bool(got.targets) == (got.kind == "lookup")
    assert (got.kind == "empty") == (not any(char.isalnum() or char == "_" for char in message))
