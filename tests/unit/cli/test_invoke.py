"""``aksprov invoke``: requests of other programs, JSON in and JSON lines out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov import __version__
from aksprov.cli.values import texts_of
from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb

from .conftest import PROGRAM

NETWORK = {
    "name": "mynet",
    "vswitchName": "External",
    "ipAddressPrefix": "10.0.0.0/24",
    "gateway": "10.0.0.1",
    "dnsServers": ["10.0.0.2"],
    "vipPoolStart": "10.0.0.200",
    "vipPoolEnd": "10.0.0.220",
    "k8sNodeIpPoolStart": "10.0.0.10",
    "k8sNodeIpPoolEnd": "10.0.0.100",
}
Line = dict[str, Any]


def invoke(environment: dict[str, str], request: object, more: str = "") -> list[Line]:
    text = request if isinstance(request, str) else json.dumps(request) + "\n"
    done = subprocess.run(
        [*PROGRAM, "invoke"], env=environment, input=text + more, capture_output=True, text=True, check=False
    )
    lines: list[Line] = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert lines[-1] == {"kind": "end", "exitCode": done.returncode}
    return lines[:-1]


def test_objects_and_notes_are_a_line_each(environment: dict[str, str]) -> None:
    made = invoke(environment, {"verb": "New-AksHciClusterNetwork", "parameters": NETWORK, "version": __version__})
    assert [line["kind"] for line in made] == ["object", "note"]
    assert made[0]["value"]["DnsServers"] == ["10.0.0.2"]
    again = invoke(environment, json.dumps({"verb": "get-cluster-network", "parameters": {"NAME": "MyNet"}}, indent=1))
    assert again == made[:1]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("", "InvalidRequest"),
        ("[]", "InvalidRequest"),
        ({"verb": "get-host", "verbs": 1}, "InvalidRequest"),
        ({"verb": "get-house"}, "UnknownVerb"),
        ({"verb": "get-host", "version": "0.0.1"}, "VersionDiffers"),
        ({"verb": "get-host", "parameters": {"nmae": "x"}}, "UnknownOption"),
        ({"verb": "get-host", "parameters": {"name": ["a", "b"]}}, "ValueShape"),
        ({"verb": "get-host", "parameters": {"name": "'x'"}}, "InvalidName"),
        ({"verb": "new-cluster", "parameters": {"name": "c", "vnet": []}}, "InvalidObject"),
        ({"verb": "new-cluster-network", "parameters": NETWORK | {"dnsServers": [["10.0.0.2"]]}}, "ValueShape"),
    ],
)
def test_a_request_that_is_wrong_is_one_error(environment: dict[str, str], request_: object, code: str) -> None:
    (line,) = invoke(environment, request_)
    assert line["kind"] == "error"
    assert line["error"]["code"] == code
    assert not Path(environment["AKSPROV_STATE"]).exists()


def test_a_question_is_asked_and_answered_on_standard_input(environment: dict[str, str]) -> None:
    invoke(environment, {"verb": "new-cluster-network", "parameters": NETWORK})
    remove = {"verb": "remove-cluster-network", "parameters": {"name": "mynet"}}
    (refused,) = invoke(environment, remove)
    assert refused["error"]["code"] == "ConfirmationNeeded"

    with subprocess.Popen([*PROGRAM, "invoke"], env=environment, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(remove | {"attended": True}) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["kind"] == "ask"
        process.stdin.write('{"answer": true}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.read().splitlines()[-1]) == {"kind": "end", "exitCode": 0}
    assert invoke(environment, {"verb": "get-cluster-network"}) == []


def test_the_end_of_the_input_stops_an_attended_run(environment: dict[str, str]) -> None:
    invoke(environment, {"verb": "new-cluster-network", "parameters": NETWORK})
    remove = {"verb": "remove-cluster-network", "parameters": {"name": "mynet"}, "attended": True}
    assert invoke(environment, remove)[-1]["error"]["code"] in ("Interrupted", "ConfirmationNeeded")
    assert len(invoke(environment, {"verb": "get-cluster-network"})) == 1


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_text_arrives_as_it_is(text: str) -> None:
    """Quotes, $, backticks, newlines, emoji: nothing in a text means anything."""
    verb = find_verb("add-host")
    assert verb is not None
    parameters = {"name": "a", "address": "b", "os": "linux", "user": text}
    assert bind(verb, texts_of(verb, parameters)).values["user"] == text
