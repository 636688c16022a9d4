"""Both embedders give what sentence-transformers gives; serving needs no torch; a wrong model is a clear error."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faqbot.corpus import load_corpus
from faqbot.embedding import SentenceTransformerEmbedder, StaticEmbedder, may_use_hub, unit
from faqbot.errors import EmbedderError
from faqbot.settings import ROOT, Settings

ENCODER = Settings().index / "encoder"
ODD = ["", " ", "\n", "🙂", "\x00", "ñandú ¿qué? 10’s", "a" * 5_000, "ICE " * 800, "العربية", "xqzj", "[UNK]"]


@pytest.fixture(scope="module")
def static():
    return StaticEmbedder.load(ENCODER)


@pytest.fixture(scope="module")
def model():
    """What the same folder is to anybody else: an ordinary SentenceTransformer."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(ENCODER), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def texts():
    """All texts of the corpus and all development questions."""
    corpus = load_corpus(Settings().corpus)
    document = corpus.document
    found = [question.text for question in document.questions] + [passage.text for passage in document.passages]
    found += [document.source[s.start : s.end] for passage in document.passages for s in passage.sentences]
    found += [one.text for one in (*corpus.phrasings, *corpus.unanswerable)]
    found += [turn for talk in corpus.conversations for turn in talk.turns]
    for path in sorted((ROOT / "benchmarks" / "questions").glob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            found += row.get("turns") or [row["q"]]
    return found


def test_static_vectors_are_bit_equal_to_sentence_transformers(static, model, texts):
    assert len(texts) > 10_000
    expected = model.encode([*texts, *ODD], batch_size=512, show_progress_bar=False)
    assert np.array_equal(static.mean_vectors([*texts, *ODD]), expected)


def test_one_at_a_time_is_the_same_as_all_at_once(static, texts):
    some = [*texts[::500], *ODD]
    assert np.array_equal(static.embed(some), np.concatenate([static.embed([text]) for text in some]))


def test_the_two_embedders_agree(static, texts):
    other = SentenceTransformerEmbedder(str(ENCODER))
    assert other.dimension == static.dimension
    np.testing.assert_allclose(other.embed(texts[::20]), static.embed(texts[::20]), rtol=0, atol=1e-6)


def test_vectors_are_unit_or_zero(static, texts):
    lengths = np.linalg.norm(static.embed([*texts[::50], *ODD]), axis=1)
    assert np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-5))
    assert np.linalg.norm(static.embed([""])) == 0
    assert static.embed([]).shape == (0, static.dimension)


@given(st.lists(st.text(max_size=50), max_size=4))
def test_any_text_has_a_finite_vector(some):
    vectors = StaticEmbedder.load(ENCODER).embed(some)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_unit():
    np.testing.assert_allclose(unit(np.array([[3, 4], [0, 0]], dtype=np.float32)), [[0.6, 0.8], [0, 0]])


# ---- wrong models ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "~/no-such-model", "../missing"])
def test_a_folder_that_is_not_there(name):
    started = time.monotonic()
    with pytest.raises(EmbedderError, match="`embedded`") as caught:
        SentenceTransformerEmbedder(name)
    assert name in str(caught.value)
    assert time.monotonic() - started < 10


def test_a_folder_that_holds_no_model(tmp_path):
    (tmp_path / "modules.json").write_text("[", encoding="utf-8")
    with pytest.raises(EmbedderError, match="`embedded`"):
        SentenceTransformerEmbedder(str(tmp_path))


@pytest.mark.slow
def test_a_hub_model_without_network():
    """In a process of its own, since huggingface_hub reads its switch at import."""
    code = """
import os, time
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import sentence_transformers
from faqbot.embedding import SentenceTransformerEmbedder
from faqbot.errors import EmbedderError
started = time.monotonic()
try:
    SentenceTransformerEmbedder("no-such-organisation/no-such-model")
except EmbedderError as error:
    print(error)
print(time.monotonic() - started)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    *message, seconds = done.stdout.splitlines()
    assert "no-such-organisation/no-such-model" in message[0]
    assert "`embedded`" in message[0]
    assert float(seconds) < 10


@pytest.mark.parametrize("spoil", ["missing", "no vectors", "garbage", "no tokenizer", "too few rows"])
def test_a_damaged_embedded_encoder(spoil, tmp_path):
    from safetensors.numpy import save_file

    tokenizer, weights = tmp_path / "tokenizer.json", tmp_path / "model.safetensors"
    if spoil != "missing":
        tokenizer.write_bytes((ENCODER / "tokenizer.json").read_bytes())
        weights.write_bytes((ENCODER / "model.safetensors").read_bytes())
    if spoil == "no vectors":
        save_file({"something": np.zeros((2, 2), np.float32)}, weights)
    elif spoil == "garbage":
        weights.write_bytes(b"\xff" * 1000)
    elif spoil == "no tokenizer":
        tokenizer.write_text("{}", encoding="utf-8")
    elif spoil == "too few rows":
        save_file({"embedding.weight": np.zeros((2, 8), np.float32)}, weights)
    with pytest.raises(EmbedderError, match="make index"):
        StaticEmbedder.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("embedded", False),
        ("intfloat/multilingual-e5-small", True),
        ("./here", False),
        ("/here", False),
        ("~/m", False),
    ],
)
def test_only_a_hub_name_may_use_the_hub(name, hub):
    assert may_use_hub(name) == hub


def test_an_existing_folder_is_not_a_hub_name(tmp_path, monkeypatch):
    (tmp_path / "my-model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not may_use_hub("my-model")


# ---- serving -----------------------------------------------------------------------------------------


def test_serving_imports_no_torch():
    code = """
import sys
from faqbot import FaqBot, render
bot = FaqBot.load()
render.to_json(bot.ask("do they tell me before my data goes to ICE?"))
heavy = ("torch", "sentence_transformers", "transformers", "sklearn", "requests", "gradio")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "[]\n", done.stderr
