"""Picking passages in a real browser, the page that comes of it, the file, and what a printer gets."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import Any
from urllib.parse import parse_qsl

import pypdf
import pytest
from browsing import DESK, PHONE, ask, fits, focused, serious, shown, small_targets

from faqbot import texts
from faqbot.answer import cite
from faqbot.bot import FaqBot
from faqbot.handout import make, read_keys, read_places
from faqbot.handout_page import handout_page
from faqbot.render import short_hash

pytestmark = pytest.mark.browser

TOLD = "will they tell me if my data is shared?"
AVISAN = "¿me avisan si comparten mis datos con ICE?"
ADD, ADDED = (texts.handout("en", name) for name in ("add", "added"))


def says(page: Any, words: str) -> None:
    page.wait_for_function("words => document.getElementById('voice').textContent === words", arg=words)


def open_sheet(visit: Any) -> Any:
    """Press "Make it"; the page that opens."""
    context = visit.opened[-1].context
    with context.expect_page() as opened:
        context.pages[0].locator("#hand-out .make").press("Enter")
    opened.value.wait_for_load_state()
    return opened.value


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(("language", "question"), [("en", TOLD), ("es", AVISAN)])
def test_pick_in_an_answer_and_in_the_source_by_keyboard_and_make_the_page(
    visit: Any, bot: FaqBot, size: dict[str, Any], language: Any, question: str
) -> None:
    page = visit(**size, locale="es-MX" if language == "es" else "en-US")
    say = {name: texts.handout(language, name, count=2) for name in ("add", "added", "one", "many", "make", "removed")}
    turn = ask(page, question)
    assert shown(page, "#hand-out") == 0
    first = turn.locator(".best .pick")
    assert first.inner_text() == say["add"]
    first.press("Enter")
    assert first.inner_text() == say["added"]
    says(page, f"{say['added']}. {say['one']}")
    assert page.locator("#hand-out .count").inner_text() == say["one"]
    turn.locator(".best .cite").press("Enter")
    page.wait_for_selector("#source:visible")
    in_source = page.locator("#source .question.open .pick:visible")
    assert in_source.evaluate_all("all => all.map(e => e.textContent)")[0] == say["added"]
    in_source.nth(1).press("Space")
    says(page, f"{say['added']}. {say['many']}")
    assert page.locator("#hand-out .make").inner_text() == say["make"]
    assert fits(page)
    sheet = open_sheet(visit)
    best = bot.ask(question).citations[0]
    expected = make(bot.document, bot.tensions, [best, *read_keys(["q8.2"], bot.document)], language)
    assert sheet.content().count("<article>") == 2
    assert sheet.locator("h1").inner_text() == bot.document.text_for(language).title
    quotes = sheet.locator("blockquote").all_inner_texts()
    assert quotes == [citation.shown.passage.text for citation in expected.answers[0].citations]
    assert sheet.locator("mark").inner_text() == best.shown.marked_text
    assert sheet.evaluate("document.documentElement.lang") == language
    in_source.nth(1).press("Space")
    says(page, f"{say['removed']}. {say['one']}")


def test_what_the_form_sends_and_what_is_kept(visit: Any) -> None:
    page = visit()
    ask(page, TOLD).locator(".best .pick").click()
    with visit.opened[0].context.expect_page() as opened, visit.opened[0].context.expect_event("request") as request:
        page.locator("#hand-out .make").click()
    sheet = opened.value
    sheet.wait_for_load_state()
    assert request.value.method == "POST"
    assert parse_qsl(request.value.post_data) == [("language", "en"), ("passage", "q8.1:1")]
    assert sheet.evaluate("[window.opener, document.referrer, location.search + location.hash]") == [None, "", ""]
    for one in (page, sheet):
        assert one.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        assert "q8" not in one.url
        assert "q8" not in one.evaluate("JSON.stringify(history.state)")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert shown(page, "#hand-out") == 0


def test_every_shown_passage_can_be_picked_and_says_so_wherever_it_stands(visit: Any) -> None:
    page = visit()
    ask(page, "5, 7")
    page.wait_for_function(
        "() => document.querySelectorAll('#latest .pick').length === "
        "document.querySelectorAll('#latest .passage').length"
    )
    assert page.locator("#latest .pick").count() > 2
    page.locator("#latest .pick").first.click()
    assert page.locator("#latest .pick").first.get_attribute("aria-label") == f"{ADDED}: Question 5"
    again = ask(page, "5")
    assert again.locator(".pick").first.inner_text() == ADDED
    assert page.locator("#past .pick").first.inner_text() == ADDED
    again.locator(".pick").first.click()
    assert page.locator("#past .pick").first.inner_text() == ADD
    assert page.locator("#source .passage").count() == page.locator("#source .passage .pick").count()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_result_of_the_look_up_can_be_picked_with_its_sentence(visit: Any, bot: FaqBot, size: dict[str, Any]) -> None:
    page = visit("/#look-up", **size)
    page.locator("#search").fill("7")
    page.wait_for_selector("#found .hit .pick")
    assert page.locator("#found .hit").first.locator(".pick").count() == 0  # a whole question is no passage
    page.locator("#search").fill("consent")
    page.wait_for_selector("#found[data-query=consent] .hit .pick")
    first = page.locator("#found .hit:has(.pick)").first
    place, marked = first.get_attribute("data-id"), first.locator("mark.sentence").inner_text()
    assert first.locator(".pick").get_attribute("aria-label") == f"{ADD}: {first.locator('.place').inner_text()}"
    first.locator(".pick").press("Enter")
    says(page, f"{ADDED}. {texts.handout('en', 'one')}")
    assert first.locator(".pick").inner_text() == ADDED
    page.wait_for_selector("#found[data-meaning=consent]")  # the server's answer drew the list anew under the focus
    assert focused(page, f"#found .hit[data-id='{place}'] .pick.in")
    assert page.locator("#hand-out").is_visible()
    assert fits(page)
    assert small_targets(page) == []
    sheet = open_sheet(visit)
    assert sheet.locator("mark").inner_text() == marked
    page.locator("#search").fill("consents")  # the list is drawn anew
    page.wait_for_selector(f"#found[data-query=consents] .hit[data-id='{place}'] .pick.in")
    page.locator("#search").fill("benefits data")
    page.wait_for_selector("#found[data-query='benefits data'] .hit .pick")
    page.locator("#search").focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
        reach = page.evaluate("document.activeElement.getBoundingClientRect().bottom")
        assert reach <= page.locator("#hand-out").bounding_box()["y"] + 1  # the bar hides nothing that has the focus
    page.locator("#to-chat").click()
    page.wait_for_selector("#composer #hand-out:visible")


def test_emptying_clearing_and_leaving(visit: Any) -> None:
    page = visit()
    ask(page, TOLD).locator(".best .pick").click()
    page.locator("#hand-out .empty").press("Enter")
    says(page, texts.handout("en", "emptied"))
    assert shown(page, "#hand-out") == 0
    assert focused(page, "#box textarea")
    assert page.locator("#latest .best .pick").inner_text() == ADD
    page.locator("#latest .best .pick").click()
    page.get_by_role("button", name=texts.ui("en", "clear")).click()
    page.wait_for_selector(".what:visible")
    assert shown(page, "#hand-out") == 0
    ask(page, TOLD).locator(".best .pick").click()
    assert page.locator("#hand-out .count").inner_text() == texts.handout("en", "one")
    page.click("#leave")
    page.wait_for_url("about:blank")
    assert page.locator("#hand-out, .pick").count() == 0


def test_a_passage_of_a_link_opened_cold_can_be_picked(visit: Any) -> None:
    page = visit("/#q5.3", **PHONE)
    page.locator(".here-now .pick").tap()
    assert page.locator("#hand-out").is_visible()
    box = page.locator("#hand-out").bounding_box()
    assert 0 < box["y"] < 640  # in sight at once, although the box for questions is below the source
    page.locator("#speak-es").click()
    assert page.locator("#hand-out .count").inner_text() == texts.handout("es", "one")


def test_the_language_of_the_page_can_be_changed_and_the_file_opens_offline(
    visit: Any, bot: FaqBot, tmp_path: Any
) -> None:
    page = visit()
    ask(page, TOLD).locator(".best .pick").click()
    sheet = open_sheet(visit)
    for choice, name in (("es", "Español"), ("both", texts.handout("es", "both")), ("en", "English")):
        sheet.get_by_role("button", name=name, exact=True).press("Enter")
        sheet.wait_for_selector(f"button.on[value={choice}]")
        assert sheet.locator("blockquote").count() == (2 if choice == "both" else 1)
        if choice == "es":
            label = bot.document.text_for("es").label["es"]  # type: ignore[attr-defined]
            assert sheet.locator(".unofficial").inner_text() == label
    sheet.get_by_role("button", name=texts.handout("en", "both")).click()
    sheet.wait_for_selector("button.on[value=both]")
    save = " · ".join(texts.handout(language, "save") for language in ("en", "es"))
    with sheet.expect_download() as download:
        sheet.get_by_role("button", name=save).click()
    assert download.value.suggested_filename == "hand-out.html"
    path = tmp_path / "hand-out.html"
    download.value.save_as(path)
    marked = read_keys(["q8.1:1"], bot.document)
    assert path.read_text("utf-8") == handout_page(make(bot.document, bot.tensions, marked, "both")).html
    context = visit.opened[0].context.browser.new_context(offline=True, java_script_enabled=False)
    asked: list[str] = []
    alone = context.new_page()
    alone.on("request", lambda one: asked.append(one.url))
    alone.goto(path.as_uri())
    assert alone.locator("blockquote").all_inner_texts()[0] == marked[0].passage.text
    assert alone.locator("mark").first.evaluate("e => getComputedStyle(e).fontWeight") == "700"
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    context.close()


def test_a_wrong_form_is_answered_in_words(visit: Any) -> None:
    page = visit()
    ask(page, TOLD).locator(".best .pick").click()
    page.locator("#hand-out input[name=passage]").evaluate("e => { e.value = 'q99'; }")
    sheet = open_sheet(visit)
    assert texts.handout("en", "wrong") in sheet.inner_text("main")
    visit.opened[0].complaints[:] = [one for one in visit.opened[0].complaints if "422" not in one]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("choice", ["en", "es", "both"])
def test_it_is_for_everyone(visit: Any, size: dict[str, Any], choice: str) -> None:
    page = visit(**size, locale="es-MX" if choice == "es" else "en-US", color_scheme="dark", bypass_csp=True)
    ask(page, TOLD).locator(".best .pick").click()
    page.wait_for_timeout(300)
    assert serious(page) == []
    assert small_targets(page) == []
    sheet = open_sheet(visit)
    if choice == "both":
        sheet.locator("button[value=both]").first.click()
        sheet.wait_for_selector("button.on[value=both]")
    assert serious(sheet) == []
    assert small_targets(sheet) == []
    assert fits(sheet)
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    assert sheet.locator("body").evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


# ---- on paper


def squeezed(text: str) -> str:
    """Letters as typed (a PDF joins "fi"), without blanks and line breaks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@pytest.mark.slow
