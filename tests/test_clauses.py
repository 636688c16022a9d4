"""Messages of several clauses: where they are cut, which clause decides, and that two questions get two answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faqbot.clauses import LEAST, MOST, attended, clauses, two_asked
from faqbot.fusion import FUSED, Evidence, Weights, fuse
from faqbot.ngrams import all_ngram_counts, ngram_counts

TWO = {
    "How long does ICE hang on to it, and does anyone let the family know?": {9, 8},
    "which laws cover this and who in the state watches that they're followed": {2, 11},
    "What happens to an office that breaks the rules? Also, what locks are on the files?": {10, 5},
    "¿por cuántos años lo guardan y quién los vigila aquí en Wisconsin?": {9, 11},
    "que leyes mandan en esto y que pasa si una oficina no las cumple": {2, 10},
    "is there a signed deal with ICE; and has anybody sued over it?": {12, 15},
    "I need two things for the board: how it hurts immigrant families, plus the efforts to limit it.": {13, 19},
}
ONE = {
    "How long do they keep it? Like is it one year, or ten, or forever?": 9,
    "I work nights and my sister and me both get FoodShare. Who checks that the state follows the rules?": 11,
    "do they have to tell us and our kids": 8,
    "They told us it is locked and encrypted. So what happens to an office that breaks the rules?": 10,
    "nosotros trabajamos en la lechería, ¿cuántos años guardan lo que mandan?": 9,
    "mi hermana y yo tenemos miedo, ¿qué leyes hay sobre esto?": 2,
}


def test_a_message_is_cut_where_a_clause_may_end():
    assert clauses("Who checks? And how long is it kept, please tell me") == [
        "Who checks",
        "And how long is it kept",
        "please tell me",
    ]
    assert clauses("ya sé cuánto tiempo guardan pero quién vigila") == [
        "ya sé cuánto tiempo guardan",
        "pero quién vigila",
    ]
    for whole in ("", "?", "and", "how long is it kept", "kids and me", "the U.S.A.,"):
        assert clauses(whole) == [], whole


@given(st.text(max_size=300))
def test_clauses_are_parts_of_the_message_in_its_order(message):
    parts = clauses(message)
    assert len(parts) <= MOST
    assert len(parts) != 1
    place = 0
    for part in parts:
        assert len(part.split()) >= LEAST
        place = message.index(part, place) + len(part)


def told(*asked):
    """P(question | clause), a row for each clause: sure of the question given."""
    read = np.full((len(asked), 20), 1e-3, dtype=np.float32)
    read[range(len(asked)), [number - 1 for number in asked]] = 0.9
    return read


def test_the_clause_that_asks_decides():
    read = np.log(told(9, 11))
    for asks, best in (((5.0, -5.0), 9), ((-5.0, 5.0), 11)):
        assert np.argmax(attended(read, np.array(asks, dtype=np.float32))) + 1 == best
    even = np.exp(attended(read, np.zeros(2, dtype=np.float32)))
    assert even[[8, 10]] == pytest.approx([0.4505, 0.4505])


def test_clauses_that_ask_different_things_tell_both():
    surely, pair = two_asked(told(9, 9, 11))
    assert surely == pytest.approx(0.81, abs=1e-3)
    assert set(np.argsort(-pair)[:2] + 1) == {9, 11}
    assert pair.sum() == pytest.approx(1)
    assert two_asked(told(9, 9))[0] < 0.01


def evidence(apart, pair):
    classes = np.zeros((21, len(FUSED)), dtype=np.float32)
    classes[8] = 6
    return Evidence(classes, {}, 0.0, 0.0, 0.5, apart, pair, 0.0, np.zeros((1, 8), dtype=np.float32))


WEIGHTS = Weights((1.0, 0.5, 0.0, 0.0), (1.0, 0.5, 0.0, 0.0), 0.0, (0.0,) * 8, (0.3, 1.5, 3.0), 5.0)


def test_fusion_follows_two_clauses_as_surely_as_two_things_are_asked():
    shares = np.zeros(20, dtype=np.float32)
    shares[[8, 10]] = 0.5
    alone, doubtful, sure = (fuse(evidence(*one), WEIGHTS) for one in ((0.0, None), (1e-3, shares), (0.9, shares)))
    for probabilities in (alone, doubtful, sure):
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert alone[20] == doubtful[20] == sure[20]  # whether the document answers at all is read from the whole
    assert alone[10] < doubtful[10] < 0.05 < 0.3 < sure[10]


@pytest.mark.parametrize("message", TWO)
def test_both_answers_are_shown(bot, message):
    answer = bot.ask(message)
    assert answer.outcome == "answered"
    assert {citation.passage.question for citation in answer.citations} == TWO[message]


def test_messages_that_only_look_like_two_get_one_answer(bot):
    """All but one: of left-out authors' messages that ask one thing, one in twelve gets a second question too."""
    answers = [bot.ask(message) for message in ONE]
    assert [answer.ranking[0] for answer in answers] == list(ONE.values())
    shown = [{one.passage.question for one in answer.citations} for answer in answers if answer.outcome == "answered"]
    assert len(shown) >= 5, answers
    assert sum(len(questions) > 1 for questions in shown) <= 1, shown


ASIDE = {
    "I know they keep it ten years, but who makes sure the rules are followed?": 11,
    "ok so it's encrypted, fine. how many years do they hang on to it": 9,
    "never mind who watches. what happens to an agency that breaks the rules?": 10,
    "ya me dijeron que lo guardan diez años, ¿pero me avisan?": 8,
}


@pytest.mark.parametrize("message", ASIDE)
def test_what_is_only_mentioned_is_not_answered_first(bot, message):
    assert bot.ask(message).ranking[0] == ASIDE[message]


@given(st.lists(st.text(max_size=60), max_size=12), st.integers(0, 2))
def test_many_texts_are_hashed_as_one_by_one(texts, salt):
    bounds, buckets, counts = all_ngram_counts(texts, salt=salt)
    for place, text in enumerate(texts):
        own = slice(bounds[place], bounds[place + 1])
        one, one_counts = ngram_counts(text, salt=salt)
        assert buckets[own].tolist() == one.tolist()
        assert counts[own].tolist() == one_counts.tolist()
