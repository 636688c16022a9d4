"""How long a person waits from Enter to the answer on the screen, in a real browser: `python benchmarks/felt.py`.

The app runs in a process of its own, as `make run` starts it, and one person asks in one window. Each run is a fresh
page that is asked every question once, after two to warm up. Writes results/felt.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from servers import ROOT, Endpoint, running

sys.path.insert(0, str(ROOT / "tests"))

from browsing import CHROMIUM, DESK, INSTALL, chromium

RUNS = 5
TARGET = 150.0  # milliseconds, 95th percentile
PAUSE = 250  # milliseconds between two questions, in which the page comes to rest
ASK = Endpoint("/ask", lambda text: {"q": text})
# Written for this alone: trained on nowhere, and in no set of questions that accuracy is measured on.
QUESTIONS = (
    "Do they tell me when my file goes to ICE?",
    "how many years is my information kept",
    "Who at ICE gets to look at the records?",
    "can they find my house with the benefits papers",
    "Is a paper signed between the state and ICE?",
    "what happens to a worker who leaks data",
    "Is there somebody that checks how it is used?",
    "does the state have a rule that stops this",
    "What is the good side of sharing the data?",
    "what could go wrong if data is shared",
    "Can families say no to the sharing?",
    "why do parents stop coming to the clinic",
    "Are there plans to change the rules next year?",
    "What are groups in the community asking for?",
    "is my social security number part of it",
    "Does Wisconsin differ from other states?",
    "How is my privacy kept safe?",
    "is the data locked with passwords and codes",
    "What does federal law say on giving data to ICE?",
    "do agents use it to plan arrests",
    "¿Me van a decir si dan mis datos?",
    "cuántos años guardan la información",
    "¿Quién puede ver mi expediente?",
    "¿Pueden usar los datos para encontrarme?",
    "hay un acuerdo entre el estado y ICE",
    "¿Qué castigo hay si rompen las reglas?",
    "¿Alguien vigila cómo se usan los datos?",
    "qué pasa con las familias que tienen miedo",
    "¿Hay una ley del estado que me protege?",
    "qué riesgos hay al compartir los datos",
    "7",
    "Q5 item 3",
    "20 risks 2",
    "pregunta 12",
    "list all questions",
    "Should I cancel my food card?",
    "what's for lunch today",
    "hello there",
    "tell me about the data",
    "ICE is at my door right now",
    "What does a caseworker have to write down?",
    "when must a data agreement be renewed",
    "Does the sharing lower trust in the state?",
    "are people in a mixed status family touched by this",
)
WATCH = """() => {
  window.felt = null;
  let began = 0;
  addEventListener("keydown", (event) => { if (event.key === "Enter") began = performance.now(); }, true);
  new MutationObserver(() => {
    const turn = document.querySelector("#latest .turn");
    if (!began || !turn || turn.id === window.answered) return;
    window.answered = turn.id;
    const from = began;
    const first = turn.querySelector(".lead, .says");
    const bottom = () => document.getElementById("composer").getBoundingClientRect().top;
    const look = () => requestAnimationFrame(() => { // until a frame is drawn in which the answer is in sight
      const at = first.getBoundingClientRect();
      if (at.top < 0 || at.top > bottom() - 24) return look();
      const drawn = new MessageChannel(); // the task after that frame's drawing
      drawn.port1.onmessage = () => { window.felt = performance.now() - from; };
      drawn.port2.postMessage(0);
      return undefined;
    });
    look();
  }).observe(document.getElementById("latest"), { childList: true, subtree: true });
}"""


@dataclass(frozen=True, slots=True)
class Run:
    """Milliseconds from Enter to the frame that shows the answer, over all questions of one run."""

    median: float
    p95: float
    slowest: float


def felt(page: Any, questions: Sequence[str]) -> list[float]:
    """Milliseconds of each question, asked one after the other in a page that is ready."""
    page.evaluate(WATCH)
    took = []
    for words in questions:
        page.evaluate("window.felt = null")
        page.locator("#box textarea").fill(words)
        page.keyboard.press("Enter")
        page.wait_for_function("() => window.felt !== null", polling=50)
        took.append(float(page.evaluate("window.felt")))
        page.wait_for_timeout(PAUSE)
    return took


def one_run(browser: Any, address: str) -> list[float]:
    """A fresh page, two questions to warm up, then every question once."""
    context = browser.new_context(locale="en-US", **DESK)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    took = felt(page, (*QUESTIONS[-2:], *QUESTIONS))[2:]
    context.close()
    return took


def percentile(values: Sequence[float], share: int) -> float:
    """The value below which `share` per cent lie, between the two nearest ones."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def main() -> int:
    """Print the figures of each run and write them down; leaves with 1 when the middle one misses the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    if CHROMIUM is None:
        print(INSTALL, file=sys.stderr)
        return 1
    runs = []
    with running("app.py", ASK, QUESTIONS[0]) as server, chromium() as browser:
        for number in range(1, options.runs + 1):
            took = one_run(browser, server.url)
            run = Run(*(round(one, 1) for one in (statistics.median(took), percentile(took, 95), max(took))))
            runs.append(run)
            load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
            print(
                f"run {number}: median {run.median:.0f} ms, p95 {run.p95:.0f} ms, slowest {run.slowest:.0f} ms ({load})"
            )
    middle = sorted(runs, key=lambda one: one.p95)[len(runs) // 2]
    print(f"middle run: median {middle.median:.0f} ms, p95 {middle.p95:.0f} ms; target p95 {TARGET:.0f} ms")
    results = {
        "questions": len(QUESTIONS),
        "target_p95": TARGET,
        "middle": asdict(middle),
        "runs": [asdict(one) for one in runs],
    }
    path = ROOT / "benchmarks" / "results" / "felt.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0 if middle.p95 <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
