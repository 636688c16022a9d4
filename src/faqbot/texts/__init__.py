"""The program's own sentences, in English and Spanish. No other file holds words that people see."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from faqbot.schema import Language


@cache
def _texts(language: Language) -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def message(language: Language, name: str, **values: object) -> str:
    """A reply by name, with its values filled in; KeyError for an unknown name."""
    return _texts(language)["message"][name].format(**values)


def label(language: Language, name: str, **values: object) -> str:
    """A short label by name, with its values filled in; KeyError for an unknown name."""
    return _texts(language)["label"][name].format(**values)


def ui(language: Language, name: str, **values: object) -> str:
    """A fixed text of the page by name, with its values filled in; KeyError for an unknown name."""
    return _texts(language)["ui"][name].format(**values)


def refusal(language: Language, name: str, **values: object) -> str:
    """Why a request is not answered, by name, with its values filled in; KeyError for an unknown name."""
    return _texts(language)["refusal"][name].format(**values)


def template(language: Language, name: str) -> str:
    """A fixed text of the page with its {values} not filled in, for the script; KeyError for an unknown name."""
    return _texts(language)["ui"][name]


def handout(language: Language, name: str, **values: object) -> str:
    """A text of the hand-out by name, with its values filled in; KeyError for an unknown name."""
    return _texts(language)["handout"][name].format(**values)


def names() -> dict[str, set[str]]:
    """The names in each group, for a test that both languages have the same."""
    return {language: {f"{g}.{n}" for g, group in _texts(language).items() for n in group} for language in ("en", "es")}
