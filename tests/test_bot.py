"""The whole way from a message to an answer, on the real document and index: contract, proof, tone and look-ups."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from contract import check_contract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faqbot import render, texts
from faqbot.corpus import load_corpus
from faqbot.settings import ROOT

CASES = json.loads((Path(__file__).parent / "cases" / "bot.json").read_text(encoding="utf-8"))
LINES = [(case, message) for case in CASES for message in case["messages"]]
LOOKUPS = json.loads((Path(__file__).parent / "cases" / "lookups.json").read_text(encoding="utf-8"))
FOLLOWUPS = json.loads((Path(__file__).parent / "cases" / "followups.json").read_text(encoding="utf-8"))
SHARING = {1, 3, 6, 9, 12, 13, 17}  # questions of which a sentence describes that the data is shared or used


@pytest.fixture(scope="module")
def corpus(bot):
    return load_corpus(ROOT / "corpus" / "wisconsin")


def check(bot, answer, **passed):
    """The contract of one answer, as JSON; returns the JSON."""
    data = json.loads(json.dumps(render.to_json(answer, **passed)))
    check_contract(data, bot.document.source, spanish=bot.document.text_for("es").source)
    return data


@pytest.fixture(scope="module")
def benchmark():
    """Every development question, with the messages before it."""
    cases = []
    for path in sorted((ROOT / "benchmarks" / "questions").glob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            turns = row.get("turns") or [row["q"]]
            cases.append((turns[-1], turns[:-1]))
    return cases


@pytest.fixture(scope="module")
def many(benchmark, corpus):
    """Development questions, look-ups of everything, and every 40th authored line."""
    cases = [*benchmark, *((text, []) for case in LOOKUPS for text in case["messages"])]
    cases += [(f"Q{number}", []) for number in range(1, 21)]
    cases += [(one.text, []) for one in (*corpus.phrasings, *corpus.unanswerable)[::40]]
    return cases + [(talk.turns[-1], list(talk.turns[:-1])) for talk in corpus.conversations[::40]]


@pytest.fixture(scope="module")
def answers(bot, many):
    return [(message, bot.ask(message, history)) for message, history in many]


# ---- contract and proof ------------------------------------------------------------------------------


def test_contract_for_many_messages(bot, answers):
    for message, answer in answers:
        data = check(bot, answer, id=7)
        assert data["query"] == message
        assert data["id"] == 7


def test_every_outcome_was_seen(answers):
    """Otherwise the test above would promise more than it checks."""
    outcomes = {"answered", "did_you_mean", "not_covered", "lookup", "list", "out_of_range", "small_talk", "urgent"}
    assert outcomes <= {answer.outcome for _, answer in answers}


ANY_TEXT = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(), max_size=30),  # lone surrogates and NUL too
    st.lists(
        st.sampled_from("ICE data Q7 5.3 ¿ ؟ العربية 😀 \x00 \ud800 ‮ and item question 10 years me avisan".split())
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_TEXT, st.lists(ANY_TEXT, max_size=3), st.sampled_from([None, "en", "es"]))
def test_any_text_gets_an_answer(bot, message, history, language):
    answer = bot.ask(message, history, language=language)
    check(bot, answer)
    json.dumps(render.to_json(answer), ensure_ascii=False).encode("utf-8")  # what the doors print
    assert render.to_text(answer, bot.document)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("a" * 100_000, id="one long word"),
        pytest.param("do they tell me? " * 6_000, id="100,000 characters"),
        pytest.param("1" * 100_000, id="digits"),
        pytest.param("Q7 " * 30_000, id="look-ups"),
        pytest.param("1 aaaa " * 10_000 + "street", id="nearly a street"),
        pytest.param("calle " * 20_000, id="calle"),
        pytest.param("😀" * 50_000, id="emoji"),
        pytest.param("\x00" * 1_000, id="NUL"),
        pytest.param("\ud800\udfff\ud800", id="surrogates"),
        pytest.param("هل يخبرونني " * 50, id="right to left"),
        pytest.param("a\u0301\u0301\u0301" * 3_000, id="combining"),
        pytest.param("﷽" * 2_000, id="one character that folds to eighteen"),
    ],
)
def test_odd_messages(bot, message):
    answer = bot.ask(message, [message, message])
    check(bot, answer)
    assert answer.outcome in ("not_covered", "empty", "personal_details", "urgent")


def test_an_empty_message(bot):
    for message in ("", " ", "\n\t "):
        answer = bot.ask(message)
        assert (answer.outcome, answer.ranking, answer.citations) == ("empty", (), ())


def test_the_limit_is_said(bot):
    assert "2,000" in bot.ask("why " * 600).message
    assert bot.ask("why " * 499).outcome != "empty"


# ---- determinism -------------------------------------------------------------------------------------


def test_the_same_question_twice(bot, many, answers):
    for (message, history), (_, answer) in list(zip(many, answers, strict=True))[::5]:
        assert bot.ask(message, history) == answer


def test_the_same_question_in_another_process(bot, many, answers):
    sample = list(zip(many, answers, strict=True))[::7]
    lines = [json.dumps({"id": n, "turns": [*history, message]}) for n, ((message, history), _) in enumerate(sample)]
    command = [sys.executable, "-m", "faqbot", "ask", "--json", "--batch", "-"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=120)
    got = [json.loads(line) for line in done.stdout.splitlines()]
    assert got == [json.loads(json.dumps(render.to_json(answer, id=n))) for n, (_, (_, answer)) in enumerate(sample)]


# ---- marked sentences --------------------------------------------------------------------------------


def test_a_marked_span_is_whole_sentences(answers):
    """So a hedge ("may", "typically", "in most cases") is never cut from what it hedges."""
    for message, answer in answers:
        for citation in answer.citations:
            starts = {span.start for span in citation.passage.sentences}
            ends = {span.end for span in citation.passage.sentences}
            assert citation.marked.start in starts, message
            assert citation.marked.end in ends, message


def test_a_quoted_side_is_a_sentence_less_its_lead_in(bot):
    """Of a sentence only "Overall, " or an item's title ("Location Tracking: ") may be left out."""
    for tension in bot.tensions.tensions:
        for side in tension.sides:
            sentence = next(s for s in side.passage.sentences if s.start <= side.span.start < s.end)
            assert side.span.end in {span.end for span in side.passage.sentences}
            lead_in = bot.document.source[sentence.start : side.span.start]
            assert re.fullmatch(r"|Overall, |[A-Z][a-z]+(?: \w+){0,4}: ", lead_in), lead_in


