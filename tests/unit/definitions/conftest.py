"""A folder of its own for every test, and a state to copy into it."""

from __future__ import annotations

import json
from pathlib import Path

import definition_cases as cases
import pytest

from aksprov.cli.main import run

HOSTS = {
    "hosts": [
        *({"name": f"h{n}", "address": f"10.0.0.{20 + n}", "os": "linux"} for n in range(8)),
        {"name": "win1", "address": "10.0.0.30", "os": "windows", "connection": "psrp"},
    ]
}
STORY = (
    cases.network(
        name="lab", vswitch_name="eth0", ip_address_prefix="10.0.0.0/24", gateway="10.0.0.1",
        dns_servers="10.0.0.2,192.0.2.53", vip_pool_start="10.0.0.200", vip_pool_end="10.0.0.220",
        k8s_node_ip_pool_start="10.0.0.10", k8s_node_ip_pool_end="10.0.0.100",
    ),
    "add-host --file hosts.json --offline",
    "new-cluster --name old --kubernetes-version v1.36.4 --configure-only --output-dir old",
)  # fmt: skip


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state: a network, hosts that nothing is known of, and a cluster."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AKSPROV_STATE", "state.db")
        (folder / "hosts.json").write_text(json.dumps(HOSTS))
        for line in STORY:
            assert run(line.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state and everything else that a command could leave behind would be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", "state.db")
