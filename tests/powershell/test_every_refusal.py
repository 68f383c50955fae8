"""Every definition that the program's own tests see refused, from PowerShell: the same code and the same words, or
PowerShell's binder refuses it first with its own identifier, as docs/powershell.md has it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

import pytest
from definition_cases import CLUSTERS, HOSTS, NETWORKS, RECORDED, SETTINGS, STORY, Case
from pwsh_engine import AKSPROV, ROOT, Shell, environment

from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.powershell_line import powershell_line

pytestmark = [pytest.mark.pwsh, pytest.mark.slow]

TABLES = {"alone": [*NETWORKS, *SETTINGS, *CLUSTERS], "recorded": RECORDED}
SCRIPT = """
foreach ($line in Get-Content lines.json -Raw | ConvertFrom-Json) {
    try { & ([scriptblock]::Create($line)) | Out-Null; @{ id = ''; text = '' } }
    catch { @{ id = ($_.FullyQualifiedErrorId -split ',')[0]; text = "$_"; exitCode = $_.TargetObject.exitCode } }
}
"""


def line_of(case: Case) -> str:
    verb = find_verb(case.gnu[0])
    assert verb
    words = [part for word in case.gnu for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return powershell_line(verb, f"aksprov {shlex.join(words)}")


def binders() -> dict[str, set[str]]:
    """The program's code -> identifiers of the binder, as documented."""
    table = (ROOT / "docs/powershell.md").read_text().split("| the program's code |")[1].split("\n\n")[0]
    found: dict[str, set[str]] = {}
    for row in table.splitlines()[2:]:
        codes, identifiers = (set(re.findall(r"[A-Z]\w+", cell)) for cell in row.strip("|").split("|"))
        for code in codes:
            found.setdefault(code, set()).update(identifiers)
    return found


@pytest.mark.parametrize("table", TABLES)
def test_a_definition_is_refused_as_by_the_program(shell: Shell, table: str) -> None:
    if table == "recorded":
        (shell.folder / "hosts.json").write_text(json.dumps(HOSTS))
        for line in STORY:
            command = [AKSPROV, *line.split()]
            subprocess.run(command, cwd=shell.folder, env=environment(shell.folder / "state.db"), check=True)
    cases = [case for case in TABLES[table] if case.powershell and " @" not in case.line]  # objects are no files here
    (shell.folder / "lines.json").write_text(json.dumps([line_of(case) for case in cases]), encoding="utf-8")
    said = shell(SCRIPT)
    found: list[Any] = said.output
    assert (said.errors, said.thrown, len(found)) == ([], "", len(cases))
    documented = binders()
    differ = [
        (line_of(case), case.code, said["id"], said["text"])
        for case, said in zip(cases, found, strict=True)
        if not _same(case, said) and said["id"] not in documented.get(case.code, set())
    ]
    assert differ == [], "\n".join(map(str, differ))
    assert sum(_same(case, said) for case, said in zip(cases, found, strict=True)) > len(cases) / 2


def _same(case: Case, said: dict[str, Any]) -> bool:
    words = all(word in said["text"] for word in case.words.split("|"))
    return bool(said["id"] == case.code and said["exitCode"] == case.exit_code and words)
