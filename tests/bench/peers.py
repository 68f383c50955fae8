"""How each tool does the same work on the same hosts: cold connections, host keys verified, 50 hosts at once."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import yaml
from minilab import Lab
from workload import CONCURRENCY, NAMES, SIZES, TARGET, content

from aksprov.model.bundle import BundleFile
from aksprov.model.facts import Manifest, ManifestFile
from aksprov.model.transport import Delivery
from aksprov.transport.agent import agent_argv, command_line
from aksprov.transport.delivery import apply_input, apply_script
from aksprov.transport.posix import script
from aksprov.transport.shell import SHORT_LOOK
from aksprov.workflows.test_host import LOOK

Work = Literal["W1", "W2", "W3"]
WORKS: tuple[Work, ...] = ("W1", "W2", "W3")
OURS, SHORTEST = "ssh + tar, our script", "ssh + tar, shortest script"


class Tool(Protocol):
    """A tool that is set up for some hosts."""

    name: str

    def argv(self, work: Work) -> list[str | Path]:
        """The command that does the work; it runs in the lab's network."""
        ...

    def environment(self) -> dict[str, str]:
        """Its environment."""
        ...


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG")}
    return {**kept, "HOME": str(folder)}


class Aksprov:
    """The program itself: everything from its start to its end."""

    name = "aksprov"

    def __init__(self, lab: Lab, hosts: Sequence[str], files: Path, folder: Path) -> None:
        self._folder, self._files = folder, files
        entries = [
            {
                "name": host,
                "address": lab[host].ip,
                "os": "linux",
                "user": "root",
                "key_file": str(lab.key),
                "host_key": lab[host].host_key,
            }
            for host in hosts
        ]
        (folder / "hosts.yaml").write_text(yaml.safe_dump({"hosts": entries}, sort_keys=False))

    @property
    def program(self) -> Path:
        """The command of this environment."""
        return Path(sys.executable).with_name("aksprov")

    def argv(self, work: Work) -> list[str | Path]:
        """apply --from, or test-host."""
        if work == "W3":
            return [self.program, "test-host"]
        return [self.program, "apply", "--from", self._files, "--yes"]

    def environment(self) -> dict[str, str]:
        """With a state of its own."""
        return {**_environment(self._folder), "AKSPROV_STATE": str(self._folder / "state.db")}


class Ansible:
    """ansible-playbook: pipelining, a copy loop, shell for the script; plain or with Mitogen's strategy."""

    def __init__(
        self, lab: Lab, hosts: Sequence[str], files: Path, folder: Path, peers: Path, *, mitogen: bool
    ) -> None:
        self.name = "Ansible + Mitogen" if mitogen else "Ansible"
        self._folder, self._peers = folder, peers
        strategy = "strategy = linear"
        if mitogen:
            plugins = next((peers / "lib").glob("python3*/site-packages/ansible_mitogen/plugins/strategy"))
            strategy = f"strategy_plugins = {plugins}\nstrategy = mitogen_linear"
        ssh = f"-F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={lab.known_hosts}"
        (folder / "ansible.cfg").write_text(
            f"[defaults]\nforks = {CONCURRENCY}\ngathering = explicit\ninterpreter_python = /usr/bin/python3\n"
            f"{strategy}\n[connection]\npipelining = True\n[ssh_connection]\npipelining = True\n"
            f"ssh_args = {ssh}\ncontrol_path_dir = {folder}/cp\n"
        )
        lines = [f"{host} ansible_host={lab[host].ip}" for host in hosts]
        (folder / "hosts.ini").write_text(
            "\n".join([*lines, "[all:vars]", "ansible_user=root", f"ansible_ssh_private_key_file={lab.key}"]) + "\n"
        )
        copy = {
            "src": f"{files}/{{{{ inventory_hostname }}}}{TARGET}/{{{{ item }}}}",
            "dest": f"{TARGET}/{{{{ item }}}}",
        }
        make = {"name": "folder", "ansible.builtin.file": {"path": TARGET, "state": "directory", "mode": "0755"}}
        task = {"name": "files", "ansible.builtin.copy": {**copy, "mode": "0644"}, "loop": list(NAMES)}
        _play(folder / "files.yml", [make, task])
        (folder / "script").write_text(_test_script())
        _play(folder / "script.yml", [{"ansible.builtin.shell": "{{ lookup('file', 'script') }}"}])

    def argv(self, work: Work) -> list[str | Path]:
        """One playbook."""
        play = "script.yml" if work == "W3" else "files.yml"
        return [self._peers / "bin/ansible-playbook", "-i", "hosts.ini", play]

    def environment(self) -> dict[str, str]:
        """With its own programs first."""
        kept = _environment(self._folder)
        return {**kept, "PATH": f"{self._peers}/bin:{kept['PATH']}", "LC_ALL": "C.UTF-8", "PYTHONPATH": ""}


def _play(path: Path, tasks: list[dict[str, object]]) -> None:
    path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}], sort_keys=False))


