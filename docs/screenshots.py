"""Draws docs/screenshots/*.png anew from the real app in a real browser: `python docs/screenshots.py`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faqbot.settings import ROOT, silence

sys.path.insert(0, str(ROOT / "tests"))
silence()

from browsing import CHROMIUM, DESK, INSTALL, PHONE, ask, chromium, serving  # noqa: E402

FOLDER = Path(__file__).parent / "screenshots"
TOLD = "will they tell me if my data is shared?"


def answer(page: Any) -> None:
    ask(page, TOLD)


def other_side(page: Any) -> None:
    turn = ask(page, TOLD)
    page.wait_for_timeout(700)
    turn.locator(".tools").evaluate("e => e.scrollIntoView()")


def source(page: Any) -> None:
    turn = ask(page, "can ICE use my data to find me?")
    turn.locator(".best .cite").click()


def look_up(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_selector("#search:focus")
    page.keyboard.type("consent")
    page.wait_for_timeout(700)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("o")


def contents(page: Any) -> None:
    page.click("#to-look-up")
    page.wait_for_selector("#search:focus")


def picture(page: Any) -> None:
    contents(page)
    page.locator(".picture").evaluate("e => e.scrollIntoView()")
    page.locator("#node-7").hover()


def not_covered(page: Any) -> None:
    ask(page, "should I apply for FoodShare?")


def did_you_mean(page: Any) -> None:
    ask(page, "tell me about the data")


def danger(page: Any) -> None:
    ask(page, "ICE is at my door right now")


def word(page: Any) -> None:
    turn = ask(page, "are there agreements between the agencies and ICE?")
    page.wait_for_timeout(700)
    turn.locator(".term").first.hover()


def spanish(page: Any) -> None:
    ask(page, "¿me avisan si comparten mis datos con ICE?")


def hand_out(page: Any) -> Any:
    turn = ask(page, TOLD)
    turn.locator(".pick").first.click()
    with page.context.expect_page() as opened:
        page.locator("#hand-out .make").click()
    opened.value.locator("button[value=both]").first.click()
    opened.value.wait_for_selector("button.on[value=both]")
    return opened.value


def nothing(page: Any) -> None:
    """The first screen."""


SPANISH, DARK = {"locale": "es-MX"}, {"color_scheme": "dark"}
# How a state is reached: a function of the page, which returns the page to draw if it is another one.
STATES: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "first-screen": (DESK, nothing),
    "answer": (DESK, answer),
    "other-side": (DESK, other_side),
    "source": (DESK, source),
    "look-up": (DESK, look_up),
    "contents": (DESK, contents),
    "picture": (DESK, picture),
    "did-you-mean": (DESK, did_you_mean),
    "not-covered": (DESK, not_covered),
    "danger": (DESK, danger),
    "hard-word": (DESK, word),
    "spanish": (DESK | SPANISH, spanish),
    "hand-out": (DESK, hand_out),
    "dark": (DESK | DARK, answer),
    "phone": (PHONE, nothing),
    "phone-answer": (PHONE, answer),
    "phone-source": (PHONE, source),
    "phone-spanish-dark": (PHONE | SPANISH | DARK, spanish),
}


def main() -> int:
    """Every state, or those named on the command line."""
    if CHROMIUM is None:
        print(INSTALL, file=sys.stderr)
        return 1
    from faqbot.bot import FaqBot

    FOLDER.mkdir(exist_ok=True)
    with serving(FaqBot.load()) as address, chromium() as browser:
        for name in sys.argv[1:] or STATES:
            options, reach = STATES[name]
            context = browser.new_context(**({"locale": "en-US", "reduced_motion": "reduce"} | options))
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector("html[data-ready]")
            page = reach(page) or page
            page.wait_for_timeout(500)
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()
            print(f"docs/screenshots/{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
