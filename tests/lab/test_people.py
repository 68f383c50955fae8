"""People and networks as they are: passwords, sudo, jump hosts, keys, addresses.  Each works or is a row with a reason.

Seen to fail: where `Password.take` gives its text again, sshd counts three failures of a wrong one; without its turns a
shared account has ten; where each host logs in to its bastion by itself, stock MaxStartups drops some of fifty.  Where
`Login` tries what the server refused again, the bastion counts three invalid users, as it does where `Bastions` does
not keep its error.  Without RETRY_SECONDS sshd that is being started is HostUnreachable.  Without the revoked keys of
known_hosts a revoked one logs in; without its authorities, or with unreadable lines taken for the whole file, the
host's certificate is HostKeyUnknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from minilab import Lab
from minilab.lab import Host as LabHost
from transport_lab import deliver, entry, file

from aksprov.errors import AksprovError, HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.model.transport import Connection
from aksprov.transport import TransportOptions, connector, scanner

T = TypeVar("T")
RIGHT, WRONG = "env:RIGHT", "env:WRONG"
# who -> what /etc/sudoers.d says of him; all have the same password
SUDOERS = {
    "asked": "asked ALL=(ALL) ALL",
    "own": 'own ALL=(ALL) ALL\nDefaults:own passprompt="Mot de passe de %p : ", passprompt_override, lecture=always',
    "term": "term ALL=(ALL) ALL\nDefaults:term requiretty",
    "free": "free ALL=(ALL) NOPASSWD: ALL",
    "none": "",
    "old": "old ALL=(ALL) ALL",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Two hosts full of accounts, a bastion, fifty small hosts behind it; this thread is in their network."""
    small = [{"name": f"n{n}", "kind": "light"} for n in range(50)]
    with Lab(["h1", "h2", "bastion", *small], packages=["fish", "busybox"]) as lab:
        people = "; ".join(
            f"useradd -m -s /bin/bash {who}; echo '{who}:correct horse' | chpasswd; cp -r /root/.ssh /home/{who}/;"
            f" chown -R {who}: /home/{who}/.ssh; printf '%b' '{rule}\\n' > /etc/sudoers.d/{who}"
            for who, rule in SUDOERS.items()
        )
        lab["h1"].shell(people)
        for name in ("h1", "bastion"):  # as Debian has it; the lab's hosts take keys alone
            lab[name].shell("echo PasswordAuthentication yes > /etc/ssh/sshd_config.d/01-people.conf")
            lab[name].shell("systemctl reset-failed ssh; systemctl restart ssh")
        with lab.netns():
            yield lab


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHT", "correct horse")
    monkeypatch.setenv("WRONG", "battery staple")


async def whoami(connection: Connection) -> str:
    return (await connection.run("id -un")).stdout.decode().strip()


def on_hosts(
    hosts: Mapping[str, Host],
    action: Callable[[Connection], Awaitable[T]],
    inventory: Mapping[str, Host] | None = None,
    answers: Mapping[str, str] | None = None,
    **options: object,
) -> dict[str, T | AksprovError]:
    """What an action on each of the hosts, all at once, ends with.

    Args:
        answers: what a person says, by the question; asked anything else he is not there.
    """

    async def ask(question: str) -> str:
        return (answers or {})[question]

    async def work() -> dict[str, T | AksprovError]:
        given = {"known_hosts": (), "agent_path": "", "jitter": lambda: 0.0, **options}
        connect = connector(TransportOptions(inventory=inventory or {}, ask=ask if answers else None, **given))  # type: ignore[arg-type]

        async def one(host: Host) -> T | AksprovError:
            try:
                connection = await connect(host)
                try:
                    return await action(connection)
                finally:
                    await connection.close()
            except AksprovError as error:
                return error

        return dict(zip(hosts, await asyncio.gather(*map(one, hosts.values())), strict=True))

    return asyncio.run(work())


def outcome(
    host: Host,
    action: Callable[[Connection], Awaitable[T]] = whoami,
    **more: object,  # type: ignore[assignment]
) -> T | str:
    """The answer, or the code of the error; an error must name the host and say what to do."""
    ended = on_hosts({host.key: host}, action, **more)[host.key]  # type: ignore[arg-type]
    if isinstance(ended, AksprovError):
        assert host.name in ended.what + ended.where
        assert ended.fix
        return ended.code
    return ended


def logged(lab: Lab, name: str, unit: str, word: str) -> int:
    """How often a host's journal of this boot has a word."""
    return int(lab[name].shell(f"journalctl -b -o cat {unit} | grep -c '{word}' || true").stdout)


