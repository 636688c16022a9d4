"""docs/trust.md, docs/privacy.md, docs/sbom.json: what they say is what there is."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import httpx
import pytest
from browsing import PHONE
from test_texts import grade

from faqbot import privacy
from faqbot.settings import ROOT

TRUST = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
HIGHEST_GRADE = 8


def named_in(file: str) -> set[str]:
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_promises_name_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TRUST)
    assert len(named) > 40
    assert [f"{file}::{name}" for file, name in named if name not in named_in(file)] == []


def test_every_promise_has_a_test_and_a_figure() -> None:
    rows = [line.strip("|").split("|") for line in TRUST.splitlines() if line.startswith("|")]
    promises = [
        row
        for row in rows
        if len(row) == 4 and not set(row[0]) <= set("- ") and row[0].strip() not in ("promise", "fault")
    ]
    assert len(promises) > 20
    for promise, threat, test, figure in promises:
        assert "::test_" in test + figure, promise  # the table of faults names it last
        assert threat.strip(), promise
        assert figure.strip(), promise


def test_the_paper_on_privacy_says_what_the_page_says() -> None:
    paper = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert paper == privacy.markdown(), "write `faqbot.privacy.markdown()` into docs/privacy.md"


def test_it_is_plain_and_whole_in_both_languages() -> None:
    english, spanish = privacy.statements()
    for part in english.parts:
        for point in part.points:
            assert grade(point) <= HIGHEST_GRADE, point
    assert [len(part.points) for part in english.parts] == [len(part.points) for part in spanish.parts]
    assert not set(english.parts[0].points) & set(spanish.parts[0].points)
    for place in ("device", "history", "screen", "network", "runs this copy"):  # what is not protected is named
        assert place in " ".join(english.parts[1].points)


def test_the_page_is_served_and_runs_no_script(server: str) -> None:
    response = httpx.get(f"{server}/privacy")
    assert response.status_code == 200
    assert "script-src 'self';" in response.headers["content-security-policy"]
    assert "<script" not in response.text
    assert response.headers["cache-control"] == "no-store"
    for statement in privacy.statements():
        for part in statement.parts:
            assert all(privacy.escape(point) in response.text for point in part.points)


@pytest.mark.browser
def test_the_chat_leads_to_it_and_the_conversation_stays(server: str, browser: Any) -> None:
    for options, language in (({"locale": "en-US"}, 0), ({"locale": "es-US"} | PHONE, 1)):
        context = browser.new_context(**options)
        page = context.new_page()
        page.goto(server)
        page.wait_for_selector("html[data-ready]")
        with context.expect_page() as opened:
            page.locator("#card .privacy a").click()
        told: Any = opened.value
        told.wait_for_load_state()
        assert told.url == f"{server}/privacy"
        statement = privacy.statements()[language]
        assert told.locator(f"#{statement.language} h1").inner_text() == statement.title
        assert told.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert told.evaluate("document.referrer") == ""
        assert told.evaluate("opener") is None
        assert page.locator("#box").is_visible()
        context.close()


def test_the_bill_of_materials_lists_what_the_lock_does() -> None:
    text = (ROOT / "docs" / "sbom.json").read_text(encoding="utf-8")
    listed = {(one["name"].lower(), one["version"]) for one in json.loads(text)["components"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert listed == {(name.lower(), version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.M)}
    assert "timestamp" not in text  # the same lock gives the same file
