"""Text is never markup: payloads of a published list, wherever text comes from, shown in a real browser."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import ask, serving
from tiny import write_corpus, write_lines

from faqbot import view
from faqbot.bot import FaqBot
from faqbot.build import build_index
from faqbot.settings import ROOT, Settings

PAYLOADS: dict[str, str] = json.loads((ROOT / "tests" / "cases" / "xss.json").read_text(encoding="utf-8"))["payloads"]
# Everything that this project's own markup is made of; any other element or attribute came from text.
ELEMENTS = set(
    "article div p h1 h2 h3 h4 span mark a button ul ol li strong section details summary dl dt dd code".split()
)
ATTRIBUTES = set(
    "class id lang href title tabindex type role aria-describedby aria-label aria-pressed target rel open".split()
)
WATCH = """
window.breaches = [];
addEventListener("securitypolicyviolation", (event) => breaches.push(event.violatedDirective + " " + event.blockedURI));
for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => breaches.push(name);
"""
INVENTORY = """() => {
  const found = [];
  for (const part of document.querySelectorAll("#past, #latest .turn, #source .source, #card .card")) {
    for (const element of part.querySelectorAll("*")) {
      found.push([element.localName, ...[...element.attributes].map((one) => one.name + "=" + one.value)]);
    }
  }
  return found;
}"""


class Watched:
    """A page that notes whatever a payload could bring about."""

    def __init__(self, browser: Any, address: str) -> None:
        self.address = address.split("#")[0].rstrip("/")
        self.context = browser.new_context(locale="en-US")
        self.page = self.context.new_page()
        self.page.add_init_script(WATCH)
        self.seen: list[str] = []
        self.page.on("dialog", lambda one: (self.seen.append(f"dialog {one.message}"), one.dismiss()))
        self.page.on("pageerror", lambda one: self.seen.append(f"error {one}"))
        self.page.on("popup", lambda one: self.seen.append(f"popup {one.url}"))
        self.page.on("request", self._request)
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")
        self.plain = self.body_children()

    def _request(self, one: Any) -> None:
        if not one.url.startswith((f"{self.address}/", "data:")):
            self.seen.append(f"request {one.url}")

    def body_children(self) -> int:
        return int(self.page.evaluate("document.querySelectorAll('body > *, head > script, base, iframe').length"))

    def check(self) -> None:
        """Nothing was brought about and nothing was put in."""
        assert self.page.evaluate("breaches") == []
        assert self.seen == []
        assert self.body_children() == self.plain
        for name, *attributes in self.page.evaluate(INVENTORY):
            assert name in ELEMENTS, name
            for attribute in attributes:
                key, _, value = attribute.partition("=")
                assert key in ATTRIBUTES, attribute
                if key == "href":
                    assert re.fullmatch(r"#q[\w.-]+|\./privacy", value), attribute


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_list_is_long_enough_and_every_kind_is_another() -> None:
    assert len(PAYLOADS) >= 80
    assert len(set(PAYLOADS.values())) == len(PAYLOADS)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_text_in_the_html_of_a_turn(bot: FaqBot, name: str) -> None:
    payload = PAYLOADS[name]
    shown = view.turn(bot.ask(payload), bot.document, key="abc")
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z][\w-]*)", shown)} <= ELEMENTS
    asked = re.search(r'<h2 class="asked">.*?</span>(.*?)</h2>', shown, re.DOTALL)
    if asked:  # hidden where it looks like personal details
        assert html.unescape(asked[1]) == payload.strip()


@pytest.mark.browser
def test_payloads_in_the_question_and_the_conversation(browser: Any, server: str) -> None:
    one = Watched(browser, server)
    for payload in PAYLOADS.values():
        turn = ask(one.page, payload)
        if turn.locator(".asked:not(.withheld)").count():
            assert squeezed(payload) in squeezed(turn.locator(".asked").text_content())
    one.check()
    assert one.page.locator(".turn").count() == len(PAYLOADS)  # the whole conversation still stands above


@pytest.mark.browser
def test_payloads_in_the_address(browser: Any, server: str) -> None:
    one = Watched(browser, server)
    for payload in PAYLOADS.values():
        one.page.evaluate("payload => { location.hash = payload; }", payload)
    one.check()
    assert one.page.locator("#source .question.open").count() == 0
    for payload in list(PAYLOADS.values())[::9]:
        cold = Watched(browser, f"{server}/#{payload}")
        cold.check()
        cold.context.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FaqBot]]:
    """A document whose every text is a payload: questions, passages, headings, descriptions, translation, phrasings."""
    folder = tmp_path_factory.mktemp("hostile")
    lines = [squeezed(payload) for payload in PAYLOADS.values()]
    number = len(lines) // 3
    source = ""
    for question in range(3):
        source += (
            f"{question + 1}. What is {lines[question]}?\nThe library in Oakville lends books. {lines[question]}\n"
        )
        for item, line in enumerate(
            lines[question * number : (question + 1) * number + (2 if question == 2 else 0)], 1
        ):
            source += f"{item}. Item {line}\n"
    corpus = write_corpus(folder / "corpus", source=source)
    (corpus / "source.es.txt").write_text(source, encoding="utf-8")
    (corpus / "tensions.toml").write_text("", encoding="utf-8")
    attack = json.dumps("<img src=x onerror=alert(1)>\"'</script><script>alert(1)</script>")
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    about = "".join(f"{name} = {attack}\n" for name in ("title", "origin", "date", "obtained"))
    about += f'language = "en"\nplace = "Oakville"\nsha256 = "{sha256}"\n[notice]\nen = {attack}\nes = {attack}\n'
    about += f'[translation.es]\ntitle = {attack}\nsha256 = "{sha256}"\nlabel = {{en = {attack}, es = {attack}}}\n'
    (corpus / "document.toml").write_text(about, encoding="utf-8")
    for language in ("en", "es"):
        path = corpus / f"phrasings.{language}.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        attacks = [{"q": f"{line} books", "question": n % 3 + 1, "author": "two"} for n, line in enumerate(lines[:30])]
        write_lines(path, [*rows, *attacks])
    build_index(corpus, folder / "index", quiet=True)
    bot = FaqBot.load(Settings(corpus=corpus, index=folder / "index"))
    with serving(bot) as address:
        yield address, bot


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "es"])
def test_payloads_in_the_document_its_translation_and_the_phrasings(
    browser: Any, hostile: tuple[str, FaqBot], language: str
) -> None:
    address, bot = hostile
    assert len(bot.document.passages) > 80
    one = Watched(browser, address)
    one.page.locator(f"#speak-{language}").click()
    for message in ("1", "2", "3", "what can i borrow", f"{PAYLOADS['script']} books", "list all questions"):
        ask(one.page, message)
    for details in one.page.locator("#card summary, #latest summary").all():
        details.click()
    one.page.locator("#latest .cite, #latest .ask").first.click()
    one.check()
    shown = squeezed(one.page.locator("#past").text_content())
    panel = squeezed(one.page.locator("#source").text_content())
    for passage in bot.document.passages:
        assert squeezed(passage.text) in shown
        assert squeezed(passage.text) in panel
    assert "<img src=x onerror=alert(1)>" in one.page.locator("#card").text_content()
    one.context.close()


@pytest.mark.browser
def test_the_watch_would_see_it(browser: Any, server: str) -> None:
    one = Watched(browser, server)
    one.page.evaluate("document.querySelector('#card .card').innerHTML += '<img src=x onerror=alert(1)>'")
    one.page.wait_for_timeout(200)
    with pytest.raises(AssertionError):
        one.check()
    assert any("script-src" in breach for breach in one.page.evaluate("breaches"))  # the policy stops what got in