class Pyinfra:
    """pyinfra: twelve times files.put, and exec for the script."""

    name = "pyinfra"

    def __init__(self, lab: Lab, hosts: Sequence[str], files: Path, folder: Path, peers: Path) -> None:
        self._folder, self._peers = folder, peers
        shared = {"ssh_user": "root", "ssh_key": str(lab.key), "ssh_known_hosts_file": str(lab.known_hosts)}
        shared |= {"ssh_strict_host_key_checking": "yes"}
        inventory = [(lab[host].ip, {**shared, "name": host}) for host in hosts]
        (folder / "inventory.py").write_text(f"hosts = {inventory!r}\n")
        (folder / "deploy.py").write_text(
            textwrap.dedent(f"""\
                from pyinfra import host
                from pyinfra.operations import files

                for name in {NAMES!r}:
                    files.put(
                        src="{files}/" + host.data.name + "{TARGET}/" + name, dest="{TARGET}/" + name, mode="644"
                    )
                """)
        )

    def argv(self, work: Work) -> list[str | Path]:
        """One run."""
        how = ["exec", "--", _test_script()] if work == "W3" else ["deploy.py"]
        return [self._peers / "bin/pyinfra", "-y", "--parallel", str(CONCURRENCY), "inventory.py", *how]

    def environment(self) -> dict[str, str]:
        """Nothing special."""
        return {**_environment(self._folder), "PYTHONPATH": ""}


class OpenSsh:
    """ssh and tar, one pair of processes a host: the floor.

    Args:
        ours: run aksprov's own host scripts, with all that they do; else the shortest ones that hash and swap.
    """

    def __init__(self, lab: Lab, hosts: Sequence[str], files: Path, folder: Path, *, ours: bool) -> None:
        self.name = OURS if ours else SHORTEST
        self._folder, self._hosts = folder, hosts
        for host in hosts:
            (folder / f"address-{host}").write_text(lab[host].ip)
            (_ours if ours else _shortest)(folder, host)
        options = f"-F none -T -x -a -o BatchMode=yes -o IdentitiesOnly=yes -i {lab.key} -l root"
        options += f" -o UserKnownHostsFile={lab.known_hosts} -o KexAlgorithms=curve25519-sha256"
        pack = f"tar -C {files}/$1/{TARGET.lstrip('/')} -b 1 --format=ustar --owner=root --group=root -cf -"
        rename = f"--transform 's,^,{TARGET.lstrip('/')}/.,;s,$,.aksprov-{_MARK},'" if ours else ""
        ssh = f'ssh {options} $(cat address-$1) "$(cat command-$0-$1)"'
        send = f"{{ cat head-$1; {pack} {rename} {' '.join(NAMES)}; }} | {ssh}"
        self._lines = {"W1": send, "W2": f"{ssh} </dev/null" if ours else send, "W3": f"{ssh} </dev/null"}

    def argv(self, work: Work) -> list[str | Path]:
        """All hosts by xargs, 50 at once."""
        line = self._lines[work].replace("$0", work)
        each = f"xargs -P {CONCURRENCY} -n 1 sh -c {shlex.quote(line)} sh"
        return ["sh", "-c", f"printf '%s\\n' {' '.join(self._hosts)} | {each}"]

    def environment(self) -> dict[str, str]:
        """Nothing special."""
        return _environment(self._folder)


_MARK, _NONCE = "0123abcd", "0123456789abcdef0123456789abcdef"


def _agent(text: str, arguments: Sequence[str] = ()) -> str:
    return command_line(agent_argv(_NONCE, text, arguments, sudo=False))


def _test_script() -> str:
    """What test-host runs on a host."""
    return f"N={_NONCE}\n{LOOK}"


def _ours(folder: Path, host: str) -> None:
    """The command lines that aksprov sends, and what comes before the tar stream on stdin."""
    files = tuple(
        BundleFile(path=f"{TARGET}/{name}", content=content(host, name, size), reader="data", cluster="")
        for name, size in zip(NAMES, SIZES, strict=True)
    )
    managed = tuple(
        ManifestFile(path=f.path, sha256=hashlib.sha256((f.content or "").encode()).hexdigest(), mode=f.mode)
        for f in files
    )
    manifest = Manifest(state_id="bench", epoch=1, bundle="b" * 64, files=managed)
    delivery = Delivery(files=files, removes=(), steps=("data",), listens=(), manifest=manifest)
    text, stdin = apply_script(delivery), apply_input(delivery, _MARK)
    lines = stdin[: stdin.index(b"\n.\n") + 3]
    header = f"{_NONCE} {len(text.encode())} {len(stdin)} 60\n{text}".encode()
    (folder / f"head-{host}").write_bytes(header + lines)
    for work in ("W1", "W2"):
        (folder / f"command-{work}-{host}").write_text(_agent(script(*SHORT_LOOK), [f.path for f in files]))
    (folder / f"command-W3-{host}").write_text(_agent(LOOK))


_SHORTEST = """umask 022; mkdir -p {target} && cd {target} || exit 9
if [ "$(stat -c '%a %n' {names} 2>/dev/null)" = "{modes}" ] && sha256sum --status -c - <<'E'
{sums}
E
then echo OK; exit 0; fi
t=.new.$$; mkdir $t && tar -xpf - -C $t && mv -f $t/* . && rmdir $t && echo DONE"""


def _shortest(folder: Path, host: str) -> None:
    sums = [
        f"{hashlib.sha256(content(host, name, size).encode()).hexdigest()}  {name}"
        for name, size in zip(NAMES, SIZES, strict=True)
    ]
    text = _SHORTEST.format(
        target=TARGET, names=" ".join(NAMES), modes="\n".join(f"644 {name}" for name in NAMES), sums="\n".join(sums)
    )
    (folder / f"head-{host}").write_bytes(b"")
    for work in ("W1", "W2"):
        (folder / f"command-{work}-{host}").write_text(text)
    (folder / f"command-W3-{host}").write_text("echo ok")
