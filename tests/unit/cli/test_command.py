"""Typer splits a command line into parameters and texts, whatever the texts are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksprov.cli.command import parse
from aksprov.cmdlets.catalog import VERBS, find_verb
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Verb

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_parameter_of_every_verb_is_split_off(verb: Verb) -> None:
    words: list[str] = []
    for parameter in command_parameters(verb):
        value = [] if parameter.kind == "switch" else [f"value of {parameter.name}"]
        words += value if parameter.positional else [parameter.option, *value]
    expected = {p.name: [] if p.kind == "switch" else [f"value of {p.name}"] for p in command_parameters(verb)}
    assert parse(verb, words) == expected


@settings(max_examples=50, deadline=None)  # the first parse imports Typer
@given(text=st.text(), glued=st.booleans())
def test_any_text_of_an_option_arrives_unchanged(text: str, glued: bool) -> None:
    """Also one that begins with a hyphen, is empty, or has bytes that are not UTF-8 (as surrogates)."""
    verb = find_verb("get-host")
    assert verb is not None
    words = [f"--name={text}"] if glued else ["--name", text]
    assert parse(verb, [*words, "--verbose"]) == {"name": [text], "verbose": []}


def test_a_repeated_option_keeps_all_its_texts_in_order() -> None:
    verb = find_verb("new-cluster-network")
    assert verb is not None
    assert parse(verb, ["--dns-servers", "b", "--name", "n", "--dns-servers=a"]) == {
        "dnsServers": ["b", "a"],
        "name": ["n"],
    }


def test_splitting_takes_no_time_to_import_what_makes_types_of_texts() -> None:
    """It was 40 ms and 7 MB for every verb."""
    code = "import sys; from aksprov.cli.main import run; run(['get-host', '--name', 'none']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "HostNotFound" in said.stderr
    assert "typer" in said.stdout.split()
    assert not {name.partition(".")[0] for name in said.stdout.split()} & {"pydantic", "rich", "jinja2", "ruamel"}
