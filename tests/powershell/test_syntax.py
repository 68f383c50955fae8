"""Every exported cmdlet has the parameters, sets and types of AksHci's reference, as Get-Command -Syntax shows them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pwsh_engine import ROOT, Shell

from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.powershell import TYPES

pytestmark = pytest.mark.pwsh

FACTS: dict[str, Any] = json.loads((ROOT / "tests/unit/cmdlets/akshci_facts.json").read_text())["cmdlets"]
ARGUMENT = re.compile(r"(?P<open>\[?)(?:\[?-(?P<name>\w+)\]?)(?: <(?P<type>[^>]+)>)?")


def syntaxes(shell: Shell) -> dict[str, list[dict[str, tuple[bool, str]]]]:
    """Cmdlet -> for each of its sets: parameter -> (whether it must be given, type; "" for a switch)."""
    (said,) = shell.output(
        "$all = @{}; Get-Command -Module Aksprov -CommandType Function |"
        ' ForEach-Object { $all[$_.Name] = (Get-Command $_.Name -Syntax) -join "`n" }; $all'
    )
    return {
        cmdlet: [
            {
                m["name"].lower(): (not m["open"], (m["type"] or "").lower())
                for m in ARGUMENT.finditer(line.partition(" ")[2])
            }
            for line in text.splitlines()
            if line.startswith(cmdlet)
        ]
        for cmdlet, text in said.items()
    }


def test_every_verb_is_a_cmdlet_with_an_approved_verb_and_its_declared_syntax(shell: Shell) -> None:
    found = syntaxes(shell)
    approved = set(shell.output("(Get-Verb).Verb"))
    assert found.keys() == {verb.cmdlet for verb in VERBS}
    assert {name.partition("-")[0] for name in found} <= approved
    for verb in VERBS:
        assert len(found[verb.cmdlet]) == max(1, len(verb.sets)), verb.name
        there = {name: kind for one in found[verb.cmdlet] for name, (_, kind) in one.items()}
        for parameter in verb.parameters:
            if parameter.name not in ("whatIf", "fromJson"):
                shown = "" if parameter.kind == "switch" else TYPES[parameter.kind]
                assert there[parameter.name.lower()] == shown, (verb.name, parameter.name)


def test_every_cmdlet_that_akshci_had_is_compared() -> None:
    """Its reference knows all cmdlets with its noun but one that is ours."""
    assert {verb.cmdlet for verb in VERBS if "-AksHci" in verb.cmdlet} - FACTS.keys() == {"Set-AksHciClusterNetwork"}


@pytest.mark.parametrize("cmdlet", FACTS)
def test_a_cmdlet_has_the_sets_of_the_reference(shell: Shell, cmdlet: str) -> None:
    facts = FACTS[cmdlet]["parameters"]
    found = syntaxes(shell)[cmdlet]
    for name in FACTS[cmdlet]["sets"]:
        wanted = {p: f for p, f in facts.items() if name in f["sets"] or f["sets"] == ["historical"] or name == "(All)"}
        must = {
            p.lower() for p, f in wanted.items() if name in f.get("required_in", f["sets"] if f["required"] else ())
        }
        fitting = [
            one
            for one in found
            if {p.lower() for p in facts} & one.keys() == {p.lower() for p in wanted}
            and must <= {p for p, (mandatory, _) in one.items() if mandatory}
        ]
        assert fitting, (name, sorted(wanted), found)
