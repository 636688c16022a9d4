"""The Spanish document: built like the English one and no stronger, shown in Spanish answers, proved by its spans."""

import dataclasses
import hashlib
import re
import shutil
from html import unescape
from itertools import pairwise

import pytest
from tiny import write_corpus

from faqbot import glossary, page, render, texts, view
from faqbot.corpus import corpus_hashes
from faqbot.document import load_document
from faqbot.errors import CorpusError
from faqbot.settings import Settings

WISCONSIN = Settings().corpus
SPANISH = WISCONSIN / "source.es.txt"
TOLD = "¿me avisan si comparten mis datos con ICE?"
# What a sentence of the translation must hold (a pattern) where the English one does: it says no more than its source.
HEDGES = {
    "may|can|could|cannot": "pued|podr|posible|pudiera",
    "typically": "normalmente",
    "often": "a menudo",
    "in general": "en general",
    "in most cases": "en la mayoría de los casos",
    "should": "debería",
    "must": r"\bdeb",
    "potential|potentially": "posible|potencial",
    "some": r"\balgun",
    "certain": r"\bciert",
    "not|cannot": r"\bno\b|\bni\b",
    "unless": "a menos que",
    "if": r"\bsi\b|en caso",
    "prohibits?|prohibiting": "prohíbe",
    "only": r"\bsolo\b",
}


@pytest.fixture(scope="module")
def document():
    return load_document(WISCONSIN)


@pytest.fixture(scope="module")
def spanish(document):
    return document.translation("es")


def sentences(document, spanish):
    for own, passage in zip(document.passages, spanish.passages, strict=True):
        for one, other in zip(own.sentences, passage.sentences, strict=True):
            yield document.source[one.start : one.end], spanish.source[other.start : other.end]


# ---- the text itself ---------------------------------------------------------------------------------


def test_every_span_of_the_translation_is_exact(spanish):
    with SPANISH.open(encoding="utf-8", newline="") as file:
        source = file.read()
    assert (source, hashlib.sha256(source.encode()).hexdigest()) == (spanish.source, spanish.sha256)
    for question in spanish.questions:
        assert source[question.start : question.end] == question.text
    for passage in spanish.passages:
        assert source[passage.start : passage.end] == passage.text
        assert (passage.sentences[0].start, passage.sentences[-1].end) == (passage.start, passage.end)
        assert all(source[a.end : b.start].isspace() for a, b in pairwise(passage.sentences))


def test_both_texts_have_the_same_build(document, spanish):
    assert (len(spanish.questions), len(spanish.passages)) == (20, 82)
    assert sum(len(passage.sentences) for passage in spanish.passages) == 138
    assert [(p.key, p.item, len(p.sentences)) for p in spanish.passages] == [
        (p.key, p.item, len(p.sentences)) for p in document.passages
    ]
    assert document.headings == {"Risks": "Risks", "Benefits": "Benefits", "Riesgos": "Risks", "Beneficios": "Benefits"}
    assert [q.scope for q in spanish.questions] == [q.scope for q in document.questions]


@pytest.mark.parametrize("what", [r"\d+", r"\b(?:ICE|Tony Evers|Madison|Milwaukee|Wisconsin)\b", r"\bMOU"])
def test_numbers_and_names_are_those_of_the_source(document, spanish, what):
    found = 0
    for own, passage in zip(document.passages, spanish.passages, strict=True):
        assert sorted(re.findall(what, passage.text)) == sorted(re.findall(what, own.text)), own.label
        found += len(re.findall(what, own.text))
    assert found


@pytest.mark.parametrize("english", HEDGES)
def test_no_hedge_and_no_denial_is_lost(document, spanish, english):
    found = 0
    for one, other in sentences(document, spanish):
        if re.search(rf"\b(?:{english})\b", one, re.IGNORECASE):
            found += 1
            assert re.search(HEDGES[english], other, re.IGNORECASE), (one, other)
    assert found


def test_no_hedge_and_no_denial_is_added(document, spanish):
    for one, other in sentences(document, spanish):
        if re.search("pued|podr|posible|pudiera", other):
            assert re.search(r"\b(?:may|can|could|cannot|potential(?:ly)?)\b", one), (one, other)
        if re.search(r"\bno\b", other):
            assert re.search(r"\b(?:not|cannot|fail|unauthorized)\b", one), (one, other)


def test_nobody_is_told_to_share_anything(spanish):
    """Instructions to agencies stand in the infinitive: with `usted` they would speak to the reader."""
    assert not re.search(r"\b(?:Comparta|Evite|Establezca|Asegúrese)\b", spanish.source)


