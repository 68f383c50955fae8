"""What verbs print has the properties that their declarations promise, in that order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aksprov.cli.main import run
from aksprov.cmdlets.catalog import find_verb

NETWORK = (
    "new-cluster-network --name labnet --vswitch-name External --ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1"
    " --dns-servers 10.0.0.2 --vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.220"
    " --k8s-node-ip-pool-start 10.0.0.40 --k8s-node-ip-pool-end 10.0.0.100"
)
STORY = [
    "get-vm-size",
    "get-kubernetes-version",
    "new-load-balancer-setting --name lb --load-balancer-sku HAProxy --load-balancer-count 2",
    NETWORK.replace("new-cluster-network", "new-network-setting"),
    NETWORK,
    "add-host --offline --name a --address 10.0.0.11 --os linux --interfaces External=eth0",
    "add-host --offline --name b --address 10.0.0.12 --os linux --interfaces External=eth0",
    "add-host --offline --name c --address 10.0.0.13 --os linux --interfaces External=eth0",
    "set-host --name c --cpus 4 --memory-gb 8",
    "new-cluster --name demo --configure-only --output-dir review",
    "get-cluster",
    "get-host",
    "get-cluster-network --addresses",
]


def test_printed_properties_are_declared_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first verb to a cluster in a folder, without a host."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", "state.db")
    for line in STORY:
        assert run([*line.split(), "--output", "json"]) == 0, capsys.readouterr().err
        answer: Any = json.loads(capsys.readouterr().out)
        verb = find_verb(line.split()[0])
        assert verb is not None
        assert isinstance(answer, dict if verb.name.startswith(("new-", "add-", "set-")) else list)
        for item in answer if isinstance(answer, list) else [answer]:
            declared = [p.name for p in verb.outputs if p.name in item]
            assert list(item) == declared, line
