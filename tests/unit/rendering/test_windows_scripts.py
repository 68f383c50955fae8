"""Scripts of Windows hosts: PowerShell's syntax, and only what Windows PowerShell 5.1 has; and what they do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_pwsh
import yaml
from sample_cluster import windows_cluster
from tree_sitter import Language, Parser

from aksprov.model.bundle import folder_path
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
HELPERS = Path(__file__).parent / "powershell"
PLUGINS = ["calico", "flannel"]
PROXY = "C:/ProgramData/aksprov/kube-proxy"
HOST_LOCAL = shutil.which(
    "host-local", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/lib/cni", "/opt/cni/bin"])
)

# Commands and parameters of Windows PowerShell 5.1 (Microsoft.PowerShell.Core, .Utility and .Management 5.1 on
# learn.microsoft.com) and of Windows' HostNetworkingService module that our scripts may call.
COMMANDS: dict[str, set[str]] = {
    "ConvertFrom-Json": set(),
    "ConvertTo-Json": {"Compress", "InputObject"},
    "Get-Date": {"Format"},
    "Get-HnsEndpoint": set(),
    "Get-HnsNetwork": set(),
    "Get-Service": {"Name"},
    "Move-Item": {"Destination", "Force", "LiteralPath"},
    "Out-String": set(),
    "Remove-Item": {"LiteralPath"},
    "Select-Object": {"ExpandProperty", "First"},
    "Split-Path": {"Parent", "Path"},
    "Start-Process": {"ArgumentList", "FilePath", "NoNewWindow", "PassThru", "RedirectStandardError", "Wait"},
    "Start-Service": {"Name"},
    "Stop-Service": {"Name"},
    "Test-Path": {"LiteralPath"},
    "Where-Object": set(),
}


def scripts(plugin: str) -> dict[str, bytes]:
    """Path -> bytes of a Windows worker's scripts."""
    files = render_bundle(windows_cluster(plugin), "w2", {}, {}, TEMPLATES).files
    return {f.path: (f.content or "").encode() for f in files if f.path.endswith(".ps1")}


def lay_out(root: Path, plugin: str) -> None:
    """The Windows worker's files below root/c, where "C:" leads, too."""
    for file in render_bundle(windows_cluster(plugin), "w2", {}, {}, TEMPLATES).files:
        place = root / folder_path(file.path).replace("C/", "c/", 1)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((file.content or "").encode())
    (root / "C:").symlink_to("c")


def pwsh(script: str, *arguments: str | Path) -> str:
    """What a helper prints."""
    command = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File", HELPERS / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout
    return done.stdout


def run(root: Path, *moments: dict[str, Any]) -> list[dict[str, Any]]:
    """What the script that starts kube-proxy does, moment after moment."""
    scenario = root / "scenario.jsonl"
    scenario.write_text("".join(json.dumps(m) + "\n" for m in moments))
    script = root / "c" / PROXY.removeprefix("C:/") / "sync-kube-proxy.ps1"
    return [json.loads(line) for line in pwsh("pretend.ps1", root, script, scenario).splitlines()]


def flaws(text: bytes) -> list[str]:
    """Pieces of a script that are no PowerShell, as tree-sitter's grammar has it."""
    found, todo = [], [Parser(Language(tree_sitter_pwsh.language())).parse(text).root_node]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            found.append(text[node.start_byte : node.end_byte].decode() or node.type)
        todo += node.children
    return found


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_script_is_powershell_without_leftovers(plugin: str) -> None:
    found = scripts(plugin)
    assert found
    for path, text in found.items():
        assert flaws(text) == [], path
        assert not any(mark in text for mark in (b"{{", b"}}", b"{%", b"%}")), path


def test_a_flaw_is_seen() -> None:
    """The check above can fail."""
    assert flaws(b"$a = 'x\n}\n")


@pytest.mark.pwsh
@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_script_keeps_to_windows_powershell(plugin: str, tmp_path: Path) -> None:
    """By PowerShell's own parser; commands and parameters by the list above."""
    lay_out(tmp_path, plugin)
    seen = json.loads(pwsh("look.ps1", *sorted((tmp_path / "c").rglob("*.ps1"))))
    assert seen
    for path, said in seen.items():
        assert (said["errors"], said["newer"]) == ([], []), path
        for called in said["commands"]:
            assert called["name"] in COMMANDS, path
            assert set(called["parameters"]) <= COMMANDS[called["name"]], (path, called)


@pytest.mark.pwsh
def test_newer_syntax_is_seen(tmp_path: Path) -> None:
    """The check above can fail."""
    script = tmp_path / "newer.ps1"
    script.write_text(
        '$a ?? 1\n$a ??= 1\n$a ? 1 : 2\nGet-Date && Get-Date\n${a}?.b\n${a}?[0]\n"`u{41}"\n"`e$a"\n$b = (\n'
    )
    (said,) = json.loads(pwsh("look.ps1", script)).values()
    assert len(said["newer"]) >= 8
    assert said["errors"]