# ---- loading -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    for name in ("document.toml", "source.txt", "source.es.txt"):
        shutil.copy(WISCONSIN / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("\n20. ¿Cuáles", "\nCuáles", 86, "number of questions: 19 here, 20 in line 92 of source.txt"),
        ("2. Números", "Números", 4, "list number of passage 1.3: None here, 2 in line 4"),
        ("\nRiesgos:\n", "\n", 94, "heading of passage 20.2, counted: None here, 1 in line 95"),
        ("Riesgos:\n1. P", "Riesgos\n1. P", 92, "passages of question 20: 11 here, 10 in line 92"),
        (" Esto se debe a que", "; esto se debe a que", 34, "sentences of passage 8.1: 1 here, 2 in line 34"),
        ("\n3. ¿Cómo", "\n4. ¿Cómo", 9, "found question number 4, expected 3"),
    ],
)
def test_a_translation_that_is_built_otherwise_is_refused(folder, old, new, line, says):
    path = folder / "source.es.txt"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        load_document(folder)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_a_changed_translation_names_both_hashes(folder, spanish):
    path = folder / "source.es.txt"
    path.write_bytes(path.read_bytes().replace("10 años".encode(), "11 años".encode()))
    with pytest.raises(CorpusError) as caught:
        load_document(folder)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(caught.value)
    assert spanish.sha256 in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[translation.es]", "[translation.en]"),
        ("[translation.es]", "[translation.hmn]"),
        ('title = "El', 'name = "El'),
        ('es = "Traducción', 'fr = "Traducción'),
    ],
)
def test_a_bad_description_is_refused(folder, old, new):
    path = folder / "document.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"document\.toml: \[translation\."):
        load_document(folder)


def test_text_and_description_come_together(folder):
    (folder / "source.es.txt").rename(folder / "source.fr.txt")
    with pytest.raises(CorpusError, match=r"source\.es\.txt: cannot be read"):
        load_document(folder)
    about = (folder / "document.toml").read_text(encoding="utf-8")
    (folder / "document.toml").write_text(about.partition("[translation.es]")[0], encoding="utf-8")
    with pytest.raises(CorpusError, match=r"source\.fr\.txt: document\.toml has no \[translation\.fr\]"):
        load_document(folder)


def test_a_document_may_have_none(tmp_path):
    document = load_document(write_corpus(tmp_path))
    assert document.translations == ()
    assert document.text_for("es") is document


def test_the_index_does_not_depend_on_it():
    assert "source.es.txt" not in corpus_hashes(WISCONSIN)
    assert "source.txt" in corpus_hashes(WISCONSIN)


# ---- answers -----------------------------------------------------------------------------------------


def test_the_marked_sentence_is_the_same_one(bot):
    answer = bot.ask(TOLD)
    best = answer.citations[0]
    assert best.marked_text.startswith("In most cases, individuals are not directly notified")
    assert best.translation.marked_text.startswith("En la mayoría de los casos, no se notifica directamente")
    place = best.passage.sentences.index(best.marked)
    assert best.translation.marked == best.translation.passage.sentences[place]


def test_a_whole_passage_stays_whole_and_a_quoted_part_becomes_its_sentence(bot):
    for number in range(1, 21):
        answer = bot.look_up(number, language="es")
        assert all(one.translation.whole for one in answer.citations)
        for tension in answer.tensions:
            for one in tension.citations:
                spans = zip(one.passage.sentences, one.translation.passage.sentences, strict=True)
                inside = [other for own, other in spans if own.overlaps(one.marked)]
                assert one.translation.marked.start == inside[0].start
                assert one.translation.marked.end == inside[-1].end


def test_english_answers_have_no_translation(bot):
    answer = bot.ask("will they tell me if my data is shared?")
    sides = [one for tension in answer.tensions for one in tension.citations]
    assert sides
    assert all(one.translation is None for one in (*answer.citations, *sides))


@pytest.mark.parametrize("message", ["pregunta 20, Riesgos, punto 3", "pregunta 20 riesgos punto 3", "Q20 Risks 3"])
def test_headings_are_known_in_both_languages(bot, message):
    assert [one.passage.label for one in bot.ask(message).citations] == ["Question 20, Risks, item 3"]


def test_spanish_citations_use_the_spanish_heading(bot):
    html = view.turn(bot.ask("pregunta 20, beneficios, punto 1"), bot.document, key="k")
    assert "Pregunta 20, Beneficios, punto 1" in words(html)


def test_every_spanish_question_leads_to_its_answer(bot, spanish):
    for question in spanish.questions:
        answer = bot.ask(question.text)
        assert (answer.outcome, answer.language) == ("answered", "es"), question.text
        assert answer.citations[0].passage.question == question.number


def test_without_a_translation_the_answer_says_so(bot):
    plain = dataclasses.replace(bot, document=dataclasses.replace(bot.document, translations=()))
    answer = plain.ask(TOLD)
    assert answer.message.endswith(texts.message("es", "untranslated"))
    assert "translation" not in render.to_json(answer)["citations"][0]
    html = words(view.turn(answer, plain.document, key="k"))
    assert answer.citations[0].passage.text in html
    assert texts.label("es", "original") not in html
    assert "say-es" not in page.source(plain.document).partition("<h3")[2].partition("</h3>")[0]


# ---- the language of a reply -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "history", "language", "expected"),
    [
        ("7", [], "es", "es"),
        ("5.3", [], "es", "es"),
        ("ok", [], "es", "es"),
        ("", [], "es", "es"),
        ("123-45-6789", [], "es", "es"),
        ("7", ["do they tell me if they share my data?"], "es", "es"),
        ("7", ["¿me avisan si comparten mis datos?"], "en", "en"),
        ("7", ["¿me avisan si comparten mis datos?"], None, "es"),
        ("7", [], None, "en"),
        ("how long do they keep my data?", [], "es", "en"),
        ("what is the retention period", [], "es", "en"),
        ("¿cuánto tiempo guardan mis datos?", [], "en", "es"),
    ],
)
def test_the_default_is_for_messages_that_tell_nothing(bot, message, history, language, expected):
    assert bot.ask(message, history, language=language).language == expected


