"""The evaluation's pictures, drawn with matplotlib into PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10


def _figure(title: str, across: str, up: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.2, 4), layout="constrained")
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def reliability(stated: NDArray[np.float32], right: NDArray[np.bool_], path: Path) -> None:
    """Stated probability of the best question against how often it is right."""
    figure, axes = _figure("Reliability on left-out authors", "stated probability", "observed share right")
    place = np.minimum((stated * BINS).astype(int), BINS - 1)
    filled = [number for number in range(BINS) if (place == number).sum() >= BINS]
    axes.plot([0, 1], [0, 1], "--", color="grey", label="perfect")
    axes.plot(
        [stated[place == n].mean() for n in filled], [right[place == n].mean() for n in filled], "o-", label="faqbot"
    )
    axes.legend()
    _save(figure, path)


def risk_coverage(stated: NDArray[np.float32], right: NDArray[np.bool_], path: Path) -> None:
    """Share wrong among the most confident messages, as more of them are answered."""
    figure, axes = _figure("Risk and coverage on left-out authors", "share of questions answered", "share wrong")
    ordered = right[np.argsort(-stated, kind="stable")]
    count = np.arange(1, len(ordered) + 1)
    axes.plot(count / len(ordered), 1 - np.cumsum(ordered) / count)
    axes.set_ylim(bottom=0)
    _save(figure, path)


def confusion(targets: NDArray[np.int64], first: NDArray[np.int64], questions: int, path: Path) -> None:
    """Which question is taken for which; the diagonal is left out so that mistakes can be seen."""
    figure, axes = _figure("Mistakes on left-out authors", "taken for question", "asked question")
    table = np.zeros((questions, questions))
    np.add.at(table, (targets, first), 1)
    np.fill_diagonal(table, np.nan)
    image = axes.imshow(table, cmap="Blues")
    axes.set_xticks(range(questions), [str(number + 1) for number in range(questions)], fontsize=7)
    axes.set_yticks(range(questions), [str(number + 1) for number in range(questions)], fontsize=7)
    axes.grid(visible=False)
    figure.colorbar(image, label="messages")
    _save(figure, path)


def learning_curve(points: Sequence[dict[str, float]], path: Path) -> None:
    """hit@1 on authors not trained on against the number of phrasings trained on."""
    figure, axes = _figure("Learning curve", "phrasings trained on", "hit@1 on left-out authors")
    axes.plot([point["phrasings"] for point in points], [point["hit@1"] for point in points], "o-")
    _save(figure, path)
