"""No secret is written anywhere: canaries go in by every door, and everything that was written is searched for them.

w1 is reached through lb1, so lb1's password opens a jump host, too; in the end another state adopts all hosts.

Seen to fail: with the sudo password in the agent's command line, a reference's text in an error, or the passphrase in
that of a key that it does not open, it is found; without the hosts of the file as jump hosts in workflows/adopt.py w1
was out of reach for the other state.
"""

from __future__ import annotations

import os
import pty
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab

CANARY = f"canary-{secrets.token_hex(4)}-"  # every secret below begins so, and nothing else does
CLUSTER = (
    "new-cluster --name demo --vnet labnet --primary-network-plugin calico --control-plane-node-count 1 "
    "--load-balancer-count 1 --node-pool-name pool --node-count 1 --os-type linux --configure-only"
).split()
FOREIGN = "/etc/haproxy/haproxy.cfg"
# The host's own: the configuration that we replaced, kept as it was and readable by root alone.
KEPT = "/var/lib/aksprov/originals"


class Operator(Controller):
    """A controller whose environment has secrets, and that keeps all that commands print."""

    said = ""

    @property
    def environment(self) -> dict[str, str]:
        """With the secrets that references name."""
        named = {"SUDO_PW": f"{CANARY}env", "WRONG_PW": f"{CANARY}wrong", "PHRASE": f"{CANARY}phrase"}
        return {**super().environment, **named}

    def run(self, *arguments: str | Path, check: int | None = 0, input: str | None = None, timeout: float = 180):  # type: ignore[no-untyped-def]  # noqa: ANN201
        """As before; what was said is kept."""
        done = super().run(*arguments, check=check, input=input, timeout=timeout)
        self.said += done.stdout + done.stderr
        return done

    def typed(self, *arguments: str | Path, check: int = 0) -> None:
        """Run aksprov on a terminal where somebody answers its two questions."""
        answers = {"Passphrase of": f"{CANARY}passphrase", "sudo password of ops": f"{CANARY}typed"}
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.argv(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=self.environment, cwd=self.directory
        )
        os.close(theirs)
        text = ""
        try:
            while data := os.read(ours, 65536):
                text += data.decode("utf-8", "replace")
                asked = [question for question in answers if question in text.splitlines()[-1]]
                if asked and text.endswith(": "):
                    time.sleep(0.2)  # the terminal no longer shows what is typed
                    os.write(ours, (answers.pop(asked[0]) + "\n").encode())
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        self.said += text
        assert process.wait() == check, text


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Three hosts, each reached with secrets of other kinds, and a load balancer that had one of its own."""
    with Lab(["cp1", "lb1", "w1"]) as lab:
        operator = Operator(lab, tmp_path_factory.mktemp("operator"))
        passwords = {"cp1": "env", "lb1": "file", "w1": "typed"}
        for name, password in passwords.items():
            lab[name].shell(f"echo 'ops:{CANARY}{password}' | chpasswd; echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops")
            lab[name].shell(
                "echo PasswordAuthentication yes > /etc/ssh/sshd_config.d/00-pw.conf; systemctl restart ssh"
            )
        lab["lb1"].write(FOREIGN, f"listen stats\n  bind 127.0.0.1:9999\n  mode http\n  stats auth a:{CANARY}foreign\n")
        lab["lb1"].shell(f"chmod 600 {FOREIGN}")
        inputs = operator.directory / "inputs"
        inputs.mkdir()
        (inputs / "pw").write_text(f"{CANARY}file\n")
        (inputs / "pw").chmod(0o600)
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", f"{CANARY}passphrase", "-f", inputs / "key"]
        subprocess.run(key, check=True)
        lab["w1"].shell(f"echo '{(inputs / 'key.pub').read_text().strip()}' >> /home/ops/.ssh/authorized_keys")
        by_reference = ["ssh-keygen", "-q", "-t", "ed25519", "-N", f"{CANARY}phrase", "-f", inputs / "by-reference"]
        subprocess.run(by_reference, check=True)
        lab["cp1"].shell(
            f"echo '{(inputs / 'by-reference.pub').read_text().strip()}' >> /home/ops/.ssh/authorized_keys"
        )
        yield operator


@contextmanager
def watched(seen: set[str]) -> Iterator[None]:
    """Collect the command lines of all processes, those on the lab's hosts too, that have a canary."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for entry in os.scandir("/proc"):
                if entry.name.isdigit():
                    try:
                        line = Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    except OSError:
                        continue
                    if CANARY in line:
                        seen.add(line)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def with_canary(folder: Path, but: Path) -> list[str]:
    """Files below ``folder`` that have a canary, whatever form they are in."""
    argv = ["grep", "-rlaF", CANARY, folder]
    found = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
    return [path for path in found if not Path(path).is_relative_to(but)]


