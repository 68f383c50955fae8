"""Help says what a person needs, in 80 columns, and fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aksprov import __version__
from aksprov.cli.help import overview, page
from aksprov.cli.main import run
from aksprov.cmdlets.catalog import VERBS
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Verb

ROOT = Path(__file__).parents[3]


def test_the_overview_imports_nothing_slow() -> None:
    code = "import sys; from aksprov.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "aksprov" in imported
    assert not imported & {"asyncio", "asyncssh", "jinja2", "pydantic", "rich", "ruamel", "sqlalchemy", "typer"}


def test_the_overview_lists_every_verb() -> None:
    text = overview()
    assert all(verb.name in text and verb.synopsis in text for verb in VERBS)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_page_has_options_units_values_defaults_sets_and_examples(verb: Verb) -> None:
    text = page(verb)
    flat = " ".join(text.split())
    for parameter in command_parameters(verb):
        assert parameter.option in flat
        if parameter.unavailable:
            assert parameter.unavailable in flat
            continue
        if parameter.kind != "switch":
            assert parameter.placeholder in flat
        if parameter.default is not None:
            assert f"Default: {parameter.default}." in flat
        assert parameter.listed_by or all(word in flat for word in parameter.allowed)
    assert all(f"{s.name} {s.help}" in flat for s in verb.sets)
    assert all(example.text in flat for example in verb.examples)
    assert max(map(len, text.splitlines())) <= 80


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"aksprov {__version__}\n"