CALICO = {"Name": "Calico", "ID": "one", "Subnets": [{"AddressPrefix": "10.244.3.0/25"}]}
FLANNEL = {"Name": "flannel.4096", "ID": "one", "Subnets": [{"AddressPrefix": "10.244.3.0/24"}]}
OTHERS = [{"Name": "nat", "ID": "nat"}, {"Name": "External", "ID": "external"}]
HOST = [{"Name": "other", "IPAddress": "10.244.3.9"}, {"Name": "Calico_ep", "IPAddress": "10.244.3.2"}]


@pytest.mark.pwsh
def test_kube_proxy_starts_once_the_network_is_there_and_anew_when_it_changes(tmp_path: Path) -> None:
    lay_out(tmp_path, "calico")
    up = {"networks": [*OTHERS, CALICO], "endpoints": HOST}
    again = {"networks": [*OTHERS, {**CALICO, "ID": "two"}], "endpoints": HOST}
    moved = {**again, "endpoints": [{"Name": "Calico_ep", "IPAddress": "10.244.7.2"}]}
    did = run(
        tmp_path,
        up,  # no kubeconfig: the node has not joined
        {"joined": True, "networks": OTHERS, "endpoints": []},
        {"networks": [*OTHERS, CALICO], "endpoints": HOST[:1]},
        up,
        up,
        again,
        moved,
        {**moved, "died": True},
    )
    start, restart = ["start kube-proxy"], ["stop kube-proxy", "start kube-proxy"]
    assert [d["calls"] for d in did] == [[], [], [], restart, [], restart, restart, start]
    assert {(d["exit"], d["failure"]) for d in did} == {(0, "")}
    sources = [(yaml.safe_load(d["live"]) or {}).get("winkernel", {}).get("sourceVip") for d in did]
    assert sources == [None, None, None, "10.244.3.2", "10.244.3.2", "10.244.3.2", "10.244.7.2", "10.244.7.2"]
    definition = yaml.safe_load((tmp_path / "c/ProgramData/aksprov/kube-proxy/kube-proxy.yaml").read_text())
    live = yaml.safe_load(did[3]["live"])
    assert live == {**definition, "winkernel": {**definition["winkernel"], "sourceVip": "10.244.3.2"}}


@pytest.mark.pwsh
def test_what_went_wrong_is_kept_until_it_goes_right(tmp_path: Path) -> None:
    """A scheduled task shows an exit code and nothing else."""
    lay_out(tmp_path, "calico")
    bad = {"joined": True, "networks": [CALICO], "endpoints": [{"Name": "Calico_ep", "IPAddress": 'x"\n'}]}
    good = {"networks": [CALICO], "endpoints": HOST}
    did = run(tmp_path, bad, good)
    assert [d["exit"] for d in did] == [1, 0]
    assert "source VIP" in did[0]["failure"]
    assert (did[0]["live"], did[0]["calls"], did[1]["failure"]) == ("", [], "")


@pytest.mark.pwsh
@pytest.mark.skipif(HOST_LOCAL is None, reason="no host-local (apt-get install containernetworking-plugins)")
def test_flannels_host_keeps_one_address_that_no_pod_gets(tmp_path: Path) -> None:
    """Reserved by the real host-local; another subnet gives another one."""
    lay_out(tmp_path, "flannel")
    program = tmp_path / "c/opt/cni/bin/host-local.exe"
    program.parent.mkdir(parents=True)
    # the store is below the root of the drive; here it must not be this machine's
    program.write_text(f'#!/bin/sh\nsed "s#\\"type\\":#\\"dataDir\\":\\"{tmp_path}/store\\",&#" | {HOST_LOCAL}\n')
    program.chmod(0o755)
    up = {"joined": True, "networks": [FLANNEL], "endpoints": []}
    other = {"networks": [{**FLANNEL, "Subnets": [{"AddressPrefix": "10.244.8.0/24"}]}], "endpoints": []}
    did = run(tmp_path, up, {**up, "died": True}, other, up)
    assert [d["failure"] for d in did] == [""] * 4
    sources = [yaml.safe_load(d["live"])["winkernel"]["sourceVip"] for d in did]
    assert sources[0] == sources[1]
    assert [source.rpartition(".")[0] for source in sources] == ["10.244.3", "10.244.3", "10.244.8", "10.244.3"]
    assert sorted(p.name for p in (tmp_path / "store/flannel.4096").glob("10.*")) == [sources[3]]
