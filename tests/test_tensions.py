"""The other side: always shown for the central questions, never where nothing disagrees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faqbot.bot import FaqBot

CASES = json.loads((Path(__file__).parent / "cases" / "tensions.json").read_text(encoding="utf-8"))
SHARING = {1, 3, 6, 9, 12, 13, 17}  # questions that describe the sharing


@pytest.mark.parametrize("message", CASES["both sides"])
def test_both_sides_stand_in_one_reply(bot: FaqBot, message: str) -> None:
    answer = bot.ask(message)
    shown = {c.passage.question for c in answer.citations}
    shown |= {c.passage.question for tension in answer.tensions for c in tension.citations}
    assert answer.tensions
    assert 7 in shown
    assert shown & SHARING


@pytest.mark.parametrize("message", CASES["no tension"])
def test_no_notice_without_a_tension(bot: FaqBot, message: str) -> None:
    assert bot.ask(message).tensions == ()


def test_every_side_is_quoted_verbatim(bot: FaqBot) -> None:
    for tension in bot.tensions.tensions:
        assert len({side.group for side in tension.sides}) > 1
        for side in tension.sides:
            assert bot.document.source[side.span.start : side.span.end] in side.passage.text
