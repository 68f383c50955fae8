"""Logging in to real hosts: people, keys, shells and sshd as they are; each failure with its own reason.

Seen to fail: where the agent's keys are offered beside the named one, sshd's MaxAuthTries ends the login; without
`Client.began` an expired account is tried three times and is HostDisconnected; without START_SECONDS a start file that
never returns is not told as one; without NOISE_LIMIT one that prints without end is listened to for minutes.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from minilab import Lab
from transport_lab import Wire, deliver, entry, error_of, file, on_host

from aksprov.errors import HostAuthError, HostError
from aksprov.model.host import Host
from aksprov.model.transport import Connection
from aksprov.transport import TransportOptions, connector
from aksprov.transport.scan import host_keys

WRONG_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Two hosts, and this thread in their network."""
    with Lab(["h1", "h2"]) as lab:
        lab["h1"].shell("cp -r /root/.ssh /home/ops/ && chown -R ops: /home/ops/.ssh")
        with lab.netns():
            yield lab


async def whoami(connection: Connection) -> str:
    return (await connection.run("id -un")).stdout.decode().strip()


def key(directory: Path, kind: str = "ed25519", *, passphrase: str = "") -> str:
    path = directory / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path], check=True)
    return str(path)


# ---- host keys ----


def test_a_key_that_nobody_knows_is_shown_and_refused(lab: Lab) -> None:
    error = error_of(entry(lab, "h1", host_key=None), whoami)
    (offered,) = asyncio.run(host_keys(entry(lab, "h1")))
    assert (error.code, isinstance(error, HostAuthError)) == ("HostKeyUnknown", True)
    assert offered.fingerprint in error.why
    assert "scan-host-keys --name h1" in error.fix


def test_a_changed_key_is_shown_beside_the_recorded_one_and_nothing_is_sent(lab: Lab) -> None:
    wire = Wire()

    async def work() -> None:
        async with wire.to(lab["h1"].ip) as port:
            await connector()(entry(lab, "h1", address="10.77.0.1", port=port, host_key=WRONG_KEY))

    with pytest.raises(HostAuthError) as raised:
        asyncio.run(work())
    (offered,) = asyncio.run(host_keys(entry(lab, "h1")))
    assert raised.value.code == "HostKeyChanged"
    assert f"offered is ssh-ed25519 {offered.fingerprint}" in raised.value.why
    assert "recorded is ssh-ed25519 SHA256:" in raised.value.why
    assert wire.connections == 1
    assert "Accepted" not in lab["h1"].shell("journalctl -u ssh --since=-3s -o cat").stdout


def test_a_recorded_key_of_another_type_counts_as_changed(lab: Lab, tmp_path: Path) -> None:
    rsa = Path(key(tmp_path, "rsa") + ".pub").read_text()
    assert error_of(entry(lab, "h1", host_key=rsa), whoami).code == "HostKeyChanged"


def test_known_hosts_counts_where_nothing_is_pinned(lab: Lab) -> None:
    async def work() -> str:
        connect = connector(TransportOptions(known_hosts=(lab.known_hosts,), agent_path=""))
        connection = await connect(entry(lab, "h1", host_key=None))
        try:
            return await whoami(connection)
        finally:
            await connection.close()

    assert asyncio.run(work()) == "root"


def test_all_key_types_of_a_server_are_listed_without_a_login(lab: Lab) -> None:
    lab["h2"].shell(
        "for t in rsa ecdsa; do ssh-keygen -q -t $t -N '' -f /etc/ssh/ssh_host_${t}_key;"
        " echo HostKey /etc/ssh/ssh_host_${t}_key >> /etc/ssh/sshd_config.d/lab.conf; done; systemctl restart ssh"
    )
    offered = asyncio.run(host_keys(entry(lab, "h2")))
    there = lab["h2"].shell("cat /etc/ssh/ssh_host_*_key.pub").stdout
    assert [k.type for k in offered] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
    assert all(k.key in there for k in offered)


# ---- users and their keys ----


