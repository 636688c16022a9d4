"""The themes of the table of contents: every question once, and faults named."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import write_corpus

from faqbot.bot import FaqBot
from faqbot.document import load_document
from faqbot.errors import CorpusError
from faqbot.themes import THEMES, load_themes

ROW = '[[theme]]\nname.en = "{name}"\nname.es = "{name}"\nquestions = {questions}\n'


def write_themes(folder: Path, *groups: list[int]) -> None:
    rows = (ROW.format(name=f"T{number}", questions=questions) for number, questions in enumerate(groups))
    (folder / THEMES).write_text("".join(rows), encoding="utf-8")


def test_the_shipped_themes_hold_every_question_once(bot: FaqBot) -> None:
    assert 5 <= len(bot.themes) <= 7
    assert sorted(number for theme in bot.themes for number in theme.questions) == list(range(1, 21))
    for language in ("en", "es"):
        assert len({theme.name[language] for theme in bot.themes}) == len(bot.themes)


def test_a_document_without_themes_has_none(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "tiny")
    assert load_themes(folder, load_document(folder)) == ()
    write_themes(folder, [3, 1], [2])
    assert [theme.questions for theme in load_themes(folder, load_document(folder))] == [(3, 1), (2,)]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[1], [2]], "question 3: in no theme"),
        ([[1, 2], [2, 3]], "question 2: named more than once"),
        ([[1, 2], [3, 4, 9]], "question 4, 9: not in the document, which has 1 to 3"),
        ([[1, 2, 3], []], r"theme 2: questions is \[\]"),
    ],
)
def test_a_question_in_the_wrong_place_is_named(tmp_path: Path, groups: list[list[int]], message: str) -> None:
    folder = write_corpus(tmp_path / "tiny")
    write_themes(folder, *groups)
    with pytest.raises(CorpusError, match=f"themes.toml: {message}"):
        load_themes(folder, load_document(folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[theme]]\nquestions = [1]\n", "theme 1 must hold name and questions"),
        (ROW.format(name="x", questions=[1]) + "more = 1\n", "theme 1 must hold name and questions"),
        ('[[theme]]\nname.en = "x"\nquestions = [1]\n', "theme 1: its name must stand in en and es"),
        ('[[theme]]\nname = "x"\nquestions = [1]\n', "theme 1: its name must stand in en and es"),
        (ROW.format(name="x", questions='["1"]'), "theme 1: questions is"),
        ("theme = [1]\n", "theme 1 must hold"),
        ("theme = 7\n", "theme must be a list"),
        ("[[theme]\n", "not valid TOML"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    folder = write_corpus(tmp_path / "tiny")
    (folder / THEMES).write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        load_themes(folder, load_document(folder))
