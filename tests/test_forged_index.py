"""An index made to do harm: every hash in its manifest is right, and it is refused all the same, quickly and small."""

import hashlib
import json
import os
import resource
import shutil
import struct

import faiss
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tiny import SOURCE, write_corpus

from faqbot.bot import FaqBot
from faqbot.build import build_index
from faqbot.errors import BrokenIndexError, EmbedderError
from faqbot.settings import Settings
from faqbot.vectors import FaissStore

VECTORS, ROWS, LEXICAL, WEIGHTS, TOKENIZER, MANIFEST = (
    "vectors.faiss",
    "passages.jsonl",
    "lexical.safetensors",
    "encoder/model.safetensors",
    "encoder/tokenizer.json",
    "manifest.json",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    build_index(write_corpus(folder / "corpus"), folder / "index", quiet=True)
    return folder


@pytest.fixture
def forge(built, tmp_path):
    """A copy to change; `forge()` makes its hashes right again and says why it is refused."""
    folder = tmp_path / "copy"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns(".*"))

    def refused(*names, manifest=lambda data: None):
        path = folder / "index" / MANIFEST
        data = json.loads(path.read_text(encoding="utf-8"))
        for name in data["files"]:
            data["files"][name] = hashlib.sha256((folder / "index" / name).read_bytes()).hexdigest()
        manifest(data)
        path.write_text(json.dumps(data), encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises((BrokenIndexError, EmbedderError)) as caught:
            FaqBot.load(Settings(corpus=folder / "corpus", index=folder / "index"))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
        for name in (*names, "make index"):
            assert name in str(caught.value)

    refused.index = folder / "index"
    return refused


def test_the_copy_is_good_until_it_is_changed(forge):
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        forge()


# ---- vectors


def stored(path):
    index = faiss.read_index(str(path))
    return index.reconstruct_n(0, index.ntotal)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3.0, 1e30], ids=str)
@pytest.mark.parametrize("row", [0, -1])
def test_a_vector_that_is_no_unit_vector(forge, bad, row):
    vectors = stored(forge.index / VECTORS)
    vectors[row, 3] = bad
    FaissStore(vectors).save(forge.index / VECTORS)
    forge(VECTORS)


@pytest.mark.parametrize("change", ["fewer", "more", "wider", "narrower", "none"])
def test_vectors_of_another_size(forge, change):
    vectors = stored(forge.index / VECTORS)
    vectors = {
        "fewer": vectors[:-1],
        "more": np.vstack([vectors, vectors[:1]]),
        "wider": np.hstack([vectors, np.zeros_like(vectors[:, :1])]),
        "narrower": vectors[:, :-1],
        "none": vectors[:0],
    }[change]
    FaissStore(np.ascontiguousarray(vectors)).save(forge.index / VECTORS)
    forge()


@pytest.mark.parametrize("offset", range(4, 40, 4))
@pytest.mark.parametrize("claim", [2**31 - 1, 2**20, 0, -1])
def test_a_header_that_claims_what_is_not_there(forge, offset, claim):
    path = forge.index / VECTORS
    data, before = bytearray(path.read_bytes()), stored(path)
    data[offset : offset + 4] = struct.pack("<i", claim)
    path.write_bytes(data)
    try:
        vectors = stored(path)
    except (RuntimeError, MemoryError):
        vectors = None
    if not np.array_equal(vectors, before):  # a few fields say nothing
        forge()


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "HNSW8", "IVF2,Flat", "IDMap,Flat", "PCA4,Flat", "PQ8x4"])
def test_another_kind_of_faiss_index(forge, kind):
    vectors = stored(forge.index / VECTORS)
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add_with_ids(vectors, np.arange(len(vectors))) if kind.startswith("IDMap") else index.add(vectors)
    faiss.write_index(index, str(forge.index / VECTORS))
    forge(VECTORS)


def test_distance_in_place_of_inner_product(forge):
    vectors = stored(forge.index / VECTORS)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(forge.index / VECTORS))
    forge(VECTORS)


# ---- rows