@pytest.mark.parametrize(("paper", "choice"), [("A4", "en"), ("Letter", "both")])
def test_no_quote_breaks_across_pages_and_each_page_says_where_it_is_from(
    browser: Any, bot: FaqBot, paper: str, choice: Any
) -> None:
    whole = make(bot.document, bot.tensions, read_places(["1-8"], bot.document), choice)
    page = browser.new_page()
    page.set_content(handout_page(whole, with_controls=True).html)
    sheets = [one.extract_text() for one in pypdf.PdfReader(io.BytesIO(page.pdf(format=paper))).pages]
    page.close()
    printed = [squeezed(sheet) for sheet in sheets]
    assert len(printed) > 4
    for answer in whole.answers:
        for citation in answer.citations:
            assert [n for n, sheet in enumerate(printed) if squeezed(citation.shown.passage.text) in sheet]
    for n, sheet in enumerate(printed, 1):
        assert squeezed(f"{n} / {len(printed)}") in sheet
        assert squeezed(bot.document.title) in sheet
        assert squeezed(short_hash(bot.document)) in sheet
    assert squeezed(texts.handout("en", "save")) not in "".join(printed)  # the strip is for the screen


def test_a_passage_marked_in_part_prints_its_mark(bot: FaqBot) -> None:
    passage = bot.document.question(8).passages[0]
    marked = cite(bot.document.question(8), passage, passage.sentences[1])
    page = handout_page(make(bot.document, bot.tensions, [marked], "both")).html
    assert page.count("<mark>") == 2
