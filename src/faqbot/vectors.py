"""Vectors that can be searched by inner product. The only file that names FAISS.

Flat, exact search: at 10,000 rows a query takes a quarter of a millisecond. Past some 200,000 rows (about
80 MB at 96 dimensions and 5 ms a query) change `IndexFlatIP` for `IndexHNSWFlat`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from faqbot.errors import BrokenIndexError

Vectors = NDArray[np.float32]
LONGEST = 1.01  # length of a stored vector; they are unit vectors or zero
ROUNDS = 8  # of k-means; it moves little after
faiss.omp_set_num_threads(1)  # a thread team costs more than it saves for one query


class VectorStore(Protocol):
    """Rows of float32 vectors, numbered from 0."""

    def __len__(self) -> int: ...

    def search(self, query: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The `count` rows with the highest inner product with one query of shape (dimension,).

        Returns (similarities, rows), best first, shorter than `count` when there are fewer rows; ties are
        broken by the lower row. Rows whose product is not a number are left out.
        """
        ...


class NumpyStore:
    """The reference: a matrix product and a stable sort."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, query: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        similarities = self._vectors @ query
        rows = np.argsort(-similarities, kind="stable")[: min(count, int((~np.isnan(similarities)).sum()))]
        return similarities[rows], rows.astype(np.int64)


class FaissStore:
    """The same by FAISS, and what is saved to disk."""

    def __init__(self, vectors: Vectors) -> None:
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, query: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        wanted = min(count, len(self))
        fetched = min(wanted + 1, len(self))
        while True:
            similarities, rows = self._index.search(query[None, :], fetched)
            if fetched == len(self) or similarities[0][-1] != similarities[0][wanted - 1]:
                break
            fetched = min(2 * fetched, len(self))  # FAISS keeps any of the rows that tie at the end
        found = rows[0] >= 0  # FAISS answers -1 where a similarity is NaN
        order = np.lexsort((rows[0][found], -similarities[0][found]))[:wanted]
        return similarities[0][found][order], rows[0][found][order]

    def head(self, count: int) -> Vectors:
        """The first `count` vectors, shape (count, dimension)."""
        return np.asarray(self._index.reconstruct_n(0, count), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the vectors as float16: half the size, and a similarity changes by less than 0.001."""
        stored = faiss.IndexScalarQuantizer(self.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        stored.add(self.head(len(self)))
        faiss.write_index(stored, str(path))

    @classmethod
    def load(cls, path: Path) -> FaissStore:
        """Read a saved store; anything but an inner-product index of float16 vectors is refused.

        It is searched as float32: twice as fast, and small enough.
        """
        usual = faiss.get_deserialization_vector_byte_limit()
        try:
            faiss.set_deserialization_vector_byte_limit(path.stat().st_size)  # no header can claim more than there is
            index = faiss.read_index(str(path))
        except (RuntimeError, MemoryError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise BrokenIndexError(f"{path}: FAISS cannot read it ({reason}). Run `make index`.") from None
        finally:
            faiss.set_deserialization_vector_byte_limit(usual)
        half = isinstance(index, faiss.IndexScalarQuantizer) and index.sq.qtype == faiss.ScalarQuantizer.QT_fp16
        if not half or not index.is_trained or index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise BrokenIndexError(f"{path}: not an inner-product index of float16 vectors. Run `make index`.")
        vectors = index.reconstruct_n(0, index.ntotal)
        if not _sound(vectors):
            raise BrokenIndexError(f"{path}: holds vectors that are no numbers or not of length 1. Run `make index`.")
        return cls(vectors)


def condense(vectors: Vectors, count: int) -> Vectors:
    """`count` unit vectors that stand for many, by spherical k-means (Dhillon and Modha 2001); seeded."""
    if count >= len(vectors):
        return vectors
    clusters = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=ROUNDS,
        spherical=True,
        seed=7,
        min_points_per_centroid=1,
        max_points_per_centroid=len(vectors),
    )
    clusters.train(np.ascontiguousarray(vectors, dtype=np.float32))
    return np.asarray(clusters.centroids, dtype=np.float32)


def _sound(vectors: Vectors) -> bool:
    """Whether every vector is finite and no longer than 1; NaN compares false."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return bool((squares <= LONGEST**2).all())
