"""Sentences with exact spans, and the folded form in which texts are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faqbot.text import fold, sentence_spans, words


def cut(text, offset=0):
    return [text[span.start - offset : span.end - offset] for span in sentence_spans(text, offset=offset)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It may. It may not.", ["It may.", "It may not."]),
        ("An agreement under 287(g) counts. So?", ["An agreement under 287(g) counts.", "So?"]),
        ("Access by the U.S. Congress is open.", ["Access by the U.S. Congress is open."]),
        ("Data Security: It is essential. Robust.", ["Data Security: It is essential.", "Robust."]),
        ("  Blanks around.  And between.\t", ["Blanks around.", "And between."]),
        ("no full stop", ["no full stop"]),
        ("", []),
        (" \t ", []),
    ],
)
def test_sentences(text, sentences):
    assert cut(text) == sentences
    assert cut(text, offset=1000) == sentences


PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\r\n"), max_size=200)


@given(PRINTABLE, st.integers(0, 50))
def test_sentences_are_ordered_and_lie_inside(text, offset):
    spans = sentence_spans(text, offset=offset)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(offset <= edge <= offset + len(text) for edge in edges)
    assert all(sentence == sentence.strip() != "" for sentence in cut(text, offset))


@given(PRINTABLE)
def test_sentences_leave_out_blanks_only(text):
    assert "".join("".join(cut(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("¿Cuánto  tiempo\n GUARDAN?", "cuanto tiempo guardan?"),
        ("Don’t “share” — ever", 'don\'t "share" - ever'),
        ("ÑANDÚ Straße", "nandu strasse"),
        ("ﬁle №5", "file no5"),
        ("ＩＣＥ", "ice"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=100))
def test_fold_is_stable(text):
    assert fold(fold(text)) == fold(text)
    assert fold(f"  {text} ") == fold(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't share my SSN, por favor!", ["don't", "share", "my", "ssn", "por", "favor"]),
        ("¿mis datos? ¡sí!", ["mis", "datos", "si"]),
        ("287(g) state_benefits 10-year", ["287", "g", "state", "benefits", "10", "year"]),
        ("🙂 … ---", []),
    ],
)
def test_words(text, found):
    assert words(text) == found
