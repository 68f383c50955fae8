"""The scripts of bring-up and removal.

Values come before those of Linux, as assignments, and to those of Windows as JSON; secrets are in a file that the
script finds.
"""

from __future__ import annotations

import shlex
from importlib.resources import files

from aksprov.transport.windows import ps


def script(*names: str, values: dict[str, str] | None = None) -> str:
    """The text of scripts, one after the other.

    Args:
        names: of files here, without .sh.
        values: shell variables that they need; none of them is a secret.
    """
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in (values or {}).items())
    return head + "".join((files(__name__) / f"{name}.sh").read_text("utf-8") for name in names)


def windows_script(*names: str) -> str:
    """The text of Windows scripts, one after the other, and of what they call.

    Args:
        names: of files here, without .ps1.
    """
    own = (ps.sent((files(__name__) / f"{name}.ps1").read_text("ascii")) for name in names)
    return "\n".join([ps.script("files", "lock", "swap", "state", "setup"), *own])
