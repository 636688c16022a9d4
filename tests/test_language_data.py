"""What was promised of the authored language data: how much, by whom, and that nothing of it is a test question."""

import json
from collections import Counter, defaultdict

import pytest

from faqbot.calibration import FOLDS, split_authors
from faqbot.corpus import load_corpus
from faqbot.language import spanish_signs
from faqbot.settings import ROOT, Settings
from faqbot.text import fold, words

SHORT = 3  # words; up to that only an exact match counts, since "hello" and "hello!" are nobody's invention
NEAR = 0.8  # Jaccard similarity of character trigrams from which two texts are the same question


@pytest.fixture(scope="module")
def corpus():
    return load_corpus(Settings().corpus)


@pytest.fixture(scope="module")
def contrasts():
    return read_lines(Settings().corpus / "contrasts.jsonl")


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


# ---- how much ----------------------------------------------------------------------------------------


def test_english_phrasings(corpus):
    english = [phrasing for phrasing in corpus.phrasings if phrasing.language == "en"]
    assert len(english) >= 6_000
    per_question = Counter(phrasing.question for phrasing in english)
    assert {n: per_question[n] for n in range(1, 21) if per_question[n] < 300} == {}


def test_spanish_phrasings(corpus):
    spanish = [phrasing for phrasing in corpus.phrasings if phrasing.language == "es"]
    assert len(spanish) >= 2_000
    assert set(Counter(phrasing.question for phrasing in spanish)) == set(range(1, 21))


def test_every_passage_is_aimed_at(corpus):
    aimed = Counter((phrasing.question, phrasing.position) for phrasing in corpus.phrasings)
    assert {p.label: aimed[p.key] for p in corpus.document.passages if aimed[p.key] < 20} == {}


def test_unanswerable(corpus):
    assert len(corpus.unanswerable) >= 2_500
    assert sum(one.kind.startswith("near") for one in corpus.unanswerable) >= 1_200


def test_contrasts(contrasts):
    assert len(contrasts) >= 500
    same = [row for row in contrasts if row["a"].get("question") == row["b"].get("question")]
    places = [row for row in same if row["a"].get("position") == row["b"].get("position")]
    assert places == []  # the two sides have different answers


def test_follow_ups(corpus):
    assert len(corpus.conversations) >= 800
    assert sum(talk.switch for talk in corpus.conversations) >= len(corpus.conversations) / 4
    assert {len(talk.turns) for talk in corpus.conversations} <= {2, 3, 4}


def test_every_line_has_an_author_and_no_voice_is_alone(corpus):
    everything = [*corpus.phrasings, *corpus.unanswerable, *corpus.conversations]
    assert all(one.author.strip() for one in everything)
    for language in ("en", "es"):
        assert len({phrasing.author for phrasing in corpus.phrasings if phrasing.language == language}) >= 2


def test_the_language_is_the_one_of_the_file(corpus):
    """Spanish must not teach the program what English looks like; a Spanish word in an English line is fine."""
    marks = set("¿¡")
    wrong = [
        p.text for p in corpus.phrasings if p.language == "en" and (marks & set(p.text) or spanish_signs(p.text) > 2)
    ]
    assert wrong == []


# ---- no doubles, no test questions -------------------------------------------------------------------


def normal(text):
    """Folded, words only: how two texts are compared."""
    return " ".join(words(text)) or fold(text)


def test_no_duplicates(corpus):
    counts = Counter(normal(one.text) for one in (*corpus.phrasings, *corpus.unanswerable))
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_conversation_twice(corpus):
    counts = Counter(tuple(normal(turn) for turn in talk.turns) for talk in corpus.conversations)
    assert [turns for turns, count in counts.items() if count > 1] == []


def trigrams(text):
    padded = f"  {normal(text)} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class NearMatches:
    """Texts by their trigrams, to find those that are nearly the same as another."""

    def __init__(self, texts):
        self.texts = sorted(set(texts))
        self.grams = [trigrams(text) for text in self.texts]
        self.having = defaultdict(list)
        for number, grams in enumerate(self.grams):
            for gram in grams:
                self.having[gram].append(number)

    def near(self, text):
        grams = trigrams(text)
        shared = Counter(number for gram in grams for number in self.having.get(gram, ()))
        return [
            self.texts[number]
            for number, count in shared.items()
            if count >= NEAR * (len(grams) + len(self.grams[number]) - count)
        ]


def development_questions():
    """Every question of the benchmark and of the sample: of a conversation the last turn, the earlier are its setting.

    Look-ups are left out: their forms are a closed list that routing knows by rule.
    """
    folders = (ROOT / "benchmarks" / name for name in ("questions", "sample"))
    for path in sorted(path for folder in folders for path in folder.glob("*.jsonl")):
        if path.stem != "lookup":
            for row in read_lines(path):
                yield row["turns"][-1] if "turns" in row else row["q"]


def test_near_matches_are_found():
    """The test below would pass on anything if this did not find a doctored text."""
    finder = NearMatches(["Do they tell me before my data goes to ICE?", "hello there"])
    assert finder.near("do they tell me before my data goes to ice???")
    assert finder.near("Do they tell me before  my data go to ICE")
    assert not finder.near("Do they ask me before they send it?")


def test_nothing_is_a_development_question(corpus):
    texts = [one.text for one in (*corpus.phrasings, *corpus.unanswerable)]
    texts += [turn for talk in corpus.conversations for turn in talk.turns]
    exact, finder = {normal(text): text for text in texts}, NearMatches(texts)
    found = {}
    for question in development_questions():
        if normal(question) in exact:
            found[question] = exact[normal(question)]
        elif len(words(question)) > SHORT and (near := finder.near(question)):
            found[question] = near[0]
    assert found == {}


def test_every_group_of_authors_has_its_share_of_every_sort(corpus):
    """Without it a training would lack most cries for help, and what is fitted on it would be wrong for all."""
    sorts = {
        "en": [p.author for p in corpus.phrasings if p.language == "en"],
        "es": [p.author for p in corpus.phrasings if p.language == "es"],
        "near": [p.author for p in corpus.unanswerable if str(p.kind).startswith("near")],
        "distress": [p.author for p in corpus.unanswerable if p.kind == "distress"],
        "conversations": [talk.author for talk in corpus.conversations],
        "two-part": [both.author for both in corpus.two_part],
    }
    groups = split_authors(corpus)
    assert len(groups) == FOLDS
    for sort, authors in sorts.items():
        shares = [sum(author in group for author in authors) / len(authors) for group in groups]
        assert sum(shares) == pytest.approx(1)
        assert min(shares) > 0.5 / FOLDS, (sort, shares)
