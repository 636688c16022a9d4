"""What the look-up finds by meaning, what its page is told, and the picture. The page itself: test_lookup_browser."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx
import numpy as np
import pytest

from faqbot import lookup_page, texts
from faqbot.bot import LONGEST_MESSAGE, FaqBot
from faqbot.lookup import COUNT
from faqbot.markup import anchor
from faqbot.nearness import APART, TALL, arrange, places
from faqbot.picture import picture


@pytest.fixture(scope="module")
def data(bot: FaqBot) -> dict[str, Any]:
    return dict(json.loads(lookup_page.script_data(bot.document, bot.tensions)))


def shown(bot: FaqBot) -> str:
    near = places(bot.index, len(bot.document.questions))
    return lookup_page.view(bot.document, bot.themes, near, bot.tensions)


# ---- by meaning


@pytest.mark.parametrize(
    "message", ["how long do they hang on to it", "¿cuánto tiempo guardan los datos?", "who checks?"]
)
def test_find_begins_with_what_the_chat_would_cite(bot: FaqBot, message: str) -> None:
    answer, found = bot.ask(message), bot.find(message)
    assert found.outcome == answer.outcome == "answered"
    assert [hit.passage.key for hit in found.hits[:1]] == [citation.passage.key for citation in answer.citations[:1]]
    assert found.hits[0].marked == answer.citations[0].marked
    keys = [hit.passage.key for hit in found.hits]
    assert 1 < len(keys) <= COUNT
    assert len(set(keys)) == len(keys)


def test_find_offers_close_ones_when_the_document_does_not_answer(bot: FaqBot) -> None:
    found = bot.find("should I apply for FoodShare?")
    assert found.outcome == "not_covered"
    assert found.hits


@pytest.mark.parametrize("count", [1, 2])
def test_find_gives_no_more_than_was_asked_for(bot: FaqBot, count: int) -> None:
    assert len(bot.find("how long is it kept?", count=count).hits) == count


def test_personal_details_are_not_searched(bot: FaqBot) -> None:
    found = bot.find("is the ssn 123-45-6789 shared?", "es")
    assert (found.outcome, found.hits) == ("personal_details", ())
    assert found.message == texts.message("es", "personal_details")


@pytest.mark.parametrize("message", ["ICE is at my door right now", "911"])
def test_danger_gets_the_urgent_line(bot: FaqBot, message: str) -> None:
    found = bot.find(message, "en")
    assert (found.outcome, found.message) == ("urgent", texts.message("en", "urgent"))


def test_numbers_that_the_page_does_not_know_are_looked_up(bot: FaqBot) -> None:
    assert {hit.passage.question for hit in bot.find("the last question").hits} == {20}
    found = bot.find("question 25")
    assert found.outcome == "out_of_range"
    assert "25" in found.message


@pytest.mark.parametrize("message", ["", " ", "?", "\ud83d", "x" * (LONGEST_MESSAGE + 9)])
def test_nothing_is_too_odd_to_be_searched(bot: FaqBot, message: str) -> None:
    assert bot.find(message).outcome


def test_find_over_http(server: str, bot: FaqBot) -> None:
    with httpx.Client(base_url=server) as client:
        reply = client.post("/find", json={"q": "how long do they hang on to it", "language": "es"}).json()
        assert reply == lookup_page.found_json(bot.find("how long do they hang on to it", "es"))
        assert reply["hits"][0] == {"id": "q9.p1", "question": 9, "position": 1, "sentence": 1}
        for body, status in ((b"{", 400), (b'{"q": 7}', 422), (b'{"q": "x", "language": "fr"}', 422)):
            assert client.post("/find", content=body).status_code == status
        assert client.get("/find").status_code in (404, 405)
        secret = "is the ssn 123-45-6789 shared?"
        assert "6789" not in client.post("/find", json={"q": secret}).text


# ---- what the page is told


def test_every_sentence_and_label_is_told_in_each_language(bot: FaqBot, data: dict[str, Any]) -> None:
    assert [one["id"] for one in data["passages"]] == [anchor(passage) for passage in bot.document.passages]
    for told, passage in zip(data["passages"], bot.document.passages, strict=True):
        assert told["cited"] == told["label"]["en"] == passage.label
        for text in bot.document.texts:
            own = text.passage(passage.key)
            cut = [own.text[start:end] for start, end in told["sentences"][text.language]]
            assert cut == [text.source[span.start : span.end] for span in own.sentences]


def test_the_other_side_is_told_word_for_word(bot: FaqBot, data: dict[str, Any]) -> None:
    by_id = {anchor(passage): passage for passage in bot.document.passages}
    for told, passage in zip(data["passages"], bot.document.passages, strict=True):
        number = passage.item if passage.item is not None else None
        answer = bot.look_up(passage.question, number)
        if len(answer.citations) > 1:  # a paragraph, or an item number that is there twice
            continue
        wanted = [[one for one in t.citations if one.passage.key != passage.key] for t in answer.tensions]
        found = [[(one["id"], one["at"]["en"]) for one in tension["others"]] for tension in told.get("tensions", [])]
        quotes = [[by_id[name].text[start:end] for name, (start, end) in others] for others in found]
        assert quotes == [[one.marked_text for one in others] for others in wanted], passage.label
    assert sum("tensions" in one for one in data["passages"]) > 10


def test_a_question_stands_against_those_of_its_tensions(bot: FaqBot) -> None:
    against = lookup_page.opponents(bot.tensions, bot.document)
    assert against[7] == [1, 3, 6, 8, 9, 12, 13, 17]
    assert against[8] == [4, 7, 14]
    assert against[2] == []
    assert all(one in against[other] for one, others in against.items() for other in others)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (4, "Data Security, Data Minimization, Consent and Transparency, Accountability and Oversight"),
        (9, "State benefits data shared with ICE is typically retained for a period of 10 years."),
        (
            20,
            "Risks: Privacy Concerns, Fear and Distrust, Reduced Access to Benefits, Legal",
        ),
    ],
)
def test_a_question_at_a_glance(bot: FaqBot, number: int, words: str) -> None:
    assert lookup_page.glance(bot.document.question(number)).startswith(words)


def test_a_glance_holds_only_words_of_the_document(bot: FaqBot) -> None:
    for text in bot.document.texts:
        for question in text.questions:
            for part in re.split(r"; |, |: ", lookup_page.glance(question)):
                assert part.rstrip(":") in text.source, part


def test_the_contents_hold_every_question_once_under_its_theme(bot: FaqBot) -> None:
    html = shown(bot)
    contents = html[html.index('id="contents"') : html.index('class="picture"')]
    order = [int(number) for number in re.findall(r'<li class="entry"><a href="&#35;q(\d+)"', contents)]
    assert order == [number for theme in bot.themes for number in theme.questions]
    flat = lookup_page.view(bot.document, (), places(bot.index, 20), bot.tensions)
    assert "<h3" not in flat
    assert [int(n) for n in re.findall(r'<li class="entry"><a href="&#35;q(\d+)"', flat)] == list(range(1, 21))


def test_the_view_brings_no_style_and_no_script(bot: FaqBot) -> None:
    assert not re.search(r"\b(?:style|src|on\w+)=|<script", shown(bot))


# ---- the picture


def test_the_picture_is_the_same_each_time_and_keeps_its_circles_apart(bot: FaqBot) -> None:
    first, again = places(bot.index, 20), places(bot.index, 20)
    assert first == again
    points = np.array([[place.x, place.y] for place in first])
    assert points.min() >= 0
    assert points[:, 0].max() <= 1
    assert points[:, 1].max() <= TALL
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(20)
    assert gaps.min() > 0.9 * min(APART, 0.8 * np.sqrt(TALL / 20))


def test_near_questions_are_those_whose_phrasings_point_the_same_way(bot: FaqBot) -> None:
    near = {place.question: place.near for place in places(bot.index, 20)}
    assert near[13][0] == 18  # what it does to people, and to services
    assert 12 in near[3]  # by what means, and by what agreements
    assert all(place in near[other] for place, others in near.items() for other in others)


def test_what_is_joined_stands_nearer_than_what_is_not() -> None:
    turns = np.arange(10) * 2 * np.pi / 10  # ten questions in a ring: each is joined to its neighbours
    ring = arrange(np.stack([np.cos(turns), np.sin(turns)], axis=1))
    assert {place.question: set(place.near) for place in ring}[1] == {2, 10}
    gap = {other: np.hypot(ring[0].x - ring[other].x, ring[0].y - ring[other].y) for other in range(1, 10)}
    assert max(gap[1], gap[9]) < gap[5]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_small_document_has_a_picture_too(count: int) -> None:
    drawn = arrange(np.eye(max(count, 2))[:count])
    assert [place.question for place in drawn] == list(range(1, count + 1))
    assert all(0 <= place.x <= 1 and 0 <= place.y <= TALL for place in drawn)


def test_the_list_says_what_the_picture_shows(bot: FaqBot) -> None:
    drawn = places(bot.index, 20)
    against = lookup_page.opponents(bot.tensions, bot.document)
    html = picture(bot.document, drawn, against)
    lines = {
        kind: {tuple(map(int, pair)) for pair in re.findall(rf'class="{kind} of-(\d+) of-(\d+)"', html)}
        for kind in ("near", "against")
    }
    for place in drawn:
        row = unescape(re.sub(r"<[^>]+>", " ", html.split(f'id="about-{place.question}"')[1].split("</li>")[0]))
        for kind, name in (("near", "picture_near"), ("against", "picture_against")):
            joined = [one for pair in lines[kind] if place.question in pair for one in pair if one != place.question]
            said = re.search(rf"{texts.ui('es', name)}([\d ]+)", row)
            assert sorted(joined) == sorted(map(int, said[1].split() if said else [])), (place.question, kind)
