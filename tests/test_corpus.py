"""The parser: exact spans on the real and on generated documents, and a clear error for every bad one."""

import hashlib
import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faqbot.corpus import load_corpus
from faqbot.document import load_document
from faqbot.errors import CorpusError
from faqbot.parsing import parse_questions
from faqbot.settings import Settings

WISCONSIN = Settings().corpus
CASES = json.loads((Path(__file__).parent / "cases" / "bad_corpus.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document():
    return load_document(WISCONSIN)


@pytest.fixture
def folder(tmp_path):
    """A copy of the Wisconsin document without its long language data, to be spoiled."""
    for name in ("document.toml", "source.txt", "source.es.txt", "tensions.toml"):
        shutil.copy(WISCONSIN / name, tmp_path)
    rows = {
        "phrasings.en.jsonl": {"q": "what do they share", "question": 1, "author": "t"},
        "phrasings.es.jsonl": {"q": "qué comparten", "question": 1, "author": "t"},
        "unanswerable.jsonl": {"q": "hello", "kind": "greeting", "author": "t"},
    }
    for name, row in rows.items():
        (tmp_path / name).write_text(json.dumps(row) + "\n", encoding="utf-8")
    return tmp_path


def write_source(folder: Path, data: bytes) -> None:
    """Put another document into a corpus folder, with the right hash and without the translation."""
    (folder / "source.es.txt").unlink(missing_ok=True)
    old = hashlib.sha256((folder / "source.txt").read_bytes()).hexdigest()
    (folder / "source.txt").write_bytes(data)
    about = (folder / "document.toml").read_text(encoding="utf-8")
    about = about.partition("[translation.es]")[0].replace(old, hashlib.sha256(data).hexdigest())
    (folder / "document.toml").write_text(about, encoding="utf-8")


# ---- the real document -------------------------------------------------------------------------------


def test_twenty_questions_and_82_passages(document):
    assert [question.number for question in document.questions] == list(range(1, 21))
    assert len(document.passages) == 82
    assert len({passage.key for passage in document.passages}) == 82


def test_every_span_is_exact(document):
    source = (WISCONSIN / "source.txt").read_bytes().decode("utf-8")
    assert document.source == source
    for question in document.questions:
        assert source[question.start : question.end] == question.text
        assert source[: question.start].endswith(f"{question.number}. ")
    for passage in document.passages:
        assert source[passage.start : passage.end] == passage.text


def test_nothing_of_the_document_is_lost(document):
    """What lies between passages is nothing but blanks, list numbers, headings and the questions themselves."""
    rest = document.source
    for piece in sorted([*document.passages, *document.questions], key=lambda piece: -piece.start):
        rest = rest[: piece.start] + rest[piece.end :]
    assert {word for word in rest.split() if not word.rstrip(".").isdigit()} == {"Risks:", "Benefits:"}


def test_sentences_cover_their_passage(document):
    for passage in document.passages:
        spans = passage.sentences
        assert (spans[0].start, spans[-1].end) == (passage.start, passage.end)
        gaps = [document.source[a.end : b.start] for a, b in pairwise(spans)]
        assert all(gap.isspace() for gap in gaps)


def test_a_hedge_is_never_cut_from_its_sentence(document):
    """Sentences begin like sentences: "ICE may …" does not become "may …", "U.S. Immigration" is not split."""
    starts = [document.source[span.start] for passage in document.passages for span in passage.sentences]
    assert all(start.isupper() for start in starts)


def test_scope_is_computed_from_the_answer(document):
    named = [question.number for question in document.questions if question.scope == "wisconsin"]
    assert named == [1, 3, 7, 11, 13, 15, 16, 18, 19, 20]
    assert all(p.scope == q.scope for q in document.questions for p in q.passages)
    assert {question.scope for question in document.questions} == {"wisconsin", "general"}


def test_risks_and_benefits_of_question_20(document):
    got = [(passage.section, passage.item) for passage in document.question(20).passages]
    risks, benefits = [("Risks", n) for n in (1, 2, 3, 4)], [("Benefits", n) for n in (1, 2, 3, 4)]
    assert got == [(None, None), *risks, *benefits, (None, None)]
    assert document.question(20).passages[3].label == "Question 20, Risks, item 3"
    assert {p.section for q in document.questions[:19] for p in q.passages} == {None}


@pytest.mark.parametrize(
    ("number", "items"),
    [
        (1, [None, 1, 2, 3, None]),  # item 2 stands where a question 2 could
        (7, [None]),
        (8, [1, 2, 3]),  # the answer begins with "1."
        (15, [None, None, None]),
        (17, [None, 1, 2, 3, 4, 5, None]),
    ],
)
def test_traps(document, number, items):
    assert [passage.item for passage in document.question(number).passages] == items


def test_there_is_no_question_0_or_21(document):
    for number in (0, 21, -1):
        with pytest.raises(IndexError):
            document.question(number)


# ---- accepted forms ----------------------------------------------------------------------------------

SMALL = "1. Who?\nBob may.\n1. One? Two.\n2. It is so.\n\n2. Why?\nRisks:\n1. Fear.\nThe end.\n"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", " \t \n"), id="trailing blanks"),
        pytest.param(lambda text: text.rstrip("\n"), id="no last line end"),
        pytest.param(lambda text: "\n\n" + text.replace("\n", "\n\n \n"), id="blank lines"),
        pytest.param(lambda text: "\ufeff" + text.replace("\n", " \r\n"), id="all of these"),
    ],
)
def test_accepted_forms_give_the_same_passages(change, folder):
    plain = parse_questions(SMALL, place="Bob")
    assert [(p.question, p.item, p.section, p.text, p.scope) for q in plain for p in q.passages] == [
        (1, None, None, "Bob may.", "bob"),
        (1, 1, None, "One? Two.", "bob"),
        (1, 2, None, "It is so.", "bob"),  # the next number, but it does not end with "?"
        (2, 1, "Risks", "Fear.", "general"),
        (2, None, None, "The end.", "general"),
    ]
    write_source(folder, change(SMALL).encode())
    document = load_document(folder)  # from bytes, as a user's file
    key = [(p.question, p.item, p.section, p.text) for p in document.passages]
    assert key == [(p.question, p.item, p.section, p.text) for q in plain for p in q.passages]
    source = (folder / "source.txt").open(encoding="utf-8", newline="").read()
    assert all(source[p.start : p.end] == p.text for p in document.passages)


