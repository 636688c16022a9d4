"""What a conversation leaves in a browser (nothing but the visit), and what it asks for (this server alone)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import ARGUMENTS, CHROMIUM, INSTALL, ask, require
from test_no_trace import STEM, traces

pytestmark = pytest.mark.browser

STORED = """async () => [
    localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length,
    (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length, name,
    JSON.stringify(history.state ?? ""), performance.getEntries().map((one) => one.name).join(" "),
]"""


class Profile:
    """A browser with a folder of its own on the disk, and all that it asked for."""

    def __init__(self, playwright: Any, folder: Path, server: str) -> None:
        # not incognito: history, sessions and caches are written as for anybody
        self.context = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, args=ARGUMENTS, locale="en-US"
        )
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
        self.requests: list[Any] = []
        self.context.on("request", lambda one: self.requests.append(one))
        self.page = self.context.pages[0]

    def open(self, address: str) -> Any:
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")
        return self.page


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    require(CHROMIUM, INSTALL)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as one:
        yield one


def stored(page: Any) -> None:
    *counts, state, resources = page.evaluate(STORED)
    assert counts == [0, 0, "", 0, 0, 0, ""]
    assert STEM not in state + resources
    assert STEM not in page.url


def test_a_whole_conversation_leaves_nothing_and_asks_nobody_else(playwright: Any, tmp_path: Path, server: str) -> None:
    folder = tmp_path / "profile"
    profile = Profile(playwright, folder, server)
    page = profile.open(server)
    turn = ask(page, f"will they tell me {STEM}01 if my data is shared?")
    assert f"{STEM}01" in turn.locator(".asked").inner_text()
    ask(page, f"and who else sees it {STEM}02?")
    stored(page)
    ask(page, "how long does ICE keep the data?")
    page.locator("#latest .best .full").first.click()  # the source
    ask(page, f"7 {STEM}03")
    ask(page, "7")
    page.locator("#latest .cite").first.click()  # the source
    page.locator("#latest .copy").first.click()
    page.locator("#speak-es").click()
    ask(page, f"¿me avisan si {STEM}04 comparten mis datos?")
    ask(page, f"my phone is 414-555-0199 {STEM}05")
    stored(page)
    page.locator("#card .privacy a").evaluate("e => e.removeAttribute('target')")
    page.locator("#clear").click()
    page.wait_for_function("() => !document.querySelector('.turn')")
    stored(page)
    page.locator("#box textarea").fill(f"typed and not sent {STEM}06")
    page.reload()  # a browser may bring back what stood in a field, and for that writes it to its disk
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#box textarea").input_value() == ""
    page.locator("#box textarea").fill(f"typed and not sent {STEM}07")
    page.goto(f"{server}/privacy")
    page.go_back()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#box textarea").input_value() == ""
    ask(page, f"hello {STEM}08")
    page.locator("#box textarea").fill(f"typed and not sent {STEM}09")
    page.wait_for_timeout(3000)  # a browser writes its sessions after some seconds
    stored(page)
    page.locator("#leave").click()
    page.wait_for_url("about:blank")
    assert page.title() == ""
    profile.context.close()

    assert len(profile.requests) > 50
    elsewhere = [one.url for one in profile.requests if not one.url.startswith((f"{server}/", "data:"))]
    assert [url for url in elsewhere if url != "about:blank"] == []
    assert [one.url for one in profile.requests if STEM in one.url or one.headers.get("referer")] == []
    told = [one.url.removeprefix(server) for one in profile.requests if STEM in (one.post_data or "")]
    assert set(told) == {"/gradio_api/run/predict"}
    assert traces(folder) == []

    profile = Profile(playwright, folder, server)  # what is in an address is kept: so the search does find what is
    profile.open(f"{server}/#{STEM}10")
    profile.page.wait_for_timeout(500)
    profile.context.close()
    assert traces(folder)


def test_a_browser_that_is_killed_has_kept_nothing(playwright: Any, tmp_path: Path, server: str) -> None:
    """Closed without leaving, as by a battery that is empty: nothing is left to bring back."""
    profile = Profile(playwright, tmp_path / "profile", server)
    page = profile.open(server)
    ask(page, f"who sees my data {STEM}11")
    page.locator("#box textarea").fill(f"typed and not sent {STEM}12")
    page.wait_for_timeout(4000)
    kept = traces(tmp_path)
    profile.context.close()
    assert kept == []
    assert traces(tmp_path) == []
