"""The page that Gradio makes, with what is ours put into it on the way out. Knows no HTTP."""

from __future__ import annotations

import json
import re

from faqbot import lookup_page, page
from faqbot.bot import FaqBot
from faqbot.live import Live
from faqbot.markup import escape
from faqbot.nearness import places

SOURCE, CARD = "the source goes here", "the card goes here"  # what Gradio is given in place of the document


class PageRewriter:
    """Puts our style, script, texts and the document into Gradio's page, and takes out what names other hosts.

    Gradio's own `head=` adds them only after its scripts have run, so the page would be seen unstyled first. All
    that shows the document comes from one bot.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._bot: FaqBot | None = None
        self._parts: dict[bytes, bytes] = {}
        self._made: dict[bytes, bytes] = {}  # the page is the same for everyone who came by the same host name

    def __call__(self, html: bytes) -> bytes:
        bot = self._live.bot
        if bot is not self._bot:
            self._bot, self._parts, self._made = bot, self._replacements(bot), {}
        if html not in self._made:
            made = re.sub(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*', b"", html)
            for old, new in self._parts.items():
                made = made.replace(old, new, 1)
            self._made = dict([*self._made.items(), (html, made)][-4:])
        return self._made[html]

    @staticmethod
    def _replacements(bot: FaqBot) -> dict[bytes, bytes]:
        document = bot.document
        look_up = lookup_page.view(document, bot.themes, places(bot.index, len(document.questions)), bot.tensions)
        head = (
            f"<title>{escape(page.TITLE)}</title>"
            '<link rel="icon" href="./favicon.ico">'  # else a browser looks for it at the top, above a sub-path
            '<link rel="stylesheet" href="./assets/ui.css"><link rel="stylesheet" href="./assets/ui.lookup.css">'
            '<script src="./assets/ui.js" defer></script><script src="./assets/ui.handout.js" defer></script>'
            '<script src="./assets/ui.lookup.js" type="module"></script>'
            f'<script type="application/json" id="ui-texts">{page.script_texts(document)}</script>'
            f'<script type="application/json" id="look-up-data">'
            f"{lookup_page.script_data(document, bot.tensions)}</script></head>"
        )
        return {
            b"</head>": head.encode(),
            b"<gradio-app": f"<noscript>{page.no_script()}</noscript>{look_up}<gradio-app".encode(),
            SOURCE.encode(): _in_script(page.source(document)),
            CARD.encode(): _in_script(page.card(document)),
        }


def _in_script(text: str) -> bytes:
    """A text as it stands within a JSON string within a script."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    for sign in "<>&'":
        escaped = escaped.replace(sign, f"\\u{ord(sign):04x}")
    return escaped.encode()