@contextlib.contextmanager
def sshd_says(host: LabHost, *lines: str) -> Iterator[None]:
    """The host's sshd has more configuration, which goes before what it had, while the block runs."""
    restart = "systemctl reset-failed ssh; systemctl restart ssh"
    host.write("/etc/ssh/sshd_config.d/00-people.conf", "".join(f"{line}\n" for line in lines))
    host.shell(restart)
    try:
        yield
    finally:
        host.shell(f"rm /etc/ssh/sshd_config.d/00-people.conf; {restart}")


# ---- sudo ----


@pytest.mark.parametrize(
    ("who", "reference", "ends"),
    [
        ("asked", RIGHT, "root"),
        ("asked", WRONG, "HostSudoPasswordRefused"),
        ("asked", None, "HostSudoRefused"),
        ("own", RIGHT, "root"),
        ("own", WRONG, "HostSudoPasswordRefused"),
        ("term", RIGHT, "HostSudoRefused"),
        ("free", RIGHT, "root"),
        ("none", RIGHT, "HostSudoRefused"),
    ],
)
def test_sudo_is_answered_once_at_its_prompt(lab: Lab, who: str, reference: str | None, ends: str) -> None:
    """Also with a prompt of its own in another language, a lecture before it, and where it asks nothing after all."""
    once = " 1 incorrect password attempt ;"
    before = logged(lab, "h1", "-t sudo", once)
    host = entry(lab, "h1", user=who, become="sudo", become_password_ref=reference)
    assert outcome(host) == ends
    assert logged(lab, "h1", "-t sudo", once) - before == (ends == "HostSudoPasswordRefused")


def test_what_sudo_wants_is_said_with_the_line_that_helps(lab: Lab) -> None:
    errors = {
        who: on_hosts({"h1": entry(lab, "h1", user=who, become="sudo", become_password_ref=RIGHT)}, whoami)["h1"]
        for who in ("term", "none")
    }
    words = {"term": "!requiretty", "none": "ALL=(ALL) ALL"}
    for who, error in errors.items():
        assert isinstance(error, HostAuthError)
        assert words[who] in error.fix


def test_files_are_put_by_sudo_with_a_password(lab: Lab) -> None:
    host = entry(lab, "h1", user="asked", become="sudo", become_password_ref=RIGHT)
    outcome(host, lambda c: c.put_bundle(deliver([file("/srv/asked", "x" * 100_000, mode="0600")])))
    assert lab["h1"].shell("stat -c '%a %U %s' /srv/asked").stdout == "600 root 100000\n"


# ---- passwords of ssh ----


@pytest.mark.parametrize("method", ["PasswordAuthentication", "KbdInteractiveAuthentication"])
def test_a_password_logs_in_or_is_refused_after_one_try(lab: Lab, method: str) -> None:
    other = "KbdInteractiveAuthentication" if method.startswith("P") else "PasswordAuthentication"
    with sshd_says(lab["h1"], f"{method} yes", f"{other} no"):
        before = logged(lab, "h1", "-u ssh", "authentication failure")
        assert outcome(entry(lab, "h1", user="asked", key_file=None, password_ref=RIGHT)) == "asked"
        assert outcome(entry(lab, "h1", user="asked", key_file=None, password_ref=WRONG)) == "HostPasswordRefused"
        assert logged(lab, "h1", "-u ssh", "authentication failure") - before == 1


def test_a_server_that_takes_keys_alone_is_never_shown_the_password(lab: Lab) -> None:
    with sshd_says(lab["h1"], "PasswordAuthentication no"):
        assert outcome(entry(lab, "h1", user="asked", key_file=None, password_ref=RIGHT)) == "HostUserRefused"
        assert outcome(entry(lab, "h1", user="asked", password_ref=RIGHT)) == "asked"


def test_an_account_that_must_change_its_password_says_so(lab: Lab) -> None:
    lab["h1"].shell("chage -d 0 old")
    assert outcome(entry(lab, "h1", user="old", key_file=None, password_ref=RIGHT)) == "HostPasswordExpired"
    lab["h1"].shell("chage -d 20000 -E 1 old")
    assert outcome(entry(lab, "h1", user="old", key_file=None, password_ref=RIGHT)) == "HostAccountRefused"
    lab["h1"].shell("chage -E -1 old")


