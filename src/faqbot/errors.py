"""Everything that can go wrong and is told to a person: what happened and the next command.

Expected outcomes (no answer, out of range) are values of `Answer`, never exceptions.
"""


class FaqBotError(Exception):
    """A failure that a person can mend; `str()` is one readable paragraph."""


class CorpusError(FaqBotError):
    """The document or its language data cannot be used; names the file and, where known, the line."""

    def __init__(self, path: object, message: str, *, line: int | None = None) -> None:
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{place}: {message}")


class BrokenIndexError(FaqBotError):
    """The built index is missing, stale, damaged or foreign; names the command that mends it."""


class EmbedderError(FaqBotError):
    """A sentence-transformers model cannot be loaded."""


class UsageError(FaqBotError):
    """The caller asked for something that cannot be done, such as an unknown option value."""