@pytest.mark.slow
def test_no_secret_is_found_in_anything_that_was_written(operator: Operator) -> None:
    lab, inputs = operator.lab, operator.directory / "inputs"
    sudo = {"user": "ops", "become": "sudo"}
    more = {
        "cp1": {**sudo, "become_password_ref": "env:SUDO_PW", "roles": ["control-plane"]}
        | {"key_file": "inputs/by-reference", "key_passphrase_ref": "env:PHRASE"},
        "lb1": {**sudo, "password_ref": "file:inputs/pw", "become_password_ref": "file:inputs/pw", "key_file": None}
        | {"roles": ["load-balancer"]},
        "w1": {**sudo, "become_password_ref": "prompt", "key_file": "inputs/key", "roles": ["worker"]}
        | {"jump_host": "lb1"},
    }
    wrong = {**more["cp1"], "become_password_ref": "env:WRONG_PW"}
    command_lines: set[str] = set()
    with watched(command_lines):
        operator.run("add-host", "--file", operator.write_hosts(["cp1"], more={"cp1": wrong}), "--verbose", check=77)
        operator.run("set-host", "--name", "cp1", "--become-password-ref", "env:SUDO_PW")
        operator.run("set-host", "--name", "cp1", "--key-passphrase-ref", "env:WRONG_PW")
        operator.run("test-host", "--name", "cp1", "--verbose", check=77)
        operator.run("set-host", "--name", "cp1", "--key-passphrase-ref", "env:PHRASE")
        for option in ("--become-password-ref", "--key-passphrase-ref"):
            operator.run("set-host", "--name", "cp1", option, f"{CANARY}misplaced", check=65)
        hosts = operator.write_hosts(more=more)
        operator.typed("add-host", "--file", hosts, "--events", "events-add", "--verbose")
        operator.typed("test-host", "--output", "json", "--verbose")
        operator.run(*NETWORK)
        plan = ["--what-if", "--plan-file", "plan", "--output", "json", "--verbose"]
        operator.typed(*CLUSTER, *plan, check=2)
        operator.run(*CLUSTER, "--verbose", "--events", "events-unasked", check=None)  # w1's secrets are not there
        lab["lb1"].shell("mv /usr/sbin/haproxy /usr/sbin/haproxy.away")
        operator.typed(*CLUSTER, "--verbose", "--events", "events-failing", check=1)
        lab["lb1"].shell("mv /usr/sbin/haproxy.away /usr/sbin/haproxy")
        operator.typed(*CLUSTER, "--verbose", "--events", "events", "--output", "json")
        operator.run("state-backup", "backup")
        operator.run("get-host", "--output", "json")
        operator.state = operator.directory / "other.db"
        operator.typed("adopt", "--file", hosts, "--yes", "--verbose", "--events", "events-adopt")

    assert operator.said.count("Configured")
    assert [cluster["Name"] for cluster in operator.json("get-cluster")] == ["demo"], "the other state has it now"
    assert "HostSudoPasswordRefused" in operator.said and "KeyPassphraseRefused" in operator.said
    assert CANARY not in operator.said.replace(f"{CANARY}misplaced", "")
    assert {line for line in command_lines if f"{CANARY}misplaced" not in line} == set()
    assert with_canary(operator.directory, but=inputs) == []
    assert with_canary(inputs, but=operator.directory / "none") == [
        str(inputs / "pw")
    ]  # the search finds what is there
    for name in lab.hosts:
        lab[name].shell("sync; journalctl --flush 2>/dev/null; true")
        search = f"grep -rlaF -D skip {CANARY} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev || true"
        found = lab[name].shell(search).stdout.split()
        assert [path for path in found if not path.startswith(KEPT)] == [], name
        # and the search finds what the host had, which nobody else may read
        kept = "".join(lab[name].shell(f"stat -c '%a %U' {path}").stdout for path in found)
        assert kept == ("600 root\n" if name == "lb1" else "")
