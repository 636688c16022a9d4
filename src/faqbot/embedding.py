"""Texts to unit vectors. Knows models, not documents.

Two embedders with one contract: `StaticEmbedder` serves the encoder that the project trains, without torch;
`SentenceTransformerEmbedder` serves any other sentence-transformers model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from faqbot.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
LARGEST_TOKENIZER = 1 << 25  # bytes; ours has 170,000


class Embedder(Protocol):
    """What the index and the search need of a model."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimension); a text without a known token gets the zero vector."""
        ...


class StaticEmbedder:
    """A saved `StaticEmbedding` model, run with tokenizers and numpy alone.

    `mean_vectors` is bit-equal to `SentenceTransformer(folder).encode`; a test holds it.
    """

    def __init__(self, tokenizer: Tokenizer, weights: Vectors) -> None:
        self._tokenizer, self._weights = tokenizer, weights
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @classmethod
    def load(cls, folder: Path) -> StaticEmbedder:
        """Read a saved model; raises EmbedderError."""
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            size = (folder / "tokenizer.json").stat().st_size
            if size > LARGEST_TOKENIZER:
                raise ValueError(f"tokenizer.json has {size:,} bytes")
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            weights = load_file(folder / "model.safetensors")["embedding.weight"]
        except Exception as error:  # tokenizers raises bare Exception
            raise EmbedderError(
                f"{folder}: the embedded encoder cannot be read ({error}). Run `make index` to build it again."
            ) from None
        tokens = max(tokenizer.get_vocab().values(), default=-1) + 1
        if weights.ndim != 2 or len(weights) < tokens or weights.dtype != np.float32:
            raise EmbedderError(
                f"{folder}: the weights are {weights.dtype} of shape {weights.shape}, but the tokenizer knows "
                f"{tokens} tokens. Run `make index` to build both again."
            )
        if not np.isfinite(weights).all():
            raise EmbedderError(f"{folder}: the weights hold what is no number. Run `make index` to build them again.")
        return cls(tokenizer, weights)

    @property
    def dimension(self) -> int:
        return int(self._weights.shape[1])

    def mean_vectors(self, texts: Sequence[str]) -> Vectors:
        """The mean of each text's token vectors, not normalised: what the saved model itself returns."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, encoding in zip(vectors, self._tokenizer.encode_batch(texts, add_special_tokens=False), strict=True):
            if encoding.ids:
                row[:] = self._weights[encoding.ids].mean(axis=0, dtype=np.float32)
        return vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        return unit(self.mean_vectors(list(texts)))


class SentenceTransformerEmbedder:
    """Any sentence-transformers model: an existing folder, or else the name of a hub model."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        folder = Path(name).expanduser()
        local = folder.exists() or name.startswith((".", "/", "~"))
        try:
            # A relative path that does not exist would be looked up on the hub: resolve it strictly.
            source = str(folder.resolve(strict=True)) if local else name
            self._model = SentenceTransformer(source, device="cpu", local_files_only=local)
        except Exception as error:  # the library raises many kinds, most of them OSError or ValueError
            what = "folder" if local else "hub model"
            raise EmbedderError(
                f"The {what} {name!r} cannot be loaded as a sentence-transformers model "
                f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}). "
                "The embedded encoder needs no download: leave out --embedder and FAQBOT_EMBEDDER, "
                "or set it to `embedded`, and run `make index`."
            ) from None

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        return unit(np.asarray(self._model.encode(list(texts), show_progress_bar=False), dtype=np.float32))


def may_use_hub(name: str) -> bool:
    """Whether an embedder setting names a hub model, the one case in which anything is fetched."""
    return name != "embedded" and not Path(name).expanduser().exists() and not name.startswith((".", "/", "~", os.sep))


def unit(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1; zero rows stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
