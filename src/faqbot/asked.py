"""One request of the JSON contract, read: `{"q": …}` or `{"turns": […]}`, with an optional `id` and `language`.

Shared by the HTTP route and `--batch`. Knows no bot. Errors never repeat what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from faqbot.errors import UsageError
from faqbot.schema import LANGUAGES, Language

MOST_TURNS = 100
LONGEST_ID = 200  # characters


@dataclass(frozen=True, slots=True)
class Asked:
    """What to answer: the last message, after the earlier ones of the conversation."""

    message: str
    history: tuple[str, ...] = ()
    id: str | int | None = None
    language: Language | None = None  # of the reply to a message that tells nothing of its own


def read_request(data: object) -> Asked:
    """Check one request; raises UsageError that says what is wrong with its form.

    >>> read_request({"id": 7, "turns": ["how long is it kept?", "and who sees it?"]})
    Asked(message='and who sees it?', history=('how long is it kept?',), id=7, language=None)
    """
    if not isinstance(data, dict):
        raise UsageError('send a JSON object: {"q": "a question"} or {"turns": ["first message", "last message"]}.')
    turns = [data["q"]] if "q" in data else data.get("turns")
    if "q" in data and "turns" in data:
        raise UsageError('send either "q" or "turns", not both.')
    if turns is None:
        raise UsageError('"q" (a question) or "turns" (a list of messages) is missing.')
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
        raise UsageError('"q" must be a text and "turns" a list of texts that is not empty.')
    if len(turns) > MOST_TURNS:
        raise UsageError(f'"turns" holds {len(turns)} messages, at most {MOST_TURNS} are read.')
    name = data.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int | None) or len(str(name)) > LONGEST_ID:
        raise UsageError(f'"id" must be a number or a text of at most {LONGEST_ID} characters.')
    language = data.get("language")
    if language is not None and language not in LANGUAGES:
        raise UsageError(f'"language" must be one of {", ".join(LANGUAGES)}.')
    *history, message = (clean(turn) for turn in turns)
    name = name if name is None or isinstance(name, int) else clean(name)
    return Asked(message, tuple(history), name, language)


def clean(text: str) -> str:
    """Text without halves of surrogate pairs, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
