"""The picture of the document: its questions as an SVG graph of our own, and the same as a list. Computes no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from faqbot.document import Document
from faqbot.markup import both, escape, in_each, tag
from faqbot.nearness import TALL, Place

WIDTH, MARGIN, RADIUS = 720, 26, 19  # in units of the drawing; 34 px across on the narrowest page that shows it


def picture(document: Document, places: Sequence[Place], against: Mapping[int, Sequence[int]]) -> str:
    """Lines between near questions, dashed lines between those that disagree, and a link for each question."""
    at = {place.question: (_across(place.x), _across(place.y)) for place in places}
    near = {tuple(sorted((place.question, other))) for place in places for other in place.near}
    apart = {tuple(sorted((one, other))) for one, others in against.items() for other in others}
    drawn = [
        *(_line(at, pair, "near") for pair in sorted(near)),
        *(_line(at, pair, "against") for pair in sorted(apart)),
        *(_node(place, at[place.question], against) for place in places),
    ]
    height = round(TALL * (WIDTH - 2 * MARGIN)) + 2 * MARGIN
    svg = tag(
        "svg",
        drawn,
        viewBox=f"0 0 {WIDTH} {height}",
        class_="graph",
        role="group",
        **{"aria-labelledby": "picture-title"},
    )
    rows = tag("ul", (_row(place, document, against) for place in places))
    return tag(
        "div",
        tag("h2", both("picture"), id="picture-title")
        + tag("p", both("picture_hint"), class_="picture-hint")
        + svg
        + tag("p", "", id="caption", class_="caption", **{"aria-hidden": "true"})
        + tag("details", tag("summary", both("picture_list")) + rows, class_="as-list"),
        class_="picture",
    )


def _across(share: float) -> int:
    return round(MARGIN + share * (WIDTH - 2 * MARGIN))


def _line(at: Mapping[int, tuple[int, int]], pair: tuple[int, ...], kind: str) -> str:
    (x1, y1), (x2, y2) = (at[number] for number in pair)
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=" ".join([kind, *(f"of-{number}" for number in pair)]))


def _node(place: Place, at: tuple[int, int], against: Mapping[int, Sequence[int]]) -> str:
    number, (x, y) = place.question, at
    drawn = tag("circle", cx=x, cy=y, r=RADIUS) + tag("text", str(number), x=x, y=y, dy="0.35em")
    kind = "node two-sided" if against.get(number) else "node"
    return tag("a", drawn, class_=kind, href=f"#q{number}", id=f"node-{number}", tabindex=0 if number == 1 else -1)


def _row(place: Place, document: Document, against: Mapping[int, Sequence[int]]) -> str:
    number = place.question
    words = in_each(document, lambda text: escape(f"{number}. {text.question(number).text}"))
    parts = [tag("a", words, href=f"#q{number}", class_="asks")]
    for name, others in (("picture_near", place.near), ("picture_against", against.get(number, ()))):
        if others:
            links = " ".join(tag("a", str(other), href=f"#q{other}", class_="to") for other in others)
            parts.append(tag("span", f"{both(name)} {links}", class_="joined"))
    return tag("li", " ".join(parts), id=f"about-{number}")