@pytest.mark.parametrize(("field", "unit"), [("password_ref", "-u ssh"), ("become_password_ref", "-t sudo")])
def test_a_password_that_one_host_refuses_is_kept_from_the_others(lab: Lab, field: str, unit: str) -> None:
    """Ten hosts at once, as with one directory of accounts behind them, which would lock the account."""
    before = logged(lab, "h1", unit, "authentication failure")
    more = {"become": "sudo"} if field == "become_password_ref" else {"key_file": None}
    hosts = {f"x{n}": _named(entry(lab, "h1", user="asked", **more, **{field: WRONG}), f"x{n}") for n in range(10)}
    codes = sorted(e.code for e in on_hosts(hosts, whoami).values() if isinstance(e, AksprovError))
    refused = "HostPasswordRefused" if field == "password_ref" else "HostSudoPasswordRefused"
    assert codes == ["HostPasswordNotTried"] * 9 + [refused]
    assert logged(lab, "h1", unit, "authentication failure") - before == 1


def test_a_password_that_one_host_took_goes_to_all_at_once(lab: Lab) -> None:
    host = entry(lab, "h1", user="asked", become="sudo", become_password_ref="prompt")
    hosts = {f"x{n}": _named(host, f"x{n}") for n in range(8)}
    answers = {"sudo password of asked: ": "correct horse"}
    assert set(on_hosts(hosts, whoami, answers=answers).values()) == {"root"}


def _named(host: Host, name: str) -> Host:
    return msgspec.structs.replace(host, name=name)


# ---- jump hosts ----


def test_fifty_hosts_behind_a_bastion_with_stock_limits_are_one_login_there(lab: Lab) -> None:
    """MaxStartups 10:30:100 as Debian has it, MaxSessions 1, a port and a password of its own."""
    bastion = lab["bastion"]
    bastion.shell("useradd -m jump; echo 'jump:correct horse' | chpasswd")
    gate = entry(lab, "bastion", port=2222, user="jump", key_file=None, password_ref=RIGHT)
    hosts = {f"n{n}": entry(lab, f"n{n}", jump_host="Bastion") for n in range(50)}
    with sshd_says(bastion, "MaxSessions 1", "Port 2222"):
        before = logged(lab, "bastion", "-u ssh", "Accepted")
        assert set(on_hosts(hosts, whoami, inventory={"bastion": gate}).values()) == {"root"}
        assert logged(lab, "bastion", "-u ssh", "Accepted") - before == 1


def test_a_bastion_that_is_not_in_the_inventory_is_reached_as_ssh_would(lab: Lab, tmp_path: Path) -> None:
    """[user@]host[:port]: its key from known_hosts, the agent's keys and the usual files."""
    host = entry(lab, "n1", jump_host=f"root@{lab['bastion'].ip}:22")
    with _agent(tmp_path, lab.key) as agent:
        assert outcome(host, known_hosts=(lab.known_hosts,), agent_path=str(agent)) == "root"


@pytest.mark.parametrize(
    ("gate", "code", "word"),
    [
        ({"port": 23}, "JumpHostFailed", "HostUnreachable"),
        ({"user": "nobody-here"}, "JumpHostFailed", "HostUserRefused"),
        ({"host_key": None}, "JumpHostFailed", "HostKeyUnknown"),
        ({"jump_host": "n1"}, "JumpHostLoop", "n1 -> bastion -> n1"),
    ],
    ids=["down", "user", "key", "loop"],
)
def test_a_bastion_that_does_not_work_is_tried_once_and_is_a_row_of_each_host(
    lab: Lab, gate: dict[str, object], code: str, word: str
) -> None:
    inventory = {"bastion": entry(lab, "bastion", **gate), "n1": entry(lab, "n1", jump_host="bastion")}
    hosts = {name: entry(lab, name, jump_host="bastion") for name in ("n1", "n2", "n3")}
    before = logged(lab, "bastion", "-u ssh", "Invalid user")
    ended = on_hosts(hosts if code != "JumpHostLoop" else {"n1": hosts["n1"]}, whoami, inventory=inventory)
    for name, error in ended.items():
        assert isinstance(error, HostError)
        assert (error.code, word in error.why, name in error.what) == (code, True, True)
        assert isinstance(error, HostAuthError) == ("user" in gate or "host_key" in gate)
    assert logged(lab, "bastion", "-u ssh", "Invalid user") - before == ("user" in gate)


