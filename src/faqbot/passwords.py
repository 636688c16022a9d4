"""Names and salted password hashes of those who may ask, as `python -m faqbot password NAME` prints them.

A line a person: `name:scrypt:cost:salt:hash`. No password is stored or logged.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faqbot.errors import UsageError

SHORTEST = 12  # characters
COST = 15  # log2 of scrypt's rounds: some 32 MB and a tenth of a second a try
MOST_COST = 18  # a forged file could otherwise ask for any amount of memory
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """What a password is checked against."""

    cost: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost), self.digest)


def line(name: str, password: str) -> str:
    """The line for one person; raises UsageError for a name or a password that will not do."""
    if not name or ":" in name or name != name.strip() or not name.isprintable() or name.startswith("#"):
        raise UsageError("A name is printable, has no colon in it and no # or blank at its ends.")
    if len(password) < SHORTEST:
        raise UsageError(f"The password has {len(password)} characters; {SHORTEST} are the fewest. Four words will do.")
    salt = secrets.token_bytes(16)
    parts = (base64.b64encode(one).decode() for one in (salt, _scrypt(password, salt, COST)))
    return ":".join((name, "scrypt", str(COST), *parts))


def read_users(path: Path) -> dict[str, Secret]:
    """The people of a file; raises UsageError naming the line at fault, and never what is in it."""
    users: dict[str, Secret] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text in UTF-8"
        raise UsageError(f"{path}: cannot be read ({reason}). Make it with `python -m faqbot password NAME`.") from None
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        try:
            name, kind, cost, salt, digest = row.strip().split(":")
            secret = Secret(int(cost), *(base64.b64decode(one, validate=True) for one in (salt, digest)))
            good = (
                kind == "scrypt" and 10 <= secret.cost <= MOST_COST and len(secret.digest) == 32 and name not in users
            )
        except ValueError:
            good = False
        if not good:
            raise UsageError(
                f"{path}:{number}: not a line of `python -m faqbot password NAME`, or a second one for a name."
            )
        users[name] = secret
    if not users:
        raise UsageError(f"{path}: there is nobody in it. `python -m faqbot password NAME` prints a line for it.")
    return users


def right(users: Mapping[str, Secret], name: str, password: str) -> bool:
    """Whether the password is that person's. An unknown name takes as long as a wrong password."""
    return users.get(name, _NOBODY).fits(password)


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    rounds = 1 << cost
    return hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=salt, n=rounds, r=_BLOCK, p=1, maxmem=256 * _BLOCK * rounds, dklen=32
    )


_NOBODY = Secret(COST, b"nobody has this.", secrets.token_bytes(32))  # no password has a hash drawn at random