@pytest.mark.parametrize(
    "line",
    [
        "",
        "7",
        "[1, 2, 3, 4]",
        "[4]",
        "[1, 9]",
        "[1, 1, 99]",
        '["1"]',
        "null",
        '"x"',
        "{",
        "[" * 50_000,
        '{"kind": "phrasing", "evil": 1}',
        '{"question": 1}',
        '{"kind": "command", "question": 1}',
        '{"kind": ["phrasing"], "question": 1}',
        '{"kind": "phrasing", "text": 7, "question": 1}',
        '{"kind": "phrasing", "question": 4}',
        '{"kind": "phrasing", "question": 0}',
        '{"kind": "phrasing", "question": -1}',
        '{"kind": "phrasing", "question": 1.0}',
        '{"kind": "phrasing", "question": true}',
        '{"kind": "phrasing", "question": "1"}',
        '{"kind": "phrasing", "question": 99999999999999999999}',
        '{"kind": "phrasing", "question": 1, "position": 9}',
        '{"kind": "phrasing", "question": 1, "position": -1}',
        '{"kind": "phrasing", "question": 1, "position": 1, "sentence": 99}',
        '{"kind": "phrasing", "question": 1, "position": 1, "sentence": -3}',
        '{"kind": "phrasing", "question": 1, "sentence": 1}',
        '{"kind": "phrasing", "position": 1}',
        '{"kind": "passage", "text": "Send money.", "question": 1, "position": 1}',
        b"\xff\xfe",
    ],
)
def test_a_row_that_cannot_be(forge, line):
    path = forge.index / ROWS
    lines = path.read_bytes().splitlines()
    lines[-1] = line if isinstance(line, bytes) else line.encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    forge()


@pytest.mark.parametrize("field", ["text", "question", "position", "kind"])
def test_a_row_of_the_document_that_says_something_else(forge, field):
    path = forge.index / ROWS
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows[1][field] = {"text": "The library lends gold.", "question": 2, "position": 1, "kind": "phrasing"}[field]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    forge("another document")


def test_the_index_of_another_document(forge, tmp_path):
    """All hashes right, the corpus's among them: the rows themselves give it away."""
    source = write_corpus(forge.index.parent / "corpus", source=SOURCE.replace("ten dollars", "two dollars"))
    changed = hashlib.sha256((source / "source.txt").read_bytes()).hexdigest()
    forge("another document", manifest=lambda data: data["corpus"].update({"source.txt": changed}))


# ---- weights


def test_labels_of_other_questions(forge):
    change_lexical(forge, labels=lambda heads: heads["topic"].__setitem__(0, "17"))
    forge("another document")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        (name, how)
        for name in ("rarity", "topic.weights", "topic.scale", "danger.bias")
        for how in ("nan", "inf", "float64", "int32", "shorter", "flat", "gone")
        if (name, how) not in [("topic.weights", "nan"), ("topic.weights", "inf")]  # whole numbers
    ],
)
def test_lexical_tensors(forge, name, how):
    def change(tensors):
        tensor = tensors[name].copy()
        if how in ("nan", "inf"):
            tensor.flat[5 % tensor.size] = float(how)
        tensors[name] = {
            "float64": lambda: tensor.astype(np.float64),
            "int32": lambda: tensor.astype(np.int32),
            "shorter": lambda: tensor[:-1].copy(),
            "flat": lambda: tensor.reshape(-1, 1, 1),
        }.get(how, lambda: tensor)()
        if how == "gone":
            del tensors[name]

    change_lexical(forge, tensors=change)
    forge(LEXICAL)


@pytest.mark.parametrize("heads", [None, "", "7", "[]", "{}", '{"topic": 3}', '{"topic": [[1]]}', "[" * 9_000])
def test_lexical_labels(forge, heads):
    path = forge.index / LEXICAL
    save_file(load_file(path), path, metadata=None if heads is None else {"heads": heads})
    forge(LEXICAL)


def change_lexical(forge, *, tensors=lambda tensors: None, labels=lambda heads: None):
    path = forge.index / LEXICAL
    with safe_open(path, framework="numpy") as file:
        heads = json.loads(file.metadata()["heads"])
    data = load_file(path)
    tensors(data)
    labels(heads)
    save_file(data, path, metadata={"heads": json.dumps(heads)})


