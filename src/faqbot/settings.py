"""What an operator can set, read once from `FAQBOT_*`. Knows no part of the product."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faqbot.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]  # the checkout; the package is installed in place
EMBEDDED = "embedded"  # the encoder that the project trains itself
LEVELS = ("debug", "info", "warning", "error")  # of the log

QUIET_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",  # only exactly "True" enables; anything else is silence
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",  # FastAPI can export traces, and with them questions
    "OTEL_SDK_DISABLED": "true",
    "OMP_NUM_THREADS": "1",  # one query is faster without a thread team: 0.13 ms against 16 ms on 2 cores
    "TOKENIZERS_PARALLELISM": "false",
}
OFFLINE_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. Paths may be relative to the working folder."""

    corpus: Path = ROOT / "corpus" / "wisconsin"
    index: Path = ROOT / "index" / "wisconsin"
    embedder: str = EMBEDDED  # or a folder, or the name of a hub model
    host: str = "127.0.0.1"
    port: int = 7860
    users: Path | None = None  # file of those who may ask; without it there is no password
    public: bool = False  # whether a network may ask without a password
    root_path: str = ""  # "/faq" if a proxy shows the app under that path
    behind_proxy: str = ""  # addresses of proxies whose forwarded headers are believed, "127.0.0.1,10.0.0.0/8"
    rate: int | None = None  # questions a minute of one address, 0 for no limit; None: see guard.py
    count: Path | None = None  # file to count in; without it nothing is counted
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `FAQBOT_CORPUS`, `FAQBOT_HOST` and so on, a variable for each field; unset ones keep the default."""
        given: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            name = f"FAQBOT_{field.name.upper()}"
            if name in environment:
                given[field.name] = _READ.get(field.name, _text)(name, environment[name])
        return cls(**given)


def _text(name: str, value: str) -> str:
    return value


def _path(name: str, value: str) -> Path:
    return Path(value)


def _optional_path(name: str, value: str) -> Path | None:
    return Path(value) if value else None


def _port(name: str, value: str) -> int:
    if not value.isdecimal() or int(value) > 65_535:
        raise UsageError(f"{name} is {value!r}; it must be a number from 0 to 65535.")
    return int(value)


def _rate(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise UsageError(f"{name} is {value!r}; it must be a number of questions a minute, or 0 for no limit.")
    return int(value)


def _yes(name: str, value: str) -> bool:
    if value.lower() not in ("", "0", "1", "false", "true", "no", "yes"):
        raise UsageError(f"{name} is {value!r}; it must be 1 or 0.")
    return value.lower() in ("1", "true", "yes")


def _level(name: str, value: str) -> str:
    if value.lower() not in LEVELS:
        raise UsageError(f"{name} is {value!r}; it must be one of {', '.join(LEVELS)}.")
    return value.lower()


def _root_path(name: str, value: str) -> str:
    if value and not re.fullmatch(r"(?:/[\w.~-]+)+/?", value):
        raise UsageError(f"{name} is {value!r}; it must be a path such as /faq.")
    return value.rstrip("/")


_READ: dict[str, Callable[[str, str], Any]] = {
    "corpus": _path,
    "index": _path,
    "port": _port,
    "users": _optional_path,
    "public": _yes,
    "root_path": _root_path,
    "rate": _rate,
    "count": _optional_path,
    "log_level": _level,
}


def silence(*, offline: bool = True) -> None:
    """Switch off telemetry and, unless a hub model was asked for, every hub look-up. Call before imports."""
    os.environ.update(QUIET_ENVIRONMENT)
    if offline:
        os.environ.update(OFFLINE_ENVIRONMENT)