# ---- what is shown -----------------------------------------------------------------------------------


def words(html):
    """The text that a reader sees."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_a_turn_shows_the_translation_first_and_the_source_below_it(bot):
    answer = bot.ask(TOLD)
    html = view.turn(answer, bot.document, key="k")
    best = answer.citations[0]
    assert re.search(rf'<p class="lead" lang="es">{re.escape(best.translation.marked_text[:30])}', html)
    assert html.index(best.translation.passage.text[:40]) < html.index(best.passage.text[:40])
    quotes = [*answer.citations, *(one for tension in answer.tensions for one in tension.citations)]
    assert html.count("<details") == html.count('<div lang="en">') == len(quotes)
    for part in (
        texts.label("es", "original"),
        bot.document.translation("es").label["es"],
        best.translation.question_text,
        f"{best.passage.label}: {best.question_text}",
    ):
        assert part in words(html)
    assert html.count('class="unofficial"') == 1


@pytest.mark.parametrize("message", ["lista de preguntas", "háblame de los datos", "¿qué es la green card?"])
def test_questions_to_press_are_in_spanish(bot, spanish, message):
    answer = bot.ask(message, language="es")
    html = view.turn(answer, bot.document, key="k")
    pressed = re.findall(r'<button class="ask" type="button" lang="(\w+)">.*?<span class="say">(.*?)</span>', html)
    numbers = render.questions_listed(answer)
    assert len(pressed) == len(numbers) > 0
    assert [(language, unescape(text)) for language, text in pressed] == [
        ("es", spanish.question(number).text) for number in numbers
    ]
    assert spanish.label["es"] in words(html)
    assert all(spanish.question(number).text in render.to_text(answer, bot.document) for number in numbers)


def test_replies_without_words_of_the_document_carry_no_label(bot):
    assert 'class="unofficial"' not in view.turn(bot.ask("hola"), bot.document, key="k")
    assert 'class="unofficial"' not in view.turn(bot.ask("7"), bot.document, key="k")


def test_the_source_panel_holds_both_texts_under_one_anchor_each(bot, spanish):
    html = page.source(bot.document)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert len([one for one in ids if one.startswith("q")]) == 20 + 82
    shown = words(html)
    for text in (bot.document, spanish):
        assert all(piece.text in shown for piece in (*text.questions, *text.passages))
    assert "Riesgos:" in shown
    assert spanish.label["es"] in shown


def test_the_card_names_the_translation(bot, spanish):
    html = page.card(bot.document)
    assert f'title="{spanish.sha256}"' in html
    for part in (*spanish.label.values(), spanish.title, bot.document.title):
        assert part in words(html)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("memorandos de entendimiento (MOU)", ["mou"]),
        ("con el Servicio de Inmigración y Control de Aduanas (ICE)", ["ice"]),
        ("se conservan por un período de 10 años", ["retention"]),
        ("Este período de conservación", ["retention"]),
        ("información personal identificable", ["pii"]),
        ("actividades de control migratorio civil", ["civil"]),
    ],
)
def test_hard_words_are_found_in_spanish(spanish, text, names):
    assert text in spanish.source
    assert [term.name for _, term in glossary.split(text, set()) if term] == names


def test_every_term_is_found_in_both_texts_and_explained_in_spanish(document, spanish):
    for text in (document, spanish):
        found = {term.name for passage in text.passages for _, term in glossary.split(passage.text, set()) if term}
        assert found == {term.name for term in glossary.terms()}
    for term in glossary.terms():
        first = term.explained["es"].split(":")[0].split(" (")[0].lower()
        assert first in spanish.source.lower()