def test_a_bastion_that_forwards_nothing_and_a_host_that_is_not_there_are_told_apart(lab: Lab) -> None:
    inventory = {"bastion": entry(lab, "bastion")}
    absent = entry(lab, "n1", address="10.77.9.9", jump_host="bastion")
    assert outcome(absent, inventory=inventory) == "HostUnreachable"
    with sshd_says(lab["bastion"], "AllowTcpForwarding no"):
        assert outcome(entry(lab, "n1", jump_host="bastion"), inventory=inventory) == "JumpHostRefused"


def test_keys_are_scanned_through_a_bastion(lab: Lab) -> None:
    scan = scanner(TransportOptions(inventory={"bastion": entry(lab, "bastion")}, known_hosts=(), agent_path=""))
    (offered,) = asyncio.run(scan(entry(lab, "n1", jump_host="bastion", host_key=None)))
    assert offered.key == lab["n1"].host_key
    with pytest.raises(HostError) as raised:
        asyncio.run(scan(entry(lab, "n1", address="10.77.9.9", jump_host="bastion")))
    assert raised.value.code == "HostUnreachable"


def test_one_bastion_behind_another(lab: Lab) -> None:
    inventory = {"bastion": entry(lab, "bastion"), "h2": entry(lab, "h2", jump_host="bastion")}
    hosts = {name: entry(lab, name, jump_host="h2") for name in ("n1", "n2")}
    assert set(on_hosts(hosts, whoami, inventory=inventory).values()) == {"root"}


# ---- keys ----


class _agent:  # noqa: N801 - used as a function
    """An ssh agent with one key, while the block runs."""

    def __init__(self, directory: Path, key: Path) -> None:
        self._socket, self._key = directory / "agent", key

    def __enter__(self) -> Path:
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", self._socket], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it listens
        subprocess.run(["ssh-add", "-q", self._key], env={"SSH_AUTH_SOCK": str(self._socket)}, check=True)
        return self._socket

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
def test_a_passphrase_is_found_or_asked_for_and_a_wrong_one_is_a_row(lab: Lab, tmp_path: Path, form: str) -> None:
    mine = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", "rsa", "-m", form, "-N", "correct horse", "-f", mine]
    subprocess.run(argv, check=True)
    lab["h2"].shell(f"echo '{mine.with_suffix('.pub').read_text().strip()}' >> /root/.ssh/authorized_keys")
    host = entry(lab, "h2", key_file=str(mine))
    question = f"Passphrase of {mine}: "
    assert outcome(host, answers={question: "correct horse"}) == "root"
    assert outcome(host, answers={question: "battery staple"}) == "KeyPassphraseRefused"
    assert outcome(host) == "KeyFileEncrypted"
    with_reference = {who: entry(lab, "h2", key_file=str(mine), key_passphrase_ref=who) for who in (RIGHT, WRONG)}
    assert outcome(with_reference[RIGHT]) == "root"
    assert outcome(with_reference[WRONG], answers={question: "correct horse"}) == "KeyPassphraseRefused"
    assert outcome(entry(lab, "h2", key_file=str(mine), key_passphrase_ref="env:NONE")) == "SecretMissing"


def test_keys_of_other_programs_and_public_halves(lab: Lab, tmp_path: Path) -> None:
    putty = tmp_path / "key.ppk"
    putty.write_text("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")
    error = on_hosts({"h2": entry(lab, "h2", key_file=str(putty))}, whoami)["h2"]
    assert isinstance(error, HostAuthError)
    assert (error.code, "PuTTY" in error.why, "puttygen" in error.fix) == ("KeyFileUnreadable", True, True)
    public = tmp_path / "only.pub"
    public.write_text(
        subprocess.run(["ssh-keygen", "-y", "-f", lab.key], check=True, capture_output=True, text=True).stdout
    )
    with _agent(tmp_path, lab.key) as agent:
        assert outcome(entry(lab, "h2", key_file=str(public)), agent_path=str(agent)) == "root"
    assert outcome(entry(lab, "h2", key_file=str(public))) == "KeyFileUnreadable"


# ---- hosts as they are ----


def test_ipv6_with_a_zone_and_a_port(lab: Lab) -> None:
    host = lab["h2"]
    host.shell("ip -6 addr add fd77::2/64 dev eth0 nodad")
    local = host.shell("ip -6 -o addr show dev eth0 scope link").stdout.split()[3].partition("/")[0]
    subprocess.run(["ip", "-6", "addr", "add", "fd77::1/64", "dev", "br0", "nodad"], check=True)
    known = Path(lab.known_hosts).with_name("known6")
    known.write_text("".join(f"[{a}]:2022 {host.host_key}\n" for a in ("fd77::2", f"{local}%br0")))
    with sshd_says(host, "Port 2022"):
        for address in ("fd77::2", f"{local}%br0"):
            there = entry(lab, "h2", address=address, port=2022, host_key=None)
            assert outcome(there, known_hosts=(known,)) == "root"


