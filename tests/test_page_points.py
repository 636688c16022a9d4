"""What a frightened person and a screen reader meet on the page, point by point, at 320 and 1280 px."""

from __future__ import annotations

import re
import statistics
import sys
from typing import Any

import pytest
from browsing import DESK, PHONE, ask, fits, focused, shown, small_targets

from faqbot import texts
from faqbot.bot import FaqBot
from faqbot.render import scope_label, source_card, to_text
from faqbot.schema import LANGUAGES
from faqbot.settings import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import felt

pytestmark = pytest.mark.browser

TOLD = "will they tell me if my data is shared?"
SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
LOCALES: dict[Any, str] = {"en": "en-US", "es": "es-MX"}


@SIZES
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_and_nothing_that_competes(visit: Any, size: dict[str, Any], language: Any) -> None:
    page = visit(**size, locale=LOCALES[language])
    for name in ("what", "what_not"):
        line = page.locator(f".first .{name.replace('_', '-')} >> visible=true")
        assert line.inner_text() == texts.ui(language, name)
    assert shown(page, ".starters .ask") == 6
    assert focused(page, "#box textarea")
    for hidden in ("#source", "#clear", ".top .name", "#hand-out", ".turn", "#tip"):
        assert shown(page, hidden) == 0, hidden
    box = page.locator("#box").bounding_box()
    assert box["y"] + box["height"] <= size["viewport"]["height"]
    assert fits(page)
    assert small_targets(page) == []


@SIZES
def test_an_answer_reads_from_the_top_down(visit: Any, bot: FaqBot, size: dict[str, Any]) -> None:
    turn = ask(visit(**size), TOLD)
    order = (".says", ".lead", ".best .cite", ".best .scope", ".best .around", ".best + .tension", ".offers", ".notice")
    tops = [turn.locator(one).first.bounding_box()["y"] for one in order]
    assert tops == sorted(tops)
    size_of = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert turn.locator(".lead").evaluate(size_of) > turn.locator(".around").evaluate(size_of)
    best = bot.ask(TOLD).citations[0]
    assert turn.locator(".best .scope").inner_text() == scope_label(best.passage, bot.document, "en")
    assert turn.locator(".strength").inner_text() == f"{texts.label('en', 'strong')}."
    assert not re.search(r"\d|%", turn.locator(".says").inner_text())


CAUSES = {  # what is asked -> the outcome, the wording, and whether questions are offered
    "does wisconsin foodshare pay for diapers?": ("not_covered", "not_covered"),
    "asdf qwer zxcv": ("not_covered", "not_covered_vague"),
    "should I cancel my benefits?": ("not_covered", "not_covered_case"),
    "ICE is at my door right now": ("urgent", "urgent"),
    "my ssn is 123-45-6789": ("personal_details", "personal_details"),
}


def test_five_causes_have_five_wordings_and_each_a_next_step(visit: Any) -> None:
    page = visit()
    said = []
    for question, (outcome, name) in CAUSES.items():
        turn = ask(page, question)
        says = turn.locator(f".reply.{outcome} .says").text_content()
        assert says.split() == texts.message("en", name).split(), question
        said.append(says)
        offers = turn.locator(".offers .ask").count()
        assert offers or re.search(r"\b(?:call|try|ask again|reach)\b", says, re.I), question
        assert turn.locator(".best, .strength").count() == 0
    assert len(set(said)) == len(CAUSES)


@pytest.mark.parametrize(
    ("messages", "language"),
    [
        (
            [
                "A123456789 is my number",
                "A 123-456-789",
                "123-45-6789",
                "call me at (608) 555-0143",
                "me@example.org wrote",
                "I live at 1200 North Main Street",
            ],
            "en",
        ),
        (["mi numero es A-123-456-789", "mi dirección es calle Juárez 1200", "llame al 608 555 0143"], "es"),
    ],
)
def test_personal_details_are_asked_to_be_taken_out_and_not_shown(
    visit: Any, messages: list[str], language: Any
) -> None:
    page = visit(locale=LOCALES[language])
    for message in messages:
        turn = ask(page, message)
        assert turn.locator(".reply.personal_details").count() == 1, message
        asked = f"{texts.ui(language, 'you_asked')} {texts.ui(language, 'hidden_message')}"
        assert turn.locator(".asked").text_content() == asked
        assert page.locator("#box textarea").input_value() == ""
        shown_digits = re.findall(r"[\w@.-]*(?:\d{3}|@)[\w@.-]*", page.inner_text("#desk"))
        assert not [one for one in shown_digits if one in message], message


def test_numbers_that_are_no_personal_details(visit: Any) -> None:
    page = visit()
    for message in (
        "Q12",
        "is it kept for 10 years?",
        "what changed in 2024?",
        "section 287(g)",
        "8 U.S.C. 1373",
        "5.3",
    ):
        assert ask(page, message).locator(".personal_details").count() == 0, message


# ---- where the words come from


def names_its_source(words: str, bot: FaqBot, language: Any) -> None:
    squeezed = " ".join(words.split())
    document = bot.document
    facts = [document.title, document.origin, document.obtained, document.sha256[:12], document.notice[language]]
    facts += [texts.ui(language, "undated")]
    if language == "es":
        facts += [document.text_for("es").title, document.text_for("es").label["es"]]  # type: ignore[attr-defined]
    for fact in facts:
        assert fact in squeezed, fact


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_source_card_is_everywhere(visit: Any, bot: FaqBot, language: Any) -> None:
    """In the page's foot, in the source panel and in both ways to copy. Hand-out and CSV have tests of their own."""
    page = visit(locale=LOCALES[language])
    turn = ask(page, TOLD if language == "en" else "¿me avisan si comparten mis datos con ICE?")
    names_its_source(page.locator("#card").inner_text(), bot, language)
    for button, start in ((".copy:not(.markdown)", None), (".copy.markdown", ">" if language == "en" else "**")):
        turn.locator(f".best {button}").press("Enter")
        page.wait_for_function(
            "start => navigator.clipboard.readText().then(words => start ? words.startsWith(start) : words)", arg=start
        )
        names_its_source(page.evaluate("navigator.clipboard.readText()"), bot, language)
    turn.locator(".best .cite").press("Enter")
    page.wait_for_selector("#source:visible")
    names_its_source(page.locator("#source").inner_text(), bot, language)


