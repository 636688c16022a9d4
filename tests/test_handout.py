"""The hand-out: picked passages word for word, with citation, the other side, the notice and their origin."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import subprocess
import sys
from html import unescape
from typing import Any

import httpx
import pytest

from faqbot import texts
from faqbot.answer import cite
from faqbot.bot import FaqBot
from faqbot.errors import UsageError
from faqbot.handout import CHOICES, Handout, key, make, read_keys, read_places
from faqbot.handout_page import handout_page
from faqbot.render import citation_label, scope_label, source_card
from faqbot.schema import LANGUAGES

PLACES = ["5.3", "7", "20 risks 3", "Q5 item 3", "the last question", "pregunta 8 punto 1", "questions 4-6", "7, 9"]


def words(html: str) -> str:
    """The text of a page, tags and entities resolved."""
    body = html.partition("</head>")[2]
    return unescape(re.sub(r"<[^>]+>", "", body))


def handout_of(bot: FaqBot, *keys: str, choice: Any = "en") -> Handout:
    return make(bot.document, bot.tensions, read_keys(keys, bot.document), choice)


def everything(bot: FaqBot, choice: Any) -> Handout:
    return make(bot.document, bot.tensions, read_places(["1-20"], bot.document), choice)


# ---- which passages


def test_every_passage_and_sentence_survives_the_way_to_the_form_and_back(bot: FaqBot) -> None:
    for passage in bot.document.passages:
        question = bot.document.question(passage.question)
        for sentence in (None, *passage.sentences):
            picked = cite(question, passage, sentence)
            assert read_keys([key(picked)], bot.document) == (picked,)


def test_what_an_answer_marks_is_marked_on_paper(bot: FaqBot) -> None:
    best = bot.ask("will they tell me if my data is shared?").citations[0]
    assert key(best) == "q8.1:1"
    assert read_keys(["q8.1:1-2"], bot.document)[0].whole
    page = handout_page(handout_of(bot, key(best))).html
    assert unescape(re.findall("<mark>(.*?)</mark>", page)[0]) == best.marked_text
    assert texts.handout("en", "bold") in words(page)
    whole = handout_page(handout_of(bot, "q8.1")).html
    assert "<mark>" not in whole
    assert texts.handout("en", "bold") not in words(whole)


@pytest.mark.parametrize(
    "bad",
    ["q21", "q5.77", "q5.3:9", "q5.3:0", "q8.1:2-1", "q5.3:", "", "q5.3\n", "Q5.3", "<b>", "q5", "q20.3", "x" * 9999],
)
def test_a_key_of_nothing_is_refused_without_an_echo(bot: FaqBot, bad: str) -> None:
    with pytest.raises(UsageError) as error:
        read_keys(["q5.3", bad], bot.document)
    assert bad not in str(error.value) or not bad


@pytest.mark.parametrize("place", PLACES)
def test_places_are_read_as_look_ups_are(bot: FaqBot, place: str) -> None:
    looked_up = bot.ask(place, language="en")
    assert looked_up.outcome == "lookup"
    found = read_places([place], bot.document)
    assert [one.passage for one in found] == [one.passage for one in looked_up.citations]


@pytest.mark.parametrize("place", ["who", "", "99", "0", "5.77", "20 risks 9", "my ssn is 123-45-6789"])
def test_a_place_that_is_none_is_named(bot: FaqBot, place: str) -> None:
    with pytest.raises(UsageError, match=re.escape(repr(place))):
        read_places(["5.3", place], bot.document)


def test_each_passage_comes_once_in_the_order_picked(bot: FaqBot) -> None:
    for keys in (("q9.p1", "q5.3"), ("q9.p1", "q5.3", "q9.p1:1"), ("q9.p1", "q5.3", "q9.p1:1", "q5.3")):
        assert handout_of(bot, *keys).keys == ("q9.p1", "q5.3")


# ---- the page


@pytest.mark.parametrize("choice", CHOICES)
def test_every_quote_is_word_for_word_with_its_citation(bot: FaqBot, choice: Any) -> None:
    handout = everything(bot, choice)
    shown = words(handout_page(handout).html)
    document = bot.document
    assert [answer.language for answer in handout.answers] == (list(LANGUAGES) if choice == "both" else [choice])
    for answer in handout.answers:
        language, text = answer.language, document.text_for(answer.language)
        for own in document.passages:
            passage = text.passage(own.key)
            label, asked = citation_label(passage, language), text.question(own.question).text
            assert f"{label}{asked}{passage.text}{scope_label(own, document, language)}" in shown
        assert document.notice[language] in shown
        for line in source_card(document, language):
            assert line in shown
    unofficial = document.text_for("es").label["es"]  # type: ignore[attr-defined]
    assert (unofficial in shown) == (choice != "en")
    assert (document.text_for("en").questions[6].passages[0].text in shown) == (choice != "es")


@pytest.mark.parametrize("choice", CHOICES)
def test_the_other_side_comes_along(bot: FaqBot, choice: Any) -> None:
    """As often as a look-up shows it, both quotes and the neutral sentence, once on the page."""
    for passage in bot.document.passages:
        picked = cite(bot.document.question(passage.question), passage)
        handout = make(bot.document, bot.tensions, [picked], choice)
        shown = words(handout_page(handout).html)
        for answer in handout.answers:
            expected = bot.tensions.find([picked], answer.language, every=True)
            assert [one.note for one in answer.tensions] == [one.note for one in expected]
            for tension in answer.tensions:
                assert shown.count(tension.note) == 1
                for side in tension.citations:
                    label = citation_label(side.shown.passage, answer.language)
                    assert f"{side.shown.marked_text} {label}" in shown


def test_one_marked_sentence_does_not_hide_what_the_rest_of_its_passage_raises(bot: FaqBot) -> None:
    assert handout_of(bot, "q7.p1:1").answers[0].tensions == handout_of(bot, "q7.p1").answers[0].tensions != ()


@pytest.mark.parametrize("with_controls", [True, False])
def test_the_page_is_whole_in_itself(bot: FaqBot, with_controls: bool) -> None:
    page = handout_page(everything(bot, "both"), with_controls=with_controls)
    assert "<script" not in page.html
    assert not re.search(r"\son\w+=|\sstyle=|url\(|@import", page.html)
    assert re.findall(r'(?:src|href)="([^"]*)"', page.html) == ["data:,"]
    style = re.findall("<style>(.*?)</style>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert len(style) == 1
    assert f"style-src 'sha256-{digest}'" in page.policy
    assert "unsafe" not in page.policy
    assert "default-src 'none'" in page.policy
    assert ("<form" in page.html) == with_controls
    assert page == handout_page(everything(bot, "both"), with_controls=with_controls)


def test_a_title_cannot_leave_the_style(bot: FaqBot) -> None:
    evil = 'A "quoted" \\ title</style><script>alert(1)</script>'
    document = dataclasses.replace(bot.document, title=evil)
    page = handout_page(make(document, bot.tensions, read_keys(["q5.3"], document), "en")).html
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert evil in words(page)


# ---- asked for by the form of the page


def post(server: str, **form: Any) -> httpx.Response:
    return httpx.post(f"{server}/hand-out", data=form, trust_env=False)


def test_the_form_gets_the_page(server: str, bot: FaqBot) -> None:
    response = post(server, passage=["q5.3", "q8.1:1"], language="both")
    expected = handout_page(handout_of(bot, "q5.3", "q8.1:1", choice="both"), with_controls=True)
    assert (response.status_code, response.text) == (200, expected.html)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == expected.policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "content-disposition" not in response.headers


def test_the_file_has_no_controls(server: str, bot: FaqBot) -> None:
    response = post(server, passage="q5.3", save="es")
    assert response.text == handout_page(handout_of(bot, "q5.3", choice="es")).html
    assert response.headers["content-disposition"] == 'attachment; filename="hand-out.html"'


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ({}, "language"),
        ({"language": "en"}, "none"),
        ({"passage": "q5.3"}, "language"),
        ({"passage": "q5.3", "language": "fr"}, "language"),
        ({"passage": "q99", "language": "en"}, "wrong"),
        ({"passage": ["q5.3", "Zanzibar"], "language": "en"}, "wrong"),
        ({"passage": ["q5.3"] * 600, "language": "en"}, "wrong"),
        ({"passage": "q5.3:7", "save": "en"}, "wrong"),
        ({"passage": "é", "language": "en"}, "wrong"),
    ],
)
def test_a_wrong_form_gets_words(server: str, form: dict[str, Any], name: str) -> None:
    response = post(server, **form)
    assert response.status_code == 422
    assert "Zanzibar" not in response.text
    for language in LANGUAGES:
        assert texts.handout(language, name) in words(response.text)


def test_bytes_that_are_no_form_get_words(server: str) -> None:
    response = httpx.post(f"{server}/hand-out", content=b"passage=\xff\xfe", trust_env=False)
    assert response.status_code == 422
    assert texts.handout("en", "wrong") in words(response.text)


def test_nothing_goes_by_address(server: str) -> None:
    assert httpx.get(f"{server}/hand-out?passage=q5.3&language=en", trust_env=False).status_code in (404, 405)
    assert httpx.post(f"{server}/hand-out?passage=q5.3&language=en", trust_env=False).status_code == 422


# ---- from the command line


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faqbot", "handout", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def test_command_line(tmp_path: Any, bot: FaqBot) -> None:
    done = run("5.3", "20 risks 3", "--lang", "both", "-o", tmp_path / "a.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expected = handout_page(handout_of(bot, "q5.3", "q20.risks.3", choice="both")).html
    assert (tmp_path / "a.html").read_bytes().decode() == expected
    assert run("5.3").stdout == handout_page(handout_of(bot, "q5.3")).html


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "PLACE"),
        (["who"], "'who'"),
        (["5.3", "Q21"], "Its last is 20"),
        (["5.77"], "faqbot ask 5"),
        (["5.3", "--lang", "fr"], "--lang"),
        (["5.3", "-o", "no-such-folder/a.html"], "no-such-folder"),
    ],
)
def test_command_line_says_what_is_wrong(arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
