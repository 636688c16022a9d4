"""What is built once from a corpus and served: encoder, vectors, rows, lexical heads, calibration.

An index is a folder. It is built aside and moved into place as a whole (`swap.py`); loading verifies every file
against the manifest, which is written last.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from faqbot import vectors
from faqbot.confidence import Thresholds
from faqbot.corpus import corpus_hashes
from faqbot.embedding import Embedder, SentenceTransformerEmbedder, StaticEmbedder
from faqbot.errors import BrokenIndexError
from faqbot.fusion import FUSED, SENTENCE_CLUES, TWO_PART_CLUES, Weights
from faqbot.lexical import NgramClassifier
from faqbot.schema import Question
from faqbot.search import Row, Search
from faqbot.settings import EMBEDDED
from faqbot.swap import move_into_place, recover

FORMAT = 3
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20  # bytes; ours has two thousand
LARGEST_ROWS = 1 << 28  # bytes of passages.jsonl; ours has a million
_NUMBERS = {int, type(None)}
_LIBRARIES = ("faiss-cpu", "numpy", "sentence-transformers", "tokenizers", "torch")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that was fitted on left-out authors."""

    weights: Weights
    thresholds: Thresholds

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """Read what `as_json` gave; raises KeyError, TypeError or ValueError for anything that is not it."""
        weights = data["weights"]
        calibration = cls(
            Weights(
                fusion=tuple(map(_number, weights["fusion"])),
                follow_up=tuple(map(_number, weights["follow_up"])),
                none_bias=_number(weights["none_bias"]),
                sentence=tuple(map(_number, weights["sentence"])),
                two_part=tuple(map(_number, weights["two_part"])),
                two_part_bias=_number(weights["two_part_bias"]),
            ),
            Thresholds(**{name: _number(value) for name, value in data["thresholds"].items()}),
        )
        fitted = calibration.weights
        lengths = [len(one) for one in (fitted.fusion, fitted.follow_up, fitted.sentence, fitted.two_part)]
        if lengths != [len(names) for names in (FUSED, FUSED, SENTENCE_CLUES, TWO_PART_CLUES)]:
            raise ValueError("the number of weights")
        return calibration


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number of the calibration")
    return float(value)


@dataclass(frozen=True, slots=True)
class Index:
    """A loaded index, ready to be searched."""

    embedder: Embedder
    store: vectors.FaissStore
    rows: tuple[Row, ...]
    classifier: NgramClassifier
    calibration: Calibration
    manifest: dict[str, Any]

    def search(self, questions: tuple[Question, ...]) -> Search:
        """The channels over this index; raises BrokenIndexError if it was not built from these questions."""
        self._check(questions)
        count = sum(row.kind != "phrasing" for row in self.rows)
        return Search(questions, self.rows, self.store, self.store.head(count), self.embedder, self.classifier)

    def _check(self, questions: tuple[Question, ...]) -> None:
        """Every row, label and aim must be of this document: the search trusts them."""
        own = document_rows(questions)
        rest = self.rows[len(own) :]
        labels = [str(question.number) for question in questions]
        aims: set[tuple[int | None, ...]] = {(question.number, None, None) for question in questions}
        aims |= {(row.question, row.position, number) for row in own for number in (None, row.sentence)}
        aims.add((None, None, None))
        for fits, what in (
            (list(self.rows[: len(own)]) == own, "rows do not begin with the passages and sentences of the document"),
            (all(row.kind == "phrasing" for row in rest), "rows hold more than the document does"),
            (
                all((row.question, row.position, row.sentence) in aims for row in rest),
                "rows point to what is not in the document",
            ),
            (list(self.classifier.heads["topic"].labels[: len(labels)]) == labels, "topics are not its questions"),
        ):
            if not fits:
                raise BrokenIndexError(f"The index was built from another document: its {what}. Run `make index`.")


def document_rows(questions: Sequence[Question]) -> list[Row]:
    """The rows that an index begins with: every passage, then every sentence."""
    passages = [passage for question in questions for passage in question.passages]
    rows = [Row("passage", passage.text, passage.question, passage.position) for passage in passages]
    for passage in passages:
        for number, span in enumerate(passage.sentences, 1):
            text = passage.text[span.start - passage.start : span.end - passage.start]
            rows.append(Row("sentence", text, passage.question, passage.position, number))
    return rows


