"""The scripts of bring-up and removal.  Values come before them, as assignments; secrets by standard input."""

from __future__ import annotations

import shlex
from importlib.resources import files


def script(*names: str, values: dict[str, str] | None = None) -> str:
    """The text of scripts, one after the other.

    Args:
        names: of files here, without .sh.
        values: shell variables that they need; none of them is a secret.
    """
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in (values or {}).items())
    return head + "".join((files(__name__) / f"{name}.sh").read_text("utf-8") for name in names)
