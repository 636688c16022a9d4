"""Files of a corpus folder, read and decoded. Every fault is a CorpusError that names the file and the line."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faqbot.errors import CorpusError


def read_bytes(path: Path) -> bytes:
    """The whole file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(path, f"cannot be read ({error.strerror}).") from error


def fingerprint(data: bytes) -> str:
    """The fingerprint that document.toml and the manifest hold."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, path: Path) -> str:
    """The text of a file, line ends as they are."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CorpusError(path, f"byte {error.start} is not UTF-8. Save the file as UTF-8 text.", line=line) from None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(decode(read_bytes(path), path))
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(path, f"not valid TOML: {error}.") from None
    except (ValueError, RecursionError) as error:  # a date that there is not, or tables within tables without end
        raise CorpusError(path, f"not valid TOML ({type(error).__name__}).") from None


def read_jsonl(path: Path, *, required: set[str], optional: set[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(1-based line number, object) of every line that is not blank, with its texts and field names checked."""
    for line_number, line in enumerate(decode(read_bytes(path), path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # a number may be too long, and lists too deep, to be read
            reason = getattr(error, "msg", type(error).__name__)
            raise CorpusError(path, f"not valid JSON ({reason}).", line=line_number) from None
        if not isinstance(row, dict) or not required <= row.keys() or row.keys() - required - optional:
            found = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
            raise CorpusError(
                path,
                f"expected an object with {', '.join(sorted(required))} (and perhaps "
                f"{', '.join(sorted(optional))}), found {found}.",
                line=line_number,
            )
        for name in ("q", "author", "kind", "turn"):
            text = row.get(name, "-")
            if not isinstance(text, str) or not text.strip() or "\0" in text:
                raise CorpusError(path, f'"{name}" must be a text, neither empty nor with a NUL.', line=line_number)
        yield line_number, row
