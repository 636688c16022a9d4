"""From a corpus to an index: train, calibrate, save. Takes minutes, writes once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from filelock import Timeout
from safetensors import SafetensorError

from faqbot import training
from faqbot.calibration import calibrate, hold_aside, processes
from faqbot.corpus import Corpus, load_corpus
from faqbot.errors import FaqBotError
from faqbot.index import save_index
from faqbot.settings import EMBEDDED
from faqbot.swap import build_lock, put_back
from faqbot.trained import train
from faqbot.training import Progress


def build_index(corpus_folder: Path, index_folder: Path, *, embedder: str = EMBEDDED, quiet: bool = False) -> None:
    """Build the index of a corpus and swap it in; raises FaqBotError and leaves the old index in any failure."""
    corpus = load_corpus(corpus_folder)
    lock = build_lock(index_folder)
    try:
        index_folder.parent.mkdir(parents=True, exist_ok=True)
        with lock.acquire(blocking=False):
            put_back(index_folder)
            _build(corpus, index_folder, embedder, None if quiet else progress_bar)
    except Timeout:
        raise FaqBotError(f"Another build of {index_folder} is running. Wait for it, or stop it.") from None
    except (OSError, SafetensorError) as error:  # the latter for a full disk, which it does not say by an OSError
        reason = getattr(error, "strerror", None) or error
        raise FaqBotError(
            f"The index cannot be written to {index_folder}: {reason}. The old index is untouched. "
            "Mend that and run `make index` again."
        ) from error


def _build(corpus: Corpus, folder: Path, embedder: str, progress: Progress | None) -> None:
    training.use_one_thread()
    with processes(corpus) as pool:
        whole = pool.submit(train, corpus, embedder) if pool else None
        calibration, report = calibrate(corpus, hold_aside(corpus, embedder, pool, progress))
        trained = whole.result() if whole else train(corpus, embedder, progress)
    save_index(
        folder,
        rows=trained.rows,
        store=trained.store,
        classifier=trained.classifier,
        calibration=calibration,
        corpus_files=corpus.files,
        embedder=embedder,
        write_encoder=trained.save_encoder,
        report=report,
    )


def progress_bar(steps: range, title: str) -> Iterable[int]:
    """A tqdm bar."""
    from tqdm import tqdm

    bar: Iterable[int] = tqdm(steps, desc=title)
    return bar
