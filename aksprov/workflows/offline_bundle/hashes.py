"""SHA-256 of large files, read once: what was computed is kept by path, size and time of change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

# Told before a file is read that takes a while; the argument is a line for people.
Tell = Callable[[str], None]
_LARGE: Final = 64 << 20  # bytes
_Kept = dict[str, tuple[int, int, str]]  # path -> size, time of change in ns, SHA-256


class Hashes:
    """Computes hashes, and keeps them from run to run.

    Hosts hash what they are given again, so a file that changed and kept size and time is found there at the latest.

    Args:
        cache: file that keeps them; None for the one in the user's folder of caches.  One that cannot be read or
            written only costs time.
        tell: told of each large file that is read.
    """

    def __init__(self, cache: Path | None = None, tell: Tell = lambda _: None) -> None:
        self._cache = cache or _own_cache()
        self._tell = tell
        self._kept = _read(self._cache)
        self._changed = False

    def of(self, path: Path) -> str:
        """The SHA-256 of a file, 64 hexadecimal digits.

        Raises:
            OSError: it cannot be read.
        """
        key = str(path)
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            size, changed, known = self._kept.get(key, (-1, -1, ""))
            if (size, changed) == (about.st_size, about.st_mtime_ns):
                return known
            if about.st_size >= _LARGE:
                self._tell(f"{path.name}: {about.st_size >> 20} MB are hashed")
            found = hashlib.file_digest(file, "sha256").hexdigest()
        self._kept[key] = (about.st_size, about.st_mtime_ns, found)
        self._changed = True
        return found

    def keep(self) -> None:
        """Write what was computed; what is of files that are gone is left out."""
        if not self._changed:
            return
        kept = {path: entry for path, entry in self._kept.items() if Path(path).exists()}
        draft = self._cache.with_name(f".{self._cache.name}.{uuid4().hex}")
        with suppress(OSError):
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(kept))
            draft.replace(self._cache)
        self._changed = False


def _own_cache() -> Path:
    from platformdirs import user_cache_path  # not needed where a path is given

    return user_cache_path("aksprov", appauthor=False) / "bundle-hashes.json"


def _read(cache: Path) -> _Kept:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(cache.read_bytes(), type=_Kept)
    return {}
