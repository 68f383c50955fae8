"""Lab hosts of both kinds beside each other: minilab's, and two that pretend to be Windows, one by each wire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from configured import NETWORK
from controller import ROOMY, Controller
from minilab import Lab
from windows_lab import PASSWORD, pwsh

# Windows host -> where it listens, how it is reached, and its address in the network's prefix
WINDOWS = {"winhost": ("127.0.0.1", "psrp", "10.77.0.40"), "winhost2": ("127.0.0.2", "winrm", "10.77.0.41")}

ADAPTER = "Ethernet 2"  # which has that address


@dataclass
class Mixed:
    """A controller, and the folders of the Windows hosts' drives."""

    controller: Controller
    roots: dict[str, Path]

    @property
    def root(self) -> Path:
        """Of the first one."""
        return self.roots["winhost"]

    @property
    def state(self) -> dict[str, Any]:
        """What the first one's Windows has."""
        return dict(json.loads((self.root / ".winrmhost/windows.json").read_text()))


@contextmanager
def mixed_hosts(linux: Mapping[str, str], directory: Path, roots: Mapping[str, Path]) -> Iterator[Mixed]:
    """Hosts of each kind, recorded as hosts of a controller, and a network; none is configured yet.

    Args:
        linux: name -> role.
        directory: the controller's home.
        roots: Windows host -> the folder of its drives.
    """
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(list(linux)))
        controller = Controller(lab, directory)
        certificates = {
            name: stack.enter_context(_serve(lab, roots[name], bind, address))
            for name, (bind, _, address) in WINDOWS.items()
        }
        _write_hosts(controller, linux, certificates)
        yield Mixed(controller, dict(roots))


@contextmanager
def _serve(lab: Lab, root: Path, bind: str, address: str) -> Iterator[str]:
    """A Windows host in the lab's network; the file of its certificate."""
    command = [sys.executable, "-m", "winrmhost", "--root", root, "--pwsh", pwsh(), "--restart-s", "1", "--bind", bind]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    serving = subprocess.Popen(lab.inside(command), stdout=subprocess.PIPE, text=True, env=environment)
    assert serving.stdout is not None
    said = json.loads(serving.stdout.readline())
    try:
        _give_address(root, address)
        yield said["cert"]
    finally:
        serving.terminate()
        serving.wait(30)
        serving.stdout.close()


def _give_address(root: Path, address: str) -> None:
    """On a second adapter: the first one, which has the default route, is in another network."""
    file = root / ".winrmhost/windows.json"
    state = json.loads(file.read_text())
    state["adapters"].append(state["adapters"][0] | {"name": ADAPTER, "index": 7, "mac": "00-15-5D-00-00-07"})
    state["addresses"].append({"address": address, "prefix": 16, "index": 7, "alias": ADAPTER})
    file.write_text(json.dumps(state))


def _write_hosts(controller: Controller, linux: Mapping[str, str], certificates: Mapping[str, str]) -> None:
    path = controller.write_hosts(more={host: {"roles": [role]} for host, role in linux.items()})
    hosts = yaml.safe_load(path.read_text())
    secret = controller.directory / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    for name, (bind, connection, _) in WINDOWS.items():
        entry = {"name": name, "address": bind, "os": "windows", "connection": connection, "user": "Administrator"}
        entry |= {"password_ref": f"file:{secret}", "ca_file": certificates[name], "capacity": dict(ROOMY)}
        hosts["hosts"].append(entry)
    path.write_text(yaml.safe_dump(hosts, sort_keys=False))
    controller.run(*NETWORK)
    controller.run("add-host", "--file", path)
