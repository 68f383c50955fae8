"""Runs playbooks with real Ansible, and reads what each task said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "ansible"


@cache
def environment(folder: str = "tests/ansible") -> Path:
    """The virtual environment of Ansible's programs."""
    made = subprocess.run([ROOT / "tools/environment", folder], capture_output=True, text=True, check=True)
    return Path(made.stdout.strip())


class Ansible:
    """Ansible's programs in a folder of a test's own, with the collection of this tree.

    Args:
        folder: home, playbooks and collections are in it.
        state: the state of aksprov.
        inside: puts a command where it is to run, as in a lab's network.
    """

    def __init__(self, folder: Path, state: Path, inside: Any = list, programs: str = "tests/ansible") -> None:
        self.folder, self._inside = folder, inside
        self._bin = environment(programs) / "bin"
        namespace = folder / "collections/ansible_collections/aksprov"
        namespace.mkdir(parents=True)
        (namespace / "hci").symlink_to(COLLECTION)
        self.program = str(Path(sys.executable).with_name("aksprov"))
        self.variables = {
            "PATH": f"{self._bin}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "AKSPROV_CLI": self.program,
            "AKSPROV_STATE": str(state),
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def run(self, *command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """One of Ansible's programs."""
        return subprocess.run(
            self._inside([str(self._bin / command[0]), *map(str, command[1:])]),
            env={**os.environ, **self.variables},
            cwd=cwd or self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def play(self, tasks: Sequence[Mapping[str, Any]], *options: str) -> list[dict[str, Any]]:
        """What each of the tasks said; one that fails says why and the next goes on."""
        steps = []
        for number, task in enumerate(tasks):
            steps.append({**task, "register": f"said_{number}", "ignore_errors": True})
        said = "[" + ", ".join(f"said_{number}" for number in range(len(tasks))) + "]"
        steps.append(
            {
                "ansible.builtin.copy": {"content": "{{ " + said + " | to_json }}", "dest": str(self.folder / "said")},
                "check_mode": False,
                "diff": False,
            }
        )
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": steps}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        done = self.run("ansible-playbook", "play.yml", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        found: list[dict[str, Any]] = json.loads((self.folder / "said").read_text())
        return found