@pytest.mark.parametrize("how", ["nan", "float16", "one row", "flat", "wider", "renamed"])
def test_encoder_weights(forge, how):
    path = forge.index / WEIGHTS
    weights = load_file(path)["embedding.weight"]
    if how == "nan":
        weights[2, 2] = np.nan
    weights = {
        "float16": lambda: weights.astype(np.float16),
        "one row": lambda: weights[:1].copy(),
        "flat": lambda: weights.ravel(),
        "wider": lambda: np.hstack([weights, weights]),
    }.get(how, lambda: weights)()
    save_file({"x" if how == "renamed" else "embedding.weight": np.ascontiguousarray(weights)}, path)
    forge()


@pytest.mark.parametrize("size", [2**40, 2**62, 2**63 - 1])
@pytest.mark.parametrize("name", [LEXICAL, WEIGHTS])
def test_a_tensor_that_claims_terabytes(forge, name, size):
    header = json.dumps({"x": {"dtype": "F32", "shape": [size], "data_offsets": [0, size]}}).encode()
    (forge.index / name).write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)
    forge()


@pytest.mark.parametrize("claimed", [2**62, 2**31, 10**7])
def test_a_header_longer_than_the_file(forge, claimed):
    (forge.index / LEXICAL).write_bytes(struct.pack("<Q", claimed) + b"{}")
    forge(LEXICAL)


def test_a_pickle_is_not_read(forge):
    (forge.index / WEIGHTS).write_bytes(b"\x80\x04cos\nsystem\n(S'echo gotcha'\ntR.")
    forge()


def test_a_token_beyond_the_weights(forge):
    path = forge.index / TOKENIZER
    data = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = data["model"]["vocab"]
    vocabulary[next(reversed(vocabulary))] = 10**6
    path.write_text(json.dumps(data), encoding="utf-8")
    forge()


def test_a_tokenizer_too_large_to_be_one(forge):
    with (forge.index / TOKENIZER).open("r+b") as file:
        file.truncate(1 << 26)
    forge("tokenizer.json")


# ---- manifest and folder


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("NaN weight", lambda m: m["calibration"]["weights"].update(none_bias=float("nan"))),
        ("infinite threshold", lambda m: m["calibration"]["thresholds"].update(answer=float("inf"))),
        ("a threshold that is text", lambda m: m["calibration"]["thresholds"].update(answer="0.5")),
        ("too many weights", lambda m: m["calibration"]["weights"]["fusion"].append(1.0)),
        ("too few clues", lambda m: m["calibration"]["weights"]["sentence"].pop()),
        ("a huge number", lambda m: m["calibration"]["weights"].update(none_bias=10**400)),
        ("a huge count", lambda m: m["rows"].update(phrasing=10**18)),
        ("a negative count", lambda m: m["rows"].update(phrasing=-5, sentence=10**6)),
        ("a count that is text", lambda m: m["rows"].update(phrasing="12")),
        ("a hash that is a number", lambda m: m["files"].update({VECTORS: 7})),
        ("a file above", lambda m: m["files"].update({"../../etc": "0"})),
        ("an absolute file", lambda m: m["files"].update({"/etc/hostname": "0"})),
        ("a name with NUL", lambda m: m["files"].update({"a\0b": "0"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_manifest_that_lies(forge, rule, change):
    forge(manifest=change)


def test_a_manifest_too_large_to_be_one(forge):
    (forge.index / MANIFEST).write_bytes(b'{"format": 1, "x": "' + b"x" * (1 << 21) + b'"}')
    with pytest.raises(BrokenIndexError, match="too many"):
        FaqBot.load(Settings(corpus=forge.index.parent / "corpus", index=forge.index))


def test_a_folder_within_that_lies_elsewhere(forge, tmp_path):
    shutil.move(forge.index / "encoder", tmp_path / "elsewhere")
    (forge.index / "encoder").symlink_to(tmp_path / "elsewhere")
    forge("encoder")


def test_a_pipe_is_not_waited_for(forge):
    (forge.index / VECTORS).unlink()
    os.mkfifo(forge.index / VECTORS)
    with pytest.raises(BrokenIndexError, match="not a plain file"):
        FaqBot.load(Settings(corpus=forge.index.parent / "corpus", index=forge.index))