# ---- refused documents -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES["source"], ids=lambda case: case["rule"])
def test_bad_source(case, folder):
    data = case.get("bytes", "").encode("latin-1") or (case["text"] * case.get("times", 1)).encode()
    write_source(folder, data)
    with pytest.raises(CorpusError) as caught:
        load_document(folder)
    place = f"{folder / 'source.txt'}" + (f":{case['line']}" if "line" in case else "")
    assert str(caught.value).startswith(f"{place}: ")
    assert case["says"] in str(caught.value)


def test_line_over_the_limit(folder):
    write_source(folder, f"1. Who?\n{'a' * 100_001}\n".encode())
    with pytest.raises(CorpusError, match=r"source\.txt:2: .*100,000"):
        load_document(folder)
    write_source(folder, f"1. Who?\n{'a' * 99_999}\n".encode())
    assert len(load_document(folder).passages[0].text) == 99_999


def test_wrong_hash_names_both_values(folder):
    changed = (folder / "source.txt").read_bytes().replace(b"10 years", b"11 years")
    (folder / "source.txt").write_bytes(changed)
    with pytest.raises(CorpusError) as caught:
        load_document(folder)
    assert hashlib.sha256(changed).hexdigest() in str(caught.value)
    assert "document.toml" in str(caught.value)
    assert "make index" in str(caught.value)


def test_missing_folder_and_files(folder, tmp_path):
    with pytest.raises(CorpusError, match=r"nowhere"):
        load_document(tmp_path / "nowhere")
    (folder / "phrasings.es.jsonl").unlink()
    with pytest.raises(CorpusError, match=r"phrasings\.es\.jsonl: cannot be read"):
        load_corpus(folder)


