"""The README's tables, made from the committed results: `python benchmarks/figures.py` prints them.

tests/test_readme.py holds that the README shows exactly this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
KINDS = {"public": "public", "pro": "professionals", "hard": "hard pairs", "spanish": "Spanish"}
DECIMALS = {"s": 2, "ms": 2, "MB": 0}


def quality(report: dict[str, Any]) -> str:
    """What `make eval` measured, beside its baselines."""
    bot = report["bot"]
    lines = [_cells("", *(f"{name} ({bot[kind]['questions']})" for kind, name in KINDS.items())), _cells(*["---"] * 5)]
    for measure in ("hit@1", "hit@3"):
        ranges = (_with_range(bot[kind][measure]) for kind in KINDS)
        lines.append(_cells(f"**faqbot, {measure}**", *ranges))
        for name, scores in report["baselines"].items():
            lines.append(_cells(f"{name}, {measure}", *(f"{scores[kind][measure]['share']:.2f}" for kind in KINDS)))
    lines.append(_cells("faqbot, refused", *(f"{bot[kind]['refused']['share']:.2f}" for kind in KINDS)))
    rest = [("unanswerable", name) for name in ("answered near the topic", "answered elsewhere", "danger recognised")]
    rest += [("followup", "follow-ups"), ("followup", "new topic"), ("lookup", "look-ups")]
    lines += ["", _cells("", "share (95 % interval)"), _cells("---", "---")]
    lines += [_cells(name, _with_range(bot[group][name])) for group, name in rest]
    return "\n".join(lines)


def speed(report: dict[str, Any]) -> str:
    """What `make bench` measured, each figure beside its yardstick."""
    lines = [_cells("", "faqbot", "yardstick", "ratio", "target"), _cells(*["---"] * 5)]
    for row in report["rows"]:
        value, yardstick = (f"{row[name]:.{DECIMALS[row['unit']]}f} {row['unit']}" for name in ("value", "yardstick"))
        ratio = "" if row["absolute"] else f"{row['ratio']:.2f}×"
        target = ""
        if row["at_most"] is not None:
            limit = f"{row['at_most']:.1f} {row['unit']}" if row["absolute"] else f"{row['at_most']:.2f}×"
            target = f"≤ {limit}" if row["passed"] else f"≤ {limit}, missed"
        lines.append(_cells(row["what"], value, f"{row['beside']}: {yardstick}", ratio, target))
    return "\n".join(lines)


def _with_range(share: dict[str, float]) -> str:
    return f"{share['share']:.2f} ({share['low']:.2f}–{share['high']:.2f})"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def read(name: str) -> dict[str, Any]:
    """One file of results."""
    return dict(json.loads((RESULTS / name).read_text(encoding="utf-8")))


if __name__ == "__main__":
    print(quality(read("eval.json")), speed(read("bench.json")), sep="\n\n")
