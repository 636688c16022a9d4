"""The tables of the papers, made from the committed results: `python benchmarks/figures.py` prints them.

tests/test_readme.py holds that the README, decision 1 and docs/trust.md show exactly this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
KINDS = {"public": "public", "pro": "professionals", "hard": "hard pairs", "spanish": "Spanish"}
DECIMALS = {"s": 2, "ms": 2, "MB": 0}
VOICES = {
    "a0": "first author, English and Spanish",
    "v1": "frightened public",
    "v2": "learner English, keywords",
    "v5": "ramblers, rumours",
    "v8": "help-line sample",
    "v26": "second help-line sample",
    "v20": "two to eight words",
    "v33": "one everyday idea a line",
    "v40": "everyday situations",
    "v41": "in a hurry, misspelled",
    "v46": "doubts, images, denials",
    "v47": "sentence by sentence, both languages",
    "v21": "long stories",
    "v34": "a question behind a comparison",
    "v30": "adversarial, public",
    "v3": "caseworkers",
    "v16": "professionals",
    "v23": "professionals, every sentence",
    "v43": "professionals, details",
    "v4": "lawyers, reporters",
    "v10": "hard to route",
    "v15": "hard to route, second voice",
    "v22": "hard to route, third voice",
    "v28": "one topic named, another asked",
    "v36": "the kind of question decides",
    "v44": "close neighbours",
    "v48": "twins of unanswerable lines",
    "v50": "central questions, programs by name",
    "v51": "central questions, unusual verbs",
    "v66": "central questions, by verb, both languages",
    "v63": "concrete things named, both languages",
    "v53": "the public in little-used words",
    "v62": "plain words that are not the document's",
    "v55": "images that share no word with it",
    "v54": "negation, one topic set aside",
    "v60": "another topic mentioned, every pair",
    "v64": "another topic mentioned, natural chat",
    "v65": "small words decide, both languages",
    "v70": "negation, in all its forms",
    "v74": "another topic inside the sentence",
    "v80": "another topic inside the sentence, second voice",
    "v77": "a settled clause first; small words",
    "v71": "images of daily life, small words",
    "v75": "central questions and neighbours, both languages",
    "v79": "whose data, which data, and neighbours",
    "v58": "professionals, every sentence again",
    "v76": "professionals, every sentence, both languages",
    "v32": "adversarial, hard",
    "v6": "Spanish, Mexico",
    "v7": "Spanish, further south",
    "v9": "Spanish, help line",
    "v17": "Spanish, fourth voice",
    "v24": "Spanish, phone typing",
    "v25": "Spanish, careful",
    "v35": "Spanish, stories and images",
    "v42": "Spanish, Central America and the south of Mexico",
    "v45": "Spanish, close neighbours",
    "v49": "Spanish, twins of unanswerable lines",
    "v52": "Spanish, central questions",
    "v31": "Spanish, adversarial",
    "v56": "Spanish, little-used words",
    "v57": "Spanish, hard, central, professional",
    "v61": "Spanish, another topic mentioned, plain words",
    "v67": "Spanish, another topic mentioned, natural chat",
    "v72": "Spanish, hard to route",
    "v73": "Spanish, on a phone, dictated",
    "v78": "Spanish, a settled clause first; small words",
    "v81": "Spanish, another topic inside the sentence",
    "conversations": "last turns of conversations",
    "two-part": "messages that ask two things",
    "all": "all of these and the small voices",
}


def quality(report: dict[str, Any]) -> str:
    """What `make eval` measured, beside its baselines."""
    bot = report["bot"]
    rest = [("unanswerable", name) for name in ("answered near the topic", "answered elsewhere", "danger recognised")]
    rest += [("followup", "follow-ups"), ("followup", "new topic"), ("lookup", "look-ups")]
    lines = [answerable(report), "", _cells("", "share (95 % interval)"), _cells("---", "---")]
    lines += [_cells(name, _with_range(bot[group][name])) for group, name in rest]
    return "\n".join(lines)


def answerable(report: dict[str, Any]) -> str:
    """The part of it that questions with an answer make; of the sample it is the whole."""
    bot = report["bot"]
    lines = [_cells("", *(f"{name} ({bot[kind]['questions']})" for kind, name in KINDS.items())), _cells(*["---"] * 5)]
    for measure in ("hit@1", "hit@3"):
        ranges = (_with_range(bot[kind][measure]) for kind in KINDS)
        lines.append(_cells(f"**faqbot, {measure}**", *ranges))
        for name, scores in report["baselines"].items():
            lines.append(_cells(f"{name}, {measure}", *(f"{scores[kind][measure]['share']:.2f}" for kind in KINDS)))
    lines.append(_cells("faqbot, refused", *(f"{bot[kind]['refused']['share']:.2f}" for kind in KINDS)))
    return "\n".join(lines)


def left_out(report: dict[str, Any]) -> str:
    """What `python -m faqbot eval --full` measured on authors that a training has not seen."""
    lines = [_cells("voice left out", "messages", "hit@1 (95 % interval)", "hit@3"), _cells(*["---"] * 4)]
    for voice, who in VOICES.items():
        row = report["voices"][voice]
        name = f"**{who}**" if voice == "all" else who if voice in ("conversations", "two-part") else f"{who} ({voice})"
        one = row["hit@1"]
        interval = f"{one['share']:.3f} ({one['low']:.3f}–{one['high']:.3f})"
        lines.append(_cells(name, f"{row['messages']:,}", interval, f"{row['hit@3']['share']:.3f}"))
    lines += ["", _cells("on left-out authors", "share (95 % interval)"), _cells("---", "---")]
    rates = {"“strong match” is right": report["strong"]["right"]}
    rates |= {"“strong match”, of answerable": report["strong"]["of answerable"]} | report["decisions"]
    for name, one in rates.items():
        lines.append(_cells(name, f"{one['share']:.3f} ({one['low']:.3f}–{one['high']:.3f})"))
    lines += [_cells(name, f"{value:.3f}") for name, value in (report["detection"] | report["sentences"]).items()]
    curve = report["learning curve"]
    sizes, hits = (", ".join(form.format(point) for point in curve) for form in ("{0[phrasings]:,}", "{0[hit@1]:.3f}"))
    return "\n".join(lines) + f"\n\nhit@1 on a left-out group after {sizes} phrasings: {hits}."


def trials(report: dict[str, Any]) -> str:
    """What `python benchmarks/trials.py` measured."""
    lines = [_cells("trial", "hit@1 alone", "hit@1 fused", "seconds of training"), _cells(*["---"] * 4)]
    for name, row in report.items():
        if name != "messages":
            shares = (f"{row[key]:.3f}" if key in row else "" for key in ("alone", "fused"))
            lines.append(_cells(name, *shares, f"{row['seconds']:.0f}" if "seconds" in row else ""))
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


def load(report: dict[str, Any]) -> str:
    """What `make load` measured, each door beside the echo app."""
    lines = [_cells("door", "conversations", "requests", "errors", "a second", "95th percentile"), _cells(*["---"] * 6)]
    for row in report["rows"]:
        rate, late = f"{row['per_second']:.0f}", f"{row['p95']:.0f} ms"
        if row["throughput_ratio"] is not None:
            rate += f" ({row['throughput_ratio']:.2f}×)"
            late += f" ({row['p95_ratio']:.2f}×)" + ("" if row["passed"] else ", missed")
        lines.append(
            _cells(row["app"], str(row["conversations"]), f"{row['requests']:,}", str(row["errors"]), rate, late)
        )
    memory = report["memory"]
    return "\n".join(lines) + (
        f"\n\nMemory over {memory['questions']:,} questions: {memory['samples'][0]:.0f} MB at first, "
        f"{memory['samples'][-1]:.0f} MB at the end, {memory['slope']:+.3f} MB for 1,000 questions."
    )


def _with_range(share: dict[str, float]) -> str:
    return f"{share['share']:.2f} ({share['low']:.2f}–{share['high']:.2f})"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def read(name: str) -> dict[str, Any]:
    """One file of results."""
    return dict(json.loads((RESULTS / name).read_text(encoding="utf-8")))


if __name__ == "__main__":
    print(
        quality(read("eval.json")),
        answerable(read("sample/eval.json")),
        left_out(read("left_out.json")),
        speed(read("bench.json")),
        sep="\n\n",
    )
    print(trials(read("trials.json")), load(read("load.json")), sep="\n\n")
