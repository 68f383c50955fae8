"""The scripts that run on a Windows host: fixed text, package data, sent without comments and indentation.

They are ASCII and keep to Windows PowerShell 5.1.  No value is ever pasted into them: each has one
parameter, ``Request``, a JSON text, and some take pieces of base64 from the pipeline.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def script(*names: str) -> str:
    """``head.ps1`` and the scripts of these names, one after the other, as they are sent.

    Comment lines, blank lines and indentation go: the scripts hold no here-string and no quoted text over
    several lines.
    """
    return "\n".join(bare(name) for name in ("head", *names))


@cache
def bare(name: str) -> str:
    """One script alone, as it is sent."""
    return sent((files(__name__) / f"{name}.ps1").read_text("ascii"))


def sent(text: str) -> str:
    """A script without comment lines, blank lines and indentation."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))
