"""Built once, verified at every load: damage is named and never fatal, and the old index outlives any failed build."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import SOURCE, write_corpus, write_lines

from faqbot.bot import FaqBot
from faqbot.build import build_index
from faqbot.errors import BrokenIndexError, CorpusError, EmbedderError, FaqBotError
from faqbot.index import load_index, stale_because
from faqbot.settings import Settings
from faqbot.swap import recover

HERE = Path(__file__).parent
FILES = [
    "encoder/model.safetensors",
    "encoder/tokenizer.json",
    "lexical.safetensors",
    "passages.jsonl",
    "vectors.faiss",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tiny corpus and its index, built once; tests that change anything take a copy."""
    folder = tmp_path_factory.mktemp("built")
    build_index(write_corpus(folder / "corpus"), folder / "index", quiet=True)
    return folder


@pytest.fixture
def copied(built, tmp_path):
    shutil.copytree(built, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    return tmp_path / "copy"


def load(folder, **settings):
    return FaqBot.load(Settings(corpus=folder / "corpus", index=folder / "index", **settings))


def answers(folder):
    """The index loads and answers; equal values mean the same index."""
    bot = load(folder)
    asked = [bot.ask(text) for text in ("what can i borrow", "who pays for a lost book", "cuándo cierran")]
    assert [answer.ranking[0] for answer in asked] == [1, 3, 2]
    return [(answer.outcome, answer.ranking, answer.citations) for answer in asked]


def edit_manifest(folder, change):
    path = folder / "index" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def assert_refused(folder, *names, **settings):
    with pytest.raises(BrokenIndexError) as caught:
        load(folder, **settings)
    for name in (*names, "make index"):
        assert name in str(caught.value)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- what is built -----------------------------------------------------------------------------------


def test_a_second_build_has_identical_bytes(built, tmp_path):
    """In another process, where hash seeds and threads differ."""
    code = "import sys; from faqbot.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["build", "--quiet", "--corpus", str(built / "corpus"), "--index", str(tmp_path / "again")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, timeout=300, capture_output=True)
    first, second = contents(built / "index"), contents(tmp_path / "again")
    assert sorted(first) == sorted([*FILES, *second.keys() - FILES])
    assert [name for name in first if first[name] != second[name]] == []


def test_manifest_describes_itself(built):
    manifest = json.loads((built / "index" / "manifest.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (built / "index" / "passages.jsonl").open(encoding="utf-8")]
    assert set(FILES) <= set(manifest["files"])
    assert set(manifest["files"]) | {"manifest.json"} == set(contents(built / "index"))
    assert manifest["rows"]["passage"] == 5
    assert sum(manifest["rows"].values()) == len(rows)
    assert [row["kind"] for row in rows[:5]] == ["passage"] * 5
    assert manifest["embedder"] == "embedded"
    assert {"faiss-cpu", "sentence-transformers"} <= set(manifest["libraries"])
    assert not any(str(built) in data.decode("latin-1") for data in contents(built / "index").values())  # no paths


def test_the_encoder_is_an_ordinary_sentence_transformer(built):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(built / "index" / "encoder"), device="cpu", local_files_only=True)
    assert model.encode(["a book"]).shape == (1, load_index(built / "index", corpus=built / "corpus").store.dimension)


def test_the_built_index_answers(built):
    assert answers(built) == answers(built)
    assert stale_because(built / "index", built / "corpus", "embedded") is None


# ---- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "one bit", "longer", "symlink", "a folder"])
def test_damaged_file(name, how, copied):
    path = copied / "index" / name
    data = path.read_bytes()
    path.unlink()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(data[:-100])
    elif how == "one bit":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    elif how == "longer":
        path.write_bytes(data + b"\n")
    elif how == "symlink":  # even to the right bytes: an index is a folder of plain files
        (copied / "elsewhere").write_bytes(data)
        path.symlink_to(copied / "elsewhere")
    elif how == "a folder":
        path.mkdir()
    assert_refused(copied, str(path))


@pytest.mark.parametrize("name", ["vectors.faiss", "lexical.safetensors"])
def test_foreign_file(name, copied):
    """A good file of another index."""
    shutil.copy(Settings().index / name, copied / "index" / name)
    assert_refused(copied, str(copied / "index" / name))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("no files", lambda m: m.pop("files")),
        ("no calibration", lambda m: m.pop("calibration")),
        ("half a calibration", lambda m: m["calibration"]["thresholds"].pop("answer")),
        ("weights are no numbers", lambda m: m["calibration"]["weights"].update(fusion=None)),
        ("no rows", lambda m: m.pop("rows")),
        ("rows are a number", lambda m: m.update(rows=3)),
        ("no dimension", lambda m: m.pop("dimension")),
        ("files are a number", lambda m: m.update(files=3)),
        ("vectors not listed", lambda m: m["files"].pop("vectors.faiss")),
        ("encoder not listed", lambda m: m["files"].pop("encoder/model.safetensors")),
        ("wrong count", lambda m: m["rows"].update(phrasing=3)),
        ("wrong dimension", lambda m: m.update(dimension=7)),
        ("a file outside", lambda m: m["files"].update({"../corpus/source.txt": "0"})),
        ("format of the future", lambda m: m.update(format=99)),
        ("format is text", lambda m: m.update(format="1")),
        ("no format", lambda m: m.pop("format")),
        ("corpus is a list", lambda m: m.update(corpus=[])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_manifest_that_does_not_fit(rule, change, copied):
    edit_manifest(copied, change)
    assert_refused(copied, "index")


@pytest.mark.parametrize("data", [b"", b"{", b"[1, 2]", b"7", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_manifest_that_is_none(data, copied):
    (copied / "index" / "manifest.json").write_bytes(data)
    assert_refused(copied, "manifest.json")


def test_no_index(copied):
    shutil.rmtree(copied / "index")
    assert_refused(copied, str(copied / "index"), "no index")
    (copied / "index").write_text("a file", encoding="utf-8")
    assert_refused(copied, str(copied / "index"))


def test_a_flipped_bit_in_the_manifest_is_never_a_crash(copied):
    """Some flips leave a good manifest, such as one in the version of a library; the others are named."""
    path, dice = copied / "index" / "manifest.json", random.Random(5)
    good = path.read_bytes()
    refused = []
    for _ in range(150):
        at = dice.randrange(len(good))
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << dice.randrange(8))]) + good[at + 1 :])
        try:
            load(copied)
        except BrokenIndexError as error:
            refused.append(str(error))
    assert len(refused) > 75
    assert all("make index" in message for message in refused)


@pytest.mark.parametrize("name", ["phrasings.en.jsonl", "phrasings.es.jsonl", "unanswerable.jsonl", "followups.jsonl"])
def test_stale_corpus(name, copied):
    with (copied / "corpus" / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert_refused(copied, name, "changed")


def test_tensions_need_no_new_index(copied):
    """They are read when serving; a comment in them costs nobody a training."""
    with (copied / "corpus" / "tensions.toml").open("a", encoding="utf-8") as file:
        file.write("# a word\n")
    assert answers(copied)


def test_a_file_that_came_or_went(copied):
    write_lines(copied / "corpus" / "contrasts.jsonl", [])
    assert_refused(copied, "contrasts.jsonl")
    (copied / "corpus" / "contrasts.jsonl").unlink()
    (copied / "corpus" / "followups.jsonl").unlink()
    assert_refused(copied, "followups.jsonl")


def test_another_document_is_refused(copied):
    write_corpus(copied / "corpus", source=SOURCE.replace("ten dollars", "two dollars"))
    assert_refused(copied, "source.txt")


def test_another_embedder_is_refused(built):
    assert_refused(built, "'embedded'", "some/model", embedder="some/model")


# ---- builds that fail --------------------------------------------------------------------------------


def test_a_bad_corpus_leaves_the_old_index(copied):
    before, bytes_before = answers(copied), contents(copied / "index")
    good = (copied / "corpus" / "source.txt").read_bytes()
    (copied / "corpus" / "source.txt").write_bytes(b"no questions here\n")
    with pytest.raises(CorpusError):
        build_index(copied / "corpus", copied / "index", quiet=True)
    (copied / "corpus" / "source.txt").write_bytes(good)
    assert contents(copied / "index") == bytes_before
    assert answers(copied) == before
    assert sorted(path.name for path in copied.iterdir() if not path.name.endswith(".lock")) == ["corpus", "index"]


def test_a_wrong_model_leaves_the_old_index(copied):
    before = contents(copied / "index")
    with pytest.raises(EmbedderError, match="embedded"):
        build_index(copied / "corpus", copied / "index", embedder=str(copied / "no-model"), quiet=True)
    assert contents(copied / "index") == before


def test_a_target_that_cannot_be_written(copied):
    (copied / "file").write_text("", encoding="utf-8")
    for target in (copied / "file" / "index", copied / "file" / "deeper" / "index"):
        with pytest.raises(FaqBotError, match="cannot be written"):
            build_index(copied / "corpus", target, quiet=True)


BUILD_FOREVER = """
import os, signal, sys
from pathlib import Path
from faqbot.build import build_index
from faqbot.errors import FaqBotError
die_at, count = int(sys.argv[3]), 0
replace = os.replace
def counted(source, target):
    global count
    count += 1
    if count == die_at:
        os.kill(os.getpid(), signal.SIGKILL)  # as a power cut would, just before this rename
    replace(source, target)
os.replace = counted
print("ready", flush=True)
while True:
    try:
        build_index(Path(sys.argv[1]), Path(sys.argv[2]), quiet=True)
    except FaqBotError:
        pass  # the other builder was faster
"""


def builder(folder, *, die_at=0):
    """A process that builds the index over and over; it says "ready" before the first build."""
    command = [sys.executable, "-c", BUILD_FOREVER, str(folder / "corpus"), str(folder / "index"), str(die_at)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


@pytest.mark.slow
@pytest.mark.parametrize("rename", ["first", "second"])
def test_a_build_killed_at_a_rename(rename, copied):
    """Before the first rename the old index stands; between the two only `recover` brings it back."""
    before = answers(copied)
    process = builder(copied, die_at={"first": 1, "second": 2}[rename])
    assert process.wait(timeout=120) == -signal.SIGKILL
    assert (copied / "index").exists() == (rename == "first")
    assert answers(copied) == before
    assert (copied / "index").exists()


@pytest.mark.slow
def test_a_build_killed_at_any_moment(copied):
    """The index loads and answers after every kill, and the next build mends what is left."""
    before, dice = answers(copied), random.Random(11)
    for _ in range(3):
        process = builder(copied)
        time.sleep(dice.uniform(0.05, 2.5))
        process.kill()
        process.wait(timeout=60)
        assert answers(copied) == before
    build_index(copied / "corpus", copied / "index", quiet=True)
    assert answers(copied) == before


def test_recover_prefers_the_index_that_is_in_place(copied):
    """A set-aside copy left by a kill after the swap is not put over the new index."""
    old = copied / ".index-old"
    shutil.copytree(copied / "index", old)
    (old / "manifest.json").write_text("old", encoding="utf-8")
    recover(copied / "index")
    assert answers(copied)
    shutil.rmtree(copied / "index")
    recover(copied / "index")
    assert (copied / "index" / "manifest.json").read_text(encoding="utf-8") == "old"


@pytest.mark.slow
def test_two_builders_at_once(copied):
    process = builder(copied)
    try:
        said = []
        for _ in range(20):  # the other one is between two builds for a moment, so perhaps not at the first try
            try:
                build_index(copied / "corpus", copied / "index", quiet=True)
            except FaqBotError as error:
                said.append(str(error))
                break
        assert "Another build" in said[0]
        assert str(copied / "index") in said[0]
    finally:
        process.kill()
        process.wait(timeout=60)
    assert answers(copied)


# ---- another model -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """A small sentence-transformers model that this project did not train."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = {letter: number for number, letter in enumerate("?abcdefghijklmnopqrstuvwxyzáéíóúñ")}
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    folder = tmp_path_factory.mktemp("model") / "letters"
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=48)], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.mark.slow
def test_another_sentence_transformers_model(other_model, built, tmp_path):
    corpus, index = built / "corpus", tmp_path / "index"
    build_index(corpus, index, embedder=str(other_model), quiet=True)
    bot = FaqBot.load(Settings(corpus=corpus, index=index, embedder=str(other_model)))
    assert bot.index.store.dimension == bot.index.embedder.dimension == 48
    assert bot.ask("what can i borrow").ranking[0] == 1
    assert not (index / "encoder").exists()
    with pytest.raises(BrokenIndexError, match="embedder"):
        FaqBot.load(Settings(corpus=corpus, index=index))
    shutil.move(other_model, other_model.with_name("moved"))
    with pytest.raises(EmbedderError, match="`embedded`"):
        FaqBot.load(Settings(corpus=corpus, index=index, embedder=str(other_model)))


def test_the_committed_index_is_small_and_fresh():
    settings = Settings()
    assert sum(len(data) for data in contents(settings.index).values()) <= 25_000_000
    assert stale_because(settings.index, settings.corpus, settings.embedder) is None


def test_loading_needs_no_write(copied):
    """A folder that cannot be written to is enough to serve from; as root this proves only that nothing is added."""
    before = sorted(os.listdir(copied)), contents(copied)
    answers(copied)
    assert (sorted(os.listdir(copied)), contents(copied)) == before
