"""What an operator can set, read once from `FAQBOT_*`. Knows no part of the product."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faqbot.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]  # the checkout; the package is installed in place
EMBEDDED = "embedded"  # the encoder that the project trains itself

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

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `FAQBOT_CORPUS`, `_INDEX`, `_EMBEDDER`, `_HOST` and `_PORT`; unset ones keep the default."""
        default = cls()
        port = environment.get("FAQBOT_PORT", str(default.port))
        if not port.isdecimal() or int(port) > 65_535:
            raise UsageError(f"FAQBOT_PORT is {port!r}; it must be a number from 0 to 65535.")
        return cls(
            corpus=Path(environment.get("FAQBOT_CORPUS", default.corpus)),
            index=Path(environment.get("FAQBOT_INDEX", default.index)),
            embedder=environment.get("FAQBOT_EMBEDDER", default.embedder),
            host=environment.get("FAQBOT_HOST", default.host),
            port=int(port),
        )


def silence(*, offline: bool = True) -> None:
    """Switch off telemetry and, unless a hub model was asked for, every hub look-up. Call before imports."""
    os.environ.update(QUIET_ENVIRONMENT)
    if offline:
        os.environ.update(OFFLINE_ENVIRONMENT)