@pytest.mark.parametrize("case", CASES["language_data"], ids=lambda case: f"{case['file']}: {case['rule']}")
def test_bad_language_data(case, folder):
    path = folder / case["file"]
    good = path.read_text(encoding="utf-8") if path.exists() else ""
    line = case["text"] if "text" in case else json.dumps(case["row"])
    path.write_text(good + line + "\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        load_corpus(folder)
    assert str(caught.value).startswith(f"{path}:{good.count(chr(10)) + 1}: ")


@pytest.mark.parametrize("case", CASES["toml"], ids=lambda case: f"{case['file']}: {case['rule']}")
def test_bad_toml(case, folder):
    path = folder / case["file"]
    text = path.read_text(encoding="utf-8")
    assert case["replace"] in text
    path.write_text(text.replace(case["replace"], case["by"], 1), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        load_corpus(folder)
    assert str(caught.value).startswith(str(path))
    assert case["says"] in str(caught.value)


def test_the_unspoiled_copy_loads(folder):
    """Otherwise the tests above would prove nothing."""
    assert len(load_corpus(folder).phrasings) == 2


# ---- generated documents -----------------------------------------------------------------------------

_LETTERS = st.characters(categories=("L", "M", "N", "P", "S"), exclude_characters="\x00")
_WORD = st.text(_LETTERS, min_size=1, max_size=8)
_LINE = st.lists(_WORD, min_size=1, max_size=12).map(" ".join)


def _is_plain(line: str) -> bool:
    """Neither an item, nor a heading, nor anything that ends like a question."""
    head = line.split(".", 1)[0]
    return not (head.isdigit() or line.endswith(("?", ":")) or line != line.strip())


_PARAGRAPH = _LINE.filter(_is_plain)
_ANSWER = st.lists(
    st.one_of(
        st.tuples(st.just("paragraph"), _PARAGRAPH),
        st.tuples(st.just("items"), st.lists(_PARAGRAPH, min_size=1, max_size=4)),
        st.tuples(st.sampled_from(["Risks", "Benefits", "What it costs"]), st.lists(_PARAGRAPH, min_size=1)),
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def documents(draw):
    """A document's text and the passages that it was made from: (question, item, section, text)."""
    end = draw(st.sampled_from(["\n", "\r\n", " \n", "\n\n", "\t\r\n"]))
    lines, passages, questions = [], [], []
    for number, answer in enumerate(draw(st.lists(_ANSWER, min_size=1, max_size=4)), 1):
        questions.append(f"{draw(_PARAGRAPH)} ?")
        lines.append(f"{number}. {questions[-1]}")
        section = None
        for kind, content in answer:
            if kind == "paragraph":
                section = None
                lines.append(content)
                passages.append((number, None, None, content))
                continue
            if kind != "items":
                section = kind
                lines.append(f"{kind}:")
            for item, text in enumerate(content, 1):
                lines.append(f"{item}. {text}")
                passages.append((number, item, section, text))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + end.join(lines) + draw(st.sampled_from(["", end])), questions, passages


@given(documents())
def test_generated_documents_round_trip(generated):
    source, texts, passages = generated
    questions = parse_questions(source, place="Wisconsin")
    assert [question.text for question in questions] == texts
    assert [question.number for question in questions] == list(range(1, len(texts) + 1))
    found = [passage for question in questions for passage in question.passages]
    assert [(p.question, p.item, p.section, p.text) for p in found] == passages
    for question in questions:
        assert source[question.start : question.end] == question.text
        assert [passage.position for passage in question.passages] == list(range(1, len(question.passages) + 1))
    for passage in found:
        assert source[passage.start : passage.end] == passage.text
        assert passage.sentences
        edges = [edge for span in passage.sentences for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert passage.start <= edges[0]
        assert edges[-1] <= passage.end
        assert all(span.start < span.end for span in passage.sentences)


@given(st.text(max_size=300) | st.lists(st.sampled_from(["1. a?", "2. b?", "1. c", "2. d", "x", ""])).map("\n".join))
def test_any_text_parses_or_is_refused(source):
    """No other exception, and whatever parses has true spans."""
    try:
        questions = parse_questions(source, place="Wisconsin")
    except CorpusError:
        return
    assert all(source[p.start : p.end] == p.text and p.text for q in questions for p in q.passages)
