"""A folder that is replaced as a whole: two renames under a lock, mended if a kill came between them."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_RECOVER_WITHIN = 2.0  # seconds; a swap takes a fraction of a millisecond


def move_into_place(aside: Path, folder: Path) -> None:
    """Put a finished folder in the place of the old one; raises OSError and leaves the old one."""
    old = _set_aside(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
    try:
        os.replace(aside, folder)
    except OSError:
        put_back(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def put_back(folder: Path) -> None:
    """Put the last good folder back if a kill came between the two renames; for who has the lock."""
    old = _set_aside(folder)
    if old.is_dir() and not folder.exists():
        os.replace(old, folder)


def recover(folder: Path) -> None:
    """The same for who only reads: a swap that is just between its two renames is waited for, not disturbed."""
    if _set_aside(folder).is_dir() and not folder.exists():
        with suppress(Timeout, OSError), build_lock(folder).acquire(timeout=_RECOVER_WITHIN):
            put_back(folder)


def build_lock(folder: Path) -> FileLock:
    """Held by who makes the next content of a folder."""
    return FileLock(folder.with_name(f".{folder.name}.lock"))


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-old")
