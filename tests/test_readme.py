"""What the papers say holds: commands exist, examples run, links lead somewhere, figures are the measured ones."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from faqbot.settings import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import figures

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:make|pip|python3?|\.venv/bin/\w+) \S")
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
PLACEHOLDER = re.compile(r"[A-Z]+\.jsonl|…|\.\.\.")


def commands(text: str) -> list[str]:
    """Every command of a paper that is this project's, from its blocks and from the running text."""
    lines = [line for language, block in FENCED.findall(text) if language != "python" for line in block.splitlines()]
    return [line for line in (*lines, *INLINE.findall(FENCED.sub("", text))) if COMMAND.match(line)]


def words_of(command: str) -> list[str]:
    """Its words without variables set before it."""
    words = shlex.split(command, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        del words[0]
    return words


CASES = sorted(
    {(paper.relative_to(ROOT).as_posix(), one) for paper in PAPERS for one in commands(paper.read_text("utf-8"))}
)


@pytest.mark.parametrize(("paper", "command"), CASES)
def test_a_command_of_a_paper_exists(paper: str, command: str) -> None:
    program, *words = words_of(command)
    program = program.removeprefix(".venv/bin/")
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        for word in words:
            name, is_variable, _ = word.partition("=")
            pattern = rf"\$\({name}\)" if is_variable else rf"^{re.escape(name)}:"
            assert re.search(pattern, makefile, re.MULTILINE), f"{paper}: the Makefile knows no {word}"
    elif program == "pip":
        files = [file for option, file in pairwise(words) if option in ("-r", "-c")]
        assert [file for file in files if not (ROOT / file).is_file()] == [], f"{paper}: {command}"
    elif words[0].endswith(".py") or words[:2] == ["-m", "faqbot"]:
        start = words[:1] if words[0].endswith(".py") else words[:3]
        assert start[0] == "-m" or (ROOT / start[0]).is_file(), f"{paper}: there is no {start[0]}"
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        known = run(*start, "--help").stdout if options else ""
        assert [option for option in options if option not in known] == [], f"{paper}: {command}"
    else:
        assert words[:2] == ["-m", "venv"] or words[0] == "-c", f"{paper}: nothing checks {command}"


ASKED = [
    one for one in commands(README) if "faqbot ask" in one and not PLACEHOLDER.search(one) and "--batch" not in one
]


@pytest.mark.parametrize("command", ASKED)
def test_a_question_of_the_readme_is_answered(command: str) -> None:
    done = run(*words_of(command)[1:])
    assert done.returncode == 0, done.stderr
    assert "Question " in done.stdout


@pytest.mark.parametrize("code", [block for language, block in FENCED.findall(README) if language == "python"])
def test_a_python_example_of_the_readme_runs(code: str) -> None:
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    assert "Question " in done.stdout


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_inside_the_project_leads_somewhere(paper: Path) -> None:
    links = LINK.findall(FENCED.sub("", paper.read_text(encoding="utf-8")))
    assert [link for link in links if not (paper.parent / link).exists()] == []


def test_the_readme_shows_the_measured_quality() -> None:
    assert figures.quality(figures.read("eval.json")) in README, "paste what `python benchmarks/figures.py` prints"
    sample = figures.answerable(figures.read("sample/eval.json"))
    assert sample in README, "paste what `python benchmarks/figures.py` prints"


def test_the_readme_shows_what_was_measured_on_left_out_authors() -> None:
    assert figures.left_out(figures.read("left_out.json")) in README, "paste what `python benchmarks/figures.py` prints"


def test_the_decision_shows_the_trials() -> None:
    decision = (ROOT / "docs/decisions/0001-trained-encoder.md").read_text(encoding="utf-8")
    assert figures.trials(figures.read("trials.json")) in decision, "paste what `python benchmarks/figures.py` prints"


def test_the_readme_shows_the_measured_speed() -> None:
    assert figures.speed(figures.read("bench.json")) in README, "paste what `python benchmarks/figures.py` prints"


def test_the_promises_show_the_measured_load() -> None:
    trust = (ROOT / "docs/trust.md").read_text(encoding="utf-8")
    assert figures.load(figures.read("load.json")) in trust, "paste what `python benchmarks/figures.py` prints"


def test_the_lock_holds_every_required_version() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    locked = set(re.findall(r"^([\w.-]+==[\w.]+)", lock, re.MULTILINE))
    for name in ("requirements.txt", "requirements-dev.txt"):
        wanted = re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / name).read_text(encoding="utf-8").lower(), re.MULTILINE)
        assert wanted
        assert set(wanted) <= locked, f"{name} and requirements.lock differ: run `make lock`"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python as a person would start it, in the checkout."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