def save_index(
    folder: Path,
    *,
    rows: Sequence[Row],
    store: vectors.FaissStore,
    classifier: NgramClassifier,
    calibration: Calibration,
    corpus_files: dict[str, str],
    embedder: str,
    write_encoder: Any,
    report: dict[str, Any],
) -> None:
    """Write an index beside `folder` and move it into place; whatever fails, the old one stays as it was.

    `write_encoder(folder)` saves the project's own encoder, or is None for any other embedder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-building-", dir=folder.parent))
    aside.chmod(0o755)
    try:
        if write_encoder:
            write_encoder(aside / "encoder")
        store.save(aside / "vectors.faiss")
        lines = (json.dumps(_row_json(row), ensure_ascii=False) + "\n" for row in rows)
        (aside / "passages.jsonl").write_text("".join(lines), encoding="utf-8", newline="")
        classifier.save(aside / "lexical.safetensors")
        files = sorted(path for path in aside.rglob("*") if path.is_file())
        for path in files:
            path.chmod(0o644)
        manifest = {
            "format": FORMAT,
            "embedder": embedder,
            "dimension": store.dimension,
            "rows": {kind: sum(row.kind == kind for row in rows) for kind in ("passage", "sentence", "phrasing")},
            "corpus": corpus_files,
            "files": {path.relative_to(aside).as_posix(): _sha256(path) for path in files},
            "calibration": calibration.as_json(),
            "report": report,
            "libraries": {name: version(name) for name in _LIBRARIES},
        }
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        move_into_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _row_json(row: Row) -> dict[str, Any] | list[int]:
    """A row as it is stored.

    What stands for phrasings is a short list of the place that they point to: their words stay in the corpus.
    """
    if row.kind == "phrasing":
        return [point for point in (row.question, row.position, row.sentence) if point]  # each needs the one before
    return {key: value for key, value in dataclasses.asdict(row).items() if value is not None}


def _row(stored: dict[str, Any] | list[int]) -> Row:
    return Row("phrasing", "", *stored) if isinstance(stored, list) else Row(**stored)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a built index; raises BrokenIndexError."""
    recover(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise BrokenIndexError(f"{folder}: there is no index here. Run `make index` to build it.")
    if path.stat().st_size > LARGEST_MANIFEST:
        raise BrokenIndexError(f"{path}: {path.stat().st_size:,} bytes are too many for a manifest. Run `make index`.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BrokenIndexError(f"{path}: not a manifest of an index. Run `make index`.") from None
    if found != FORMAT:
        raise BrokenIndexError(f"{path}: format {found!r}, this program reads {FORMAT}. Run `make index`.")
    wrong = [name for name in ("corpus", "files", "rows", "calibration") if not isinstance(manifest.get(name), dict)]
    if wrong:
        raise BrokenIndexError(f"{path}: {', '.join(wrong)} missing or wrong. Run `make index`.")
    return dict(manifest)


def stale_because(folder: Path, corpus: Path, embedder: str) -> str | None:
    """Why the index does not fit the corpus or the embedder any more; None if it does."""
    manifest = read_manifest(folder)
    if manifest.get("embedder") != embedder:
        return f"{folder} was built with the embedder {manifest.get('embedder')!r}, now it is {embedder!r}"
    built, now = manifest["corpus"], corpus_hashes(corpus)
    changed = sorted(name for name in built.keys() | now.keys() if built.get(name) != now.get(name))
    return f"{', '.join(changed)} in {corpus} changed after {folder} was built" if changed else None


def load_index(folder: Path, *, corpus: Path, embedder: str = EMBEDDED) -> Index:
    """Load and verify an index; raises BrokenIndexError that says which file is at fault and what mends it."""
    manifest = read_manifest(folder)
    reason = stale_because(folder, corpus, embedder)
    if reason:
        raise BrokenIndexError(f"{reason}. Run `make index` to build it again.")
    try:
        calibration = Calibration.from_json(manifest["calibration"])
        counts, dimension = manifest["rows"], manifest["dimension"]
        if not all(type(n) is int and n >= 0 for n in (*counts.values(), dimension)):
            raise ValueError("a count")
        files = {name: expected for name, expected in manifest["files"].items() if type(expected) is str}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BrokenIndexError(f"{folder / MANIFEST}: {error!r} is missing or wrong. Run `make index`.") from None
    for name, expected in files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or folder.resolve() not in path.resolve().parents:
            raise BrokenIndexError(f"{path}: the file is missing or not a plain file. Run `make index`.")
        found = _sha256(path)
        if found != expected:
            raise BrokenIndexError(
                f"{path}: damaged or foreign: its sha256 is {found}, the manifest says {expected}. Run `make index`."
            )
    encoder = ("encoder/model.safetensors", "encoder/tokenizer.json") if embedder == EMBEDDED else ()
    for needed in ("vectors.faiss", "passages.jsonl", "lexical.safetensors", *encoder):
        if needed not in files:
            raise BrokenIndexError(f"{folder / MANIFEST}: does not list {needed}. Run `make index`.")
    rows = _read_rows(folder / "passages.jsonl")
    store = vectors.FaissStore.load(folder / "vectors.faiss")
    model = load_embedder(embedder, folder)
    for what, have, expected in (
        ("rows in vectors.faiss", len(store), sum(counts.values())),
        ("rows in passages.jsonl", len(rows), sum(counts.values())),
        ("dimension of vectors.faiss", store.dimension, dimension),
        ("dimension of the embedder", model.dimension, dimension),
    ):
        if have != expected:
            raise BrokenIndexError(f"{folder}: {what} is {have}, the manifest says {expected}. Run `make index`.")
    classifier = NgramClassifier.load(folder / "lexical.safetensors")
    if read_manifest(folder) != manifest:
        raise BrokenIndexError(f"{folder}: another index took its place while it was read. Try again.")
    return Index(model, store, rows, classifier, calibration, manifest)


def _read_rows(path: Path) -> tuple[Row, ...]:
    if path.stat().st_size > LARGEST_ROWS:
        raise BrokenIndexError(f"{path}: {path.stat().st_size:,} bytes are too many. Run `make index`.")
    decode = json.JSONDecoder().decode
    rows: list[Row] = []
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise BrokenIndexError(f"{path}: not text in UTF-8. Run `make index`.") from None
    for number, line in enumerate(lines, 1):
        if number > 1 and line == lines[number - 2]:  # prototypes of one place follow one another
            rows.append(rows[-1])
            continue
        try:
            row = _row(decode(line))
        except (ValueError, TypeError, RecursionError):
            row = Row("phrasing", text=None)  # type: ignore[arg-type]
        kinds = {type(row.question), type(row.position), type(row.sentence)}
        if type(row.kind) is not str or type(row.text) is not str or not kinds <= _NUMBERS:
            raise BrokenIndexError(f"{path}:{number}: not a row of an index. Run `make index`.")
        rows.append(row)
    return tuple(rows)


def load_embedder(name: str, folder: Path) -> Embedder:
    """The project's own encoder of that index folder, or any other sentence-transformers model by name."""
    return StaticEmbedder.load(folder / "encoder") if name == EMBEDDED else SentenceTransformerEmbedder(name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
