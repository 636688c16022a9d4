"""The program's own sentences: the same in both languages, in plain words, and never more than the document says."""

import re
import string
import tomllib

import pytest

from faqbot import texts
from faqbot.settings import ROOT

FOLDER = ROOT / "src" / "faqbot" / "texts"
ENGLISH, SPANISH = (tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in ("en", "es"))
MESSAGES = sorted(ENGLISH["message"])
HIGHEST_GRADE = 6


def syllables(word):
    """Vowel groups, less a silent e at the end: rough, but right for plain words on average."""
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith(("e", "es", "ed")) and not word.endswith(("le", "les", "ted", "ded", "ses", "ces"))
    return max(groups - (silent and groups > 1), 1)


def grade(text):
    """Flesch-Kincaid grade level."""
    sentences = [sentence for sentence in re.split(r"[.!?:]+(?:\s|$)", text) if re.search(r"\w", sentence)]
    words = re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_measure_tells_plain_from_hard():
    assert grade("The cat sat on the mat. It was a nice day.") < 1
    assert 4 < grade("You can ask how your information is given to other people by the state.") < 9
    assert grade("Notwithstanding contractual obligations, administrative determinations remain confidential.") > 15
    assert [syllables(word) for word in ("make", "question", "wanted", "named", "people", "the", "idea")] == [
        *(1, 2, 2, 1, 2, 1, 2),
    ]


def test_both_languages_have_the_same_names():
    found = texts.names()
    assert found["en"] == found["es"]


@pytest.mark.parametrize("group", sorted(ENGLISH))
def test_both_languages_fill_in_the_same_values(group):
    for name, text in ENGLISH[group].items():
        assert placeholders(text) == placeholders(SPANISH[group][name]), name
        assert text.strip()
        assert SPANISH[group][name].strip()


@pytest.mark.parametrize("name", MESSAGES)
def test_english_is_plain(name):
    text = ENGLISH["message"][name]
    filled = text.format(**dict.fromkeys(placeholders(text), "7"))
    assert grade(filled) <= HIGHEST_GRADE, f"{grade(filled):.1f}"


def test_no_text_speaks_for_the_law():
    everything = [text for table in (*ENGLISH.values(), *SPANISH.values()) for text in table.values()]
    for text in everything:
        assert not re.search(r"\b(?:Wisconsin|state|federal)\s+law\s+(?:says|bans|forbids|prohibits)", text, re.I), text
        assert not re.search(r"\bla ley (?:de Wisconsin )?(?:dice|prohíbe)", text, re.I), text


def test_no_invented_telephone_number():
    for table in (ENGLISH["message"], SPANISH["message"]):
        for name, text in table.items():
            assert not re.search(r"\d{3}", text), name


def test_danger_says_what_it_is_not():
    assert "not an emergency or legal service" in ENGLISH["message"]["urgent"]
    assert "No soy un servicio de emergencia ni legal" in SPANISH["message"]["urgent"]


def test_messages_are_looked_up_by_name():
    assert texts.message("en", "range_questions", last=20) == "The questions go from 1 to 20."
    assert texts.label("es", "question", number=7) == "Pregunta 7"
    with pytest.raises(KeyError):
        texts.message("en", "no such text")
