"""What a command line gets wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aksprov.cli.main import run


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of the state and of everything that a command could leave behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", "state.db")


@pytest.mark.parametrize(
    ("line", "exit_code", "code", "words"),
    [
        ("new-clutser", 64, "UnknownVerb", "did you mean new-cluster?"),
        ("New-AksHciClutser", 64, "UnknownVerb", "did you mean New-AksHciCluster?"),
        ("--verbose get-cluster", 64, "VerbMissing", "begin with the verb"),
        ("get-cluster --nmae demo", 64, "UnknownOption", "did you mean --name?"),
        ("new-cluster --Node-Count=2", 64, "UnknownOption", "did you mean --node-count?"),
        ("new-cluster --kubernetesversion x", 64, "UnknownOption", "did you mean --kubernetes-version?"),
        ("get-cluster demo", 64, "UnexpectedValue", "demo"),
        ("get-cluster --name", 64, "OptionMisused", "--name"),
        ("get-cluster --name --events events", 64, "OptionMisused", "--events is an option, too"),
        ("new-cluster --what-if=yes", 64, "OptionMisused", "--what-if"),
        ("get-cluster --output xml", 65, "ValueNotAllowed", "table, json, yaml"),
        ("get-cluster --events /nowhere/events", 64, "EventsNotWritten", "No such file"),
        ("get-cluster --events .", 64, "EventsNotWritten", "directory"),
        ("new-cluster", 64, "MissingParameter", "--name"),
        ("new-cluster --name demo --load-balancer-settings @missing.json", 66, "ObjectFileNotFound", "missing.json"),
        ("new-cluster --name demo --vnet @.", 66, "ObjectFileNotFound", "directory"),
        ("new-cluster --name demo --primary-network-plugin weave", 65, "ValueNotAllowed", "calico, flannel"),
        ("new-cluster --name demo --enable-azure-rbac", 69, "ParameterNotAvailable", "cloud account"),
        ("remove-cluster-network --name nowhere --yes", 66, "NetworkNotFound", "nowhere"),
    ],
)
def test_an_error_is_labelled_lines_or_one_json_object(
    capsys: pytest.CaptureFixture[str], line: str, exit_code: int, code: str, words: str
) -> None:
    assert run(line.split()) == exit_code
    text = capsys.readouterr()
    assert text.out == ""
    assert text.err.startswith(f"Error {code}: ")
    assert words in " ".join(text.err.split())
    assert all(label in text.err for label in ("\n  where: ", "\n  why:   ", "\n  fix:   "))
    assert max(map(len, text.err.splitlines())) <= 80

    if "--output" not in line:
        assert run([*line.split(), "--output", "JSON"]) == exit_code
        asked = capsys.readouterr()
        error = json.loads(asked.err)
        assert (asked.out, asked.err.count("\n")) == ("", 1)
        assert list(error) == ["code", "what", "where", "why", "fix", "exitCode"]
        assert (error["code"], error["exitCode"]) == (code, exit_code)
    assert list(Path().iterdir()) == []


def test_each_problem_of_a_file_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("hosts:\n- name: a\n  adress: 10.0.0.1\n  os: linux\n  os: linux\n")
    assert run(["add-host", "--file", "hosts.yaml"]) == 65
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[-2].strip() for line in lines if " column " in line and "where" not in line] == [
        "address",
        "adress",
        "os",
    ]
