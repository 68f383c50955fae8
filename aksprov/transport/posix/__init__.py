"""The scripts that run on a host: fixed text, package data, sent without comments and indentation.

They are POSIX sh and need tar, sha256sum, GNU coreutils, systemctl and ip.  No value is ever
pasted into them: values are positional parameters or lines of stdin.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def script(*names: str) -> str:
    """The scripts of these names, one after the other, as they are sent.

    Comment lines, blank lines and indentation go: the scripts hold no here-document and no quoted
    text over several lines, so only whole lines and leading white space can be meant.  So do blanks
    around ``&&``, ``||`` and ``;;``, which no quoted text has.
    """
    folder = files(__name__)
    lines = (line.strip() for name in names for line in (folder / f"{name}.sh").read_text("utf-8").splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("#"))
    return re.sub(r" (&&|\|\||;;) ?", r"\1", text)