def test_a_certificate_authority_vouches_for_a_host(lab: Lab, tmp_path: Path) -> None:
    """@cert-authority beside a broken line; a revoked key is refused though it is pinned nowhere."""
    host = lab["h2"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ca"], check=True)
    (tmp_path / "host.pub").write_text(host.host_key + "\n")
    sign = ["ssh-keygen", "-q", "-s", tmp_path / "ca", "-I", "h2", "-h", "-n", host.ip, tmp_path / "host.pub"]
    subprocess.run(sign, check=True)
    host.write("/etc/ssh/host-cert.pub", (tmp_path / "host-cert.pub").read_text())
    known = tmp_path / "known"
    known.write_text(f"|1|broken|x {host.host_key}\n@cert-authority 10.77.* {(tmp_path / 'ca.pub').read_text()}")
    with sshd_says(host, "HostCertificate /etc/ssh/host-cert.pub"):
        assert outcome(entry(lab, "h2", host_key=None), known_hosts=(known,)) == "root"
    known.write_text(f"{host.ip} {host.host_key}\n@revoked * {host.host_key}\n")
    assert outcome(entry(lab, "h2", host_key=None), known_hosts=(known,)) == "HostKeyRevoked"


@pytest.mark.parametrize("shell", ["/usr/bin/fish", "/bin/dash"])
def test_files_are_put_where_little_is_as_usual(lab: Lab, shell: str) -> None:
    """A login shell that is not bash, a banner, a locale that does not exist, /tmp without exec, busybox as tar."""
    host = lab["h2"]
    host.write("/etc/issue.net", "Authorised use only\n")
    host.shell(f"usermod -s {shell} root; mount -t tmpfs -o noexec tmpfs /tmp; ln -s /bin/busybox /usr/local/bin/tar")
    content = "größer 'quoted' \\ $x\n" * 500
    put = deliver([file("/srv/odd", content, mode="0640"), file("/srv/exec", "#!/bin/sh\n", mode="0755")])
    odd = ("Banner /etc/issue.net", "SetEnv LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8", "MaxSessions 1")
    try:
        with sshd_says(host, *odd):
            assert not isinstance(outcome(entry(lab, "h2"), lambda c: c.put_bundle(put)), str)
            assert host.shell("cat /srv/odd").stdout == content
            assert host.shell("stat -c %a /srv/odd /srv/exec").stdout == "640\n755\n"
            assert not isinstance(outcome(entry(lab, "h2"), lambda c: c.observe(["/srv/odd"])), str)
    finally:
        host.shell("usermod -s /bin/bash root; rm /usr/local/bin/tar; umount /tmp")
        host.shell("rm -rf /var/lib/aksprov /srv/odd /srv/exec")


@pytest.mark.parametrize(
    ("config", "code"),
    [
        (("Match User free", "ForceCommand echo backups only"), "HostShellBroken"),
        (("PermitRootLogin no",), "HostUserRefused"),
        (("DenyUsers free",), "HostUserRefused"),
    ],
    ids=["ForceCommand", "no root", "denied"],
)
def test_what_sshd_is_told_to_refuse_is_one_row(lab: Lab, config: tuple[str, ...], code: str) -> None:
    with sshd_says(lab["h1"], *config):
        assert outcome(entry(lab, "h1", user="root" if "Root" in config[0] else "free")) == code


def test_a_server_that_is_being_started_is_tried_again(lab: Lab) -> None:
    lab["h1"].shell(
        "systemctl stop ssh; (sleep 0.5; systemctl reset-failed ssh; systemctl start ssh) >/dev/null 2>&1 &"
    )
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab["h1"].ip, 22), timeout=5)
    assert outcome(entry(lab, "h1"), jitter=lambda: 1.0) == "root"  # a busy machine starts it slowly


@pytest.mark.parametrize(("more", "waits"), [({"port": 23}, 2), ({"user": "nobody-here"}, 0)], ids=["closed", "user"])
def test_what_may_pass_is_tried_three_times_each_after_another_while(
    lab: Lab, more: dict[str, object], waits: int
) -> None:
    waited: list[float] = []

    def jitter() -> float:
        waited.append(0.0)
        return 0.0

    assert outcome(entry(lab, "h1", **more), jitter=jitter) == ("HostUnreachable" if waits else "HostUserRefused")
    assert len(waited) == waits