def test_a_user_with_sudo_works_as_root(lab: Lab) -> None:
    host = entry(lab, "h1", user="ops", become="sudo")
    assert on_host(host, whoami) == "root"
    assert on_host(entry(lab, "h1", user="ops"), whoami) == "ops"
    on_host(host, lambda c: c.put_bundle(deliver([file("/srv/by-sudo", "x", mode="0640")])))
    assert lab["h1"].shell("stat -c '%a %U' /srv/by-sudo").stdout == "640 root\n"


def test_without_sudo_nothing_is_written(lab: Lab) -> None:
    error = error_of(entry(lab, "h1", user="ops"), lambda c: c.put_bundle(deliver([file("/srv/x", "x")])))
    assert (error.code, error.why) == ("HostNotRoot", "the user ops may not write to /etc")


def test_sudo_that_wants_a_password_is_told(lab: Lab) -> None:
    host = lab["h1"]
    host.shell("mv /etc/sudoers.d/ops /root/; echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops")
    error = error_of(entry(lab, "h1", user="ops", become="sudo"), whoami)
    host.shell("mv /root/ops /etc/sudoers.d/")
    assert (error.code, error.why) == ("HostSudoRefused", "sudo: a password is required")


def test_keys_that_do_not_fit_are_named(lab: Lab, tmp_path: Path) -> None:
    stranger = key(tmp_path)
    error = error_of(entry(lab, "h1", key_file=stranger), whoami)
    assert (error.code, isinstance(error, HostAuthError)) == ("HostUserRefused", True)
    assert f"{stranger} (ssh-ed25519 SHA256:" in error.why
    assert error_of(entry(lab, "h1", user="nobody-here"), whoami).code == "HostUserRefused"


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_keys_of_other_types_log_in(lab: Lab, tmp_path: Path, kind: str) -> None:
    mine = key(tmp_path, kind)
    lab["h1"].shell(f"echo '{Path(mine + '.pub').read_text().strip()}' >> /root/.ssh/authorized_keys")
    assert on_host(entry(lab, "h1", key_file=mine), whoami) == "root"


