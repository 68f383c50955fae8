"""What a host without PowerShell's engine says to our scripts: its antivirus, or its policy, does not let them run.

winrmhost loads it by its path (``Config(rules=...)``).  The file ``C:\\stored`` has the exit code of store.ps1 instead:
6 under a policy, 8 where the antivirus does not let a file be written, 0 where it takes the file away afterwards.
"""

from __future__ import annotations

from typing import Any

from winrmhost.executor import ExitScript, ScriptError

WORDS = "Dieses Skript enthaelt schaedlichen Inhalt und wurde von Ihrer Antivirensoftware blockiert."


async def refuse(call: Any) -> None:
    """As AMSI does before anything of a script has run; or as store.ps1 does."""
    stored = call.fs.path("C:\\stored")
    if stored.exists():
        raise ExitScript(int(stored.read_text()))
    raise ScriptError(WORDS, "ScriptContainedMaliciousContent", "ParseException")


def register(rules: Any) -> None:
    """Every script of ours."""
    rules.add("FullLanguage", refuse)
