"""`aksprov` as a user runs it: a program with a home, a state and a hosts file of its own, in a lab's network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from minilab import Lab

# What New-AksHciCluster's default sizes ask for (Standard_A4_v2: 4 CPUs, 8 GB), whatever this machine has.
ROOMY = {"cpus": 4, "memory_gb": 16}


class Controller:
    """The machine from which a lab's hosts are provisioned.

    Args:
        directory: becomes the home of the programs; state and hosts file are in it.
    """

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.directory = lab, directory
        self.state = directory / "state.db"
        (directory / ".ssh").mkdir(mode=0o700, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """This process's, without what would reach the user's own state or agent."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AKSPROV_", "SSH_", "XDG_"))}
        return {**kept, "HOME": str(self.directory), "AKSPROV_STATE": str(self.state), "COLUMNS": "200"}

    def write_hosts(
        self,
        names: Sequence[str] = (),
        *,
        pinned: bool = True,
        more: Mapping[str, Mapping[str, Any]] | None = None,
        path: Path | None = None,
    ) -> Path:
        """Write a hosts file and return its path.

        Args:
            names: hosts of the lab; none means all.
            pinned: each entry has its host key; else the keys are in ~/.ssh/known_hosts.
            more: name -> further or other values of that entry; under "" those of all entries.
            path: None is hosts.yaml in the home.
        """
        more = more or {}
        hosts = []
        for name in names or self.lab.hosts:
            host = self.lab[name]
            entry = {
                "name": name,
                "address": host.ip,
                "os": "linux",
                "user": "root",
                "key_file": str(self.lab.key),
                "capacity": dict(ROOMY),
                **({"host_key": host.host_key} if pinned else {}),
                **more.get("", {}),
                **more.get(name, {}),
            }
            hosts.append(entry)
        if not pinned:
            (self.directory / ".ssh/known_hosts").write_text(self.lab.known_hosts.read_text())
        path = path or self.directory / "hosts.yaml"
        path.write_text(yaml.safe_dump({"hosts": hosts}, sort_keys=False))
        return path

    def argv(self, *arguments: str | Path) -> list[str]:
        """The command that runs aksprov inside the lab's network."""
        return self.lab.inside([Path(sys.executable).with_name("aksprov"), *arguments])

    def run(
        self, *arguments: str | Path, check: int | None = 0, input: str | None = None, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run aksprov to its end.

        Args:
            check: the exit code that it must have; None takes any.

        Raises:
            AssertionError: another exit code; what it said is in the text.
        """
        done = subprocess.run(
            self.argv(*arguments),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            cwd=self.directory,
            check=False,
        )
        said = f"aksprov {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert check is None or done.returncode == check, said
        return done

    def json(self, *arguments: str | Path, check: int | None = 0) -> Any:
        """Run aksprov with --output json and read what it prints."""
        return json.loads(self.run(*arguments, "--output", "json", check=check).stdout)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start aksprov and leave it running, for tests that kill it."""
        return subprocess.Popen(
            self.argv(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.directory,
        )