def test_a_key_file_that_cannot_be_used_says_why(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key\n")
    locked = key(tmp_path, passphrase="correct horse")
    cases = {str(tmp_path / "none"): "KeyFileMissing", str(tmp_path / "text"): "KeyFileUnreadable"}
    cases |= {str(tmp_path): "KeyFileUnreadable", locked: "KeyFileEncrypted"}
    for path, code in cases.items():
        error = error_of(entry(lab, "h1", key_file=path), whoami)
        assert (error.code, path in error.why, isinstance(error, HostAuthError)) == (code, True, True)


def test_an_encrypted_key_works_through_the_agent_and_alone(lab: Lab, tmp_path: Path) -> None:
    """Seven other keys in the agent would use up the tries that sshd allows."""
    (tmp_path / "plain").mkdir()
    mine = key(tmp_path)
    lab["h1"].shell(f"echo '{Path(mine + '.pub').read_text().strip()}' >> /root/.ssh/authorized_keys")
    agent = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", agent], stdout=subprocess.DEVNULL)
    try:
        while not agent.exists():
            time.sleep(0.02)
        for n in range(7):
            (tmp_path / str(n)).mkdir()
            _add(agent, key(tmp_path / str(n)))
        _add(agent, mine)
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", mine], check=True)

        async def work(host: Host) -> str:
            connection = await connector(TransportOptions(known_hosts=(), agent_path=str(agent)))(host)
            try:
                return await whoami(connection)
            finally:
                await connection.close()

        assert asyncio.run(work(entry(lab, "h1", key_file=mine))) == "root"
        with pytest.raises(HostAuthError, match="does not let the user root in") as raised:
            asyncio.run(work(entry(lab, "h1", key_file=None)))
        assert "the keys of the ssh agent" in raised.value.why
    finally:
        process.terminate()
        process.wait()


def _add(agent: Path, path: str) -> None:
    subprocess.run(["ssh-add", "-q", path], env={"SSH_AUTH_SOCK": str(agent)}, check=True)


# ---- ways to be unreachable ----


def test_refused_unrouted_and_unknown_addresses_are_told_apart(lab: Lab) -> None:
    refused = error_of(entry(lab, "h1", port=23), whoami)
    absent = error_of(entry(lab, "h1", address="10.77.9.9"), whoami)
    elsewhere = error_of(entry(lab, "h1", address="192.0.2.77"), whoami)
    assert {e.code for e in (refused, absent, elsewhere)} == {"HostUnreachable"}
    assert "nothing listens on this port" in refused.why
    assert "nobody has this address" in absent.why
    assert "no route to that network" in elsewhere.why
    assert refused.where == "h1 (10.77.0.11:23)"
    assert error_of(entry(lab, "h1", address="no-such-name.invalid"), whoami).code == "HostNameUnknown"


def test_a_host_that_drops_packets_is_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aksprov.transport.tcp.CONNECT_SECONDS", 1)
    lab["h2"].shell("nft 'add table inet t; add chain inet t i { type filter hook input priority 0; }'")
    lab["h2"].shell("nft 'add rule inet t i tcp dport 24 drop'")
    error = error_of(entry(lab, "h2", port=24), whoami)
    assert (error.code, "a firewall drops what we send" in error.why) == ("HostUnreachable", True)


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HostNotSsh"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "HostNotSsh"),
        (b"Exceeded MaxStartups\r\n", "HostDisconnected"),
        (b"", "HostDisconnected"),
        (None, "HostTimeout"),
    ],
    ids=["http", "tls", "too many", "goodbye", "silence"],
)
def test_what_is_no_ssh_server_is_told(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, says: bytes | None, code: str
) -> None:
    monkeypatch.setattr("aksprov.transport.login.LOGIN_SECONDS", 1)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if says is None:
                await asyncio.sleep(1.5)
            else:
                writer.write(says)
                await writer.drain()
        finally:
            writer.close()

    async def work() -> str:
        async with await asyncio.start_server(answer, "10.77.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(HostError) as raised:
                await connector()(entry(lab, "h1", address="10.77.0.1", port=port))
            await asyncio.sleep(0.6 if says is None else 0)
        return raised.value.code

    assert asyncio.run(work()) == code


# ---- login shells and start files ----


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash", "/bin/rbash"])
def test_login_shells_pass_the_script_unharmed(lab: Lab, shell: str) -> None:
    lab["h1"].shell(f"usermod -s {shell} ops")
    if shell == "/bin/rbash":  # restricted: it may not start /bin/sh
        assert error_of(entry(lab, "h1", user="ops"), whoami).code == "HostShellBroken"
    else:
        assert on_host(entry(lab, "h1", user="ops"), whoami) == "ops"
    lab["h1"].shell("usermod -s /bin/bash ops")


def test_noise_of_start_files_is_no_answer(lab: Lab) -> None:
    host = lab["h1"]
    host.shell(
        "printf 'echo welcome; printf no-newline; echo oops >&2; export LC_ALL=de_DE.UTF-8\\n' > /home/ops/.bashrc"
    )
    try:
        seen = on_host(entry(lab, "h1", user="ops", become="sudo"), lambda c: c.observe(["/etc/passwd"]))
        assert seen.facts.hostname == "h1"
        assert seen.files["/etc/passwd"].kind == "file"
    finally:
        host.shell("rm /home/ops/.bashrc")


@pytest.mark.parametrize(
    ("start_file", "code", "word", "patience"),
    [
        ("echo go away; exit 1", "HostShellBroken", "go away", 20),
        ("exec sleep 30", "HostTimeout", "start files", 3),
        ("yes", "HostShellBroken", "y", 20),
    ],
    ids=["ends", "never returns", "prints for ever"],
)
def test_a_start_file_that_breaks_the_shell_is_told(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, start_file: str, code: str, word: str, patience: float
) -> None:
    """Within the deadline; one that prints without end does not fill our memory until then."""
    monkeypatch.setattr("aksprov.transport.agent.START_SECONDS", patience)
    began = time.monotonic()
    lab["h1"].shell(f"echo '{start_file}' > /home/ops/.bashrc")
    try:
        error = error_of(entry(lab, "h1", user="ops"), lambda c: c.observe([]))
    finally:
        lab["h1"].shell("rm /home/ops/.bashrc; for p in $(pgrep -u ops); do kill $p; done")
    assert (error.code, word in error.why) == (code, True)
    assert time.monotonic() - began < 15


def test_accounts_that_cannot_be_used_say_so(lab: Lab) -> None:
    host = lab["h1"]
    host.shell("usermod -s /usr/sbin/nologin ops")
    assert "This account is currently not available" in error_of(entry(lab, "h1", user="ops"), whoami).why
    host.shell("usermod -s /bin/bash ops; echo ops:x | chpasswd; chage -d 0 ops")
    error = error_of(entry(lab, "h1", user="ops"), whoami)
    host.shell("chage -d 20000 ops")
    assert (error.code, isinstance(error, HostAuthError)) == ("HostPasswordExpired", True)


@pytest.mark.parametrize(
    ("closed", "opened", "word"),
    [
        ("chage -E 1 ops", "chage -E -1 ops", "account has expired"),
        ("echo back at noon > /etc/nologin", "rm /etc/nologin", "back at noon"),
    ],
    ids=["expired", "nologin"],
)
def test_an_account_that_pam_refuses_is_tried_once_and_says_why(lab: Lab, closed: str, opened: str, word: str) -> None:
    """The key was right, so sshd ends the connection, as it does when it has no time, which alone is tried again."""
    host, refused = lab["h1"], "journalctl -b -u ssh -o cat | grep -c 'Access denied for user ops' || true"
    before = int(host.shell(f"{closed}; {refused}").stdout)
    try:
        error = error_of(entry(lab, "h1", user="ops"), whoami)
    finally:
        host.shell(opened)
    assert (error.code, isinstance(error, HostAuthError), word in error.why) == ("HostAccountRefused", True, True)
    assert int(host.shell(refused).stdout) - before == 1


# ---- sockets through the connection ----


def test_sockets_are_tried_from_the_host(lab: Lab) -> None:
    lab["h1"].shell("systemctl is-active haproxy")

    async def work(connection: Connection) -> tuple[bool, bool, bytes | None, bytes | None]:
        return (
            await connection.tcp_open(lab["h2"].ip, 22),
            await connection.tcp_open(lab["h2"].ip, 23),
            await connection.unix_exchange("/run/haproxy/admin.sock", b"show info\n"),
            await connection.unix_exchange("/run/no.sock", b"x\n"),
        )

    opened, closed, info, nothing = on_host(entry(lab, "h1"), work)
    assert (opened, closed, nothing) == (True, False, None)
    assert b"Name: HAProxy" in (info or b"")
    by_sudo = entry(lab, "h1", user="ops", become="sudo")
    assert b"Name: HAProxy" in (
        on_host(by_sudo, lambda c: c.unix_exchange("/run/haproxy/admin.sock", b"show info\n")) or b""
    )


def test_where_sshd_forbids_forwarding_the_host_tries_itself(lab: Lab) -> None:
    host = lab["h1"]
    host.shell("echo DisableForwarding yes > /etc/ssh/sshd_config.d/no.conf; systemctl restart ssh")
    try:
        assert on_host(entry(lab, "h1"), lambda c: c.tcp_open(lab["h2"].ip, 22))
        assert not on_host(entry(lab, "h1"), lambda c: c.tcp_open(lab["h2"].ip, 23))
        host.shell(
            "mv /usr/bin/bash /usr/bin/bash.away; mv /usr/bin/perl /usr/bin/perl.away; usermod -s /bin/dash root"
        )
        assert error_of(entry(lab, "h1"), lambda c: c.tcp_open(lab["h2"].ip, 22)).code == "HostForwardingRefused"
        assert on_host(entry(lab, "h1"), lambda c: c.unix_exchange("/run/haproxy/admin.sock", b"show info\n")) is None
    finally:
        host.shell("for p in bash perl; do mv /usr/bin/$p.away /usr/bin/$p; done; rm /etc/ssh/sshd_config.d/no.conf")
        host.shell("usermod -s /bin/bash root; systemctl restart ssh")
