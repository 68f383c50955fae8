"""What a host without PowerShell's engine says to our scripts: its antivirus, or its policy, does not let them run.

winrmhost loads it by its path (``Config(rules=...)``); the file ``C:\\forbidden`` chooses the policy.
"""

from __future__ import annotations

from typing import Any

from winrmhost.executor import ExitScript, ScriptError

WORDS = "Dieses Skript enthaelt schaedlichen Inhalt und wurde von Ihrer Antivirensoftware blockiert."


async def refuse(call: Any) -> None:
    """As AMSI does before anything of a script has run; as store.ps1 does under a policy."""
    if call.fs.path("C:\\forbidden").exists():
        raise ExitScript(6)
    raise ScriptError(WORDS, "ScriptContainedMaliciousContent", "ParseException")


def register(rules: Any) -> None:
    """Every script of ours."""
    rules.add("FullLanguage", refuse)
