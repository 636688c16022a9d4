"""How soon the look-up shows results after a key, in a real browser: `python benchmarks/look_up.py`. Stores nothing.

Each key is timed from its event to the frame in which the list for it has been painted. The list by words and numbers
is what is timed; passages near in meaning join it when the server has answered.
"""

from __future__ import annotations

import statistics
import sys

from faqbot.settings import ROOT, silence

sys.path.insert(0, str(ROOT / "tests"))
silence()

from browsing import CHROMIUM, DESK, INSTALL, TYPED, chromium, serving, type_and_time  # noqa: E402

TARGET = 100  # milliseconds at the 95th percentile


def main() -> int:
    """Print the figures; 1 if there is no browser or the target is missed."""
    if CHROMIUM is None:
        print(INSTALL, file=sys.stderr)
        return 1
    from faqbot.bot import FaqBot

    with serving(FaqBot.load()) as address, chromium() as browser:
        page = browser.new_context(**DESK).new_page()
        page.goto(f"{address}/#look-up")
        page.wait_for_selector("#search:focus")
        took = type_and_time(page, TYPED * 3)
    late = statistics.quantiles(took, n=20)[-1]
    print(f"key to painted results, {len(took)} keys: p50 {statistics.median(took):.0f} ms, p95 {late:.0f} ms")
    print(f"target: p95 <= {TARGET} ms: {'met' if late <= TARGET else 'missed'}")
    return 0 if late <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