# ---- the other side ----------------------------------------------------------------------------------


def shown(answer):
    """Passages in the reply, cited or as a side of a tension."""
    sides = [citation for tension in answer.tensions for citation in tension.citations]
    return {citation.passage.key for citation in (*answer.citations, *sides)}


def test_question_7_never_stands_alone(answers):
    seen = 0
    for message, answer in answers:
        cited = {citation.passage.question for citation in answer.citations}
        if 7 in cited:
            seen += 1
            assert SHARING & {question for question, _ in shown(answer)}, message
    assert seen >= 5


def test_sharing_never_stands_without_question_7(answers):
    seen = 0
    for message, answer in answers:
        cited = {citation.passage.key for citation in answer.citations}
        if any(question == 6 or (question == 1 and 2 <= position <= 4) for question, position in cited):
            seen += 1
            assert (7, 1) in shown(answer), message
    assert seen >= 10


def test_both_groups_of_every_shown_tension_are_quoted(bot, answers):
    by_note = {tension.note[language]: tension for tension in bot.tensions.tensions for language in ("en", "es")}
    for message, answer in answers:
        for shown_tension in answer.tensions:
            tension = by_note[shown_tension.note]
            quoted = {(citation.passage.key, citation.marked) for citation in shown_tension.citations}
            groups = {side.group for side in tension.sides if (side.passage.key, side.span) in quoted}
            assert groups == {side.group for side in tension.sides}, message
            assert shown_tension.note == tension.note[answer.language]


