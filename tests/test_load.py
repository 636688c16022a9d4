"""That `make load` works, and would see an answer that is another conversation's. The figures are its own business."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faqbot.bot import FaqBot
from faqbot.settings import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import load
from servers import Server


@pytest.mark.slow
def test_a_short_run_without_an_error(tmp_path: Path) -> None:
    results = tmp_path / "load.json"
    options = ["--seconds", "1", "--levels", "1", "16", "--questions", "200", "--results", str(results)]
    done = subprocess.run(
        [sys.executable, "benchmarks/load.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    assert [(row["app"], row["conversations"]) for row in data["rows"]] == [
        (app, callers) for callers in (1, 16) for app in ("Gradio echo", "POST /ask", "the chat")
    ]
    assert all(row["requests"] > 0 and row["errors"] == 0 for row in data["rows"])
    assert len(data["memory"]["samples"]) == load.SAMPLES
    assert "PASS" in done.stdout or "MISS" in done.stdout


def test_an_answer_of_another_conversation_is_seen(bot: FaqBot) -> None:
    courses = load.conversations(bot)
    assert len(courses) == 128
    assert len({course[0].text for course in courses}) == 128
    server = Server("http://127.0.0.1:1", 0, 0, 0)
    for door in load.doors(server, server):
        for step, other in ((courses[3][0], courses[4][0]), (courses[3][1], courses[5][2])):
            own, foreign = (reply(door, one, 3) for one in (step, other))
            assert door.wrong(step, 3, own) is None
            assert door.wrong(step, 3, foreign)
            assert door.name == "Gradio echo" or door.wrong(step, 3, reply(door, replace(step, text="x"), 4))


def reply(door: load.Door, step: load.Step, number: int) -> dict[str, Any]:
    """What a server would answer at that door."""
    if door.path == load.PREDICT:
        earlier = json.dumps([*step.earlier, step.text][-2:])
        return {"data": [step.page.replace("turn-key", "turn-00ab12cd", 1), earlier, ""]}
    return {"id": number} | step.answer if door.path == load.ASK.path else {"data": [step.text]}
