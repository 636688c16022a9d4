"""How good the answers are: benchmark questions, left-out authors, baselines. Measures; changes nothing.

hit@1: the first-ranked question is one of the best. hit@3: one of the first three is; all of them for a
question that needs several. refused: an answerable question with neither an answer nor an offer. false answer:
an unanswerable message that is answered. span: the marked sentence of the first citation of a right question is,
contains or lies in the sentence that answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faqbot.bot import FaqBot
from faqbot.errors import UsageError
from faqbot.measures import share
from faqbot.schema import Answer
from faqbot.settings import ROOT, Settings

QUESTIONS = ROOT / "benchmarks" / "questions"
RESULTS = ROOT / "benchmarks" / "results"
ANSWERABLE = ("public", "pro", "hard", "spanish")
Ranker = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A benchmark question and what came back."""

    case: dict[str, Any]
    answer: Answer

    @property
    def hit1(self) -> bool:
        return self.answer.ranking[0] in self.case["best"]

    @property
    def hit3(self) -> bool:
        return hit_at(3, self.answer.ranking, self.case)

    @property
    def refused(self) -> bool:
        return self.answer.outcome not in ("answered", "did_you_mean")

    @property
    def span(self) -> bool:
        """Whether the right sentence is marked; only for cases with a span."""
        wanted = self.case["span"]
        for citation in self.answer.citations:
            if citation.passage.question in self.case["best"]:
                return citation.marked_text in wanted or wanted in citation.marked_text
        return False


def hit_at(count: int, ranking: Sequence[int], case: dict[str, Any]) -> bool:
    """Whether a right question is among the first `count`; every one of them if the case needs several."""
    first = set(ranking[:count])
    best = set(case["best"])
    return best <= first if case.get("multi") else bool(best & first)