@pytest.mark.parametrize("number", [2, 5, 10, 11, 15, 16, 18, 19, 20])
def test_no_notice_where_nothing_disagrees(bot, number):
    assert bot.ask(f"Q{number}").tensions == ()


# ---- tone and kind of reply --------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "message"), LINES, ids=[f"{case['rule']}: {message}" for case, message in LINES])
def test_promised_replies(bot, case, message):
    answer = bot.ask(message)
    assert answer.outcome in case["is"]
    assert answer.language == case.get("language", answer.language)
    if "first" in case:
        assert list(answer.ranking[:1]) == case["first"]
        assert answer.citations[0].passage.question == case["first"][0]
    if answer.outcome not in ("answered", "did_you_mean"):
        assert answer.citations == ()


def test_danger_gets_help_in_its_language(bot):
    assert {bot.ask(word).outcome for word in ("help", "¡Ayuda!", "SOS", "AUXILIO", "socorro", "988")} == {"urgent"}
    assert {bot.ask(word, language="en").message for word in ("¡Ayuda!", "AUXILIO", "socorro")} == {
        texts.message("es", "urgent")
    }
    assert bot.ask("help", language="es").message == texts.message("en", "urgent")
    for fragment in ("and?", "y?", "both?", "why?"):
        assert bot.ask(fragment, ["how long do they keep it?"]).outcome != "urgent", fragment
    for message in (
        "ICE is outside and I want to know if they can use my foodstamps info",
        "quick question: how long do they keep it? agents are banging on the door",
        "estan en la puerta, ¿ellos pueden usar mi info de medicaid?",
    ):
        assert bot.ask(message).outcome == "urgent", message
    assert bot.ask("my uncle was taken last spring, did they find him from medicaid?").outcome != "urgent"
    assert bot.ask("ICE is at my door").message == texts.message("en", "urgent")
    assert bot.ask("la migra está en mi puerta").message == texts.message("es", "urgent")


# ---- look-ups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", LOOKUPS, ids=lambda case: case["rule"])
def test_look_ups(bot, case):
    for message in case["messages"]:
        answer = bot.ask(message)
        assert answer.outcome == case["is"], message
        assert [citation.passage.label for citation in answer.citations] == case.get("labels", []), message
        assert all(answer.message.count(part) for part in case.get("says", [])), answer.message
        if "first" in case:
            assert list(answer.ranking[: len(case["first"])]) == case["first"], message
        assert answer.language == case.get("language", "en"), message


@pytest.mark.parametrize("number", range(1, 21))
def test_a_look_up_shows_the_whole_answer_word_for_word(bot, number):
    answer = bot.ask(f"question {number}")
    question = bot.document.question(number)
    assert [citation.passage for citation in answer.citations] == list(question.passages)
    assert answer.ranking[0] == number
    assert bot.look_up(number).citations == answer.citations
    for passage in question.passages:
        if passage.item and not passage.section:
            got = bot.ask(f"Q{number} item {passage.item}")
            assert [citation.passage for citation in got.citations] == [passage]
            assert bot.look_up(number, passage.item).citations == got.citations


def test_the_list_is_all_questions_in_order(bot):
    answer = bot.ask("list all questions")
    assert (answer.outcome, answer.ranking) == ("list", tuple(range(1, 21)))
    text = render.to_text(answer, bot.document)
    assert all(question.text in text for question in bot.document.questions)


# ---- conversations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", FOLLOWUPS, ids=lambda case: " / ".join(case["turns"]))
def test_conversations(bot, case):
    *history, message = case["turns"]
    answer = bot.ask(message, history)
    assert answer.ranking[0] in case["first"]
    assert answer.language == case.get("language", "en")


def test_a_number_keeps_the_language_of_the_conversation(bot):
    assert bot.ask("7", ["¿me avisan si comparten mis datos?"]).language == "es"
    assert bot.ask("7", ["do they tell me if they share my data?"]).language == "en"
    assert bot.ask("7").language == "en"
