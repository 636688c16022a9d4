"""The development questions, without the voices that were steered towards them: `python benchmarks/blind.py`.

The instructions of some voices named ideas met in those questions, or were written after own tests had failed (see
docs/language-data.md). This trains without these voices and asks; weights and thresholds stay those of the index.
Takes some minutes on one core. Results go to results/blind.json.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from faqbot import evaluation, training
from faqbot.bot import FaqBot
from faqbot.build import progress_bar
from faqbot.calibration import without
from faqbot.corpus import load_corpus
from faqbot.settings import Settings
from faqbot.trained import train

STEERED = frozenset({"v22", "v30", "v33", "v37"})
RESULTS = evaluation.RESULTS / "blind.json"


def main() -> None:
    training.use_one_thread()
    settings = Settings.from_environment()
    bot = FaqBot.load(settings)
    trained = train(without(load_corpus(Path(settings.corpus)), STEERED), settings.embedder, progress_bar)
    index = dataclasses.replace(
        bot.index,
        embedder=trained.embedder,
        store=trained.store,
        rows=trained.rows,
        classifier=trained.classifier,
    )
    bot = dataclasses.replace(bot, index=index, search=index.search(bot.document.questions))
    cases = evaluation.read_questions(evaluation.QUESTIONS)
    report = {name: evaluation.score_answerable(bot, cases[name]) for name in evaluation.ANSWERABLE}
    report["unanswerable"] = evaluation.score_unanswerable(bot, cases["unanswerable"])
    report["followup"] = evaluation.score_followups(bot, cases["followup"])
    shares = {
        group: {name: value for name, value in scores.items() if isinstance(value, dict)}
        for group, scores in report.items()
    }
    for group, scores in shares.items():
        for name, value in scores.items():
            print(f"{group:14}{name:28}{value['share']:.3f}   [{value['low']:.3f}, {value['high']:.3f}]")
    result = {"without": sorted(STEERED), "scores": shares}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
