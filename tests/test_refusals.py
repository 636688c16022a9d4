"""What a person sees when a question is not answered: why, in plain words, with what was typed still in the box."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import PHONE, ask, serving

from faqbot import texts
from faqbot.bot import FaqBot

pytestmark = pytest.mark.browser
PREDICT = "**/gradio_api/run/predict"
WORDS = "how long is it kept?"


def open_page(browser: Any, server: str, **options: Any) -> Any:
    page = browser.new_context(**({"locale": "en-US"} | options)).new_page()
    page.goto(server)
    page.wait_for_selector("html[data-ready]")
    return page


def type_and_send(page: Any, words: str = WORDS) -> Any:
    """Send words that will not be answered; returns the alert."""
    page.locator("#box textarea").fill(words)
    page.keyboard.press("Enter")
    trouble = page.locator("#trouble:visible")
    trouble.wait_for()
    return trouble


@pytest.mark.parametrize(("language", "locale"), [("en", "en-US"), ("es", "es-MX")])
def test_too_many_questions(browser: Any, bot: FaqBot, language: Any, locale: str) -> None:
    with serving(bot, rate=3) as server:  # and the page itself counts as half a question
        page = open_page(browser, server, locale=locale, **PHONE)
        ask(page, "7")
        ask(page, "8")
        trouble = type_and_send(page)
        assert trouble.get_attribute("role") == "alert"
        plain = texts.refusal(language, "too_many", seconds="{}")
        before, after = plain.split("{}")
        said = trouble.inner_text()
        assert said.startswith(before)
        assert said.endswith(after)
        assert 1 <= int(said[len(before) : -len(after)]) <= 60
        assert page.locator("#box textarea").input_value() == WORDS
        assert page.locator(".turn").count() == 2
        assert page.locator(".toast-wrap:visible").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()


def answering(status: int) -> Any:
    return lambda one: one.fulfill(status=status, headers={"retry-after": "2"}, body='{"error": "x"}')


def test_each_refusal_has_its_words(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    reasons = {413: "too_large", 503: "busy", 408: "too_slow", 401: "password", 500: "failed", 418: "failed"}
    for status, name in reasons.items():
        page.route(PREDICT, answering(status))
        type_and_send(page)
        page.get_by_text(texts.refusal("en", name, seconds=2)).wait_for()
        assert page.locator("#box textarea").input_value() == WORDS
        page.unroute(PREDICT)
    page.context.close()


def test_a_server_that_is_gone_and_comes_back(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    ask(page, "7")
    page.route(PREDICT, lambda one: one.abort())
    assert type_and_send(page).inner_text() == texts.refusal("en", "no_connection")
    page.get_by_role("button", name=texts.ui("en", "clear")).click()  # needs no server
    page.wait_for_selector(".what:visible")
    assert page.locator(".turn").count() == 0
    page.unroute(PREDICT)
    assert "Question 9" in ask(page, WORDS).inner_text()
    assert page.locator("#trouble:visible").count() == 0
    assert page.locator("#box textarea").input_value() == ""
    page.context.close()
