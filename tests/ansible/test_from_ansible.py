"""``add-host --from-ansible`` with the real ansible-inventory: what is recorded, and what is nowhere.

Seen to fail: with encrypted files not looked for, canary-user was in the state; with Ansible's messages handed on as
they are, the password of a broken line was in the error.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playbooks import ROOT, environment

pytestmark = pytest.mark.ansible
AKSPROV = str(Path(sys.executable).with_name("aksprov"))
INVENTORY = ROOT / "tests/unit/inventory/ansible"


class Folder:
    """An inventory of a test's own, and aksprov beside Ansible's programs."""

    def __init__(self, path: Path, programs: str) -> None:
        self.path = path
        shutil.copytree(INVENTORY, path / "inventory")
        (path / "vault-password").write_text("lab\n")
        self.variables = {
            "PATH": f"{environment(programs) / 'bin'}:/usr/bin:/bin",
            "HOME": str(path),
            "LC_ALL": "C.UTF-8",
            "AKSPROV_STATE": str(path / "state.db"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(path / "vault-password"),
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program in the folder."""
        return subprocess.run(
            command, env={**os.environ, **self.variables}, cwd=self.path, capture_output=True, text=True, check=False
        )

    def add(self, inventory: str) -> subprocess.CompletedProcess[str]:
        """Record the hosts of an inventory; what is said goes to events, too."""
        words = ("add-host", "--from-ansible", inventory, "--offline", "--output", "json", "--events", "events")
        return self.run(AKSPROV, *words)

    def has(self, word: str) -> list[str]:
        """The files of aksprov's that have a word."""
        files = (*self.path.glob("state.db*"), self.path / "events")
        return [file.name for file in files if file.exists() and word.encode() in file.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("programs", ["tests/ansible", "tests/ansible/oldest"])
def test_hosts_are_recorded_and_nothing_of_a_vault_is_anywhere(tmp_path: Path, programs: str) -> None:
    folder = Folder(tmp_path, programs)
    listed = json.loads(folder.run("ansible-inventory", "-i", "inventory/hosts.yml", "--list").stdout)
    listed["_meta"].pop("profile", None)
    recorded = json.loads((INVENTORY / "listed.json").read_text())
    recorded["_meta"].pop("profile")
    assert listed == recorded  # so the unit tests read what Ansible prints
    done = folder.add("inventory/hosts.yml")
    assert done.returncode == 0, done.stderr
    hosts = {host["Name"]: host for host in json.loads(done.stdout)}
    assert len(hosts) == 9 and hosts["w1"]["JumpHost"] == "jump1" and hosts["win2"]["Auth"] == "basic"
    assert hosts["cp1"]["KeyFile"] == str(tmp_path / "keys/id_ed25519")
    assert "aksprov set-host --name w2 --user USER --password-ref env:W2_PASSWORD" in done.stderr
    assert "ansible_user is in an encrypted file" in done.stderr
    for word in ("canary", "ANSIBLE_VAULT", "{{"):
        assert word not in done.stdout + done.stderr and not folder.has(word)
    (line,) = re.findall("^    aksprov (.* --from-ansible .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    again = folder.run(AKSPROV, *shlex.split(line))
    assert (again.returncode, "nothing to change" in again.stderr) == (0, True), again.stderr


@pytest.mark.slow  # tests/unit/workflows/test_ansible_inventory.py has the words
def test_what_cannot_be_read_is_told_without_its_words_and_nothing_is_recorded(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "tests/ansible")
    broken = {
        "none.yml": None,
        "line.ini": "web1 ansible_password=my canary\n",
        "quote.yml": 'all:\n  hosts:\n    a: {ansible_password: canary}\n    b: [x\n  vars: "canary\n',
    }
    for name, text in broken.items():
        if text:
            (tmp_path / name).write_text(text)
        done = folder.add(name)
        assert (done.returncode, json.loads(done.stderr)["code"]) == (65, "AnsibleInventoryFailed"), done.stderr
        assert name in json.loads(done.stderr)["why"] and "canary" not in done.stderr
    del folder.variables["ANSIBLE_VAULT_PASSWORD_FILE"]
    locked = folder.add("inventory/hosts.yml")
    assert "vault secrets" in json.loads(locked.stderr)["why"], locked.stderr
    folder.variables["PATH"] = "/nowhere"
    missing = json.loads(folder.add("inventory/hosts.yml").stderr)
    assert (missing["code"], missing["exitCode"], "ansible-core" in missing["fix"]) == ("AnsibleMissing", 69, True)
    assert not (tmp_path / "state.db").exists()
