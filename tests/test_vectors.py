"""One contract for both vector stores, on numbers; and files that are refused."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faqbot.errors import BrokenIndexError
from faqbot.vectors import FaissStore, NumpyStore, condense

ROWS, DIMENSION = 500, 24
STORES = pytest.mark.parametrize("store_class", [NumpyStore, FaissStore])


@pytest.fixture(scope="module")
def vectors():
    rows = np.random.default_rng(3).normal(size=(ROWS, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_hand(vectors, query, count):
    """The contract in plain Python: highest inner product first, the lower row first among equals."""
    similarities = vectors.astype(np.float64) @ query.astype(np.float64)
    rows = sorted(range(len(vectors)), key=lambda row: (-similarities[row], row))[:count]
    return similarities[rows], rows


@STORES
@pytest.mark.parametrize("count", [1, 10, ROWS])
def test_rows_and_scores(store_class, vectors, count):
    store = store_class(vectors)
    assert len(store) == ROWS
    for query in (vectors[7], -vectors[7], vectors[:3].mean(axis=0)):
        similarities, rows = store.search(query, count)
        expected, expected_rows = by_hand(vectors, query, count)
        assert rows.tolist() == expected_rows
        assert (similarities.dtype, rows.dtype) == (np.float32, np.int64)
        np.testing.assert_allclose(similarities, expected, rtol=0, atol=1e-5)
    assert store.search(vectors[7], 1)[1].tolist() == [7]


@STORES
def test_ties_go_to_the_lower_row(store_class, vectors):
    doubled = np.concatenate([vectors[5:8], vectors[5:8], vectors[5:8]])
    similarities, rows = store_class(doubled).search(vectors[6], 9)
    assert rows.tolist()[:3] == [1, 4, 7]
    assert len(set(similarities[:3].tolist())) == 1
    assert store_class(doubled).search(vectors[6], 2)[1].tolist() == [1, 4]  # also where the ties are cut off


@STORES
def test_more_asked_than_there_are(store_class, vectors):
    similarities, rows = store_class(vectors[:3]).search(vectors[0], 100)
    assert sorted(rows.tolist()) == [0, 1, 2]
    assert len(similarities) == 3


@STORES
def test_a_zero_query_finds_everything_alike(store_class, vectors):
    similarities, rows = store_class(vectors[:4]).search(np.zeros(DIMENSION, np.float32), 4)
    assert similarities.tolist() == [0, 0, 0, 0]
    assert rows.tolist() == [0, 1, 2, 3]


@STORES
def test_a_query_that_is_not_a_number_finds_nothing(store_class, vectors):
    """-1, FAISS's "no row", would be the last row of a Python list."""
    for query in (np.full(DIMENSION, np.nan, np.float32), vectors[0] * np.float32(np.nan)):
        similarities, rows = store_class(vectors).search(query, 5)
        assert (len(similarities), len(rows)) == (0, 0)


_SMALL = st.integers(-4, 4).map(lambda n: n / 4)  # exact in float32, with many ties


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 30), st.just(3)), elements=_SMALL),
    arrays.arrays(np.float32, 3, elements=_SMALL),
    st.integers(1, 40),
)
def test_both_stores_give_the_same(rows, query, count):
    ours, exact = FaissStore(rows).search(query, count), NumpyStore(rows).search(query, count)
    assert ours[1].tolist() == exact[1].tolist()
    np.testing.assert_allclose(ours[0], exact[0], rtol=0, atol=1e-5)


# ---- on disk -----------------------------------------------------------------------------------------


def test_saved_and_loaded_is_the_same(tmp_path, vectors):
    store = FaissStore(vectors)
    store.save(tmp_path / "a.faiss")
    store.save(tmp_path / "b.faiss")
    assert (tmp_path / "a.faiss").read_bytes() == (tmp_path / "b.faiss").read_bytes()
    loaded = FaissStore.load(tmp_path / "a.faiss")
    assert (len(loaded), loaded.dimension) == (ROWS, DIMENSION)
    rounded = loaded.head(ROWS)
    assert np.abs(rounded - vectors).max() < 0.0005  # float16 on disk
    for mine, theirs in zip(FaissStore(rounded).search(vectors[1], 20), loaded.search(vectors[1], 20), strict=True):
        assert np.array_equal(mine, theirs)
    exact, _ = store.search(vectors[1], 20)
    assert np.abs(exact - loaded.search(vectors[1], 20)[0]).max() < 0.001


def spoil(good: bytes, how: str) -> bytes:
    return {
        "empty": b"",
        "garbage": bytes(range(256)) * 10,
        "text": b"hello\n",
        "truncated head": good[:20],
        "truncated": good[: len(good) // 2],
        "one byte short": good[:-1],
        "forged size": good[:9] + (2**40).to_bytes(8, "little") + good[17:],
    }[how]


@pytest.mark.parametrize(
    "how", ["empty", "garbage", "text", "truncated head", "truncated", "one byte short", "forged size"]
)
def test_damaged_files_are_refused(how, tmp_path, vectors):
    path = tmp_path / "vectors.faiss"
    FaissStore(vectors).save(path)
    path.write_bytes(spoil(path.read_bytes(), how))
    with pytest.raises(BrokenIndexError, match="make index") as caught:
        FaissStore.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: faiss.IndexFlatL2(DIMENSION), id="distances"),
        pytest.param(lambda: faiss.IndexFlatIP(DIMENSION), id="float32"),
        pytest.param(lambda: faiss.index_factory(DIMENSION, "SQbf16", faiss.METRIC_INNER_PRODUCT), id="bfloat16"),
        pytest.param(lambda: faiss.IndexHNSWFlat(DIMENSION, 8), id="graph"),
        pytest.param(lambda: faiss.IndexLSH(DIMENSION, 16), id="hashing"),
        pytest.param(lambda: faiss.IndexIDMap(faiss.IndexFlatIP(DIMENSION)), id="own numbers"),
    ],
)
def test_other_kinds_of_index_are_refused(other, tmp_path):
    path = tmp_path / "vectors.faiss"
    faiss.write_index(other(), str(path))
    with pytest.raises(BrokenIndexError, match="inner-product index of float16"):
        FaissStore.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(BrokenIndexError, match="nowhere"):
        FaissStore.load(tmp_path / "nowhere.faiss")


def test_one_thread():
    """A thread team makes one query slower; `vectors` switches it off when it is imported."""
    assert faiss.omp_get_max_threads() == 1


def test_condensed_vectors_are_unit_stand_near_what_they_stand_for_and_are_the_same_each_time(vectors):
    centres = vectors[:5]
    noise = np.random.default_rng(4).normal(scale=0.02, size=(200, DIMENSION)).astype(np.float32)
    many = centres[np.arange(200) % 5] + noise
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    few = condense(many, 5)
    assert few.shape == (5, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(few, axis=1), 1, atol=1e-5)
    assert (centres @ few.T).max(axis=1).min() > 0.95
    assert np.array_equal(few, condense(many, 5))


def test_there_are_never_more_vectors_than_before(vectors):
    assert np.array_equal(condense(vectors[:3], 3), vectors[:3])
    assert np.array_equal(condense(vectors[:3], 9), vectors[:3])
