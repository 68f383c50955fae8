"""What is made from the declarations is current; and every PowerShell file parses, also without PowerShell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tree_sitter_pwsh
from tree_sitter import Language, Parser

from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.generated import files

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted(path for end in ("ps1", "psm1", "psd1") for path in (ROOT / "modules").rglob(f"*.{end}"))


@pytest.mark.parametrize("path", files())
def test_a_generated_file_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == files()[path], "run: make generate"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_file_of_the_modules_parses(path: Path) -> None:
    """Bytes beyond ASCII would mean other letters to Windows PowerShell, which takes a file without a mark for ANSI."""
    text = path.read_bytes()
    assert text.isascii()
    assert not Parser(Language(tree_sitter_pwsh.language())).parse(text).root_node.has_error


def test_help_of_cmdlets_speaks_powershell() -> None:
    """Options, names of verbs and ways of giving values are the program's; binders refuse a parameter twice."""
    text = (ROOT / "modules/Aksprov/Aksprov.psm1").read_text(encoding="ascii")
    told = re.sub("carries out '.*'", "", "\n".join(re.findall(r"<#\n(.*?)#>", text, re.DOTALL)))
    names = "|".join(verb.name for verb in VERBS if "-" in verb.name)
    found = re.findall(rf"--[a-z].*|[Rr]epeat the option|JSON text|(?<![\w/'-])(?:{names})(?![\w-])", told)
    assert told and found == []
