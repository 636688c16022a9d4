"""faqbot: plain-language questions to a numbered question-and-answer document, answered word for word.

`from faqbot import FaqBot; FaqBot.load().ask("do they tell me first?")`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faqbot.bot import FaqBot

__all__ = ["FaqBot"]


def __getattr__(name: str) -> object:
    """Load the bot on first use, so that importing the package has no effect."""
    if name == "FaqBot":
        from faqbot.bot import FaqBot

        return FaqBot
    raise AttributeError(name)