@pytest.mark.parametrize(("language", "question"), [("en", "5.3"), ("es", "pregunta 8 punto 1")])
def test_the_terminal_names_the_source(bot: FaqBot, language: Any, question: str) -> None:
    printed = to_text(bot.ask(question, language=language), bot.document)
    names_its_source(printed, bot, language)
    assert printed.endswith("\n".join(source_card(bot.document, language)))


# ---- for everyone


def test_focus_is_never_lost_by_keyboard_alone(visit: Any) -> None:
    page = visit()

    def held() -> bool:
        return bool(page.evaluate("document.activeElement !== document.body && document.activeElement.isConnected"))

    page.keyboard.type(TOLD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#latest .turn.seen")
    assert focused(page, "#box textarea")
    keys = {".best .cite": "Enter", "#close-source": "Enter", ".best .copy": "Enter", ".best .pick": "Space"}
    keys |= {"#speak-es": "Enter", "#speak-en": "Space", ".offers .ask": "Enter", "#hand-out .empty": "Enter"}
    keys |= {"#clear": "Enter", ".starters .ask:visible": "Enter"}
    for selector, key in keys.items():
        page.locator(selector).first.press(key)
        page.wait_for_timeout(250)
        assert held(), selector


@pytest.mark.parametrize(("motion", "behaviour"), [("reduce", {"auto"}), ("no-preference", {"smooth"})])
def test_nothing_glides_for_who_wants_less_motion(visit: Any, motion: str, behaviour: set[str]) -> None:
    page = visit(**PHONE, reduced_motion=motion)
    page.evaluate(
        """() => { window.moved = []; const own = Element.prototype.scrollIntoView;
        Element.prototype.scrollIntoView = function (how) { moved.push(how?.behavior); own.call(this, how); }; }"""
    )
    turn = ask(page, TOLD)
    assert page.evaluate("moved") == [None]  # an answer is there at once for everyone
    turn.locator(".best .cite").tap()
    page.wait_for_function("() => moved.length > 1")
    assert set(page.evaluate("moved.slice(1)")) == behaviour
    still = "all => all.every(e => ['0s', ''].includes(getComputedStyle(e).transitionDuration))"
    assert motion != "reduce" or page.locator("button").evaluate_all(still)


CUT = """() => [...document.querySelectorAll('#top *, #first *, #desk *, #card *')].filter((e) => {
  const style = getComputedStyle(e);
  const hides = /hidden|clip/.test(style.overflowX + style.overflowY) && style.clipPath === 'none';
  return e.getClientRects().length && e.innerText?.trim() && hides && style.textOverflow !== 'ellipsis'
    && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1);
}).map((e) => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_holds_at_200_percent_zoom_with_images_and_fonts_blocked(visit: Any, language: Any) -> None:
    """1280 px at 200 % is a layout of 640 px."""
    size = {"width": 640, "height": 430}
    page = visit(viewport=size, device_scale_factor=2, locale=LOCALES[language])
    page.route("**/*", lambda one: one.abort() if one.request.resource_type in ("image", "font") else one.continue_())
    page.reload()
    page.wait_for_selector("html[data-ready]")
    turn = ask(page, TOLD if language == "en" else "¿me avisan si comparten mis datos con ICE?")
    turn.locator(".best .pick").click()
    assert fits(page)
    assert page.evaluate(CUT) == []
    turn.locator(".best .cite").click()
    page.wait_for_selector("#source:visible")
    assert fits(page)
    assert page.evaluate(CUT) == []
    assert not [url for _, url, _ in visit.opened[0].requests if re.search(r"\.(?:woff2?|ttf|png|jpe?g|webp)$", url)]
    composer = page.locator("#composer").evaluate("e => getComputedStyle(e).position")
    assert composer != "sticky"  # half the height would be taken


@pytest.mark.slow
def test_an_answer_is_felt_at_once(visit: Any) -> None:
    """The order of size on a busy machine; benchmarks/results/felt.json has the figure of a quieter one."""
    page = visit()
    tries: list[float] = []
    while len(tries) < 3 and not any(one < 2 * felt.TARGET for one in tries):
        tries.append(statistics.median(felt.felt(page, felt.QUESTIONS[:12])))
    assert min(tries) < 2 * felt.TARGET, tries


def test_the_questions_it_is_felt_with_are_many_and_different() -> None:
    assert len(set(felt.QUESTIONS)) == len(felt.QUESTIONS) >= 40


def test_every_sentence_of_the_page_is_plain() -> None:
    """Grade 6 or below for whole sentences; labels of a word or two have no grade."""
    from test_texts import ENGLISH, HIGHEST_GRADE, grade, placeholders

    hard = {}
    for group in ("ui", "handout", "label"):
        for name, text in ENGLISH[group].items():
            filled = text.format(**dict.fromkeys(placeholders(text), "7"))
            if len(filled.split()) >= 5 and grade(filled) > HIGHEST_GRADE:
                hard[name] = round(grade(filled), 1)
    assert hard == {}