def read_questions(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The benchmark files of a folder by name."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UsageError(f"{folder}: there are no .jsonl files with questions here.")
    return {path.stem: [json.loads(line) for line in path.open(encoding="utf-8") if line.strip()] for path in files}


def score_answerable(bot: FaqBot, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """hit@1, hit@3 and refused with 95 % intervals, outcomes, and span where the cases have one."""
    asked = [Asked(case, bot.ask(case["q"])) for case in cases]
    spans = [one.span for one in asked if "span" in one.case]
    return {
        "questions": len(asked),
        "hit@1": share([one.hit1 for one in asked]),
        "hit@3": share([one.hit3 for one in asked]),
        "refused": share([one.refused for one in asked]),
        "answered": share([one.answer.outcome == "answered" for one in asked]),
        "strong": sum(one.answer.confidence == "strong" for one in asked),
        "strong and right": sum(one.answer.confidence == "strong" and one.hit1 for one in asked),
        **({"span": share(spans)} if spans else {}),
        "missed": [
            {"q": one.case["q"], "best": one.case["best"], "got": list(one.answer.ranking[:3])}
            for one in asked
            if not one.hit1
        ],
    }


def score_unanswerable(bot: FaqBot, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares of false answers near the topic and elsewhere, and of people in danger recognised."""
    asked = [Asked(case, bot.ask(case["q"])) for case in cases]

    def answered(wanted: Callable[[str], bool]) -> list[bool]:
        return [one.answer.outcome == "answered" for one in asked if wanted(one.case["kind"])]

    danger = [one.answer.outcome == "urgent" for one in asked if one.case["kind"] == "distress"]
    return {
        "messages": len(asked),
        "answered near the topic": share(answered(lambda kind: kind == "near")),
        "answered elsewhere": share(answered(lambda kind: kind != "near")),
        "danger recognised": share(danger),
        "false answers": [one.case["q"] for one in asked if one.answer.outcome == "answered"],
    }


def score_followups(bot: FaqBot, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """hit@1 of the last turn, apart for those that lean on the conversation and those that change the topic."""
    asked = [Asked(case, bot.ask(case["turns"][-1], case["turns"][:-1])) for case in cases]
    return {
        "follow-ups": share([one.hit1 for one in asked if not one.case.get("switch")]),
        "new topic": share([one.hit1 for one in asked if one.case.get("switch")]),
        "missed": [
            {"turns": one.case["turns"], "best": one.case["best"], "got": list(one.answer.ranking[:3])}
            for one in asked
            if not one.hit1
        ],
    }


def score_lookups(bot: FaqBot, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Whether each look-up went where it should, and each trap was answered as a question."""
    wrong = [case["q"] for case in cases if not _lookup_is_right(bot.ask(case["q"]), case)]
    return {"look-ups": share([case["q"] not in wrong for case in cases]), "wrong": wrong}


def _lookup_is_right(answer: Answer, case: dict[str, Any]) -> bool:
    if case["kind"] == "list":
        return answer.outcome == "list"
    if case["kind"] == "invalid":
        return answer.outcome == "out_of_range"
    if case["kind"] == "trap":
        if not case["best"]:
            return answer.outcome not in ("lookup", "answered")
        return answer.outcome != "lookup" and answer.ranking[0] in case["best"]
    shown = {citation.passage.question for citation in answer.citations}
    items = {citation.passage.item for citation in answer.citations}
    return answer.outcome == "lookup" and shown == set(case["best"]) and case["item"] in (None, *items)


def evaluate(
    settings: Settings, *, questions: Path | None = None, results: Path | None = None, full: bool = False
) -> dict[str, Any]:
    """Measure the bot and the baselines on the benchmark questions, print tables, write results as JSON.

    `full` also trains without each group of authors, draws the plots and takes minutes.
    """
    from faqbot.baselines import baselines

    cases = read_questions(questions or QUESTIONS)
    bot = FaqBot.load(settings)
    known = [name for name in ANSWERABLE if name in cases]
    report: dict[str, Any] = {"bot": {name: score_answerable(bot, cases[name]) for name in known}}
    if "unanswerable" in cases:
        report["bot"]["unanswerable"] = score_unanswerable(bot, cases["unanswerable"])
    if "followup" in cases:
        report["bot"]["followup"] = score_followups(bot, cases["followup"])
    if "lookup" in cases:
        report["bot"]["lookup"] = score_lookups(bot, cases["lookup"])
    rankers = baselines(bot, settings)
    report["baselines"] = {
        ranker: {name: _score_ranker(rank, cases[name]) for name in known} for ranker, rank in rankers.items()
    }
    print_report(report)
    folder = results or RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "eval.json", report)
    if full:
        from faqbot.left_out import measure_left_out

        _write(folder / "left_out.json", measure_left_out(settings, folder))
    return report


def _score_ranker(rank: Ranker, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    rankings = [rank(case["q"]) for case in cases]
    return {
        f"hit@{count}": share(
            [
                hit_at(count, ranking, case) if count > 1 else ranking[0] in case["best"]
                for ranking, case in zip(rankings, cases, strict=True)
            ]
        )
        for count in (1, 3)
    }


def _write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nWritten to {path}")


def print_report(report: dict[str, Any]) -> None:
    """The tables, for a terminal."""
    print(f"{'':34}" + "".join(f"{name:>10}" for name in ANSWERABLE))
    rows: list[tuple[str, dict[str, Any]]] = [("faqbot", report["bot"]), *report["baselines"].items()]
    for measure in ("hit@1", "hit@3"):
        for name, scores in rows:
            print(f"{name + ' ' + measure:34}" + "".join(_cell(scores, kind, measure) for kind in ANSWERABLE))
    for measure in ("answered", "refused", "span"):
        print(f"{'faqbot ' + measure:34}" + "".join(_cell(report["bot"], kind, measure) for kind in ANSWERABLE))
    for group in ("unanswerable", "followup", "lookup"):
        for measure, value in report["bot"].get(group, {}).items():
            if isinstance(value, dict):
                print(f"{measure:34}{value['share']:>10.3f}   [{value['low']:.3f}, {value['high']:.3f}]")


def _cell(scores: dict[str, Any], kind: str, measure: str) -> str:
    value = scores.get(kind, {}).get(measure)
    return f"{value['share']:>10.3f}" if value else f"{'':>10}"
