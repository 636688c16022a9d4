"""The form by which the page asks for a hand-out, and the response. Reads keys and a language, never free text."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, Response

from faqbot.answer import TensionFinder
from faqbot.document import Document
from faqbot.errors import UsageError
from faqbot.handout import CHOICES, make, read_keys
from faqbot.handout_page import FILE_NAME, HandoutPage, handout_page, refusal_page

_MOST_FIELDS = 500


def respond(body: bytes, document: Document, tensions: TensionFinder) -> Response:
    """The hand-out as a page, or as a file to save; with status 422 and in words what is wrong with the form."""
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return _html(refusal_page("wrong"), 422)
    saved = form.get("save", [])
    chosen = (saved or form.get("language", []))[-1:]
    choice = next((one for one in CHOICES if [one] == chosen), None)
    keys = form.get("passage", [])
    if choice is None or not keys:
        return _html(refusal_page("none" if choice else "language"), 422)
    try:
        handout = make(document, tensions, read_keys(keys, document), choice)
    except UsageError:
        return _html(refusal_page("wrong"), 422)
    response = _html(handout_page(handout, with_controls=not saved), 200)
    if saved:
        response.headers["content-disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


def _html(page: HandoutPage, status: int) -> Response:
    return HTMLResponse(page.html, status, headers={"content-security-policy": page.policy})
