"""A real conversation in a real browser: what a person sees, hears, presses, and what leaves the page (nothing)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import DESK, PHONE, ask, fits, focused, serious, shown, small_targets

from faqbot import texts
from faqbot.bot import FaqBot

pytestmark = pytest.mark.browser

TOLD = "will they tell me if my data is shared?"


# ---- the conversation


def test_ask_see_the_citation_open_the_full_answer(visit: Any, bot: FaqBot) -> None:
    page = visit()
    assert focused(page, "#box textarea")
    turn = ask(page, TOLD)
    best = bot.ask(TOLD).citations[0]
    assert turn.locator(".lead").inner_text() == best.marked_text
    assert turn.locator(".best .around mark").inner_text() == best.marked_text
    assert turn.locator(".best .around").inner_text() == best.passage.text
    assert turn.locator(".best .cite").inner_text() == best.passage.label
    assert turn.locator(".notice").inner_text() == bot.document.notice["en"]
    assert shown(page, "#source") == 0
    turn.locator(".best .full").click()
    source = page.locator("#source .question.open")
    for passage in bot.document.question(best.passage.question).passages:
        assert passage.text in source.inner_text()
    assert source.locator(".here-now").get_attribute("id") == page.evaluate("location.hash.slice(1)")
    assert source.locator(".here-now").evaluate("e => e === document.activeElement")
    box = source.locator(".here-now").bounding_box()
    assert 0 <= box["y"] <= 860


def test_the_other_side_stands_under_what_it_qualifies(visit: Any, bot: FaqBot) -> None:
    turn = ask(visit(), TOLD)
    tension = bot.ask(TOLD).tensions[0]
    block = turn.locator(".best + .tension")
    assert tension.note in block.inner_text()
    for side in tension.citations:
        assert side.marked_text in block.inner_text()
        assert side.passage.label in block.inner_text()
    assert block.get_attribute("role") == "note"


def test_earlier_turns_stay_above_in_order_and_can_be_cleared(visit: Any) -> None:
    page = visit()
    asked = [TOLD, "how long is it kept?", "how long is it kept?", "7"]
    for words in asked:
        ask(page, words)
    assert page.locator(".turn .asked").evaluate_all("all => all.map(e => e.lastChild.textContent)") == asked
    assert len(set(page.locator(".turn").evaluate_all("all => all.map(e => e.id)"))) == 4
    page.get_by_role("button", name=texts.ui("en", "clear")).click()
    page.wait_for_selector(".what:visible")
    assert page.locator(".turn").count() == 0
    assert focused(page, "#box textarea")
    ask(page, "what about Madison?")
    assert page.locator(".turn").count() == 1


def test_a_follow_up_sends_only_the_earlier_messages(visit: Any) -> None:
    page = visit()
    ask(page, "how long does ICE keep my data?")
    ask(page, "and who can see it?")
    sent = [data for method, _, data in visit.opened[0].requests if method == "POST"]
    assert len(sent) == 2
    assert '["how long does ICE keep my data?"]' in sent[1].replace("\\", "")
    assert len(sent[1]) < 300
    assert "how long" not in page.url


@pytest.mark.parametrize("message", ["tell me about the data", "what's the weather", "list all questions", TOLD])
def test_questions_to_press(visit: Any, bot: FaqBot, message: str) -> None:
    page = visit()
    turn = ask(page, message)
    button = turn.locator(".offers .ask").first
    words = button.locator(".say").inner_text()
    button.press("Enter")
    page.wait_for_function("words => document.querySelector('#latest .asked')?.textContent.endsWith(words)", arg=words)
    assert page.locator("#latest .best .of").inner_text() == words
    assert focused(page, "#box textarea, .turn")


def test_starters(visit: Any) -> None:
    page = visit()
    assert shown(page, ".starters .ask") == 6
    page.locator(".starters .ask:visible").nth(2).click()
    page.wait_for_selector("#latest .best")
    assert shown(page, ".starters") == 0
    assert shown(page, ".what") == 0


@pytest.mark.parametrize(
    ("message", "outcome"),
    [("ICE is at my door right now", "urgent"), ("my ssn is 123-45-6789", "personal_details"), ("Q99", "out_of_range")],
)
def test_replies_that_are_no_answer(visit: Any, message: str, outcome: str) -> None:
    page = visit()
    turn = ask(page, message)
    assert turn.locator(f".reply.{outcome} .says").inner_text()
    assert turn.locator(".best").count() == 0
    if outcome == "personal_details":
        assert "6789" not in page.content()


# ---- the source


def test_back_and_escape_and_close_bring_the_reader_back(visit: Any) -> None:
    page = visit()
    cite = ask(page, TOLD).locator(".best .cite")
    for way_back in (page.go_back, lambda: page.keyboard.press("Escape"), lambda: page.click("#close-source")):
        cite.press("Enter")
        page.wait_for_selector("#source:visible")
        page.click(".question.open .next")
        assert page.evaluate("location.hash") == "#q9"
        way_back()
        page.wait_for_selector("#source", state="hidden")
        assert page.evaluate("location.hash") == ""
        assert cite.evaluate("e => e === document.activeElement")
    assert page.locator(".turn").count() == 1


@pytest.mark.parametrize("link", ["q5.3", "q20.risks.3", "q15.p2", "q7", "Q5.3", "q7.99"])
def test_a_permanent_link_opens_cold(visit: Any, link: str) -> None:
    page = visit(f"/#{link}")
    page.wait_for_selector("#source:visible")
    assert page.locator(".question.open").get_attribute("id") == link.lower().split(".")[0]
    marked = page.locator(".here-now").evaluate_all("all => all.map(e => e.id)")
    assert marked == ([link.lower()] if link not in ("q7", "q7.99") else [])
    page.click("#close-source")
    page.wait_for_selector("#source", state="hidden")
    assert page.evaluate("location.hash") == ""


@pytest.mark.parametrize("link", ["q21", "x", "%E0%A4%A", "<img>", "top"])
def test_a_link_to_nowhere_opens_nothing(visit: Any, link: str) -> None:
    page = visit(f"/#{link}")
    page.wait_for_timeout(200)
    assert shown(page, "#source") == 0


# ---- copying, leaving, language, words


def test_copy_with_citation(visit: Any, bot: FaqBot) -> None:
    page = visit()
    turn = ask(page, TOLD)
    best = bot.ask(TOLD).citations[0]
    turn.locator(".best .copy:not(.markdown)").press("Enter")
    page.wait_for_function(
        "words => document.getElementById('voice').textContent === words", arg=texts.ui("en", "copied")
    )
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"“{best.passage.text}”\n— {best.passage.label}: {best.question_text}\n")
    for part in (bot.document.title, bot.document.origin, bot.document.date, bot.document.obtained):
        assert part in copied
    assert "✓" in turn.locator(".best .copy").first.evaluate("e => getComputedStyle(e, '::after').content")
    turn.locator(".best .copy.markdown").click()
    page.wait_for_function("() => navigator.clipboard.readText().then(words => words.startsWith('>'))")
    assert f"> {best.passage.text}\n" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("way", ["button", "keys"])
def test_leaving_clears_the_page_at_once(visit: Any, way: str) -> None:
    page = visit()
    ask(page, TOLD)
    if way == "button":
        page.click("#leave")
    else:
        for _ in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url("about:blank")
    assert page.evaluate("document.body.innerText + document.title") == ""
    page.go_back()
    assert TOLD not in page.content()


def test_typing_capitals_does_not_leave(visit: Any) -> None:
    page = visit()
    page.locator("#box textarea").press_sequentially("ICE USA ABC")
    assert page.locator("#box textarea").input_value() == "ICE USA ABC"


@pytest.mark.parametrize(("locale", "language"), [("es-MX", "es"), ("es-ES", "es"), ("en-GB", "en"), ("fr-FR", "en")])
def test_the_page_follows_the_language_of_the_browser(visit: Any, locale: str, language: Any) -> None:
    page = visit(locale=locale)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.locator(".what").inner_text() == texts.ui(language, "what")
    assert page.get_by_label(texts.ui(language, "box_label")).count() == 1
    assert page.get_by_role("button", name=texts.ui(language, "send"), exact=True).count() == 1


def test_the_switch_changes_the_whole_page_and_keeps_the_conversation(visit: Any, bot: FaqBot) -> None:
    page = visit()
    ask(page, TOLD)
    page.locator("#speak-es").click()
    assert page.evaluate("document.documentElement.lang") == "es"
    assert page.locator("#card").inner_text().startswith(texts.ui("es", "source_card"))
    assert page.get_by_role("button", name=texts.ui("es", "clear")).count() == 1
    assert page.locator(".turn").get_attribute("lang") == "en"
    turn = ask(page, "¿cuánto tiempo guardan los datos?")
    assert turn.get_attribute("lang") == "es"
    assert turn.locator(".lead").get_attribute("lang") == "es"
    assert turn.locator(".notice").inner_text() == bot.document.notice["es"]
    assert page.locator("#past .lead").evaluate("e => getComputedStyle(e).fontWeight") == "550"  # it keeps its looks


def test_hard_words_are_explained_by_hover_tap_and_key(visit: Any) -> None:
    page = visit()
    turn = ask(page, "are there agreements between the agencies and ICE?")
    term = turn.locator(".term").first
    described = term.get_attribute("aria-describedby")
    explanation = page.locator(f"#{described}").text_content()
    assert page.locator(f"#{described}").get_attribute("lang") == "en"
    assert explanation
    for show in (term.hover, term.click, lambda: term.press("Enter")):
        show()
        assert page.locator("#tip").inner_text() == explanation
        page.keyboard.press("Escape")
        page.mouse.move(0, 0)
        assert page.locator("#tip").is_hidden()


def test_each_reply_is_announced_once(visit: Any) -> None:
    page = visit()
    page.evaluate(
        """() => { window.said = [];
        for (const region of document.querySelectorAll('[aria-live], [role=status], [role=log], [role=alert]'))
          new MutationObserver(() => { if (region.textContent) said.push(region.textContent); })
            .observe(region, {childList: true, characterData: true, subtree: true}); }"""
    )
    turn = ask(page, TOLD)
    page.wait_for_function("() => said.length > 0")
    page.wait_for_timeout(300)
    said = page.evaluate("said")
    assert len(said) == 1
    assert turn.locator(".lead").inner_text() in said[0]


def test_the_keyboard_reaches_everything_in_a_sensible_order(visit: Any) -> None:
    page = visit()
    ask(page, TOLD)
    page.locator("#speak-en").focus()
    order = ["speak-en"]
    for _ in range(40):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.className || 'x'"))
    order = [name.split(" marks-")[0] for name in order]
    wanted = ["speak-en", "speak-es", "leave", "cite", "full", "copy", "copy markdown", "pick", "ask"]
    places = [order.index(name) for name in wanted]
    assert places == sorted(places)
    assert "send" in order
    assert "clear" in "".join(order)


# ---- how it looks


def test_nothing_is_stored(visit: Any) -> None:
    page = visit()
    ask(page, TOLD)
    page.locator(".best .cite").click()
    kept = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    assert page.evaluate("indexedDB.databases()") == []
    assert visit.opened[0].context.cookies() == []
    assert TOLD not in page.evaluate("JSON.stringify(history.state)")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing_serious(visit: Any, size: dict[str, Any], scheme: str, language: str) -> None:
    page = visit(**size, color_scheme=scheme, locale="es-MX" if language == "es" else "en-US", bypass_csp=True)

    def check() -> None:
        assert fits(page)
        assert serious(page) == []

    check()
    for message in (TOLD, "q20", "list all questions", "ICE is at my door", "asdf"):
        ask(page, message)
    page.wait_for_timeout(400)
    check()  # all turns are still on the page
    page.locator("details.original").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    check()
    page.locator("#past .best .cite").first.evaluate("e => e.click()")
    page.wait_for_selector("#source:visible")
    page.locator(".open .both-texts").evaluate("e => e.click()")
    page.wait_for_timeout(400)
    check()


def test_targets_are_large_enough(visit: Any) -> None:
    page = visit(**PHONE)
    ask(page, TOLD).locator(".best .cite").tap()
    page.wait_for_selector("#source:visible")
    assert small_targets(page) == []


# ---- in Spanish

SPANISH = {"locale": "es-MX"}
AVISAN = "¿me avisan si comparten mis datos con ICE?"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_spanish_answer_has_the_source_one_tap_away(visit: Any, bot: FaqBot, size: dict[str, Any]) -> None:
    page = visit(**SPANISH | size)
    turn = ask(page, AVISAN)
    best = bot.ask(AVISAN).citations[0]
    assert turn.locator(".lead").inner_text() == best.shown.marked_text
    assert turn.locator(".best .around").inner_text() == best.shown.passage.text
    assert turn.locator(".best .of").inner_text() == best.shown.question_text
    assert turn.locator(".unofficial").inner_text() == bot.document.text_for("es").label["es"]  # type: ignore[attr-defined]
    assert turn.locator(".unofficial").bounding_box()["y"] < turn.locator(".lead").bounding_box()["y"]
    original = turn.locator(".best .original")
    assert original.locator(".quote").is_hidden()
    for press in ("Enter", "Enter"):
        original.locator("summary").press(press)
        if original.evaluate("e => e.open"):
            assert original.locator(".quote").inner_text() == best.passage.text
            assert original.locator("mark").inner_text() == best.marked_text
            assert original.locator(".quote").evaluate("e => e.closest('[lang]').lang") == "en"
            assert fits(page)
    assert original.locator(".quote").is_hidden()
    other = turn.locator(".tension .original").nth(1)
    other.locator("summary").click()
    assert other.locator(".quote").inner_text() == bot.ask(AVISAN).tensions[0].citations[1].marked_text


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("link", ["q5.3", "q20.risks.3", "q15.p2", "q7"])
def test_a_permanent_link_opens_in_the_language_of_the_page(
    visit: Any, bot: FaqBot, link: str, size: dict[str, Any]
) -> None:
    page = visit(f"/#{link}", **SPANISH | size)
    number = int(link.split(".")[0][1:])
    spanish, english = (bot.document.text_for(one).question(number) for one in ("es", "en"))
    source = page.locator(".question.open")
    assert all(passage.text in source.inner_text() for passage in spanish.passages)
    assert not any(passage.text in source.inner_text() for passage in english.passages)
    assert page.locator(f"[id='{link}']").count() == 1
    button = source.get_by_role("button", name=texts.ui("es", "both_languages"))
    for pressed in ("true", "false"):
        button.click()
        assert button.get_attribute("aria-pressed") == pressed
        both = all(passage.text in source.inner_text() for passage in (*spanish.passages, *english.passages))
        assert both == (pressed == "true")
        assert fits(page)
    page.locator("#speak-en").evaluate("e => e.click()")
    assert all(passage.text in source.inner_text() for passage in english.passages)
    assert not any(passage.text in source.inner_text() for passage in spanish.passages)
    assert source.get_by_role("button", name=texts.ui("es", "both_languages")).count() == 0


def test_copying_in_spanish_takes_the_source_along(visit: Any, bot: FaqBot) -> None:
    page = visit(**SPANISH)
    turn = ask(page, AVISAN)
    best = bot.ask(AVISAN).citations[0]
    label = bot.document.text_for("es").label["es"]  # type: ignore[attr-defined]
    turn.locator(".best .copy:not(.markdown)").press("Enter")
    page.wait_for_function(
        "words => document.getElementById('voice').textContent === words", arg=texts.ui("es", "copied")
    )
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        f"{label}:\n“{best.shown.passage.text}”\n— Pregunta 8, punto 1: {best.shown.question_text}\n\n"
        f"{texts.label('es', 'original')}:\n“{best.passage.text}”\n— Question 8, item 1: {best.question_text}\n\n"
    )
    assert bot.document.notice["es"] in page.evaluate("navigator.clipboard.readText()")
    turn.locator(".best .copy.markdown").click()
    page.wait_for_function("() => navigator.clipboard.readText().then(words => words.startsWith('**'))")
    for words in (f"**{label}:**\n\n> {best.shown.passage.text}\n", f"\n\n> {best.passage.text}\n"):
        assert words in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(("message", "part"), [("7", "¿Hay restricciones"), ("ok", ""), ("lista", "¿Qué tipos")])
def test_a_number_in_a_spanish_page_gets_a_spanish_reply(visit: Any, message: str, part: str) -> None:
    turn = ask(visit(**SPANISH), message)
    assert turn.get_attribute("lang") == "es"
    assert part in turn.inner_text()


def test_the_language_of_a_number_follows_the_switch_and_else_the_conversation(visit: Any) -> None:
    page = visit()
    ask(page, AVISAN)
    assert ask(page, "7").get_attribute("lang") == "es"  # an English browser, a conversation in Spanish
    page.click("#speak-en")
    assert ask(page, "7").get_attribute("lang") == "en"
    page.click("#speak-es")
    assert ask(page, "7").get_attribute("lang") == "es"
    assert ask(page, TOLD).get_attribute("lang") == "en"  # plain English is answered in English
    page.get_by_role("button", name=texts.ui("es", "clear")).click()
    page.wait_for_selector(".what:visible")
    assert ask(page, "7").get_attribute("lang") == "es"


def test_hard_words_of_a_spanish_quote_are_explained_in_spanish(visit: Any) -> None:
    page = visit()  # an English page: the quote decides
    turn = ask(page, "¿cuánto tiempo guardan los datos?")
    page.wait_for_timeout(500)
    term = turn.locator(".best .term-retention").first
    term.hover()
    explanation = page.locator("#explain-retention-es").text_content()
    assert page.locator("#tip").inner_text() == explanation
    assert term.get_attribute("aria-describedby") == "explain-retention-es"


def test_without_scripts_the_page_says_so(browser: Any, server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server)
    for language in ("en", "es"):
        assert texts.ui(language, "no_script") in page.inner_text("body")  # type: ignore[arg-type]
    context.close()
